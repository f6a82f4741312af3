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
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from jaxtyping import UInt8
from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect

from trombine import __version__
from trombine.commands.runs import HOME
from trombine.core.errors import InputError, OutputError
from trombine.io.holes import WHITE
from trombine.io.image import max_pixels_of
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
from trombine.studio.examples import examples_router
from trombine.studio.guard import page_of, printable
from trombine.studio.jobs import DAYS, ENDED, INPUTS, OUTPUTS, Job, Jobs
from trombine.studio.models import model_named, offers
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
MOST_FILES: Final = 200  # of a request
MOST_WAITING: Final = 64  # jobs of one owner that have not ended
MASK: Final = "application/x-trombine-mask"
LABELS: Final = "application/x-trombine-labels"
_MOST_MASK: Final = 1 << 28  # pixels of a mask
_UNPACKING: Final = Lock()  # one mask after the other: each may take a lot of memory
_TURN: Final = 0.1  # seconds between two looks for new events
_ALIVE: Final = 15.0  # seconds after which a silent stream says that it is there
_TYPES: Final = {  # of the pages' files
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_SHOWN: Final = {  # of people's files: those that cannot hold a script; others are only saved
    **{f".{kind}": f"image/{kind}" for kind in ("png", "jpeg", "webp", "gif", "avif", "bmp")},
    **{f".{kind}": f"video/{kind}" for kind in ("mp4", "webm")},
    ".jpg": "image/jpeg",
    ".json": "application/json",
}
_PLAIN: Final = "application/octet-stream"
_KEPT: Final = re.compile(r"[^\w .()+,=@-]")  # letters of a name that are not kept
_LONGEST: Final = 120  # letters of a name
_FORMER: Final = "the studio was started again, and this job is gone; ask for it once more"
_TOO_LONG: Final = "a file's name is too long; give it fewer than 256 letters"
_PAGES: Final = Environment(
    loader=PackageLoader("trombine.studio", "static"), autoescape=True, undefined=StrictUndefined
)


def application(
    jobs: Jobs,
    *,
    stopping: Callable[[], bool] = lambda: False,
    address: str = "",
    home: Path = Path(),
) -> FastAPI:
    """The pages and paths of a studio; `stopping` says when streams are to end, `address` where
    browsers have it, below a path where a proxy does, `home` where it was opened."""
    root, runs = urlsplit(address).path, home.resolve() / HOME
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
        _add_verb(app, jobs, name, runs)
    app.include_router(_jobs_router(jobs))
    app.include_router(_events_router(jobs, stopping))
    app.include_router(examples_router())

    @app.get("/api/models", response_class=Response)
    def offered() -> Response:
        """The models that jobs may name, what each is for, and what it can be asked."""
        return JSONResponse([offer.told for offer in offers(runs)])

    app.include_router(runs_router(runs))
    app.include_router(portraits_router())
    add_people(app, jobs, address)
    return app


def _add_errors(app: FastAPI) -> None:
    """Errors are one line each, and say what to do."""

    async def refused(_: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, 422)

    async def known(request: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)
        gone = "there is no such page or job; it may have been deleted"
        text = gone if error.detail == "Not Found" else str(error.detail)
        if "header size" in str(getattr(error.__context__, "__cause__", "")):  # of a form's part
            text = _TOO_LONG
        if "text/html" in request.headers.get("accept", ""):  # a browser's address line, not a page
            return page_of(text, error.status_code, getattr(request.state, "root", None))
        return JSONResponse({"error": text}, error.status_code, headers=error.headers)

    async def full(request: Request, error: Exception) -> Response:
        if getattr(error, "errno", None) != errno.ENOSPC and "disk is full" not in str(error):
            if isinstance(error, InputError):
                return await refused(request, error)
            raise error
        text = "the disk is full; delete jobs that are done, or make room"
        return JSONResponse({"error": text}, 507)

    async def left(_: Request, error: Exception) -> Response:
        return Response(status_code=400)  # who asked is gone: no answer is read, nothing broke

    app.add_exception_handler(InputError, refused)
    app.add_exception_handler(ClientDisconnect, left)
    app.add_exception_handler(OSError, full)
    app.add_exception_handler(OutputError, full)
    app.add_exception_handler(StarletteHTTPException, known)


def _add_pages(app: FastAPI, root: str) -> None:
    static = {
        file.name: file.read_bytes()
        for folder in (files("trombine.studio") / "static", files("trombine.activations"))
        for file in folder.iterdir()
        if Path(file.name).suffix in _TYPES
    }
    static["style.css"] = (files("trombine.report") / "style.css").read_bytes()
    layout = _PAGES.get_template("layout.html")
    pixels = max_pixels_of(Path("a picture of the studio"))
    for path, name in PAGES.items():
        text = layout.render(here=path, name=name, pages=PAGES, root=root, pixels=pixels)
        for attribute in ("href", "src"):
            text = text.replace(f'{attribute}="/', f'{attribute}="{root}/')
        page = _always(HTMLResponse(text))
        app.add_api_route(path, page, include_in_schema=False, name=name)

    @app.get("/static/{name}", include_in_schema=False)
    def sent(name: str) -> Response:
        if name not in static:
            raise HTTPException(404)
        return Response(static[name], media_type=_TYPES[Path(name).suffix])


def _always(answer: Response) -> Callable[[], Response]:
    """A path's function without parameters: a lambda's default would be a field of the query."""
    return lambda: answer


# ---------------------------------------------------------------------------------------------
# Functions


def _add_verb(app: FastAPI, jobs: Jobs, verb: str, runs: Path) -> None:
    async def ask(request: Request) -> Response:
        _check_room(jobs, request.state.owner)
        async with request.form(max_files=MOST_FILES, max_fields=MOST_FILES) as form:
            job = await run_in_threadpool(_accept, jobs, request.state.owner, verb, form, runs)
        told = _told(request, job)
        return JSONResponse(told, 201, headers={"location": told["url"]})

    says = inspect.getdoc(function_of(verb)) or ""
    content = {"multipart/form-data": {"schema": schema(verb)}}
    app.add_api_route(
        f"/api/{verb}",
        ask,
        methods=["POST"],
        name=verb,
        summary=says.partition("\n")[0],
        status_code=201,
        openapi_extra={"requestBody": {"required": True, "content": content}},
        responses={
            413: {"description": "more was sent than is read"},
            422: {"description": "a field cannot be used; `error` says which, and what to do"},
            429: {"description": "too many jobs of yours wait already"},
            507: {"description": "the disk is full"},
        },
    )


def _check_room(jobs: Jobs, owner: str) -> None:
    """Refuse a job if the owner has many that wait."""
    if sum(job.state not in ENDED for job in jobs.of(owner)) >= MOST_WAITING:
        text = f"{MOST_WAITING} of your jobs wait already; let some end, or cancel them"
        raise HTTPException(429, text)


def _accept(jobs: Jobs, owner: str, verb: str, form: FormData, runs: Path) -> Job:
    """Make a job of a form, and store its files."""
    with _new_job(jobs, owner, verb) as job:
        folder = job.place / INPUTS
        folder.mkdir(parents=True)
        fields = job.fields = _fields(verb, form, folder)
        arguments_of(verb, fields)  # refuses what the command would refuse
        name = fields.get("model", "")
        if name and "/" not in name:  # and no file that was sent
            job.model = model_named(name, verb, offers(runs))
    return job


@contextmanager
def _new_job(jobs: Jobs, owner: str, verb: str) -> Iterator[Job]:
    """A job that is queued after the block; if that raises, its files are removed."""
    id = jobs.new_id()
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
    painted = set[str]()  # fields whose mask is the page's own: white is its hole
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
                painted |= {name} if value.content_type == MASK else set()
        elif name in fields:
            raise InputError(f"{name} was given twice", "give it once")
        else:
            check_text(verb, name, value)
            # It becomes a part of names: no letter of one may turn the others round, or hide.
            fields[name] = printable(value) if name == "suffix" else value
    for name, paths in sent.items():
        if name in fields:
            raise InputError(f"{name} was given twice", "give it once")
        if name == "pictures" or takes_folders(verb, name):
            fields[name] = [f"{name}/{path}" for path in dict.fromkeys(paths)]
        else:
            is_folder = len(paths) > 1 or name in FOLDERS
            path = name if is_folder else f"{name}/{paths[0]}"
            fields[name] = f"{WHITE}:{path}" if name in painted else path
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
        if width * height > _MOST_MASK:
            raise InputError(f"the mask has {width} x {height} pixels", "take a smaller picture")
        data = reader.decompress(reader.unconsumed_tail, width * height + 1)
    except (zlib.error, struct.error):
        width, height, data = 0, 0, b""
    if not data or len(data) != width * height:
        raise InputError("the mask is damaged", "reload the page, and paint it again")
    return np.frombuffer(data, np.uint8).reshape(height, width)


# ---------------------------------------------------------------------------------------------
# Jobs


def _owned(jobs: Jobs, request: Request, id: str) -> Job:
    """A job of who asks; the answer for another's is that there is none."""
    job = jobs.find(id, request.state.owner)
    if job is None:
        raise HTTPException(410, _FORMER) if jobs.is_former(id) else HTTPException(404)
    return job


def _jobs_router(jobs: Jobs) -> APIRouter:
    router = APIRouter(prefix="/api/jobs", default_response_class=Response)
    owned = partial(_owned, jobs)

    def file_of(request: Request, id: str, folder: str, name: str) -> Path:
        job = owned(request, id)
        made = (one["name"] for one in job.result.get("files", ()))
        if name not in (_inputs(job) if folder == INPUTS else made):
            raise HTTPException(404, "there is no such file; the job says which it has")
        return job.place / folder / name

    @router.get("")
    def listed(request: Request) -> Response:
        """Your jobs, the newest first."""
        return JSONResponse([_told(request, job) for job in jobs.of(request.state.owner)])

    @router.get("/{id}")
    def one(request: Request, id: str) -> Response:
        """A job: its state, its problem, or its files; and how many come `ahead` of it."""
        job = owned(request, id)
        return JSONResponse({**_told(request, job), "ahead": jobs.ahead(job)})

    @router.delete("/{id}", status_code=204)
    def delete(request: Request, id: str) -> Response:
        """Forget a job and its files; one that has not ended is cancelled."""
        jobs.delete(owned(request, id))
        return Response(status_code=204)

    @router.post("/{id}/cancel")
    def cancel(request: Request, id: str) -> Response:
        """End a job, and keep it in the list."""
        jobs.cancel(owned(request, id))
        return one(request, id)

    @router.post("/{id}/again", status_code=201)
    def again(request: Request, id: str) -> Response:
        """Ask for the same once more, of the same files."""
        job, owner = owned(request, id), request.state.owner
        _check_room(jobs, owner)
        with _new_job(jobs, owner, job.verb) as fresh:
            shutil.copytree(job.place / INPUTS, fresh.place / INPUTS)
            fresh.fields, fresh.model = job.fields, job.model
        return JSONResponse(_told(request, fresh), 201)

    @router.get("/{id}/files/{name:path}")
    def output(request: Request, id: str, name: str) -> Response:
        """A file that a job made."""
        return _file(file_of(request, id, OUTPUTS, name))

    @router.get("/{id}/files.zip")
    def whole(request: Request, id: str) -> Response:
        """All files that a job made, as one."""
        job = owned(request, id)
        path, draft = (job.place / f"{name}.zip" for name in ("pictures", secrets.token_hex(8)))
        if not path.exists():
            with zipfile.ZipFile(draft, "w") as archive:
                for one in job.result.get("files", ()):
                    archive.write(job.place / OUTPUTS / one["name"], one["name"])
            draft.rename(path)
        return _file(path)

    @router.get("/{id}/inputs/{name:path}")
    def given(request: Request, id: str, name: str) -> Response:
        """A file that a job was given."""
        return _file(file_of(request, id, INPUTS, name))

    @router.get("/{id}/labels/{name:path}")
    def labels(request: Request, id: str, name: str) -> Response:
        """The labels of a map of parts, as a mask is sent: width, height, then a byte a pixel."""
        with Image.open(file_of(request, id, OUTPUTS, name)) as image:
            if image.mode != "P":
                raise HTTPException(404, "that file is no map of parts")
            data = struct.pack("<II", *image.size) + np.asarray(image).tobytes()
        packed = gzip.compress(data, 1, mtime=0)
        return Response(packed, media_type=_PLAIN, headers={"content-encoding": "gzip"})

    return router


def _inputs(job: Job) -> list[str]:
    """The files that a job was given."""
    folder = job.place / INPUTS
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def _told(request: Request, job: Job) -> dict[str, Any]:
    """A job as JSON for its owner, with the addresses of its files."""
    address = f"{request.state.root}/api/jobs/{job.id}"
    names = ("id", "verb", "fields", "state", "problem", "created", "started", "ended")
    files = job.result.get("files", ())
    return {
        **{name: getattr(job, name) for name in names},
        "url": address,
        "kept_days": DAYS,
        "inputs": [{"name": name, "url": f"{address}/inputs/{name}"} for name in _inputs(job)],
        **job.result,
        "files": [{**f, "url": f"{address}/files/{f['name']}"} for f in files],
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


def _events_router(jobs: Jobs, stopping: Callable[[], bool]) -> APIRouter:
    router = APIRouter(prefix="/api", default_response_class=Response)

    @router.get("/events")
    def all_jobs(request: Request) -> Response:
        """What your jobs say, from now on or after Last-Event-ID, as server-sent events."""
        return stream(request, jobs.last)

    @router.get("/jobs/{id}/events")
    def one_job(request: Request, id: str) -> Response:
        """What one job says, from its beginning or after Last-Event-ID, until it ends."""
        _owned(jobs, request, id)
        return stream(request, 0, id)

    def stream(request: Request, after: int, id: str | None = None) -> Response:
        owner, last = request.state.owner, request.headers.get("last-event-id", "")

        def is_over() -> bool:
            job = None if id is None else jobs.find(id, owner)
            return id is not None and (job is None or job.state in ENDED)

        async def events() -> AsyncIterator[str]:
            number, silent = int(last) if re.fullmatch(r"[0-9]{1,18}", last) else after, 0.0
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

    return router
