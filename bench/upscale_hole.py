"""What `trombine upscale --hole` brings repaired areas, beside the command without it.

    python bench/upscale_hole.py [--first-seed N] [--count M] [--json]

Painted faces are shrunk, as some are saved as JPEG; scratches of each are repaired by inpaint, and
what that gives is enlarged by both commands. Inside the hole decibels count, and over the whole
picture, which is the same elsewhere, the witness.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, UInt8
from PIL import Image
from table import Row, at_least, at_most, options, report

import trombine
from trombine.core.conventions import to_picture, to_pixels
from trombine.data.resize import shrink
from trombine.eval import witness
from trombine.io.image import as_seen, load_picture, save_picture
from trombine.metrics import psnr
from trombine.nets.spaces import to_space
from trombine.world import face, paint

Pixels = UInt8[np.ndarray, "h w 3"]
Hole = Bool[np.ndarray, "h w"]
SMALL: Final = 96  # pixels a side
THICKNESS: Final = 3  # pixels, of a scratch
SCRATCHES: Final = 4
QUALITIES: Final = {"clean": None, "JPEG 85": 85}


def main() -> int:
    """Measure each factor, clean and as JPEG."""
    given = options(__doc__, first_seed=2_000_000, count=24)
    seeds = range(given.first_seed, given.first_seed + given.count)
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            row
            for factor in (2, 4)
            for about, quality in QUALITIES.items()
            for row in measured(f"x{factor}, {about}", seeds, factor, quality, Path(folder))
        ]
    return report(rows, json=given.json)


def measured(
    about: str, seeds: range, factor: int, quality: int | None, folder: Path
) -> Iterator[Row]:
    """What the hole's area gains in decibels and to the witness, and what changes outside it."""
    gains, far, changed = [], [], 0
    for seed in seeds:
        truth, repaired, hole = inputs(seed, factor, quality)
        save_picture(folder / "mended.png", repaired)
        save_picture(folder / "hole.png", hole.astype(np.uint8) * 255)
        blind = enlarged(folder, factor)
        told = enlarged(folder, factor, hole=folder / "hole.png")
        large = hole.repeat(factor, 0).repeat(factor, 1)
        gains.append(decibels(told, truth, large) - decibels(blind, truth, large))
        far.append([distance(made, truth) for made in (told, blind)])
        changed += int((told != blind).any(2)[~large].sum())
    mean = float(np.mean(gains))
    error = float(np.std(gains, ddof=1)) / len(gains) ** 0.5
    ends = f"({mean - 1.96 * error:.2f} to {mean + 1.96 * error:.2f})"
    yield at_least(f"{about}: inside, over the same without --hole", mean, f"dB {ends}", 0.0)
    ours, theirs = np.mean(far, axis=0).tolist()
    yield at_most(f"{about}: witness distance beside it", ours / theirs, "times", 1.0)
    yield at_most(f"{about}: pixels outside that differ", float(changed), "", 0.0)


def inputs(seed: int, factor: int, quality: int | None) -> tuple[Pixels, Pixels, Hole]:
    """The true picture, a small one that was repaired, and where."""
    truth = to_picture(paint(face(seed), SMALL * factor, "photo").pixels.copy())
    small = to_pixels(shrink(truth[None], factor).clamp(0, 1)[0])
    if quality is not None:
        file = BytesIO()
        Image.fromarray(small).save(file, "JPEG", quality=quality)
        small = np.asarray(Image.open(file).convert("RGB"))
    y, x = np.mgrid[:SMALL, :SMALL] - SMALL // 2
    rng = np.random.default_rng(seed)
    hole = np.zeros(small.shape[:2], bool)
    angles, offsets = rng.random(SCRATCHES) * np.pi, rng.uniform(-20, 20, SCRATCHES)
    for angle, offset in zip(angles, offsets, strict=True):
        hole |= np.abs(x * np.cos(angle) + y * np.sin(angle) - offset) < THICKNESS / 2
    return to_pixels(truth), trombine.inpaint(small, mask=hole), hole


def enlarged(folder: Path, factor: int, hole: Path | None = None) -> Pixels:
    """What the command makes of the repaired picture, told of the hole or not."""
    repaired, made = folder / "mended.png", folder / "large.png"
    white = None if hole is None else f"white:{hole}"
    trombine.upscale(repaired, scale=factor, hole=white, output=made, overwrite=True)
    return as_seen(load_picture(made))


def decibels(result: Pixels, truth: Pixels, inside: Hole) -> float:
    """The signal of the luma to its error inside the hole."""
    ours, theirs = (to_space(to_picture(each)[None], "grey") for each in (result, truth))
    return float(psnr(theirs, ours, torch.from_numpy(inside)[None, None].float())[0])


def distance(result: Pixels, truth: Pixels) -> float:
    """How far the witness's features are from those of the truth."""
    ours, theirs = (witness.seen(to_picture(each)[None]).features for each in (result, truth))
    return float(witness.distance(theirs, ours)[0])


if __name__ == "__main__":
    sys.exit(main())
