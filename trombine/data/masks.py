"""Masks: which pixels are to be painted, drawn by families, each a function of its seed.

    spec   = mix { ">" mix "@" first [ "-" last ] }
    mix    = term { "+" term }
    term   = family [ ":" what ] [ "*" weight ]

    irregular   strokes, blobs and dots; `:30-40` is the share of the picture in percent (0-60
                unless given, at most 90)
    huge        the same with a huge brush, 50-80 % of the picture unless given
    squares     one to six squares
    half        one side of the picture; `:left,top` says which of left, right, top, bottom, slanted
    parts       a part of a face; `:eyes,mouth` says which, together
    scratches   lines, hairs and dust as on an old film
    text        letters over the picture
    files:PATH  a folder of mask files, white = hole; `inverted:PATH` black = hole

`huge>irregular@50000-200000` is a curriculum: huge masks until the run has seen 50,000 pictures,
irregular ones from 200,000 on, and between them the chance of an irregular one grows evenly. With
one number the change is at once. More can follow: `squares>huge@1000>irregular@50000-90000`.

A seed's mask is the same at every size, finer where there are more pixels, and the same whether
its family was asked for alone or drawn from a mix. In a run the place, which counts pictures, is
part of the key, and the clock of a curriculum. What a brush paints is in brushes.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from math import pi
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8
from PIL import Image
from scipy.ndimage import binary_fill_holes, distance_transform_edt

from trombine.core.conventions import GROUPS, PARTS
from trombine.core.errors import InputError, shown
from trombine.core.grammar import (
    SHARE,
    Piece,
    cut,
    instead,
    pieces,
    reading,
    span,
    spelled,
    weighed,
    weight_of,
)
from trombine.core.rng import FIRST, Rng
from trombine.data.brushes import draw_brushed, draw_scratches, draw_text
from trombine.io.image import PICTURE_SUFFIXES, load_picture
from trombine.world import face, paint

Hole = Bool[np.ndarray, "h w"]  # a mask: True where the picture is to be painted
Labels = UInt8[np.ndarray, "h w"]

# Names of parts of a face that a mask can cover, and the labels of each: one of the 19 labels, one
# of the 8 groups (of `mouth` the group is meant), or `face`: all but hair, ears and what is worn.
_GROUPED: Final = {
    group: tuple(i for i, part in enumerate(PARTS) if part.group == group) for group in GROUPS
}
LABELS: Final[dict[str, tuple[int, ...]]] = {
    **{part.name: (i,) for i, part in enumerate(PARTS)},
    **_GROUPED,
    "face": sum((_GROUPED[group] for group in ("skin", "nose", "eyes", "brows", "mouth")), ()),
}
USUAL: Final = ("eyes", "mouth", "nose", "brows", "hair", "face")  # when none is named

SIZES: Final = range(16, 2049)  # pixels of a side
SIDES: Final = ("left", "right", "top", "bottom", "slanted")
BRUSHED: Final = {"irregular": (0, 60), "huge": (50, 80)}  # the share that is usual, percent
MOST: Final = 90  # percent
FOLDERS: Final = ("files", "inverted")
FAMILIES: Final = (*BRUSHED, "squares", "half", "parts", "scratches", "text", *FOLDERS)
DEFAULT: Final = "irregular*3+squares+huge+half+parts+scratches+text"


@dataclass(frozen=True, kw_only=True)
class MaskTerm:
    """One family, as it was asked for."""

    family: str
    share: tuple[int, int] = (0, 0)  # of a brushed family: above the first, to the second, percent
    names: tuple[str, ...] = ()  # sides of a half, or parts; none: any
    path: str = ""  # of a folder
    weight: float = 1.0  # beside the other terms of its mix


Mix = tuple[MaskTerm, ...]


@dataclass(frozen=True, kw_only=True)
class MaskStage:
    """A mix, and the places of the run over which it takes the place of the one before."""

    mix: Mix
    first: int = 0
    last: int = 0


@lru_cache
def parse(spec: str) -> tuple[MaskStage, ...]:
    """What a spec asks for: one mix, or several after one another; raises InputError."""
    with reading(spec):
        first, *later = cut(spec, ">")
        found = pieces(first, names=FAMILIES, paths=FOLDERS)
        stages = [MaskStage(mix=tuple(map(_term, found)))]
        for text in later:
            stages.append(_stage(text, stages[-1].last))
        return tuple(stages)


def parse_mix(spec: str) -> Mix:
    """The terms of a spec that is no curriculum; raises InputError."""
    first, *later = parse(spec)
    if later:
        why = "a curriculum (>) counts the pictures of a run, and here is none"
        raise InputError(f"{shown(spec)}: {why}; ask for a mix, or for draw_masks in Python")
    return first.mix


def spell(term: MaskTerm) -> str:
    """The one way to write a term."""

    def reads(text: str) -> bool:
        return parse(f"{text}>squares@1")[0].mix == (term,)

    usual = BRUSHED.get(term.family, term.share)
    share = "" if term.share == usual else f"{term.share[0]}-{term.share[1]}"
    value = term.path or ",".join(filter(None, (share, *term.names)))
    return spelled(term.family, value, {"*": weighed(term.weight)}, reads if term.path else None)


def _stage(text: str, earliest: int) -> MaskStage:
    """A mix and when it comes, not before the last change has ended."""
    marks = {**SHARE, "@": r"\d{1,15}(?:-\d{1,15})?"}
    found = pieces(text, marks, names=FAMILIES, paths=FOLDERS)
    places = span(found[-1].marks["@"])
    if not places:
        how = "squares>irregular@1000-5000"
        raise InputError(f"say when '{text.strip()}' comes, in pictures seen, as in {how}")
    first, last = map(int, places)
    if not earliest <= first <= last:
        raise InputError("the changes of a curriculum come one after another")
    return MaskStage(mix=tuple(map(_term, found)), first=first, last=last)


def _term(piece: Piece) -> MaskTerm:
    family, value, weight = piece.name, piece.value, weight_of(piece.marks["*"])
    if family not in FAMILIES or (family not in FOLDERS and "*" in piece.body):
        raise InputError(f"'{piece.body}' is no family of masks; {instead(family, FAMILIES)}")
    if family in FOLDERS:
        if value in ("", '""'):
            raise InputError(f"name the folder, as in {family}:PATH")
        return MaskTerm(family=family, path=value, weight=weight)
    words = [word.removeprefix("share=") for word in value.split(",") if word]
    if family in BRUSHED:
        found = span(words[0], r"\d{1,3}") if words else BRUSHED[family]
        low, high = map(int, found or (0, 0))
        if len(words) > 1 or not low < high <= MOST:
            raise InputError(f"{family} takes one share, A-B: A below B, at most {MOST} percent")
        return MaskTerm(family=family, share=(low, high), weight=weight)
    allowed = {"half": SIDES, "parts": tuple(LABELS)}.get(family, ())
    if wrong := set(words) - set(allowed):
        raise InputError(f"'{min(wrong)}' is none of {', '.join(allowed) or 'what it takes'}")
    return MaskTerm(family=family, names=tuple(dict.fromkeys(words)), weight=weight)


# Drawing


@dataclass(frozen=True, kw_only=True)
class DrawnMask:
    """One mask, and what it is."""

    hole: Hole
    term: str  # what it was drawn from, without weight
    family: str  # the same; of a file, how it was read

    @property
    def share(self) -> float:
        """The part of the picture that is hole, to a millionth."""
        return round(float(self.hole.mean()), 6)


def mask(spec: str, seed: int, size: int | tuple[int, int], parts: Labels | None = None) -> Hole:
    """The mask of a seed: True where the picture is to be painted.

    `spec` is a mix, `size` pixels: of both sides, or height and width. `parts` are the labels of
    the picture to be masked, for masks over parts of a face.
    """
    return draw_mask(parse_mix(spec), seed, size, parts).hole


def draw_mask(
    mix: Mix, seed: int, size: int | tuple[int, int], parts: Labels | None = None
) -> DrawnMask:
    """The mask of a seed, with what it is."""
    return _draw(mix, Rng(seed=seed, places=FIRST), _sides(size), parts)


def draw_masks(
    spec: str,
    chance: Rng,
    *,
    size: int | tuple[int, int],
    parts: UInt8[np.ndarray, "n h w"] | None = None,
) -> Float32[torch.Tensor, "n 1 h w"]:
    """Masks for the pictures of this chance, 1 where the picture is to be painted.

    A mask over parts is a function of the picture's parts too. What a run is measured on has masks
    of its own, not those of its first pictures, where its chance is within a name.
    """
    stages, sides = parse(spec), _sides(size)
    holes = np.empty((len(chance.places), 1, *sides), np.float32)
    for number in range(len(holes)):
        alone = chance.at(chance.places[number : number + 1])
        labels = None if parts is None else parts[number]
        holes[number, 0] = _draw(_stage_at(stages, alone).mix, alone, sides, labels).hole
    return torch.from_numpy(holes)


def _stage_at(stages: tuple[MaskStage, ...], chance: Rng) -> MaskStage:
    """The stage that a mask of this place is from.

    Between a change's first and last place the chance of the new stage grows evenly from 0 to 1.
    What a run is measured on, whose chance is within a name, has masks of the last stage.
    """
    if chance.about:
        return stages[-1]
    now, place = stages[0], chance.places.item()
    for stage in stages[1:]:
        gone, length = place - stage.first, stage.last - stage.first
        if gone >= length and gone >= 0:
            now = stage
        elif gone > 0 and chance.uniform("mask: stage") * length < gone:
            return stage
    return now


def _draw(mix: Mix, chance: Rng, sides: tuple[int, int], parts: Labels | None) -> DrawnMask:
    term = mix[chance.choice("mask: family", np.array([term.weight for term in mix]))]
    if parts is not None and parts.shape != sides:
        raise InputError(f"parts of {parts.shape} pixels are not those of a mask of {sides}")
    match term.family:
        case "squares":
            hole = draw_squares(chance, *sides)
        case "half":
            hole = draw_half(term.names or SIDES, chance, *sides)
        case "parts":
            hole = draw_parts(term.names, chance, *sides, parts)
        case "scratches":
            hole = draw_scratches(chance, *sides)
        case "text":
            hole = draw_text(chance, *sides)
        case "irregular" | "huge":
            hole = draw_brushed(term.family, term.share, chance, *sides)
        case _:
            hole = draw_file(term.family, file_of(term, chance), *sides)
    if not hole.any():  # then a pixel in its middle
        hole[hole.shape[0] // 2, hole.shape[1] // 2] = True
    if hole.all():
        hole[0, 0] = False
    text = spell(replace(term, weight=1.0))
    return DrawnMask(hole=hole, term=text, family=term.family if term.path else text)


def _sides(size: int | tuple[int, int]) -> tuple[int, int]:
    sides = (size, size) if isinstance(size, int) else size
    if not all(side in SIZES for side in sides):
        raise InputError(f"a mask has {SIZES[0]} to {SIZES[-1]} pixels a side, not {size}")
    return sides


# Plain shapes

MOST_SQUARES: Final = 6
SIDE: Final = (0.08, 0.5)  # of a square, in shorter sides of the picture
MARGIN: Final = 0.06  # round parts, the widest, in shorter sides of the picture
_SEEDS: Final = 1_000_000  # faces of a place in a run: those that are for training


def draw_squares(chance: Rng, height: int, width: int) -> Hole:
    """One to six squares that lie within the picture, and may lie over one another."""
    rng = chance.generator("mask: squares")
    ys, xs = np.arange(height) + 0.5, np.arange(width) + 0.5
    hole = np.zeros((height, width), np.bool_)
    for _ in range(rng.integers(1, MOST_SQUARES + 1)):
        share = SIDE[0] * (SIDE[1] / SIDE[0]) ** rng.random()
        side = max(share * min(height, width), 1.0)
        top, left = rng.random(2) * (height - side, width - side)
        rows, columns = (ys > top) & (ys <= top + side), (xs > left) & (xs <= left + side)
        hole |= rows[:, None] & columns[None, :]
    return hole


def draw_half(sides: tuple[str, ...], chance: Rng, height: int, width: int) -> Hole:
    """One side of a line through the middle of the picture; the line's own pixels are kept."""
    rng = chance.generator("mask: half")
    side = sides[int(rng.integers(len(sides)))]
    y, x = np.arange(height) * 2 + 1 - height, np.arange(width) * 2 + 1 - width
    if side == "slanted":
        angle = rng.uniform(0, 2 * pi)
        return y[:, None] * np.sin(angle) + x[None, :] * np.cos(angle) > 0
    along = {"left": -x[None, :], "right": x[None, :], "top": -y[:, None], "bottom": y[:, None]}
    return np.broadcast_to(along[side] > 0, (height, width)).copy()


def draw_parts(
    named: tuple[str, ...], chance: Rng, height: int, width: int, parts: Labels | None = None
) -> Hole:
    """The parts that are named, or one of the usual ones, and what is within a drawn margin.

    `parts` are the labels of the picture that is masked; without them, those of a world face of
    this chance. Where the picture has none of these parts, the whole face is taken; empty if there
    is no face either.
    """
    rng = chance.generator("mask: parts")
    margin = rng.random() * MARGIN * min(height, width)
    usual = USUAL[int(rng.integers(len(USUAL)))]
    if parts is None or parts.min() >= len(PARTS):  # of which nothing is known
        parts = _world_parts(chance, height, width)
    for names in (named or (usual,), ("face",)):
        hole = np.isin(parts, [label for name in names for label in LABELS[name]])
        if hole.any():
            break
    if hole.any() and margin >= 1:  # all pixels whose centre is so near to that of one of it
        hole = np.asarray(distance_transform_edt(~hole)) <= margin
    # What a face encloses too: glasses or a moustache left in it would tell of it.
    return np.asarray(binary_fill_holes(hole), np.bool_) if "face" in names else hole


def _world_parts(chance: Rng, height: int, width: int) -> Labels:
    """The parts of a face of the world: the middle of the square one."""
    seed = chance.seed
    if chance.places.any() or chance.about:
        seed = chance.bits("mask: face").item() % _SEEDS
    size = max(height, width)
    top, left = (size - height) // 2, (size - width) // 2
    return paint(face(seed), size).parts[top : top + height, left : left + width]


# Files
#
# `files` takes what is bright (above the middle) as the hole, `inverted` what is dark. A file is
# cropped to the middle of the wanted shape and resized; a pixel is hole if more than half of it is.
#
# Of the NVIDIA Irregular Mask Dataset (Liu et al. 2018) the testing set is read by `files`, the
# training set by `inverted`.

Grey = Float32[np.ndarray, "h w"]  # 0 black to 1 white

MIDDLE: Final = 0.5


def file_of(term: MaskTerm, chance: Rng) -> Path:
    """The file of a folder that this chance takes."""
    names = list_files(term.path)
    return Path(term.path) / names[int(chance.uniform("mask: file") * len(names))]


def check_folders(mix: Mix) -> None:
    """Look at the folders as they are now; refuse those without pictures by an InputError."""
    for cached in (list_files, listing_hash):
        cached.cache_clear()
    files_of(mix)


def files_of(mix: Mix) -> list[Path]:
    """All files that masks of this mix are drawn from."""
    return [Path(term.path, name) for term in mix if term.path for name in list_files(term.path)]


def draw_file(family: str, path: Path, height: int, width: int) -> Hole:
    """The hole in a file, read as files or inverted."""
    grey = _read(path)
    hole = grey <= MIDDLE if family == "inverted" else grey > MIDDLE
    if hole.all() or not hole.any():
        problem = "is nothing but hole" if hole.all() else "holds no hole"
        raise InputError(f"{shown(path)} {problem}, which is no mask; take it out of the folder")
    return _resized(hole, height, width)


@lru_cache(maxsize=32)
def list_files(folder: str) -> tuple[str, ...]:
    """The pictures in a folder and below, in the order of their names."""
    root = Path(folder)
    if not root.is_dir():
        raise InputError(f"{shown(folder)} is not a folder of masks; check the name")
    paths = [path for path in root.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES]
    if not paths:
        raise InputError(f"{shown(folder)} holds no pictures; name a folder of mask files")
    return tuple(sorted(path.relative_to(root).as_posix() for path in paths))


@lru_cache(maxsize=32)
def listing_hash(folder: str) -> str:
    """A hash of the names and sizes of a folder's files: of others, a seed takes another."""
    root = Path(folder)
    listed = (f"{name}\0{(root / name).stat().st_size}\n" for name in list_files(folder))
    return sha256("".join(listed).encode(errors="surrogateescape")).hexdigest()[:16]


def _read(path: Path) -> Grey:
    grey = load_picture(path).rgb().mean(axis=2)
    if 0 < grey.max() < 1.5 / 255:  # which would be a mask without a hole, or all hole
        raise InputError(f"{shown(path)} holds 0 and 1, which are both black; write 0 and 255")
    return grey


def _resized(hole: Hole, height: int, width: int) -> Bool[np.ndarray, "k l"]:
    """The middle of the hole, of this shape: pixels more than half of which are hole."""
    rows, columns = hole.shape
    scale = min(rows / height, columns / width)
    tall, wide = scale * height, scale * width
    left, top = (columns - wide) / 2, (rows - tall) / 2
    picture = Image.fromarray(hole.astype(np.float32))
    box = (left, top, left + wide, top + tall)
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR, box)) > 0.5
