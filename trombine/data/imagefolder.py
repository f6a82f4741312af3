"""The folder that `data world`, `leaves`, `fractals` and `masks` write: pictures and their lines.

It is the layout that Hugging Face's `datasets` loads as "imagefolder": metadata.jsonl has a JSON
object a line, and each key that ends in file_name points to a picture.

    one style                         a pair, photo+anime
    metadata.jsonl                    metadata.jsonl
    000000.png                        photo/000000.png
    parts/000000.png                  photo_parts/000000.png
                                      anime/000000.png
                                      anime_parts/000000.png

    file_name, parts_file_name        photo_file_name, photo_parts_file_name, anime_file_name, ...
    landmarks, visible                photo_landmarks, photo_visible, anime_landmarks, ...
    seed, size, style, face           the same

`landmarks` is 68 times [x, y] in pixels, `visible` 68 booleans, `face` the face's numbers by
name, and the parts are a palette PNG whose indices are the labels. Leaves have pictures and seeds
only. Pictures of one name in two folders are the two of a pair, which is what tools for aligned
pairs expect. Here is what a line and its files hold, in both directions; which files are made is
in filling.py, and any other folder of pictures is read in folder.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from trombine.conventions import PART_COLOURS
from trombine.data.made import KINDS, POINT_DECIMALS, Maker, Sample, Side
from trombine.io.image import encode_png, read_record
from trombine.record import record_of
from trombine.refusal import InputError

METADATA: Final = "metadata.jsonl"
FILE_NAME: Final = "file_name"
PARTS_FILE_NAME: Final = "parts_file_name"

Line = dict[str, Any]  # one line of metadata.jsonl


@dataclass(frozen=True, kw_only=True)
class DrawnSample:
    """What is written for one seed: the files by their names in the folder, and the line."""

    seed: int
    files: Mapping[str, bytes]
    line: str


@dataclass(frozen=True)
class DrawChunk:
    """The function workers run: what is to be written for a few seeds."""

    maker: Maker

    def __call__(self, seeds: Sequence[int]) -> list[DrawnSample]:
        return [draw(self.maker, seed) for seed in seeds]


def draw(maker: Maker, seed: int) -> DrawnSample:
    """What is written for this seed."""
    sample = maker.make(seed)
    files = {}
    for side, prefix in zip(sample.sides, prefixes(maker), strict=True):
        if side.parts is not None:
            files[parts_name(prefix, seed)] = parts_png(side.parts)
        files[picture_name(prefix, seed)] = png(maker, seed, side)
    return DrawnSample(seed=seed, files=files, line=json.dumps(_line(maker, sample)))


def prefixes(maker: Maker) -> tuple[str, ...]:
    """What stands before each side's keys, and names its folders: nothing for a single side."""
    return maker.styles if maker.paired else ("",)


def names(maker: Maker, seed: int) -> Iterator[str]:
    """The files of this seed, in the order in which they are written."""
    for prefix in prefixes(maker):
        if maker.kind == "world":
            yield parts_name(prefix, seed)
        yield picture_name(prefix, seed)


def picture_name(prefix: str, seed: int) -> str:
    """Where a picture is, in the folder."""
    return f"{prefix}/{seed:06d}.png" if prefix else f"{seed:06d}.png"


def parts_name(prefix: str, seed: int) -> str:
    """Where the parts of a picture are, in the folder."""
    return f"{join(prefix, 'parts')}/{seed:06d}.png"


def png(maker: Maker, seed: int, side: Side) -> bytes:
    """The file of a picture, with the record by which `replay` paints it again."""
    options = {"count": 1, "first_seed": seed, "size": maker.size}
    options |= {option: side.style} if (option := KINDS[maker.kind].option) else {}
    return encode_png(side.pixels, record_of(f"data_{maker.kind}", options))


def parts_png(parts: UInt8[np.ndarray, "h w"]) -> bytes:
    """The file of a parts map: its indices are the labels, its palette shows them."""
    picture = Image.fromarray(parts, "L")
    picture.putpalette(PART_COLOURS.tobytes())  # which makes it a palette picture
    held = BytesIO()
    picture.save(held, "png", compress_level=6)
    return held.getvalue()


def is_ours(path: Path, maker: Maker) -> bool:
    """Whether a file is a picture that this kind of maker painted."""
    try:
        record = read_record(path) or {}
    except (InputError, OSError, ValueError):
        return False
    return record.get("function", f"data_{record.get('verb')}") == f"data_{maker.kind}"


def head(maker: Maker, seed: int) -> Line:
    """How the line of a seed begins: its files, and what was asked for."""
    line: Line = {}
    for prefix in prefixes(maker):
        line[join(prefix, FILE_NAME)] = picture_name(prefix, seed)
        if maker.kind == "world":
            line[join(prefix, PARTS_FILE_NAME)] = parts_name(prefix, seed)
    line |= {"seed": seed, "size": maker.size}
    if maker.styles:
        line[KINDS[maker.kind].styles_key] = "+".join(maker.styles)
    return line | dict(KINDS[maker.kind].says(maker.styles))


def _line(maker: Maker, sample: Sample) -> Line:
    """The line of metadata.jsonl: file names first, then what is short, then the truth."""
    line = head(maker, sample.seed) | dict(sample.says)
    for prefix, side in zip(prefixes(maker), sample.sides, strict=True):
        if side.points is not None and side.visible is not None:
            points = np.round(side.points.astype(np.float64), POINT_DECIMALS)
            line[join(prefix, "landmarks")] = points.tolist()
            line[join(prefix, "visible")] = side.visible.tolist()
    if sample.vector is not None:
        numbers = dict(zip(maker.vector_names, sample.vector.tolist(), strict=True))
        line[KINDS[maker.kind].vector_key] = numbers
    return line


def sides_of(line: Line) -> tuple[str, ...]:
    """What stands before the keys of each picture of a line: ("",), or the names of a pair."""
    if FILE_NAME in line:
        return ("",)
    ends = f"_{FILE_NAME}"
    pictures = [key for key in line if key.endswith(ends) and not key.endswith(PARTS_FILE_NAME)]
    return tuple(key.removesuffix(ends) for key in pictures)


def join(prefix: str, name: str) -> str:
    """The key of a side's `name`, or its folder."""
    return f"{prefix}_{name}" if prefix else name
