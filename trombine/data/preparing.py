"""A folder of pictures made into a pack: cropped, resized, sorted by use, the bad ones left out.

Pictures are decoded in several processes; one writes. The pack depends on the folder and on what
is asked, not on the number of processes or on how often the work was stopped (pack_writer.py).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from trombine.data.columns import Row
from trombine.data.decoding import NumberedRecord, PrepareOptions, ReadChunk
from trombine.data.framing import READER
from trombine.data.layouts import list_folder
from trombine.data.listing import Listing, pictures
from trombine.data.pack import SKIPPED, Pack
from trombine.data.pack_writer import PackWriter
from trombine.data.reading import CROPS, LargestFace, blank_row
from trombine.data.tiles import TILES, tiled
from trombine.data.workers import check_start, in_order
from trombine.devices import CPU
from trombine.events import Done, Event, Notice, Progress, Skipped, Started
from trombine.refusal import InputError, shown

_SEVERAL: Final = 32  # pictures that a process is given at once; no result depends on it
_AHEAD: Final = 32  # times as many wait for each process, to last while the disk is forced
_LARGE: Final = 4096  # bytes of a cell that is not sent from process to process


def prepare_pack(
    folder: Path,
    path: Path,
    options: PrepareOptions,
    *,
    layout: str = "",
    workers: int | None = 1,
    overwrite: bool = False,
) -> Generator[Event, None, None]:
    """Make the pack of a folder at `path`, or what is missing of it; keep a whole one."""
    check_start(workers)
    listing = list_folder(folder, layout)
    if options.crop == TILES:
        listing = tiled(folder, listing, options.size, options.most)
    count = len(listing.records)
    yield Started(total=count, unit="pictures")
    yield from (Notice(file=folder, text=text) for text in _notes(listing))
    blank = {**blank_row(listing, options.size), "splits": np.array(-1, np.int64)}
    writer = PackWriter(
        path,
        about=_about(folder, listing, options),
        count=count,
        shapes={name: cell.shape for name, cell in blank.items()},
    )
    with writer.opened(overwrite=overwrite) as complete:
        if not complete:
            yield from _add_rows(writer, folder, listing, options, workers, blank)
    if complete:
        lacks = f" ({bad:,} left out, see {SKIPPED})" if (bad := _skipped(path)) else ""
        summary = f"{shown(path)}: the pack of these pictures was there{lacks}"
        yield Done(summary=summary, written=0, skipped=0, kept=len(Pack(path)))
        return
    existing, skipped = writer.existing, len(writer.skipped)
    summary = f"a pack of {pictures(writer.rows)} of {options.size} px ({listing.layout})"
    summary = f"{shown(path)}: {summary}"
    if skipped:
        summary += f"; {skipped:,} left out, listed in {SKIPPED}"
    yield Done(summary=summary, written=writer.rows - existing, skipped=skipped, kept=existing)


def _notes(listing: Listing) -> Iterator[str]:
    """What people should know of what is in the folder."""
    if listing.missing:
        are = "is" if listing.missing == 1 else "are"
        named = " and ".join(listing.named_in) or "its tables"
        yield f"{pictures(listing.missing)} named in {named} {are} not there"
    yield from listing.notes


def _skipped(path: Path) -> int:
    """How many pictures a pack lists that could not be read."""
    file = path / SKIPPED
    return len(file.read_bytes().splitlines()) if file.is_file() else 0


def _about(folder: Path, listing: Listing, options: PrepareOptions) -> dict[str, Any]:
    """What determines the rows of the pack."""
    return {
        "kind": "prepared",
        "layout": listing.layout,
        "size": options.size,
        "crop": options.crop,
        "choose": options.choose,
        "test": options.test,
        "count": len(listing.records),
        "files": _digest(folder, listing),
        "vector_names": list(listing.vector_names),
        "classes": list(listing.classes),
        **_by_whom(options),
    }


def _by_whom(options: PrepareOptions) -> dict[str, str]:
    """Which reader finds the faces, where faces are cut out: another one finds them elsewhere."""
    if not isinstance(CROPS[options.crop], LargestFace):
        return {}
    from trombine.weights import loaded

    where = {} if options.device == CPU else {"device": options.device}
    return {"reader": loaded(READER, task="read").hash, **where}


def _digest(folder: Path, listing: Listing) -> str:
    """A hash of the names and lengths of the files, and of what is said of the pictures."""
    digest, start = hashlib.sha256(), f"{folder}{os.sep}"
    for record in listing.records:
        facts = [record.label, record.split, record.seed, _plain(record.vector)]
        for view in record.sides:
            files = [view.picture, view.parts, *(name for _, name in view.masks)]
            facts += [files, [_length(start + name) for name in files if name]]
            facts += [_plain(view.points), view.visible, _plain(view.five), view.swapped]
            facts += [view.tile] if view.tile >= 0 else []
        digest.update(f"{facts}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _plain(held: Any) -> Any:
    """Numbers whose text says them all, which that of a large array does not."""
    return held.tolist() if isinstance(held, np.ndarray) else held


def _length(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except (OSError, ValueError):
        return -1


def _add_rows(
    writer: PackWriter,
    folder: Path,
    listing: Listing,
    options: PrepareOptions,
    workers: int | None,
    blank: Row,
) -> Generator[Event, None, None]:
    """Add what the pack lacks, in the listing's order."""
    small = {name: cell for name, cell in blank.items() if cell.nbytes < _LARGE}
    read = ReadChunk(
        folder=folder,
        listing=replace(listing, records=()),
        options=options,
        columns={name: writer.columns[name] for name in blank.keys() - small.keys()},
    )
    reason = ""  # of the first that is skipped
    todo = enumerate(islice(listing.records, writer.done, None), writer.done)
    with closing(in_order(read, _chunks(todo), workers, ahead=_AHEAD)) as results:
        for decoded in chain.from_iterable(results):
            if decoded.row is None:
                writer.skip(decoded.name, decoded.why)
                reason = reason or f"{decoded.name} {decoded.why}"
                yield Skipped(file=folder / decoded.name, why=decoded.why)
            else:
                writer.add({**small, **decoded.row}, decoded.name)
            yield Progress(done=writer.done, total=writer.count, unit="pictures")
    if not writer.rows:
        writer.discard()
        problem = "holds no picture that can be used"
        raise InputError(problem, reason or "name another", path=folder)


def _chunks(records: Iterator[NumberedRecord]) -> Iterator[tuple[NumberedRecord, ...]]:
    while chunk := tuple(islice(records, _SEVERAL)):
        yield chunk
