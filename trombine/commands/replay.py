"""`replay`: make a file again from its record, and compare the pixels."""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import trombine
from trombine.commands import PICTURES
from trombine.commands.options import Output, Overwrite, Pictures, Progress, paths_of, verb
from trombine.core.errors import InputError, shown
from trombine.core.progress import Account, Result, log, silent
from trombine.core.progress import Progress as Callback
from trombine.io.batch import RECORD, find, record_in, refuse_to_write_over
from trombine.io.files import digest, opened
from trombine.io.image import is_video
from trombine.io.video import read_frames

# The functions that write records. A stranger's record may name no other.
_REPLAYED = {*PICTURES, "data_fractals", "data_leaves", "data_masks", "data_world"} - {"replay"}
_OWN = {"model", "family"}  # options that may be paths of the user's nets or masks


@verb
def replay(
    pictures: Pictures,
    *,
    output: Output = None,
    inputs: Path | None = None,
    overwrite: Overwrite = False,
    progress: Progress = None,
) -> Result:
    """Make files again from their records, and say whether the pixels are the same.

    For example:
      trombine replay faces/000000.png
      trombine replay large.png --inputs faces -o again.png

    Parameters
    ----------
    inputs
        The folder of what the files were made from; else their own.
    """
    sources, lines, step = find(paths_of(pictures)), list[str](), progress or silent
    account = Account(total=len(sources))
    if output is not None and len(sources) > 1:
        output.mkdir(parents=True, exist_ok=True)
    for number, source in enumerate(sources):
        step(number, len(sources), shown(source.name))
        try:
            with TemporaryDirectory() as folder:
                again, read = _made_again(source, inputs or source.parent, Path(folder), progress)
                lines.append(f"{shown(source)}: {_difference(source, again)}")
                if output is not None:
                    target = output / source.name if output.is_dir() else output
                    refuse_to_write_over([target], [source, *read])
                    if target.exists() and not overwrite:
                        raise InputError("is there", "add --overwrite", path=target)
                    shutil.copyfile(again, target)
                    account.written.append(target)
        except InputError as error:
            account.skip(source, error)
    return account.result("\n".join(lines))


def _made_again(
    source: Path, inputs: Path, folder: Path, progress: Callback | None
) -> tuple[Path, list[Path]]:
    """Make the file of a record again; return it, and the files it is made from."""
    with opened(source):  # which says why it cannot be
        record = record_in(source)
    if record is None or record.get("function") not in _REPLAYED:
        raise InputError("has no record of how it was made", "name one that has", path=source)
    if places_in(source) - _OWN:
        raise InputError("has a record that names a folder", "make it anew", path=source)
    options: dict[str, Any] = {**record.get("options", {}), "progress": progress}
    read: list[Path] = []
    for name, named in record.get("files", {}).items():
        if isinstance(named[0], str):
            options[name] = _found(inputs, name, *named)
            read.append(options[name])
        else:  # several among what an option lists
            paths = {file: _found(inputs, name, file, sha256) for file, sha256 in named}
            options[name] = [paths.get(one, one) for one in options[name]]
            read += paths.values()
    given, target = [], folder / "again"
    if picture := options.pop("pictures", None):
        ending = ".png" if source.suffix == ".json" else source.suffix
        given, target = [picture], folder / f"again{ending}"
    level = log.level
    log.setLevel(logging.CRITICAL)  # messages would be about the copy
    try:
        result = getattr(trombine, record["function"])(*given, output=target, **options)
    except TypeError as error:  # options of another version
        version = record.get("version", "an unknown version")
        raise InputError(f"was made by trombine {version}: {error}", path=source) from error
    finally:
        log.setLevel(level)
    return max(result.written, key=lambda path: _likeness(path, source)), read


def places_in(source: Path) -> set[str]:
    """The options of a file's record that contain a path. A stranger's record may only name files
    in the folder of inputs."""
    options = (record_in(source) or {}).get("options", {})
    return {name for name, value in options.items() if _has_path(value)}


def _has_path(value: Any) -> bool:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return any(map(_has_path, value))
    return isinstance(value, str) and bool(re.search(r"^~|[/\\]", value))


def _found(folder: Path, argument: str, name: str, expected: str) -> Path:
    """The input with this name and hash; if another input has the name, it is called mask-NAME."""
    name = Path(name).name  # anybody may have written the record
    there = [path for path in (folder / name, folder / f"{argument}-{name}") if path.is_file()]
    if not there:
        raise InputError("is not there", "name its folder with --inputs", path=folder / name)
    for path in there:
        if digest(path) == expected:
            return path
    raise InputError("is not the file that the record names", path=there[0])


def _likeness(made: Path, source: Path) -> tuple[bool, bool, int]:
    """How well the name of a result fits the source's: equal end, equal ending (.sheet.png)."""
    end = made.name[made.name.index(".") :]
    return source.name.endswith(made.name), source.name.endswith(end), len(end)


def _difference(first: Path, second: Path) -> str:
    if first.suffix == ".json":
        a, b = (json.loads(path.read_bytes()) | {RECORD: None} for path in (first, second))
        return "the same values" if a == b else "other values"
    if is_video(first):
        return "the same bytes" if digest(first) == digest(second) else "other bytes"
    a, b = (np.stack([one.samples for one in read_frames(p).frames]) for p in (first, second))
    if a.shape != b.shape:
        return f"another size or mode, {b.shape} for {a.shape}"
    apart = np.abs(a.astype(int) - b)
    share = float((apart > 0).mean())
    differ = f"{share:.2%} of the samples differ, by at most {apart.max()}"
    return differ if share else "the same pixels"
