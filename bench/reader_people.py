"""How well the shipped reader reads people beside points that people placed by hand.

    python bench/reader_people.py [--people choose] [--model NAME] [--json]

The people of ../shared/data/colour: `test`, those for measuring only; `choose`, those who neither
teach nor are for measuring only; or `taught`. Points that mean the same in both templates are
compared, in percent of the distance of the outer corners of the eyes; parts with polygons through
the points, in pixels of the picture. Heads of eight people each, cut out, stand before scenes.
Nobody of these wears glasses: all pictures were looked at.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from statistics import NormalDist, fmean
from typing import Final

import numpy as np
from PIL import Image
from skimage.draw import polygon2mask
from table import Row, at_least, at_most, options, report
from upscale_pictures import SHARED, test_colour

from trombine.core.conventions import PART_INDEX
from trombine.core.grammar import number_of
from trombine.data.columns import SPLITS
from trombine.data.layouts import list_folder
from trombine.data.people import outlines_of
from trombine.faces import parts_map, read_faces
from trombine.faces.faces import Face
from trombine.faces.frames import samples_of
from trombine.faces.reading import PictureReading
from trombine.io.image import load_picture
from trombine.models import Model, load

COLOUR: Final = SHARED / "colour"
# The same points in both templates, 68: 189, as the README of the data has them.
_EYES: Final = {36: 18, 39: 22, 42: 23, 45: 27}
_MOUTH: Final = {48: 87, 54: 93, 51: 90, 62: 96, 66: 101, 57: 106}
SAME: Final = _EYES | _MOUTH | {33: 55, 8: 129}
CORNERS: Final = 4  # the first of these
WIDTHS: Final = {"eye": ((0, 1), (2, 3)), "mouth": ((4, 5),)}  # between which of these
SMALL: Final = 40  # pixels of a small face, from ear to ear
TAUGHT: Final = SPLITS.index("train")
GROUP: Final = (1280, 853)  # pixels of a picture of eight people
GROUPS: Final = 12
PARTS: Final = {
    "eyes": ("left_eye", "right_eye"),
    "brows": ("left_brow", "right_brow"),
    "lips": ("mouth", "upper_lip", "lower_lip"),
    "nose": ("nose",),
}
# All of a face that hair leaves free: of what is no part above nothing else is known.
_JAW: Final = (109, 185, 110, 186, 111, *range(125, 134), 114, 188, 113, 187, 112)
FACE: Final = (*_JAW, *range(144, 133, -1))
OF_FACE: Final = ("skin", "glasses", *(name for names in PARTS.values() for name in names))
IOU: Final = {"eyes": 0.8, "brows": 0.7, "lips": 0.8, "nose": 0.8, "face": 0.95}
# The median of |x| + |y| of two normal errors, in deviations of one: what Face.errors tells.
MEDIAN: Final = 2**0.5 * NormalDist().inv_cdf((1 + 0.5**0.5) / 2)
WITHIN: Final = {1: 0.68, 2: 0.95}  # deviations: the share of coordinates that are no farther off
NEAR: Final = 0.05  # to that share
Found = dict[str, list[float]]


@dataclass(frozen=True)
class Seen:
    """A picture, and the largest face that is read in it."""

    path: Path
    pixels: np.ndarray
    face: Face | None


def files(people: str) -> list[Path]:
    """Pictures of faces of these people, by name."""
    if people == "test":
        return sorted(test_colour("faces"))
    use = SPLITS.index({"taught": "train"}.get(people, people))
    records = list_folder(COLOUR / "faces").records
    return sorted(COLOUR / "faces" / record.name for record in records if record.split == use)


def scenes() -> list[Path]:
    """Scenes that may teach, by name."""
    records = list_folder(COLOUR / "scenes").records
    return sorted(COLOUR / "scenes" / r.name for r in records if r.split == TAUGHT)


def points_of(path: Path) -> np.ndarray | None:
    """The 189 points of a picture, where there are so many."""
    beside = path.with_suffix(".points.txt")
    found = np.loadtxt(beside) if beside.exists() else np.zeros(0)
    return found if len(found) == 189 else None


def of_points(face: Face, scale: float, points: np.ndarray, found: Found) -> None:
    """How far the points of a face, in pixels of a picture that was shrunk so, are off."""
    unit = float(np.hypot(*(points[SAME[45]] - points[SAME[36]])))
    read, truth = face.points[[*SAME]] / scale, points[[*SAME.values()]]
    off = read - truth
    found["points"].append(100 * float(np.hypot(*off.T).mean()) / unit)
    found["corners"].append(100 * float(np.hypot(*off[:CORNERS].T).mean()) / unit)
    for name, pairs in WIDTHS.items():
        for a, b in pairs:
            found[name].append(
                float(np.hypot(*(read[b] - read[a])) / np.hypot(*(truth[b] - truth[a])))
            )
    deviation = face.errors[[*SAME], None] / scale / MEDIAN
    for times in WITHIN:
        found[f"within {times}"].append(float((np.abs(off) <= times * deviation).mean()))


def of_parts(labels: np.ndarray, points: np.ndarray, sums: Mapping[str, np.ndarray]) -> None:
    """Add the pixels of each part that are in both and in either."""

    def inside(outline: np.ndarray) -> np.ndarray:
        return polygon2mask(labels.shape, outline[:, ::-1] - 0.5)

    outlines = {number: inside(outline) for number, outline in outlines_of(points)}
    for name, parts in PARTS.items():
        numbers = [PART_INDEX[part] for part in parts]
        truth = np.any([outlines[number] for number in numbers], axis=0)
        read = np.isin(labels, numbers)
        sums[name][:] += [(truth & read).sum(), (truth | read).sum()]
    truth = inside(points[[*FACE]])
    read = np.isin(labels, [PART_INDEX[part] for part in OF_FACE])
    sums["face"][:] += [(truth & read).sum(), (truth | read).sum()]


def read(model: Model, pixels: np.ndarray) -> Face | None:
    """The largest face of a picture."""
    faces = read_faces(samples_of(pixels), model, largest=True)
    return faces[0] if faces else None


def read_all(model: Model, paths: Sequence[Path]) -> Iterator[Seen]:
    """Each picture with its largest face."""
    for path in paths:
        pixels = load_picture(path).rgb_pixels()
        yield Seen(path, pixels, read(model, pixels))


def as_small(pixels: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A picture shrunk so that its face has SMALL pixels."""
    times = SMALL / float(np.hypot(*(points[112] - points[109])))
    size = round(times * pixels.shape[1]), round(times * pixels.shape[0])
    return np.array(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def point_rows(model: Model, pictures: Sequence[Seen]) -> Iterator[Row]:
    """Points, and parts, of those whose points are known."""
    found, small = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    sums = {name: np.zeros(2) for name in IOU}
    missed = 0
    for seen in pictures:
        points = points_of(seen.path)
        if points is None:
            continue
        if seen.face is not None:
            of_points(seen.face, 1, points, found)
            labels = parts_map([seen.face], *seen.pixels.shape[:2], picture=samples_of(seen.pixels))
            of_parts(labels, points, sums)
        shrunk = as_small(seen.pixels, points)
        face = read(model, shrunk)
        if face is not None:
            of_points(face, shrunk.shape[1] / seen.pixels.shape[1], points, small)
        missed += (seen.face is None) + (face is None)
    unit = "% of the eyes' corners"
    yield at_most("faces that were not found", missed, "faces", 0)
    yield Row("people with points", len(found["points"]), "pictures")
    yield at_most("12 points", fmean(found["points"]), unit, 1.8)
    yield at_most("12 points, the worst face", max(found["points"]), unit, 3.5)
    yield at_most("corners of the eyes", fmean(found["corners"]), unit, 2.2)
    for name in WIDTHS:
        mean = fmean(found[name])
        near = abs(mean - 1) <= 0.03
        yield Row(f"width of the {name}", mean, "of the truth", "0.97 to 1.03", near)
    yield at_most(f"12 points, faces of {SMALL} px", fmean(small["points"]), unit, 3.5)
    for times, share in WITHIN.items():
        value = fmean(found[f"within {times}"])
        goal, near = f"{share - NEAR:.2f} to {share + NEAR:.2f}", abs(value - share) <= NEAR
        yield Row(f"coordinates within {times} deviations", value, "of all", goal, near)
    for name, (both, either) in sums.items():
        yield at_least(f"IoU of {name}", both / either, "", IOU[name])


def number_rows(pictures: Sequence[Seen]) -> Iterator[Row]:
    """Age, sex, smiles and glasses."""
    with (COLOUR / "people.csv").open() as file:
        people = {row["person"]: row for row in csv.DictReader(file)}
    ages, told, right, worn = list[float](), list[float](), list[bool](), 0
    smiles: dict[str, float] = {}
    for seen in pictures:
        stem, face = seen.path.stem, seen.face
        person = stem.removesuffix("_neutral").removesuffix("_smiling")
        if face is None or person not in people:
            continue
        smiles[stem] = face.moment["smile"]
        worn += face.moment["glasses"] > 0.5
        if stem.endswith("_smiling"):
            continue
        row = people[person]
        right.append((face.traits["masculine"] > 0.5) == (row["gender"] == "male"))
        if isfinite(number_of(row["age"])):
            ages.append(float(row["age"]))
            told.append(face.traits["age"])
    off = fmean(np.abs(np.subtract(told, ages)).tolist())
    constant = float(np.abs(np.subtract(ages, np.median(ages))).mean())
    yield at_most("age", off, "years off", min(5.5, constant))
    yield Row("age, by the best constant", constant, "years off")
    yield at_least("sex", fmean(right), "right", 0.92)
    pairs = [stem for stem in smiles if f"{stem.removesuffix('_neutral')}_smiling" in smiles]
    pairs = [stem for stem in pairs if stem.endswith("_neutral")]
    ordered = [smiles[one] < smiles[f"{one.removesuffix('_neutral')}_smiling"] for one in pairs]
    if pairs:
        yield at_least(f"{len(pairs)} smiles beside neutral", fmean(ordered), "in order", 16 / 17)
    yield at_most("glasses where there are none", worn, "faces", 0)


def group(
    pictures: Sequence[Seen], scene: Path, number: int
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Eight heads in two rows before a scene, 30 to 130 pixels from ear to ear; their points."""
    draw = np.random.default_rng(number)
    image = Image.open(scene).convert("RGB").resize(GROUP)
    places, usual = [], draw.uniform(45, 110)
    known = [seen for seen in pictures if seen.face is not None]
    for place, at in enumerate(draw.choice(len(known), 8, replace=False)):
        seen, wide = known[at], usual * draw.uniform(0.7, 1.2)
        assert seen.face is not None
        opacity = PictureReading(pixels=seen.pixels, faces=[seen.face]).opacity()
        times = wide / float(np.hypot(*(seen.face.points[16] - seen.face.points[0])))
        size = round(times * seen.pixels.shape[1]), round(times * seen.pixels.shape[0])
        head = Image.fromarray(seen.pixels).resize(size, Image.Resampling.LANCZOS)
        alpha = Image.fromarray((255 * opacity).astype(np.uint8)).resize(size)
        row, column = divmod(place, 4)
        middle = GROUP[0] / 2 + (column - 1.5) * 2.3 * usual, 250 + 2.3 * row * usual
        corner = np.round(middle - times * seen.face.points.mean(0)).astype(int)
        image.paste(head, tuple(corner.tolist()), alpha)
        places.append(times * seen.face.points + corner)
    return np.array(image), places


def group_rows(model: Model, pictures: Sequence[Seen]) -> Iterator[Row]:
    """How many of eight faces in a picture are found."""
    found, largest, false, count = 0, 0, 0, 0
    for number, scene in enumerate(scenes()[:GROUPS]):
        pixels, places = group(pictures, scene, number)
        faces = read_faces(samples_of(pixels), model)
        sizes = [float(np.ptp(points[:, 0])) for points in places]
        there = [
            any(np.hypot(*(face.points - points).T).mean() < 0.15 * size for face in faces)
            for points, size in zip(places, sizes, strict=True)
        ]
        found, count = found + sum(there), count + len(there)
        largest += there[int(np.argmax(sizes))]
        false += max(0, len(faces) - sum(there))
    yield at_least(f"faces of {GROUPS} groups of eight", found / count, "found", 1)
    yield at_least("the largest of each group", largest / GROUPS, "found", 1)
    yield at_most("other faces in groups", false, "faces", 0)


def main() -> None:
    args = options(__doc__, people="test", model="reader")
    model = load(args.model)
    pictures = list(read_all(model, files(args.people)))
    rows = [*point_rows(model, pictures), *number_rows(pictures), *group_rows(model, pictures)]
    sys.exit(report(rows, json=args.json))


if __name__ == "__main__":
    main()
