"""Pictures by number, from wherever a spec says; and the endless batches a training takes.

    source("world:photo*0.7+leaves*0.3", 64)     opens; spec.py has the grammar

A Source has a length, `item(i)` and `batch(indices)`. Its items are numbered through: those of a
mix's first term, then those of the second, and so on. `draw` says which item is the n-th picture
of a run: it weighs the terms and shuffles each, and it is a function of (seed, n, rollbacks) alone,
so there is nothing to save for a resume.

What is painted is painted once, into a pack in the cache (`prepare` does it and says how far it
is), and read from there; so is what comes from the hub.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, final

import numpy as np
from jaxtyping import Int64

from trombine.core.errors import InputError
from trombine.core.progress import Progress
from trombine.core.rng import Rng
from trombine.data.augment import Augment, augmented
from trombine.data.columns import PAIR, SHARED, SPLITS, Columns, Store, base, unknown
from trombine.data.folder import Folder
from trombine.data.hub import hub_folder, prepare_hub
from trombine.data.item import Batch, Item, batch_of, item_of
from trombine.data.layouts import list_folder
from trombine.data.listing import pictures
from trombine.data.made import SEEDS, Maker, painter_hash
from trombine.data.pack import Pack
from trombine.data.painting import paint_pack
from trombine.data.prepare import PrepareOptions, prepare_pack
from trombine.data.spec import Term, check_paths, parse, spell
from trombine.data.tiles import MOST, TILES
from trombine.io.files import cache_folder
from trombine.nets.spaces import SPACES

# First seeds of: training, choosing, the frozen protocols, nobody (DESIGN, Seeds).
SEED_RANGES: Final = (0, 1_000_000, 1_500_000, 2_000_000)
_SORT: Final = "make a pack of the folder: trombine data prepare gives each a use"
_AHEAD: Final = 2048  # pictures drawn at once by `batches`; no result depends on it


class Source(ABC):
    """Pictures of one size, by number."""

    spec: str  # how to open it again
    size: int  # pixels, width and height
    lengths: tuple[int, ...]  # of each term
    weights: tuple[float, ...]  # of each term
    vector_names: tuple[str, ...]  # of the numbers in a vector; empty where there are none
    classes: tuple[str, ...]  # what labels mean; empty where there are none
    paired: bool  # whether each item has a second side
    augment: Augment = Augment()  # what `batches` changes; items stay as they are
    splits: Int64[np.ndarray, "n"] | None = None  # of each item, into SPLITS; None: unknown
    space: str = "rgb"  # of the pictures that batches give: one of nets.spaces.SPACES

    @abstractmethod
    def take(self, indices: Int64[np.ndarray, "n"]) -> Columns:
        """The columns (pack.py names them) of these items, as arrays of their own."""

    @abstractmethod
    def name(self, index: int) -> str:
        """What this item is called where it comes from."""

    def __len__(self) -> int:
        return sum(self.lengths)

    def item(self, index: int) -> Item:
        """The item of this number, from 0."""
        if not 0 <= index < len(self):
            raise IndexError(f"{self.spec} has items 0 to {len(self) - 1}, not {index}")
        return item_of(self.name(index), self.take(np.array([index], np.int64)))

    def batch(self, indices: Int64[np.ndarray, "n"]) -> Batch:
        """The items of these numbers."""
        return batch_of(indices, self.take(indices), self.space)

    def draw(self, chance: Rng) -> Int64[np.ndarray, "n"]:
        """Which items are the pictures at the places of this chance.

        Each place falls to a term by weight; there it takes the item at this place of the term's
        endless shuffled reading. One term alone is so read in rounds, each item once a round. In a
        mix the places that fall to a term are some of its reading's, so an item may come again
        before another has come, nearly as if each were drawn from all.
        """
        weights = np.array(self.weights, np.float64)
        terms = chance.choices("term", weights)
        drawn = np.zeros_like(chance.places)
        start = 0
        for term, length in enumerate(self.lengths):
            rows = np.flatnonzero(terms == term)
            drawn[rows] = start + chance.only(rows).order(f"order of term {term}", length)
            start += length
        return drawn


def batches(
    source: Source, *, seed: int, size: int, start: int = 0, rollbacks: int = 0
) -> Iterator[Batch]:
    """Batches of `size` pictures, from number `start` on, without end.

    Batch k has the pictures at places k * size to (k + 1) * size - 1 of the run, and depends on
    (seed, k, rollbacks) alone: begun at k, it is what it would have been. A source that augments
    changes each picture by its place.
    """
    _check_integer("a batch's size", size, 1)
    _check_integer("a batch's number", start, 0)
    several = max(1, _AHEAD // size)
    while True:
        places = np.arange(start * size, (start + several) * size, dtype=np.int64)
        chance = Rng(seed=seed, places=places, rollbacks=rollbacks)
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
    space: str = "rgb",
) -> Source:
    """Open what the spec says, its pictures `size` pixels wide and high.

    What must be painted first is; `prepare` says how far it is. `first_seed` is added
    to the seeds of what is painted. `workers` processes paint, None is one for each core
    where that pays; more than one needs a script with calls below `if __name__ == "__main__":`.

    Off unless given: by `augment` (augment.py has the words) `batches` changes pictures and their
    truth by chance; in `space` (nets/spaces.py lists them) the batches give them.
    """
    changes = Augment.parse(augment)
    if space not in SPACES:
        raise InputError(f"space is one of {', '.join(SPACES)}; not {space!r}")
    prepare(spec, size, first_seed=first_seed, workers=workers)
    terms = parse(spec)
    sources = [StoreSource(_store(term, size, first_seed), term, size) for term in terms]
    opened = (
        sources[0] if len(sources) == 1 else MixedSource(sources, [term.weight for term in terms])
    )
    opened.augment, opened.space = changes, space
    return opened


def prepare(
    spec: str,
    size: int,
    *,
    first_seed: int = 0,
    workers: int | None = 1,
    progress: Progress | None = None,
) -> None:
    """Paint what the spec asks for and the cache lacks."""
    _check_integer("a picture's size", size, 1)
    if workers is not None:
        _check_integer("the number of workers", workers, 1)
    check_paths(spec)
    for term in parse(spec):
        if term.kind == "hub":
            _from_hub(term.path, size, workers, progress)
        if term.kind == TILES:
            _cut_into_tiles(term, size, workers, progress)
        if term.path:
            continue
        first, count = first_seed + term.first, len(term.seeds)
        for maker in _makers(term, size):
            _check_seeds(first, count)
            path = cache_path(maker, first, count)
            if not _is_complete(path):
                paint_pack(
                    path,
                    maker,
                    first_seed=first,
                    count=count,
                    workers=workers,
                    progress=progress,
                )


def _from_hub(name: str, size: int, workers: int | None, progress: Progress | None) -> None:
    """Load a set of the hub, and make a pack of it in the cache."""
    path = hub_path(name, size)
    if not _is_complete(path):
        prepare_hub(name, hub_folder(name), progress)
        options = PrepareOptions(size=size)
        prepare_pack(hub_folder(name), path, options, workers=workers, progress=progress)


def _cut_into_tiles(term: Term, size: int, workers: int | None, progress: Progress | None) -> None:
    """Make a pack of the squares of a folder's pictures in the cache."""
    path = tiles_path(term, size)
    if not _is_complete(path):
        options = PrepareOptions(size=size, crop=TILES, most=term.count or MOST)
        prepare_pack(Path(term.path), path, options, workers=workers, progress=progress)


def tiles_path(term: Term, size: int) -> Path:
    """Where the pack of the squares of a folder is kept; other pictures there have another one."""
    count, folder = term.count or MOST, Path(term.path)
    digest = hashlib.sha256(f"{folder.resolve()}\0".encode(errors="surrogateescape"))
    for record in list_folder(folder).records:
        status = (folder / record.name).stat()
        # The last, when it was last touched in any way, nobody can set back.
        facts = [record.name, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
        digest.update(f"{facts}".encode(errors="surrogateescape"))
    return cache_folder() / "packs" / f"tiles-{digest.hexdigest()[:16]}-{size}px-{count}"


def hub_path(name: str, size: int) -> Path:
    """Where the pack of a set of the hub is kept."""
    return cache_folder() / "packs" / f"hub-{hub_folder(name).name}-{size}px"


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


def cache_path(maker: Maker, first_seed: int, count: int) -> Path:
    """Where the pack of these seeds is kept; the painters' code is part of the name."""
    kind = str(maker).replace(":", "-")
    seeds = f"{first_seed}-{first_seed + count - 1}"
    return cache_folder() / "packs" / f"{kind}-{maker.size}px-{seeds}-{painter_hash()}"


def _check_seeds(first: int, count: int) -> None:
    """Refuse seeds of two uses in one source: what is trained on must not be judged on."""
    _check_integer("the first seed", first, 0)
    last = first + count - 1
    if last not in SEEDS:
        raise InputError(f"seeds end at {SEEDS[-1]}, before {last}; ask for fewer or lower ones")
    for edge in SEED_RANGES[1:]:
        if first < edge <= last:
            raise InputError(f"seeds {first} to {last} cross {edge}, where another use begins")


def _check_integer(name: str, number: object, least: int) -> None:
    if type(number) is not int or number < least:
        raise InputError(f"{name} is a whole number, {least} or more, not {number!r}")


def _makers(term: Term, size: int) -> list[Maker]:
    """What the cache's packs of a term hold: of pairs each side, which other terms have too."""
    sides = [(style,) for style in term.styles] or [()]
    try:
        return [Maker(kind=term.kind, styles=styles, size=size) for styles in sides]
    except ValueError as error:
        raise InputError(f"{spell((term,))}: {error}") from error


def _store(term: Term, size: int, first_seed: int) -> Store:
    """The store of a term's pictures: of a folder itself, or a pack, which may be the cache's."""
    if term.kind == "pack":
        return Pack(Path(term.path))
    if term.kind == "hub":
        return Pack(hub_path(term.path, size))
    if term.kind == TILES:
        return Pack(tiles_path(term, size))
    if term.path:
        layout = "" if term.kind == "folder" else term.kind
        return Folder(Path(term.path), size, layout)
    first, count = first_seed + term.first, len(term.seeds)
    packs = [Pack(cache_path(maker, first, count)) for maker in _makers(term, size)]
    return packs[0] if len(packs) == 1 else Pairs(packs[0], packs[1])


@final
class Pairs:
    """A store of the pairs of two packs: the same seeds, painted in two styles."""

    def __init__(self, first: Pack, second: Pack) -> None:
        self.first, self.second = first, second
        self.size, self.vector_names, self.classes = first.size, first.vector_names, first.classes

    def __len__(self) -> int:
        return len(self.first)

    def rows(self, indices: Int64[np.ndarray, "n"]) -> Columns:
        """What is known of each side; seeds and vectors are of both."""
        second = self.second.rows(indices)
        sides = {f"{PAIR}{n}": cells for n, cells in second.items() if n not in SHARED}
        return {**self.first.rows(indices), **sides}

    def splits(self) -> Int64[np.ndarray, "n"] | None:
        """Painted pictures are for any use."""
        return None

    def name(self, index: int) -> str:
        """The seed."""
        return self.first.name(index)


class StoreSource(Source):
    """The pictures of one term: of a pack, in the cache or elsewhere, or of a folder."""

    def __init__(self, store: Store, term: Term, size: int) -> None:
        """All that is in the store, or as many as the term counts, or those of its split."""
        self.spec, self.size = spell((replace(term, weight=1.0),)), size
        if store.size != size:
            problem = f"{self.spec} is of {store.size} px, and {size} px are wanted"
            cure = f"make a pack of {size} px: trombine data prepare --size {size}"
            raise InputError(f"{problem}; give --size {store.size}, or {cure}")
        self.store = store
        splits = store.splits()
        store_rows = np.arange(len(store), dtype=np.int64)
        if term.split:
            uses = unknown("splits", (len(store),)) if splits is None else splits
            store_rows = np.flatnonzero(uses == SPLITS.index(term.split))
            if not len(store_rows):
                cure = _SORT if splits is None else f"name another use than {term.split}"
                raise InputError(f"{self.spec}: none of its pictures is for this use; {cure}")
        if term.count is not None and term.count > len(store_rows):
            raise InputError(f"{self.spec}: has only {pictures(len(store_rows))}; ask for no more")
        self.store_rows = store_rows[: term.count]
        self.splits = None if splits is None else splits[self.store_rows]
        self.lengths, self.weights = (len(self.store_rows),), (1.0,)
        self.vector_names, self.classes = store.vector_names, store.classes
        self.styled = bool(term.classes)
        if self.styled:  # painted faces are of the class of their style
            self.classes = term.classes
        self.paired = f"{PAIR}pictures" in store.rows(np.zeros(0, np.int64))

    def take(self, indices: Int64[np.ndarray, "n"]) -> Columns:
        """These rows of the store."""
        rows = self.store.rows(self.store_rows[indices])
        if self.styled:
            sides = ("", PAIR) if self.paired else ("",)
            labels = [np.full(len(indices), side, np.int64) for side in range(len(sides))]
            names = (f"{side}labels" for side in sides)
            return {**rows, **dict(zip(names, labels, strict=True))}
        return rows

    def name(self, index: int) -> str:
        """What the store calls it."""
        return self.store.name(int(self.store_rows[index]))


class Subset(Source):
    """Some of the items of a source."""

    def __init__(self, source: Source, indices: Int64[np.ndarray, "n"]) -> None:
        self.source, self.indices = source, indices
        self.spec, self.size = source.spec, source.size
        self.lengths, self.weights = (len(indices),), (1.0,)
        self.vector_names, self.classes = source.vector_names, source.classes
        self.paired = source.paired
        self.splits = None if source.splits is None else source.splits[indices]

    def take(self, indices: Int64[np.ndarray, "n"]) -> Columns:
        """The whole's items that these stand for."""
        return self.source.take(self.indices[indices])

    def name(self, index: int) -> str:
        """What the whole calls it."""
        return self.source.name(int(self.indices[index]))


class MixedSource(Source):
    """Several sources one after the other, drawn from by weight.

    It has the columns that any of them has. Labels are renumbered so that classes of one name are
    one class; vectors are kept if those who have them agree on what the numbers mean.
    """

    def __init__(self, sources: Sequence[Source], weights: Sequence[float]) -> None:
        """Mix sources of one size, all of pairs or none."""
        self.sources, self.weights = tuple(sources), tuple(weights)
        self.spec = spell(_weighted(sources, weights))
        self.size = sources[0].size
        self.paired = sources[0].paired
        if any(source.paired != self.paired for source in sources):
            raise InputError(f"{self.spec}: pairs do not mix with single pictures")
        self.lengths = tuple(len(source) for source in sources)
        self.starts = np.cumsum((0, *self.lengths))
        self.classes = tuple(dict.fromkeys(name for source in sources for name in source.classes))
        meanings = {source.vector_names for source in sources if source.vector_names}
        self.vector_names = meanings.pop() if len(meanings) == 1 else ()
        empty = np.zeros(0, np.int64)
        self.blank = {
            name: cells for source in sources for name, cells in source.take(empty).items()
        }
        if not self.vector_names:
            self.blank.pop("vectors", None)
        if any(source.splits is not None for source in sources):
            self.splits = np.concatenate([_splits_of(source) for source in sources])

    def take(self, indices: Int64[np.ndarray, "n"]) -> Columns:
        """Each item from the source it is in, the rows in the order asked for."""
        n = len(indices)
        mixed = {name: unknown(name, (n, *cells.shape[1:])) for name, cells in self.blank.items()}
        terms = self._terms(indices)
        for term in np.unique(terms).tolist():
            rows = np.flatnonzero(terms == term)
            columns = self.sources[term].take(indices[rows] - self.starts[term])
            for name in mixed.keys() & columns.keys():
                mixed[name][rows] = self._relabelled(term, name, columns[name])
        return mixed

    def name(self, index: int) -> str:
        """What its own source calls it."""
        term = int(self._terms(np.array([index], np.int64))[0])
        return self.sources[term].name(index - int(self.starts[term]))

    def _terms(self, indices: Int64[np.ndarray, "n"]) -> Int64[np.ndarray, "n"]:
        return np.searchsorted(self.starts, indices, side="right") - 1

    def _relabelled(self, term: int, name: str, column: np.ndarray) -> np.ndarray:
        if base(name) != "labels":
            return column
        places = [self.classes.index(of) for of in self.sources[term].classes]
        return np.array([*places, -1], np.int64)[column]  # and unknown, -1, stays


def _splits_of(source: Source) -> Int64[np.ndarray, "n"]:
    return unknown("splits", (len(source),)) if source.splits is None else source.splits


def _weighted(sources: Sequence[Source], weights: Sequence[float]) -> tuple[Term, ...]:
    """The terms of a mix, from what its sources and weights are."""
    pairs = zip(sources, weights, strict=True)
    return tuple(replace(parse(source.spec)[0], weight=weight) for source, weight in pairs)


def contents_of(source: Source) -> str:
    """A hash that changes where the pictures of packs and folders do: of packs their own, of the
    files of folders names and lengths; "" of what is painted."""
    facts = [fact for part, rows in _parts(source) for fact in _facts(part, rows)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32] if facts else ""


def _parts(source: Source) -> Iterator[tuple[StoreSource, Int64[np.ndarray, "n"]]]:
    """What a source is made of, and which rows of each store."""
    if isinstance(source, MixedSource):
        for part in source.sources:
            yield from _parts(part)
        return
    rows = np.arange(len(source), dtype=np.int64)
    while isinstance(source, Subset):
        rows, source = source.indices[rows], source.source
    if isinstance(source, StoreSource):
        yield source, source.store_rows[rows]


def _facts(source: StoreSource, rows: Int64[np.ndarray, "n"]) -> Iterator[object]:
    store = source.store
    if isinstance(store, Folder):
        for row in rows.tolist():
            file = store.path / store.listing.records[row].name
            yield file.name, file.stat().st_size if file.exists() else -1
    elif isinstance(store, Pack) and parse(source.spec)[0].path:
        yield store.hash
