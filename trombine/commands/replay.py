"""`replay`: make a file again from its record, and compare the pixels.

Anybody may have written a record. It sets what core/calls.py lets a record hold, and reads files
that lie in the folder of inputs and are the ones that it names.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import trombine
from trombine.commands import PICTURES
from trombine.commands.options import Output, Overwrite, Pictures, Progress, paths_of, verb
from trombine.core.calls import Option, kinds_of, options_of
from trombine.core.errors import InputError, about, shortened, shown
from trombine.core.progress import Account, Result, log, silent
from trombine.core.progress import Progress as Callback
from trombine.io.batch import RECORD, record_in
from trombine.io.files import digest, opened
from trombine.io.image import is_video
from trombine.io.inputs import find, refuse_to_write_over
from trombine.io.video import read_frames

# The functions that write records. A record may name no other.
_REPLAYED = {*PICTURES, "data_fractals", "data_leaves", "data_masks", "data_world"} - {"replay"}
_ODD = "has a record that trombine did not write"


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
    with about(source):
        function = _function_of(record)
        given, read = _arguments_of(function, record or {}, inputs)
    target = folder / "again"
    if picture := given.pop("pictures", None):
        target = folder / f"again{'.png' if source.suffix == '.json' else source.suffix}"
    level = log.level
    log.setLevel(logging.CRITICAL)  # messages would be about the copy
    try:
        pictures = [picture] if picture else []
        result = function(*pictures, output=target, progress=progress, **given)
    finally:
        log.setLevel(level)
    if not result.written:
        raise InputError("has a record that makes no file", "make it anew", path=source)
    return max(result.written, key=lambda path: _likeness(path, source)), read


def _function_of(record: Mapping[str, Any] | None) -> Callable[..., Any]:
    """The function that a record names."""
    name = (record or {}).get("function")
    if not isinstance(name, str) or name not in _REPLAYED:
        raise InputError("has no record of how it was made", "name one that has")
    return getattr(trombine, name)


def _arguments_of(
    function: Callable[..., Any], record: Mapping[str, Any], inputs: Path
) -> tuple[dict[str, Any], list[Path]]:
    """The arguments that a record gives, and the files among them; refused what no record may
    hold."""
    known, version = options_of(function), shortened(str(record.get("version", "")))
    given, files = record.get("options", {}), record.get("files", {})
    if not isinstance(given, dict) or not isinstance(files, dict):
        raise InputError(_ODD, "make it anew")
    for name in (*given, *files):
        if name not in known:
            problem = f"was made by trombine {version or 'of an unknown version'}"
            raise InputError(f"{problem}: {function.__name__} has no {shortened(name)} now")
        if not known[name].recorded and (name != "pictures" or name in given):
            raise InputError(f"has a record that sets {name}, which none may", "make it anew")
    if given.get("count", 1) != 1:
        raise InputError("has a record of several pictures", "a picture's own names one")
    found = {name: dict(_found_of(name, files[name], inputs)) for name in files}
    arguments = dict[str, Any]()
    for name, value in given.items():
        own = found.get(name, {})
        texts = value if isinstance(value, list) else [value]
        made = [_with_paths(name, text, own, known[name]) for text in texts]
        arguments[name] = made if isinstance(value, list) else made[0]
    alone = {name: paths for name, paths in found.items() if name not in given}
    if any(len(paths) != 1 for paths in alone.values()):
        raise InputError(_ODD, "make it anew")
    arguments |= {name: next(iter(paths.values())) for name, paths in alone.items()}
    return arguments, [path for paths in found.values() for path in paths.values()]


def _with_paths(name: str, value: Any, files: Mapping[str, Path], option: Option) -> Any:
    """A value of a record; a text that ends as a file that was found, with the file's path."""
    if isinstance(value, dict | list):
        raise InputError(_ODD, "make it anew")
    allows = option.recorded and option.recorded.allows
    if not isinstance(value, str) or not (allows or Path in kinds_of(option.hint)):
        return value
    for file, path in files.items():
        if value == file:
            return path
        if value.endswith(f":{file}"):  # as in black:mask.png
            return value.removesuffix(file) + str(path)
    if allows is None or not allows(value):
        problem = f"has a record whose {name} is neither shipped nor beside it"
        raise InputError(f"{problem}: {shortened(value)}", "make it anew")
    return value


def _found_of(argument: str, named: Any, inputs: Path) -> Iterator[tuple[str, Path]]:
    """The files that a record names for an argument, [name, hash] or several of these."""
    pairs = named if isinstance(named, list) and named and isinstance(named[0], list) else [named]
    for pair in pairs:
        if not (
            isinstance(pair, list) and len(pair) == 2 and all(isinstance(t, str) for t in pair)
        ):
            raise InputError(_ODD, "make it anew")
        yield pair[0], _found(inputs, argument, *pair)


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
    if (first.suffix == ".json") != (second.suffix == ".json"):
        raise InputError("has a record that makes no such file", path=first)
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
