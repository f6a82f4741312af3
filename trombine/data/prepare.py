"""A folder of pictures made into a pack: cropped, resized, sorted by use, the bad ones left out.

What a picture is for (columns.SPLITS) its layout says. Where it does not, the hash of the file's
bytes decides, so that a picture has the same use under any name and in any folder, and a copy of
it can never be judged on after it was learned from.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trombine.core.devices import CPU
from trombine.core.errors import InputError, about, shown
from trombine.core.progress import Account, Progress, Result
from trombine.data.columns import SPLITS
from trombine.data.layouts import list_folder
from trombine.data.listing import Listing, Record, pictures
from trombine.data.pack import SKIPPED
from trombine.data.pack_writer import Made, write_pack
from trombine.data.reading import CROPS, READER, LargestFace, blank_row, read_row
from trombine.data.tiles import TILES, tiled
from trombine.io.files import opened
from trombine.models import loaded


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """How pictures are made into a pack."""

    size: int  # pixels, width and height
    crop: str = "centre"  # a name in reading.CROPS
    device: str = CPU  # that faces are found on
    choose: int = 5  # percent
    test: int = 5  # percent
    most: int | None = None  # of the squares that pictures are cut into; None: all


def prepare_pack(
    folder: Path,
    path: Path,
    options: PrepareOptions,
    *,
    layout: str = "",
    workers: int | None = 1,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Make the pack of a folder at `path`, or what is missing of it; keep a whole one."""
    listing = list_folder(folder, layout)
    if options.crop == TILES:
        listing = tiled(folder, listing, options.size, options.most)
    account = Account()
    for note in listing.notes:
        account.notice(note, folder)
    blank = blank_row(listing, options.size)
    with about(folder):
        written = write_pack(
            path,
            _ReadRows(folder, listing, options),
            about=_about(folder, listing, options),
            count=len(listing.records),
            shapes={**{name: cell.shape for name, cell in blank.items()}, "splits": ()},
            workers=workers,
            overwrite=overwrite,
            progress=progress,
        )
    if written.was_whole:
        lacks = f" ({len(written.skipped):,} left out, see {SKIPPED})" if written.skipped else ""
        summary = f"{shown(path)}: the pack of these pictures was there{lacks}"
        return account.result(summary, kept=written.kept)
    summary = f"a pack of {pictures(len(written.pack))} of {options.size} px ({listing.layout})"
    if written.skipped:
        summary += f"; {len(written.skipped):,} left out, listed in {SKIPPED}"
    for name, why in written.skipped.items():
        account.skip(folder / name, InputError(why))
    account.written.append(path)
    return account.result(f"{shown(path)}: {summary}", kept=written.kept)


@dataclass(frozen=True)
class _ReadRows:
    """What workers run: the rows of a few records."""

    folder: Path
    listing: Listing
    options: PrepareOptions

    def __call__(self, places: Sequence[int]) -> list[Made]:
        crop = CROPS[self.options.crop]
        if isinstance(crop, LargestFace):
            crop = LargestFace(self.options.device)
        made: list[Made] = []
        for place in places:
            record = self.listing.records[place]
            try:
                row = read_row(self.folder, self.listing, record, self.options.size, crop)
                split = record.split if record.split >= 0 else self._split(record)
                made.append((record.name, {**row, "splits": np.array(split, np.int64)}))
            except InputError as error:
                made.append((record.name, error.why))
        return made

    def _split(self, record: Record) -> int:
        """What a picture is for, by its bytes."""
        with opened(self.folder / record.name) as file:
            share = split_share(hashlib.sha256(file.read()).digest())
        if share < self.options.test:
            return SPLITS.index("test")
        choose = self.options.test + self.options.choose
        return SPLITS.index("choose" if share < choose else "train")


def split_share(digest: bytes) -> float:
    """Where a picture stands among all, 0 to 100, by the SHA-256 of its file."""
    return int.from_bytes(digest[:8], "big") / 2**64 * 100


def _about(folder: Path, listing: Listing, options: PrepareOptions) -> dict[str, Any]:
    by_whom = {}
    if isinstance(CROPS[options.crop], LargestFace):  # another reader finds faces elsewhere
        where = {} if options.device == CPU else {"device": options.device}
        by_whom = {"reader": loaded(READER, task="read").hash, **where}
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
        **by_whom,
    }


def _digest(folder: Path, listing: Listing) -> str:
    """A hash of the names and lengths of the files, and of what is said of the pictures."""
    digest, start = hashlib.sha256(), f"{folder}{os.sep}"

    def plain(held: Any) -> Any:  # numbers whose text says them all, which a large array's does not
        return held.tolist() if isinstance(held, np.ndarray) else held

    for record in listing.records:
        facts = [record.label, record.split, record.seed, plain(record.vector)]
        for view in record.sides:
            files = [view.picture, view.parts, *(name for _, name in view.masks)]
            # None: where five points of a face were kept once.
            facts += [files, [_length(start + name) for name in files if name]]
            facts += [plain(view.points), view.visible, None, view.swapped]
            facts += [view.tile] if view.tile >= 0 else []
        digest.update(f"{facts}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _length(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except (OSError, ValueError):
        return -1
