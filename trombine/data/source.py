"""Pictures by number, from wherever a spec says; and the endless batches a training takes.

    source("world:photo*0.7+leaves*0.3", 64)

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
    path   or the URL of an object store, s3://bucket/faces, which is mirrored in the cache
    split  = "train" | "choose" | "test"        only the pictures that are for this
    seed   of what is painted, the first and the last; a count begins with seed 0

`world:photo+leaves` is a mix, `world:photo+anime` a pair, `folder:a+b` the folder a+b: what follows
a + begins a new term where it begins with the name of a kind (core/grammar.py).

A Source has a length and `batch(indices)`. Its items are numbered through: those of a mix's first
term, then those of the second, and so on. `draw` says which item is the n-th picture of a run: it
weighs the terms and shuffles each, and it is a function of (seed, n) alone, so there is
nothing to save for a resume.

What is painted is painted once, into a pack in the cache (`prepare` does it and says how far it
is), and read from there; so is what comes from the hub.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Int64

from trombine.core.computing import cores
from trombine.core.errors import InputError
from trombine.core.grammar import NUMBER, Piece, pieces, reading, spelled, weighed, weight_of
from trombine.core.progress import Progress, log
from trombine.core.rng import Rng
from trombine.core.texts import counted, duration
from trombine.data.augment import Augment, augmented
from trombine.data.columns import PAIR, SPLITS, Batch, Columns, base, batch_of, unknown
from trombine.data.layouts import LAYOUTS, list_folder
from trombine.data.pack import Pack, Pairs, in_turn, is_pack, part_of
from trombine.data.painting import (
    KINDS,
    PHOTOS,
    SEEDS,
    Maker,
    check_styles,
    paint_pack,
    painter_hash,
)
from trombine.data.prepare import PrepareOptions, hub_folder, prepare_hub, prepare_pack
from trombine.data.reading import MOST, TILES, Folder
from trombine.io.files import cache_folder, is_there
from trombine.io.stores import STORES, mirror, mirror_of, url_of
from trombine.world import STYLES


@dataclass(frozen=True, kw_only=True)
class Term:
    """One term of a spec."""

    kind: str  # world, one of PAINTED, or one of PATHS
    styles: tuple[str, ...] = ()  # of a world: one, or two for pairs
    path: str = ""  # or URL of a folder or a pack; the name of a data set of the hub
    split: str = ""  # only pictures that are for this: one of columns.SPLITS
    first: int = 0  # seed of what is painted
    count: int | None = None  # how many pictures; None: all, or as many as is usual
    weight: float = 1.0  # beside the other terms' weights

    @property
    def classes(self) -> tuple[str, ...]:
        """Of painted faces: the style in which they are drawn, or both of a pair."""
        # Heads turned further and children are photos that are spelled as styles of their own.
        return ("photo",) if set(self.styles) & PHOTOS.keys() else self.styles

    @property
    def place(self) -> Path:
        """The folder or the pack; of a URL its mirror in the cache."""
        return mirror_of(self.path) if self.is_url else Path(self.path)

    @property
    def is_url(self) -> bool:
        """Whether the path is the URL of an object store."""
        return self.kind != "hub" and bool(url_of(self.path))

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
        terms = pieces(spec, _MARKS, names=PAINTED, paths=("world", *PATHS))
        return tuple(_term(term, alone=len(terms) == 1) for term in terms)


def spell(terms: tuple[Term, ...]) -> str:
    """The one way to write these terms: parse(spell(terms)) == terms."""
    return "+".join(map(_spell_term, terms))


def _spell_term(term: Term) -> str:
    count = f"{term.first}-{term.seeds[-1]}" if term.first else str(term.count or "")
    marks = {"@": term.split, "#": count, "*": weighed(term.weight)}
    reads = (lambda text: parse(text) == (term,)) if term.path else None
    return spelled(term.kind, term.path or "+".join(term.styles), marks, reads)


def _term(piece: Piece, *, alone: bool) -> Term:
    kind, value, (split, seeds, factor) = piece.name, piece.value, piece.marks.values()
    first, count = _counted(seeds)
    term = Term(kind=kind, split=split, first=first, count=count, weight=weight_of(factor))
    if kind in PATHS and ":" in piece.body:
        if not value:
            raise InputError(f"names nothing after '{kind}:'; write {kind}:PATH")
        if "-" in seeds:
            raise InputError(f"#{seeds} is of seeds; of {kind}: give a count, as #100")
        return replace(term, path=url_of(value) or value)
    if piece.body in PAINTED or piece.body.startswith("world:"):
        if split:
            raise InputError(f"@{split} is for pictures of a folder; those of seeds have none")
        styles = tuple(value.split("+")) if kind == "world" else ()
        if styles:
            check_styles(styles)
        return replace(term, styles=styles)
    if (url := url_of(piece.body)) and ("://" in piece.body or kind in STORES):
        return replace(term, kind="folder", path=url, first=0)
    if is_there(piece.body):  # the path of a folder or a pack, as it is
        kind = "pack" if is_pack(Path(piece.body)) else "folder"
        return replace(term, kind=kind, path=piece.body, first=0)
    which = "" if alone else f"'{piece.body}' "  # the whole text stands before it
    problem = f"{which}is not a source, and no folder that is there"
    raise InputError(problem, f"a source is {_KINDS}{_meant(piece.body)}")


def _meant(body: str) -> str:
    """The style or the folder whose name is like this text, as a question."""
    if body in STYLES:
        return f"; did you mean world:{body}?"
    with suppress(OSError, ValueError):
        folders = [str(path) for path in Path(body).parent.iterdir() if path.is_dir()]
        if close := get_close_matches(body, folders, n=1):
            return f"; did you mean folder:{close[0]}?"
    return ""


def _counted(seeds: str) -> tuple[int, int | None]:
    """The first seed, and how many, of what stands behind #: a count, or two seeds."""
    if not seeds:
        return 0, None
    first, dash, last = seeds.partition("-")
    count = int(last) - int(first) + 1 if dash else int(first)
    if count < 1:
        raise InputError(f"#{seeds}: a count is above 0, and seeds are the first and the last")
    return int(first) if dash else 0, count


def check_paths(spec: str) -> None:
    """Raise InputError for the first path of a spec that is not there."""
    for term in parse(spec):
        path = Path(term.path or ".")
        places = (path, part_of(path.absolute()))
        if term.kind == "hub" or term.is_url or any(is_there(str(place)) for place in places):
            continue
        problem = "does not exist" if term.kind == "pack" else "is not a folder"
        quoted = f'; a path with a sign in it is put in quotes, {term.kind}:"PATH"'
        cure = f"check the name{quoted if set('+@#*') & set(spec) else ''}"
        raise InputError(problem, cure, path=path)


# First seeds of: training, choosing, the frozen protocols, nobody (DESIGN, Seeds).
SEED_RANGES: Final = (0, 1_000_000, 1_500_000, 2_000_000)
_SORT: Final = "make a pack of the folder: trombine data prepare gives each a use"
Store = Pack | Folder  # what a term's pictures are read from: rows by number
_AHEAD: Final = 2048  # pictures drawn at once by `batches`; no result depends on it


class Part:
    """The pictures of one term: of a pack, in the cache or elsewhere, or of a folder."""

    def __init__(
        self, store: Store, term: Term, rows: Int64[np.ndarray, "n"] | None = None
    ) -> None:
        """These rows of the store; else all, or as many as the term counts, of its split."""
        self.store, self.term = store, term
        splits = store.splits
        if rows is None:
            rows = np.arange(len(store), dtype=np.int64)
            spec = spell((replace(term, weight=1.0),))
            if term.split:
                uses = unknown("splits", (len(store),)) if splits is None else splits
                rows = np.flatnonzero(uses == SPLITS.index(term.split))
                if not len(rows):
                    cure = _SORT if splits is None else f"name another use than {term.split}"
                    raise InputError(f"{spec}: none of its pictures is for this use; {cure}")
            if term.count is not None and term.count > len(rows):
                held = counted(len(rows), "picture")
                raise InputError(f"{spec}: has only {held}; ask for no more")
            rows = rows[: term.count]
        self.rows = rows
        self.splits = None if splits is None else splits[rows]
        self.classes = term.classes or store.classes  # painted faces are of the class of a style
        self.paired = f"{PAIR}pictures" in store.rows(np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.rows)

    def only(self, places: Int64[np.ndarray, "k"]) -> Part:
        """Some of these pictures."""
        return Part(self.store, self.term, self.rows[places])

    def take(self, places: Int64[np.ndarray, "n"]) -> Columns:
        """The columns of these pictures."""
        columns = dict(self.store.rows(self.rows[places]))
        if self.term.classes:
            for side, mark in enumerate(("", PAIR) if self.paired else ("",)):
                columns[f"{mark}labels"] = np.full(len(places), side, np.int64)
        return columns

    def files(self) -> list[str]:
        """What the pictures are called, their folder with them; none of what is painted."""
        start = self.term.place.resolve()
        names = self.rows.tolist() if self.term.path else ()
        return [f"{start}/{self.store.name(row)}" for row in names]


class Source:
    """Pictures of one size, by number: those of one term, or of several drawn from by weight.

    A mix has the columns that any of its terms has. Labels are renumbered so that classes of one
    name are one class; vectors are kept if those who have them agree on what the numbers mean.
    """

    def __init__(self, parts: Sequence[Part], weights: Sequence[float] = (1.0,)) -> None:
        """Mix the parts, all of pairs or none."""
        self.parts, self.weights = tuple(parts), tuple(weights)
        terms = (replace(p.term, weight=w) for p, w in zip(parts, weights, strict=True))
        self.spec = spell(tuple(terms))  # how to open it again
        self.size = parts[0].store.size  # pixels, width and height
        self.paired = parts[0].paired  # whether each item has a second side
        if any(part.paired != self.paired for part in parts):
            raise InputError(f"{self.spec}: pairs do not mix with single pictures")
        self.lengths = tuple(map(len, parts))
        self.starts = np.cumsum((0, *self.lengths))
        # What labels mean, and the numbers of a vector; empty where there are none.
        self.classes = tuple(dict.fromkeys(name for part in parts for name in part.classes))
        meanings = {part.store.vector_names for part in parts if part.store.vector_names}
        self.vector_names = meanings.pop() if len(meanings) == 1 else ()
        # What each item is for, into SPLITS; None: unknown.
        self.splits: Int64[np.ndarray, "n"] | None = None
        if any(part.splits is not None for part in parts):
            found = (unknown("splits", (len(p),)) if p.splits is None else p.splits for p in parts)
            self.splits = np.concatenate([*found])
        self.augment = Augment()  # what `batches` changes; items stay as they are

    def __len__(self) -> int:
        return sum(self.lengths)

    def only(self, indices: Int64[np.ndarray, "k"]) -> Source:
        """Some of the items of a source of one term."""
        (part,) = self.parts
        return Source([part.only(indices)])

    def take(self, indices: Int64[np.ndarray, "n"]) -> Columns:
        """The columns of these items, in their order, arrays of their own."""
        if len(self.parts) == 1:
            return self.parts[0].take(indices)
        empty = np.zeros(0, np.int64)
        blank = {name: cells for p in self.parts for name, cells in p.take(empty).items()}
        if not self.vector_names:
            blank.pop("vectors", None)
        n = len(indices)
        mixed = {name: unknown(name, (n, *cells.shape[1:])) for name, cells in blank.items()}
        numbers = self._parts_of(indices)
        for number in np.unique(numbers).tolist():
            rows, part = np.flatnonzero(numbers == number), self.parts[number]
            columns = part.take(indices[rows] - self.starts[number])
            labels = np.array([*map(self.classes.index, part.classes), -1], np.int64)
            for name in mixed.keys() & columns.keys():
                known = columns[name]
                mixed[name][rows] = labels[known] if base(name) == "labels" else known
        return mixed

    def name(self, index: int) -> str:
        """What this item is called where it comes from."""
        number = int(self._parts_of(np.array([index], np.int64))[0])
        part = self.parts[number]
        return part.store.name(int(part.rows[index - self.starts[number]]))

    def _parts_of(self, indices: Int64[np.ndarray, "n"]) -> Int64[np.ndarray, "n"]:
        return np.searchsorted(self.starts, indices, side="right") - 1

    def batch(self, indices: Int64[np.ndarray, "n"]) -> Batch:
        """The items of these numbers."""
        return batch_of(indices, self.take(indices))

    def draw(self, chance: Rng) -> Int64[np.ndarray, "n"]:
        """Which items are the pictures at the places of this chance.

        Each place falls to a term by weight; there it takes the item at this place of the term's
        endless shuffled reading. One term alone is so read in rounds, each item once a round. In a
        mix the places that fall to a term are some of its reading's, so an item may come again
        before another has come, nearly as if each were drawn from all.
        """
        terms = chance.choices("term", np.array(self.weights, np.float64))
        drawn = np.zeros_like(chance.places)
        for term, (start, length) in enumerate(zip(self.starts, self.lengths, strict=False)):
            rows = np.flatnonzero(terms == term)
            drawn[rows] = start + chance.only(rows).order(f"order of term {term}", length)
        return drawn


def batches(source: Source, *, seed: int, size: int, start: int = 0) -> Iterator[Batch]:
    """Batches of `size` pictures, from number `start` on, without end.

    Batch k has the pictures at places k * size to (k + 1) * size - 1 of the run, and depends on
    (seed, k) alone: begun at k, it is what it would have been. A source that augments
    changes each picture by its place.
    """
    several = max(1, _AHEAD // size)
    while True:
        places = np.arange(start * size, (start + several) * size, dtype=np.int64)
        chance = Rng(seed=seed, places=places)
        drawn = source.draw(chance).reshape(several, size)
        for indices, batch_places in zip(drawn, places.reshape(several, size), strict=True):
            batch, augment = source.batch(indices), source.augment
            if augment != Augment():
                batch = augmented(batch, augment, chance.at(batch_places))
            yield batch
        start += several


def source(
    spec: str,
    size: int,
    *,
    first_seed: int = 0,
    workers: int | None = 1,
    augment: str = "none",
) -> Source:
    """Open what the spec says, its pictures `size` pixels wide and high.

    What must be painted first is; `prepare` says how far it is. `first_seed` is added
    to the seeds of what is painted. `workers` processes paint, None is one for each core
    where that pays; more than one needs a script with calls below `if __name__ == "__main__":`.

    By `augment` (augment.py has the words) `batches` changes pictures and their truth by chance.
    """
    changes = Augment.parse(augment)
    prepare(spec, size, first_seed=first_seed, workers=workers)
    terms = parse(spec)
    parts = [Part(_store(term, size, first_seed), term) for term in terms]
    for part in parts:
        if part.store.size != size:
            problem = f"{spell((part.term,))} is of {part.store.size} px, and {size} px are wanted"
            cure = f"make a pack of {size} px: trombine data prepare --size {size}"
            raise InputError(f"{problem}; give --size {part.store.size}, or {cure}")
    opened = Source(parts, [term.weight for term in terms] if len(terms) > 1 else (1.0,))
    opened.augment = changes
    return opened


def prepare(
    spec: str,
    size: int,
    *,
    first_seed: int = 0,
    workers: int | None = 1,
    progress: Progress | None = None,
) -> None:
    """Paint what the spec asks for and the cache lacks; load sets of the hub, cut tiles."""
    check_paths(spec)
    for term in parse(spec):
        if term.is_url:
            with in_turn(term.place):
                mirror(term.path, progress)
        for path, make in _cached(term, size, first_seed).items():
            if not _is_complete(path):
                if not term.path and progress:
                    _say_how_long(term, size, first_seed, workers)
                make(path, workers=workers, progress=progress)


def _say_how_long(term: Term, size: int, first_seed: int, workers: int | None) -> None:
    """A line about what is painted before anything is learned, by the time that a picture takes."""
    maker = Maker(kind=term.kind, styles=term.styles[:1], size=size)
    maker.make(first_seed + term.first)  # compiles
    begun = time.monotonic()
    maker.make(first_seed + term.first)
    seconds = (time.monotonic() - begun) * len(term.seeds) / (workers or cores())
    if seconds > 5:  # else it is no news
        what = f"{counted(len(term.seeds), 'picture')} of {spell((replace(term, weight=1.0),))}"
        log.info(f"paints {what}, {size} px, once: about {duration(seconds)}")


def _cached(term: Term, size: int, first_seed: int) -> dict[Path, Callable[..., object]]:
    """The packs of the cache that hold a term's pictures, and what makes each; a folder or a pack
    of the user's has none."""
    if term.kind == "hub":
        folder, options = hub_folder(term.path), PrepareOptions(size=size)

        def load(path: Path, **how: Any) -> None:
            prepare_hub(term.path, folder, how["progress"])
            prepare_pack(folder, path, options, **how)

        return {cache_folder() / "packs" / f"hub-{folder.name}-{size}px": load}
    if term.kind == TILES:
        options = PrepareOptions(size=size, crop=TILES, most=term.count or MOST)
        return {tiles_path(term, size): partial(prepare_pack, term.place, options=options)}
    if term.path:
        return {}
    first, count = first_seed + term.first, len(term.seeds)
    _check_seeds(first, count)
    sides = [(style,) for style in term.styles] or [()]  # of pairs, which other terms have too
    makers = [Maker(kind=term.kind, styles=styles, size=size) for styles in sides]
    return {
        cache_path(maker, first, count): partial(
            paint_pack, maker=maker, first_seed=first, count=count
        )
        for maker in makers
    }


def tiles_path(term: Term, size: int) -> Path:
    """Where the pack of the squares of a folder is kept; other pictures there have another one."""
    count, folder = term.count or MOST, term.place
    digest = hashlib.sha256(f"{folder.resolve()}\0".encode(errors="surrogateescape"))
    for record in list_folder(folder).records:
        status = (folder / record.name).stat()
        # The last, when it was last touched in any way, nobody can set back.
        facts = [record.name, record.split, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
        digest.update(f"{facts}".encode(errors="surrogateescape"))
    return cache_folder() / "packs" / f"tiles-{digest.hexdigest()[:16]}-{size}px-{count}"


def cache_path(maker: Maker, first_seed: int, count: int) -> Path:
    """Where the pack of these seeds is kept; the painters' code is part of the name."""
    kind = str(maker).replace(":", "-")
    seeds = f"{first_seed}-{first_seed + count - 1}"
    return cache_folder() / "packs" / f"{kind}-{maker.size}px-{seeds}-{painter_hash()}"


def _is_complete(path: Path) -> bool:
    """Whether a pack of the cache is there; a damaged one is removed, for it can be made again."""
    if not path.exists():
        return False
    try:
        Pack(path)
    except InputError:
        shutil.rmtree(path)
        return False
    return True


def _check_seeds(first: int, count: int) -> None:
    """Refuse seeds of two uses in one source: what is trained on must not be judged on."""
    last = first + count - 1
    if first not in SEEDS or last not in SEEDS:
        raise InputError(f"seeds end at {SEEDS[-1]}, and {first} to {last} are asked for")
    for edge in SEED_RANGES[1:]:
        if first < edge <= last:
            raise InputError(f"seeds {first} to {last} cross {edge}, where another use begins")


def _store(term: Term, size: int, first_seed: int) -> Store:
    """The store of a term's pictures: of a folder itself, or a pack, which may be the cache's."""
    if term.kind == "pack" or (term.kind == "folder" and term.is_url and is_pack(term.place)):
        return Pack(term.place)
    packs = [*_cached(term, size, first_seed)]
    if not packs:
        return Folder(term.place, size, "" if term.kind == "folder" else term.kind)
    return Pack(*packs) if len(packs) == 1 else Pairs(*packs)


def contents_of(source: Source) -> str:
    """A hash that changes where the pictures of packs and folders do: of packs their own, of the
    files of folders names and lengths; "" of what is painted."""
    facts: list[object] = []
    for part in source.parts:
        if isinstance(store := part.store, Folder):
            for row in part.rows.tolist():
                file = store.path / store.listing.records[row].name
                facts += [file.name, file.stat().st_size if file.exists() else -1]
        elif isinstance(store, Pack) and part.term.path:
            facts.append(store.hash)
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32] if facts else ""
