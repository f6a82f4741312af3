"""Sets of pictures of the Hugging Face hub, as a folder that everything else can read.

    owner/name                  all of a set
    owner/name:test             one split of it
    owner/name/config           one configuration of it; owner/name/config:test

Hugging Face's `datasets` (the extra `hub`) finds, downloads and reads the set. The pictures are
written as they are, with a metadata.csv: the split by the folder, the class, and every column of
numbers.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, Final

from PIL import Image

from trombine.core.errors import CHECK_NETWORK, InputError, about, said, shown
from trombine.core.progress import Progress, log, silent
from trombine.data.layouts import CSV, FILE_NAME, LABEL
from trombine.data.pack_writer import in_turn
from trombine.io.files import cache_folder, write_bytes

_NAME: Final = re.compile(r"([\w.-]+(?:/[\w.-]+)?)(?:/([\w.-]+))?(?::([\w.-]+))?")
_CLASSES: Final = re.compile(r"u?int\d+|bool|(?:large_)?string")  # types that may be a class
_NUMBERS: Final = re.compile(r"u?int\d+|float\d+|bool")
_EVERY: Final = 100  # pictures between two steps


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
    """Write the pictures of a set of the hub to a folder; keep a folder that is complete.

    The metadata.csv is written last, so where it is, all is.
    """
    with about(f"hub:{name}"), in_turn(folder):
        if (folder / CSV).is_file():
            return
        splits = _load(name)
        total, step = sum(map(len, splits.values())), progress or silent
        lines: list[dict[str, Any]] = []
        done = 0
        for split, rows in splits.items():
            for line in _rows(rows, folder, re.sub(r"[^\w.-]", "_", split).lstrip(".")):
                lines += [line] if line else []
                done += 1
                if done % _EVERY == 0 or done == total:
                    step(done, total, "pictures")
        if not lines:
            raise InputError("has no picture in any row", "choose another split")
        if lost := total - len(lines):
            log.warning(f"{shown(folder)}: {lost:,} rows without a picture are left out")
        text = StringIO()
        writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
        write_bytes(folder / CSV, text.getvalue().encode())


def _load(name: str) -> dict[str, Any]:
    """The splits of a set, downloaded if need be."""
    hub_name, config, split = parse_hub(name)
    try:
        import datasets
    except ImportError as error:
        raise InputError("needs the extra hub", "pip install 'trombine[hub]'") from error
    try:
        loaded: Any = datasets.load_dataset(hub_name, config, split=split)
    except Exception as error:  # of many libraries, for what is no fault of ours
        raise InputError(f"cannot be loaded ({said(error)})", CHECK_NETWORK) from error
    return {split: loaded} if split else dict(loaded)


def _rows(rows: Any, folder: Path, split: str) -> Iterator[dict[str, Any] | None]:
    """Write the pictures of a split; the line of each, None for a row without a picture."""
    import datasets

    kinds = {key: str(getattr(feature, "dtype", "")) for key, feature in rows.features.items()}
    images = [k for k, feature in rows.features.items() if isinstance(feature, datasets.Image)]
    if not images:
        raise InputError("has no column of pictures", "choose a set of pictures")
    classes = {k: f.names for k, f in rows.features.items() if isinstance(f, datasets.ClassLabel)}
    named = _CLASSES.fullmatch(kinds.get(LABEL, "")) or LABEL in classes
    label = LABEL if named else next(iter(classes), "")
    numbers = [key for key, kind in kinds.items() if _NUMBERS.fullmatch(kind) and key != label]
    wanted = [images[0], *([label] if label else ()), *numbers]
    raw = rows.select_columns(wanted).cast_column(images[0], datasets.Image(decode=False))
    for number, row in enumerate(raw):
        image = row[images[0]] or {}
        if not (image.get("bytes") or image.get("path")):
            yield None
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
            value, names = row[label], classes.get(label, [])
            known = isinstance(value, int) and 0 <= value < len(names)  # -1: the set says none
            line[LABEL] = (names[value] if known else None) if names else value
        for key in numbers:
            value = row[key]
            value = int(value) if isinstance(value, bool) else value
            line[f"{key}_value" if key == LABEL else key] = value
        yield line
