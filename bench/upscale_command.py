"""What `trombine upscale` makes when it is left to choose, and what its looks cost.

    python bench/upscale_command.py [--first-seed N] [--count M] [--only GROUP ...] [--json]

Eight times; the net it takes for drawings, photographs and JPEGs, beside the best for each; what
-x 1 takes away; --sharpness. Pictures and measures are those of bench/upscale.py.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
import upscale_sharp
from intervals import figure
from table import Row, at_least, at_most
from upscale import Rows, gain_rows, goal_row, run, there
from upscale_pictures import Pictures, drawings, faces, photographs, portraits
from upscale_quality import Scores, damaged, measured

import trombine
from trombine.eval.methods import of_model
from trombine.metrics import psnr_y
from trombine.models import load

COMMAND: Final = "trombine upscale"
X8_FACES: Final = 2.0  # dB over bicubic, as is the next
X8_PORTRAITS: Final = 1.2
DRAWN_LOSS: Final = 0.3  # dB that the default may lose
PHOTO_LOSS: Final = 0.02
JPEG_QUALITIES: Final = (30, 50, 75, 80, 85, 90, 95)
JPEG_GOAL: Final = (80, 2.3)  # of this quality so many dB over bicubic
AS_FOUND: Final = {  # what phones and web pages do to a file besides
    "sharpened, JPEG 85": "sharpen:0.8:0.7+jpeg:85",
    "JPEG 75, smaller and back, JPEG 85": "jpeg:75+resize:0.8+jpeg:85",
}
CLEANED: Final = (
    "jpeg:30",
    "jpeg:50",
    "jpeg:75",
    "jpeg:90",
    "jpeg:95",
    "noise:gaussian:0.02",
    "noise:gaussian:0.06",
)
SHARP_LOSS: Final = 1.5  # dB
SHARP_EDGES: Final = (0.8, 1.1)


def by_command(small: torch.Tensor, *, factor: int) -> torch.Tensor:
    """As the command makes it unless told otherwise, rounded as its files are."""
    return (trombine.upscale(small, scale=factor) * 255).round() / 255


def scored(pictures: Pictures, factor: int, *nets: str, chain: str = "", over: str = "") -> Scores:
    """The command and these nets on pictures."""
    ways = {name: of_model(load(name)) for name in nets}
    return measured(pictures, factor, {**ways, COMMAND: by_command}, chain=chain, over=over)


def x8_rows(seeds: range) -> Rows:
    """Eight times, by the command: four times, then twice."""
    for name, goal in (("faces", X8_FACES), ("portraits", X8_PORTRAITS)):
        if name == "portraits" and not there(name):
            return
        pictures = faces(seeds) if name == "faces" else portraits()
        scores = scored(pictures, 8)
        yield from gain_rows(f"{name} x8", scores, COMMAND, goal)


def default_rows(seeds: range) -> Rows:
    """What is taken by itself, beside the net that is best for such pictures."""
    for pictures, best, most in (
        (drawings(seeds), "upscale-drawings-x4", DRAWN_LOSS),
        (photographs(), "upscale-x4", PHOTO_LOSS),
    ):
        lost = scored(pictures, 4, best, over=best).gained(COMMAND, best)
        yield goal_row(f"{pictures.name} x4: the default over {best}", lost, -most)
    if not there("portraits"):
        return
    pictures, nets = portraits(), ("upscale-x4", "upscale-wild-x4")
    for quality in JPEG_QUALITIES:
        scores = scored(pictures, 4, *nets, chain=f"shrink:4+jpeg:{quality}")
        about = f"portraits x4 as JPEG {quality}: the default over"
        better = max(nets, key=lambda name: scores.figure(name).mean)
        gain = float(scores.gain(COMMAND, better).mean())
        yield at_least(f"{about} {better}, the better net", round(gain, 4) + 0.0, "dB", 0)
        if quality == JPEG_GOAL[0]:
            yield goal_row(f"{about} bicubic", scores.gained(COMMAND, "bicubic"), JPEG_GOAL[1])
    for damage, chain in AS_FOUND.items():
        gained = scored(pictures, 4, chain=f"shrink:4+{chain}").gained(COMMAND, "bicubic")
        yield goal_row(f"portraits x4, {damage}: the default over bicubic", gained, 0)


def clean_rows(seeds: range) -> Rows:
    """What -x 1 takes away of damage: decibels over the damaged picture."""
    for pictures in (faces(seeds), photographs()):
        for chain in CLEANED:
            gains = []
            for index, truth in enumerate(pictures.truths.values()):
                whole = truth.expand(3, -1, -1)
                small = damaged(whole, chain, index)
                made = by_command(small, factor=1)
                before, after = (psnr_y(whole, one, border=0) for one in (small, made))
                gains.append(float(after - before))
            about = f"{pictures.name} x1, {chain}: over the damaged picture"
            yield goal_row(about, figure(np.array(gains)), 0)


def sharp_rows(seeds: range) -> Rows:
    """What --sharpness gains in looks, and gives up in decibels."""
    for pictures in (faces(seeds), photographs()):
        soft, half, sharp = (
            upscale_sharp.measured(pictures.truths, sharpness)
            for sharpness in (upscale_sharp.SOFT, upscale_sharp.HALF, upscale_sharp.SHARP)
        )
        for about, result in (("sharpness 1", sharp), ("sharpness .5", half)):
            name = f"{pictures.name} x4, {about}"
            lost = figure(result["PSNR-Y"] - soft["PSNR-Y"])
            yield goal_row(f"{name}: over upscale-x4", lost, -SHARP_LOSS)
            nearer = result["witness"].mean() / soft["witness"].mean()
            edges, before = (float(np.median(found["edges"])) for found in (result, soft))
            grid, tint = float(np.median(result["grid"])), float(result["tint"].mean())
            low, high = SHARP_EDGES
            is_near = low <= edges <= high or result is half
            goal = f"{low} to {high}" if result is sharp else None
            unit = f"of truth, {before:.2f} without"
            yield Row(f"{name}: edge energy, median", edges, unit, goal, is_near)
            if result is sharp:
                yield at_most(f"{name}: witness distance beside upscale-x4's", nearer, "times", 0.6)
                yield at_most(f"{name}: grid, median", grid, "of truth", 1.2)
                yield at_most(f"{name}: tint, mean", tint, "levels", 1)


GROUPS: Final[dict[str, Callable[[range], Rows]]] = {
    "x8": x8_rows,
    "default": default_rows,
    "clean": clean_rows,
    "sharp": sharp_rows,
}


if __name__ == "__main__":
    sys.exit(run(GROUPS, __doc__ or "", count=48))
