"""A folder of pictures made into a pack: cropped, resized, sorted by use, the bad ones left out.

What a picture is for (columns.SPLITS) its layout says. Where it does not, the hash of the file's
bytes decides, so that a picture has the same use under any name and in any folder, and a copy of
it can never be judged on after it was learned from.

Sets of the Hugging Face hub become folders first; their `datasets` (the extra `hub`) finds,
downloads and reads the set:

    owner/name                  all of a set
    owner/name:test             one split of it
    owner/name/config           one configuration of it; owner/name/config:test
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from trombine.core.devices import CPU
from trombine.core.errors import CHECK_NETWORK, InputError, about, library, said, shown
from trombine.core.progress import Account, Progress, Result, log, silent
from trombine.core.texts import counted
from trombine.data.columns import SPLITS, split_share
from trombine.data.layouts import list_folder
from trombine.data.listing import CSV, FILE_NAME, LABEL, Listing
from trombine.data.pack import Made, in_turn, write_pack
from trombine.data.reading import FRAMED, READER, TILES, blank_row, read_row, tiled
from trombine.io.files import cache_folder, opened, write_bytes
from trombine.models import loaded


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """How pictures are made into a pack."""

    size: int  # pixels, width and height
    crop: str = "centre"  # as reading.read_row has it, or tiles
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
    if listing.note:
        account.notice(listing.note, folder)
    blank = blank_row(listing, options.size)
    with about(folder):
        result = write_pack(
            path,
            partial(_read_rows, folder, listing, options),
            about=_about(folder, listing, options),
            count=len(listing.records),
            shapes={**{name: cell.shape for name, cell in blank.items()}, "splits": ()},
            workers=workers,
            overwrite=overwrite,
            progress=progress,
            kind=f" of {options.size} px ({listing.layout})",
        )
    for name, why in result.skipped.items():
        account.skip(folder / name, InputError(why))
    account.written += result.written
    return account.result(result.summary, kept=result.kept)


def _read_rows(
    folder: Path, listing: Listing, options: PrepareOptions, places: Sequence[int]
) -> list[Made]:
    """What workers run: the rows of a few records."""
    made = list[Made]()
    for record in (listing.records[place] for place in places):
        try:
            how = (options.size, options.crop, options.device)
            row = read_row(folder, listing, record, *how)
            split = record.split if record.split >= 0 else _split(folder / record.name, options)
            made.append((record.name, {**row, "splits": np.array(split, np.int64)}))
        except InputError as error:
            made.append((record.name, error.why))
    return made


def _split(picture: Path, options: PrepareOptions) -> int:
    """What a picture is for, by its bytes."""
    with opened(picture) as file:
        share = split_share(hashlib.sha256(file.read()).digest())
    if share < options.test:
        return SPLITS.index("test")
    return SPLITS.index("choose" if share < options.test + options.choose else "train")


def _about(folder: Path, listing: Listing, options: PrepareOptions) -> dict[str, Any]:
    by_whom = {}
    if options.crop in FRAMED:  # another reader finds faces elsewhere
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
    digest = hashlib.sha256()

    def plain(held: Any) -> Any:  # numbers whose text says them all, which a large array's does not
        return held.tolist() if isinstance(held, np.ndarray) else held

    for record in listing.records:
        facts = [record.label, record.split, record.seed, plain(record.vector)]
        for view in record.sides:
            files = [view.picture, view.parts, *(name for _, name in view.masks)]
            # None: where five points of a face were kept once.
            facts += [files, [_length(folder / name) for name in files if name]]
            facts += [plain(view.points), view.visible, None, view.swapped]
            facts += [view.tile] if view.tile >= 0 else []
        digest.update(f"{facts}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError):  # it is not there, or no file can have the name
        return -1


# Sets of the hub

_NAME: Final = re.compile(r"([\w.-]+(?:/[\w.-]+)?)(?:/([\w.-]+))?(?::([\w.-]+))?")
_CLASSES: Final = re.compile(r"u?int\d+|bool|(?:large_)?string")  # types that may be a class
_NUMBERS: Final = ("int", "uint", "float", "bool")  # how the types of columns of numbers begin


def parse_hub(name: str) -> tuple[str, str | None, str | None]:
    """Name, configuration and split of a text; raises InputError for any other text."""
    match = _NAME.fullmatch(name)
    if match is None or ".." in name:
        cure = "write owner/name, or owner/name:split"
        raise InputError("is not a name of the hub", cure, path=f"hub:{name}")
    return match[1], match[2], match[3]


def hub_folder(name: str) -> Path:
    """Where the pictures of a set of the hub are kept, in the cache."""
    parse_hub(name)
    return cache_folder() / "hub" / name.replace("/", "--").replace(":", "@")


def prepare_hub(name: str, folder: Path, progress: Progress | None = None) -> None:
    """Write the pictures of a set of the hub to a folder, as they are; keep one that is complete.

    A metadata.csv has the class and every column of numbers; the split is the folder. It is
    written last, so where it is, all is.
    """
    with about(f"hub:{name}"), in_turn(folder):
        if (folder / CSV).is_file():
            return
        splits, lines = _load(name), list[dict[str, Any]]()
        total, step = sum(map(len, splits.values())), progress or silent
        for split, rows in splits.items():
            for line in _rows(rows, folder, re.sub(r"[^\w.-]", "_", split).lstrip(".")):
                lines.append(line)
                step(len(lines), total, "pictures")
        if not lines:
            raise InputError("has no picture in any row", "choose another split")
        if lost := total - len(lines):
            rows = f"{counted(lost, 'row')} without a picture"
            log.warning(f"{shown(folder)}: left out {rows}")
        text = StringIO()
        writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
        write_bytes(folder / CSV, text.getvalue().encode())


def _load(name: str) -> dict[str, Any]:
    """The splits of a set, downloaded if need be."""
    hub_name, config, split = parse_hub(name)
    datasets = library("datasets", "hub")
    try:
        loaded = datasets.load_dataset(hub_name, config, split=split)
    except Exception as error:  # of many libraries, for what is no fault of ours
        raise InputError(f"cannot be loaded ({said(error)})", CHECK_NETWORK) from error
    return {split: loaded} if split else dict(loaded)


def _rows(rows: Any, folder: Path, split: str) -> Iterator[dict[str, Any]]:
    """Write the pictures of a split; the line of each. Rows without a picture are left out."""
    datasets = library("datasets", "hub")
    features = rows.features
    images = [key for key, feature in features.items() if isinstance(feature, datasets.Image)]
    if not images:
        raise InputError("has no column of pictures", "choose a set of pictures")
    classes = {k: f.names for k, f in features.items() if isinstance(f, datasets.ClassLabel)}
    kinds = {key: str(getattr(feature, "dtype", "")) for key, feature in features.items()}
    named = LABEL in classes or _CLASSES.fullmatch(kinds.get(LABEL, ""))
    label = LABEL if named else next(iter(classes), "")
    numbers = [k for k, kind in kinds.items() if kind.startswith(_NUMBERS) and k != label]
    wanted = [images[0], *([label] if label else ()), *numbers]
    raw = rows.select_columns(wanted).cast_column(images[0], datasets.Image(decode=False))
    for number, row in enumerate(raw):
        image = row[images[0]] or {}
        if not (image.get("bytes") or image.get("path")):
            continue
        data = image["bytes"] or Path(image["path"]).read_bytes()
        try:  # a set may name any file of this machine as a picture: only pictures are copied
            with Image.open(BytesIO(data)) as picture:
                suffix = str(picture.format).lower()
        except OSError as error:
            problem = f"has no picture of a known format in row {number} of {split}"
            raise InputError(problem, "choose another split") from error
        file = folder / split / f"{number:06d}.{'jpg' if suffix == 'jpeg' else suffix}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        line: dict[str, Any] = {FILE_NAME: f"{split}/{file.name}"}
        if label:
            names = dict(enumerate(classes.get(label, ())))
            line[LABEL] = names.get(row[label]) if names else row[label]  # -1: the set says none
        for key in numbers:
            name = f"{key}_value" if key == LABEL else key  # the class has the other
            line[name] = None if row[key] is None else float(row[key])
        yield line
