"""A pack: many pictures and their truth in a few memory-mapped files; the fast way to read them.

A pack is a folder. Each column is a NumPy file, which NumPy alone can map too; row i of every
column belongs to picture i:

    pictures.npy   uint8    N x H x W x 3
    parts.npy      uint8    N x H x W         labels (conventions.PARTS)
    points.npy     float32  N x 68 x 2        landmarks, x, y in pixels
    visible.npy    bool     N x 68
    vectors.npy    float64  N x k             index.json's vector_names
    seeds.npy      int64    N
    labels.npy     int64    N                 indices into index.json's classes
    splits.npy     int64    N                 0 to learn from, 1 to choose by, 2 to judge by
    names.jsonl                               what each picture was called, a text a line
    skipped.jsonl                             pictures that could not be read, and why

and for pairs pair_pictures.npy, pair_parts.npy, ... Only `pictures` must be there. index.json has
the format's number, each column's type, shape and SHA-256, what the pictures are (`about`), and
`hash`, which names the content: two packs of equal hash hold the same. There is no time and no
path in it, so the same request gives the same bytes.

A pack is written in shards, beside its place; then one rename. A shard holds some pictures in their
order, in a file that appears whole or not at all. Where the work is stopped, or killed, the same
request again keeps the shards that are there. Worker processes write shards themselves: to send
pictures from process to process takes longer than to make them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cached_property, partial
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from filelock import FileLock, Timeout
from jaxtyping import Int64

from trombine.core.cluster import spread
from trombine.core.computing import check_guard
from trombine.core.errors import InputError, shown
from trombine.core.progress import Progress, Result, log, silent
from trombine.core.texts import counted
from trombine.data.columns import PAIR, SHARED, TYPES, Columns, Row, base, stack, unknown
from trombine.io.files import atomic, cache_folder, clear_parts, output_error, refusing, write_bytes
from trombine.io.record import versions

FORMAT: Final = 1
INDEX: Final = "index.json"
NAMES: Final = "names.jsonl"
SKIPPED: Final = "skipped.jsonl"
_AGAIN: Final = "make it again with --overwrite"


class Pack:
    """A complete pack, open for reading."""

    def __init__(self, path: Path) -> None:
        """Open the pack at `path`; raises InputError for no pack or a damaged one."""
        self.path = path
        self.index = _read_index(path)
        self.columns = {
            name: _map_column(path, name, entry["shape"])
            for name, entry in self.index["columns"].items()
            if base(name) in TYPES  # older packs hold five points of CelebA's faces too
        }
        lengths = {len(column) for column in self.columns.values()}
        if "pictures" not in self.columns or len(lengths) != 1:
            raise InputError("has columns that do not fit together", _AGAIN, path=path)
        self.about: dict[str, Any] = self.index["about"]  # what the pictures are
        self.hash: str = self.index["hash"]  # the name of the content
        self.size: int = self.columns["pictures"].shape[1]
        self.vector_names: tuple[str, ...] = tuple(self.about.get("vector_names", ()))
        self.classes: tuple[str, ...] = tuple(self.about.get("classes", ()))
        self.splits: Int64[np.ndarray, "n"] | None = self.columns.get("splits")

    def __len__(self) -> int:
        return len(self.columns["pictures"])

    def __reduce__(self) -> tuple[type[Pack], tuple[Path, ...]]:
        return Pack, (self.path,)  # a process that gets a pack maps the files itself

    def rows(self, indices: Int64[np.ndarray, "n"]) -> Columns:
        """These rows of all columns, copied to memory."""
        return {name: np.take(column, indices, axis=0) for name, column in self.columns.items()}

    def name(self, index: int) -> str:
        """What a row's picture was called; where that is not known its seed, or its number."""
        if "names" in self.index:
            start, end = (int(self._ends[at]) if at >= 0 else 0 for at in (index - 1, index))
            with refusing(self.path / NAMES):
                return shown(json.loads(self._lines[start:end].tobytes()))
        seeds = self.columns.get("seeds")
        return f"{index if seeds is None else int(seeds[index]):06d}"

    @cached_property
    def _lines(self) -> np.memmap:
        return np.memmap(self.path / NAMES, np.uint8, "r")

    @cached_property
    def _ends(self) -> Int64[np.ndarray, "n"]:
        """Where the line of each name ends, in bytes of their file: a tenth of what names take."""
        path = self.path / NAMES
        with refusing(path), path.open("rb") as lines:
            ends = np.cumsum(np.fromiter(map(len, lines), np.int64))
        if len(ends) != len(self):
            raise InputError(f"has {len(ends)} names for {len(self)} pictures", _AGAIN, path=path)
        return ends


class Pairs(Pack):
    """A pack whose pictures are pairs with those of another one: the same seeds in two styles."""

    def __init__(self, first: Path, second: Path) -> None:
        """Open both; what is not of one side alone is the first's."""
        super().__init__(first)
        self.second = Pack(second)

    def __reduce__(self) -> tuple[type[Pack], tuple[Path, ...]]:
        return Pairs, (self.path, self.second.path)

    def rows(self, indices: Int64[np.ndarray, "n"]) -> Columns:
        """What is known of each side; seeds and vectors are of both."""
        second = self.second.rows(indices)
        sides = {f"{PAIR}{n}": cells for n, cells in second.items() if n not in SHARED}
        return {**super().rows(indices), **sides}


def is_pack(path: Path) -> bool:
    """Whether a complete pack seems to be there; opening it may still find it damaged."""
    return (path / INDEX).is_file()


def part_of(path: Path) -> Path:
    """Where the pack at `path` is, while it is being written."""
    return path.with_name(f".{path.name}.part")


def _content_hash(index: Mapping[str, Any]) -> str:
    """The pack's hash: of its columns, and of what the numbers in them mean."""
    about = index["about"]
    content = [index["columns"], about.get("vector_names", []), about.get("classes", [])]
    content += [index["names"]] if "names" in index else []
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _head_of(column: Mapping[str, Any]) -> bytes:
    """The head of the .npy file of a column of the index."""
    descr = np.lib.format.dtype_to_descr(np.dtype(column["dtype"]))
    head = {"descr": descr, "fortran_order": False, "shape": tuple(column["shape"])}
    out = BytesIO()
    np.lib.format.write_array_header_1_0(out, head)
    return out.getvalue()


def _read_index(path: Path) -> dict[str, Any]:
    if not is_pack(path):
        if part_of(path).is_dir():
            raise InputError("is not finished", "run the command that makes it again", path=path)
        problem = f"is not a pack: it has no {INDEX}" if path.exists() else "does not exist"
        raise InputError(problem, "check the name; for pictures, write folder:", path=path)
    with refusing(path / INDEX):
        index = json.loads((path / INDEX).read_bytes())
        form = index["format"]
    if form != FORMAT:
        raise InputError(f"is a pack of format {form}", f"this trombine reads {FORMAT}", path=path)
    return index


def _map_column(path: Path, name: str, shape: list[int]) -> np.ndarray:
    """One column, mapped; it must be what the index says."""
    file = path / f"{name}.npy"
    try:
        column = np.load(file, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise InputError("is missing or damaged", _AGAIN, path=file) from error
    if column.dtype != TYPES.get(base(name)) or list(column.shape) != shape:
        raise InputError(f"is not what {INDEX} says", _AGAIN, path=file)
    return np.asarray(column)  # a plain array on the same mapping: np.memmap is slow to index


Made = tuple[str | None, Row | str]
"""What became of a picture: its name, if it has one; its row, or why it is left out."""
Make = Callable[[Sequence[int]], Sequence[Made]]
"""Makes some pictures, by their places among all."""
Shapes = Mapping[str, tuple[int, ...]]  # of a cell of each column

_SHARDS: Final = "shards"
_REQUEST: Final = "request.json"
_LINES: Final = "lines"  # of a shard: JSON of the name of each picture, and why it is left out
_OURS: Final = frozenset(
    (INDEX, NAMES, SKIPPED, *(f"{mark}{name}.npy" for mark in ("", PAIR) for name in TYPES))
)


def write_pack(
    path: Path,
    make: Make,
    *,
    about: Mapping[str, Any],
    count: int,
    shapes: Shapes,
    shard: int = 32,
    workers: int | None = 1,
    cluster: str = "",
    overwrite: bool = False,
    progress: Progress | None = None,
    unit: str = "picture",
    kind: str = "",
) -> Result:
    """Write the pack of `count` pictures at `path`, or what is missing of it; keep a whole one.

    `about` says what the pictures are: a pack there that is about the same is kept, another one is
    an InputError unless `overwrite`. Of more than one worker `make` must pickle. The result says of
    how many `unit`s of which `kind` the pack is, and which pictures are left out of a new one.
    """
    place = Path(os.path.realpath(path))  # where a link leads
    part, step = part_of(place), progress or silent
    with in_turn(path):
        if _is_wanted(path, about, overwrite):
            return _result(path, unit, kind, kept=count, count=count)
        kept = 0
        if not (is_pack(part) and Pack(part).about == about):  # else killed before the rename
            request = {"about": about, "count": count, "shapes": shapes, "shard": shard}
            shards = _open_shards(part, json.dumps(request))
            places = [range(first, min(first + shard, count)) for first in range(0, count, shard)]
            missing = [some for some in places if not _file(shards, some).exists()]
            done = kept = count - sum(map(len, missing))
            if kept:
                there = f"{kept:,} of {count:,} were there"
                log.warning(f"{shown(path)}: goes on where it was stopped: {there}")
            save = partial(_save_shard, shards, make, shapes)
            with closing(spread(save, missing, workers=workers, cluster=cluster)) as saved:
                for _, length in saved:
                    done += length
                    step(done, count, f"{unit}s")
            _join(part, [_file(shards, some) for some in places], about, shapes)
        shutil.rmtree(part / _SHARDS, ignore_errors=True)
        clear_parts(part)  # of an index that a kill left
        _put_in_place(part, place)
        return _result(path, unit, kind, kept=kept, count=count)


def _result(path: Path, unit: str, kind: str, *, kept: int, count: int) -> Result:
    file = path / SKIPPED
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    skipped = {line["file"]: line["why"] for line in map(json.loads, lines)}
    summary = f"{shown(path)}: a pack of {counted(len(Pack(path)), unit)}{kind}"
    summary += f"; {len(skipped):,} left out, listed in {SKIPPED}" if skipped else ""
    if kept == count:
        return Result(summary=f"{summary} (was there)", kept=kept)
    left_out = {Path(name): why for name, why in skipped.items()}
    return Result(summary=summary, written=(path,), kept=kept, skipped=left_out)


def _save_shard(folder: Path, make: Make, shapes: Shapes, places: range) -> int:
    """What workers run: makes the pictures at some places and writes their shard."""
    made = make(places)
    blank = {name: unknown(name, shape) for name, shape in shapes.items()}
    columns = stack((row for _, row in made if not isinstance(row, str)), blank)
    lines = [[name, row if isinstance(row, str) else ""] for name, row in made]
    text = np.frombuffer(json.dumps(lines).encode(), np.uint8)
    arrays: dict[str, Any] = {_LINES: text, **columns}
    with atomic(_file(folder, places)) as file, file.open("wb") as out:
        np.savez(out, **arrays)
    return len(places)


def _file(folder: Path, places: range) -> Path:
    return folder / f"{places.start:09d}.npz"


def _open_shards(part: Path, request: str) -> Path:
    """The folder of shards, with those that are there if they are of this request."""
    shards = part / _SHARDS
    asked = shards / _REQUEST
    if not asked.exists() or asked.read_text(encoding="utf-8") != request:
        shutil.rmtree(part, ignore_errors=True)
        write_bytes(asked, request.encode())
    return shards


def _join(part: Path, shards: Sequence[Path], about: Mapping[str, Any], shapes: Shapes) -> None:
    """Make a pack of the shards, its index last."""
    lines = [line for shard in shards for line in json.loads(_read(shard, _LINES).tobytes())]
    names = [name for name, why in lines if not why]
    skipped = [{"file": name, "why": why} for name, why in lines if why]
    if not names:
        shutil.rmtree(part)
        why = f"{skipped[0]['file']} {skipped[0]['why']}" if skipped else "name others"
        raise InputError("holds no picture that can be used", why)
    columns = {}
    for name, shape in shapes.items():
        entry: dict[str, Any] = {"dtype": TYPES[base(name)], "shape": [len(names), *shape]}
        data = (_head_of(entry), *(_read(shard, name).tobytes() for shard in shards))
        columns[name] = entry | {"sha256": _write(part / f"{name}.npy", data)}
    index: dict[str, Any] = {"format": FORMAT, "about": dict(about), "columns": columns}
    if any(names):
        index["names"] = {"sha256": _write(part / NAMES, map(_line, names))}
    if skipped:
        _write(part / SKIPPED, map(_line, skipped))
    index |= {"versions": versions(("numba",)), "hash": _content_hash(index)}
    write_bytes(part / INDEX, (json.dumps(index, indent=1, sort_keys=True) + "\n").encode())


def _read(shard: Path, name: str) -> np.ndarray:
    with np.load(shard) as held:
        return held[name]


def _line(value: Any) -> bytes:
    return f"{json.dumps(value)}\n".encode()


def _put_in_place(part: Path, path: Path) -> None:
    """Rename the whole pack; an older one of the name goes once the new one stands."""
    old = part.with_suffix(".old")
    if path.exists():
        shutil.rmtree(old, ignore_errors=True)
        path.rename(old)
    part.rename(path)
    shutil.rmtree(old, ignore_errors=True)


def _is_wanted(path: Path, about: Mapping[str, Any], overwrite: bool) -> bool:
    """Whether the pack at `path` is what is wanted; raises InputError if it is in the way."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return False
    if not is_pack(path):
        raise InputError("is not a pack", "choose another name", path=path)
    if overwrite:
        if others := {file.name for file in path.iterdir()} - _OURS:
            problem = f"holds other files beside the pack, such as {shown(min(others))}"
            raise InputError(problem, "move them away, or choose another name", path=path)
        return False
    there = Pack(path).about
    if there != about:
        keys = [key for key in {**about, **there} if about.get(key) != there.get(key)]
        problem = f"is another pack: its {', '.join(keys)} differ"
        raise InputError(problem, "choose another name, or --overwrite", path=path)
    return True


@contextmanager
def in_turn(path: Path) -> Iterator[None]:
    """Inside, no other process writes at `path`; what cannot be written is one line about it."""
    place = hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()
    lock = FileLock(cache_folder() / "locks" / f"{place[:16]}.lock")
    try:
        with suppress(OSError):  # a cache that cannot be written: nobody waits
            Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                check_guard()  # else a worker waits for its own parent
                log.warning(f"{shown(path)}: is being written by another process; waiting for it")
                lock.acquire()
        yield
    except OSError as error:
        raise output_error(path, error) from error
    finally:
        lock.release()


def _write(path: Path, data: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    with path.open("wb") as out:
        for block in data:
            digest.update(block)
            out.write(block)
    return digest.hexdigest()
