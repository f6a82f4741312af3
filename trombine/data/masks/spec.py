"""Masks in one line of text: `irregular:30-40`, `irregular*0.7+squares*0.3`, a curriculum.

    spec   = mix { ">" mix "@" first [ "-" last ] }
    mix    = term { "+" term }
    term   = family [ ":" what ] [ "*" weight ]

    irregular   strokes, blobs and dots; `:30-40` is the share of the picture in percent (0-60
                unless given, at most 90), `,inside` keeps away from the border (at most 60),
                `,border` touches it
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

A path with `+`, `>` or an ending such as `*2` in it is put in double quotes. What a spec means is
in draw.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool

from trombine.core.conventions import GROUPS, PARTS
from trombine.core.errors import InputError, shown
from trombine.core.grammar import (
    NUMBER,
    Piece,
    cut,
    instead,
    marked,
    pieces,
    reading,
    span,
    spelled,
    weighed,
    weight_of,
)

Hole = Bool[np.ndarray, "h w"]  # a mask: True where the picture is to be painted

# Names of parts of a face that a mask can cover, and the labels of each.
# A name is one of the 8 groups, one of the 19 labels, or `face`: all but hair, ears and what is
# worn.
_GROUPED: Final = {
    group: tuple(i for i, part in enumerate(PARTS) if part.group == group) for group in GROUPS
}
_FACE: Final = ("skin", "nose", "eyes", "brows", "mouth")
_LABELLED: Final = {part.name: (i,) for i, part in enumerate(PARTS)}

LABELS: Final[dict[str, tuple[int, ...]]] = (
    # `mouth`, `nose`, `hair` and `skin` are groups too, and the group is meant.
    _LABELLED | _GROUPED | {"face": tuple(i for group in _FACE for i in _GROUPED[group])}
)
PART_NAMES: Final = tuple(LABELS)
USUAL: Final = ("eyes", "mouth", "nose", "brows", "hair", "face")  # when none is named

SIDES: Final = ("left", "right", "top", "bottom", "slanted")
EDGES: Final = ("inside", "border")
BRUSHED: Final = {"irregular": (0, 60), "huge": (50, 80)}  # the share that is usual, percent
MOST: Final = {"": 90, "border": 90, "inside": 60}  # percent, by what is said of the border
PLAIN: Final = ("squares", "scratches", "text")
FOLDERS: Final = ("files", "inverted", "nvidia")
FAMILIES: Final = (*BRUSHED, "squares", "half", "parts", "scratches", "text", *FOLDERS)
DEFAULT: Final = "irregular*3+squares+huge+half+parts+scratches+text"

_PATH: Final = re.compile(rf"\s*(?:{'|'.join(FOLDERS)}):")
_BEGINS: Final = re.compile(rf"(?:{'|'.join(FAMILIES)})(?=[:*]|$)")


@dataclass(frozen=True, kw_only=True)
class MaskTerm:
    """One family, as it was asked for."""

    family: str
    share: tuple[int, int] = (0, 0)  # of a brushed family: above the first, to the second, percent
    edge: str = ""  # of a brushed family: inside, border, or either
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
        first, *later = self.stages
        return ">".join(["+".join(map(spell, first.mix)), *map(_spell_stage, later)])

    @property
    def terms(self) -> tuple[MaskTerm, ...]:
        """The terms of all mixes."""
        return tuple(term for stage in self.stages for term in stage.mix)


def parse(spec: str) -> Masks:
    """What a spec asks for; raises InputError."""
    with reading(spec):
        first, *later = cut(spec.strip(), ">")
        stages = [MaskStage(mix=_mix(first))]
        for text in later:
            stages.append(_stage(text.strip(), stages[-1].last))
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
    value = term.path or ",".join(filter(None, (share, term.edge, *term.names)))
    return spelled(term.family, value, {"*": weighed(term.weight)}, reads if term.path else None)


def _spell_stage(stage: MaskStage) -> str:
    when = str(stage.first) if stage.first == stage.last else f"{stage.first}-{stage.last}"
    return f"{'+'.join(map(spell, stage.mix))}@{when}"


def _stage(text: str, earliest: int) -> MaskStage:
    """A mix and when it comes, not before the last change has ended."""
    mix, when = marked(text, {"@": r"\d{1,15}(?:-\d{1,15})?"})
    places = span(when)
    if not places:
        how = "squares>irregular@1000-5000"
        raise InputError(f"say when '{text}' comes, in pictures seen, as in {how}")
    first, last = map(int, places)
    if not earliest <= first <= last:
        raise InputError("the changes of a curriculum come one after another")
    return MaskStage(mix=_mix(mix), first=first, last=last)


def _mix(text: str) -> tuple[MaskTerm, ...]:
    return tuple(map(_term, pieces(text, {"*": NUMBER}, _goes_on)))


def _goes_on(before: str, after: str) -> bool:
    return bool(_PATH.match(before)) and not _BEGINS.match(after)


def _term(piece: Piece) -> MaskTerm:
    family, value, weight = piece.name, piece.value, weight_of(piece.marks["*"])
    if family not in FAMILIES or (family not in FOLDERS and "*" in piece.body):
        raise InputError(f"'{piece.body}' is no family of masks; {instead(family, FAMILIES)}")
    if family in FOLDERS and value in ("", '""'):
        raise InputError(f"name the folder, as in {family}:PATH")
    if family in FOLDERS:
        return MaskTerm(family=family, path=value, weight=weight)
    if family in BRUSHED:
        share, edge = _brushed(family, value)
        return MaskTerm(family=family, share=share, edge=edge, weight=weight)
    return MaskTerm(family=family, names=_names(family, value), weight=weight)


def _brushed(family: str, value: str) -> tuple[tuple[int, int], str]:
    """The share and the edge of `30-40,inside`."""
    words = value.split(",") if value else []
    edge = next((word for word in words if word in EDGES), "")
    low, high = BRUSHED[family][0], min(BRUSHED[family][1], MOST[edge])
    for word in words:
        if ends := span(word, r"\d{1,3}"):
            low, high = map(int, ends)
        elif word != edge:
            raise InputError(f"'{word}' is neither a share, as 30-40, nor inside or border")
    if len(words) > (2 if edge else 1):
        raise InputError(f"{family} takes one share, and inside or border; mix two with +")
    if not low < high <= MOST[edge]:
        place = " inside of a margin" if edge == "inside" else ""
        raise InputError(f"a share{place} is A-B, A below B, at most {MOST[edge]} percent")
    return (low, high), edge


def _names(family: str, value: str) -> tuple[str, ...]:
    allowed = {"half": SIDES, "parts": PART_NAMES}.get(family, ())
    names = tuple(dict.fromkeys(filter(None, value.split(","))))
    wrong = next((name for name in names if name not in allowed), None)
    if wrong is not None and not allowed:
        raise InputError(f"{family} takes nothing after a colon")
    if wrong is not None:
        raise InputError(f"'{wrong}' is none of {', '.join(allowed)}")
    return names
