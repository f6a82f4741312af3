"""`runs list | show`: the runs of a folder, or one run.

A run's folder is in runs/folder.py, its log in runs/log.py, its page in runs/page.py. TensorBoard
compares runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from trombine.commands.options import verb
from trombine.core.errors import InputError, shown
from trombine.core.progress import Result, log
from trombine.core.texts import aligned
from trombine.runs.folder import RunFolder
from trombine.runs.log import RunSummary, cost_rows, pictures_of, read
from trombine.runs.page import write_film, write_page

HOME: Final = Path("runs")
"""Where runs are unless another place is named."""
COLUMNS: Final = ("run", "recipe", "data", "pictures", "best", "state", "last change")
_WIDEST: Final = 40  # letters of a cell


@verb
def runs_list(folder: Path = HOME, /) -> Result:
    """List the runs of a folder and its sweeps: data, pictures seen, best, state.

    For example:
      trombine runs list

    Parameters
    ----------
    folder
        The folder of the runs. [runs]
    """
    rows, notices = [], []
    for name, run in runs_of(folder).items():
        try:
            # A run's name is whole: it is what the other commands are given.
            cells = (c if len(c) <= _WIDEST else f"{c[: _WIDEST - 1]}…" for c in row(name, run)[1:])
            rows.append((shown(name), *cells))
        except InputError as error:
            notices.append(str(error))
            log.warning(str(error))
    nothing = f"no runs in {shown(folder)}; trombine train makes them there"
    text = "\n".join(aligned([COLUMNS, *rows])) if rows else nothing
    return Result(summary=text, notices=tuple(notices))


@verb
def runs_show(run: Path, /) -> Result:
    """Say how a run went, and write its page and film again.

    For example:
      trombine runs show first

    Parameters
    ----------
    run
        A path, a name in the folder runs, or SWEEP/RUN.
    """
    folder = find_run(run)
    film = write_film(folder)
    page = write_page(folder)
    history = read(folder)
    facts = [*_facts(history), ("page", str(page))]
    facts += [("film", str(film))] if film else []
    lines = map(shown, [history.title, *(f"  {line}" for line in aligned(facts))])
    return Result(summary="\n".join(lines), written=(page, film) if film else (page,))


def runs_of(folder: Path) -> dict[str, RunFolder]:
    """The runs of a folder and of its sweeps, by name."""
    paths = {folder.name: folder} if folder.is_dir() else {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        paths[path.name] = path
        if path.is_dir() and not RunFolder(path).exists:
            paths |= {f"{path.name}/{inside.name}": inside for inside in sorted(path.iterdir())}
    folders = {name: RunFolder(path) for name, path in paths.items() if path.is_dir()}
    return {name: run for name, run in folders.items() if run.exists}


def row(name: str, folder: RunFolder) -> tuple[str, ...]:
    """The cells of COLUMNS for a run."""
    history = read(folder)
    # The last batch may reach beyond what was asked.
    goal = max(history.goal or 0, history.pictures)
    files = (folder.recipe, folder.log, folder.clocks)
    last = max(path.stat().st_mtime for path in files if path.exists())
    return (
        shown(name),
        shown(str(history.recipe.get("recipe") or "–")),
        shown(str(history.settings.get("data") or "–")),
        f"{history.pictures:,}" + (f" of {goal:,}" if history.goal else ""),
        shown(str(history.best)) if history.best else "–",
        shown(history.how),
        f"{datetime.fromtimestamp(last):%Y-%m-%d %H:%M}",
    )


def _facts(history: RunSummary) -> Iterator[tuple[str, str]]:
    yield "state", f"{history.how}, {history.progress}"
    if history.settings.get("data"):
        yield "data", str(history.settings["data"])
    if best := history.best:
        line = f"{best}, after {best.pictures:,} pictures"
        yield "best", f"{line} (protocol {best.protocol})" if best.protocol else line
    for alarm in history.of_kind("alarm")[-3:]:
        parts = (alarm.get("alarm"), alarm.get("text"), alarm.get("did"))
        at = f"after {pictures_of(alarm):,} pictures"
        yield "alarm", f"{at}: {', '.join(str(part) for part in parts if part)}"
    cost = dict(cost_rows(history))
    times = {"CPU time": "CPU time", "GPU time": "GPU time", "Wall time": "wall time"}
    spent = [f"{name} {cost[row]}" for row, name in times.items() if row in cost]
    yield "cost", ", ".join([f"{cost['Pictures computed']} pictures", *spent])
    if history.command:
        yield "again", history.command


def find_run(run: Path) -> RunFolder:
    """The run at this path, or of this name in the folder runs."""
    for path in (run, HOME / run):
        if RunFolder(path).exists:
            return RunFolder(path)
        if runs_of(path):
            raise InputError("is a folder of runs", f"trombine runs list {shown(path)}", path=run)
    problem = "is no run" if run.exists() else "does not exist"
    raise InputError(problem, f"trombine runs list shows those in {HOME}", path=run)
