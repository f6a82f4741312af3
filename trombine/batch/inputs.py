"""Which files are meant, what is written for each, and what must not be written over."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trombine.events import Notice
from trombine.io.files import identity
from trombine.refusal import InputError, shown

Plan = Callable[[Path], Path]
"""The output of an input; an InputError where the input is bad."""
_NAMED: Final = 20  # a line names this many files


def expand(inputs: Iterable[Path], *, recursive: bool = False) -> list[Path]:
    """The files that are meant, each once: a folder stands for its pictures, sorted by name.

    Hidden files are left out, and folders inside unless `recursive`; a folder without pictures
    stays as it is.
    """
    matches: dict[str, Path] = {}
    for path in inputs:
        inside = sorted(_pictures_in(path, recursive=recursive)) if is_so(Path.is_dir, path) else []
        for file in inside or [path]:
            matches.setdefault(os.path.realpath(file), file)
    return list(matches.values())


def left_alone(inputs: Iterable[Path], *, can_recurse: bool = False) -> Iterator[Notice]:
    """Of folders with pictures whose folders have some too, that these are not meant."""
    for path in inputs:
        if is_so(_has_pictures, path) and (inside := _with_pictures(path)):
            text = f"pictures in folders inside are left alone: {listed(inside)}"
            yield Notice(path, f"{text}; --recursive takes them too" if can_recurse else text)


def films_left_alone(inputs: Iterable[Path], *, recursive: bool = False) -> Iterator[Notice]:
    """Of folders with films in MP4 or WebM, which take long, that these are not meant."""
    from trombine.io.image import VIDEO_SUFFIXES

    for path in inputs:
        if is_so(Path.is_dir, path):
            inside = _files_in(path, VIDEO_SUFFIXES, recursive=recursive)
            if films := sorted(film for film in inside if is_so(Path.is_file, film)):
                text = f"films in folders are left alone: {listed(films)}; name them to take them"
                yield Notice(path, text)


_RAW: Final = "save them as TIFF first"
_RAW_ONE: Final = "save it as TIFF first"


def raw_left_alone(inputs: Iterable[Path], *, recursive: bool) -> Iterator[Notice]:
    """Of folders with pictures and camera raw files, that these are not read."""
    for path in inputs:
        is_read = is_so(Path.is_dir, path) and any(_pictures_in(path, recursive=recursive))
        if is_read and (raw := _raw_in(path, recursive=recursive)):
            yield Notice(path, f"{_not_read(raw)}; {_RAW}")


def _raw_in(folder: Path, *, recursive: bool) -> list[Path]:
    from trombine.io.image import RAW_SUFFIXES

    return sorted(_files_in(folder, RAW_SUFFIXES, recursive=recursive))


def _not_read(raw: list[Path]) -> str:
    files = "camera raw file is" if len(raw) == 1 else "camera raw files are"
    return f"{len(raw):,} {files} not read: {listed(raw)}"


def _is_raw(source: Path) -> bool:
    """Whether a file is a camera's raw file, by its name."""
    from trombine.io.image import RAW_SUFFIXES

    return source.suffix.lower() in RAW_SUFFIXES and is_so(Path.is_file, source)


def _with_pictures(folder: Path) -> list[Path]:
    inside = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(path for path in inside if is_so(_has_pictures, path))


def _has_pictures(path: Path) -> bool:
    return path.is_dir() and any(_pictures_in(path))


def listed(paths: list[Path]) -> str:
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return ", ".join(shown(path) for path in paths[:_NAMED]) + more


def is_so(check: Callable[[Path], bool], path: Path) -> bool:
    """Path.exists or the like; False where the system refuses, as of too long a name."""
    try:
        return check(path)
    except OSError:
        return False


def _pictures_in(folder: Path, *, recursive: bool = False) -> Iterator[Path]:
    from trombine.io.image import PICTURE_SUFFIXES

    return _files_in(folder, PICTURE_SUFFIXES, recursive=recursive)


def _files_in(folder: Path, endings: Container[str], *, recursive: bool) -> Iterator[Path]:
    """The files in a folder that end so and are not hidden."""
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if not path.is_dir():
            if path.suffix.lower() in endings:
                yield path
        elif recursive and not path.is_symlink():  # which may lead round in a circle
            yield from _files_in(path, endings, recursive=True)


def into(
    output: Path | None,
    inputs: Iterable[Path],
    ending: Callable[[Path], str],
    *,
    suffix: str = "",
    beside: str = "",
) -> Plan:
    """The plan that `-o` asks for: a folder, for a single input one file, or none.

    A name with an ending that is no folder yet means a file. In a folder an output is named as its
    input, with `suffix` and what `ending` gives, in folders inside as the inputs lie in some.
    Without `-o`, or with the folder that an input lies in, it has `beside` for a suffix.
    """
    folders = [path for path in inputs if is_so(Path.is_dir, path)]

    def named(source: Path, folder: Path) -> Path:
        add = suffix or (beside if identity(folder) == identity(source.parent) else "")
        return folder / f"{source.stem}{add}{ending(source)}"

    if output is None:
        return lambda source: named(source, source.parent)
    if is_so(Path.is_dir, output) or not output.suffix:
        return lambda source: named(source, output / _below(folders, source))
    count = len(expand(inputs))
    if count > 1:
        raise InputError(
            f"is one file, and there are {count} pictures;"
            " name a folder, and if its name has a dot, make it first",
            path=output,
        )
    return lambda source: output


def _below(folders: Iterable[Path], source: Path) -> Path:
    """The folders that a file lies in, from the input on that it was found in."""
    inside = (folder for folder in folders if source.is_relative_to(folder))
    return next((source.relative_to(folder).parent for folder in inside), Path())


@dataclass(frozen=True)
class Companions:
    """A file for each input that another option names: a truth, a mask, parts."""

    path: Path | None
    option: str  # the option's name
    files: tuple[Path, ...]  # all that there are
    by_source: Mapping[Path, Path]

    @classmethod
    def of(cls, sources: list[Path], path: Path | None, option: str) -> Companions:
        """The files of the same names in a folder, whatever their endings; or the one file."""
        if path is None:
            return cls(None, option, (), {})
        if not os.path.lexists(path):
            remedy = f"name a {option} that does, or none"
            raise InputError("does not exist", remedy, path=path)
        files = expand([path])
        if not path.is_dir():
            if len(sources) > 1:
                text = f"is one file, and there are {len(sources)} pictures"
                raise InputError(text, f"name a folder as --{option}", path=path)
            return cls(path, option, tuple(files), dict.fromkeys(sources, path))
        by_stem: dict[str, list[Path]] = defaultdict(list)
        for file in files:
            by_stem[file.stem].append(file)
        matches = {
            source: _meant(source, by_stem[source.stem], option)
            for source in sources
            if source.stem in by_stem
        }
        return cls(path, option, tuple(files), matches)

    def notices(self, source: Path) -> Iterator[Notice]:
        """What is to be said of an input that has none, though a folder was given."""
        if self.path is not None and source not in self.by_source:
            yield Notice(source, f"has no {self.option} of its name in {shown(self.path)}")


def _meant(source: Path, matches: list[Path], option: str) -> Path:
    """Of the files with an input's name, whatever their ending, the one that is meant."""
    if len(matches) == 1:
        return matches[0]
    same = [match for match in matches if match.name == source.name]
    if not same:
        either = " and ".join(shown(match) for match in matches)
        text = f"{either} could each be the {option} of {shown(source)}"
        raise InputError(text, "leave one of them out")
    return same[0]


def refuse_empty(source: Path, *, can_recurse: bool = False) -> None:
    """Refuse a folder, which after `expand` is one without pictures, and a camera's raw file."""
    if _is_raw(source):
        raise InputError("is a camera raw file, which is not read", _RAW_ONE, path=source)
    if is_so(Path.is_dir, source):
        inside = _with_pictures(source)  # where pairs of faces lie
        if not inside and (raw := _raw_in(source, recursive=can_recurse)):
            raise InputError(f"has no pictures in it; {_not_read(raw)}", _RAW, path=source)
        advice = "name one of the folders in it that have, each with an output of its own: "
        advice = "add --recursive, or name " if can_recurse else advice
        remedy = advice + listed(inside) if inside else "name a folder that has"
        raise InputError("has no pictures in it", remedy, path=source)


def refuse_to_write_over(written: Iterable[Path], read: Iterable[Path]) -> None:
    """What is read stays as it is: an InputError names the first that would be written over."""
    inputs = set(map(identity, read))
    for path in written:
        if identity(path) in inputs:
            problem = "is an input, and would be written over"
            raise InputError(f"{problem}; choose another -o", path=path)
