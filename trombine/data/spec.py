"""Where pictures come from, in one line of text: `world:photo*0.7+leaves*0.3`.

    spec   = term { "+" term }
    term   = body [ "@" split ] [ "#" count | "#" seed "-" seed ] [ "*" weight ]
    body   = "world:" style [ "+" style ]       faces; two styles are pairs of the same faces
           | "leaves"                           overlapping shapes
           | "fractals"                         the Fractal Dream maps
           | "folder:" path                     any folder of pictures, its layout recognised
           | layout ":" path                    a folder of this layout: celeba:PATH, lfw:PATH, ...
           | "pack:" path                       a pack, as `trombine data prepare` writes it
           | "tiles:" path                      its pictures cut into squares at their own size
           | "hub:" name                        a data set of the Hugging Face hub
    split  = "train" | "choose" | "test"        only the pictures that are for this
    seed   of what is painted, the first and the last; a count begins with seed 0

`+` joins both the styles of a pair and the terms of a mix. What follows a `+` begins a new term
exactly if it begins with a kind and a colon, or is `leaves` or `fractals`; otherwise it goes on
with the term before: a pair's second style, or more of a path. So `world:photo+leaves` is a mix,
`world:photo+anime` a pair, and `folder:a+b` the folder a+b. A path that could be read otherwise
(its name ends in `#3` or `@test`, or contains `+leaves`) is put in double quotes:
`folder:"a+leaves"`.

What a spec means is in source.py; here is only how it is written, and what to write in place of one
that is wrong.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from trombine.data.columns import SPLITS
from trombine.data.layouts import LAYOUTS
from trombine.data.made import KINDS, PHOTOS
from trombine.data.pack import is_pack
from trombine.grammar import NUMBER, cut, marked, reading, spelled, unquoted, weighed, weight_of
from trombine.refusal import InputError, shown
from trombine.world import STYLES


@dataclass(frozen=True, kw_only=True)
class Term:
    """One term of a spec."""

    kind: str  # world, one of PAINTED, or one of PATHS
    styles: tuple[str, ...] = ()  # of a world: one, or two for pairs
    path: str = ""  # of a folder or a pack; the name of a data set of the hub
    split: str = ""  # only pictures that are for this: one of columns.SPLITS
    first: int = 0  # seed of what is painted
    count: int | None = None  # how many pictures; None: all, or as many as is usual
    weight: float = 1.0  # beside the other terms' weights

    @property
    def classes(self) -> tuple[str, ...]:
        """Of painted faces: the style in which they are drawn, or both of a pair."""
        return ("photo",) if self.of_photos else self.styles

    @property
    def of_photos(self) -> bool:
        """Whether these are photos that are spelled as a style of their own."""
        return any(style in PHOTOS for style in self.styles)

    @property
    def seeds(self) -> range:
        """Of what is painted."""
        return range(self.first, self.first + (self.count or USUAL_COUNT))


PAINTED: Final = tuple(name for name, kind in KINDS.items() if kind.in_specs)
PATHS: Final = ("folder", "tiles", "pack", "hub", *LAYOUTS)

_PATH: Final = "|".join(PATHS)
# A + before what begins a term, and a path in quotes.
_PLUS: Final = rf"\+(?=(?:world|{_PATH}):|(?:{'|'.join(PAINTED)})(?:[#*]|\n?(?:\+|$)))"
_QUOTED: Final = rf'(?<![^+])(?:{_PATH}):"[^"]*"'
_MARKS: Final = {"@": "|".join(SPLITS), "#": r"\d+", "*": NUMBER}
_MARKS_OF_PAINTED: Final = _MARKS | {"#": r"\d+(?:-\d+)?"}
USUAL_COUNT: Final = 20_000  # pictures that are painted, where the spec does not say
_MOST_DIGITS: Final = 12  # of a count: more than any disk has pictures
_LONGEST_PATH: Final = 4096  # letters
_MOST_TRIED: Final = 100  # places where a path may begin, and where each may end
_KINDS: Final = ", ".join(
    ("world:STYLE", *PAINTED, "folder:PATH", "tiles:PATH", "pack:PATH", "hub:NAME or LAYOUT:PATH")
)


def parse(spec: str) -> tuple[Term, ...]:
    """The terms of a spec; raises InputError."""
    with reading(spec):
        return tuple(_term(text, spec) for text in cut(spec.strip(), _PLUS, _QUOTED))


def spell(terms: tuple[Term, ...]) -> str:
    """The one way to write these terms: parse(spell(terms)) == terms."""
    return "+".join(map(_spell_term, terms))


def _term(text: str, spec: str) -> Term:
    forms = _MARKS if text.partition(":")[0] in PATHS else _MARKS_OF_PAINTED
    body, split, digits, factor = marked(text, forms)
    (first, count), weight = _counted(digits), weight_of(factor)
    kind, colon, rest = body.partition(":")
    if kind in PATHS and colon and not rest:
        hint = quoted_hint(spec, kind) or f"write {kind}:PATH"
        raise InputError(f"names nothing after '{kind}:'; {hint}")
    if kind in PATHS and rest:
        return Term(kind=kind, path=unquoted(rest), split=split, count=count, weight=weight)
    if split and (kind == "world" or body in PAINTED):
        raise InputError(f"@{split} is for pictures of a folder; those of seeds have none")
    if kind == "world" and colon:
        return Term(kind=kind, styles=_styles(rest), first=first, count=count, weight=weight)
    if body in PAINTED:
        return Term(kind=body, first=first, count=count, weight=weight)
    raise InputError(_what_is_wrong(body))


def _counted(text: str) -> tuple[int, int | None]:
    """The first seed, and how many, of what stands behind #: a count, or two seeds."""
    first, dash, last = text.partition("-")
    if max(len(first), len(last)) > _MOST_DIGITS:
        raise InputError(f"a number behind # has at most {_MOST_DIGITS} digits")
    if not first:
        return 0, None
    if not dash:
        if not int(first):
            raise InputError("a count (#) is above 0")
        return 0, int(first)
    if int(last) < int(first):
        raise InputError(f"#{text}: seeds are the first and the last, #{last}-{first}")
    return int(first), int(last) - int(first) + 1


def _styles(text: str) -> tuple[str, ...]:
    styles = tuple(text.split("+"))
    if len(styles) == 1 and styles[0] in PHOTOS:
        return styles
    wrong = next((style for style in styles if style not in STYLES), None)
    if wrong is not None:
        mix = " + ".join(f"world:{style}*WEIGHT" for style in STYLES[:2])
        raise InputError(
            f"'{wrong}' is not one of the styles {', '.join((*STYLES, *PHOTOS))}"
            f" (a mix names the kind in every term: {mix.replace(' ', '')})"
        )
    if len(styles) > 2 or len(set(styles)) < len(styles):
        raise InputError("a pair is of two different styles, as in world:photo+anime")
    return styles


def _what_is_wrong(body: str) -> str:
    first, _, rest = body.partition("+")
    if first in PAINTED:  # then something that begins no term follows it
        first = rest
    hint = f"; did you mean world:{first}?" if first in STYLES else _path_hint(first)
    return f"'{first}' is not a source; a source is {_KINDS}{hint}"


def is_there(path: str) -> bool:
    """Whether it is the path of something; any text may be asked about, however long."""
    with suppress(OSError):
        return bool(path) and Path(path).exists()
    return False


def _path_hint(text: str) -> str:
    """What to write where the text is the path of a folder or a pack."""
    spec = of_path(text)
    return f"; write {shown(spec)}" if spec else ""


def of_path(text: str) -> str:
    """The spec of a folder or a pack that is there; "" of what is not."""
    if not is_there(text):
        return ""
    return spell((Term(kind="pack" if is_pack(Path(text)) else "folder", path=text),))


def quoted_hint(spec: str, kind: str, path: str = "") -> str:
    """What to write where a path that is there was taken apart, as `folder:a+leaves` is; or "".

    Of the texts behind a `kind:` of the spec that go on where `path` ends, the longest counts.
    """
    starts = re.finditer(rf"{re.escape(kind)}:(?={re.escape(path)})", spec)
    for start in islice(starts, _MOST_TRIED):
        rest = spec[start.end() :]
        ends = (len(rest), *(sign.start() for sign in re.finditer(r"[+*#@]", rest)))
        within = (end for end in ends if len(path) < end <= _LONGEST_PATH)
        for end in islice(sorted(within, reverse=True), _MOST_TRIED):
            if is_there(rest[:end]):
                return f'write {kind}:"{shown(rest[:end])}"'
    return ""


def _spell_term(term: Term) -> str:
    count = f"{term.first}-{term.seeds[-1]}" if term.first else str(term.count or "")
    marks = {"@": term.split, "#": count, "*": weighed(term.weight)}
    reads = (lambda text: parse(text) == (term,)) if term.path else None
    return spelled(term.kind, term.path or "+".join(term.styles), marks, reads)
