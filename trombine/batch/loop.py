"""Many files in, one output each: what every such verb shares, written once.

Folders become the pictures in them. To write over a file that is read is refused before anything
is done, here and in the verbs that write one file (`refuse_to_write_over`). An output that is there
is kept unless it is to be overwritten, so that the same command again does only what is missing. A
bad input is skipped and named, and so are all that would write the same file; the others go on.
Small inputs can be worked on at the same time, and are told of in their order all the same. What a
verb does with one file is its own `work`.
"""

from __future__ import annotations

import os
from collections import defaultdict, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from trombine.batch.inputs import Plan, expand, is_so, listed, refuse_empty, refuse_to_write_over
from trombine.events import PERCENT, Done, Event, Picture, Progress, Skipped, Started
from trombine.io.files import check_output_name
from trombine.refusal import InputError, OutputError, shown

if TYPE_CHECKING:
    import threading
    from concurrent.futures import Future

Work = Callable[[Path, Path], Iterable[Event]]
"""Makes the output of an input, whole or not at all; an InputError where the input is bad. It may
yield the Picture of the output itself, as its last event, with facts."""
Attempt = Generator[Event, None, str | None]
"""One job being done: its events, and at the end why it was skipped, or None."""


@dataclass(frozen=True, kw_only=True)
class _Job:
    source: Path
    output: Path | None  # None where the input is bad
    error: InputError | None
    beside: tuple[Path, ...] = ()  # what else is written with the output


@dataclass(frozen=True, kw_only=True)
class _Context:
    """What all jobs of a batch share."""

    work: Work
    total: int
    unit: str


def batch(
    inputs: Iterable[Path],
    plan: Plan,
    work: Work,
    *,
    overwrite: bool = False,
    unit: str = "pictures",
    is_there: Callable[[Path, Path], bool] = lambda source, output: output.exists(),
    beside: Callable[[Path], Iterable[Path]] = lambda output: (),
    also_read: Iterable[Path] = (),
    at_once: int = 1,
    light: Callable[[Path], bool] = lambda source: True,
    can_recurse: bool = False,
) -> Iterator[Event]:
    """Do `work` on every input whose output, as `plan` names it, is not there.

    `is_there` says of an input and its output whether nothing is left to do. `beside` names what
    else is written with an output, and `also_read` are files that are read beside the inputs: none
    of what is read is written over. Up to `at_once` inputs that are `light`, small enough for
    memory to hold so many, are worked on in threads at the same time; each is told of in its turn,
    but for its own progress. `can_recurse` says that there is a --recursive to be named. An
    OutputError, such as a full disk, ends the batch: the next file
    would fail as well.
    """
    jobs = _without_clashes(
        [_planned(source, plan, beside, can_recurse) for source in expand(inputs)]
    )
    if not jobs:
        raise InputError("no pictures were named; name files or a folder")
    _prepare_outputs(jobs, also_read)
    yield Started(len(jobs), unit)
    skipped: list[Path] = []
    written = existing = 0

    def is_kept(job: _Job) -> bool:
        if job.output is None or overwrite:
            return False
        return is_so(lambda output: is_there(job.source, output), job.output)

    context = _Context(work=work, total=len(jobs), unit=unit)
    together = at_once if len(jobs) > 1 else 1
    with closing(_attempts(jobs, context, is_kept, together, light)) as attempts:
        for done, (job, attempt) in enumerate(attempts, 1):
            if attempt is None:
                existing += 1
            elif (why := (yield from attempt)) is None:
                written += 1
            else:
                skipped.append(job.source)
                yield Skipped(job.source, why)
            yield Progress(done, len(jobs), unit)
    yield Done(_summary(written, existing, skipped, unit), written, len(skipped), existing)


def survey(
    inputs: Iterable[Path],
    inspect: Callable[[Path], Iterable[Event]],
    *,
    at_once: int = 1,
    can_recurse: bool = False,
) -> Generator[Event, None, None]:
    """Look at every input and write nothing; a bad one is skipped and named.

    Up to `at_once` are looked at at the same time, each on one thread, and told of in their turn.
    """
    sources = expand(inputs)
    if not sources:
        raise InputError("no pictures were named; name files or a folder")
    yield Started(len(sources), "pictures")

    def told(source: Path) -> list[Event]:
        try:
            refuse_empty(source, can_recurse=can_recurse)
            return list(inspect(source))
        except InputError as error:
            return [Skipped(source, _why(error, source))]

    skipped = 0
    with closing(_each(told, sources, at_once)) as tellings:
        for number, events in enumerate(tellings, 1):
            yield from events
            skipped += any(isinstance(event, Skipped) for event in events)
            yield Progress(number, len(sources), "pictures")
    yield Done("", written=len(sources) - skipped, skipped=skipped, kept=0)


def _each(
    told: Callable[[Path], list[Event]], sources: list[Path], at_once: int
) -> Generator[list[Event], None, None]:
    if at_once == 1 or len(sources) == 1:
        yield from map(told, sources)
        return
    from trombine.computing import in_turn

    yield from in_turn(told, sources, at_once)


def _why(error: InputError, source: Path) -> str:
    """What is wrong with an input; where it is another file, a mask perhaps, that is named."""
    return error.why if error.path == source else str(error)


def _attempts(
    jobs: list[_Job],
    context: _Context,
    is_kept: Callable[[_Job], bool],
    at_once: int,
    light: Callable[[Path], bool],
) -> Generator[tuple[_Job, Attempt | None], None, None]:
    """Each job in its order and its attempt, which is None where the output is kept.

    Light ones are begun ahead of their turn. Who closes this generator ends those at their next
    event; what was not begun never is.
    """
    import threading
    from concurrent.futures import ThreadPoolExecutor

    stop = threading.Event()
    ahead: deque[tuple[_Job, Attempt | None]] = deque()
    with ThreadPoolExecutor(at_once) as pool:
        try:
            for number, job in enumerate(jobs):
                if is_kept(job):
                    ahead.append((job, None))
                elif at_once > 1 and job.output is not None and light(job.source):
                    future = pool.submit(_run_in_thread, job, number, context, stop)
                    ahead.append((job, _replayed(future)))
                else:
                    yield from _emptied(ahead)
                    yield job, _attempt(job, number, context)
                if len(ahead) > 2 * at_once:  # so that no thread waits while one is told of
                    yield ahead.popleft()
            yield from _emptied(ahead)
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def _emptied(
    ahead: deque[tuple[_Job, Attempt | None]],
) -> Iterator[tuple[_Job, Attempt | None]]:
    while ahead:
        yield ahead.popleft()


@dataclass
class _Outcome:
    """The events of an attempt in a thread, and how it ended."""

    events: list[Event] = field(default_factory=list)
    why: str | None = None
    error: Exception | None = None


def _run_in_thread(job: _Job, number: int, context: _Context, stop: threading.Event) -> _Outcome:
    """Do one job in a thread, to its end or to the first event after `stop`."""
    outcome = _Outcome()
    with closing(_attempt(job, number, context)) as attempt:
        try:
            while not stop.is_set():
                event = next(attempt)
                if not isinstance(event, Progress):
                    outcome.events.append(event)
        except StopIteration as end:
            outcome.why = end.value
        except Exception as error:  # whatever it is, it is raised in the job's turn
            outcome.error = error
    return outcome


def _replayed(future: Future[_Outcome]) -> Attempt:
    """The events of an attempt that ran in a thread, as if it ran now."""
    outcome = future.result()
    yield from outcome.events
    if outcome.error is not None:
        raise outcome.error
    return outcome.why


def _planned(
    source: Path, plan: Plan, beside: Callable[[Path], Iterable[Path]], can_recurse: bool
) -> _Job:
    try:
        refuse_empty(source, can_recurse=can_recurse)
        output = plan(source)
        extra = tuple(beside(output))
        for path in (output, *extra):
            check_output_name(source, path)
        return _Job(source=source, output=output, error=None, beside=extra)
    except InputError as error:
        return _Job(source=source, output=None, error=error)


def _attempt(job: _Job, number: int, context: _Context) -> Attempt:
    """Do one job, the one after `number` others; return why it was skipped, or None."""
    if job.output is None or job.error is not None:
        return job.error.why if job.error else ""
    picture = Picture(job.output, job.output.name)
    try:
        for event in context.work(job.source, job.output):
            if isinstance(event, Picture) and event.path == job.output:
                picture = event
            else:
                yield _as_part(event, job, number, context)
    except OutputError:
        raise
    except InputError as error:
        return _why(error, job.source)
    yield picture
    return None


def _as_part(event: Event, job: _Job, number: int, context: _Context) -> Event:
    """An event of a job; its own progress as words beside that of the whole batch.

    A single job is the whole batch: its steps are what the bar counts.
    """
    if not isinstance(event, Progress) or context.total == 1:
        return event
    done = f"{event.done:,} of {event.total:,} {event.unit}"
    if event.unit == PERCENT:
        done = f"{100 * event.done // event.total}%"
    steps = f"{context.unit} ({shown(job.source.name)}: {done})"
    return Progress(number, context.total, steps)


def _without_clashes(jobs: list[_Job]) -> list[_Job]:
    """The jobs, with an error for each whose output another job would write too."""
    makers: dict[str, list[_Job]] = defaultdict(list)
    for job, path in _written(jobs):
        makers[os.path.realpath(path)].append(job)
    bad: dict[Path, InputError] = {}
    for job, path in _written(jobs):
        rivals = [rival.source for rival in makers[os.path.realpath(path)] if rival is not job]
        if rivals and job.source not in bad:
            action = "become" if path == job.output else "write"
            problem = f"would {action} {shown(path)}, and so would {shown(rivals[0])}"
            bad[job.source] = InputError(
                problem, "rename one, or take two folders", path=job.source
            )
    return [
        replace(job, output=None, error=bad[job.source]) if job.source in bad else job
        for job in jobs
    ]


def _prepare_outputs(jobs: list[_Job], also_read: Iterable[Path]) -> None:
    """Refuse to write over inputs."""
    outputs = [path for _, path in _written(jobs)]
    refuse_to_write_over(outputs, (*(job.source for job in jobs), *also_read))


def _written(jobs: list[_Job]) -> Iterator[tuple[_Job, Path]]:
    """Each file that is written, and by which job."""
    for job in jobs:
        if job.output is not None:
            yield from ((job, path) for path in (job.output, *job.beside))


def _summary(written: int, existing: int, skipped: list[Path], unit: str) -> str:
    parts = [f"{written} {unit.removesuffix('s') if written == 1 else unit} written"]
    if existing:
        parts.append(f"{existing} kept that were there (--overwrite makes them again)")
    if skipped:
        parts.append(f"{len(skipped)} skipped: {listed(skipped)}")
    return ", ".join(parts)
