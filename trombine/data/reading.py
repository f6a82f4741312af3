"""Pictures of a folder as rows: decoded, cut out, resized, their truth with them.

What is in the folder a layout says (layouts.py). A crop says which box of a picture is kept, or
which turned square (a Frame); that becomes the whole of a square of the wanted size (bicubic,
antialiased). Points move with it, and labels are taken at the nearest pixel. A JPEG that is much
larger than wanted is decoded at a half, a quarter or an eighth of its size, which is faster and
looks the same. Tiles are squares of a picture at its own size: what enlargers learn from.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8
from PIL import Image as Pillow
from skimage.draw import polygon2mask

from trombine.core.conventions import LANDMARK_COUNT, MIRRORED_PART, PARTS, check_points, to_picture
from trombine.core.devices import CPU
from trombine.core.errors import InputError, shown
from trombine.core.tiles import Box, cut, middle
from trombine.data.columns import PAIR, UNKNOWN, Columns, Row, base, shapes, stack, unknown
from trombine.data.kernel_resample import nearest, resample
from trombine.data.layouts import list_folder
from trombine.data.listing import Listing, Record, View
from trombine.data.proportions import straight
from trombine.data.silhouettes import silhouette
from trombine.faces import Frame, read_faces
from trombine.io.image import Picture, as_seen, load_labels, load_picture, size_of
from trombine.models import loaded

TILES: Final = "tiles"  # the crop of this name, and the kind of source
FRAMED: Final = {"face": 1.0, "bust": 1.6}  # crops at faces: sides of an aligned face's square
MOST: Final = 20_000  # squares that a source takes of a folder, where its spec does not say
_CACHE_LIMIT: Final = 2**28  # bytes of rows: a folder with fewer is decoded once
_LEAVE_OUT: Final = "remove it, or make a pack of the folder: trombine data prepare leaves it out"


class Folder:
    """A store of the pictures of a folder, read when they are asked for: their middle squares."""

    def __init__(self, path: Path, size: int, layout: str = "") -> None:
        """Look what is in the folder; raises InputError if that is no pictures."""
        self.path, self.size = path, size
        self.listing = list_folder(path, layout)
        self.classes, self.vector_names = self.listing.classes, self.listing.vector_names
        uses = np.array([record.split for record in self.listing.records], np.int64)
        self.splits: Int64[np.ndarray, "n"] | None = uses if (uses >= 0).any() else None
        self.blank = blank_row(self.listing, size)
        most = sum(cell.nbytes for cell in self.blank.values()) * len(self)
        self._cache: dict[int, Row] | None = {} if most <= _CACHE_LIMIT else None

    def __len__(self) -> int:
        return len(self.listing.records)

    def name(self, index: int) -> str:
        """The picture's file, as its folder names it."""
        return shown(self.listing.records[index].name)

    def rows(self, indices: Int64[np.ndarray, "n"]) -> Columns:
        """The columns of these pictures, read now; those of a small folder are read once."""
        return stack((self._row(index) for index in indices.tolist()), self.blank)

    def _row(self, index: int) -> Row:
        if self._cache is not None and index in self._cache:
            return self._cache[index]
        record = self.listing.records[index]
        try:
            row = read_row(self.path, self.listing, record, self.size)
        except InputError as error:
            if error.path not in {self.path / view.picture for view in record.sides}:
                raise  # of what is said of the picture
            raise InputError(error.problem, _LEAVE_OUT, path=error.path) from error
        if self._cache is not None:
            self._cache[index] = row
        return row


# A row

# How many times larger a picture may be than its parts map, or smaller: CelebAMask-HQ's is 2.
_RATIOS: Final = (1.0, 2.0, 4.0, 8.0, 0.5, 0.25, 0.125)
_MEND: Final = "mend it, or take it away to use the pictures alone"


def read_row(
    folder: Path,
    listing: Listing,
    record: Record,
    size: int,
    crop: str = "centre",
    device: str = CPU,
) -> Row:
    """What a store keeps of a record; raises InputError for what cannot be read.

    `crop`: centre, the largest square in the middle; none, all of the picture, squeezed; face, the
    square that its largest face stands in upright, found on this device; bust, a larger one, with
    shoulders, as far as the picture shows them.
    """
    row: dict[str, np.ndarray] = {}
    frame: Frame | None = None
    shape = (0, 0)
    for mark, view in zip(("", PAIR), record.sides, strict=False):
        path = folder / view.picture
        # A face is decoded whole: how much of the picture it will be is not known yet.
        least = None if crop in FRAMED else size
        image = load_picture(path, least=least) if view.tile < 0 else read_whole(path)
        height, width = image.height, image.width
        if view.tile >= 0:
            box = tile_box(image, view.tile, size)
        elif crop == "none":
            box = Box(top=0, left=0, bottom=height, right=width)
        elif crop in FRAMED and frame is not None and height * shape[1] == width * shape[0]:
            times = width / shape[1]  # both sides of a pair are framed alike
            box = replace(frame, x=frame.x * times, y=frame.y * times, side=frame.side * times)
        elif crop in FRAMED:
            box, shape = face_frame(as_seen(image), device), (height, width)
            box = box and _widened(box, FRAMED[crop], *shape)
            if box is None:
                remedy = "take it away, or give --crop centre"
                raise InputError("shows no face", remedy, path=path)
            frame = box
        else:
            box = middle(height, width)
        cells = _read_side(folder, listing, view, image, box, size)
        row |= {mark + name: cell for name, cell in cells.items()}
    if listing.vector_names and record.vector is not None:
        row["vectors"] = np.asarray(record.vector, np.float64)
    numbers = {"seeds": record.seed, "labels": record.label, "splits": record.split}
    return row | {name: np.array(number, np.int64) for name, number in numbers.items()}


def blank_row(listing: Listing, size: int) -> Row:
    """A row of unknown values, with every column that some record knows."""
    known: dict[str, bool] = {
        "vectors": bool(listing.vector_names),
        "labels": bool(listing.classes),
        "seeds": any(record.seed >= 0 for record in listing.records),
        "splits": any(record.split >= 0 for record in listing.records),
    }
    sides = zip(*(record.sides for record in listing.records), strict=True)
    for mark, views in zip(("", PAIR), sides, strict=False):
        has_points = any(view.points is not None for view in views)
        known |= {f"{mark}pictures": True, f"{mark}points": has_points}
        known |= {f"{mark}visible": has_points}
        known |= {f"{mark}parts": any(view.parts or view.masks or view.outlines for view in views)}
    shapes_of = {**shapes(size), "vectors": (len(listing.vector_names),)}
    names = sorted(name for name, is_known in known.items() if is_known)
    return {name: unknown(name, shapes_of[base(name)]) for name in names}


def _read_side(
    folder: Path, listing: Listing, view: View, image: Picture, box: Box | Frame, size: int
) -> dict[str, np.ndarray]:
    row = {"pictures": resize(as_seen(image), box, size)}
    if view.parts or view.masks:
        parts = resize_parts(_read_parts(folder, view, image), image, box, size)
        row["parts"] = MIRRORED_PART[parts] if view.swapped else parts
    elif view.outlines:
        row["parts"] = _outlined(view, row["pictures"], image, box, size)
    truth: dict[str, np.ndarray] = {}
    try:
        if view.points is not None:
            points = check_points(np.reshape(view.points, (LANDMARK_COUNT, 2)).astype(np.float32))
            seen = np.ones(LANDMARK_COUNT, np.bool_) if view.visible is None else view.visible
            truth["points"] = move_points(points, box, size, image.reduced)
            inside = ((truth["points"] >= 0) & (truth["points"] <= size)).all(-1)
            truth["visible"] = np.reshape(seen, LANDMARK_COUNT).astype(np.bool_, casting="safe")
            truth["visible"] &= inside
    except (ValueError, TypeError) as error:
        problem = f"is wrong about {shown(view.picture)}: {shown(str(error))[:200]}"
        raise InputError(problem, _MEND, path=folder / (listing.blame or view.picture)) from error
    return row | truth


def _outlined(
    view: View, pixels: UInt8[np.ndarray, "s s 3"], image: Picture, box: Box | Frame, size: int
) -> UInt8[np.ndarray, "s s"]:
    """The labels of what outlines go round, later ones over earlier ones, and of what an even
    ground tells; elsewhere 255."""
    parts = np.full((size, size), UNKNOWN["parts"], np.uint8)
    for part, outline in view.outlines:
        places = move_points(np.asarray(outline, np.float32), box, size, image.reduced)
        parts[polygon2mask(parts.shape, places[:, ::-1] - 0.5)] = part  # of pixels' middles
    points = move_points(np.asarray(view.points, np.float32), box, size, image.reduced)
    return silhouette(pixels, points, parts)


def _read_parts(folder: Path, view: View, image: Picture) -> UInt8[np.ndarray, "h w"]:
    """The labels of a picture: of one file that holds them all, or of a file for each part."""
    if view.parts:
        labels = load_labels(folder / view.parts)
        if labels.max() >= len(PARTS) or _ratio(labels, image) is None:
            problem = f"is not a parts map of its picture's size, with labels below {len(PARTS)}"
            raise InputError(problem, _MEND, path=folder / view.parts)
        return labels
    joined: np.ndarray | None = None
    for label, name in view.masks:
        mask = load_labels(folder / name)
        if _ratio(mask, image) is None or (joined is not None and mask.shape != joined.shape):
            raise InputError("is not a mask of its picture's size", _MEND, path=folder / name)
        joined = np.zeros(mask.shape, np.uint8) if joined is None else joined
        joined[mask > 127] = label
    assert joined is not None  # the caller asks only where there are masks
    return joined


def _ratio(labels: UInt8[np.ndarray, "h w"], image: Picture) -> float | None:
    """How many times wider the labels' picture was; None if they do not fit on it."""
    height, width = labels.shape
    for ratio in _RATIOS:
        wide, high = width * ratio / image.reduced, height * ratio / image.reduced
        if (np.ceil(wide), np.ceil(high)) == (image.width, image.height):
            return ratio
    return None


def resize(
    pixels: UInt8[np.ndarray, "h w 3"], box: Box | Frame, size: int
) -> UInt8[np.ndarray, "s s 3"]:
    """The box of the picture at the wanted size; as it is, if it is that size. Of a frame: bicubic,
    widened where it shrinks."""
    if not isinstance(box, Box):
        result = np.empty((1, size, size, 3), np.uint8)
        plain, shrinks = np.eye(3, 4)[None], np.array([max(box.side / size, 1.0)])
        old = np.ascontiguousarray(pixels)[None]
        resample(old, _map(box, size), straight(1), shrinks, plain, result)
        return result[0]
    part = np.ascontiguousarray(cut(pixels.transpose(2, 0, 1), box).transpose(1, 2, 0))
    if part.shape[:2] == (size, size):
        return part
    picture = Pillow.fromarray(part)
    return np.asarray(picture.resize((size, size), Pillow.Resampling.BICUBIC))


def resize_parts(
    parts: UInt8[np.ndarray, "h w"], image: Picture, box: Box | Frame, size: int
) -> UInt8[np.ndarray, "s s"]:
    """The labels at the centres of the new pixels: a label is never averaged."""
    scale = image.reduced / (_ratio(parts, image) or 1.0)  # of the picture's pixels to the labels'
    if not isinstance(box, Box):
        return framed_parts(parts, box, size, scale)
    steps = (np.arange(size) + 0.5) / size
    rows = ((box.top + steps * box.height) * scale).astype(np.int64)
    columns = ((box.left + steps * box.width) * scale).astype(np.int64)
    last_row, last_column = parts.shape[0] - 1, parts.shape[1] - 1
    return parts[np.ix_(np.minimum(rows, last_row), np.minimum(columns, last_column))]


def move_points(
    points: Float32[np.ndarray, "k 2"], box: Box | Frame, size: int, reduced: int = 1
) -> Float32[np.ndarray, "k 2"]:
    """The points in the resized box, pixels; those of a picture of that size as they are."""
    if not isinstance(box, Box):
        linear, offset = np.split(_map(box, size)[0], [2], 1)
        places = (points / reduced).astype(np.float64) - offset[:, 0]
        return (places @ np.linalg.inv(linear).T).astype(np.float32)
    if box == Box(top=0, left=0, bottom=size, right=size) and reduced == 1:
        return points
    scale = np.array([size / box.width, size / box.height])
    moved = (points.astype(np.float64) / reduced - [box.left, box.top]) * scale
    return moved.astype(np.float32)


# Faces cut out upright, as a Frame says; outside the picture it is mirrored at its edge

Maps = Float64[np.ndarray, "1 2 3"]
READER: Final = "reader"  # that finds the faces


def face_frame(pixels: UInt8[np.ndarray, "h w 3"], device: str = CPU) -> Frame | None:
    """Where the largest face of a picture stands with its eyes in their places; None without."""
    reader = loaded(READER, task="read", device=device)
    faces = read_faces(to_picture(pixels), reader, largest=True)
    return faces[0].aligned() if faces else None


def _widened(frame: Frame, most: float, height: int, width: int) -> Frame:
    """The square so many times as wide, as far as the picture reaches; it never shrinks."""
    room = 2 * min(frame.x, width - frame.x, frame.y, height - frame.y) / frame.side
    return replace(frame, side=frame.side * min(max(room, 1.0), most))


def framed_parts(
    parts: UInt8[np.ndarray, "h w"], frame: Frame, size: int, times: float = 1.0
) -> UInt8[np.ndarray, "s s"]:
    """The labels at the middles of the new pixels; `times` as many pixels as the picture has."""
    result = np.empty((1, size, size), np.uint8)
    nearest(np.ascontiguousarray(parts)[None], _map(frame, size) * times, straight(1), result)
    return result[0]


def _map(frame: Frame, size: int) -> Maps:
    """From places of the new picture to those of the old."""
    cos, sin = math.cos(frame.angle), math.sin(frame.angle)
    linear = np.array([[cos, -sin], [sin, cos]]) * frame.side / size
    middle = np.array([frame.x, frame.y]) - linear @ [size / 2, size / 2]
    return np.concatenate([linear, middle[:, None]], 1)[None]


# Tiles


def tiled(folder: Path, listing: Listing, size: int, most: int | None = None) -> Listing:
    """The listing of the squares of its pictures; of more than `most`, some of every region."""
    squares = [square for record in listing.records for square in _cut(folder, record, size)]
    if not squares:
        problem = f"holds no picture of {size} x {size} pixels or more to cut squares out of"
        raise InputError(problem, "give a smaller --size", path=folder)
    if most is not None and len(squares) > most:
        squares = [squares[index * len(squares) // most] for index in range(most)]
    return replace(listing, records=squares)


def _cut(folder: Path, record: Record, size: int) -> Iterator[Record]:
    """The squares of a picture; of one that cannot be read a first, which is refused then."""
    height = width = size
    with suppress(InputError):
        height, width = size_of(folder / record.name)
    for number in range((height // size) * (width // size)):
        yield replace(record, sides=tuple(replace(view, tile=number) for view in record.sides))


def tile_box(image: Picture, number: int, size: int) -> Box:
    """The square of this number: in rows from the left above, all together in the middle."""
    rows, columns = image.height // size, image.width // size
    if number >= rows * columns:
        problem = f"has {image.width} x {image.height} pixels, too few for a square of {size}"
        raise InputError(problem, "give a smaller --size, or take it away")
    top = (image.height - rows * size) // 2 + number // columns * size
    left = (image.width - columns * size) // 2 + number % columns * size
    return Box(top=top, left=left, bottom=top + size, right=left + size)


def read_whole(path: Path) -> Picture:
    """A picture, decoded once for all of its squares where they are read one after the other."""
    changed = 0
    with suppress(OSError, ValueError):  # said when it is opened
        changed = path.stat().st_mtime_ns
    return _decoded(path, changed)


@lru_cache(maxsize=1)
def _decoded(path: Path, changed: int) -> Picture:
    return load_picture(path)
