"""By what thresholds of the reader and of the drawing rule are chosen: the 507 portraits that may
be learned from, and painted pictures of choosing seeds; none is a test portrait.

    python bench/choices.py --json            all of them, a quarter of an hour of a core
    python bench/choices.py --part rims       only these: rims, faces, dark or drawings

Who of the 507 wears glasses was written down by eye, from crops of the eyes, before the reader was
asked.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple
from unittest.mock import patch

import numpy as np
import torch
from reader_pictures import NO_FACES, no_faces
from table import Row, report
from upscale_pictures import SHARED

from trombine.core.conventions import PART_INDEX, to_picture, to_pixels
from trombine.faces import faces, read_faces
from trombine.faces.faces import Least
from trombine.io.image import load_picture
from trombine.metrics import drawing
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
SMALLER: Final = (1, 2, 4)  # times: portraits whose faces have some 110, 55 and 28 pixels
PLACES: Final = (0.1, 0.25, 0.4)
LIKELIES: Final = (0.05, 0.1, 0.2)
LOSTS: Final = (0.016, 0.02, 0.024)
DIMMED: Final = (0.25, 0.12, 0.06)  # of its light
LIGHTS: Final = (0.0, 0.6, 0.7, 0.8, 0.9)
CAUTIONS: Final = ((0.5, 2.5), (1.5, 1.5), (1.5, 2.5), (1.5, 3.5), (2.5, 2.5))


def main() -> int:
    parts = {"rims": rims, "faces": found, "dark": dimmed, "drawings": drawings}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--part", action="append", choices=list(parts))
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = [row for name in args.part or parts for row in parts[name]()]
    return report(rows, json=args.json)


def portraits() -> list[Path]:
    """Those that may be learned from: all but the 102 for tests."""
    folder = SHARED / "portraits"
    test = (folder / "test.txt").read_text().split()
    return [path for path in sorted(folder.glob("*.jpg")) if path.name not in test]


def shrunk(path: Path, times: int) -> torch.Tensor:
    """A portrait so many times smaller, by the mean of squares."""
    picture = to_picture(load_picture(path).rgb_pixels())
    return torch.nn.functional.avg_pool2d(picture, times) if times > 1 else picture


# ---------------------------------------------------------------------------------------------
# Pixels of rims by which a wearer of glasses is known


def rims() -> Iterator[Row]:
    wearers = set(WEARERS.split())
    real = [(path.stem in wearers, rims_in(shrunk(path, 1))) for path in portraits()]
    yield from shares("portraits", real)
    painted = [paint(face(seed), 200, "photo") for seed in SEEDS]
    truth = [bool((one.parts == GLASSES).sum() > 20) for one in painted]
    counts = [rims_in(to_picture(one.pixels)) for one in painted]
    yield from shares("painted", list(zip(truth, counts, strict=True)))


def rims_in(picture: torch.Tensor) -> int | None:
    """How many pixels of the largest face's window are called glasses; None without a face."""
    faces = read_faces(picture, load("reader"), largest=True)
    return int((faces[0].parts == GLASSES).sum()) if faces else None


def shares(name: str, people: list[tuple[bool, int | None]]) -> Iterator[Row]:
    """Of wearers and of others, how many have so many pixels of rims."""
    for wears, who in ((True, "wearers"), (False, "others")):
        counts = [count for wore, count in people if wore == wears and count is not None]
        yield Row(f"{name}: {who}", len(counts), "faces")
        for least in COUNTS:
            share = float(np.mean(np.array(counts) >= least))
            yield Row(f"{name}: {who} with {least} pixels", share, "share")


# ---------------------------------------------------------------------------------------------
# How sure finder and reader must be of a face


class Sure(NamedTuple):
    """How sure they are of one place."""

    likely: float
    lost: float  # by how much half of its landmarks may be off, of its window


def found() -> Iterator[Row]:
    """Which share of portraits, and of pictures that show no face, have one by each threshold."""
    pictures = {
        f"portraits, 1/{times}": [shrunk(path, times) for path in portraits()] for times in SMALLER
    }
    pictures |= {kind: list(no_faces(kind, SEEDS)) for kind in NO_FACES}
    for name, some in pictures.items():
        for place in PLACES:
            every = [sure_of(picture, place) for picture in some]
            for likely in LIKELIES:
                for lost in LOSTS:
                    if off_centre(place, likely, lost) > 1:
                        continue
                    has = [any(s.likely > likely and s.lost < lost for s in one) for one in every]
                    label = f"{name}: place {place}, likely {likely}, lost {lost}"
                    yield Row(label, float(np.mean(has)), "with a face")


def off_centre(place: float, likely: float, lost: float) -> int:
    """How many of the three thresholds are not those in use."""
    return (place != PLACES[1]) + (likely != LIKELIES[1]) + (lost != LOSTS[1])


def sure_of(picture: torch.Tensor, place: float) -> list[Sure]:
    """All candidates of a picture, at places that are so likely."""
    least = Least(place=place, likely=0.0, lost=1.0)
    faces = read_faces(picture, load("reader"), least=least)
    return [Sure(f.likely, float(np.median(f.errors)) / f.frame.side) for f in faces]


# ---------------------------------------------------------------------------------------------
# Which pictures are dark, and how light they are made


def dimmed() -> Iterator[Row]:
    """How far dimmed portraits' landmarks are from those in full light, by how they are lit."""
    pictures = [shrunk(path, 1) for path in portraits()[::8]]
    true = [read_faces(picture, load("reader"), largest=True) for picture in pictures]
    for part in DIMMED:
        for light in LIGHTS:
            off = list(landmarks_off(pictures, true, part, light))
            about = f"light {part}, " + (f"lit to {light}" if light else "as it is")
            yield Row(f"{about}: found", len(off) / len(pictures), "share")
            if off:
                yield Row(f"{about}: landmarks", float(np.mean(off)), "of window")


def landmarks_off(
    pictures: Iterable[torch.Tensor],
    true: Iterable[Sequence[faces.Face]],
    part: float,
    light: float,
) -> Iterator[float]:
    """Of each that is found at this part of its light: the mean distance, of the window."""
    for picture, of_full in zip(pictures, true, strict=True):
        dim = (picture * part * 255).round() / 255
        with patch.multiple(faces, _DARK=0.3 if light else 0.0, _LIT=light or 1.0):
            some = read_faces(dim, load("reader"), largest=True)
        if of_full and some:
            apart = np.linalg.norm(some[0].points - of_full[0].points, axis=1).mean()
            yield float(apart) / of_full[0].frame.side


# ---------------------------------------------------------------------------------------------
# How sure the rule must be of a drawing


def drawings() -> Iterator[Row]:
    """How many portraits and how many drawings are called drawings."""
    sizes, styles = (96, 128, 192, 256), ("anime", "cartoon", "sketch")
    pictures = {
        "portraits": [to_pixels(shrunk(path, times)) for path in portraits() for times in (1, 2)],
        "drawings": [paint(face(seed), sizes[seed % 4], styles[seed % 3]).pixels for seed in SEEDS],
    }
    for name, some in pictures.items():
        for caution, halving in CAUTIONS:
            with patch.multiple(drawing, CAUTION=caution, CAUTION_A_HALVING=halving):
                share = float(np.mean([drawing.is_drawing(one) for one in some]))
            yield Row(f"{name}: caution {caution}, {halving} a halving", share, "called drawings")


if __name__ == "__main__":
    sys.exit(main())
