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

In a path, `+` followed by a family, `>`, and an ending such as `*2` or `@5` would be read as more
of the spec: put such a path in double quotes. What a spec means is in draw.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from math import inf
from typing import Final

import numpy as np
from jaxtyping import Bool

from trombine.data.masks.names import PART_NAMES
from trombine.refusal import InputError
from trombine.texts import check_length

Hole = Bool[np.ndarray, "h w"]  # a mask: True where the picture is to be painted

SIDES: Final = ("left", "right", "top", "bottom", "slanted")
EDGES: Final = ("inside", "border")
BRUSHED: Final = {"irregular": (0, 60), "huge": (50, 80)}  # the share that is usual, percent
MOST: Final = {"": 90, "border": 90, "inside": 60}  # percent, by what is said of the border
PLAIN: Final = ("squares", "scratches", "text")
FOLDERS: Final = ("files", "inverted", "nvidia")
FAMILIES: Final = (*BRUSHED, "squares", "half", "parts", "scratches", "text", *FOLDERS)
DEFAULT: Final = "irregular*3+squares+huge+half+parts+scratches+text"

_IN_FOLDERS: Final = tuple(f"{family}:" for family in FOLDERS)
_CUT: Final = {sign: re.compile(rf'"[^"]*"?|[{sign}]') for sign in ">+"}
_START: Final = re.compile(rf"(?:{'|'.join(FAMILIES)})(?=[:*]|$)")
_TERM: Final = re.compile(r"(?s)(\w*)(:)?(.*?)(?:\*(\d+(?:\.\d+)?|\.\d+))?")
_MOVE: Final = re.compile(r"(?s)(.*)@(\d{1,15})(?:-(\d{1,15}))?")
_SHARE: Final = re.compile(r"(\d{1,3})-(\d{1,3})")


@dataclass(frozen=True, kw_only=True)
class Term:
    """One family, as it was asked for."""

    family: str
    share: tuple[int, int] = (0, 0)  # of a brushed family: above the first, to the second, percent
    edge: str = ""  # of a brushed family: inside, border, or either
    names: tuple[str, ...] = ()  # sides of a half, or parts; none: any
    path: str = ""  # of a folder
    weight: float = 1.0  # beside the other terms of its mix


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A mix, and the places of the run over which it takes the place of the one before."""

    mix: tuple[Term, ...]
    first: int = 0
    last: int = 0


@dataclass(frozen=True, kw_only=True)
class Masks:
    """What a spec asks for: one mix, or several after one another."""

    stages: tuple[Stage, ...]

    def __str__(self) -> str:
        first, *others = self.stages
        return ">".join(["+".join(map(spell, first.mix)), *map(_spell_stage, others)])

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms of all mixes."""
        return tuple(term for stage in self.stages for term in stage.mix)


def parse(spec: str) -> Masks:
    """What a spec asks for; raises InputError."""
    if not isinstance(spec, str):
        raise InputError(f"masks are asked for in text, such as 'irregular', not {spec!r}")
    check_length(spec, InputError)
    if not spec.strip():
        raise InputError(f"no masks are asked for; name a family: {', '.join(FAMILIES)}")
    first, *others = _cut(spec.strip(), ">")
    stages = [Stage(mix=_mix(first, spec))]
    for text in others:
        stages.append(_stage(text, stages[-1].last, spec))
    return Masks(stages=tuple(stages))


def parse_mix(spec: str) -> tuple[Term, ...]:
    """The terms of a spec that is no curriculum; raises InputError."""
    first, *others = parse(spec).stages
    if others:
        why = "a curriculum (>) counts the pictures of a run, and here is none"
        raise InputError(f"{spec}: {why}; ask for a mix, or for draw_masks in Python")
    return first.mix


def spell(term: Term) -> str:
    """The one way to write a term."""
    plain = _spell_plain(term)
    if not term.path:
        return plain
    quoted = f'{term.family}:"{term.path}"{_spell_weight(term)}'
    try:
        return plain if parse(f"{plain}>squares@1").stages[0].mix == (term,) else quoted
    except InputError:
        return quoted


# ---------------------------------------------------------------------------------------------
# Reading


def _cut(text: str, sign: str) -> list[str]:
    """The text cut at a sign, but for where it stands in double quotes."""
    cuts = [found.start() for found in _CUT[sign].finditer(text) if found[0] == sign]
    starts, ends = [0, *(cut + 1 for cut in cuts)], [*cuts, len(text)]
    return [text[start:end].strip() for start, end in zip(starts, ends, strict=True)]


def _stage(text: str, earliest: int, spec: str) -> Stage:
    """A mix and when it comes, not before the last change has ended."""
    found = _MOVE.fullmatch(text)
    if found is None:
        how = "squares>irregular@1000-5000"
        raise InputError(f"{spec}: say when '{text}' comes, in pictures seen, as in {how}")
    first = int(found[2])
    last = int(found[3]) if found[3] else first
    if not earliest <= first <= last:
        raise InputError(f"{spec}: the changes of a curriculum come one after another")
    return Stage(mix=_mix(found[1], spec), first=first, last=last)


def _mix(text: str, spec: str) -> tuple[Term, ...]:
    terms: list[str] = []
    for piece in _cut(text, "+"):
        if terms and terms[-1].startswith(_IN_FOLDERS) and not _START.match(piece):
            terms[-1] += "+" + piece  # more of a path
        else:
            terms.append(piece)
    return tuple(_term(term, spec) for term in terms)


def _term(text: str, spec: str) -> Term:
    found = _TERM.fullmatch(text)
    assert found is not None  # all its groups take nothing too, and the third anything
    family, colon, rest, factor = found.groups()
    weight = float(factor) if factor else 1.0
    if wrong := _mistake(text, family, colon, rest):
        raise InputError(f"{spec}: {wrong}")
    if not 0 < weight < inf:
        raise InputError(f"{spec}: a weight (*) is above 0, and no more than numbers can be")
    if family in FOLDERS:
        return Term(family=family, path=_path(family, rest, spec), weight=weight)
    if family in BRUSHED:
        share, edge = _brushed(family, rest, spec)
        return Term(family=family, share=share, edge=edge, weight=weight)
    return Term(family=family, names=_names(family, rest, spec), weight=weight)


def _mistake(text: str, family: str, colon: str | None, rest: str) -> str:
    """What is wrong with a term before its details are looked at; nothing if nothing is."""
    if not text:
        return "a family of masks is missing before or after a '+' or '>'"
    if family not in FAMILIES or (rest and not colon and not rest.startswith("*")):
        near = get_close_matches(family, FAMILIES, n=1)
        others = f"did you mean {near[0]}?" if near else f"they are {', '.join(FAMILIES)}"
        return f"'{text}' is no family of masks; {others}"
    if "*" in rest and (family not in FOLDERS or not colon):
        weight = rest.partition("*")[2]
        return f"after '*' stands a weight above 0, as in {family}*0.5, not '{weight}'"
    if family in FOLDERS and not rest:
        return f"name the folder, as in {family}:PATH"
    return f"nothing stands after '{text}'; leave out the ':'" if colon and not rest else ""


def _path(family: str, rest: str, spec: str) -> str:
    quoted = len(rest) > 1 and rest.startswith('"') and rest.endswith('"')
    path = rest[1:-1] if quoted else rest
    if not path:
        raise InputError(f"{spec}: name the folder, as in {family}:PATH")
    return path


def _brushed(family: str, rest: str, spec: str) -> tuple[tuple[int, int], str]:
    """The share and the edge of `30-40,inside`."""
    words = [word for word in rest.split(",") if word]
    edges = [word for word in words if word in EDGES]
    shares = [found for found in map(_SHARE.fullmatch, words) if found]
    wrong = next((word for word in words if word not in EDGES and not _SHARE.fullmatch(word)), "")
    if wrong:
        raise InputError(f"{spec}: '{wrong}' is neither a share, as 30-40, nor inside or border")
    if len(edges) > 1 or len(shares) > 1:
        what = f"{family} takes one share, and inside or border, but not both"
        raise InputError(f"{spec}: {what}; mix two with +")
    edge = edges[0] if edges else ""
    share = (int(shares[0][1]), int(shares[0][2])) if shares else BRUSHED[family]
    share = (share[0], min(share[1], MOST[edge])) if share == BRUSHED[family] else share
    if not share[0] < share[1] <= MOST[edge]:
        where = " inside of a margin" if edge == "inside" else ""
        raise InputError(f"{spec}: a share{where} is A-B, A below B, at most {MOST[edge]} percent")
    return share, edge


def _names(family: str, rest: str, spec: str) -> tuple[str, ...]:
    known = {"half": SIDES, "parts": PART_NAMES}.get(family, ())
    names = tuple(dict.fromkeys(filter(None, rest.split(","))))
    wrong = next((name for name in names if name not in known), None)
    if wrong is not None and not known:
        raise InputError(f"{spec}: {family} takes nothing after a colon")
    if wrong is not None:
        raise InputError(f"{spec}: '{wrong}' is none of {', '.join(known)}")
    return names


# ---------------------------------------------------------------------------------------------
# Writing


def _spell_stage(stage: Stage) -> str:
    when = str(stage.first) if stage.first == stage.last else f"{stage.first}-{stage.last}"
    return f"{'+'.join(map(spell, stage.mix))}@{when}"


def _spell_plain(term: Term) -> str:
    usual = BRUSHED.get(term.family)
    words = [f"{term.share[0]}-{term.share[1]}"] if usual and term.share != usual else []
    words += [term.edge] if term.edge else []
    what = term.path or ",".join([*words, *term.names])
    return term.family + (f":{what}" if what else "") + _spell_weight(term)


def _spell_weight(term: Term) -> str:
    if term.weight == 1:
        return ""
    return f"*{Decimal(repr(term.weight)):f}".removesuffix(".0")  # a spec has no exponents
