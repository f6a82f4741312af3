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

Reading is here; writing is in pack_writer.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Int64

from trombine.core.errors import InputError, shown
from trombine.data.columns import TYPES, Columns, base
from trombine.io.files import refusing

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
        """These rows of all columns, copied to memory."""
        return {name: np.take(column, indices, axis=0) for name, column in self.columns.items()}

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
        with refusing(path):
            names = [shown(json.loads(line)) for line in path.read_bytes().splitlines()]
        if len(names) != len(self):
            raise InputError(f"has {len(names)} names for {len(self)} pictures", _AGAIN, path=path)
        return names

    def verify(self) -> None:
        """Read every byte; raises InputError unless it is what was written."""
        files = {f"{name}.npy": column for name, column in self.index["columns"].items()}
        files |= {NAMES: self.index["names"]} if "names" in self.index else {}
        changed = [
            name for name, column in files.items() if _hash(self.path / name) != column["sha256"]
        ]
        changed += [INDEX] if content_hash(self.index) != self.hash else []
        if changed:
            path = self.path / changed[0]
            raise InputError("has changed since it was made", _AGAIN, path=path)


def is_pack(path: Path) -> bool:
    """Whether a complete pack seems to be there; opening it may still find it damaged."""
    return (path / INDEX).is_file()


def part_of(path: Path) -> Path:
    """Where the pack at `path` is, while it is being written."""
    return path.with_name(f".{path.name}.part")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_hash(index: Mapping[str, Any]) -> str:
    """The pack's hash: of its columns, and of what the numbers in them mean."""
    about = index["about"]
    content = [index["columns"], about.get("vector_names", []), about.get("classes", [])]
    content += [index["names"]] if "names" in index else []
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def head_of(column: Mapping[str, Any]) -> bytes:
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
