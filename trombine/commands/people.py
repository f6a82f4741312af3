"""`judge people make | score`: a test with people, and its evaluation.

The test is in eval/people.py, the figures in eval/people_figures.py and people_report.py.
"""

from __future__ import annotations

import json as jsons
import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from trombine.commands.options import (
    WHOLE,
    Json,
    Overwrite,
    Page,
    Paths,
    Progress,
    limits,
    verb,
)
from trombine.core.errors import InputError, OutputError, shown
from trombine.core.progress import Account, Result, silent
from trombine.eval.people import (
    GENERATOR,
    PAGE,
    Key,
    Pixels,
    Subject,
    answer_files,
    build_test,
    check_new,
    choose,
    pictures_of,
    read_answers,
    read_key,
)
from trombine.eval.people_report import GENERATOR as REPORT
from trombine.eval.people_report import numbers_of, report_of, text_of
from trombine.io.batch import refuse_to_write_over
from trombine.io.files import is_part, write_bytes
from trombine.report import beside, check_page

KEY_ENDING = ".key.json"


@verb
def judge_people_make(
    real: Path,
    generated: Paths,
    *,
    output: Annotated[Path, Parameter(alias="-o")],
    pictures: Annotated[int, limits(2, 2000), WHOLE] = 24,
    size: Annotated[int | None, limits(16, 2048), WHOLE] = None,
    seconds: Annotated[float, limits(0, 600)] = 0,
    seed: Annotated[int, limits(0), WHOLE] = 0,
    key: Path | None = None,
    overwrite: Overwrite = False,
    progress: Progress = None,
) -> Result:
    """Make a page that asks people which pictures are real, and the key to it.

    For example:
      trombine judge people make real generated --pictures 24 -o study
      trombine judge people make real generated --pictures 12 --size 48 --seconds 2 \\
        -o quick

    The page is one file, opened from disk or put on any web host; nothing in its
    folder tells which pictures are real. Who has answered sends a file.

    Parameters
    ----------
    real
        A folder or a pack of real pictures.
    generated
        Folders or packs of generated ones, shown equally often.
    output
        The folder of the test, with nothing else in it.
    pictures
        How many each subject sees, half of them real. [24]
    size
        Show the middle of each, so many pixels wide and high.
    seconds
        How long each is shown; 0: as long as one likes. [0]
    seed
        Which pictures are drawn from the folders. [0]
    key
        Where to write which are real. [TEST.key.json]
    """
    if pictures % 2:
        raise InputError(f"--pictures is an even number, half of them real; not {pictures}")
    if not generated:
        raise InputError("no folder of generated pictures was named", "name one or more")
    page, key = output / PAGE, key or _key_path(output)
    _check_places(output, page, key)
    account = Account()
    folders = {"real": (real,), "generated": generated}
    sides = choose(folders, pictures // 2, size, seed, account, progress or silent)
    refuse_to_write_over([page, key], (c.file for side in sides.values() for c in side.values()))
    outputs = dict(zip((page, key), build_test(sides, seconds), strict=True))
    present = {path: path.read_bytes() == data for path, data in outputs.items() if path.exists()}
    if not all(present.values()) and not overwrite:
        problem = "is there already, of another test"
        remedy = "choose another -o, or --overwrite it: answers to it are lost"
        raise OutputError(problem, remedy, path=min(present, key=lambda path: present[path]))
    missing = [path for path in (key, page) if not present.get(path)]  # no page without its key
    for path in missing:
        write_bytes(path, outputs[path])
        account.write(path)
    is_there = "written" if missing else "is there already"
    text = f"{shown(page)} {is_there}: give people its folder, and keep the key, {shown(key)}"
    return account.result(text, kept=2 - len(missing))


def _key_path(output: Path) -> Path:
    return Path(f"{output if output.name not in ('', '..') else output.resolve()}{KEY_ENDING}")


def _check_places(output: Path, page: Path, key: Path) -> None:
    """Refuse a key or other files in the test's folder: subjects get all of it."""
    if Path(os.path.realpath(key)).is_relative_to(os.path.realpath(output)):
        raise OutputError("is inside the test, which people get", "choose another --key", path=key)
    inside = output.iterdir() if output.is_dir() else ()
    others = sorted(path for path in inside if path.name != page.name and not is_part(path.name))
    if others:
        problem = f"holds {shown(others[0].name)}, which people would get with the test"
        raise OutputError(problem, "choose another -o", path=output)
    check_page(page, GENERATOR)
    if key.exists():
        try:
            read_key(key)
        except InputError as error:
            remedy = "choose another --key"
            raise OutputError("is there, and is no key of a test", remedy, path=key) from error


@verb
def judge_people_score(
    key: Path,
    answers: Paths,
    *,
    output: Page = None,
    test: Path | None = None,
    json: Json = False,
    progress: Progress = None,
) -> Result:
    """Say how well people told real pictures from generated ones.

    For example:
      trombine judge people score study.key.json answers -o people.html
      trombine judge people score study.key.json answers --json

    Accuracy, d' and kappa of each, agreement, reasons, which pictures fooled most
    people, and how many answers a small difference needs. Damaged, doubled and
    foreign files are left out.

    Parameters
    ----------
    key
        The key of the test, as judge people make wrote it.
    answers
        The files that subjects sent, or folders of them.
    test
        The test's folder, for pictures; else beside the key.
    """
    if not answers:
        raise InputError("no answers were named; name files or a folder")
    files = list(answer_files(answers))
    if output is not None:
        refuse_to_write_over(beside(output), [key, *files])
        check_page(output, REPORT)
    account, known = Account(total=len(files)), read_key(key)
    subjects: list[Subject] = []
    for number, path in enumerate(files, 1):
        try:
            subject = read_answers(path, known)
            check_new(subject, subjects)  # each counts once
            subjects.append(subject)
        except InputError as error:
            account.skip(path, error)
        (progress or silent)(number, len(files), "answers")
    if not subjects:
        return account.result("no answers to score")
    numbers = numbers_of(known, subjects)
    text = jsons.dumps(numbers, allow_nan=False) if json else text_of(numbers)
    if output is not None:
        images = _images(key, known, test, account)
        account.write(*report_of(numbers, images).write(output, numbers))
        text += "" if json else f"\npage: {shown(output)}"
    return account.result(text, found={key: numbers})


def _images(path: Path, key: Key, test: Path | None, account: Account) -> dict[str, Pixels]:
    """The test's pictures, if its folder is there."""
    page = (test or path.with_name(path.name.removesuffix(KEY_ENDING))) / PAGE
    if test is None and not page.exists():
        text = "is not there, so the page shows no pictures; --test names its folder"
        account.notice(text, page)
        return {}
    try:
        name, pictures = pictures_of(page)
    except InputError as error:
        account.notice(f"{error.why}; the page shows no pictures", page)
        return {}
    if name == key.test:
        return pictures
    account.notice("is another test than the key's; the page shows no pictures", page)
    return {}
