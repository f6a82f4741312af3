"""Trainings in the folder where the studio was opened: shown, started and stopped.

Pages show what `trombine runs` shows. A training is the command in a process of its own, which
goes on when the studio is closed. Only requests from this machine are answered, since a training
names files and uses all cores.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any, Final

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from trombine.commands.runs import COLUMNS, HOME, row, runs_of
from trombine.core.errors import InputError
from trombine.data.spec import of_path, parse
from trombine.recipes import settings_of, with_settings
from trombine.runs import page, words
from trombine.runs.folder import RunFolder
from trombine.runs.log import RUNNING, STOPPED, read
from trombine.studio.guard import HERE, json_of
from trombine.training.methods import RECIPES

USUAL: Final = ("pictures", "batch", "size", "lr")  # the settings that the page has a field for
PATIENCE: Final = 300.0  # seconds until a training has tried itself
BEGINNING: Final = 30.0  # seconds in which most have begun, or refused
_NOT_HERE: Final = (
    "trainings are for who sits at the machine that the studio runs on; open its link there"
)
_NAME: Final = re.compile(r"[\w.+][\w .+-]{0,99}")
_ENDED: Final = "it ended before it began; the studio's terminal says more"


def runs_router(home: Path, kept: Path) -> APIRouter:
    """The paths of the runs in `home`; the output of trainings is written into `kept`."""
    router = APIRouter(
        prefix="/api/runs", dependencies=[Depends(_refuse_others)], include_in_schema=False
    )

    def found(name: str) -> RunFolder:
        runs = runs_of(home / HOME)
        if name not in runs:
            raise HTTPException(404, "there is no such run; it may have been moved")
        return runs[name]

    def listed() -> Response:
        """A row per run, the last changed first."""
        rows = []
        for name, folder in runs_of(home / HOME).items():
            try:
                rows.append(row(name, folder))
            except InputError as error:  # damaged: the others are shown all the same
                rows.append((name, *("–" for _ in COLUMNS[2:-1]), error.why, "–"))
        rows.sort(key=lambda cells: cells[-1], reverse=True)
        return JSONResponse({"columns": COLUMNS, "rows": rows})

    def recipes() -> Response:
        """The recipes, with their default data and settings."""
        return JSONResponse(
            {
                name: {"about": recipe.about, "data": recipe.data}
                | {setting: f"{getattr(recipe, setting):g}" for setting in USUAL}
                for name, recipe in RECIPES.items()
            }
        )

    def one(run: str = "") -> Response:
        """The page of a run; its pictures are separate files."""
        if run not in runs_of(home / HOME) and _said(kept, run).exists():
            lead = "It has not begun yet; that takes a while."
            told = {"title": run, "lead": lead, "sections": [], "samples": {}, "fixed": {}}
            return JSONResponse(told | {"problem": _last(kept, run)})
        folder = found(run)
        summary = read(folder)
        sheet = page.page(folder, summary, samples=False)
        told = {"title": words.title(summary), "lead": sheet.lead, "sections": sheet.parts}
        is_running = summary.state == RUNNING
        told |= {"is_running": is_running, "problem": "" if is_running else _last(kept, run)}
        told["can_go_on"] = summary.state == STOPPED
        return JSONResponse(told | _pictures(folder))

    def file(run: str = "", name: str = "") -> Response:
        """A picture or the film of a run."""
        folder = found(run)
        files = [*folder.sample_files().values(), *folder.fixed_files().values(), folder.film]
        for path in files:
            if path.name == name and path.is_file():
                return FileResponse(path)
        raise HTTPException(404, "there is no such picture of this run")

    async def begin(request: Request) -> Response:
        """Begin a training, or with `dry_run` say what it would be."""
        asked = await json_of(request)
        again = found(str(asked["again"])).path.relative_to(home) if "again" in asked else None
        words = words_of(asked) if again is None else _again(again)
        if asked.get("dry_run") is True:
            text = await run_in_threadpool(_tried, home, words)
            return JSONResponse({"text": text, "command": " ".join(["trombine", *words])})
        place = Path(words[words.index("-o") + 1])
        said = _said(kept, place.relative_to(HOME).as_posix())
        await run_in_threadpool(_begun, home, words, RunFolder(home / place), said)
        return Response(status_code=201)

    async def stop(request: Request) -> Response:
        """Stop a training as Ctrl-C does: it saves and ends."""
        run = (await json_of(request)).get("run")
        trainer = found(str(run)).trainer
        if trainer is None:
            raise HTTPException(409, "it is not being trained; there is nothing to stop")
        with suppress(ProcessLookupError):  # it has just ended
            os.kill(trainer, signal.SIGINT)
        return Response(status_code=202)

    for path, act, method in (
        ("", listed, "GET"),
        ("", begin, "POST"),
        ("/recipes", recipes, "GET"),
        ("/one", one, "GET"),
        ("/file", file, "GET"),
        ("/stop", stop, "POST"),
    ):
        router.add_api_route(path, act, methods=[method], response_class=Response)
    return router


def _refuse_others(request: Request) -> None:
    if not getattr(request.state, HERE, False):
        raise HTTPException(403, _NOT_HERE)


def _pictures(folder: RunFolder) -> dict[str, Any]:
    """The file names of a run's pictures: samples by pictures seen, and their fixed inputs."""
    return {
        "samples": {number: path.name for number, path in folder.sample_files().items()},
        "fixed": {name: path.name for name, path in folder.fixed_files().items()},
        "film": folder.film.name if folder.film.exists() else None,
    }


def words_of(asked: Mapping[str, Any]) -> list[str]:
    """The command for a training; what can be checked without a net is refused here."""
    texts = {name: asked.get(name) or "" for name in ("recipe", "data", "name")}
    settings = asked.get("settings") or []
    if not isinstance(settings, list) or not all(
        isinstance(text, str) for text in (*texts.values(), *settings)
    ):
        raise InputError("a training is asked for by texts", "reload the page, and ask again")
    if texts["recipe"] not in RECIPES:
        raise InputError("there is no such recipe", "choose one of the list")
    name = texts["name"] or texts["recipe"]
    if not _NAME.fullmatch(name) or set(name) == {"."}:
        raise InputError("the run's name is no name of a folder", "take letters and digits")
    changed = settings_of(dict(text.partition("=")[::2] for text in settings))
    with_settings(RECIPES[texts["recipe"]], changed)
    words = ["train", texts["recipe"], "-o", str(HOME / name)]
    if texts["data"]:
        words.append(f"--data={_source(texts['data'])}")
    return words + [f"--{setting}={value}" for setting, value in changed.items()]


def _source(text: str) -> str:
    """The data spec of a training; a plain folder name is accepted too."""
    try:
        parse(text)
    except InputError:
        return of_path(text) or text
    return text


def _again(folder: Path) -> list[str]:
    """The command that resumes a run."""
    return ["train", str(folder / "recipe.json"), "-o", str(folder)]


def _command(words: list[str]) -> list[str]:
    return [sys.executable, "-m", "trombine", *words]


def _tried(home: Path, words: list[str]) -> str:
    """The output of the command's dry run."""
    try:
        done = subprocess.run(
            _command([*words, "--dry-run"]),
            cwd=home,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        problem = f"has not tried itself within {PATIENCE / 60:g} minutes"
        raise InputError(problem, "take a smaller size or batch") from None
    if done.returncode:
        raise InputError(_line(done.stderr))
    return done.stdout.strip()


def _begun(home: Path, words: list[str], folder: RunFolder, said: Path) -> None:
    """Start the command, and wait until it holds the run's lock, has failed, or is slow."""
    said.parent.mkdir(exist_ok=True)
    with said.open("w") as file:
        process = subprocess.Popen(
            _command([*words, "-q"]),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=file,
            start_new_session=True,  # Ctrl-C in the studio's terminal is not meant for it
        )
    Thread(target=process.wait, daemon=True).start()  # so that no zombie is left
    until = time.monotonic() + BEGINNING
    while process.poll() is None and time.monotonic() < until:
        if folder.exists and folder.trainer == process.pid:
            return
        time.sleep(0.1)
    if process.returncode:
        raise InputError(_line(said.read_text()))


def _said(kept: Path, run: str) -> Path:
    """The file with the output of a training."""
    return kept / "trainings" / f"{run.replace('/', ' ')}.txt"


def _last(kept: Path, run: str) -> str:
    """The error of a training that the studio started; "" if there was none."""
    path = _said(kept, run)
    text = path.read_text() if path.exists() else ""
    line = _line(text) if text.strip() else ""
    return "" if line.startswith("stopped; ") else line


def _line(text: str) -> str:
    """The last line of a command's errors."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("trombine: ") if lines else _ENDED
