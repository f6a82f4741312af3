"""Sets of pictures of the Hugging Face hub, as a folder that everything else can read.

    owner/name                  all of a set
    owner/name:test             one split of it
    owner/name/config           one configuration of it; owner/name/config:test

Hugging Face's `datasets` (the extra `hub`) finds, downloads and reads the set; code that a set
brings along is never run. The pictures are written as they are, with a metadata.csv (see
layouts/metadata.py): the split by the folder, the class, and every column of numbers.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final, final

from trombine.data.imagefolder import FILE_NAME
from trombine.data.layouts.metadata import CSV, LABEL
from trombine.data.listing import FolderError
from trombine.events import Done, Event, Progress, Started
from trombine.files import cache_folder, shown, write_bytes

Dataset = Any  # of datasets, whose annotations say less than it does
EXTRA: Final = "pip install 'trombine[hub]'"
_NAME: Final = re.compile(r"([\w.-]+(?:/[\w.-]+)?)(?:/([\w.-]+))?(?::([\w.-]+))?")
_EVERY: Final = 100  # pictures between two events
_MOST_SAID: Final = 200  # letters of somebody else's error
_NUMBERS: Final = re.compile(r"u?int\d+|float\d+|bool")
# How a file of these first bytes is called.
_SUFFIXES: Final = tuple(
    (re.compile(start, re.DOTALL), suffix)
    for start, suffix in (
        (rb"\x89PNG", ".png"),
        (rb"\xff\xd8", ".jpg"),
        (rb"RIFF....WEBP", ".webp"),
        (rb"GIF8", ".gif"),
        (rb"BM", ".bmp"),
        (rb"II\*\0|MM\0\*", ".tif"),
        (rb"....ftypavi", ".avif"),
    )
)


@final
@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a name asks of the hub."""

    name: str
    config: str | None
    split: str | None  # None: all


@final
@dataclass(frozen=True, kw_only=True)
class _Columns:
    """Which columns of a set are kept."""

    image: str
    label: str | None
    classes: tuple[str, ...]  # the label's, where it says them
    numbers: tuple[str, ...]


def parse_hub(name: str) -> Wanted:
    """What is wanted; raises FolderError for what is no name of the hub."""
    found = _NAME.fullmatch(name)
    if found is None or ".." in name:
        raise _error(name, "is not a name of the hub", "write owner/name, or owner/name:split")
    return Wanted(name=found[1], config=found[2], split=found[3])


def hub_folder(name: str) -> Path:
    """Where the pictures of a set of the hub are kept, in the cache."""
    parse_hub(name)
    return cache_folder() / "hub" / name.replace("/", "--").replace(":", "@")


def prepare_hub(name: str, folder: Path) -> Iterator[Event]:
    """Write the pictures of a set of the hub to a folder; keep a folder that is complete.

    The metadata.csv is written last, so where it is, all is. Raises FolderError in one line
    without the extra, without the network, and for a set that has no pictures.
    """
    if (folder / CSV).is_file():
        yield Done(summary=f"{shown(folder)}: hub:{name} (was there)", written=0, skipped=0, kept=1)
        return
    splits = _load(name)
    total = sum(len(split) for split in splits.values())
    columns = _columns(name, next(iter(splits.values())))
    yield Started(total=total, what="pictures")
    rows: list[list[str]] = []
    for row in chain.from_iterable(
        _rows(name, split, dataset, columns, folder) for split, dataset in splits.items()
    ):
        rows.append(row)
        if len(rows) % _EVERY == 0 or len(rows) == total:
            yield Progress(done=len(rows), total=total, what="pictures")
    heading = [FILE_NAME, *([LABEL] if columns.label else ()), *columns.numbers]
    write_bytes(folder / CSV, _as_csv([heading, *rows]))
    yield Done(summary=f"{shown(folder)}: hub:{name}", written=total, skipped=0, kept=0)


def _load(name: str) -> Mapping[str, Dataset]:
    """The splits of a set, downloaded if need be."""
    wanted = parse_hub(name)
    try:
        import datasets
    except ImportError as error:
        raise _error(name, "needs the extra hub", EXTRA) from error
    try:
        found: Any = datasets.load_dataset(wanted.name, wanted.config, split=wanted.split)
    except Exception as error:  # of many libraries, for what is no fault of ours
        reason = shown(" ".join(str(error).split())[:_MOST_SAID]) or type(error).__name__
        cure = "check the name and the network; what was downloaded before works without one"
        raise _error(name, f"cannot be loaded ({reason})", cure) from error
    return {wanted.split: found} if wanted.split else found


def _columns(name: str, dataset: Dataset) -> _Columns:
    """The picture's column, the label's, and those of numbers."""
    from datasets import ClassLabel, Image, Value

    features = dataset.features
    images = [key for key, feature in features.items() if isinstance(feature, Image)]
    if not images:
        raise _error(name, "has no column of pictures", "choose a set of pictures")
    labels = [key for key, feature in features.items() if isinstance(feature, ClassLabel)]
    label = LABEL if LABEL in features else next(iter(labels), None)
    numbers = tuple(
        key
        for key, feature in features.items()
        if key not in (label, FILE_NAME)
        and (isinstance(feature, ClassLabel) or _is_number(feature, Value))
    )
    classes = tuple(features[label].names) if label in labels else ()
    return _Columns(image=images[0], label=label, classes=classes, numbers=numbers)


def _is_number(feature: object, value: Any) -> bool:
    return isinstance(feature, value) and bool(
        _NUMBERS.fullmatch(str(getattr(feature, "dtype", "")))
    )


def _rows(
    name: str, split: str, dataset: Dataset, columns: _Columns, folder: Path
) -> Iterator[list[str]]:
    """Write the pictures of a split, and say the row of each."""
    from datasets import Image

    kept = [columns.image, *([columns.label] if columns.label else ()), *columns.numbers]
    raw = dataset.select_columns(kept).cast_column(columns.image, Image(decode=False))
    inner = "".join(letter if letter.isalnum() else "_" for letter in split)
    (folder / inner).mkdir(parents=True, exist_ok=True)
    for number, row in enumerate(raw):
        file = _write(name, folder / inner, number, row[columns.image])
        label = [_class(row[columns.label], columns.classes)] if columns.label else []
        yield [f"{inner}/{file}", *label, *(_number(row[key]) for key in columns.numbers)]


def _write(name: str, folder: Path, number: int, image: Mapping[str, Any] | None) -> str:
    """Write one picture as it is, and say what its file is called."""
    data: bytes = _bytes(image) if image else b""
    # A set may name any file of this machine as its picture: what is none is not copied.
    suffix = next((suffix for start, suffix in _SUFFIXES if start.match(data)), None)
    if suffix is None:
        what = f"has no picture in row {number} of {folder.name}, or one of no known format"
        raise _error(name, what, "choose another split")
    file = f"{number:06d}{suffix}"
    # Not forced to the disk one by one: metadata.csv, which is, says that all are there.
    (folder / file).write_bytes(data)
    return file


def _bytes(image: Mapping[str, Any]) -> bytes:
    """The file of a picture, which a set holds or names."""
    if image["bytes"]:
        return image["bytes"]
    return Path(image["path"]).read_bytes() if image["path"] else b""


def _class(value: object, classes: tuple[str, ...]) -> str:
    """The name of a class; "" where the set says none (-1)."""
    if not classes or not isinstance(value, int):
        return "" if value is None else str(value)
    return classes[value] if 0 <= value < len(classes) else ""


def _number(value: object) -> str:
    return "" if value is None else repr(int(value) if isinstance(value, bool) else value)


def _as_csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _error(name: str, what: str, cure: str) -> FolderError:
    return FolderError(f"hub:{name}", what, cure)
