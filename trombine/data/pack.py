"""A pack: many pictures and their truth in a few memory-mapped files; the fast way to read them.

A pack is a folder. Each column is a NumPy file, which NumPy alone can map too; row i of every
column belongs to picture i:

    pictures.npy   uint8    N x H x W x 3
    parts.npy      uint8    N x H x W         labels (conventions.PARTS)
    points.npy     float32  N x 68 x 2        landmarks, x, y in pixels
    visible.npy    bool     N x 68
    vectors.npy    float64  N x k             index.json's vector_names
    seeds.npy      int64    N
    five.npy       float32  N x 5 x 2         eyes, nose, corners of the mouth
    labels.npy     int64    N                 indices into index.json's classes
    splits.npy     int64    N                 0 to learn from, 1 to choose by, 2 to judge by
    names.jsonl                               what each picture was called, a text a line
    skipped.jsonl                             pictures that could not be read, and why

and for pairs pair_pictures.npy, pair_parts.npy, ... Only `pictures` must be there. index.json has
the format's number, each column's type, shape and SHA-256, what the pictures are (`about`), and
`hash`, which names the content: two packs of equal hash hold the same. There is no time and no
path in it, so the same request gives the same bytes.

Reading is here; writing, which can be stopped and gone on with, is in pack_writer.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Int64, UInt8

from trombine.conventions import PARTS
from trombine.data.columns import SPLITS, TYPES, Columns, base
from trombine.refusal import InputError, shown
from trombine.texts import from_json

FORMAT: Final = 1
INDEX: Final = "index.json"
NAMES: Final = "names.jsonl"
SKIPPED: Final = "skipped.jsonl"
_PREAMBLE: Final = 10  # bytes before the head of a .npy file: its mark, version, and how long it is
_AGAIN: Final = "make it again with --overwrite"


class Pack:
    """A complete pack, open for reading."""

    def __init__(self, path: Path) -> None:
        """Open the pack at `path`; raises InputError for no pack or a damaged one."""
        self.path = path
        self.index = _read_index(path)
        self.columns = {name: _map_column(self, name) for name in self.index["columns"]}
        lengths = {len(column) for column in self.columns.values()}
        if "pictures" not in self.columns or len(lengths) != 1:
            raise InputError("has columns that do not fit together", _AGAIN, path=path)

    def __len__(self) -> int:
        return len(self.columns["pictures"])

    def __reduce__(self) -> tuple[type[Pack], tuple[Path]]:
        return Pack, (self.path,)  # a process that gets a pack maps the files itself

    @property
    def size(self) -> int:
        """Width and height of the pictures, pixels."""
        return self.columns["pictures"].shape[1]

    @property
    def hash(self) -> str:
        """The name of the content."""
        return self.index["hash"]

    @property
    def about(self) -> dict[str, Any]:
        """What the pictures are."""
        return self.index["about"]

    @property
    def vector_names(self) -> tuple[str, ...]:
        """What the numbers of a vector are."""
        return tuple(self.about.get("vector_names", ()))

    @property
    def classes(self) -> tuple[str, ...]:
        """What the labels mean."""
        return tuple(self.about.get("classes", ()))

    def rows(self, indices: Int64[np.ndarray, "n"]) -> Columns:
        """These rows of all columns, copied to memory; an InputError for impossible values."""
        rows = {name: np.take(column, indices, axis=0) for name, column in self.columns.items()}
        for name, column in rows.items():
            if problem := self._what_is_wrong(base(name), column):
                raise InputError(problem, _AGAIN, path=self.path / f"{name}.npy")
        return rows

    def _what_is_wrong(self, name: str, column: np.ndarray) -> str:
        """Why rows of a column cannot be those of a picture; empty where they can."""
        ends = {"parts": len(PARTS), "labels": len(self.classes), "splits": len(SPLITS)}
        if name in ends:
            above = column + column.dtype.type(1)  # what is unknown, -1 or 255, becomes 0
            if not 0 <= above.min(initial=0) <= above.max(initial=0) <= ends[name]:
                return f"holds {name} that are none of the {ends[name]} there are"
        if column.dtype.kind == "f" and np.isinf(column).any():
            return "holds infinite numbers"
        if name in ("points", "five"):
            lost = np.isnan(column)
            if (lost.any((1, 2)) != lost.all((1, 2))).any():
                return "holds points of which only some are numbers"
        return ""

    def name(self, index: int) -> str:
        """What a row's picture was called; where that is not known its seed, or its number."""
        if "names" in self.index:
            return self._names[index]
        seeds = self.columns.get("seeds")
        return f"{index if seeds is None else int(seeds[index]):06d}"

    def splits(self) -> Int64[np.ndarray, "n"] | None:
        """What each picture is for, where it is said."""
        return self.columns.get("splits")

    @cached_property
    def _names(self) -> list[str]:
        path = self.path / NAMES
        try:
            names = [shown(from_json(line)) for line in path.read_bytes().splitlines()]
        except (OSError, ValueError, TypeError) as error:
            raise InputError("cannot be read", _AGAIN, path=path) from error
        if len(names) != len(self):
            raise InputError(f"has {len(names)} names for {len(self)} pictures", _AGAIN, path=path)
        return names

    def batch(self, indices: Int64[np.ndarray, "n"]) -> UInt8[np.ndarray, "n h w 3"]:
        """The pictures at these indices, copied to memory."""
        return np.take(self.columns["pictures"], indices, axis=0)

    def verify(self) -> None:
        """Read every byte; raises InputError unless it is what was written."""
        for name, column in self.index["columns"].items():
            if hash_file(self.path / f"{name}.npy") != column["sha256"]:
                raise InputError(
                    "has changed since it was made", _AGAIN, path=self.path / f"{name}.npy"
                )
        names = self.index.get("names")
        if names and hash_file(self.path / NAMES) != names["sha256"]:
            raise InputError("has changed since it was made", _AGAIN, path=self.path / NAMES)
        if content_hash(self.index) != self.hash:
            raise InputError("has changed since it was made", _AGAIN, path=self.path / INDEX)


def is_pack(path: Path) -> bool:
    """Whether a complete pack seems to be there; opening it may still find it damaged."""
    return (path / INDEX).is_file()


def part_of(path: Path) -> Path:
    """Where the pack at `path` is, while it is being written."""
    return path.with_name(path.name + ".part")


def hash_file(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_hash(index: Mapping[str, Any]) -> str:
    """The pack's hash: of its columns, and of what the numbers in them mean."""
    about = index["about"]
    content = [index["columns"], about.get("vector_names", []), about.get("classes", [])]
    content += [index["names"]] if "names" in index else []
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _read_index(path: Path) -> dict[str, Any]:
    if not path.exists():
        begun = part_of(path).is_dir()
        if begun:
            raise InputError("is not finished", "run the command that makes it again", path=path)
        raise InputError("does not exist", "check the name", path=path)
    if not is_pack(path):
        raise InputError(
            f"is not a pack: it has no {INDEX}", "for pictures, write folder:", path=path
        )
    try:
        index = from_json((path / INDEX).read_bytes())
        form, columns = index["format"], index["columns"]
        complete = isinstance(index["hash"], str) and _is_about(index["about"])
        complete = complete and all(
            {"dtype", "shape", "sha256"} <= column.keys() for column in columns.values()
        )
        complete = complete and {"sha256"} <= index.get("names", {"sha256": ""}).keys()
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError("cannot be read", _AGAIN, path=path / INDEX) from error
    if form != FORMAT:
        raise InputError(f"is a pack of format {form}", f"this trombine reads {FORMAT}", path=path)
    if not complete:
        raise InputError("is not whole", _AGAIN, path=path / INDEX)
    return index


def _is_about(about: Any) -> bool:
    """Whether it says by name what pictures are, and in texts what their numbers are called."""
    names = [about.get(key, []) for key in ("vector_names", "classes")]
    return all(
        isinstance(texts, list) and all(isinstance(name, str) for name in texts) for texts in names
    )


def head_of(column: Mapping[str, Any]) -> bytes:
    """The head of the .npy file of a column of the index."""
    descr = np.lib.format.dtype_to_descr(np.dtype(column["dtype"]))
    head = {"descr": descr, "fortran_order": False, "shape": tuple(column["shape"])}
    out = BytesIO()
    np.lib.format.write_array_header_1_0(out, head)
    return out.getvalue()


def _map_column(pack: Pack, name: str) -> np.ndarray:
    """One column, mapped; its file must be what the index says, to the byte."""
    entry = pack.index["columns"][name]
    file = pack.path / f"{name}.npy"
    if TYPES.get(base(name)) != entry["dtype"]:
        raise InputError("is a column that this trombine does not know", _AGAIN, path=file)
    if not file.exists():
        raise InputError("is missing", _AGAIN, path=file)
    try:
        start = _start_of(file, entry)
        column = np.memmap(file, entry["dtype"], "r", start, tuple(entry["shape"]))
    except (OSError, ValueError, TypeError, OverflowError) as error:
        raise InputError(f"is damaged, or not what {INDEX} says", _AGAIN, path=file) from error
    return np.asarray(column)  # a plain array on the same mapping: np.memmap is slow to index


def _start_of(file: Path, entry: Mapping[str, Any]) -> int:
    """Where the numbers of a column begin; a ValueError unless its head and length are right.

    The head is compared and not parsed: what NumPy makes of another is of no use here. How many
    spaces end it may differ.
    """
    expected = head_of(entry)
    with file.open("rb") as data:
        begins = data.read(_PREAMBLE)
        head = data.read(int.from_bytes(begins[-2:], "little"))
    if begins[:-2] != expected[: _PREAMBLE - 2] or head.rstrip() != expected[_PREAMBLE:].rstrip():
        raise ValueError("has another head")
    length = np.dtype(entry["dtype"]).itemsize * prod(entry["shape"])
    if file.stat().st_size != _PREAMBLE + len(head) + length:
        raise ValueError("has another length")
    return _PREAMBLE + len(head)
