"""Pictures in, results out: shared by all verbs on pictures.

`run` calls a verb's work on each picture that was given. Of files it names the outputs, skips those
that exist, and writes the rest with their record: an input is never overwritten; a bad input is
named and skipped; a file appears whole or not at all. Of what a program holds it returns the same.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from trombine.core.calls import Call, Files, current
from trombine.core.cluster import on_cluster
from trombine.core.devices import CPU, resolve
from trombine.core.errors import InputError, OutputError, about, shown
from trombine.core.memory import RELIEF, enough
from trombine.core.progress import Account, Progress, Result, Tick, log, silent
from trombine.core.texts import counted, from_json
from trombine.io.convert import (
    is_held,
    like,
    like_plane,
    naming,
    picture_from,
    singles,
    stacked,
    unrounded,
)
from trombine.io.doors import Side, Source
from trombine.io.files import atomic, identity, write_bytes
from trombine.io.image import (
    FORMATS,
    LOSSY,
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
from trombine.io.inputs import check_source, find, left_alone, listed, refuse_to_write_over
from trombine.io.record import record_of
from trombine.io.stores import Stores, here
from trombine.io.video import (
    FILMS,
    VIDEOS,
    Frames,
    Video,
    encode_frames,
    lost_by_video,
    play,
    read_film,
    write_video,
)

# What a file may hold: a film or a picture, samples, or what JSON holds.
Content = Frames | Video | Picture | Labels | Pixels | Mapping[str, Any]
RECORD: Final = "record"  # its key in a JSON file
# The outputs of verbs, and how their files end; "picture" is the result itself. Others, such as the
# tries of a repair, only a program gets.
ENDINGS: Final = {
    "picture": "",
    "sheet": ".sheet.png",
    "report": ".report.png",
    "numbers": ".report.json",
    "parts": ".parts.png",
    "points": ".points.json",
    "mask": ".mask.png",
    "cutout": ".cutout.png",
    "json": ".json",
    "becomes": ".becomes.gif",
    "mosaic": ".mosaic.png",
    "character": ".character.json",
}


@dataclass(frozen=True, kw_only=True)
class Made:
    """The result for one picture."""

    files: Mapping[str, Any]  # by name; of those in ENDINGS a Content each
    chosen: Mapping[str, Any] = field(default_factory=dict)  # arguments of this picture
    model: str | None = None  # hash of the models
    notices: Sequence[str] = ()
    facts: str = ""  # for the line that names the result: nets, faces
    details: Sequence[str] = ()
    counts: Mapping[str, int] = field(default_factory=dict)  # for the summary: {"face": 2}
    found: Any = None  # what the picture shows, as JSON
    text: str = ""  # the same as text, if no result is written


Work = Callable[[Source, Tick], Made]
"""Makes of a picture what is wanted of it."""


def run(
    work: Work,
    *,
    wanted: Sequence[str] = ("picture",),
    sides: Sequence[Side] = (),
    chosen: Mapping[str, Any] | None = None,
    suffix: str = "",
    beside: str = "",
    reads: Iterable[Path] = (),
    films: bool = False,
    at_once: int = 1,
    light: Callable[[Path], bool] = lambda source: False,
    relief: str = RELIEF,
) -> Any:
    """Do the verb's `work` on every picture of the current call: files whose outputs do not exist,
    or what a program holds.

    `wanted` are outputs by name. `chosen` are arguments that a record holds otherwise than given. A
    result ends as its source or in `suffix`; in the folder of its picture, `beside` is added to its
    name. `reads` are further inputs. `light` pictures are worked on `at_once` in threads; with a
    cluster, its nodes do everything. Pictures and output may be URLs: see stores.py.
    """
    call = current()
    pictures = call.arguments["pictures"]
    if is_held(pictures):
        return _of_values(call, pictures, work, wanted, sides)
    paths = [Path(pictures)] if isinstance(pictures, str | Path) else [*map(Path, pictures)]
    files = call.files
    with here(*paths, files.output) as stores:
        batch = _Batch(
            files=replace(files, output=files.output and stores.local(files.output)),
            stores=stores,
            work=work,
            call=call,
            wanted=wanted,
            chosen=dict(chosen or {}),
            films=films,
            relief=relief,
            progress=call.arguments.get("progress") or silent,
        )
        ending = stores.named(lambda path: suffix or output_suffix(path, films=films))
        paths = [stores.local(path) for path in paths]
        sources = find(paths, recursive=files.recursive)
        if not sources:
            raise InputError("no pictures were named; name files or a folder")
        batch.sides = [(side, side.paths(sources)) for side in sides]
        if len(sources) > 1 or sources[0] not in paths:
            sources = batch.without_results(sources)
        batch.plan(sources, _naming(batch.files, paths, len(sources), ending, beside))
        written = [path for target in batch.targets.values() for path in batch.outputs(target)]
        beside_them = [path for _, paths in batch.sides for path in paths.values()]
        refuse_to_write_over(written, [*sources, *reads, *beside_them])
        for text in left_alone(paths, recursive=files.recursive):
            batch.notice(text)
        todo = [piece for piece in batch.targets.items() if not batch.is_done(*piece)]
        if files.cluster:
            batch.tell_all(todo)
            return batch.end()
        if at_once > 1 and len(todo) > 1:
            batch.together = {source for source, _ in todo if light(source)}
        with ThreadPoolExecutor(at_once) as pool:
            begun = {one: pool.submit(batch.do, one) for one in todo if one[0] in batch.together}
            try:
                for piece in todo:
                    future = begun.get(piece)
                    batch.tell(piece[0], future.result if future else partial(batch.do, piece))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return batch.end()


# ---------------------------------------------------------------------------------------------
# Pictures that a program holds


def _of_values(
    call: Call, value: Any, work: Work, wanted: Sequence[str], sides: Sequence[Side]
) -> Any:
    """What comes of a picture in memory, or of several: what is wanted, of the same kind; where
    that is more than one output, a Result with them by name."""
    for option in fields(Files):
        if option.name != "device" and option.name in call.arguments and call.given(option.name):
            problem = f"{option.name} is for pictures in files"
            raise InputError(problem, "leave it out; what a program holds comes back to it")
    several = value if isinstance(value, list | tuple) else singles(value)
    values = [value] if several is None else several
    given = [side.of_values(len(values), several=several is not None) for side in sides]
    progress, results = call.arguments.get("progress") or silent, []
    for number, (one, *opened) in enumerate(zip(values, *given, strict=True)):

        def tick(done: int, of: int, before: int = number) -> None:
            progress(before + done / max(of, 1), len(values), "pictures")

        pairs = zip(sides, opened, strict=True)
        with naming():
            source = Source(
                film=Frames(frames=(picture_from(one),)),
                sides={side.option: one for side, one in pairs if one is not None},
                wanted=wanted,
            )
            _check_sides(source, sides)
            made = work(source, tick)
        results.append(_returned(one, source, made))
        progress(number + 1, len(values), "pictures")
    if several is None:
        return results[0]
    return results if several is value else stacked(results)


def _returned(value: Any, source: Source, made: Made) -> Any:
    for text in made.notices:
        log.warning(text)
    outputs = {n: _value_of(value, made.files[n]) for n in source.wanted if n in made.files}
    if (first := made.files.get("picture")) is not None:
        outputs["picture"] = unrounded(value, outputs["picture"], source.picture, first.first)
    if len(source.wanted) == 1:
        return outputs.get(source.wanted[0])
    return Result(notices=tuple(made.notices), outputs=outputs)


def _value_of(value: Any, content: Any) -> Any:
    """An output as the kind of picture that was given; what JSON holds as it is."""
    if isinstance(content, list | tuple):
        return [_value_of(value, one) for one in content]
    if isinstance(content, Frames):
        frames = [like(value, frame) for frame in content.frames]
        return frames if len(frames) > 1 else frames[0]
    if isinstance(content, Labels):
        return like_plane(value, content.numbers)
    if getattr(content, "ndim", 0) == 2:
        return like_plane(value, content)
    if isinstance(content, Picture) or hasattr(content, "dtype"):
        return like(value, content if isinstance(content, Picture) else picture_of(content))
    return content


def _check_sides(source: Source, sides: Iterable[Side]) -> None:
    """Refuse a picture that lacks what it needs, and a film of which such was given."""
    for side in sides:
        if side.is_needed and side.value is not None and side.option not in source.sides:
            remedy = f"add one to the folder of --{side.option}"
            raise InputError(f"has no {side.option} of its name", remedy)
        if side.option in source.sides and source.is_film:
            raise InputError(f"is a film, and has no {side.option}", f"leave --{side.option} out")


# ---------------------------------------------------------------------------------------------
# Files


class _Outcome(NamedTuple):
    """What came of a source."""

    made: Made
    written: list[Path]
    notices: list[str]
    facts: str  # for a log line
    kind: str  # picture or film


def _naming(
    files: Files,
    pictures: Sequence[Path],
    count: int,
    name: Callable[[Path], str],
    beside: str,
) -> Callable[[Path], Path]:
    """The function that names results: one file, or the source's name in a folder."""
    output, folders = files.output, [path for path in pictures if path.is_dir()]
    if any(letter in "/\\" or not letter.isprintable() for letter in files.suffix):
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
    """One call of `run` on files: what is to do, and what was done."""

    files: Files
    stores: Stores
    work: Work
    call: Call
    wanted: Sequence[str]
    chosen: Mapping[str, Any]
    films: bool
    relief: str
    progress: Progress
    sides: list[tuple[Side, dict[Path, Path]]] = field(default_factory=list)
    targets: dict[Path, Path] = field(default_factory=dict)  # the result of each source
    together: set[Path] = field(default_factory=set)  # worked on at the same time
    shares: dict[Path, float] = field(default_factory=dict)  # done of each source
    kept: int = 0
    made: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    cures: set[str] = field(default_factory=lambda: {""})  # named once, not for each picture
    found: dict[Path, Any] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)

    def without_results(self, sources: list[Path]) -> list[Path]:
        """The sources without earlier results of this command, made from other sources or in the
        output folder: the same command twice makes no results of results."""
        output, left = self.files.output, list[Path]()
        for path in sources:
            record = record_in(path) or {}
            if record.get("function") != self.call.function.__name__:
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
                if "picture" in self.wanted:
                    format_of(target)
                self.targets[source] = target
            except InputError as error:
                self.skip(source, error)

    def outputs(self, target: Path) -> list[Path]:
        """All files of a result."""
        return [_path_of(target, name) for name in self.wanted if name in ENDINGS]

    def is_done(self, source: Path, target: Path) -> bool:
        """Whether all outputs of a source exist; it is then counted as kept."""
        outputs = self.outputs(target)
        if outputs and all(path.exists() for path in outputs) and not self.files.overwrite:
            self.kept += 1
            self.shares[source] = 1
            return True
        return False

    def do(self, piece: tuple[Path, Path]) -> _Outcome:
        """Make and write the files of a source, whose target is named too: on another machine,
        `targets` is empty."""
        source, target = piece
        with self.stores.fetched(source):
            outcome = self.make(source, target)
            self.stores.put(outcome.written)
        return outcome

    def make(self, source: Path, target: Path) -> _Outcome:
        """Make and write the files of a local source."""
        start = time.perf_counter()
        written, notices, tick = list[Path](), list[str](), partial(self.tick, source)
        with enough(source, self.relief), about(source):
            opened = self.open(source, target)
            made = self.work(opened, tick)
            if opened.more_pictures:
                notices.append("holds more pictures than one; only the first is taken")
            if opened.picture.changed:
                notices.append(opened.picture.changed)
            contents = {name: made.files[name] for name in ENDINGS if name in made.files}
            record = self.record(source, made) if contents else None
            # The result itself is written last: where it is, all of it is.
            for name in sorted(contents, key=lambda name: name == "picture"):
                path = _path_of(target, name)
                if self.files.overwrite or not path.exists():
                    save(path, contents[name], record, self.files, tick)
                    written.append(path)
        notices += [*made.notices, *self.lost(opened, target, made)]
        picture = contents.get("picture")
        seconds = f"{time.perf_counter() - start:.2f} s"
        size = "" if picture is None else size_text(picture)
        facts = ", ".join(filter(None, (size, made.facts, seconds)))
        kind = "film" if opened.is_film and isinstance(picture, Frames | Video) else "picture"
        return _Outcome(replace(made, files={}), written, notices, facts, kind)

    def open(self, path: Path, target: Path) -> Source:
        """A picture, and what the options name of it."""
        film, more_pictures = read_film(path, films=self.films)
        source = Source(
            film=film,
            label=str(self.stores.shown(path)),
            sides={side.option: side.of_file(of[path]) for side, of in self.sides if path in of},
            wanted=self.wanted,
            format=format_of(target) if "picture" in self.wanted else "",
            more_pictures=more_pictures,
            together=path in self.together,
        )
        _check_sides(source, (side for side, _ in self.sides))
        if self.films:
            check_format(source)
        return source

    def tell_all(self, pieces: Sequence[tuple[Path, Path]]) -> None:
        """Do sources with their targets on the nodes of a cluster, and report each."""
        arguments = {k: v for k, v in self.call.arguments.items() if k not in _STAY_HERE}
        call = replace(self.call, arguments=arguments)
        there = replace(self, call=call, targets={}, notices=[], progress=silent)
        card = resolve(self.files.device) != CPU
        with closing(on_cluster(there.do, pieces, self.files.cluster, card=card)) as results:
            for (source, _), made in results:
                self.tell(source, made.result)

    def tick(self, source: Path, done: int, of: int) -> None:
        """Report the progress of one source as part of the whole."""
        self.shares[source] = done / max(of, 1)
        self.step(source)

    def step(self, source: Path | None = None) -> None:
        """Report what is done of all sources."""
        self.progress(sum(self.shares.values()), self.total, shown(source.name) if source else "")

    def tell(self, source: Path, done: Callable[[], _Outcome]) -> None:
        """Do a source, or wait for its result, and report it."""
        self.step(source)
        try:
            made, written, notices, facts, kind = done()
        except OutputError:  # a full disk: the next one would fail as well
            raise
        except InputError as error:
            self.skip(self.stores.shown(source), error)
            return
        finally:
            self.shares[source] = 1
        self.made[kind] += 1
        written = [self.stores.shown(path) for path in written]
        self.written += written
        self.counts.update(made.counts)
        for text in notices:
            problem, _, cure = text.partition("; ")
            self.notice(problem if cure in self.cures else text, source)
            self.cures.add(cure)
        for text in made.details:
            log.debug(f"{shown(source)}: {text}")
        if made.found is not None:
            self.found[source] = made.found
        if made.text:
            self.texts.append(made.text)
        if written:
            log.info(f"{shown(written[-1])}: {facts}")

    def lost(self, source: Source, target: Path, made: Made) -> Iterator[str]:
        """Notices about what the format of a result cannot store."""
        content = made.files.get("picture")
        if isinstance(content, Video):
            yield from lost_by_video(content, format_of(target))
        if isinstance(content, Picture):
            content = Frames(frames=(content,))
        if not isinstance(content, Frames) or source.format in VIDEOS:
            return
        losses = lost(content.first, source.format)
        if losses and not (source.format in LOSSY and len(losses) == 1):
            better = ".webp" if content.count > 1 else ".png or .tif"
            does = f"{source.format} does not hold all of the result"
            yield f"{does}: {', '.join(losses)}; {better} would"

    def record(self, source: Path, made: Made) -> dict[str, Any]:
        """The record of a source's files."""
        given = {side.option: None for side, _ in self.sides if side.value is not None}
        options, files = self.call.changed(**{**self.chosen, **given, **made.chosen})
        for side, paths in self.sides:
            if side.is_recorded and source in paths:
                files[side.option] = paths[source]
                if side.prefix:
                    options[side.option] = f"{side.prefix}{paths[source].name}"
        files["pictures"] = source
        return record_of(self.call.function.__name__, options, files=files, model=made.model)

    def end(self) -> Result:
        """The Result of the call."""
        self.shares |= dict.fromkeys(self.targets, 1.0)
        self.progress(self.total, self.total, "")
        parts = [f"{counted(n, kind)} written" for kind, n in self.made.items()]
        parts = parts or [f"{counted(0, 'picture')} written"]
        if self.kept:
            parts.append(f"{self.kept:,} skipped that were there (--overwrite makes them again)")
        if self.skipped:
            parts.append(f"{len(self.skipped):,} bad: {listed(self.skipped)}")
        for name, n in self.counts.items():
            parts.append(counted(n, name))
        told = self.texts if self.texts and not self.kept else [*self.texts, ", ".join(parts)]
        return self.result("\n".join(told), found=self.found, kept=self.kept)


_USUAL: Final = Files()
_STAY_HERE: Final = ("pictures", "progress")  # arguments that no other machine needs


def _path_of(target: Path, name: str) -> Path:
    ending = ENDINGS[name]
    return target.with_suffix(ending) if ending else target


def check_format(source: Source) -> None:
    """Refuse a film for a format of pictures, and a picture for one of films."""
    if source.is_film and source.format not in (*FILMS, *VIDEOS):
        problem = f"is a film of {source.film.count:,} frames, and {source.format} holds one"
        raise InputError(problem, "let it end in .mp4, .webm, .gif or .webp")
    if not source.is_film and source.format in VIDEOS:
        problem = f"is a picture, and {source.format} holds films"
        raise InputError(problem, "let it end in .png or .jpg")


def save(
    path: Path,
    content: Content,
    record: Mapping[str, Any] | None = None,
    files: Files = _USUAL,
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
    format = format_of(path)
    if format in VIDEOS:
        if not isinstance(content, Video | Frames):
            raise InputError(f"is a picture, and {format} is for films", "choose .png or .jpg")
        if isinstance(content, Video) and files.strip:
            content = replace(content, metadata={})
        with atomic(path) as part:
            write_video(part, content, format, record=record or {}, tick=tick)
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
            record = read_record(path)
        else:
            record = from_json(path.read_bytes())[RECORD]
    except (InputError, ValueError, LookupError, TypeError, OSError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def size_text(content: Frames | Video | Picture | Pixels) -> str:
    """Width and height in pixels as text, and of a film how many frames."""
    if isinstance(content, Video):
        height, width = content.size
        return f"{content.count:,} frames of {width} x {height}"
    film = isinstance(content, Frames)
    picture = content.first if film else content
    samples = picture.samples if isinstance(picture, Picture) else picture
    frames = f"{content.count:,} frames of " if film and content.count > 1 else ""
    return f"{frames}{samples.shape[1]} x {samples.shape[0]}"
