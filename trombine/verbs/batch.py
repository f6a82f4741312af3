"""Many files in, one output each: what every such verb shares, written once.

Folders become the pictures in them. Two inputs for one output, and an output over an input, are
refused before anything is done. An output that is there is kept unless it is to be overwritten, so
that the same command again does only what is missing. A bad input is skipped and named; the others
go on. What a verb does with one file is its own `work`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trombine.events import Done, Event, Notice, Picture, Progress, Skipped, Started
from trombine.files import OutputError, PictureError, shown

Plan = Callable[[Path], Path]
"""The output of an input; a PictureError where the input is bad."""
Work = Callable[[Path, Path], Iterable[Event]]
"""Makes the output of an input, whole or not at all; a PictureError where the input is bad."""

OK, SOME_SKIPPED, BAD_USAGE = 0, 1, 2
_NAMED: Final = 20  # a summary names this many skipped inputs


class BatchError(Exception):
    """Asked for wrongly: one line that says why, and what to do. Nothing was done."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of a verb, for a program."""

    summary: str
    written: tuple[Path, ...]  # in the order in which they were made
    skipped: tuple[Skipped, ...]
    notices: tuple[Notice, ...]
    kept: int  # outputs that were there already


@dataclass(frozen=True, kw_only=True)
class _Job:
    source: Path
    output: Path | None  # None where the input is bad
    error: PictureError | None


def batch(
    inputs: Iterable[Path],
    plan: Plan,
    work: Work,
    *,
    overwrite: bool = False,
    what: str = "pictures",
) -> Iterator[Event]:
    """Do `work` on every input whose output, as `plan` names it, is not there.

    An OutputError, such as a full disk, ends the batch: the next file would fail as well.
    """
    jobs = [_planned(source, plan) for source in expand(inputs)]
    if not jobs:
        raise BatchError("no pictures were named; name files or a folder")
    _refuse_clashes(jobs)
    yield Started(len(jobs), what)
    skipped: list[Path] = []
    written = kept = 0
    for done, job in enumerate(jobs, 1):
        if job.output is not None and _is(Path.exists, job.output) and not overwrite:
            kept += 1
        elif (why := (yield from _tried(job, work))) is None:
            written += 1
        else:
            skipped.append(job.source)
            yield Skipped(job.source, why)
        yield Progress(done, len(jobs), what)
    yield Done(_summary(written, kept, skipped, what), written, len(skipped), kept)


def _planned(source: Path, plan: Plan) -> _Job:
    try:
        if _is(Path.is_dir, source):
            raise PictureError(source, "has no pictures in it", _remedy_for(source))
        return _Job(source=source, output=plan(source), error=None)
    except PictureError as error:
        return _Job(source=source, output=None, error=error)


def _remedy_for(empty: Path) -> str:
    """What to do about a folder without pictures: pairs of faces lie in folders inside."""
    inside = sorted(path for path in empty.iterdir() if path.is_dir() and _pictures_in(path))
    if not inside:
        return "name a folder that has"
    names = ", ".join(shown(path) for path in inside[:_NAMED])
    return f"name one of the folders in it that have, each with an output of its own: {names}"


def _tried(job: _Job, work: Work) -> Generator[Event, None, str | None]:
    """Do one job; return why it was skipped, or None."""
    if job.output is None or job.error is not None:
        return job.error.why if job.error else ""
    try:
        yield from work(job.source, job.output)
    except OutputError:
        raise
    except PictureError as error:
        # A verb may read more than one file (a mask); the line then says which was bad.
        return error.why if error.path == job.source else str(error)
    yield Picture(job.output, job.output.name)
    return None


def expand(inputs: Iterable[Path]) -> list[Path]:
    """The files that are meant, each once: a folder stands for its pictures, sorted by name.

    Hidden files and folders inside are left out; a folder without pictures stays as it is.
    """
    found: dict[str, Path] = {}
    for path in inputs:
        for file in (_pictures_in(path) or [path]) if _is(Path.is_dir, path) else [path]:
            found.setdefault(os.path.realpath(file), file)
    return list(found.values())


def _is(asked: Callable[[Path], bool], path: Path) -> bool:
    """Path.exists or Path.is_dir; False of a name that the system refuses, as too long a one."""
    try:
        return asked(path)
    except OSError:
        return False


def _pictures_in(folder: Path) -> list[Path]:
    from trombine.images import PICTURE_SUFFIXES

    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in PICTURE_SUFFIXES
        and not path.name.startswith(".")
        and not path.is_dir()
    )


def into(output: Path, inputs: Iterable[Path], suffix: Callable[[Path], str]) -> Plan:
    """The plan that `-o` asks for: a folder, or for a single input one file.

    A name with an ending that is no folder yet means a file. In a folder an output is named as
    its input, with the ending that `suffix` gives it.
    """
    if _is(Path.is_dir, output) or not output.suffix:
        return lambda source: output / f"{source.stem}{suffix(source)}"
    count = len(expand(inputs))
    if count > 1:
        raise BatchError(
            f"{shown(output)}: is one file, and there are {count} pictures;"
            " name a folder, and if its name has a dot, make it first"
        )
    return lambda source: output


def _refuse_clashes(jobs: list[_Job]) -> None:
    """Refuse two inputs for one output, and an output that is an input."""
    sources = {os.path.realpath(job.source) for job in jobs}
    makers: dict[str, Path] = {}
    for job in jobs:
        if job.output is None:
            continue
        place = os.path.realpath(job.output)
        other = makers.setdefault(place, job.source)
        if other is not job.source:
            raise BatchError(
                f"{shown(other)} and {shown(job.source)} would both become {shown(job.output)};"
                " put them into two folders"
            )
        if place in sources:
            raise BatchError(
                f"{shown(job.output)}: is an input, and would be written over; choose another -o"
            )


def _summary(written: int, kept: int, skipped: list[Path], what: str) -> str:
    parts = [f"{written} {what.removesuffix('s') if written == 1 else what} written"]
    if kept:
        parts.append(f"{kept} kept that were there (--overwrite makes them again)")
    if skipped:
        names = ", ".join(shown(path) for path in skipped[:_NAMED])
        more = f" and {len(skipped) - _NAMED} more" if len(skipped) > _NAMED else ""
        parts.append(f"{len(skipped)} skipped: {names}{more}")
    return ", ".join(parts)


def exit_code(done: Done) -> int:
    """0 where all went well, 1 where inputs were skipped, 2 where the only one was."""
    if not done.skipped:
        return OK
    return BAD_USAGE if done.skipped == 1 and not done.written + done.kept else SOME_SKIPPED


def drain(events: Iterable[Event]) -> Result:
    """Run a verb to its end. Where its only input is bad, say so as an error, not as a result."""
    heard = list(events)
    done = next(event for event in heard if isinstance(event, Done))
    skipped = tuple(event for event in heard if isinstance(event, Skipped))
    if exit_code(done) == BAD_USAGE:
        what, _, remedy = skipped[0].why.partition("; ")
        raise PictureError(skipped[0].file, what, remedy)
    paths = (event.path for event in heard if isinstance(event, Picture))
    return Result(
        summary=done.summary,
        written=tuple(path for path in paths if path is not None),
        skipped=skipped,
        notices=tuple(event for event in heard if isinstance(event, Notice)),
        kept=done.kept,
    )
