"""Everything a run needs to go on, in one safetensors file: tensors, and the rest in its header.

Equal content gives equal bytes. A file is written beside its place and renamed, after the log that
it counts the lines of is on the disk; the last two are kept.

Those are saved where the pictures seen say so, the same in every run of one command. Besides them
there may be one that was saved because of the time, or of a signal: it has another suffix, only a
resume uses it, and the next of the others replaces it. So no run depends on a clock.

What the tensors and the plain part mean is known to training/. Models to use are in models/.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from trombine.core.errors import InputError, shown
from trombine.core.progress import log
from trombine.io.files import write_bytes
from trombine.runs.folder import RunFolder, numbered

FORMAT: Final = 1
KEEP_COUNT: Final = 2  # checkpoints
SUFFIX: Final = ".safetensors"
TIMED: Final = ".timed"  # of one that was saved because of the time
_KEY: Final = "trombine"  # in the header; only one, since several come in any order


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


def encode(tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> bytes:
    """The bytes of a checkpoint."""
    # A copy of its own for each, since safetensors refuses tensors that share memory.
    held = {
        name: tensors[name].detach().to("cpu", copy=True).contiguous() for name in sorted(tensors)
    }
    header = json.dumps({"format": FORMAT, "plain": plain}, sort_keys=True)
    return safetensors.torch.save(held, {_KEY: header})


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors, on the CPU, and the plain part."""
    with safe_open(path, "pt") as file:
        names: list[str] = file.keys()
        header = json.loads(file.metadata()[_KEY])
        if header["format"] != FORMAT:
            problem = f"is of a newer format, {header['format']}"
            raise InputError(problem, "update trombine", path=path)
        return {name: file.get_tensor(name) for name in names}, header["plain"]


def latest(folder: RunFolder) -> Path | None:
    """The newest checkpoint that is whole; the log names those after it that are not."""
    files = [
        file for suffix in (TIMED, SUFFIX) for file in numbered(folder.checkpoints, suffix).items()
    ]
    for _, path in sorted(files, reverse=True):
        try:
            load(path)
        except (SafetensorError, OSError):
            log.warning(f"{shown(path)}: is damaged; the checkpoint before it is used")
        else:
            return path
    return None


def any_in(folder: RunFolder) -> bool:
    """Whether there are checkpoints, damaged ones too."""
    return any(numbered(folder.checkpoints, suffix) for suffix in (SUFFIX, TIMED))


def prune(folder: RunFolder, pictures: int) -> None:
    """Keep the last two of a run that has seen so many pictures, and a timed one after them: a
    kill may have left more."""
    files, timed = (numbered(folder.checkpoints, suffix) for suffix in (SUFFIX, TIMED))
    remaining = [number for number in files if number <= pictures][-KEEP_COUNT:]
    newer = [number for number in timed if max(remaining, default=-1) < number <= pictures][-1:]
    surplus = [path for number, path in files.items() if number not in remaining]
    surplus += [path for number, path in timed.items() if number not in newer]
    for path in surplus:
        path.unlink(missing_ok=True)
