"""What a verb works on, opened once: a picture or film, and what belongs to it.

Pictures and side files (masks, maps, truths) come as paths or are held by a program; the work on a
picture sees a Source, and knows no path. How results leave is in batch.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trombine.core.errors import InputError, about, shown
from trombine.io.convert import is_held, picture_from
from trombine.io.image import PICTURE_SUFFIXES, Picture, load_picture
from trombine.io.inputs import listed, pictures_in
from trombine.io.video import Frames, Video

HELD = "the image"


@dataclass(frozen=True, kw_only=True, eq=False)
class Opened:
    """What an option named of one picture, read."""

    value: Any
    name: str  # of its file; or such as "the mask"
    path: Path | None = None

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Add its path or name to an InputError that names no file."""
        with about(self.path or self.name):
            yield


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A picture or film, what belongs to it, and what is wanted of it."""

    film: Frames | Video  # one frame for a picture
    label: str = HELD  # the path of its file
    sides: Mapping[str, Opened] = field(default_factory=dict)  # by option
    wanted: Sequence[str] = ()  # names of outputs
    format: str = ""  # in which the result is written; "" where a program gets it
    more_pictures: bool = False  # whether the file has more pictures than were read
    together: bool = False  # whether others are worked on at the same time

    @property
    def picture(self) -> Picture:
        """The picture, or the first of a film."""
        return self.film.first

    @property
    def name(self) -> str:
        """The name of its file, for titles."""
        return Path(self.label).name

    @property
    def is_film(self) -> bool:
        return self.film.count > 1 or isinstance(self.film, Video)

    def side(self, option: str) -> Any:
        """What an option gave of this picture, None if nothing."""
        opened = self.sides.get(option)
        return None if opened is None else opened.value


@dataclass(frozen=True, kw_only=True)
class Side:
    """An option that names something of each picture: a file, a folder of files with the pictures'
    names, or what a program holds, one for all or one for each."""

    option: str
    value: Any
    read: Callable[[Path], Any] = load_picture
    take: Callable[[Any], Any] = picture_from  # of a value that a program holds
    prefix: str = ""  # before the file's name in the option, as in black:mask.png
    ending: str = ""  # of the files in a folder; else any of the picture's name
    is_needed: bool = False  # a picture without one is refused
    is_common: bool = False  # one for all pictures
    is_recorded: bool = True

    def paths(self, sources: Sequence[Path]) -> dict[Path, Path]:
        """The file of each source."""
        if self.value is None:
            return {}
        if not isinstance(self.value, str | Path):
            problem = f"a {self.option} in memory is for pictures in memory"
            raise InputError(problem, "give it as a file")
        if self.is_common:
            return dict.fromkeys(sources, Path(self.value))
        return sidecars(sources, Path(self.value), self.option, self.ending)

    def of_file(self, path: Path) -> Opened:
        """What a file holds."""
        with about(path):
            return Opened(value=self.read(path), name=path.name, path=path)

    def of_values(self, count: int, *, several: bool) -> Iterator[Opened | None]:
        """What is given of each of `count` pictures that a program holds."""
        value, name = self.value, f"the {self.option}"
        if value is None:
            one: list[Opened | None] = [None]
        elif isinstance(value, str | Path):
            if Path(value).is_dir():
                remedy = f"give a file as {self.option}, or a value"
                raise InputError("is a folder, for pictures in files", remedy, path=value)
            one = [self.of_file(path) for path in self.paths([Path(value)]).values()]
        else:
            own = None if self.is_common else _each_of(value)
            if own is not None and (not several or len(own) != count):
                raise InputError(f"{self.option}: there are {len(own)}, and pictures: {count}")
            with about(name):
                one = [Opened(value=self.take(v), name=name) for v in own or [value]]
        yield from one * count if len(one) == 1 else one


def _each_of(value: Any) -> Sequence[Any] | None:
    """The values of several pictures; None if there is one for all."""
    if isinstance(value, list | tuple):
        return value if is_held(value) or all(isinstance(one, Mapping) for one in value) else None
    return list(value) if getattr(value, "ndim", 0) == 4 else None


def sidecars(
    sources: Sequence[Path], path: Path, option: str, ending: str = ""
) -> dict[Path, Path]:
    """The file of each source: one file, or files of a folder with the sources' names and this
    ending, or any."""
    if not os.path.lexists(path):
        raise InputError("does not exist", f"name a {option} that does, or none", path=path)
    if not path.is_dir():
        if len(sources) > 1:
            problem = f"is one file, and there are {len(sources)} pictures"
            raise InputError(problem, f"name a folder as --{option}", path=path)
        return dict.fromkeys(sources, path)
    files = pictures_in(path, (*PICTURE_SUFFIXES, ".json"))
    found = {}
    for source in sources:
        name = f"{source.stem}{ending}"
        same = [file for file in files if (file.name if ending else file.stem) == name]
        if len(same) > 1:
            same = [file for file in same if file.name == source.name] or same
        if len(same) > 1:
            problem = f"{listed(same)} could each be the {option} of {shown(source)}"
            raise InputError(problem, "leave one of them out")
        if same:
            found[source] = same[0]
    if sources and not found:
        raise InputError(f"has no {option} of any of these pictures", path=path)
    return found
