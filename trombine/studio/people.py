"""Tests of people that the studio serves: a secret link for each subject, and what they answer.

A test is made by a job, `judge people make`; what is kept of it here is its page, its key and the
answers, in a database of their own: nothing of it is ever deleted but by hand. What the answers say
is eval/'s to work out.
"""

from __future__ import annotations

import io
import json
import secrets
import sqlite3
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import ValidationError

from trombine.commands.people import KEY_ENDING
from trombine.core.errors import InputError
from trombine.eval.people import (
    ANSWERS,
    PAGE,
    Answers,
    Key,
    Subject,
    content_of,
    render,
    subject_of,
)
from trombine.eval.people_report import numbers_of, report_of
from trombine.io.files import write_bytes
from trombine.studio.guard import HERE, OWNER, SUBJECT, json_of
from trombine.studio.jobs import DONE, Store
from trombine.studio.work import outputs

VERB: Final = "judge_people_make"
MOST_SUBJECTS: Final = 500  # of a test
MOST_TESTS: Final = 100  # of an owner
_LONGEST: Final = 100  # letters of a title
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS tests (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, created REAL NOT NULL,
    key TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS subjects (
    secret TEXT PRIMARY KEY, test TEXT NOT NULL, number INTEGER NOT NULL, record TEXT,
    UNIQUE (test, number));
"""


class Served:
    """The tests of one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "people"
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._reports: dict[str, tuple[int, dict[str, Any]]] = {}  # by test, of so many answers
        with self._rows() as rows:
            rows.execute("PRAGMA journal_mode = WAL")
            rows.executescript(_TABLES)

    @contextmanager
    def _rows(self, *, writes: bool = False) -> Iterator[sqlite3.Connection]:
        """What is written inside is on the disk afterwards, all of it, or none of it is."""
        path = self.folder / "people.sqlite"
        with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as rows:
            rows.row_factory = sqlite3.Row
            rows.execute("PRAGMA synchronous = FULL")
            if writes:
                rows.execute("BEGIN IMMEDIATE")
            yield rows  # who raises closes without COMMIT
            if writes:
                rows.execute("COMMIT")

    def add(self, owner: str, title: str, page: Path, key: Path, count: int) -> str:
        """Keep a test that was made, with links for so many subjects; returns its id."""
        id = secrets.token_urlsafe(16)
        content, known = content_of(page), key.read_text()
        with self._rows(writes=True) as rows:
            held = rows.execute("SELECT count(*) FROM tests WHERE owner = ?", (owner,)).fetchone()
            if held[0] >= MOST_TESTS:
                raise HTTPException(429, f"you have {MOST_TESTS} tests; delete one first")
            query = "INSERT INTO tests VALUES (?, ?, ?, ?, ?)"
            write_bytes(self.folder / f"{id}.json", json.dumps(content).encode())
            rows.execute(query, (id, owner, title, time.time(), known))
        self.invite(id, count)
        return id

    def invite(self, id: str, count: int) -> None:
        """Make links for so many more subjects."""
        with self._rows(writes=True) as rows:
            query = "SELECT count(*) FROM subjects WHERE test = ?"
            (before,) = rows.execute(query, (id,)).fetchone()
            if before + count > MOST_SUBJECTS:
                raise InputError(f"a test has {MOST_SUBJECTS} subjects at most", "ask for fewer")
            query = "INSERT INTO subjects (secret, test, number) VALUES (?, ?, ?)"
            for number in range(before + 1, before + count + 1):
                rows.execute(query, (secrets.token_urlsafe(24), id, number))

    def of(self, owner: str, *, everybodys: bool) -> list[sqlite3.Row]:
        """An owner's tests, or everybody's, the newest first."""
        query = "SELECT * FROM tests WHERE ? OR owner = ? ORDER BY created DESC"
        with self._rows() as rows:
            return rows.execute(query, (everybodys, owner)).fetchall()

    def subjects(self, id: str) -> list[sqlite3.Row]:
        """The subjects of a test, by their numbers."""
        with self._rows() as rows:
            query = "SELECT * FROM subjects WHERE test = ? ORDER BY number"
            return rows.execute(query, (id,)).fetchall()

    def page(self, secret: str) -> tuple[str, str] | None:
        """A subject's page, and what it may load: the test, and what they have answered."""
        with self._rows() as rows:
            query = "SELECT * FROM subjects WHERE secret = ?"
            row = rows.execute(query, (secret,)).fetchone()
        if row is None:
            return None
        content = json.loads((self.folder / f"{row['test']}.json").read_text())
        record = json.loads(row["record"]) if row["record"] else None
        return render(content | {"subject": str(row["number"]), "record": record})

    def answer(self, secret: str, record: Mapping[str, Any]) -> bool | None:
        """Keep a subject's answers, if they hold all that were kept before; None: nobody's."""
        with self._rows(writes=True) as rows:
            query = "SELECT * FROM subjects JOIN tests ON test = id WHERE secret = ?"
            row = rows.execute(query, (secret,)).fetchone()
            if row is None:
                return None
            known = {name: record[name] for name in _RECORD if name in record}
            known |= {"format": ANSWERS, "subject": str(row["number"])}
            _subject(known, row["key"])  # refuses what could not be scored
            former = json.loads(row["record"])["answers"] if row["record"] else []
            if known["answers"][: len(former)] != former:
                return False
            query = "UPDATE subjects SET record = ? WHERE secret = ?"
            rows.execute(query, (json.dumps(known), secret))
            return True

    def results(self, test: sqlite3.Row) -> dict[str, Any]:
        """What the whole answers say together, as judge shows it."""
        key = Key.model_validate_json(test["key"])
        records = [json.loads(row["record"]) for row in self.subjects(test["id"]) if row["record"]]
        whole = [r for r in records if len(r["answers"]) == len(key.pictures)]
        known = self._reports.get(test["id"], (0, {"lead": "", "sections": []}))
        if len(whole) > known[0]:  # whole answers never change
            numbers = numbers_of(key, [_subject(record, test["key"]) for record in whole])
            sheet = report_of(numbers, {})
            known = len(whole), {"lead": sheet.lead, "sections": sheet.parts}
            self._reports[test["id"]] = known
        return known[1]

    def archive(self, test: sqlite3.Row) -> bytes:
        """The key and the answers as files, for `trombine judge people score`."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr(f"test{KEY_ENDING}", test["key"])
            for row in self.subjects(test["id"]):
                if row["record"]:
                    file.writestr(f"answers/{row['number']}.json", row["record"])
        return buffer.getvalue()

    def delete(self, id: str) -> None:
        """Forget a test, its links, and all that was answered."""
        with self._rows(writes=True) as rows:
            rows.execute("DELETE FROM subjects WHERE test = ?", (id,))
            rows.execute("DELETE FROM tests WHERE id = ?", (id,))
        (self.folder / f"{id}.json").unlink(missing_ok=True)


_RECORD: Final = ("version", "test", "experience", "begun", "finished", "answers")


def _subject(record: Mapping[str, Any], key: str) -> Subject:
    """Who answered; an InputError where it could not be scored."""
    try:
        answers = Answers.model_validate(record)
    except ValidationError as error:
        raise InputError("these are no answers to this test", "reload the page") from error
    return subject_of(answers, Key.model_validate_json(key), Path(f"{record['subject']}.json"))


def add_people(app: FastAPI, store: Store, address: str) -> None:
    """The paths of tests, and those of their subjects; `address` is where browsers have us."""
    tests = Served(store.folder)
    router = APIRouter(prefix="/api/people")

    def owned(request: Request, id: str) -> sqlite3.Row:
        for test in tests.of(getattr(request.state, OWNER), everybodys=_is_here(request)):
            if test["id"] == id:
                return test
        raise HTTPException(404, "there is no such test; it may have been deleted")

    def told(test: sqlite3.Row) -> dict[str, Any]:
        subjects = [
            {
                "number": row["number"],
                "link": f"{address}{SUBJECT}{row['secret']}",
                "answers": len(json.loads(row["record"])["answers"]) if row["record"] else 0,
            }
            for row in tests.subjects(test["id"])
        ]
        pictures = len(json.loads(test["key"])["pictures"])
        told = {name: test[name] for name in ("id", "title", "created")}
        return told | {"pictures": pictures, "subjects": subjects}

    def listed(request: Request) -> Response:
        """Your tests of people, the newest first, with the link of each subject; who sits at the
        machine that the studio runs on sees everybody's."""
        held = tests.of(getattr(request.state, OWNER), everybodys=_is_here(request))
        return JSONResponse([told(test) for test in held])

    def one(request: Request, id: str) -> Response:
        """A test, and what its answers say so far."""
        test = owned(request, id)
        return JSONResponse(told(test) | tests.results(test))

    async def add(request: Request) -> Response:
        """Serve the test that a job of `judge people make` has made: JSON with `job`, `title`, and
        for how many `subjects` there are to be links."""
        asked = await json_of(request)
        owner, title = getattr(request.state, OWNER), asked.get("title") or "Real or generated?"
        job = store.find(str(asked.get("job")), owner)
        gone = HTTPException(404, "there is no such test; the job that makes it has to be done")
        if job is None or job.verb != VERB or job.state != DONE:
            raise gone
        if not isinstance(title, str) or len(title) > _LONGEST:
            raise InputError(f"the title is a text of {_LONGEST} letters at most")
        made = store.place(job.id) / outputs(job)
        key = made.with_name(f"{made.name}{KEY_ENDING}")
        if not key.exists():  # a program gave it another place
            raise gone
        id = tests.add(owner, title, made / PAGE, key, _count(asked))
        return JSONResponse(told(owned(request, id)), 201)

    async def invite(request: Request, id: str) -> Response:
        """Make links for so many more `subjects`."""
        test = owned(request, id)
        tests.invite(test["id"], _count(await json_of(request)))
        return JSONResponse(told(test), 201)

    def archive(request: Request, id: str) -> Response:
        """The key and all answers, as `trombine judge people score` takes them."""
        headers = {"content-disposition": 'attachment; filename="answers.zip"'}
        data = tests.archive(owned(request, id))
        return Response(data, media_type="application/zip", headers=headers)

    def delete(request: Request, id: str) -> Response:
        """Forget a test and all that was answered; its links open nothing any more."""
        tests.delete(owned(request, id)["id"])
        return Response(status_code=204)

    for path, act, method, status in (
        ("", listed, "GET", 200),
        ("", add, "POST", 201),
        ("/{id}", one, "GET", 200),
        ("/{id}", delete, "DELETE", 204),
        ("/{id}/subjects", invite, "POST", 201),
        ("/{id}/answers.zip", archive, "GET", 200),
    ):
        router.add_api_route(
            path, act, methods=[method], status_code=status, response_class=Response
        )
    app.include_router(router)
    _add_subjects(app, tests)


def _add_subjects(app: FastAPI, tests: Served) -> None:
    """What a link opens: its own test, and nothing else."""

    def asked(secret: str) -> Response:
        found = tests.page(secret)
        if found is None:
            raise HTTPException(404, "this test is over, or the link is not whole")
        page, policy = found
        headers = {"content-security-policy": f"{policy}; frame-ancestors 'none'"}
        return HTMLResponse(page, headers=headers | {"cache-control": "no-store"})

    async def answered(request: Request, secret: str) -> Response:
        kept = tests.answer(secret, await json_of(request))
        if kept is None:
            raise HTTPException(404, "this test is over, or the link is not whole")
        if not kept:
            raise HTTPException(409, "more is answered already, elsewhere; reload the page")
        return Response(status_code=204)

    path = f"{SUBJECT}{{secret}}"
    app.add_api_route(path, asked, include_in_schema=False)
    app.add_api_route(path, answered, methods=["POST"], include_in_schema=False)


def _is_here(request: Request) -> bool:
    return getattr(request.state, HERE, False)


def _count(asked: Mapping[str, Any]) -> int:
    count = asked.get("subjects", 1)
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_SUBJECTS:
        raise InputError(f"subjects is a number from 1 to {MOST_SUBJECTS}")
    return count
