"""Files of any kind: open them or raise an InputError, write them whole or not at all.

Pictures are in image.py, which uses this, as do records, packs and pages.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from platformdirs import user_cache_path

from trombine.core.errors import InputError, OutputError, said

if TYPE_CHECKING:
    Bytes = IO[bytes]
else:  # what open() and io.BytesIO both are at run time; isinstance knows nothing of IO
    Bytes = io.BufferedIOBase


@contextmanager
def opened(path: Path) -> Iterator[Bytes]:
    """Open a file for reading; an InputError if it is missing, empty or no ordinary file."""
    try:
        state = path.stat()
        if stat.S_ISDIR(state.st_mode):
            raise InputError("is a folder", "name a picture in it", path=path)
        if not stat.S_ISREG(state.st_mode):  # a pipe would never end
            raise InputError("is not an ordinary file", "copy it to a file first", path=path)
        if not state.st_size:
            raise InputError("is empty", "copy it again from where it came", path=path)
        with path.open("rb") as file:
            yield file
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError("does not exist", "check the name", path=path) from error
    except OSError as error:
        raise InputError(f"cannot be read ({_reason(error)})", path=path) from error


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn any error of a library that reads this file into an InputError that names it."""
    try:
        yield
    except InputError as error:
        raise type(error)(error.problem, error.remedy, path=error.path or path) from error
    except MemoryError as error:
        raise InputError("needs more memory than there is", path=path) from error
    except Exception as error:  # five libraries have no common type of error
        why = getattr(error, "strerror", None) or said(error)
        if "truncated" in why.lower():
            problem, cure = "is cut off: its end is missing", "copy it again from where it came"
            raise InputError(problem, cure, path=path) from error
        raise InputError(f"cannot be read ({why})", path=path) from error


def is_there(path: Path | str) -> bool:
    """Whether a path exists; any text may be asked about, however long."""
    with suppress(OSError, ValueError):
        return bool(path) and Path(path).exists()
    return False


def identity(path: Path) -> object:
    """A key that is equal for all names of one file: links, hard links, ./x, other cases."""
    real = os.path.realpath(path)  # of new/../x too, where new is not there yet
    try:
        state = Path(real).stat()
    except OSError:  # most often it is not there
        return real
    return state.st_dev, state.st_ino


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically."""
    with atomic(path) as part:
        part.write_bytes(data)


@contextmanager
def atomic(path: Path | str) -> Iterator[Path]:
    """A new empty file beside `path` to write to; it becomes `path` if the block succeeds.

    On any failure, including Ctrl-C and a full disk, it is removed and `path` stays as it was. The
    folder is created if needed. The data is flushed to disk before the file is renamed, so that a
    full disk is noticed here. Permissions of a replaced file are kept.
    """
    target = Path(os.path.realpath(path))  # through a link, as other programs write
    try:
        if target.is_dir():
            raise OutputError("is a folder", "name a file in it", path=path)
        if target.exists() and not target.is_file():  # /dev/null would be replaced by a picture
            raise OutputError("is not an ordinary file", "choose another name", path=path)
        target.parent.mkdir(parents=True, exist_ok=True)
        previous = target.stat() if target.exists() else None
        with _new_part(target, 0o666 if previous is None else 0o600) as part:
            yield part
            flush(part)
            if previous is not None:
                with suppress(OSError):  # a disk without permissions
                    part.chmod(stat.S_IMODE(previous.st_mode))
            part.replace(target)
    except OSError as error:
        raise output_error(Path(path), error) from error


_PART: Final = ".trombine-"  # prefix of files that are being written


@contextmanager
def _new_part(target: Path, mode: int) -> Iterator[Path]:
    """A new empty file beside `target`; gone afterwards."""
    part = target.with_name(f"{_PART}{secrets.token_hex(6)}.part{target.suffix}")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        yield part
    finally:
        # Where the folder cannot be reached there is nothing to remove; the first error matters.
        with suppress(OSError):
            part.unlink(missing_ok=True)


def is_part(name: str) -> bool:
    """Whether this is the name of a partly written file."""
    return name.startswith(_PART) and ".part" in name


def clear_parts(folder: Path) -> None:
    """Remove partly written files of killed processes; no other process may be writing here."""
    with suppress(OSError):  # not there, or not to be read
        for path in folder.iterdir():
            if is_part(path.name):
                path.unlink(missing_ok=True)


def flush(part: Path) -> None:
    """Flush a file to disk."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())


def output_error(path: Path, error: OSError) -> OutputError:
    """A system error while writing, as an OutputError with a remedy."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        is_full = "the disk is full" if error.errno == errno.ENOSPC else "the quota is used up"
        remedy = "free some space and run the same command again"
        return OutputError(f"cannot be written, {is_full}", remedy, path=path)
    if error.errno == errno.ENAMETOOLONG:
        return OutputError("has too long a name", "choose a shorter one", path=path)
    # The user did not choose a folder in the cache.
    in_cache = path.absolute().is_relative_to(cache_folder().absolute())
    remedy = "set TROMBINE_CACHE to" if in_cache else "choose"
    problem = f"cannot be written ({_reason(error)})"
    return OutputError(problem, f"{remedy} a folder that can be", path=path)


def cache_folder() -> Path:
    """The cache folder: TROMBINE_CACHE, or the system's usual place."""
    return Path(os.environ.get("TROMBINE_CACHE") or user_cache_path("trombine", appauthor=False))


KERNELS: Final = "kernels"  # in the cache's folder: what is compiled (world/compiled.py)


def cache_refusal() -> str:
    """Why compiled kernels cannot be cached, and what to do; "" if they can.

    The folder is created if needed, and a file in it: permissions alone do not tell for root.
    """
    folder = cache_folder() / KERNELS
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        problem = output_error(folder, error).problem
        cost = "every process compiles its painters anew"
        return f"{problem}; {cost} until TROMBINE_CACHE names a folder that can be"
    return ""
