"""Seconds to load and save a picture of 12 megapixels, beside the library that does the work.

    python bench/io.py [--rounds N] [--first-seed N] [--json]

JPEG and PNG beside Pillow, TIFF of 16 bits beside tifffile, PNG of 16 bits beside imagecodecs; in
turn, in memory's file system where there is one, with the same settings of the encoders.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import imagecodecs
import numpy as np
import tifffile
from PIL import Image
from table import Row, at_most, interleaved, ratio_of_medians, report

from trombine.io.image import load_picture, save_picture
from trombine.world.leaves import leaves

SIZE: Final = (3000, 4000)
GOAL: Final = 1.1  # times the library alone


def photograph(seed: int) -> np.ndarray:
    """12 megapixels of dead leaves with some noise, which pack about as a photograph does."""
    tile = leaves(seed, 1024)
    pixels = np.tile(tile, (3, 4, 1))[: SIZE[0], : SIZE[1]]
    noise = np.random.default_rng(seed).integers(-3, 4, (*SIZE, 1))
    return np.clip(pixels.astype(np.int16) + noise, 0, 255).astype(np.uint8)


def timed(work: Callable[[], object]) -> Callable[[], float]:
    def run() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return run


def pairs(folder: Path, pixels: np.ndarray) -> dict[str, tuple[Callable[[], object], ...]]:
    """What ours and the library's way do, by what is measured."""
    wide = pixels.astype(np.uint16) * 257
    a = {name: folder / f"a.{name}" for name in ("jpg", "png", "tif", "16.png")}
    b = {name: folder / f"b.{name}" for name in a}
    save_picture(a["16.png"], wide)
    return {
        "JPEG saved": (
            lambda: save_picture(a["jpg"], pixels),
            lambda: Image.fromarray(pixels).save(b["jpg"], quality=95, subsampling=0),
        ),
        "JPEG loaded": (
            lambda: load_picture(a["jpg"]),
            lambda: np.array(Image.open(b["jpg"])),
        ),
        "PNG saved": (
            lambda: save_picture(a["png"], pixels),
            lambda: Image.fromarray(pixels).save(b["png"], compress_level=4),
        ),
        "PNG loaded": (
            lambda: load_picture(a["png"]),
            lambda: np.array(Image.open(b["png"])),
        ),
        "PNG of 16 bits loaded": (
            lambda: load_picture(a["16.png"]),
            lambda: imagecodecs.png_decode(a["16.png"].read_bytes()),
        ),
        "TIFF of 16 bits saved": (
            lambda: save_picture(a["tif"], wide),
            lambda: tifffile.imwrite(b["tif"], wide, compression="zlib", predictor=True),
        ),
        "TIFF of 16 bits loaded": (
            lambda: load_picture(a["tif"]),
            lambda: tifffile.imread(b["tif"]),
        ),
    }


def main() -> int:
    """Time each way in turn; 1 unless each is within the goal."""
    parser = argparse.ArgumentParser(description="Time loading and saving.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=2_000_000)
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    memory = Path("/dev/shm")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        for name, (ours, theirs) in pairs(Path(folder), photograph(arguments.first_seed)).items():
            found = interleaved({"ours": timed(ours), "theirs": timed(theirs)}, arguments.rounds)
            ratio = ratio_of_medians(found["ours"], found["theirs"])
            rows.append(at_most(f"{name}, beside the library alone", ratio, "times as long", GOAL))
    return report(rows, json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
