"""Folders of object stores, by URL: s3://, gs://, file:// and whatever else fsspec knows.

On this machine a folder of empty files stands for each, so that all is found, named and skipped as
elsewhere. A file is fetched where it is worked on, and what is made of it is put; nothing stays.
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
    """The URL that a path was made of, if it was."""
    if path is None or not (match := _URL.fullmatch(path.as_posix())):
        return ""
    return f"{match[1]}://{'/' * (match[1] == 'file')}{match[2]}"


@dataclass(frozen=True)
class Stores:
    """Folders or files by URL, each with the path that stands for it."""

    places: Sequence[tuple[str, Path]]

    def local(self, path: Path) -> Path:
        """What stands here for a path; other paths stand for themselves."""
        return dict(self.places).get(url_of(path), path)

    def remote(self, path: Path) -> str:
        """The URL of what stands here for it; nothing of other paths."""
        for url, place in self.places:
            if path == place or place in path.parents:
                return "/".join([url.rstrip("/"), *path.relative_to(place).parts])
        return ""

    def named(self, name: Callable[[Path], str]) -> Callable[[Path], str]:
        """How results are named: those of files that are not here by their names alone."""
        return lambda path: suffix_by_name(path) if self.remote(path) else name(path)

    def shown(self, path: Path) -> Path:
        """A path as it was named."""
        return Path(self.remote(path) or path)

    @contextmanager
    def fetched(self, source: Path) -> Iterator[None]:
        """Inside, a source is here."""
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
        """Move what was written to its URL, where it appears whole or not at all."""
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
    """Inside, what stands here for those of the paths that are URLs."""
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
    """Make an empty file for each of a folder, or for the one file; of what is not there none."""
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
    """The suffix of what is made of a file that is not here: its own, or lossless."""
    format = FORMATS.get(source.suffix.lower())
    return ".png" if format is None or format in LOSSY else source.suffix


def _store(url: str) -> tuple[Any, str]:
    """The store of a URL, and the name in it."""
    try:
        return importlib.import_module("fsspec").core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        remedy = "pip install 'trombine[cluster]', and what fsspec names for this kind of URL"
        raise InputError(f"cannot be reached ({said(error)})", remedy, path=url) from error
