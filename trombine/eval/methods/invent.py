"""Methods that invent faces: one picture a seed, whatever other seeds are beside it.

A method takes seeds, a `style` of the world, a `size`, and the side of the middle that is cropped
of that (`crop`). The baselines learn from painted faces of training seeds, which no protocol has,
framed alike. A net that invents makes what `trombine generate` makes of a seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, Float64, UInt8
from scipy.ndimage import gaussian_filter
from torch import Tensor

from trombine.core.conventions import to_picture
from trombine.core.rng import Rng
from trombine.generation.by_net import Inventing
from trombine.models import loaded
from trombine.world import face, paint

Pictures = Float32[Tensor, "n 3 h w"]
TRAINING: Final = range(100_000)  # seeds of faces that a baseline may know
LEARNT_FROM: Final = TRAINING[:500]
BLUR: Final = 1 / 32  # the deviation of the blur, of the side


def gaussian_of_pixels(
    seeds: Sequence[int], *, style: str, size: int, crop: int | None = None
) -> Pictures:
    """Drawn from the Gaussian with the mean and the covariance that the pixels of 500 painted
    faces have."""
    mean, centred = _learnt(style, size, crop or size)
    parts = _chance(seeds).normals("invent pixels", (len(centred),))
    drawn = mean + np.tensordot(parts, centred, 1) / math.sqrt(len(centred) - 1)
    return _rounded(torch.from_numpy(drawn))


@lru_cache(maxsize=2)
def _learnt(style: str, size: int, crop: int) -> tuple[Float64[np.ndarray, "3 h w"], np.ndarray]:
    """The mean of the painted faces, and what each adds to it."""
    faces = torch.stack([_painted(seed, style, size, crop) for seed in LEARNT_FROM])
    faces = faces.double().numpy()
    mean = faces.mean(0)
    return mean, faces - mean


def blurred_faces(
    seeds: Sequence[int], *, style: str, size: int, crop: int | None = None
) -> Pictures:
    """Painted faces of training seeds, blurred."""

    seeds = [seed % len(TRAINING) for seed in seeds]
    faces = [_painted(seed, style, size, crop or size).double().numpy() for seed in seeds]
    blurred = [gaussian_filter(each, BLUR * size, mode="nearest", axes=(1, 2)) for each in faces]
    return _rounded(torch.from_numpy(np.stack(blurred)))


def of_net(name: str) -> Callable[..., Pictures]:
    """A generator, by name, file or run's folder; its size is its own."""
    model = loaded(name, task="generate")
    size = int(model.net.sizes["size"])
    inventing = Inventing(path=model.path, size=size, truncation=1.0, asked={})

    def method(seeds: Sequence[int], *, style: str, size: int, crop: int | None = None) -> Pictures:
        return torch.stack([to_picture(inventing.pixels(seed)) for seed in seeds])

    return method


def _chance(seeds: Sequence[int]) -> Rng:
    return Rng(seed=0, places=np.array(seeds, np.int64))


def framed(seed: int, style: str, size: int, crop: int) -> UInt8[np.ndarray, "h w 3"]:
    """The middle of a painted face, as nets that invent were shown it."""
    edge = (size - crop) // 2
    middle = slice(edge, edge + crop)
    return np.ascontiguousarray(paint(face(seed), size, style).pixels[middle, middle])


def _painted(seed: int, style: str, size: int, crop: int) -> Float32[Tensor, "3 h w"]:
    return to_picture(framed(seed, style, size, crop))


def _rounded(pictures: Tensor) -> Pictures:
    """Within [0, 1], as 8 bits hold them."""
    return ((pictures.clamp(0, 1) * 255).round() / 255).float()


BASELINES: Final[dict[str, Callable[..., Pictures]]] = {
    "Gaussian of pixels": gaussian_of_pixels,
    "blurred faces": blurred_faces,
}
