"""Tests with people: a secret link for each subject, and their answers.

A job of `judge people make` makes a test. The content of its page, its key, its links and the
answers are files in a folder, which only the owner deletes. eval/ computes the results.
"""

from __future__ import annotations

import io
import json
import secrets
import shutil
import threading
import time
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import AfterValidator, BaseModel, Field, StrictInt, ValidationError

from trombine.core.errors import InputError
from trombine.eval.people import (
    ANSWERS,
    KEY_ENDING,
    PAGE,
    Answers,
    Key,
    Subject,
    content_of,
    render,
    subject_of,
)
from trombine.eval.people_score import numbers_of, report_of
from trombine.io.files import write_bytes
from trombine.studio.api import checked
from trombine.studio.guard import SUBJECT, json_of, printable
from trombine.studio.jobs import DONE, OUTPUTS, Jobs

VERB: Final = "judge_people_make"
MOST_SUBJECTS: Final = 500  # of a test
_TEST: Final = "test.json"
_RECORD: Final = ("version", "test", "experience", "begun", "finished", "answers")


class _Asked(BaseModel):
    """What is asked for a test, or for more links of one."""

    job: str = ""
    title: Annotated[str, Field(max_length=100), AfterValidator(printable)] = "Real or generated?"
    subjects: Annotated[StrictInt, Field(ge=1, le=MOST_SUBJECTS)] = 1


@dataclass(kw_only=True)
class Test:
    """A test, and a secret link for each of its subjects."""

    id: str
    owner: str
    title: str
    created: float
    links: list[str] = field(default_factory=list)


class Served:
    """The tests of one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "people"
        self._lock = threading.Lock()
        self._reports: dict[str, tuple[int, dict[str, Any]]] = {}  # by test, of so many answers
        files = self.folder.glob(f"*/{_TEST}")
        tests = [Test(**json.loads(path.read_bytes())) for path in files]
        self._tests = {test.id: test for test in tests}

    def add(self, owner: str, title: str, page: Path, key: Path, count: int) -> Test:
        """Store a test, with links for `count` subjects."""
        id = secrets.token_urlsafe(16)
        test = Test(id=id, owner=owner, title=title, created=time.time())
        write_bytes(self.folder / id / "content.json", json.dumps(content_of(page)).encode())
        write_bytes(self.folder / id / "key.json", key.read_bytes())
        self.invite(test, count)
        self._tests[id] = test
        return test

    def invite(self, test: Test, count: int) -> None:
        """Add links for `count` more subjects."""
        with self._lock:
            if len(test.links) + count > MOST_SUBJECTS:
                raise InputError(f"a test has {MOST_SUBJECTS} subjects at most", "ask for fewer")
            test.links += [secrets.token_urlsafe(24) for _ in range(count)]
            write_bytes(self.folder / test.id / _TEST, json.dumps(asdict(test)).encode())

    def of(self, owner: str, *, everybodys: bool) -> list[Test]:
        """An owner's tests, or everybody's, the newest first."""
        held = [test for test in list(self._tests.values()) if everybodys or test.owner == owner]
        return sorted(held, key=lambda test: -test.created)

    def key(self, test: Test) -> Key:
        return Key.model_validate_json((self.folder / test.id / "key.json").read_bytes())

    def records(self, test: Test) -> list[dict[str, Any] | None]:
        """The answers of each subject; None for those without any."""
        return [self._record(test, number) for number in range(1, len(test.links) + 1)]

    def page(self, secret: str) -> tuple[str, str]:
        """A subject's page with their answers so far, and its content security policy."""
        test, number = self._subject(secret)
        content = json.loads((self.folder / test.id / "content.json").read_bytes())
        record = self._record(test, number)
        return render(content | {"subject": str(number), "record": record})

    def answer(self, secret: str, record: Mapping[str, Any]) -> None:
        """Store a subject's answers; they must begin with the stored ones."""
        test, number = self._subject(secret)
        known = {name: record[name] for name in _RECORD if name in record}
        known |= {"format": ANSWERS, "subject": str(number)}
        _scored(known, self.key(test))  # refuses what cannot be scored
        with self._lock:
            former = (self._record(test, number) or {"answers": []})["answers"]
            if known["answers"][: len(former)] != former:
                raise HTTPException(409, "more is answered already, elsewhere; reload the page")
            write_bytes(self._file(test, number), json.dumps(known).encode())

    def results(self, test: Test) -> dict[str, Any]:
        """The report over all complete answers, as `judge people score` writes it."""
        key, records = self.key(test), filter(None, self.records(test))
        whole = [one for one in records if len(one["answers"]) == len(key.pictures)]
        known = self._reports.get(test.id, (0, {"lead": "", "sections": []}))
        if len(whole) > known[0]:  # whole answers never change
            sheet = report_of(numbers_of(key, [_scored(one, key) for one in whole]), {})
            known = len(whole), {"lead": sheet.lead, "sections": sheet.parts}
            self._reports[test.id] = known
        return known[1]

    def archive(self, test: Test) -> bytes:
        """The key and the answers as files, for `trombine judge people score`."""
        buffer, folder = io.BytesIO(), self.folder / test.id
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
            file.write(folder / "key.json", f"test{KEY_ENDING}")
            for path in sorted(folder.glob("answers/*.json")):
                file.write(path, f"answers/{path.name}")
        return buffer.getvalue()

    def delete(self, test: Test) -> None:
        """Delete a test, its links and its answers."""
        del self._tests[test.id]
        shutil.rmtree(self.folder / test.id)

    def _subject(self, secret: str) -> tuple[Test, int]:
        """The test and the number of the subject with this secret."""
        for test in list(self._tests.values()):
            if secret in test.links:
                return test, 1 + test.links.index(secret)
        raise HTTPException(404, "this test is over, or the link is not whole")

    def _file(self, test: Test, number: int) -> Path:
        return self.folder / test.id / "answers" / f"{number}.json"

    def _record(self, test: Test, number: int) -> dict[str, Any] | None:
        path = self._file(test, number)
        return json.loads(path.read_bytes()) if path.exists() else None


def _scored(record: Mapping[str, Any], key: Key) -> Subject:
    """The subject of a record; an InputError if it cannot be scored."""
    try:
        answers = Answers.model_validate(record)
    except ValidationError as error:
        raise InputError("these are no answers to this test", "reload the page") from error
    return subject_of(answers, key, Path(f"{record['subject']}.json"))


def add_people(app: FastAPI, jobs: Jobs, address: str) -> None:
    """The paths of tests, and those of their subjects; `address` is where browsers have us."""
    tests = Served(jobs.folder)
    router = APIRouter(prefix="/api/people", default_response_class=Response)

    def held(request: Request) -> list[Test]:
        return tests.of(request.state.owner, everybodys=request.state.here)

    def owned(request: Request, id: str) -> Test:
        for test in held(request):
            if test.id == id:
                return test
        raise HTTPException(404, "there is no such test; it may have been deleted")

    def told(test: Test) -> dict[str, Any]:
        subjects = [
            {
                "number": number,
                "link": f"{address}{SUBJECT}{secret}",
                "answers": len(record["answers"]) if record else 0,
            }
            for number, (secret, record) in enumerate(
                zip(test.links, tests.records(test), strict=True), 1
            )
        ]
        told = {name: getattr(test, name) for name in ("id", "title", "created")}
        return told | {"pictures": len(tests.key(test).pictures), "subjects": subjects}

    @router.get("")
    def listed(request: Request) -> Response:
        """Your tests of people, the newest first, with the link of each subject; who sits at the
        machine that the studio runs on sees everybody's."""
        return JSONResponse([told(test) for test in held(request)])

    @router.post("", status_code=201)
    async def add(request: Request) -> Response:
        """Serve the test that a job of `judge people make` has made: JSON with `job`, `title`, and
        for how many `subjects` there are to be links."""
        asked, owner = checked(_Asked, await json_of(request)), request.state.owner
        job = jobs.find(asked.job, owner)
        if job is None or job.verb != VERB or job.state != DONE:
            raise HTTPException(404, "there is no such test; the job that makes it has to be done")
        page, key = job.place / OUTPUTS / PAGE, job.place / f"{OUTPUTS}{KEY_ENDING}"
        return JSONResponse(told(tests.add(owner, asked.title, page, key, asked.subjects)), 201)

    @router.get("/{id}")
    def one(request: Request, id: str) -> Response:
        """A test, and what its answers say so far."""
        test = owned(request, id)
        return JSONResponse(told(test) | tests.results(test))

    @router.delete("/{id}", status_code=204)
    def delete(request: Request, id: str) -> Response:
        """Forget a test and all that was answered; its links open nothing any more."""
        tests.delete(owned(request, id))
        return Response(status_code=204)

    @router.post("/{id}/subjects", status_code=201)
    async def invite(request: Request, id: str) -> Response:
        """Make links for so many more `subjects`."""
        test = owned(request, id)
        tests.invite(test, checked(_Asked, await json_of(request)).subjects)
        return JSONResponse(told(test), 201)

    @router.get("/{id}/answers.zip")
    def archive(request: Request, id: str) -> Response:
        """The key and all answers, as `trombine judge people score` takes them."""
        headers = {"content-disposition": 'attachment; filename="answers.zip"'}
        data = tests.archive(owned(request, id))
        return Response(data, media_type="application/zip", headers=headers)

    app.include_router(router)

    # What a link opens: its own test, and nothing else.

    @app.get(f"{SUBJECT}{{secret}}", include_in_schema=False)
    def shown(secret: str) -> Response:
        page, policy = tests.page(secret)
        headers = {"content-security-policy": f"{policy}; frame-ancestors 'none'"}
        return HTMLResponse(page, headers=headers | {"cache-control": "no-store"})

    @app.post(f"{SUBJECT}{{secret}}", include_in_schema=False)
    async def answered(request: Request, secret: str) -> Response:
        tests.answer(secret, await json_of(request))
        return Response(status_code=204)
