"""What a repaired area is best enlarged by: decibels inside the hole over the blind command.

    python bench/upscale_hole.py [--first-seed N] [--count M]

Painted faces are shrunk, as some are saved as JPEG, four scratches of each are repaired by
inpaint; then the repaired picture is enlarged. "blind" is `trombine upscale` without --hole.
"""

from __future__ import annotations

import argparse
from io import BytesIO
from math import log10
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

import trombine
from trombine.conventions import to_picture, to_pixels
from trombine.data.degrade import shrink
from trombine.world import face, paint

Pixels = UInt8[np.ndarray, "h w 3"]
Hole = Bool[np.ndarray, "h w"]
SMALL: Final = 96  # pixels a side
THICKNESS: Final = 3  # pixels, of a scratch
QUALITIES: Final = (None, 85, 60)  # None: not saved as JPEG
WAYS: Final[dict[str, dict[str, Any]]] = {
    "blind": {},
    "clean net": {"model": "upscale"},
    "clean net, best": {"model": "upscale", "best": True},
    "half": {"model": "upscale+upscale-wild*0.5"},
    "wild net": {"model": "upscale-wild"},
    "blind, best": {"best": True},
}


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
    for angle, offset in zip(rng.random(4) * np.pi, rng.uniform(-20, 20, 4), strict=True):
        hole |= np.abs(x * np.cos(angle) + y * np.sin(angle) - offset) < THICKNESS / 2
    return to_pixels(truth), trombine.inpaint(small, mask=hole, mask_is="white"), hole


def decibels(result: Pixels, truth: Pixels, hole: Hole, factor: int) -> float:
    """The signal of the luma to its error inside the hole."""
    weights = np.array([0.299, 0.587, 0.114])
    inside = hole.repeat(factor, 0).repeat(factor, 1)
    error = ((result.astype(float) - truth) @ weights)[inside]
    return -10 * log10(float((error**2).mean()) / 255**2)


def main() -> None:
    """Print the mean gain of each way over the blind one, for each factor and quality."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-seed", type=int, default=2_000_000)
    parser.add_argument("--count", type=int, default=12)
    given = parser.parse_args()
    seeds = range(given.first_seed, given.first_seed + given.count)
    for factor in (2, 4):
        for quality in QUALITIES:
            scores: dict[str, list[float]] = {way: [] for way in WAYS}
            for seed in seeds:
                truth, repaired, hole = inputs(seed, factor, quality)
                for way, options in WAYS.items():
                    large = trombine.upscale(repaired, factor=factor, **options)
                    scores[way].append(decibels(large, truth, hole, factor))
            blind = np.array(scores["blind"])
            about = f"x{factor}, {'no JPEG' if quality is None else f'JPEG {quality}'}"
            print(f"{about}: blind {blind.mean():.2f} dB", flush=True)
            for way in list(WAYS)[1:]:
                gain = np.array(scores[way]) - blind
                error = gain.std(ddof=1) / len(gain) ** 0.5
                print(f"  {way}: {gain.mean():+.3f} ± {1.96 * error:.3f}", flush=True)


if __name__ == "__main__":
    main()
