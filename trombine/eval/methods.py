"""Pictures to pictures by name, one table a task: nets and plain baselines alike.

A method takes a batch of pictures, N x C x H x W within [0, 1], and what its task adds, by name: a
`factor` to enlarge by; a `hole`, N x 1 x H x W, 1 where pixels are to be painted; a `style` of the
world to draw in, and the `source` that pictures are drawn in. It gives pictures within [0, 1],
rounded to 8 bits as a file holds them. Who compares methods need not know which are nets.

    TASKS["upscale"].baselines["bicubic"](pictures, factor=2)
    TASKS["upscale"].net("upscale-fast")(pictures, factor=2)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final, cast

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64
from scipy import ndimage
from skimage.exposure import match_histograms
from skimage.restoration import inpaint_biharmonic
from torch import Tensor

from trombine.core.conventions import to_picture, to_pixels
from trombine.core.errors import InputError, library
from trombine.data.resize import enlarge
from trombine.faces.frames import in_window
from trombine.inpainting.repairing import repaired_pictures
from trombine.io.color import from_srgb
from trombine.models import Model, loaded
from trombine.models.pipelines import repairer
from trombine.models.running import enlarged
from trombine.nets.restyler import Restyler
from trombine.restyling.filters import drawn
from trombine.superres.pipelines import plan_pipeline, resolve
from trombine.world import face, paint

Pictures = Float32[Tensor, "n c h w"]
Large = Float32[Tensor, "n c k l"]
Holes = Float32[Tensor, "n 1 h w"]
Run = Callable[..., Large]


def as_it_is(pictures: Pictures, **options: Any) -> Pictures:
    """The picture that was given."""
    return pictures


def _in_levels(pictures: Tensor) -> Tensor:
    return (pictures.clamp(0, 1) * 255).round() / 255


# ---------------------------------------------------------------------------------------------
# Enlarge


def upscale_by(name: str) -> Run:
    """What a family of nets, or one net, makes of pictures, grey ones too."""
    choice = resolve(name)

    def method(pictures: Pictures, *, factor: int) -> Large:
        height, width = pictures.shape[-2:]
        pipeline = plan_pipeline(height, width, factor, model=choice)
        if pipeline.last:
            nets = ", ".join(str(step) for step in choice.by_factor)
            raise InputError(f"{name} enlarges {nets} times, and what follows of it; not {factor}")
        for model in pipeline.models:  # one after the other where no net is large enough
            pictures = of_model(model)(pictures, factor=factor)
        return pictures

    return method


def of_model(model: Model) -> Run:
    """What one net makes of pictures; it enlarges by its own factor."""

    def method(pictures: Pictures, *, factor: int) -> Large:
        return torch.stack([_enlarged(model, picture) for picture in pictures])

    return method


def _enlarged(model: Model, small: Float32[Tensor, "c h w"]) -> Float32[Tensor, "c k l"]:
    """One picture; a grey one as grey."""
    colours = enlarged(model.in_rgb, small.expand(3, -1, -1).contiguous())
    pixels = to_pixels(colours)
    if len(small) == 3:
        return to_picture(pixels)
    flat = np.ascontiguousarray(colours.permute(1, 2, 0).reshape(-1, 3).numpy())
    grey = from_srgb(flat, 1, None, np.dtype(np.uint8))
    return to_picture(grey.reshape(*pixels.shape[:2], 1))


# ---------------------------------------------------------------------------------------------
# Repair what is under a hole; what is kept stays exactly as it is

TELEA_RADIUS: Final = 3  # pixels, as OpenCV's examples have it


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
        places = ndimage.distance_transform_edt(mask, return_distances=False, return_indices=True)
        rows, columns = torch.from_numpy(np.asarray(places)).long()
        filling[number] = pictures[number][:, rows, columns]
    return _filled(pictures, hole, filling)


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
    return torch.where(hole > 0.5, _in_levels(filling), pictures)


def repair_by(name: str) -> Run:
    """What `trombine inpaint` makes by a net or pipeline that repairs, by name or file."""
    repairer(name)  # which refuses a name that is none

    def method(pictures: Pictures, *, hole: Holes) -> Pictures:
        return _filled(pictures, hole, repaired_pictures(pictures, hole=hole, model=name))

    return method


# ---------------------------------------------------------------------------------------------
# Draw in another style of the world

LEARNT_FROM: Final = range(64)  # seeds of faces: of those that trainings have, no protocol
LEARNT_AT: Final = 64  # pixels a side


def colour_transfer(pictures: Pictures, *, style: str, source: str = "photo") -> Pictures:
    """Each channel with the mean and the deviation that pictures of the style have (Reinhard et al.
    2001, in RGB)."""
    mean, deviation = _colours(style)
    each = pictures.double()
    centred = each - each.mean((2, 3), keepdim=True)
    scale = deviation[:, None, None] / each.std((2, 3), keepdim=True).clamp(min=1 / 255)
    moved = centred * scale + mean[:, None, None]
    return _in_levels(moved).float()


def histograms(pictures: Pictures, *, style: str, source: str = "photo") -> Pictures:
    """Each channel's samples, in their order, at the values that pictures of the style have."""
    wanted = np.concatenate([to_pixels(one) for one in _faces(style, LEARNT_AT)])
    moved = [match_histograms(to_pixels(one), wanted, channel_axis=2) for one in pictures]
    return _in_levels(torch.from_numpy(np.stack(moved) / 255).permute(0, 3, 1, 2)).float()


def nearest_face(pictures: Pictures, *, style: str, source: str = "photo") -> Pictures:
    """Of faces that trainings have, the one of which the reader says most alike what is where, as
    it is painted in the style."""
    side = pictures.shape[-1]
    parts = _parts_of(pictures)
    known = _known_parts(source, side)
    alike = torch.stack([(known == one).double().mean((1, 2)) for one in parts])
    return _faces(style, side)[alike.argmax(1)]


@lru_cache(maxsize=8)
def _known_parts(style: str, side: int) -> Int64[Tensor, "n 128 128"]:
    return _parts_of(_faces(style, side))


def _parts_of(pictures: Pictures) -> Int64[Tensor, "n 128 128"]:
    """Which part the reader sees where, of pictures of one face each."""
    net = loaded("reader", task="read").net
    with torch.no_grad():
        return torch.cat([net(in_window(some)).parts.argmax(1) for some in pictures.split(8)])


def filtered(pictures: Pictures, *, style: str, source: str = "photo") -> Pictures:
    """What `restyle --full-image` makes of all that is no face: flat colours with lines, or pencil;
    nothing for a photograph."""
    if style == "photo":
        return pictures
    return _in_levels(torch.stack([drawn(picture, style) for picture in pictures]))


@lru_cache(maxsize=8)
def _colours(style: str) -> tuple[Float64[Tensor, "3"], Float64[Tensor, "3"]]:
    """The mean of a style's channels, and their mean deviation within a picture."""
    each = _faces(style, LEARNT_AT).double()
    return each.mean((0, 2, 3)), each.std((2, 3)).mean(0)


@lru_cache(maxsize=8)
def _faces(style: str, side: int) -> Pictures:
    """Faces of a style that trainings have."""
    painted = (paint(face(seed), side, style).pixels for seed in LEARNT_FROM)
    return torch.stack([to_picture(np.ascontiguousarray(pixels)) for pixels in painted])


def restyle_by(name: str) -> Run:
    """A net that restyles, by name or file, or one from pictures to pictures of the same size."""
    model = loaded(name)
    if model.card.task not in ("restyle", "restore"):
        raise InputError(f"is for {model.card.task}, not for restyling", path=name)

    def method(pictures: Pictures, *, style: str, source: str = "photo") -> Pictures:
        styles = ()
        if model.card.task == "restyle":
            net = cast(Restyler, model.net)
            if unknown := {source, style} - set(net.styles):
                raise InputError(f"knows {', '.join(net.styles)}, not {unknown.pop()}", path=name)
            styles = net.named(source, style, len(pictures))
        return _in_levels(model(pictures, *styles))

    return method


# ---------------------------------------------------------------------------------------------
# By name


@dataclass(frozen=True)
class Methods:
    """What methods there are for a kind of work."""

    baselines: Mapping[str, Run]  # that need no net
    net: Callable[[str], Run]  # the method of a net's name
    floor: str  # the baseline below which a method does harm


TASKS: Final = {
    "upscale": Methods(
        {
            "nearest pixel": partial(enlarge, kernel="nearest"),  # as MATLAB's imresize enlarges
            "bicubic": partial(enlarge, kernel="bicubic"),
            "Lanczos": partial(enlarge, kernel="lanczos"),
        },
        upscale_by,
        floor="nearest pixel",
    ),
    "repair": Methods(
        {
            "input": as_it_is,
            "mean colour": mean_colour,
            "nearest pixel": nearest_pixel,
            "biharmonic": biharmonic,
            "Telea": telea,
        },
        repair_by,
        floor="mean colour",
    ),
    "restyle": Methods(
        {
            "input": as_it_is,
            "colour transfer": colour_transfer,
            "histogram matching": histograms,
            "nearest face": nearest_face,
            "filters": filtered,
        },
        restyle_by,
        floor="input",
    ),
}
