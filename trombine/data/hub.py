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
import logging
import os
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final, final

from trombine.data.imagefolder import FILE_NAME
from trombine.data.journal import in_turn
from trombine.data.layouts.metadata import CSV, LABEL
from trombine.events import Done, Event, Notice, Progress, Started
from trombine.io.files import cache_folder, opened, write_bytes
from trombine.refusal import CHECK_NETWORK, InputError, said, shown

Dataset = Any  # of datasets, whose annotations say less than it does
EXTRA: Final = "pip install 'trombine[hub]'"
_NAME: Final = re.compile(r"([\w.-]+(?:/[\w.-]+)?)(?:/([\w.-]+))?(?::([\w.-]+))?")
_EVERY: Final = 100  # pictures between two events
# The libraries that say what they do, and where a user sets how much.
_LOGGERS: Final = {"datasets": "DATASETS_VERBOSITY", "huggingface_hub": "HF_HUB_VERBOSITY"}
_CLASSES: Final = re.compile(r"u?int\d+|bool|(?:large_)?string")
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
class HubName:
    """A name of the hub, parsed."""

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


def parse_hub(name: str) -> HubName:
    """The parts of a name of the hub; raises InputError for any other text."""
    match = _NAME.fullmatch(name)
    if match is None or ".." in name:
        raise _error(name, "is not a name of the hub", "write owner/name, or owner/name:split")
    return HubName(name=match[1], config=match[2], split=match[3])


def hub_folder(name: str) -> Path:
    """Where the pictures of a set of the hub are kept, in the cache."""
    parse_hub(name)
    return cache_folder() / "hub" / name.replace("/", "--").replace(":", "@")


def prepare_hub(name: str, folder: Path) -> Generator[Event, None, None]:
    """Write the pictures of a set of the hub to a folder; keep a folder that is complete.

    The metadata.csv is written last, so where it is, all is; one process writes at a time. Raises
    InputError in one line without the extra, without the network, and for a set that has no
    pictures.
    """
    with in_turn(folder):
        yield from _prepare(name, folder)


def _prepare(name: str, folder: Path) -> Generator[Event, None, None]:
    """The same, while nobody else does."""
    if (folder / CSV).is_file():
        yield Done(summary=f"{shown(folder)}: hub:{name} (was there)", written=0, skipped=0, kept=1)
        return
    splits = _load(name)
    total = sum(len(split) for split in splits.values())
    columns = _columns(name, next(iter(splits.values())))
    yield Started(total=total, unit="pictures")
    rows: list[list[str]] = []
    every = chain.from_iterable(
        _rows(name, split, dataset, columns, folder) for split, dataset in splits.items()
    )
    for done, row in enumerate(every, 1):
        rows += [row] if row else []
        if done % _EVERY == 0 or done == total:
            yield Progress(done=done, total=total, unit="pictures")
    if not rows:
        raise _error(name, "has no picture in any row", "choose another split")
    if lost := total - len(rows):
        text = (
            "1 row has no picture and is" if lost == 1 else f"{lost:,} rows have no picture and are"
        )
        yield Notice(file=folder, text=f"{text} left out")
    write_bytes(folder / CSV, _as_csv([_heading(columns), *rows]))
    yield Done(summary=f"{shown(folder)}: hub:{name}", written=len(rows), skipped=0, kept=0)


def _heading(columns: _Columns) -> list[str]:
    """What the columns of metadata.csv are called; `label` there is a class."""
    numbers = [f"{key}_value" if key == LABEL else key for key in columns.numbers]
    return [FILE_NAME, *([LABEL] if columns.label else ()), *numbers]


def _load(name: str) -> Mapping[str, Dataset]:
    """The splits of a set, downloaded if need be."""
    parsed = parse_hub(name)
    try:
        import datasets
    except ImportError as error:
        raise _error(name, "needs the extra hub", EXTRA) from error
    try:
        with _quiet(datasets):
            loaded: Any = datasets.load_dataset(parsed.name, parsed.config, split=parsed.split)
    except Exception as error:  # of many libraries, for what is no fault of ours
        problem = f"cannot be loaded ({said(error)})"
        raise _error(name, problem, CHECK_NETWORK) from error
    return {parsed.split: loaded} if parsed.split else loaded


@contextmanager
def _quiet(datasets: Any) -> Iterator[None]:
    """The libraries without lines of their own, and off the network where it cannot be reached.

    They would try six times in 23 seconds; off the network they give what was downloaded before.
    """
    loggers = [
        logging.getLogger(name) for name, variable in _LOGGERS.items() if variable not in os.environ
    ]
    levels, offline = [logger.level for logger in loggers], datasets.config.HF_HUB_OFFLINE
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        datasets.config.HF_HUB_OFFLINE = offline or not _is_reached()
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE = offline
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _is_reached() -> bool:
    """Whether the hub answers, be it with an error of its own."""
    from huggingface_hub import constants, get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    except Exception:  # of whichever library it connects with
        return False
    return True


def _columns(name: str, dataset: Dataset) -> _Columns:
    """The picture's column, the label's, and those of numbers."""
    from datasets import ClassLabel, Image, Value

    features = dataset.features
    images = [key for key, feature in features.items() if isinstance(feature, Image)]
    if not images:
        raise _error(name, "has no column of pictures", "choose a set of pictures")
    labels = [key for key, feature in features.items() if isinstance(feature, ClassLabel)]
    named = LABEL in features and _may_be_classes(features[LABEL], ClassLabel, Value)
    label = LABEL if named else next(iter(labels), None)
    numbers = tuple(
        key
        for key, feature in features.items()
        if key not in (label, FILE_NAME)
        and (isinstance(feature, ClassLabel) or _is_number(feature, Value))
    )
    classes = tuple(features[label].names) if label in labels else ()
    return _Columns(image=images[0], label=label, classes=classes, numbers=numbers)


def _may_be_classes(feature: object, class_label: Any, value: Any) -> bool:
    """Whether what a column holds can be classes: no measure, such as a share or an angle."""
    if isinstance(feature, class_label):
        return True
    return isinstance(feature, value) and bool(
        _CLASSES.fullmatch(str(getattr(feature, "dtype", "")))
    )


def _is_number(feature: object, value: Any) -> bool:
    return isinstance(feature, value) and bool(
        _NUMBERS.fullmatch(str(getattr(feature, "dtype", "")))
    )


def _rows(
    name: str, split: str, dataset: Dataset, columns: _Columns, folder: Path
) -> Iterator[list[str] | None]:
    """Write the pictures of a split, and say the row of each; None for a row without one."""
    from datasets import Image

    names = [columns.image, *([columns.label] if columns.label else ()), *columns.numbers]
    raw = dataset.select_columns(names).cast_column(columns.image, Image(decode=False))
    inner = re.sub(r"[^\w.-]", "_", split).lstrip(".")
    (folder / inner).mkdir(parents=True, exist_ok=True)
    for number, row in enumerate(raw):
        image = row[columns.image]
        if image is None or not (image["bytes"] or image["path"]):
            yield None
            continue
        file = _write(name, folder / inner, number, image)
        label = [_class(row[columns.label], columns.classes)] if columns.label else []
        yield [f"{inner}/{file}", *label, *(_number(row[key]) for key in columns.numbers)]


def _write(name: str, folder: Path, number: int, image: Mapping[str, Any]) -> str:
    """Write one picture as it is, and say what its file is called."""
    data = _bytes(image)
    # A set may name any file of this machine as a picture: only pictures are copied.
    suffix = next((suffix for start, suffix in _SUFFIXES if start.match(data)), None)
    if suffix is None:
        problem = f"has no picture of a known format in row {number} of {folder.name}"
        raise _error(name, problem, "choose another split")
    file = f"{number:06d}{suffix}"
    # Not forced to the disk one by one: metadata.csv, which is, says that all are there.
    (folder / file).write_bytes(data)
    return file


def _bytes(image: Mapping[str, Any]) -> bytes:
    """The file of a picture, which a set holds or names."""
    if image["bytes"]:
        return image["bytes"]
    with opened(Path(image["path"])) as file:
        return file.read()


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


def _error(name: str, problem: str, cure: str) -> InputError:
    return InputError(problem, cure, path=f"hub:{name}")
