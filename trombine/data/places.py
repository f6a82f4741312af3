"""Where packs and folders are written: what may be touched there, and what is said if not."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from trombine.data.columns import PAIR, TYPES
from trombine.data.pack import INDEX, NAMES, SKIPPED, Pack, is_pack, part_of
from trombine.io.files import (
    KERNELS,
    cache_folder,
    cache_refusal,
    is_part,
    output_error,
)
from trombine.progress import log
from trombine.refusal import InputError, OutputError, shown

BEGUN: Final = "begun.json"
_COLUMNS: Final = tuple(f"{mark}{name}.npy" for mark in ("", PAIR) for name in TYPES)
_OURS: Final = frozenset((BEGUN, INDEX, NAMES, SKIPPED, *_COLUMNS))

# What is said where this of two packs' `about` differs: of that which is there, and as wanted.
_DIFFERS: Final = {
    "size": "it is of {} px, and {} px are asked for",
    "crop": "its crop is {}, and {} is asked for",
    "choose": "it has {} % to choose by, and {} are asked for",
    "test": "it has {} % to judge by, and {} are asked for",
    "layout": "its folder was read as {}, and is read as {}",
    "styles": "its styles are {}, and {} are asked for",
    "first_seed": "its first seed is {}, and {} is asked for",
    "count": "it was made of {} pictures, and now there are {}",
    "files": "files of the folder have changed, or what its tables say",
    "painter": "it was painted by another version",
}


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in one line, which names what was asked for, why it could not be written."""
    try:
        yield
    except OutputError as error:
        if error.path is None or error.path.name not in _OURS:
            raise
        raise OutputError(
            error.problem, error.remedy, path=path
        ) from error  # not a file of NAME.part
    except OSError as error:
        raise output_error(path, error) from error


def warn_uncached() -> None:
    """Say so where the painters that are compiled cannot be kept for the next time."""
    if why := cache_refusal():
        log.warning(f"{shown(cache_folder() / KERNELS)}: {why}")


def is_any_pack(folder: Path) -> bool:
    """Whether a pack seems to be there, or one that was begun."""
    return is_pack(folder) or (folder / BEGUN).exists()


def is_of_a_pack(folder: Path) -> bool:
    """Whether a folder is empty, or holds a pack or part of one and nothing else."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    names = {path.name for path in folder.iterdir() if not is_part(path.name)}
    return not names or (names <= _OURS and bool(names & {BEGUN, INDEX}))


def place_of_pack(path: Path) -> Path:
    """Where the pack at `path` is to be: where a link leads, under a name of its own.

    A pack is made beside and takes its place by a rename, so it cannot be the folder one is in.
    """
    target = path.resolve() if path.is_symlink() or path.name in ("", "..") else path
    if Path.cwd().is_relative_to(target.resolve()):
        problem = "is the folder that you are in, which a pack would replace"
        raise OutputError(problem, "name a new folder", path=path)
    return target


def keep_pack(path: Path, expected: Mapping[str, Any], overwrite: bool) -> bool:
    """Whether the pack at `path` is what is wanted; raises InputError if it is in the way."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return False
    if not is_pack(path):
        raise InputError("is not a pack", "choose another name", path=path)
    if overwrite:
        if not is_of_a_pack(path):
            problem = "holds other files beside the pack, which would be lost"
            raise InputError(problem, "move them away, or choose another name", path=path)
        return False
    if (about := Pack(path).about) != expected:
        problem = f"is another pack: {_how_it_differs(about, expected)}"
        raise InputError(problem, "choose another name, or --overwrite", path=path)
    return True


def _how_it_differs(about: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
    """What of a pack that is there, by its `about`, is not as it is wanted; in words."""
    if about.get("kind") != expected["kind"]:
        return "its pictures come from elsewhere"
    keys = [key for key in _DIFFERS if about.get(key) != expected.get(key)]
    if "count" in keys and "files" in keys:
        keys.remove("files")
    differences = [_DIFFERS[key].format(about.get(key), expected.get(key)) for key in keys]
    return "; ".join(differences) or "what is said of its pictures has changed"


def check_folder(folder: Path) -> None:
    """Refuse to fill what is no folder, or is a pack."""
    if folder.exists() and not folder.is_dir():
        raise OutputError("is a file", "name a folder", path=folder)
    if is_any_pack(folder):
        raise OutputError("is a pack", "choose another folder, or say --pack", path=folder)


def check_part(path: Path) -> None:
    """Refuse to write a pack where what is called NAME.part was made by somebody else."""
    part = part_of(path)
    if (part.exists() or part.is_symlink()) and not is_of_a_pack(part):
        problem = "is in the way and is not a pack that was begun"
        raise OutputError(problem, "move it away, or choose another name for the pack", path=part)


def put_in_place(part: Path, path: Path) -> None:
    """Rename the complete folder; an older pack of the name goes once the new one stands."""
    if not path.exists():
        part.rename(path)
        return
    old = _aside(path)
    part.chmod(path.stat().st_mode & 0o777)
    path.rename(old)
    part.rename(path)
    shutil.rmtree(old)


def settle(path: Path) -> None:
    """End what a process that was killed had begun: a whole pack gets its name, an old one goes."""
    part, old = part_of(path), _aside(path)
    if not path.exists() and is_pack(part) and is_of_a_pack(part) and not (part / BEGUN).exists():
        part.rename(path)
    if is_pack(path):
        shutil.rmtree(old, ignore_errors=True)
    elif old.exists() and not path.exists():
        old.rename(path)


def _aside(path: Path) -> Path:
    """What the pack that another takes the place of is called until it is removed."""
    name = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:12]
    return path.with_name(f".trombine-{name}.old")
