"""How well prints are mended as people scan them: ten kinds of damage, found and repaired.

    python bench/scratches.py [--people choose] [--sizes 500,1600,4000] [--count 4] [--repairs 4]
                              [--clean 20] [--model NAME|PATH] [--json]

Photographs of ../shared/data/colour, at several sizes, get marks that are painted here, apart from
what the net learned from: lines, pairs of lines, dust, hairs, dots, stains, folds, tears, corners,
and lines on silk. Damaged is what differs by more than 25 levels. Precision is the share of
detected pixels within reach of a damaged one, recall that of damaged pixels within reach of a
detected one; reach is 2 pixels at 500, and grows with the picture. A print with lines, dots, a pair
and a hair is repaired, and compared with what it was. What is detected in whole pictures is false.
Last, the time for 12 megapixels with 40 lines.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, UInt8
from PIL import Image, ImageDraw, ImageFilter
from reader_people import COLOUR, files
from table import Row, at_least, at_most, options, report, seconds
from upscale_pictures import test_colour, test_portraits

import trombine
from trombine.core.conventions import to_picture
from trombine.data.columns import SPLITS
from trombine.data.layouts import list_folder
from trombine.inpainting.scratches import NET, scratches
from trombine.io.image import load_picture
from trombine.metrics.detection import Matches, matches, pooled
from trombine.models import Model, load
from trombine.world import STYLES, face, paint

Pixels = UInt8[np.ndarray, "h w 3"]
Mask = Bool[np.ndarray, "h w"]
UNIT: Final = 500  # pixels of the longer side, in whose pixels marks are meant
SEEN: Final = 25  # levels, by which a damaged pixel differs at least
MOVED: Final = 35  # levels, by which no other pixel is to differ after a repair
RECALL, PRECISION, BACK = 0.9, 0.85, 90
HARMED: Final = 0.02  # % of the undamaged pixels
FALSE: Final = 0.02  # % of the pixels of whole pictures
LARGE: Final = (3000, 4000)
SECONDS: Final = 20
TONES: Final = ((246, 243, 236), (236, 236, 230), (26, 22, 20), (150, 150, 150))
MIXED: Final = "mixed"  # what is repaired
KINDS: Final = (
    *("lines", "pairs", "dust", "hairs", "dots", "stains", "folds", "tears", "corners", "silk"),
    MIXED,
)
LAYERS: Final = {"lines": 4, "pairs": 2, "silk": 4, "hairs": 3, "stains": 2, MIXED: 8}  # else 1
TURNS: Final = ("lines", "lines", "pairs", "hairs", "dots")  # of what is mixed


class Marks:
    """Marks on one picture, drawn twice as fine; lengths are in pixels of a picture of UNIT."""

    def __init__(self, size: tuple[int, int], rng: np.random.Generator) -> None:
        self.rng = rng
        self.unit = 2 * max(size) / UNIT
        self.image = Image.new("L", (2 * size[0], 2 * size[1]))
        self.pen = ImageDraw.Draw(self.image)

    def place(self) -> np.ndarray:
        return self.rng.uniform(0.1, 0.9, 2) * self.image.size

    def curve(self, points: np.ndarray, width: float) -> None:
        wide = max(2, round(width * self.unit))
        self.pen.line([tuple(p) for p in points.tolist()], fill=255, width=wide, joint="curve")

    def line(self, width: float, *, beside: float = 0.0, bend: float = 0.03) -> None:
        """A line of a drawn length; a second one so far beside it."""
        turn, long = self.rng.uniform(0, math.pi), self.rng.uniform(100, 500) * self.unit
        way = np.array([math.cos(turn), math.sin(turn)])
        aside = np.array([-way[1], way[0]])
        at = np.linspace(-0.5, 0.5, 20)[:, None]
        points = self.place() + long * (at * way + self.rng.normal(0, bend) * at**2 * aside)
        self.curve(points, width)
        if beside:
            self.curve(points + beside * self.unit * aside, width)

    def hair(self) -> None:
        turns = self.rng.uniform(0, 6) + np.cumsum(
            self.rng.normal(self.rng.normal(0, 0.1), 0.08, 40)
        )
        steps = self.rng.uniform(2, 5) * self.unit * np.stack([np.cos(turns), np.sin(turns)], 1)
        self.curve(self.place() + np.cumsum(steps, 0), 1)

    def dot(self, low: float, high: float) -> None:
        (x, y), r = self.place(), self.rng.uniform(low, high) * self.unit
        self.pen.ellipse((x - r, y - r, x + r, y + 0.8 * r), fill=255)

    def fold(self) -> None:
        """From border to border."""
        width, height = self.image.size
        ends = self.rng.uniform(0.2, 0.8, 2)
        across = self.rng.random() < 0.5
        last = [(0, ends[0] * height), (width, ends[1] * height)]
        last = last if across else [(ends[0] * width, 0), (ends[1] * width, height)]
        at = np.linspace(0, 1, 60)[:, None]
        points = (1 - at) * last[0] + at * last[1] + self.rng.normal(0, 0.7 * self.unit, (60, 2))
        self.curve(points, self.rng.uniform(1, 2.5))

    def tear(self) -> None:
        """From a border inwards, ragged, ever narrower."""
        width, height = self.image.size
        start = np.array([self.rng.uniform(0.2, 0.8) * width, -2.0])
        at = np.linspace(0, 1, 40)[:, None]
        jags = np.cumsum(self.rng.normal(0, 2 * self.unit, 40))[:, None] * [1, 0.2]
        middle = start + at * [self.rng.normal(0, 0.1) * width, 0.6 * height] + jags
        half = self.rng.uniform(3, 6) * self.unit * (1 - at) * [1, 0]
        outline = np.concatenate([middle - half, (middle + half)[::-1]])
        self.pen.polygon([tuple(p) for p in outline.tolist()], fill=255)

    def corner(self) -> None:
        width, height = self.image.size
        x, y = self.rng.uniform(40, 90, 2) * self.unit
        at = np.linspace(0, 1, 30)[:, None]
        edge = (1 - at) * [x, -2] + at * [-2, y] + self.rng.normal(0, self.unit, (30, 2))
        edge = np.concatenate([edge, [[-2, -2]]])
        if self.rng.random() < 0.5:
            edge[:, 0] = width - edge[:, 0]
        if self.rng.random() < 0.5:
            edge[:, 1] = height - edge[:, 1]
        self.pen.polygon([tuple(p) for p in edge.tolist()], fill=255)

    def over(self, pixels: Pixels, tone: tuple[int, int, int], soft: float = 0.0) -> Pixels:
        """The picture under these marks."""
        image = (
            self.image.filter(ImageFilter.GaussianBlur(soft * self.unit)) if soft else self.image
        )
        share = np.asarray(image.reduce(2), np.float64)[..., None] / 255
        return (pixels + share * (np.array(tone) - pixels)).round().astype(np.uint8)


def damaged(kind: str, pixels: Pixels, seed: int) -> tuple[Pixels, Mask]:
    """A picture with marks of this kind, and which pixels they change."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    size = pixels.shape[1], pixels.shape[0]
    result = pixels
    for number in range(LAYERS.get(kind, 1)):
        marks, tone, soft = Marks(size, rng), TONES[int(rng.integers(len(TONES)))], 0.0
        drawn = TURNS[number % len(TURNS)] if kind == MIXED else kind
        if drawn in ("lines", "silk"):
            marks.line(rng.uniform(1, 3))
        elif drawn == "pairs":
            marks.line(rng.uniform(1, 2), beside=rng.uniform(4, 9))
        elif drawn == "dust":
            for _ in range(40):
                marks.dot(0.7, 2)
        elif drawn == "hairs":
            marks.hair()
            tone = TONES[2]
        elif drawn == "dots":
            for _ in range(5):
                marks.dot(3, 8)
        elif drawn == "stains":
            marks.dot(8, 20)
            tone, soft = (70, 46, 26), 1.5
        elif drawn == "folds":
            marks.fold()
            tone = TONES[0]
        elif drawn == "tears":
            marks.tear()
            tone = TONES[int(rng.integers(3))]
        else:
            marks.corner()
            tone = TONES[int(rng.integers(3))]
        result = marks.over(result, tone, soft)
    mask = np.abs(result.astype(int) - pixels).max(2) > SEEN
    if kind == "silk":
        y, x = np.mgrid[: size[1], : size[0]] * (2 * math.pi * UNIT / max(size) / 5)
        result = result + (7 * (np.sin(x + y) + np.sin(x - y)))[..., None]
    noise = rng.normal(0, 2, (size[1], size[0], 1))
    return (result + noise).clip(0, 255).round().astype(np.uint8), mask


def pictures(people: str) -> list[Path]:
    """Photographs by turns: of people and places; with those for measuring, portraits. No places
    are set aside to choose by."""
    if people == "test":
        sets = [files("test"), test_colour("scenes"), test_portraits(20)]
    else:
        use, folder = SPLITS.index(people), COLOUR / "scenes"
        records = list_folder(folder).records
        sets = [files(people), [folder / one.name for one in records if one.split == use]]
    longest = max(map(len, sets))
    return [one[turn % len(one)] for turn in range(longest) for one in sets if one]


def sized(path: Path, side: int) -> Pixels:
    """A picture at this longer side."""
    image = Image.fromarray(load_picture(path).rgb_pixels())
    scale = side / max(image.size)
    size = (round(image.width * scale), round(image.height * scale))
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS))


def found(pixels: Pixels, model: Model) -> torch.Tensor:
    return scratches(to_picture(pixels), model=model).mask


def kind_rows(model: Model, paths: list[Path], side: int, count: int) -> Iterator[Row]:
    """Precision and recall of each kind."""
    reach = math.ceil(2 * side / UNIT)
    for number, kind in enumerate(KINDS[:-1]):
        counts = list[Matches]()
        for turn in range(count):
            path = paths[(number * count + turn) % len(paths)]
            spoilt, mask = damaged(kind, sized(path, side), turn)
            there = torch.from_numpy(mask)
            counts.append(matches(found(spoilt, model)[None], there[None], reach))
        every = pooled(counts)
        yield at_least(f"{side} px, {kind}: recall", every.recall, "", RECALL)
        yield at_least(f"{side} px, {kind}: precision", every.precision, "", PRECISION)


def repair_rows(paths: list[Path], side: int, count: int) -> Iterator[Row]:
    """What comes back of a print, and what else changes."""
    back, harmed = [], []
    for turn in range(count):
        whole = sized(paths[turn % len(paths)], side)
        spoilt, mask = damaged(MIXED, whole, turn)
        made = trombine.inpaint(spoilt, mask="scratches")
        off = np.abs(np.asarray(made, int) - whole).max(2)
        back.append(100 * float((off[mask] <= SEEN).mean()))
        changed = np.abs(np.asarray(made, int) - spoilt).max(2)
        harmed.append(100 * float((changed[~mask] > MOVED).mean()))
    yield at_least(f"{side} px, repaired: damage within {SEEN} levels", fmean(back), "%", BACK)
    yield at_most(f"{side} px, repaired: others moved by {MOVED}", fmean(harmed), "%", HARMED)


def clean_rows(model: Model, people: str, count: int) -> Iterator[Row]:
    """What is detected in whole photographs and drawings."""
    drawings = [paint(face(s), 512, STYLES[1 + s % 3]).pixels for s in range(1_500_000, 1_500_010)]
    own = pictures(people)
    sets = {
        "people": [load_picture(path).rgb_pixels() for path in own if "faces" in path.parts][
            :count
        ],
        "scenes": [load_picture(path).rgb_pixels() for path in own if "scenes" in path.parts][
            :count
        ],
        "drawings": drawings[:count],
    }
    for name, every in ((name, every) for name, every in sets.items() if every):
        shares = [100 * float(found(one, model).float().mean()) for one in every]
        yield at_most(f"whole {name}: detected", fmean(shares), "%", FALSE)


def time_row(paths: list[Path]) -> Row:
    """Seconds for a large print with 40 lines."""
    image = Image.fromarray(sized(paths[0], max(LARGE))).resize((LARGE[1], LARGE[0]))
    pixels, rng = np.asarray(image), np.random.default_rng(0)
    for tone in TONES:
        marks = Marks((LARGE[1], LARGE[0]), rng)
        for _ in range(40 // len(TONES)):
            marks.line(rng.uniform(1, 3))
        pixels = marks.over(pixels, tone)
    taken = seconds(lambda: trombine.inpaint(pixels, mask="scratches"))
    return at_most("12 megapixels with 40 lines", taken, "s", SECONDS)


def main() -> int:
    """Measure, print, say whether every goal is met."""
    given = options(
        __doc__,
        people="test",
        sizes="500,1600,4000",
        count=4,
        repairs=4,
        clean=20,
        model=NET,
    )
    model, paths = load(given.model, task="detect"), pictures(given.people)
    rows = list[Row]()
    for side in map(int, given.sizes.split(",")):
        rows += kind_rows(model, paths, side, given.count)
        if given.model == NET and given.repairs:
            rows += repair_rows(paths, side, given.repairs)
    rows += clean_rows(model, given.people, given.clean)
    if given.model == NET and given.repairs:
        rows.append(time_row(paths))
    return report(rows, json=given.json)


if __name__ == "__main__":
    sys.exit(main())
