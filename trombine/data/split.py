"""Which pictures a training learns from, and which it is measured on meanwhile.

What is painted is painted from seeds for training and from seeds for choosing (DESIGN, Seeds). A
pack or a folder whose layout says what its pictures are for is taken at its word, and those that
are to judge by (test) are left alone. Of any other some pictures are held out: a fixed choice,
whatever else the recipe says. A folder called train..., with a test... beside it (trainA and testA,
as pairs of sets come), is learned from as it is, and measured on the other. Where terms share
pictures, none that is measured on by one is learned from by another; nor where streams do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Int64

from trombine.core.errors import InputError
from trombine.core.progress import Progress
from trombine.core.rng import Rng
from trombine.core.texts import counted
from trombine.data.columns import SPLITS
from trombine.data.layouts import list_folder
from trombine.data.reading import TILES
from trombine.data.source import SEED_RANGES, Part, Source, Term, parse, prepare, source, spell

MOST_HELD_OUT: Final = 5  # of a folder or a pack, one picture in so many at most
_CHOOSING: Final = SEED_RANGES[1]


def prepare_split(
    spec: str,
    size: int,
    count: int,
    *,
    workers: int | None = 1,
    progress: Progress | None = None,
) -> None:
    """Paint what `split` needs and the cache lacks."""
    prepare(spec, size, workers=workers, progress=progress)
    chosen = [_choosing(term, count) for term in parse(spec) if not term.path]
    if chosen:
        spec = "+".join(chosen)
        prepare(spec, size, first_seed=_CHOOSING, workers=workers, progress=progress)


def split(spec: str, size: int, count: int) -> tuple[Source, Source]:
    """What to learn from, and of each term `count` pictures to measure on."""
    terms = parse(spec)
    pairs = [_split(term, size, count) for term in terms]
    if len(terms) == 1:
        return pairs[0]
    weights = [term.weight for term in terms]
    learned, measured = (
        Source([part for source in sources for part in source.parts], weights)
        for sources in zip(*pairs, strict=True)
    )
    return _without(learned, {file for part in measured.parts for file in part.files()}), measured


def _split(term: Term, size: int, count: int) -> tuple[Source, Source]:
    opened = source(spell((replace(term, weight=1.0),)), size)
    if not term.path:
        return opened, source(_choosing(term, count), size, first_seed=_CHOOSING)
    if term.split:
        return _held_out(opened, count, size)
    beside = _test_beside(term)
    if opened.splits is not None and not (beside and term.kind == TILES):
        return _by_split(opened, opened.splits, count, size)
    if beside:
        return opened, source(spell((beside,)), size)
    return _held_out(opened, count, size)


def apart(pairs: Mapping[str, tuple[Source, Source]]) -> dict[str, tuple[Source, Source]]:
    """What to learn from and to measure on by stream, nothing measured on by one learned by any."""
    parts = [part for _, measured in pairs.values() for part in measured.parts]
    files = {file for part in parts for file in part.files()}
    return {name: (_without(learned, files), judged) for name, (learned, judged) in pairs.items()}


def _without(learned: Source, excluded: set[str]) -> Source:
    """What is learned from, but for these pictures."""
    parts = list[Part]()
    for part in learned.parts:
        files = part.files()
        remaining = [place for place, file in enumerate(files) if file not in excluded]
        if files and not remaining:
            problem = f"{learned.spec}: all of its pictures are measured on"
            raise InputError(f"{problem}; name other ones")
        whole = len(remaining) == len(files)
        parts.append(part if whole else part.only(np.array(remaining, np.int64)))
    return Source(parts, learned.weights)


def _by_split(
    source: Source, splits: Int64[np.ndarray, "n"], count: int, size: int
) -> tuple[Source, Source]:
    """What is for learning, and of what is for choosing as many as are wanted."""
    learned = source.only(np.flatnonzero(splits == SPLITS.index("train")))
    chosen = np.flatnonzero(splits == SPLITS.index("choose"))
    if not len(learned):
        raise InputError(f"{source.spec}: none of its pictures is for training")
    if not len(chosen):
        return _held_out(learned, count, size)
    order = _shuffled(len(chosen))
    return learned, source.only(np.sort(chosen[order[:count]]))


def _held_out(source: Source, count: int, size: int) -> tuple[Source, Source]:
    """Some of the pictures to measure on, the others to learn from."""
    held = min(count, len(source) // MOST_HELD_OUT)
    if not held:
        raise _too_few(source, size)
    order = _shuffled(len(source))
    chosen = _squares_held_out(source, order, held) or order[:held].tolist()
    learned = np.setdiff1d(order, chosen)
    return source.only(learned), source.only(np.sort(np.array(chosen, np.int64)))


def _too_few(source: Source, size: int) -> InputError:
    """What is said of too few pictures, or too small ones, to measure on some."""
    takes = f"it takes {MOST_HELD_OUT} or more to hold some out for measuring"
    term = parse(source.spec)[0]
    if term.kind != TILES or term.count:
        return InputError(f"{source.spec}: has {counted(len(source), 'picture')}; {takes}")
    of = len(list_folder(term.place).records)
    small = of - len({source.name(index) for index in range(len(source))})
    problem = f"{small} of {of} pictures are smaller than a tile of {size} x {size} pixels"
    tiles = f"the others make {counted(len(source), 'tile')}, and {takes}"
    return InputError(f"{problem}; {tiles}", "give a smaller --size", path=term.place)


def _squares_held_out(source: Source, order: Int64[np.ndarray, "n"], held: int) -> list[int]:
    """Of pictures cut into squares all squares of a few, about `held` of them and at most a fifth;
    empty where a picture's squares are more than that."""
    if parse(source.spec)[0].kind != TILES:
        return []
    squares: dict[str, list[int]] = {}
    for index in order.tolist():
        squares.setdefault(source.name(index), []).append(index)
    chosen: list[int] = []
    for indices in squares.values():
        if len(chosen) + len(indices) <= len(source) // MOST_HELD_OUT:
            chosen += indices
        if len(chosen) >= held:
            break
    return chosen


def _shuffled(count: int) -> Int64[np.ndarray, "n"]:
    """So many places in an order that is always the same."""
    return np.argsort(Rng(seed=0, places=np.arange(count)).bits("held out"))


def _choosing(term: Term, count: int) -> str:
    return spell((replace(term, weight=1.0, first=0, count=count),))


def _test_beside(term: Term) -> Term | None:
    """The folder of pictures to measure on that comes with a folder to learn from."""
    path = Path(term.path)
    if term.kind not in ("folder", TILES) or not path.name.startswith("train"):
        return None
    beside = path.with_name(f"test{path.name.removeprefix('train')}")
    return replace(term, path=str(beside), weight=1.0, count=None) if beside.is_dir() else None
