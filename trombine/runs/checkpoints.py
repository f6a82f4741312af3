"""Everything a run needs to go on, in one safetensors file that notices any damage.

The header holds the plain part as JSON, and a BLAKE2b digest of that and of every tensor: its
name, type, shape and bytes. Equal content gives equal bytes. A file is written beside its place
and renamed, after the log that it counts the lines of is on the disk; the last two are kept.

Those are saved where the pictures seen say so, the same in every run of one command. Besides them
there may be one that was saved because of the time, or of a signal: it has another suffix, only a
resume uses it, and the next of the others replaces it. So no run depends on a clock.

What the tensors and the plain part mean is known to training/. Models to use are in weights.py.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from trombine.io.files import opened, output_error, write_bytes
from trombine.refusal import InputError
from trombine.runs.folder import RunFolder, listed, numbered

FORMAT: Final = 1
KEEP_COUNT: Final = 2  # checkpoints
SUFFIX: Final = ".safetensors"
TIMED: Final = ".timed"  # of one that was saved because of the time
_KEY: Final = "trombine"  # in the header; only one, since several come in any order
_EARLIER: Final = "use an earlier checkpoint"
# What reading may raise; a RecursionError, of JSON nested too deep, is a RuntimeError.
_DAMAGE: Final = (SafetensorError, LookupError, TypeError, ValueError, RuntimeError, OverflowError)


class DamagedError(InputError):
    """A checkpoint whose bytes are not those that were written, or cannot be read at all."""


class Latest(NamedTuple):
    """The newest good checkpoint of a run; empty, and without a path, where there is none."""

    tensors: dict[str, Tensor]
    plain: dict[str, Any]
    path: Path | None
    damaged: tuple[Path, ...]  # newer ones, which `set_aside` renames


def save(
    folder: RunFolder,
    pictures: int,
    tensors: Mapping[str, Tensor],
    plain: Mapping[str, Any],
    *,
    timed: bool = False,
) -> Path:
    """Write the checkpoint of so many pictures; return its file.

    Then all but the last two are removed, and those of later pictures: of a course given up.
    """
    path = folder.checkpoints / f"{pictures:09d}{TIMED if timed else SUFFIX}"
    folder.sync()
    write_bytes(path, encode(tensors, plain))
    prune(folder, pictures)
    return path


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors, on the CPU, and the plain part; an InputError unless all is as written."""
    try:
        with opened(path) as file:
            data = file.read()
    except InputError as error:  # a folder, a link to nothing, a disk that fails
        raise DamagedError(error.problem, _EARLIER, path=path) from error
    except OSError as error:
        raise DamagedError("cannot be read", _EARLIER, path=path) from error
    return decode(path, data)


def latest(folder: RunFolder, *, timed: bool = True) -> Latest:
    """The newest checkpoint that is whole, and the damaged ones after it. Nothing is changed."""
    damaged: list[Path] = []
    suffixes = (TIMED, SUFFIX) if timed else (SUFFIX,)
    files = [file for suffix in suffixes for file in numbered(folder.checkpoints, suffix).items()]
    for _, path in sorted(files, reverse=True):
        try:
            tensors, plain = load(path)
        except DamagedError:
            damaged.append(path)
        else:
            return Latest(tensors, plain, path, tuple(damaged))
    return Latest({}, {}, None, tuple(damaged))


def encode(tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> bytes:
    """The bytes of a checkpoint."""
    # A copy of its own for each, since safetensors refuses tensors that share memory.
    held = {
        name: tensors[name].detach().to("cpu", copy=True).contiguous() for name in sorted(tensors)
    }
    header = {"digest": digest(held, plain, FORMAT), "format": FORMAT, "plain": plain}
    return safetensors.torch.save(held, {_KEY: _canonical(header)})


def decode(path: Path, data: bytes) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What these bytes of the file at `path` hold."""
    try:
        header = _header(data)
        number, plain, expected = header["format"], header["plain"], header["digest"]
        tensors = safetensors.torch.load(data)
        actual = digest(tensors, plain, number)
    except _DAMAGE as error:
        raise DamagedError("is no whole checkpoint", _EARLIER, path=path) from error
    if actual != expected:
        raise DamagedError("is damaged: its bytes are not those written", _EARLIER, path=path)
    if number != FORMAT:
        raise InputError(f"is of a newer format, {number}", "update trombine", path=path)
    return tensors, plain


def digest(tensors: Mapping[str, Tensor], plain: Mapping[str, Any], number: int) -> str:
    """BLAKE2b of the format's number and the content, as hex digits."""
    described = [[name, str(t.dtype), list(t.shape)] for name, t in sorted(tensors.items())]
    summary = hashlib.blake2b(_canonical([number, plain, described]).encode(), digest_size=32)
    for _, tensor in sorted(tensors.items()):
        summary.update(_raw(tensor))
    return summary.hexdigest()


def _raw(tensor: Tensor) -> memoryview:
    """The bytes of a tensor, which may be of a type that NumPy has not."""
    return tensor.reshape(-1).view(torch.uint8).numpy().data


def _canonical(value: object) -> str:
    """JSON, the same for equal values; a number that JSON has not is written as Python does."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _header(data: bytes) -> dict[str, Any]:
    """Our part of a safetensors header: 8 bytes of length, then JSON."""
    length = int.from_bytes(data[:8], "little")
    return json.loads(json.loads(data[8 : 8 + length])["__metadata__"][_KEY])


def any_in(folder: RunFolder) -> bool:
    """Whether there are checkpoints, whole ones or damaged ones that were set aside."""
    names = (path.name for path in listed(folder.checkpoints))
    return any(
        not name.startswith(".") and any(suffix in name for suffix in (SUFFIX, TIMED))
        for name in names
    )


def prune(folder: RunFolder, pictures: int) -> None:
    """Keep the last two of a run that has seen so many pictures, and a timed one after them: a
    kill may have left more."""
    files, timed = (numbered(folder.checkpoints, suffix) for suffix in (SUFFIX, TIMED))
    remaining = [number for number in files if number <= pictures][-KEEP_COUNT:]
    newer = [number for number in timed if max(remaining, default=-1) < number <= pictures][-1:]
    surplus = [path for number, path in files.items() if number not in remaining]
    surplus += [path for number, path in timed.items() if number not in newer]
    for path in surplus:
        if path.is_symlink() or not path.is_dir():
            with suppress(FileNotFoundError):
                path.unlink()


def set_aside(damaged: Iterable[Path]) -> tuple[Path, ...]:
    """Rename damaged checkpoints, so that they are neither used nor lost; return the new names."""
    return tuple(_set_aside(path) for path in damaged)


def _set_aside(path: Path) -> Path:
    aside = path.with_name(f"{path.name}.damaged")
    number = 1
    while os.path.lexists(aside):  # one that was set aside before stays
        number += 1
        aside = path.with_name(f"{path.name}.damaged-{number}")
    try:
        return path.replace(aside)
    except OSError as error:
        raise output_error(aside, error) from error
