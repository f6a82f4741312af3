"""Methods that repair what is under a hole. What is kept stays exactly as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32
from scipy.ndimage import distance_transform_edt
from skimage.restoration import inpaint_biharmonic
from torch import Tensor

from trombine.core.conventions import to_picture, to_pixels
from trombine.core.errors import library
from trombine.inpainting.repairing import repaired_pictures
from trombine.models.pipelines import repairer

Pictures = Float32[Tensor, "n c h w"]
Holes = Float32[Tensor, "n 1 h w"]


def as_it_is(pictures: Pictures, *, hole: Holes) -> Pictures:
    """The damaged picture."""
    return pictures


def mean_colour(pictures: Pictures, *, hole: Holes) -> Pictures:
    """The mean of what is kept, everywhere in the hole; grey where nothing is kept."""
    valid = 1 - hole
    count = valid.sum((2, 3), keepdim=True)
    mean = (pictures * valid).sum((2, 3), keepdim=True) / count.clamp(min=1)
    mean = torch.where(count > 0, mean, torch.full_like(mean, 0.5))
    return _filled(pictures, hole, mean.expand_as(pictures))


def biharmonic(pictures: Pictures, *, hole: Holes) -> Pictures:
    """The smoothest surface that fits the edge of the hole (scikit-image's)."""

    pairs = zip(pictures.double().numpy(), hole[:, 0].bool().numpy(), strict=True)
    filled = [inpaint_biharmonic(picture, mask, channel_axis=0) for picture, mask in pairs]
    return _filled(pictures, hole, torch.from_numpy(np.stack(filled)).float())


def nearest_pixel(pictures: Pictures, *, hole: Holes) -> Pictures:
    """The nearest pixel that is kept; grey where nothing is kept."""

    filling = pictures.clone()
    for number, mask in enumerate(hole[:, 0].bool().numpy()):
        if mask.all():
            filling[number] = 0.5
            continue
        places = distance_transform_edt(mask, return_distances=False, return_indices=True)
        rows, columns = torch.from_numpy(np.asarray(places)).long()
        filling[number] = pictures[number][:, rows, columns]
    return _filled(pictures, hole, filling)


TELEA_RADIUS: Final = 3  # pixels, as OpenCV's examples have it


def telea(pictures: Pictures, *, hole: Holes) -> Pictures:
    """Telea 2004, marched in from the border of the hole (OpenCV's)."""
    cv2 = library("cv2", "opencv")
    masks = hole[:, 0].to(torch.uint8).numpy()
    filled = [
        cv2.inpaint(to_pixels(picture), mask, TELEA_RADIUS, cv2.INPAINT_TELEA)
        for picture, mask in zip(pictures, masks, strict=True)
    ]
    return _filled(pictures, hole, torch.stack([to_picture(pixels) for pixels in filled]))


def _filled(pictures: Pictures, hole: Holes, filling: Pictures) -> Pictures:
    """What was made in the hole, rounded to 8 bits, and the picture elsewhere."""
    return torch.where(hole > 0.5, (filling.clamp(0, 1) * 255).round() / 255, pictures)


def of_net(name: str) -> Callable[..., Pictures]:
    """What `trombine inpaint` makes by a net or pipeline that repairs, by name or file."""
    repairer(name)  # which refuses a name that is none

    def method(pictures: Pictures, *, hole: Holes) -> Pictures:
        return _filled(pictures, hole, repaired_pictures(pictures, hole=hole, model=name))

    return method


BASELINES: Final[dict[str, Callable[..., Pictures]]] = {
    "input": as_it_is,
    "mean colour": mean_colour,
    "nearest pixel": nearest_pixel,
    "biharmonic": biharmonic,
    "Telea": telea,
}
