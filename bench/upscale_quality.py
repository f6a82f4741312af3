"""How near to the truth nets enlarge, beside bicubic and Lanczos: what bench/upscale.py reports.

A net's figure is PSNR-Y with the border cropped by the factor, of its result rounded to 8 bits. A
picture is cropped to a multiple of the factor and shrunk in colour as MATLAB's bicubic imresize
does, rounded to 8 bits, or damaged by a chain. Grey pictures are shrunk, and compared, as grey.
Which pictures there are is in upscale_pictures.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from intervals import Figure, figure
from jaxtyping import Float32, Float64
from upscale_pictures import Pictures

from trombine.core.conventions import to_picture, to_pixels
from trombine.data.degrade import Chain, degrade_one
from trombine.data.resize import crop_to_multiple, imresize_matlab, shrink
from trombine.eval.methods import TASKS, Run
from trombine.metrics import luma, psnr, psnr_y

Picture = Float32[torch.Tensor, "c h w"]
Way = Callable[[torch.Tensor], torch.Tensor]  # small pictures to large ones

# The damage that upscale-wild undoes; noise of 5 levels of 255.
WILD: Final = "blur:gaussian:1+shrink:4+noise:gaussian:0.019608+jpeg:40"


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """PSNR-Y of each way for each picture."""

    pictures: tuple[str, ...]
    values: dict[str, Float64[np.ndarray, "n"]]
    floors: tuple[str, ...]  # the ways that nets are to be better than

    def gain(self, way: str, floor: str) -> Float64[np.ndarray, "n"]:
        """How much better than a floor, picture by picture, in decibels."""
        return self.values[way] - self.values[floor]

    def least_gain(self, way: str) -> tuple[str, float]:
        """The picture where `way` gains least over the best floor, and by how much."""
        gains = self._over_all(way)
        worst = int(gains.argmin())
        return self.pictures[worst], float(gains[worst])

    def not_better(self, way: str) -> int:
        """How many pictures some floor makes as well."""
        return int((~(self._over_all(way) > 0)).sum())  # NaN is not better

    def _over_all(self, way: str) -> Float64[np.ndarray, "n"]:
        return np.min([self.gain(way, floor) for floor in self.floors], axis=0)

    def figure(self, way: str) -> Figure:
        """The mean PSNR-Y of a way, with its interval."""
        return figure(self.values[way])

    def gained(self, way: str, floor: str) -> Figure:
        """The mean gain over a floor, with its interval."""
        return figure(self.gain(way, floor))


# ---------------------------------------------------------------------------------------------
# Ways to enlarge


FLOORS: Final = ("bicubic", "Lanczos")  # what needs no net


def floors(factor: int) -> dict[str, Way]:
    """What needs no net, of one picture."""
    return {name: way_of(TASKS["upscale"].baselines[name], factor) for name in FLOORS}


def way_of(run: Run, factor: int) -> Way:
    """A method, of one picture."""
    return lambda small: run(small[None], factor=factor)[0]


# ---------------------------------------------------------------------------------------------
# Measuring


def measured(
    pictures: Pictures, factor: int, nets: Mapping[str, Run], *, chain: str = "", over: str = ""
) -> Scores:
    """Every net and every floor on all of these pictures.

    With a `chain` that is the damage, and shrinking is part of it. `over` names a net that is a
    floor for the others.
    """
    ways = {**floors(factor), **{name: way_of(run, factor) for name, run in nets.items()}}
    below = (*floors(factor), *([over] if over else ()))
    found: dict[str, list[float]] = {name: [] for name in ways}
    for index, truth in enumerate(pictures.truths.values()):
        seed = pictures.seeds[index] if pictures.seeds else index
        whole = crop_to_multiple(truth, factor)
        small = damaged(whole, chain, seed) if chain else shrink(whole, factor)
        for name, way in ways.items():
            found[name].append(psnr_y(whole, way(small), border=factor).item())
    return Scores(
        pictures=tuple(pictures.truths),
        values={name: np.array(values) for name, values in found.items()},
        floors=below,
    )


def damaged(picture: Picture, chain: str, seed: int) -> Picture:
    """Through the chain; a grey picture gets grey noise, and stays grey."""
    if len(picture) == 3:
        return degrade_one(picture, Chain.parse(chain), seed)
    grey = Chain.parse(chain.replace("noise:gaussian", "noise:grey"))
    return degrade_one(picture.expand(3, -1, -1).contiguous(), grey, seed)[:1]


def bicubic_of_papers(pictures: Pictures, factor: int) -> float:
    """The mean PSNR of bicubic as papers have it: of the luma alone, rounded to 8 bits, which is
    shrunk and enlarged without rounding between."""
    found = []
    for picture in pictures.truths.values():
        truth = (luma(crop_to_multiple(picture, factor)).round() / 255).float()
        height, width = truth.shape[-2:]
        small = imresize_matlab(truth, (height // factor, width // factor)).clamp(0, 1)
        large = imresize_matlab(small, (height, width)).clamp(0, 1)
        large = to_picture(to_pixels(large))
        inner = slice(factor, -factor)
        found.append(psnr(truth[..., inner, inner], large[..., inner, inner]).item())
    return float(np.mean(found))
