"""Masks in one line of text: `irregular:30-40`, `irregular*0.7+squares*0.3`, a curriculum.

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
    files:PATH  a folder of mask files, white = hole; `inverted:PATH` black = hole; `nvidia:PATH`
                NVIDIA's irregular masks, either set

`huge>irregular@50000-200000` is a curriculum: huge masks until the run has seen 50,000 pictures,
irregular ones from 200,000 on, and between them the chance of an irregular one grows evenly. With
one number the change is at once. More can follow: `squares>huge@1000>irregular@50000-90000`.
What a spec means is in draw.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool

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

Hole = Bool[np.ndarray, "h w"]  # a mask: True where the picture is to be painted

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

SIDES: Final = ("left", "right", "top", "bottom", "slanted")
BRUSHED: Final = {"irregular": (0, 60), "huge": (50, 80)}  # the share that is usual, percent
MOST: Final = 90  # percent
FOLDERS: Final = ("files", "inverted", "nvidia")
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


@dataclass(frozen=True, kw_only=True)
class MaskStage:
    """A mix, and the places of the run over which it takes the place of the one before."""

    mix: tuple[MaskTerm, ...]
    first: int = 0
    last: int = 0


@dataclass(frozen=True, kw_only=True)
class Masks:
    """What a spec asks for: one mix, or several after one another."""

    stages: tuple[MaskStage, ...]

    def __str__(self) -> str:
        mixes = ["+".join(map(spell, stage.mix)) for stage in self.stages]
        for number, stage in enumerate(self.stages[1:], 1):
            last = f"-{stage.last}" if stage.last > stage.first else ""
            mixes[number] += f"@{stage.first}{last}"
        return ">".join(mixes)


def parse(spec: str) -> Masks:
    """What a spec asks for; raises InputError."""
    with reading(spec):
        first, *later = cut(spec, ">")
        stages = [MaskStage(mix=_mix(pieces(first, names=FAMILIES, paths=FOLDERS)))]
        for text in later:
            stages.append(_stage(text, stages[-1].last))
        return Masks(stages=tuple(stages))


def parse_mix(spec: str) -> tuple[MaskTerm, ...]:
    """The terms of a spec that is no curriculum; raises InputError."""
    first, *later = parse(spec).stages
    if later:
        why = "a curriculum (>) counts the pictures of a run, and here is none"
        raise InputError(f"{shown(spec)}: {why}; ask for a mix, or for draw_masks in Python")
    return first.mix


def spell(term: MaskTerm) -> str:
    """The one way to write a term."""

    def reads(text: str) -> bool:
        return parse(f"{text}>squares@1").stages[0].mix == (term,)

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
    return MaskStage(mix=_mix(found), first=first, last=last)


def _mix(found: list[Piece]) -> tuple[MaskTerm, ...]:
    return tuple(map(_term, found))


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
