"""Folders of object stores by URL: s3://, gs://, file:// and others that fsspec knows.

For commands a local folder of empty files stands for each URL, so files are found, named and
skipped as usual. A file is fetched when it is worked on, its results are uploaded, and both are
removed locally. For trainings a folder of the cache mirrors a URL.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from trombine.core.errors import InputError, OutputError, said, shown
from trombine.core.progress import Progress, silent
from trombine.io.files import cache_folder, write_bytes
from trombine.io.image import FORMATS, LOSSY

_AT_ONCE: Final = 64  # files that are fetched into a mirror at a time
# Of objects, which are there when all of one is.
STORES: Final = frozenset(("s3", "s3a", "gs", "gcs", "az", "abfs", "adl", "oss", "memory"))
# What tells of a file that it has changed; each kind of store has some of these.
_MARKS: Final = ("size", "ETag", "etag", "md5Hash", "LastModified", "last_modified", "mtime")
_URL: Final = re.compile(r"([a-z][a-z0-9+]+):/+(.+)")  # of a path too, which has one slash less


def url_of(path: Path | str | None) -> str:
    """The URL that a path was made from, or ""."""
    text = path.as_posix() if isinstance(path, Path) else path
    if not text or not (match := _URL.fullmatch(text)):
        return ""
    return f"{match[1]}://{'/' * (match[1] == 'file')}{match[2]}"


@dataclass(frozen=True)
class Stores:
    """Folders or files by URL, each with its local stand-in."""

    places: Sequence[tuple[str, Path]]

    def local(self, path: Path) -> Path:
        """The local stand-in of a path of a URL; other paths unchanged."""
        return dict(self.places).get(url_of(path), path)

    def remote(self, path: Path) -> str:
        """The URL of a local stand-in; "" for other paths."""
        for url, place in self.places:
            if path == place or place in path.parents:
                return "/".join([url.rstrip("/"), *path.relative_to(place).parts])
        return ""

    def named(self, name: Callable[[Path], str]) -> Callable[[Path], str]:
        """A function that gives a result's suffix; for remote files from the name alone."""
        return lambda path: suffix_by_name(path) if self.remote(path) else name(path)

    def shown(self, path: Path) -> Path:
        """A path as the user named it."""
        return Path(self.remote(path) or path)

    @contextmanager
    def fetched(self, source: Path) -> Iterator[None]:
        """Fetch a source while the block runs."""
        if not (url := self.remote(source)):
            yield
            return
        store, name = _store(url)
        source.parent.mkdir(parents=True, exist_ok=True)
        try:
            store.get_file(name, str(source))
        except OSError as error:
            raise InputError(f"cannot be fetched ({said(error)})", path=url) from error
        try:
            yield
        finally:
            source.unlink(missing_ok=True)

    def put(self, paths: Iterable[Path]) -> None:
        """Upload written files, each whole or not at all, and remove them here."""
        for path in paths:
            if not (url := self.remote(path)):
                continue
            store, name = _store(url)
            kinds = {store.protocol} if isinstance(store.protocol, str) else {*store.protocol}
            try:
                store.makedirs(name.rpartition("/")[0], exist_ok=True)
                if "file" in kinds:
                    write_bytes(Path(name), path.read_bytes())
                elif STORES & kinds:
                    store.put_file(str(path), name)  # which is there when all of it is
                else:
                    store.put_file(str(path), f"{name}.part")
                    if store.exists(name):
                        store.rm_file(name)
                    store.mv(f"{name}.part", name)
            except OSError as error:
                raise OutputError(f"cannot be put ({said(error)})", path=url) from error
            path.unlink()


@contextmanager
def here(*paths: Path | None) -> Iterator[Stores]:
    """Local stand-ins for the paths that are URLs, while the block runs."""
    urls = sorted({url for path in paths if (url := url_of(path))})
    if not urls:
        yield Stores(())
        return
    with TemporaryDirectory(prefix="trombine-") as root:
        places = [(url, Path(root, *url.replace(":", "").split("/"))) for url in urls]
        for url, place in places:
            place.parent.mkdir(parents=True, exist_ok=True)
            for inner in _found(url)[1]:  # an empty local file for each remote one
                (place / inner).parent.mkdir(parents=True, exist_ok=True)
                (place / inner).touch()
        yield Stores(places)


def _found(url: str) -> tuple[Any, dict[str, tuple[str, str]]]:
    """The store, and all files below a URL: by the path from it, the name, and a mark that differs
    where the file has changed."""
    store, base = _store(url)
    try:
        found = store.find(base, detail=True)
    except OSError as error:
        raise InputError(f"cannot be listed ({said(error)})", "check the name", path=url) from error
    files = {
        name.removeprefix(base).strip("/"): (name, str([about.get(key) for key in _MARKS]))
        for name, about in found.items()
        if not name.endswith("/")  # an empty object that stands for a folder
    }
    if wrong := next((inner for inner in files if ".." in Path(inner).parts), None):
        raise InputError(f"holds {shown(wrong)}, which would lead out of it", path=url)
    return store, files


def mirror_of(url: str) -> Path:
    """The folder of the cache that holds what is below a URL."""
    return cache_folder() / "stores" / hashlib.sha256(url.encode()).hexdigest()[:16]


def mirror(url: str, progress: Progress | None = None) -> None:
    """Fetch what is below a URL and is not in `mirror_of` it as it is there; what is gone there
    goes here. No other process may be at it."""
    folder, step = mirror_of(url), progress or silent
    folder.parent.mkdir(parents=True, exist_ok=True)
    store, files = _found(url)
    if not files:
        raise InputError("holds no files", "check the name", path=url)
    marks = folder.with_suffix(".json")
    known = json.loads(marks.read_text()) if marks.exists() else {}
    there = {path for path in folder.rglob("*") if path.is_file()}
    for path in there - {folder / inner for inner in files}:
        path.unlink()
    todo = [
        inner
        for inner, (_, mark) in files.items()
        if folder / inner not in there or known.get(inner) != mark
    ]
    for start in range(0, len(todo), _AT_ONCE):
        some = [(files[inner][0], folder / inner) for inner in todo[start : start + _AT_ONCE]]
        parts = [path.with_name(f".{path.name}.part") for _, path in some]
        for part in parts:
            part.parent.mkdir(parents=True, exist_ok=True)
        try:
            store.get([name for name, _ in some], [str(part) for part in parts])
            for part, (_, path) in zip(parts, some, strict=True):
                part.replace(path)
        except OSError as error:
            raise InputError(f"cannot be fetched ({said(error)})", path=url) from error
        step(start + len(some), len(todo), "files fetched")
    write_bytes(marks, json.dumps({i: mark for i, (_, mark) in files.items()}).encode())


def suffix_by_name(source: Path) -> str:
    """The suffix of a result of a remote file: its own if lossless, else .png."""
    format = FORMATS.get(source.suffix.lower())
    return ".png" if format is None or format in LOSSY else source.suffix


def _store(url: str) -> tuple[Any, str]:
    """The store of a URL, and the name in it."""
    try:
        return importlib.import_module("fsspec").core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        remedy = "pip install 'trombine[cluster]', and what fsspec names for this kind of URL"
        raise InputError(f"cannot be reached ({said(error)})", remedy, path=url) from error
