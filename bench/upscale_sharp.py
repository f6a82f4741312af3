"""How sharp `upscale --sharpness` looks, and what it gives up for that.

Edge energy is the mean squared step from pixel to pixel of the luma, beside that of the truth. A
grid is energy at the pixel shuffle's own period, beside that of the neighbouring frequencies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, Float64

import trombine
from trombine.core.conventions import to_picture, to_pixels
from trombine.data.resize import crop_to_multiple, shrink
from trombine.eval import witness
from trombine.metrics import edge_energy, luma, psnr_y

FACTOR: Final = 4
SOFT, HALF, SHARP = 0.0, 0.5, 1.0
MEASURES: Final = ("PSNR-Y", "witness", "edges", "grid", "tint")

Picture = Float32[torch.Tensor, "c h w"]
Measured = dict[str, Float64[np.ndarray, "n"]]


def measured(truths: Mapping[str, Picture], sharpness: float) -> Measured:
    """Of each picture what the command makes of it, shrunk four times, beside the picture."""
    rows = [_row(truth, sharpness) for truth in truths.values()]
    return {name: np.array([row[name] for row in rows]) for name in MEASURES}


def _row(truth: Picture, sharpness: float) -> dict[str, float]:
    truth = crop_to_multiple(truth.expand(3, -1, -1), FACTOR)
    small = shrink(truth, FACTOR)
    made = trombine.upscale(small, scale=FACTOR, model="upscale", sharpness=sharpness)
    assert isinstance(made, torch.Tensor)
    return compared(truth, to_picture(to_pixels(made)), FACTOR)


def compared(truth: Picture, result: Picture, factor: int) -> dict[str, float]:
    """What is measured of a picture that was shrunk and enlarged, beside what it was."""
    ours, theirs = (witness.seen(picture[None]) for picture in (result, truth))
    return {
        "PSNR-Y": float(psnr_y(truth, result, border=factor)),
        "witness": float(witness.distance(theirs.features, ours.features)[0]),
        "edges": float(edge_energy(result) / edge_energy(truth).clamp(min=1e-9)),
        "grid": grid(result) / max(grid(truth), 1e-9),
        "tint": float((result.mean((1, 2)) - truth.mean((1, 2))).abs().max()) * 255,
    }


def grid(picture: Picture) -> float:
    """The power at periods of 4 and 2 pixels along an axis, beside the frequencies next to it.

    1 where there is no grid, on average; of flat pictures too.
    """
    plane = luma(picture).double().squeeze().numpy()
    height, width = (side - side % FACTOR for side in plane.shape[-2:])
    plane = plane[:height, :width] - plane.mean()
    power = np.abs(np.fft.fft2(plane * np.outer(np.hanning(height), np.hanning(width)))) ** 2
    ratios = []
    for lines, length in ((power.sum(0), width), (power.sum(1), height)):
        for period in (4, 2):
            place = length // period
            around = [*range(place - 12, place - 5), *range(place + 6, place + 13)]
            near = np.mean([lines[other % length] for other in around])
            ratios.append(lines[place - 2 : place + 3].mean() / max(near, 1e-9))
    return float(np.mean(ratios))
