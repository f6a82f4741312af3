"""One hash of all pictures of a source: equal hashes mean equal pictures.

A pack holds its hash, and painted pictures are a function of their seeds. The files of a folder are
read once: the cache keeps their hash by their sizes and times, so that a second call reads none of
them. Copied files have other times: they are read again, and their hash is the same.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Int64

from trombine.data.folder import Folder
from trombine.data.listing import Record
from trombine.data.pack import Pack
from trombine.data.source import MixedSource, Source, StoreSource
from trombine.data.spec import parse
from trombine.data.split import Subset
from trombine.events import Event, Progress, Started
from trombine.io.files import cache_folder, opened, write_bytes
from trombine.refusal import InputError

_CHUNK: Final = 1000  # files between two events
_THREADS: Final = 8  # a disk, or a network, answers several at a time
# A file that was written since may be written again at what its disk calls the same time.
_SETTLED: Final = 2 * 10**9  # nanoseconds
_HASH: Final = re.compile(r"[0-9a-f]{32}")


def contents_of(sources: Mapping[str, Source]) -> Generator[Event, None, dict[str, str]]:
    """The hash of each source's pictures and of their truth, but for what is painted."""
    hashes: dict[str, str] = {}
    for name, source in sources.items():
        parts: list[str] = []
        for plain, rows in _parts(source):
            if isinstance(plain.store, Folder):
                parts.append((yield from _of_folder(plain.store, rows)))
            elif isinstance(plain.store, Pack) and parse(plain.spec)[0].path:
                parts.append(str(plain.store.hash))
        if parts:
            hashes[name] = _digest("\n".join(parts).encode())
    return hashes


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


def _of_folder(folder: Folder, rows: Int64[np.ndarray, "n"]) -> Generator[Event, None, str]:
    records = [folder.listing.records[row] for row in rows.tolist()]
    files = list(dict.fromkeys(file for record in records for file in _files(record)))
    truth = _digest(*(_truth(record) for record in records))
    state, newest = _state(folder.path, files)
    cached = cache_folder() / "contents" / _digest(state, truth.encode())
    with suppress(OSError, ValueError):
        if _HASH.fullmatch(contents_hash := cached.read_text()):
            return contents_hash
    hashes = yield from _read(folder.path, files)
    contents = _digest(*hashes, truth.encode())
    if newest < time.time_ns() - _SETTLED:
        with suppress(InputError):  # a cache that cannot be written only costs time
            write_bytes(cached, contents.encode())
    return contents


def _files(record: Record) -> Iterator[str]:
    for view in record.sides:
        yield from (view.picture, *([view.parts] if view.parts else ()))
        yield from (file for _, file in view.masks)


def _truth(record: Record) -> bytes:
    """What is known of a picture, and not from a file of its own."""
    views = [(view.points, view.visible, view.five, view.masks) for view in record.sides]
    truth = (record.name, views, record.vector, record.label)
    return json.dumps(truth, default=_plain).encode()


def _plain(value: Any) -> Any:
    """An array or a number of NumPy as JSON has it; anything else as text."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


def _state(folder: Path, files: Sequence[str]) -> tuple[bytes, int]:
    """What can be said of files without reading them, and when the newest was written, in
    nanoseconds. The time of a file's record (ctime) tells of a change that kept the other time."""
    digest, newest = blake2b(os.fsencode(os.path.realpath(folder)), digest_size=16), 0
    for file in files:
        digest.update(os.fsencode(f"\0{file}\0"))
        with suppress(OSError, ValueError):
            info = (folder / file).stat()
            times = info.st_mtime_ns, info.st_ctime_ns
            digest.update(repr((info.st_size, *times, info.st_ino)).encode())
            newest = max(newest, *times)
    return digest.digest(), newest


def _read(folder: Path, files: Sequence[str]) -> Generator[Event, None, list[bytes]]:
    """The hash of each file's bytes; the bar is drawn where there are many."""
    hashes: list[bytes] = []
    if len(files) > _CHUNK:
        yield Started(len(files), "files of pictures read")
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(files), _CHUNK):
            paths = [folder / file for file in files[start : start + _CHUNK]]
            hashes += pool.map(_hash, paths)
            if len(files) > _CHUNK:
                yield Progress(len(hashes), len(files), "files of pictures read")
    return hashes


def _hash(path: Path) -> bytes:
    """The hash of a file's bytes; empty for an unreadable file, which training then reports."""
    digest = blake2b(digest_size=16)
    with suppress(InputError, OSError), opened(path) as file:
        while block := file.read(2**20):
            digest.update(block)
        return digest.digest()
    return b""


def _digest(*parts: bytes) -> str:
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()
