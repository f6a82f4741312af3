"""Folders of object stores by URL: s3://, gs://, file:// and others that fsspec knows.

A local folder of empty files stands for each URL, so files are found, named and skipped as usual. A
file is fetched when it is worked on, its results are uploaded, and both are removed locally.
"""

from __future__ import annotations

import importlib
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from trombine.core.errors import InputError, OutputError, said
from trombine.io.image import FORMATS, LOSSY

_URL: Final = re.compile(r"([a-z][a-z0-9+]+):/+(.+)")  # of a path too, which has one slash less


def url_of(path: Path | None) -> str:
    """The URL that a path was made from, or ""."""
    if path is None or not (match := _URL.fullmatch(path.as_posix())):
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
            try:
                store.makedirs(name.rpartition("/")[0], exist_ok=True)
                with store.transaction, store.open(name, "wb") as out, path.open("rb") as file:
                    shutil.copyfileobj(file, out)
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
            _list(url, place)
        yield Stores(places)


def _list(url: str, place: Path) -> None:
    """Make an empty local file for each remote one."""
    place.parent.mkdir(parents=True, exist_ok=True)
    store, base = _store(url)
    try:
        found = store.find(base)
    except OSError as error:
        raise InputError(f"cannot be listed ({said(error)})", "check the name", path=url) from error
    for name in found:
        path = place / name.removeprefix(base).strip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


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
