"""The trainings in the folder where the studio was opened, as `trombine runs` shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from trombine.commands.runs import COLUMNS, row, runs_of
from trombine.core.errors import InputError
from trombine.runs import page
from trombine.runs.folder import RunFolder
from trombine.runs.log import read

_NOT_HERE: Final = (
    "trainings are for who sits at the machine that the studio runs on; open its link there"
)


def _refuse_others(request: Request) -> None:
    if not request.state.here:
        raise HTTPException(403, _NOT_HERE)


def runs_router(home: Path) -> APIRouter:
    """The paths of the runs in a folder, for who sits at this machine."""
    router = APIRouter(
        prefix="/api/runs",
        dependencies=[Depends(_refuse_others)],
        include_in_schema=False,
        default_response_class=Response,
    )

    def found(name: str) -> RunFolder:
        runs = runs_of(home)
        if name not in runs:
            raise HTTPException(404, "there is no such run; it may have been moved")
        return runs[name]

    @router.get("")
    def listed() -> Response:
        """A row per run, the last changed first."""
        rows = []
        for name, folder in runs_of(home).items():
            try:
                rows.append(row(name, folder))
            except InputError as error:  # damaged: the others are shown all the same
                rows.append((name, *("–" for _ in COLUMNS[2:-1]), error.why, "–"))
        rows.sort(key=lambda cells: cells[-1], reverse=True)
        return JSONResponse({"columns": COLUMNS, "rows": rows})

    @router.get("/one")
    def one(run: str = "") -> Response:
        """The page of a run; its pictures are separate files."""
        folder = found(run)
        summary = read(folder)
        sheet = page.page(folder, summary, samples=False)
        return JSONResponse(
            {
                "title": summary.title,
                "lead": sheet.lead,
                "sections": sheet.parts,
                "samples": {seen: path.name for seen, path in folder.sample_files().items()},
                "fixed": {name: path.name for name, path in folder.fixed_files().items()},
                "film": folder.film.name if folder.film.exists() else None,
            }
        )

    @router.get("/file")
    def file(run: str = "", name: str = "") -> Response:
        """A picture or the film of a run."""
        folder = found(run)
        files = [*folder.sample_files().values(), *folder.fixed_files().values(), folder.film]
        for path in files:
            if path.name == name and path.is_file():
                return FileResponse(path)
        raise HTTPException(404, "there is no such picture of this run")

    return router
