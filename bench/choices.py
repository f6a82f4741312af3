"""By how many pixels of rims a wearer of glasses is known: chosen on the 507 portraits that may be
learned from and on painted photographs of choosing seeds.

    python bench/choices.py --json        three minutes of a core

Who of the 507 wears glasses was written down by eye, from crops of the eyes, before the reader was
asked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import torch
from table import Row, options, report
from upscale_pictures import SHARED

from trombine.core.conventions import PART_INDEX, to_picture
from trombine.faces import read_faces
from trombine.io.image import load_picture
from trombine.models import load
from trombine.world import face, paint

WEARERS: Final = """
A000069 B000208 B000287 B000490 B000574 B000652 B001066 B001232 B001234 B001242 B001251 B001252
B001255 B001270 B001279 B001280 C000243 C000537 C000560 C000705 C000858 C001046 C001058 C001061
C001062 C001078 C001082 C001093 C001096 D000355 D000407 D000429 D000432 D000603 E000092 E000268
E000285 F000030 F000450 F000455 G000289 G000386 G000551 G000558 G000568 G000572 H000329 H000666
H000948 H001032 H001034 H001043 H001052 H001059 H001064 I000025 K000365 L000261 L000447 L000553
L000559 L000565 L000569 L000579 M000312 M000355 M000388 M000508 M000639 M000702 M001137 M001158
M001161 M001167 M001179 M001184 N000002 N000147 N000182 N000185 O000007 O000085 P000096 P000099
P000263 P000373 P000523 P000588 P000591 P000595 P000596 R000307 R000361 R000435 R000462 R000515
R000598 S000033 S000097 S000185 S000344 S000364 S000465 S000888 S001078 S001144 S001163 S001180
S001191 S001195 T000459 T000466 W000738 W000791 W000800 W000813 W000817
"""
SEEDS: Final = range(1_150_000, 1_150_150)
COUNTS: Final = (1, 3, 6, 12, 20)
GLASSES: Final = PART_INDEX["glasses"]


def main() -> int:
    args = options(__doc__)
    torch.set_num_threads(1)
    wearers = set(WEARERS.split())
    real = [(path.stem in wearers, rims(load_picture(path).rgb_pixels())) for path in portraits()]
    rows = [*shares("portraits", real), *shares("painted", list(painted()))]
    return report(rows, json=args.json)


def portraits() -> list[Path]:
    """Those that may be learned from: all but the 102 for tests."""
    folder = SHARED / "portraits"
    test = (folder / "test.txt").read_text().split()
    return [path for path in sorted(folder.glob("*.jpg")) if path.name not in test]


def painted() -> Iterator[tuple[bool, int | None]]:
    for seed in SEEDS:
        picture = paint(face(seed), 200, "photo")
        yield bool((picture.parts == GLASSES).sum() > 20), rims(picture.pixels)


def rims(pixels: np.ndarray) -> int | None:
    """How many pixels of the largest face's window are called glasses; None without a face."""
    found = read_faces(to_picture(pixels), load("reader"), largest=True)
    return int((found[0].parts == GLASSES).sum()) if found else None


def shares(name: str, people: list[tuple[bool, int | None]]) -> Iterator[Row]:
    """Of wearers and of others, how many have so many pixels of rims."""
    for wears, who in ((True, "wearers"), (False, "others")):
        counts = [count for wore, count in people if wore == wears and count is not None]
        yield Row(f"{name}: {who}", len(counts), "faces")
        for least in COUNTS:
            share = float(np.mean(np.array(counts) >= least))
            yield Row(f"{name}: {who} with {least} pixels", share, "share")


if __name__ == "__main__":
    sys.exit(main())
