"""Pictures in, files out: shared by all commands that work on files.

`find` lists the pictures. `each` names the outputs, skips those that exist, calls the command's
work on every picture and writes the result with its record. An input is never overwritten; a bad
input is named and skipped; a file appears whole or not at all.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from trombine.core.cluster import on_cluster
from trombine.core.devices import CPU, resolve
from trombine.core.errors import InputError, OutputError, about, shown
from trombine.core.memory import RELIEF, enough
from trombine.core.progress import Account, Progress, Result, Tick, log, silent
from trombine.core.texts import counted
from trombine.io.files import atomic, identity, write_bytes
from trombine.io.image import (
    FORMATS,
    LOSSY,
    PICTURE_SUFFIXES,
    RAW_SUFFIXES,
    SHEET_ENDING,
    VIDEO_SUFFIXES,
    Labels,
    Picture,
    Pixels,
    encode,
    encode_labels,
    encoding,
    format_of,
    lost,
    output_suffix,
    picture_of,
    read_record,
)
from trombine.io.record import changed_options, record_of
from trombine.io.stores import Stores, here
from trombine.io.video import (
    VIDEOS,
    Frames,
    SourceFile,
    Video,
    encode_frames,
    play,
    read_source,
    write_video,
)

# What a file may hold: a film or a picture, samples, or what JSON holds.
Content = Frames | Video | Picture | Labels | Pixels | Mapping[str, Any]
RECORD: Final = "record"  # its key in a JSON file
_NAMED: Final = 5  # a line names this many files


@dataclass(frozen=True, kw_only=True)
class Files:
    """Where results go and how they are written: the options that these commands share."""

    output: Path | None = None  # a file or a folder; None: beside each picture
    recursive: bool = False
    suffix: str = ""
    overwrite: bool = False
    format: str = ""
    quality: int = 95
    strip: bool = False

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Files:
        """These options among a command's arguments."""
        return cls(**{name: arguments[name] for name in cls.__annotations__ if name in arguments})


@dataclass(frozen=True, kw_only=True)
class Made:
    """The result for one picture."""

    files: Mapping[str, Content]  # by ending, such as ".sheet.png"; "" is the result itself
    chosen: Mapping[str, Any] = field(default_factory=dict)  # arguments of this picture
    model: str | None = None  # hash of the models
    notices: Sequence[str] = ()
    facts: str = ""  # for the line that names the result: nets, faces
    details: Sequence[str] = ()
    counts: Mapping[str, int] = field(default_factory=dict)  # for the summary: {"face": 2}
    found: Any = None  # what the picture shows, as JSON
    text: str = ""  # the same as text, if no result is written


Work = Callable[[SourceFile, Path, Tick], Made]
"""Turns a picture that was read into a result; it is told the name of the output."""


def each(
    pictures: Iterable[Path],
    work: Work,
    function: Callable[..., Any],
    arguments: Mapping[str, Any],
    *,
    endings: Sequence[str] = ("",),
    suffix: str = "",
    beside: str = "",
    reads: Iterable[Path] = (),
    films: bool = False,
    at_once: int = 1,
    light: Callable[[Path], bool] = lambda source: False,
    relief: str = RELIEF,
    cluster: str = "",
    progress: Progress | None = None,
) -> Result:
    """Do `work` on every picture whose outputs do not exist.

    `function` was called with `arguments`, which are recorded; the options of Files are among them.
    A picture's outputs end in `endings`, the result itself as its source or in `suffix`; in the
    folder of its picture, `beside` is added to its name. `reads` are further inputs. `light`
    pictures are worked on `at_once` in threads; with a `cluster`, its nodes do everything. Pictures
    and output may be URLs: see stores.py.
    """
    files, pictures = Files.of(arguments), list(pictures)
    with here(*pictures, files.output) as stores:
        batch = _Batch(
            files=replace(files, output=files.output and stores.local(files.output)),
            stores=stores,
            work=work,
            function=function,
            arguments=arguments,
            endings=endings,
            films=films,
            relief=relief,
            progress=progress or silent,
        )
        recursive = files.recursive
        ending = stores.named(lambda path: suffix or output_suffix(path, films=films))
        pictures = [stores.local(path) for path in pictures]
        sources = find(pictures, recursive=recursive)
        if not sources:
            raise InputError("no pictures were named; name files or a folder")
        if len(sources) > 1 or sources[0] not in pictures:
            sources = batch.without_results(sources)
        batch.plan(sources, _naming(batch.files, pictures, len(sources), ending, beside))
        refuse_to_write_over(batch.written_files(), [*sources, *reads])
        for text in _left_alone(pictures, recursive=recursive):
            batch.notice(text)
        todo = [source for source in batch.targets if not batch.is_done(source)]
        if cluster:
            batch.tell_all(todo, cluster)
            return batch.end()
        together = [source for source in todo if at_once > 1 and len(todo) > 1 and light(source)]
        with ThreadPoolExecutor(at_once) as pool:
            begun = {source: pool.submit(batch.do, source) for source in together}
            try:
                for source in todo:
                    future = begun.get(source)
                    batch.tell(source, future.result if future else partial(batch.do, source))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return batch.end()


_Outcome = tuple[Made, list[Path], list[str], str]
"""The result, the files written, notices, and facts for a log line."""


def _naming(
    files: Files,
    pictures: Sequence[Path],
    count: int,
    name: Callable[[Path], str],
    beside: str,
) -> Callable[[Path], Path]:
    """The function that names results: one file, or the source's name in a folder."""
    output, folders = files.output, [path for path in pictures if path.is_dir()]
    if any(letter in files.suffix for letter in "/\\\0"):
        raise InputError(f"--suffix is a part of a name, not {shown(files.suffix)}")
    if output is not None and output.suffix and not output.is_dir():
        if count > 1:
            problem = f"is one file, and there are {count} pictures"
            remedy = "name a folder; if its name has a dot, make it first"
            raise InputError(problem, remedy, path=output)
        if files.format and FORMATS.get(output.suffix.lower()) != FORMATS[f".{files.format}"]:
            raise InputError(
                f"ends otherwise than --format {files.format}", "give one", path=output
            )
        return lambda source: output

    def named(source: Path) -> Path:
        folder = source.parent
        if output is not None:
            base = next((one for one in folders if source.is_relative_to(one)), folder)
            folder = output / source.relative_to(base).parent
        same = identity(folder) == identity(source.parent)
        ending = f".{files.format}" if files.format else name(source)
        return folder / f"{source.stem}{files.suffix or (beside if same else '')}{ending}"

    return named


@dataclass(kw_only=True)
class _Batch(Account):
    """One call of `each`: what is to do, and what was done."""

    files: Files
    stores: Stores
    work: Work
    function: Callable[..., Any]
    arguments: Mapping[str, Any]
    endings: Sequence[str]
    films: bool
    relief: str
    progress: Progress
    targets: dict[Path, Path] = field(default_factory=dict)  # the result of each source
    done: int = 0
    kept: int = 0
    made: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    found: dict[Path, Any] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)

    def without_results(self, sources: list[Path]) -> list[Path]:
        """The sources without earlier results of this command, made from other sources or in the
        output folder: the same command twice makes no results of results."""
        output, left = self.files.output, list[Path]()
        for path in sources:
            record = record_in(path) or {}
            if record.get("function") != self.function.__name__:
                continue
            picture = path.with_name(record.get("files", {}).get("pictures", [path.name])[0])
            is_below = output is not None and output.resolve() in path.resolve().parents
            if is_below or (picture != path and picture in sources):
                left.append(path)
        if left:
            self.notice(f"earlier results are left alone: {listed(left)}")
        return [path for path in sources if path not in left]

    def plan(self, sources: list[Path], named: Callable[[Path], Path]) -> None:
        """Name the output of every source; skip bad ones."""
        self.total = len(sources)
        taken: dict[str, Path] = {}
        for source in sources:
            try:
                check_source(source)
                target = named(source)
                for path in self.outputs(target):
                    rival = taken.setdefault(os.path.realpath(path), source)
                    if rival != source:
                        problem = f"would become {shown(path)}, and so would {shown(rival)}"
                        raise InputError(problem, "rename one of them", path=source)
                if "" in self.endings:
                    format_of(target)
                self.targets[source] = target
            except InputError as error:
                self.skip(source, error)

    def outputs(self, target: Path) -> list[Path]:
        """All files of a result."""
        return [target.with_suffix(end) if end else target for end in self.endings]

    def written_files(self) -> list[Path]:
        """All files that may be written."""
        return [path for target in self.targets.values() for path in self.outputs(target)]

    def is_done(self, source: Path) -> bool:
        """Whether all outputs of a source exist; it is then counted as kept."""
        outputs = self.outputs(self.targets[source])
        if outputs and all(path.exists() for path in outputs) and not self.files.overwrite:
            self.kept += 1
            self.done += 1
            return True
        return False

    def do(self, source: Path) -> _Outcome:
        """Make and write the files of a source."""
        return self.fetch_and_make(source, self.targets[source])

    def fetch_and_make(self, source: Path, target: Path) -> _Outcome:
        """The same with an explicit target: on another machine, `targets` is empty."""
        with self.stores.fetched(source):
            outcome = self.make(source, target)
            self.stores.put(outcome[1])
        return outcome

    def make(self, source: Path, target: Path) -> _Outcome:
        """Make and write the files of a local source."""
        start = time.perf_counter()
        written, notices = list[Path](), list[str]()
        with enough(source, self.relief), about(source):
            read = read_source(source, films=self.films)
            made = self.work(read, target, self.tick(source))
            if read.more_pictures:
                notices.append("holds more pictures than one; only the first is taken")
            if read.film.first.changed:
                notices.append(read.film.first.changed)
            record = self.record(source, made) if made.files else None
            for ending, content in made.files.items():
                path = target.with_suffix(ending) if ending else target
                if self.files.overwrite or not path.exists():
                    save(path, content, record, self.files, self.tick(source))
                    written.append(path)
        notices += [*made.notices, *self.lost(target, made)]
        size = size_text(made.files[""]) if "" in made.files else ""
        seconds = f"{time.perf_counter() - start:.2f} s"
        facts = ", ".join(filter(None, (size, made.facts, seconds)))
        return replace(made, files={}), written, notices, facts

    def tell_all(self, sources: Sequence[Path], cluster: str) -> None:
        """Do sources on the nodes of a cluster, and report each."""
        arguments = {k: v for k, v in self.arguments.items() if k not in ("pictures", "progress")}
        there = replace(self, arguments=arguments, targets={}, notices=[], progress=silent)
        pieces = [(source, self.targets[source]) for source in sources]
        card = resolve(self.arguments.get("device", CPU)) != CPU
        work = partial(_make, there)
        with closing(on_cluster(work, pieces, cluster, card=card)) as results:
            for (source, _), made in results:
                self.tell(source, made.result)

    def tick(self, source: Path) -> Tick:
        """A callback that reports the progress of one source as part of the whole."""

        def tick(done: int, of: int) -> None:
            self.progress(self.done + done / max(of, 1), self.total, shown(source.name))

        return tick

    def tell(self, source: Path, done: Callable[[], _Outcome]) -> None:
        """Do a source, or wait for its result, and report it."""
        self.progress(self.done, self.total, shown(source.name))
        try:
            made, written, notices, facts = done()
        except OutputError:  # a full disk: the next one would fail as well
            raise
        except InputError as error:
            self.skip(self.stores.shown(source), error)
            return
        finally:
            self.done += 1
        self.made += 1
        written = [self.stores.shown(path) for path in written]
        self.written += written
        self.counts.update(made.counts)
        for text in notices:
            self.notice(text, source)
        for text in made.details:
            log.debug(f"{shown(source)}: {text}")
        if made.found is not None:
            self.found[source] = made.found
        if made.text:
            self.texts.append(made.text)
        if written:
            log.info(f"{shown(written[-1])}: {facts}")

    def lost(self, target: Path, made: Made) -> Iterator[str]:
        """Notices about what the format of a result cannot store."""
        content = made.files.get("")
        film = Frames(frames=(content,)) if isinstance(content, Picture) else content
        if not isinstance(film, Frames) or (format := format_of(target)) in VIDEOS:
            return
        losses = lost(film.first, format)
        if losses and not (format in LOSSY and len(losses) == 1):
            better = ".webp" if film.count > 1 else ".png or .tif"
            yield f"{format} does not hold all of the result: {', '.join(losses)}; {better} would"

    def record(self, source: Path, made: Made) -> dict[str, Any]:
        """The record of a source's files."""
        arguments = {**self.arguments, **made.chosen}
        options, files = changed_options(self.function, arguments)
        files["pictures"] = source
        return record_of(self.function.__name__, options, files=files, model=made.model)

    def end(self) -> Result:
        """The Result of the call."""
        self.progress(self.total, self.total, "")
        parts = [f"{counted(self.made, 'picture')} written"]
        if self.kept:
            parts.append(f"{self.kept:,} skipped that were there (--overwrite makes them again)")
        if self.skipped:
            parts.append(f"{len(self.skipped):,} bad: {listed(self.skipped)}")
        for name, n in self.counts.items():
            parts.append(counted(n, name))
        told = self.texts if self.texts and not self.kept else [*self.texts, ", ".join(parts)]
        return self.result("\n".join(told), found=self.found, kept=self.kept)


def _make(batch: _Batch, piece: tuple[Path, Path]) -> _Outcome:
    return batch.fetch_and_make(*piece)


# ---------------------------------------------------------------------------------------------
# Inputs


def find(inputs: Iterable[Path], *, recursive: bool = False) -> list[Path]:
    """The input pictures, each once: a folder stands for the pictures in it, sorted by name.

    Hidden files, contact sheets and films in MP4 and WebM are left out. A folder without pictures
    stays in the list.
    """
    found: dict[str, Path] = {}
    for path in inputs:
        inside = _pictures_in(path, recursive=recursive) if path.is_dir() else []
        for file in inside or [path]:
            found.setdefault(os.path.realpath(file), file)
    return list(found.values())


def _pictures_in(
    folder: Path, endings: Iterable[str] = PICTURE_SUFFIXES, *, recursive: bool = False
) -> list[Path]:
    paths = folder.rglob("*") if recursive else folder.iterdir()
    return sorted(
        path
        for path in paths
        if path.suffix.lower() in endings
        and not path.name.endswith(SHEET_ENDING)
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )


def _left_alone(inputs: Iterable[Path], *, recursive: bool) -> Iterator[str]:
    """Notices about files in the folders that are not used."""
    for folder in (path for path in inputs if path.is_dir()):
        if films := _pictures_in(folder, VIDEO_SUFFIXES, recursive=recursive):
            yield f"films in folders are left alone: {listed(films)}; name them to take them"
        if raw := _pictures_in(folder, RAW_SUFFIXES, recursive=recursive):
            yield f"camera raw files are not read: {listed(raw)}; save them as TIFF first"
        inside = [] if recursive else _with_pictures(folder)
        if inside and _pictures_in(folder):
            yield f"pictures in subfolders are left alone: {listed(inside)}; --recursive takes them"


def _with_pictures(folder: Path) -> list[Path]:
    inside = (path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    return sorted(path for path in inside if _pictures_in(path))


def check_source(source: Path) -> None:
    """Refuse a folder without pictures, and a camera's raw file."""
    if source.suffix.lower() in RAW_SUFFIXES and source.is_file():
        raise InputError("is a camera raw file", "save it as TIFF first", path=source)
    if source.is_dir():
        inside = _with_pictures(source)
        remedy = (
            f"add --recursive, or name {listed(inside)}" if inside else "name a folder that has"
        )
        raise InputError("has no pictures in it", remedy, path=source)


def sidecars(
    sources: Sequence[Path], path: Path | None, option: str, ending: str = ""
) -> dict[Path, Path]:
    """The file of each source that an option names: one file, or files of a folder with the
    sources' names and this ending, or any."""
    if path is None:
        return {}
    if not os.path.lexists(path):
        raise InputError("does not exist", f"name a {option} that does, or none", path=path)
    if not path.is_dir():
        if len(sources) > 1:
            problem = f"is one file, and there are {len(sources)} pictures"
            raise InputError(problem, f"name a folder as --{option}", path=path)
        return dict.fromkeys(sources, path)
    files = _pictures_in(path, (*PICTURE_SUFFIXES, ".json"))
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


def refuse_to_write_over(written: Iterable[Path], read: Iterable[Path]) -> None:
    """Raise where an output is an input."""
    inputs = set(map(identity, read))
    for path in written:
        if identity(path) in inputs:
            raise InputError("is an input, and would be written over; choose another -o", path=path)


def listed(paths: Iterable[Path]) -> str:
    """Names for a line of text, at most _NAMED of them."""
    paths = list(paths)
    more = f" and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else ""
    return ", ".join(shown(path) for path in paths[:_NAMED]) + more


# ---------------------------------------------------------------------------------------------
# Outputs


def save(
    path: Path,
    content: Content,
    record: Mapping[str, Any] | None = None,
    files: Files = Files(),
    tick: Tick | None = None,
) -> None:
    """Write a content with its record, in the format of the file's extension.

    The frames of a Video are worked on while it is written: `tick` reports them.
    """
    if isinstance(content, Mapping):
        text = json.dumps({**content, RECORD: record}, indent=1, allow_nan=False)
        write_bytes(path, f"{text}\n".encode())
        return
    if isinstance(content, Labels):
        write_bytes(path, encode_labels(content.numbers, record))
        return
    format, keep = format_of(path), {} if record is None else dict(record)
    if format in VIDEOS:
        if not isinstance(content, Video | Frames):
            raise InputError(f"is a picture, and {format} is for films", "choose .png or .jpg")
        if isinstance(content, Video) and files.strip:
            content = replace(content, metadata={})
        with atomic(path) as part:
            write_video(part, content, format, record=keep, tick=tick)
        return
    if isinstance(content, Video):
        content = play(content, tick)
    with encoding(path, size_text(content)):
        if isinstance(content, Frames) and content.count > 1:
            data = encode_frames(content, format, record=record)
        else:
            picture = content.first if isinstance(content, Frames) else content
            picture = picture if isinstance(picture, Picture) else picture_of(picture)
            picture = picture.stripped if files.strip else picture
            data = encode(picture, format, record=record, quality=files.quality)
    write_bytes(path, data)


def record_in(path: Path) -> dict[str, Any] | None:
    """The record in a picture, a film or a JSON file; None if there is none."""
    try:
        if path.suffix.lower() != ".json":
            return read_record(path)
        return json.loads(path.read_bytes())[RECORD]
    except (InputError, ValueError, LookupError, TypeError, OSError):
        return None


def size_text(content: Content) -> str:
    """Width and height in pixels as text; "" for JSON."""
    if isinstance(content, Mapping):
        return ""
    if isinstance(content, Labels):
        return f"{content.numbers.shape[1]} x {content.numbers.shape[0]}"
    if isinstance(content, Video):
        height, width = content.size
        return f"{content.count:,} frames of {width} x {height}"
    film = isinstance(content, Frames)
    picture = content.first if film else content
    samples = picture.samples if isinstance(picture, Picture) else picture
    frames = f"{content.count:,} frames of " if film and content.count > 1 else ""
    return f"{frames}{samples.shape[1]} x {samples.shape[0]}"
