"""`runs list | show`: the runs of a folder, or one run.

A run's folder is in runs/folder.py, its log in runs/log.py, its page in runs/page.py. TensorBoard
compares runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from trombine.commands.options import verb
from trombine.core.errors import InputError, shown
from trombine.core.progress import Result, log
from trombine.core.texts import aligned
from trombine.runs import words
from trombine.runs.film import write_film
from trombine.runs.folder import RunFolder, mapping
from trombine.runs.log import RunSummary, pictures_of, read
from trombine.runs.page import write_page

HOME: Final = Path("runs")
"""Where runs are unless another place is named."""
COLUMNS: Final = ("run", "recipe", "data", "pictures", "best", "state", "last change")
_WIDEST: Final = 40  # letters of a cell
_LAST: Final = 6  # values of the last line of training


@verb
def runs_list(folder: Path = HOME, /) -> Result:
    """List the runs of a folder, those of its sweeps too: data, pictures seen, best, state.

    For example:
      trombine runs list

    Parameters
    ----------
    folder
        The folder of the runs. [runs]
    """
    rows, notices = _rows(runs_of(folder))
    nothing = f"no runs in {shown(folder)}; trombine train makes them there"
    return Result(summary=columns(rows) if rows else nothing, notices=notices)


@verb
def runs_show(run: Path, /) -> Result:
    """Say how a run went, write its page and film again; for a sweep, list its runs.

    For example:
      trombine runs show first

    Parameters
    ----------
    run
        A path, a name in the folder runs, or SWEEP/RUN.
    """
    if sweep := sweep_at(run):
        return _show_sweep(sweep)
    folder = find_run(run)
    film = write_film(folder)
    page = write_page(folder)
    history = read(folder)
    facts = [*_facts(history), ("page", str(page))]
    facts += [("film", str(film))] if film else []
    lines = map(shown, [words.title(history), *(f"  {line}" for line in aligned(facts))])
    return Result(summary="\n".join(lines), written=(page, film) if film else (page,))


def runs_of(folder: Path) -> dict[str, RunFolder]:
    """The runs of a folder and of its sweeps, by name."""
    root = RunFolder(folder)
    folders = {root.name: root} if root.exists else {}
    for path in _inside(folder):
        alone = RunFolder(path)
        folders |= {path.name: alone} if alone.exists else _runs_in(path, f"{path.name}/")
    return folders


def _inside(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _runs_in(folder: Path, prefix: str = "") -> dict[str, RunFolder]:
    """The runs of a sweep's folder, by name."""
    runs = {f"{prefix}{path.name}": RunFolder(path) for path in _inside(folder)}
    return {name: run for name, run in runs.items() if run.exists}


def _rows(folders: Mapping[str, RunFolder]) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
    """A row for each readable run, and the errors of the others."""
    rows, notices = [], []
    for name, folder in folders.items():
        try:
            rows.append(row(name, folder))
        except InputError as error:
            notices.append(str(error))
            log.warning(str(error))
    return rows, tuple(notices)


def row(name: str, folder: RunFolder) -> tuple[str, ...]:
    """The cells of COLUMNS for a run."""
    history = read(folder)
    best = history.best
    goal = max(
        history.goal or 0, history.pictures
    )  # the last batch may reach beyond what was asked
    count = f"{history.pictures:,}" + (f" of {goal:,}" if history.goal else "")
    return (
        shown(name),
        shown(str(history.recipe.get("recipe") or "–")),
        shown(str(history.settings.get("data") or "–")),
        count,
        shown(words.best_value(best)) if best else "–",
        shown(words.state(history)),
        _changed(folder),
    )


def _changed(folder: RunFolder) -> str:
    """The time of the run's last change, in local time."""
    files = (folder.recipe, folder.log, folder.clocks)
    last = max(path.stat().st_mtime for path in files if path.exists())
    try:
        return f"{datetime.fromtimestamp(last):%Y-%m-%d %H:%M}"
    except (OverflowError, ValueError):  # beyond the calendar
        return "–"


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows under the heads, in aligned columns."""
    # A run's name is whole: it is what the other verbs are given.
    plain = [list(map(shown, row)) for row in (COLUMNS, *rows)]  # a cell may be from a file
    cells = [[name, *map(_cut, values)] for name, *values in plain]
    return "\n".join(aligned(cells))


def _cut(cell: str) -> str:
    return cell if len(cell) <= _WIDEST else f"{cell[: _WIDEST - 1]}…"


def _show_sweep(sweep: Path) -> Result:
    """A sweep's runs; its page is written by `sweep`."""
    runs = _runs_in(sweep, f"{sweep.name}/")
    page = RunFolder(sweep).page
    kind = "a sweep" if page.exists() else "a folder"
    lines = [f"{shown(sweep)}: {kind} of {len(runs)} run{'' if len(runs) == 1 else 's'}"]
    lines += [f"page: {shown(page)}"] if page.exists() else []
    rows, notices = _rows(runs)
    return Result(summary="\n".join([*lines, columns(rows)]), notices=notices)


def sweep_at(path: Path) -> Path | None:
    """The sweep at this path, or of this name in the folder runs; None if there is none."""
    for place in (path, HOME / path):
        if RunFolder(place).exists:
            return None
        if _runs_in(place):
            return place
    return None


def _facts(history: RunSummary) -> Iterator[tuple[str, str]]:
    yield "state", f"{words.state(history)}, {words.progress(history)}"
    if history.settings.get("data"):
        yield "data", str(history.settings["data"])
    if best := history.best:
        line = f"{words.best_value(best)}, after {best.pictures:,} pictures"
        yield "best", f"{line} (protocol {best.protocol})" if best.protocol else line
    if losses := words.last_losses(history.curves):
        parts = (f"{name} {words.short(n)}" for name, n in losses[:_LAST])
        yield "losses", ", ".join(parts)
    for change in history.changes[-3:]:
        parts = words.flat(mapping(change.get("settings"))).items()
        new = ", ".join(f"{n.removeprefix('nets.')} {words.spelled(v)}" for n, v in parts)
        yield "change", f"after {pictures_of(change.get('pictures')):,} pictures: {new}"
    for alarm in history.alarms[-3:]:
        parts = (alarm.get("alarm"), alarm.get("text"), alarm.get("did"))
        at = f"after {pictures_of(alarm.get('pictures')):,} pictures"
        yield "alarm", f"{at}: {', '.join(str(part) for part in parts if part)}"
    cost = dict(words.cost_rows(history))
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
    problem = "is no run" if run.exists() else "does not exist"
    raise InputError(problem, f"trombine runs list shows those in {HOME}", path=run)
