"""The paths of the studio: its pages, and the functions over HTTP.

Every path is behind the guard. Forms and their OpenAPI schema are derived from the functions
(api.py).
"""

from __future__ import annotations

import asyncio
import errno
import gzip
import inspect
import json
import re
import secrets
import shutil
import struct
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from jaxtyping import UInt8
from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException as StarletteHTTPException

from trombine import __version__
from trombine.core.conventions import LANDMARK_GROUPS, PARTS
from trombine.core.errors import InputError
from trombine.io.image import FORMATS
from trombine.io.overlays import CLOSED
from trombine.studio.api import (
    FOLDERS,
    SERVED,
    arguments_of,
    check_text,
    function_of,
    hints_of,
    schema,
    takes_files,
    takes_folders,
)
from trombine.studio.examples import EXAMPLES
from trombine.studio.guard import OWNER
from trombine.studio.jobs import DAYS, DONE, ENDED, FULL, INPUTS, OUTPUTS, Job, Jobs
from trombine.studio.models import Offer, model_named
from trombine.studio.people import add_people
from trombine.studio.portraits import portraits_router
from trombine.studio.runs import runs_router

PAGES: Final = {
    "/": "repair",
    "/upscale": "upscale",
    "/restyle": "restyle",
    "/generate": "generate",
    "/read": "read",
    "/microscope": "microscope",
    "/people": "people",
    "/runs": "runs",
    "/jobs": "jobs",
    "/docs": "docs",  # for programs: no link leads there but that of Jobs
}
REPLAY: Final = "replay"
MOST_FILES: Final = 200  # of a request
MOST_WAITING: Final = 64  # jobs of one owner that have not ended
MASK: Final = "application/x-trombine-mask"
LABELS: Final = "application/x-trombine-labels"
_MOST_MASK: Final = 1 << 28  # pixels of a mask
_UNPACKING: Final = Lock()  # one mask after the other: each may take a lot of memory
_TURN: Final = 0.1  # seconds between two looks for new events
_ALIVE: Final = 15.0  # seconds after which a silent stream says that it is there
_TYPES: Final = {  # of the pages' files
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_SHOWN: Final = {  # of people's files: those that cannot hold a script; others are only saved
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".json": "application/json",
}
_PLAIN: Final = "application/octet-stream"
_KEPT: Final = re.compile(r"[^\w .()+,=@-]")  # letters of a name that are not kept
_LONGEST: Final = 120  # letters of a name


def application(
    jobs: Jobs,
    *,
    stopping: Callable[[], bool] = lambda: False,
    models: Callable[[], list[Offer]] = list,
    address: str = "",
    home: Path = Path(),
) -> FastAPI:
    """The pages and paths of a studio; `stopping` says when streams are to end, `models` which are
    offered, `address` where browsers have it, below a path where a proxy does, `home` where it was
    opened."""
    root = urlsplit(address).path
    app = FastAPI(
        title="trombine studio",
        version=__version__,
        description="The verbs over HTTP, with the fields, limits and words of the commands.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        servers=[{"url": root}] if root else None,
    )
    _add_errors(app)
    _add_pages(app, root)
    for name in SERVED:
        _add_verb(app, jobs, name, models, root)
    _add_jobs(app, jobs, root)
    _add_streams(app, jobs, stopping)
    _add_examples(app, root)
    _add_models(app, models)
    app.include_router(runs_router(home, jobs.folder))
    app.include_router(portraits_router())
    add_people(app, jobs, address)
    return app


def _owner(request: Request) -> str:
    return getattr(request.state, OWNER)


# ---------------------------------------------------------------------------------------------
# Errors: one line each, and what to do


def _add_errors(app: FastAPI) -> None:
    async def refused(_: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, 422)

    async def known(_: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)
        texts = {404: "there is no such page or job; it may have been deleted"}
        text = texts.get(error.status_code, str(error.detail))
        if error.detail not in ("Not Found", None):
            text = str(error.detail)
        return JSONResponse({"error": text}, error.status_code, headers=error.headers)

    async def full(_: Request, error: Exception) -> Response:
        """The disk became full while files were written."""
        if getattr(error, "errno", None) != errno.ENOSPC and "disk is full" not in str(error):
            raise error
        return JSONResponse({"error": FULL}, 507)

    app.add_exception_handler(InputError, refused)
    app.add_exception_handler(OSError, full)
    app.add_exception_handler(StarletteHTTPException, known)


# ---------------------------------------------------------------------------------------------
# Pages


def _add_pages(app: FastAPI, root: str) -> None:
    static = {
        file.name: file.read_bytes()
        for folder in (files("trombine.studio") / "static", files("trombine.activations"))
        for file in folder.iterdir()
        if Path(file.name).suffix in _TYPES
    }
    static["style.css"] = (files("trombine.report") / "style.css").read_bytes()
    parts = {name: data.decode() for name, data in static.items() if name.endswith(".html")}
    for path, page in PAGES.items():
        text = _page(path, page, parts, root)
        app.add_api_route(
            path, lambda text=text: HTMLResponse(text), include_in_schema=False, name=page
        )

    def sent(name: str) -> Response:
        if name not in static or name in parts:
            raise HTTPException(404)
        return Response(static[name], media_type=_TYPES[Path(name).suffix])

    app.add_api_route("/static/{name}", sent, include_in_schema=False, name="static")


def _page(path: str, name: str, parts: dict[str, str], root: str) -> str:
    """A page: what is its own, in what all have."""
    links = []
    for place, page in list(PAGES.items())[:-1]:
        here = ' aria-current="page"' if place == path else ""
        links.append(f'<li><a href="{place}"{here}>{page.capitalize()}</a></li>')
    text = parts["layout.html"].replace("<!-- main -->", parts[f"{name}.html"])
    for mark, value in {
        "picture": parts["picture.html"],
        "title": name.capitalize(),
        "name": name,
        "root": root,
        "pages": "\n          ".join(links),
    }.items():
        text = text.replace(f"<!-- {mark} -->", value)
    return text.replace('href="/', f'href="{root}/').replace('src="/', f'src="{root}/')


# ---------------------------------------------------------------------------------------------
# Verbs


def _add_verb(
    app: FastAPI, jobs: Jobs, verb: str, models: Callable[[], list[Offer]], root: str
) -> None:
    async def ask(request: Request) -> Response:
        owner = _owner(request)
        _check_room(jobs, owner)
        async with request.form(max_files=MOST_FILES, max_fields=MOST_FILES) as form:
            job = await run_in_threadpool(_accepted, jobs, owner, verb, form, models)
        address = f"{root}/api/jobs/{job.id}"
        return JSONResponse(_told(job, root), 201, headers={"location": address})

    says = inspect.getdoc(function_of(verb)) or ""
    app.add_api_route(
        f"/api/{verb}",
        ask,
        methods=["POST"],
        name=verb,
        summary=says.partition("\n")[0],
        status_code=201,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"multipart/form-data": {"schema": schema(verb)}},
            }
        },
        responses=_REFUSALS,
    )


def _check_room(jobs: Jobs, owner: str) -> None:
    """Refuse a job if the owner has many that wait, or the disk is full."""
    if sum(job.state not in ENDED for job in jobs.of(owner)) >= MOST_WAITING:
        text = f"{MOST_WAITING} of your jobs wait already; let some end, or cancel them"
        raise HTTPException(429, text)
    if jobs.is_full():
        raise HTTPException(507, FULL)


_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    413: {"description": "more was sent than is read"},
    422: {"description": "a field cannot be used; `error` says which, and what to do"},
    429: {"description": "too many jobs of yours wait already"},
    507: {"description": "the disk is full"},
}


def _accepted(
    jobs: Jobs, owner: str, verb: str, form: FormData, models: Callable[[], list[Offer]]
) -> Job:
    """Make a job of a form, and store its files."""
    with _new_job(jobs, owner, verb) as job:
        folder = job.place / INPUTS
        folder.mkdir(parents=True)
        fields = job.fields = _fields(verb, form, folder)
        arguments_of(verb, fields)  # refuses what the command would refuse
        name = fields.get("model", "")
        if name and "/" not in name:  # and no file that was sent
            job.model = model_named(name, verb, models())
    return job


@contextmanager
def _new_job(jobs: Jobs, owner: str, verb: str) -> Iterator[Job]:
    """A job that is queued after the block; if that raises, its files are removed."""
    id = secrets.token_urlsafe(16)
    job = Job(id=id, owner=owner, verb=verb, fields={}, place=jobs.place(id))
    try:
        yield job
    except BaseException:
        shutil.rmtree(job.place, ignore_errors=True)
        raise
    jobs.add(job)


def _fields(verb: str, form: FormData, folder: Path) -> dict[str, Any]:
    """The fields of a form; files are stored in a folder per field, and the field is their path."""
    fields: dict[str, Any] = {}
    sent: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if name not in hints_of(verb):
            raise InputError(f"{verb} does not take {name}", "/api/openapi.json says what it takes")
        if isinstance(value, UploadFile):
            if not takes_files(verb, name):
                raise InputError(f"{name} is no file", "give it as text")
            if value.filename:  # a form's empty choice of a file has no name
                inside = _folder_of(value.filename) if takes_folders(verb, name) else ""
                place = _keep(value, folder / name / inside)
                sent.setdefault(name, []).append(inside or place)
        elif name in fields:
            raise InputError(f"{name} was given twice", "give it once")
        else:
            check_text(verb, name, value)
            fields[name] = value
    for name, paths in sent.items():
        if name == "pictures" or takes_folders(verb, name):
            fields[name] = [f"{name}/{path}" for path in dict.fromkeys(paths)]
        else:
            is_folder = len(paths) > 1 or name in FOLDERS
            fields[name] = name if is_folder else f"{name}/{paths[0]}"
    return fields


def _keep(upload: UploadFile, folder: Path) -> str:
    """Write an uploaded file into a folder; return its name there."""
    folder.mkdir(parents=True, exist_ok=True)
    path = _free(folder, upload.filename or "")
    if upload.content_type in (MASK, LABELS):
        path = path.with_suffix(".png")
        with _UNPACKING, path.open("wb") as file:
            values = _unpacked(upload)
            image = Image.fromarray(values if upload.content_type == LABELS else values > 0)
            image.convert("L").save(file, "PNG")
        return path.name
    with path.open("wb") as file:
        shutil.copyfileobj(upload.file, file)
    return path.name


def _free(folder: Path, name: str) -> Path:
    """A new path in this folder for an uploaded file, whatever its name."""
    plain = _plain(re.split(r"[/\\]", name)[-1]) or "picture"
    stem, suffix = Path(plain).stem[:_LONGEST], Path(plain).suffix[:12]
    names = (f"{stem}{number}{suffix}" for number in ("", *(f"-{n}" for n in range(2, 999))))
    return next(folder / name for name in names if not (folder / name).exists())


def _folder_of(name: str) -> str:
    """The name of the folder that an uploaded file was in, or "folder"."""
    first, *rest = re.split(r"[/\\]", name)
    return (_plain(first)[:_LONGEST] if rest else "") or "folder"


def _plain(name: str) -> str:
    return _KEPT.sub("_", name).strip(" .").lstrip("-")


def _unpacked(upload: UploadFile) -> UInt8[np.ndarray, "h w"]:
    """A mask or label map as pages send it: gzipped; width and height as 32 bits each, then a byte
    per pixel."""
    reader = zlib.decompressobj(wbits=31)
    try:
        width, height = struct.unpack("<II", reader.decompress(upload.file.read(), 8))
        most = min(width * height, _MOST_MASK)
        data = reader.decompress(reader.unconsumed_tail, most + 1)
    except (zlib.error, struct.error):
        width, height, data = 0, 0, b""
    if not data or len(data) != width * height:
        raise InputError("the mask is damaged", "reload the page, and paint it again")
    return np.frombuffer(data, np.uint8).reshape(height, width)


# ---------------------------------------------------------------------------------------------
# Jobs


def _add_jobs(app: FastAPI, jobs: Jobs, root: str) -> None:
    def owned(request: Request, id: str) -> Job:
        job = jobs.find(id, _owner(request))
        if job is None:  # the same answer for another's job
            raise HTTPException(404)
        return job

    def listed(request: Request) -> Response:
        """Your jobs, the newest first."""
        return JSONResponse([_told(job, root) for job in jobs.of(_owner(request))])

    def one(request: Request, id: str) -> Response:
        """A job: its state, its problem, or its files."""
        return JSONResponse(_told(owned(request, id), root))

    def delete(request: Request, id: str) -> Response:
        """Forget a job and its files; one that has not ended is cancelled."""
        jobs.delete(owned(request, id))
        return Response(status_code=204)

    def cancel(request: Request, id: str) -> Response:
        """End a job, and keep it in the list."""
        jobs.cancel(owned(request, id))
        return one(request, id)

    def again(request: Request, id: str) -> Response:
        """Ask for the same once more, of the same files."""
        job, owner = owned(request, id), _owner(request)
        _check_room(jobs, owner)
        with _new_job(jobs, owner, job.verb) as fresh:
            shutil.copytree(job.place / INPUTS, fresh.place / INPUTS)
            fresh.fields, fresh.model = job.fields, job.model
        return JSONResponse(_told(fresh, root), 201)

    def replay(request: Request, id: str) -> Response:
        """Make the pictures of a job again, from what they say of themselves and its files."""
        job, owner = owned(request, id), _owner(request)
        _check_room(jobs, owner)
        with _new_job(jobs, owner, REPLAY) as fresh:
            fresh.fields = _replayed(job, fresh.place / INPUTS)
        return JSONResponse(_told(fresh, root), 201)

    def output(request: Request, id: str, name: str) -> Response:
        """A file that a job made."""
        job = owned(request, id)
        if name not in _names(job):
            raise HTTPException(404, "there is no such file; the job says which it has")
        return _file(job.place / OUTPUTS / name)

    def given(request: Request, id: str, name: str) -> Response:
        """A file that a job was given."""
        job = owned(request, id)
        if name not in _inputs(job):
            raise HTTPException(404, "there is no such file; the job says which it has")
        return _file(job.place / INPUTS / name)

    def labels(request: Request, id: str, name: str) -> Response:
        """The labels of a map of parts, as a mask is sent: width, height, then a byte a pixel."""
        path = getattr(output(request, id, name), "path", Path())
        with Image.open(path) as image:
            if image.mode != "P":
                raise HTTPException(404, "that file is no map of parts")
            data = struct.pack("<II", *image.size) + np.asarray(image).tobytes()
        packed = gzip.compress(data, 1, mtime=0)
        return Response(packed, media_type=_PLAIN, headers={"content-encoding": "gzip"})

    for path, method, act, status in (
        ("", "GET", listed, 200),
        ("/{id}", "GET", one, 200),
        ("/{id}", "DELETE", delete, 204),
        ("/{id}/cancel", "POST", cancel, 200),
        ("/{id}/again", "POST", again, 201),
        ("/{id}/replay", "POST", replay, 201),
        ("/{id}/files/{name:path}", "GET", output, 200),
        ("/{id}/inputs/{name:path}", "GET", given, 200),
        ("/{id}/labels/{name:path}", "GET", labels, 200),
    ):
        app.add_api_route(
            f"/api/jobs{path}",
            act,
            methods=[method],
            status_code=status,
            response_class=Response,
            responses={404: {"description": "no such job, or not yours"}} if path else None,
        )


def _names(job: Job) -> list[str]:
    """The files that a job made."""
    return [file["name"] for file in job.result.get("files", ())]


def _inputs(job: Job) -> list[str]:
    """The files that a job was given."""
    folder = job.place / INPUTS
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def _replayed(job: Job, folder: Path) -> dict[str, Any]:
    """The fields of a job that replays the pictures of another, whose files are copied into this
    folder."""
    names = _replayable(job)
    if not names:
        raise InputError("this job has no picture to make again", "choose one that made some")
    made = {f"pictures/{name}": job.place / OUTPUTS / name for name in names}
    used = [job.place / INPUTS / name for name in _inputs(job)]
    used += [job.model] if job.model else []
    for name, source in (made | {f"inputs/{path.name}": path for path in used}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / name)
    return {"pictures": list(made), **({"inputs": "inputs"} if used else {})}


def _replayable(job: Job) -> list[str]:
    """The output files of a job that have a record; those of a test of people are copies."""
    if job.state != DONE or job.verb in (REPLAY, "judge_people_make"):
        return []
    return [name for name in _names(job) if Path(name).suffix.lower() in FORMATS]


def _told(job: Job, root: str) -> dict[str, Any]:
    """A job as JSON for its owner, with the addresses of its files."""
    address = f"{root}/api/jobs/{job.id}"
    names = ("id", "verb", "fields", "state", "problem", "created", "started", "ended")
    files = job.result.get("files", ())
    return {
        **{name: getattr(job, name) for name in names},
        "kept_days": DAYS,
        "can_replay": bool(_replayable(job)),
        "inputs": [{"name": name, "url": f"{address}/inputs/{name}"} for name in _inputs(job)],
        **job.result,
        "files": [{**file, "url": f"{address}/files/{file['name']}"} for file in files],
    }


def _file(path: Path) -> Response:
    """A file; types that could contain a script are sent as attachments."""
    kind = _SHOWN.get(path.suffix.lower())
    return FileResponse(
        path,
        media_type=kind or _PLAIN,
        filename=path.name,
        content_disposition_type="inline" if kind else "attachment",
    )


# ---------------------------------------------------------------------------------------------
# Events


def _add_streams(app: FastAPI, jobs: Jobs, stopping: Callable[[], bool]) -> None:
    def all_jobs(request: Request) -> Response:
        """What your jobs say, from now on or after Last-Event-ID, as server-sent events."""
        return _stream(jobs, _owner(request), _after(request, jobs.last), None, stopping)

    def one_job(request: Request, id: str) -> Response:
        """What one job says, from its beginning or after Last-Event-ID, until it ends."""
        if jobs.find(id, _owner(request)) is None:
            raise HTTPException(404)
        return _stream(jobs, _owner(request), _after(request, 0), id, stopping)

    for path, stream in (("/api/events", all_jobs), ("/api/jobs/{id}/events", one_job)):
        app.add_api_route(path, stream, response_class=Response)


def _after(request: Request, usual: int) -> int:
    """The number of the last event that the browser has had."""
    given = request.headers.get("last-event-id", "")
    return int(given) if re.fullmatch(r"[0-9]{1,18}", given) else usual


def _stream(
    jobs: Jobs, owner: str, after: int, id: str | None, stopping: Callable[[], bool]
) -> Response:
    def is_over() -> bool:
        job = None if id is None else jobs.find(id, owner)
        return id is not None and (job is None or job.state in ENDED)

    async def events() -> AsyncIterator[str]:
        number, silent = after, 0.0
        yield "retry: 500\n\n"
        while not stopping():
            ends = is_over()  # before `said`: then its last event is among them
            for one in jobs.said(owner, number, id):
                number, silent = one.number, 0.0
                data = json.dumps({"job": one.job, "kind": one.kind, **one.value})
                yield f"id: {one.number}\ndata: {data}\n\n"
            if ends:
                return
            if (silent := silent + _TURN) > _ALIVE:
                silent = 0.0
                yield ": still here\n\n"
            await asyncio.sleep(_TURN)

    return StreamingResponse(events(), media_type="text/event-stream")


# ---------------------------------------------------------------------------------------------
# Examples


def _add_examples(app: FastAPI, root: str) -> None:
    def listed() -> Response:
        """Pictures for who has none at hand, and the strokes of a mask for them."""
        return JSONResponse(
            [
                {
                    "name": f"{example.name}.png",
                    "title": example.title,
                    "url": f"{root}/api/examples/{example.name}.png",
                    "strokes": example.strokes,
                }
                for example in EXAMPLES.values()
            ]
        )

    def one(name: str) -> Response:
        """The file of an example."""
        if name not in EXAMPLES:
            raise HTTPException(404)
        return Response(EXAMPLES[name].draw(), media_type="image/png")

    def parts() -> Response:
        """The parts of a face, by the labels of a map of parts."""
        return JSONResponse([vars(part) for part in PARTS])

    def landmarks() -> Response:
        """The groups of a face's landmarks, in their order, and which are drawn as rings."""
        return JSONResponse(
            [
                {"name": name, "count": len(group), "closed": name in CLOSED}
                for name, group in LANDMARK_GROUPS.items()
            ]
        )

    app.add_api_route("/api/parts", parts, response_class=Response)
    app.add_api_route("/api/landmarks", landmarks, response_class=Response)
    app.add_api_route("/api/examples", listed, response_class=Response)
    app.add_api_route("/api/examples/{name}.png", one, response_class=Response)


# ---------------------------------------------------------------------------------------------
# Models


def _add_models(app: FastAPI, models: Callable[[], list[Offer]]) -> None:
    def listed() -> Response:
        """The models that jobs may name, what each is for, and what it can be asked."""
        return JSONResponse([offer.told for offer in models()])

    app.add_api_route("/api/models", listed, response_class=Response)
