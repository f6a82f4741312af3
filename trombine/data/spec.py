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

`world:photo+leaves` is a mix, `world:photo+anime` a pair, `folder:a+b` the folder a+b: what follows
a + begins a new term where it begins with the name of a kind (core/grammar.py).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trombine.core.errors import InputError
from trombine.core.grammar import NUMBER, Piece, pieces, reading, spelled, weighed, weight_of
from trombine.data.columns import SPLITS
from trombine.data.layouts import LAYOUTS
from trombine.data.made import KINDS, PHOTOS, check_styles
from trombine.data.pack import is_pack, part_of
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
USUAL_COUNT: Final = 20_000  # pictures that are painted, where the spec does not say
_MARKS: Final = {"@": "|".join(SPLITS), "#": r"\d{1,12}(?:-\d{1,12})?", "*": NUMBER}
_KINDS: Final = ", ".join(
    ("world:STYLE", *PAINTED, "folder:PATH", "tiles:PATH", "pack:PATH", "hub:NAME or LAYOUT:PATH")
)


def parse(spec: str) -> tuple[Term, ...]:
    """The terms of a spec; raises InputError."""
    with reading(spec):
        return tuple(map(_term, pieces(spec, _MARKS, names=PAINTED, paths=("world", *PATHS))))


def spell(terms: tuple[Term, ...]) -> str:
    """The one way to write these terms: parse(spell(terms)) == terms."""
    return "+".join(map(_spell_term, terms))


def _spell_term(term: Term) -> str:
    count = f"{term.first}-{term.seeds[-1]}" if term.first else str(term.count or "")
    marks = {"@": term.split, "#": count, "*": weighed(term.weight)}
    reads = (lambda text: parse(text) == (term,)) if term.path else None
    return spelled(term.kind, term.path or "+".join(term.styles), marks, reads)


def _term(piece: Piece) -> Term:
    kind, value, (split, seeds, factor) = piece.name, piece.value, piece.marks.values()
    (first, count), weight = _counted(seeds), weight_of(factor)
    if kind in PATHS and ":" in piece.body:
        if not value:
            raise InputError(f"names nothing after '{kind}:'; write {kind}:PATH")
        if "-" in seeds:
            raise InputError(f"#{seeds} is of seeds; of {kind}: give a count, as #100")
        return Term(kind=kind, path=value, split=split, count=count, weight=weight)
    if piece.body in PAINTED or piece.body.startswith("world:"):
        if split:
            raise InputError(f"@{split} is for pictures of a folder; those of seeds have none")
        styles = tuple(value.split("+")) if kind == "world" else ()
        if styles:
            check_styles(styles)
        return Term(kind=kind, styles=styles, first=first, count=count, weight=weight)
    if is_there(piece.body):  # the path of a folder or a pack, as it is
        kind = "pack" if is_pack(Path(piece.body)) else "folder"
        return Term(kind=kind, path=piece.body, split=split, count=count, weight=weight)
    hint = f"; did you mean world:{kind}?" if kind in STYLES else ""
    raise InputError(f"'{piece.body}' is not a source; a source is {_KINDS}{hint}")


def _counted(seeds: str) -> tuple[int, int | None]:
    """The first seed, and how many, of what stands behind #: a count, or two seeds."""
    if not seeds:
        return 0, None
    first, dash, last = seeds.partition("-")
    count = int(last) - int(first) + 1 if dash else int(first)
    if count < 1:
        raise InputError(f"#{seeds}: a count is above 0, and seeds are the first and the last")
    return int(first) if dash else 0, count


def is_there(path: str) -> bool:
    """Whether it is the path of something; any text may be asked about, however long."""
    with suppress(OSError):
        return bool(path) and Path(path).exists()
    return False


def of_path(text: str) -> str:
    """The spec of a folder or a pack that is there; "" of what is not."""
    if not is_there(text):
        return ""
    return spell((Term(kind="pack" if is_pack(Path(text)) else "folder", path=text),))


def check_paths(spec: str) -> None:
    """Raise InputError for the first path of a spec that is not there."""
    for term in parse(spec):
        path = Path(term.path or ".")
        if term.kind == "hub" or is_there(str(path)) or is_there(str(part_of(path.absolute()))):
            continue
        problem = "does not exist" if term.kind == "pack" else "is not a folder"
        quoted = f'; a path with a sign in it is put in quotes, {term.kind}:"PATH"'
        cure = f"check the name{quoted if set('+@#*') & set(spec) else ''}"
        raise InputError(problem, cure, path=path)
