"""Where packs and folders are written: what may be touched there, and what is said if not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from trombine.data.columns import PAIR, TYPES
from trombine.data.pack import INDEX, NAMES, SKIPPED, is_pack, part_of
from trombine.files import OutputError, output_error

BEGUN: Final = "begun.json"
_COLUMNS: Final = tuple(f"{mark}{name}.npy" for mark in ("", PAIR) for name in TYPES)
_OURS: Final = frozenset((BEGUN, INDEX, NAMES, SKIPPED, *_COLUMNS))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in one line, which names what was asked for, why it could not be written."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise output_error(path, error) from error


def is_of_a_pack(folder: Path) -> bool:
    """Whether a folder is empty, or holds a pack or part of one and nothing else."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    names = {found.name for found in folder.iterdir() if not _is_half_a_file(found)}
    return not names or (names <= _OURS and bool(names & {BEGUN, INDEX}))


def _is_half_a_file(path: Path) -> bool:
    """Whether it is what a killed writer of begun.json or index.json left."""
    return path.name.startswith(".trombine-") and path.name.endswith(".part.json")


def place_of_pack(path: Path) -> Path:
    """Where the pack at `path` is to be: where a link leads, under a name of its own.

    A pack is made beside and takes its place by a rename, so it cannot be the folder one is in.
    """
    target = path.resolve() if path.is_symlink() or path.name in ("", "..") else path
    if Path.cwd().is_relative_to(target.resolve()):
        what = "is the folder that you are in, which a pack would replace"
        raise OutputError(path, what, "name a new folder")
    return target


def check_folder(folder: Path) -> None:
    """Refuse to fill what is no folder, or is a pack."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(folder, "is a file", "name a folder")
    if is_pack(folder) or (folder / BEGUN).exists():
        raise OutputError(folder, "is a pack", "choose another folder, or say --pack")


def check_part(path: Path) -> None:
    """Refuse to write a pack where what is called NAME.part was made by somebody else."""
    part = part_of(path)
    if (part.exists() or part.is_symlink()) and not is_of_a_pack(part):
        what = "is in the way and is not a pack that was begun"
        raise OutputError(part, what, "move it away, or choose another name for the pack")
