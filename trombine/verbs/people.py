"""Real or generated? A test for people, and what their answers say: `judge people make | score`.

The test is judge/people.py, the figures are judge/people_figures.py and people_report.py.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from trombine.batch.inputs import refuse_to_write_over
from trombine.events import Description, Done, Event, Notice, Picture, Progress, Skipped, Started
from trombine.refusal import InputError, OutputError, shown
from trombine.requests import Integer, Number, Request

if TYPE_CHECKING:
    from trombine.judge.people import Key, Pixels, Subject

KEY_ENDING = ".key.json"


@dataclass(frozen=True, kw_only=True)
class PeopleMakeRequest(Request):
    """Make a page that asks people which pictures are real, and the key to it.

    The page is one file, opened from disk or put on any web host; nothing in its folder tells which
    pictures are real. Who has answered sends a file with the answers.
    """

    real: Path
    """A folder or a pack of real pictures."""
    generated: tuple[Path, ...]
    """A folder or a pack of generated ones; of several as many are shown, and the results say how
    each fares."""
    output: Path
    """The folder of the test, with nothing else in it."""
    pictures: Annotated[int, Integer(2, 2000)] = 24
    """How many pictures each subject sees, an even number: half of them are real."""
    size: Annotated[int | None, Integer(16, 2048)] = None
    """Show the square in the middle of each picture at this width and height in pixels; without it
    all pictures must be of one size."""
    seconds: Annotated[float, Number(0, 600)] = 0
    """For how long each picture is shown; 0, for as long as the subject likes."""
    seed: Annotated[int, Integer(0)] = 0
    """Which pictures are drawn from the folders."""
    key: Path | None = None
    """Where to write which pictures are real, never inside the test's folder; beside it, as
    TEST.key.json, unless given."""
    overwrite: bool = False
    """Make again what is there; answers to the former test are lost."""


@dataclass(frozen=True, kw_only=True)
class PeopleScoreRequest(Request):
    """Say how well people told real pictures from generated ones.

    Accuracy, d' and kappa of each, agreement, reasons, which pictures fooled most people, and how
    many answers a small difference needs. Damaged, doubled and foreign files are left out.
    """

    key: Path
    """The key of the test, as judge people make wrote it."""
    answers: tuple[Path, ...]
    """The files that subjects sent, or folders of them."""
    output: Path | None = None
    """A page with all of it, to write."""
    test: Path | None = None
    """The folder of the test, whose pictures the page shows; unless given, the one beside the
    key."""
    json: bool = False
    """All figures as JSON, for a program, in place of text."""


def run(request: PeopleMakeRequest | PeopleScoreRequest) -> Iterator[Event]:
    """Do what is asked."""
    return _make(request) if isinstance(request, PeopleMakeRequest) else _score(request)


# make


def _make(request: PeopleMakeRequest) -> Iterator[Event]:
    from trombine.io.files import write_bytes
    from trombine.judge.people import PAGE, build_test, choose

    if request.pictures % 2:
        raise InputError(f"--pictures is an even number, half of them real; not {request.pictures}")
    if not request.generated:
        raise InputError("no folder of generated pictures was named", "name one or more")
    page, key = request.output / PAGE, _key_path(request)
    _check_places(request, page, key)
    folders = {"real": (request.real,), "generated": request.generated}
    yield Started(request.pictures, "pictures")
    sides, skipped = yield from choose(folders, request.pictures // 2, request.size, request.seed)
    refuse_to_write_over([page, key], (c.file for side in sides.values() for c in side.values()))
    outputs = dict(zip((page, key), build_test(sides, request.seconds), strict=True))
    present = {path: path.read_bytes() == data for path, data in outputs.items() if path.exists()}
    if not all(present.values()) and not request.overwrite:
        problem = "is there already, of another test"
        remedy = "choose another -o, or --overwrite it: answers to it are lost"
        raise OutputError(problem, remedy, path=min(present, key=lambda path: present[path]))
    missing = [path for path in (key, page) if not present.get(path)]  # no page without its key
    for path in missing:
        write_bytes(path, outputs[path])
        yield Picture(path, path.name)
    is_there = "written" if missing else "is there already"
    summary = f"{shown(page)} {is_there}: give people its folder, and keep the key, {shown(key)}"
    yield Done(summary, written=len(missing), skipped=skipped, kept=2 - len(missing))


def _key_path(request: PeopleMakeRequest) -> Path:
    if request.key is not None:
        return request.key
    has_name = request.output.name not in ("", "..")
    return Path(f"{request.output if has_name else request.output.resolve()}{KEY_ENDING}")


def _check_places(request: PeopleMakeRequest, page: Path, key: Path) -> None:
    """Refuse a key inside the test, and a folder with other files in it: who gets the folder gets
    all of it."""
    from trombine.io.files import is_part
    from trombine.judge.people import GENERATOR, read_key
    from trombine.pages import check_page

    if Path(os.path.realpath(key)).is_relative_to(os.path.realpath(request.output)):
        raise OutputError("is inside the test, which people get", "choose another --key", path=key)
    inside = request.output.iterdir() if request.output.is_dir() else ()
    others = sorted(path for path in inside if path.name != page.name and not is_part(path.name))
    if others:
        problem = f"holds {shown(others[0].name)}, which people would get with the test"
        raise OutputError(problem, "choose another -o", path=request.output)
    check_page(page, GENERATOR)
    if key.exists():
        try:
            read_key(key)
        except InputError as error:
            remedy = "choose another --key"
            raise OutputError("is there, and is no key of a test", remedy, path=key) from error


# score


def _score(request: PeopleScoreRequest) -> Iterator[Event]:
    import json

    from trombine.judge.people import answer_files, read_key
    from trombine.judge.people_report import GENERATOR, report_of, text_of, write_page
    from trombine.pages import check_page

    if not request.answers:
        raise InputError("no answers were named; name files or a folder")
    files = list(answer_files(request.answers))
    if request.output is not None:
        refuse_to_write_over([request.output], [request.key, *files])
        check_page(request.output, GENERATOR)
    key = read_key(request.key)
    yield Started(len(files), "answers")
    subjects = yield from _subjects(files, key)
    skipped = len(files) - len(subjects)
    if not subjects:
        yield Done("no answers to score", written=0, skipped=skipped, kept=0)
        return
    report = report_of(key, subjects)
    text = json.dumps(report, allow_nan=False) if request.json else text_of(report)
    yield Description(request.key, text, report)
    summary = ""
    if request.output is not None:
        images = yield from _images(request, key)
        write_page(request.output, report, images)
        yield Picture(request.output, request.output.name)
        summary = "" if request.json else f"page: {shown(request.output)}"
    yield Done(summary, written=len(subjects), skipped=skipped, kept=0)


def _subjects(files: list[Path], key: Key) -> Generator[Event, None, list[Subject]]:
    """Those whose answers can be used, each once."""
    from trombine.judge.people import check_new, read_answers

    subjects: list[Subject] = []
    for number, path in enumerate(files, 1):
        try:
            subject = read_answers(path, key)
            check_new(subject, subjects)
            subjects.append(subject)
        except InputError as error:
            yield Skipped(path, error.why)
        yield Progress(number, len(files), "answers")
    return subjects


def _images(request: PeopleScoreRequest, key: Key) -> Generator[Event, None, dict[str, Pixels]]:
    """The test's pictures, if it is at hand."""
    from trombine.judge.people import PAGE, pictures_of

    beside = request.key.with_name(request.key.name.removesuffix(KEY_ENDING))
    page = (request.test or beside) / PAGE
    if request.test is None and not page.exists():
        yield Notice(page, "is not there, so the page shows no pictures; --test names its folder")
        return {}
    try:
        test, pictures = pictures_of(page)
    except InputError as error:
        yield Notice(page, f"{error.why}; the page shows no pictures")
        return {}
    if test == key.test:
        return pictures
    yield Notice(page, "is another test than the key's; the page shows no pictures")
    return {}
