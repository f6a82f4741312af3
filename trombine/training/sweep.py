"""Many runs of one recipe, each with other settings, and one page that shows them side by side.

The settings are combined as a grid (every value with every other) or zipped (first with first).
Each combination is a run of its own in the sweep's folder, named by its settings; the same sweep
again goes on with the runs that are not over. A run that fails is named, and the rest go on.
The page has a table and the last samples of each run; TensorBoard draws the curves of all.
"""

from __future__ import annotations

import itertools
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final
from urllib.parse import quote

from trombine.core.errors import InputError, OutputError, shown
from trombine.core.grammar import cut
from trombine.core.progress import Progress, Result, log, silent
from trombine.recipes import Recipe, with_settings
from trombine.recipes.file import check_sizes
from trombine.report import Report, check_page, command, link
from trombine.runs.film import read_small
from trombine.runs.folder import RunFolder
from trombine.runs.log import FINISHED, read
from trombine.runs.words import best_value, sentence, state
from trombine.training.config import TrainConfig
from trombine.training.loop import train

PAGE: Final = "index.html"
Settings = Mapping[str, str]
Varied = Sequence[str] | Mapping[str, Iterable[str | float]] | None
"""Texts NAME=VALUE,VALUE, or values by name."""

# What can be wrong with one run and leave the others alone.
FAILURES: Final = (InputError, ValueError)


@final
@dataclass(frozen=True, kw_only=True)
class Sweep:
    """What is to be trained how often."""

    name: str  # of the recipe
    recipe: Recipe  # with what all runs share
    folder: Path
    combinations: tuple[Settings, ...]
    command: str = ""  # that trains one
    sweep_command: str = ""  # the command that asked for all
    tensorboard: bool = True


@final
@dataclass(frozen=True, kw_only=True)
class Point:
    """A combination, and the recipe that it makes."""

    settings: Settings
    recipe: Recipe | None
    why: str = ""  # there is none

    @property
    def name(self) -> str:
        """What its run is called."""
        return name_of(self.settings)


# What is asked for


def combinations(grid: Varied, zip_: Varied = None) -> tuple[Settings, ...]:
    """The settings of each run, from NAME=VALUE,VALUE each: grids times what is zipped."""
    crossed = [_values(text) for text in texts_of(grid)]
    paired = [_values(text) for text in texts_of(zip_)]
    names = [name for name, _ in (*crossed, *paired)]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InputError(f"{', '.join(sorted(twice))}: is varied twice; name each setting once")
    if not names:
        raise InputError("nothing varies; give --grid NAME=VALUE,VALUE or --zip with several")
    lengths = {len(values) for _, values in paired}
    if len(lengths) > 1:
        counts = ", ".join(f"{name} {len(values)}" for name, values in paired)
        raise InputError(f"what is zipped has as many values each; here {counts}")
    together = [dict(zip((n for n, _ in paired), row, strict=True)) for row in _rows(paired)]
    apart = [
        dict(zip((name for name, _ in crossed), row, strict=True))
        for row in itertools.product(*(values for _, values in crossed))
    ]
    return tuple({**outer, **inner} for outer in apart for inner in together)


def _rows(paired: Sequence[tuple[str, list[str]]]) -> list[tuple[str, ...]]:
    return list(zip(*(values for _, values in paired), strict=True)) if paired else [()]


def _values(text: str) -> tuple[str, list[str]]:
    """A name and its values. A net has commas of its own: then semicolons stand between values."""
    name, equals, listed = text.partition("=")
    values = [value.strip() for value in cut(listed, ";" if ";" in listed else ",")]
    if not name.strip() or not equals or not all(values):
        raise InputError(f"what varies is written NAME=VALUE,VALUE, not {text!r}")
    return name.strip().replace("-", "_"), values


def texts_of(varied: Varied) -> list[str]:
    """NAME=VALUE,VALUE for each setting that varies; a program may give {name: values}."""
    if not isinstance(varied, Mapping):
        return list(varied or ())
    texts = {name: [str(value) for value in values] for name, values in varied.items()}
    return [
        f"{name}={(';' if ',' in ''.join(values) else ',').join(values)}"
        for name, values in texts.items()
    ]


def check_shared(varied: Iterable[Settings], shared: Settings) -> None:
    """Refuse a setting that is to be the same for all and to vary."""
    names = {name for settings in varied for name in settings}
    if repeated := sorted(names & {name.replace("-", "_") for name in shared}):
        named = " and ".join(repeated)
        raise InputError(f"{named}: is given for all runs and varied; leave one of the two out")


def points(request: Sweep) -> list[Point]:
    """Every combination with its recipe; an InputError where none makes one."""
    result = [_point(request.recipe, settings) for settings in request.combinations]
    if all(point.recipe is None for point in result):
        raise InputError(result[0].why)
    return result


def _point(recipe: Recipe, settings: Settings) -> Point:
    try:
        changed = with_settings(recipe, settings)
        check_sizes(changed)
    except InputError as error:
        return Point(settings=settings, recipe=None, why=str(error))
    return Point(settings=settings, recipe=changed)


# Training


def sweep(request: Sweep, progress: Progress | None = None) -> Result:
    """Train every combination that is not trained yet; then write the page of all."""
    runs = list({point.name: point for point in points(request)}.values())  # each once
    _check_folder(request.folder)
    progress = progress or silent
    notices: list[str] = []
    failed: dict[str, str] = {}
    kept = 0
    page, written = request.folder / PAGE, tuple[Path, ...]()
    for number, point in enumerate(runs):
        progress(number, len(runs), f"{number + 1} of {len(runs)}, {point.name}")
        try:
            result = _train_one(request, point, progress, number, len(runs))
            kept += result.kept
            notices += [f"{point.name}: {text}" for text in result.notices]
        except OutputError:  # a disk that cannot be written fails the next one too
            raise
        except FAILURES as error:
            place = f"{shown(request.folder / point.name)}: "
            failed[point.name] = " ".join(str(error).split()).removeprefix(place)
            log.error(f"skipped {shown(request.folder / point.name)}: {failed[point.name]}")
        written = page_of(request, runs, failed).write(page)
    progress(len(runs), len(runs), "runs")
    if failed and len(runs) == 1:
        raise InputError(failed[runs[0].name], path=request.folder / runs[0].name)
    for path in written:
        log.info(shown(path))
    parts = [f"{len(runs) - kept - len(failed)} trained"]
    parts += [f"{kept} kept that {'was' if kept == 1 else 'were'} over"] if kept else []
    parts += [f"{len(failed)} failed: {', '.join(failed)}"] if failed else []
    return Result(
        summary=f"{', '.join(parts)}; {shown(page)}",
        written=written,
        kept=kept,
        skipped={request.folder / name: why for name, why in failed.items()},
        notices=tuple(notices),
    )


def _check_folder(folder: Path) -> None:
    """Refuse a folder whose page is a run's or somebody else's: the sweep's would replace it."""
    if RunFolder(folder).exists:
        raise InputError(
            "is a run, and a sweep has a folder of its own", "give another -o", path=folder
        )
    check_page(folder / PAGE)


def name_of(settings: Settings) -> str:
    """A folder's name that tells its settings."""
    return ",".join(f"{name}={value.replace('/', '_')}" for name, value in settings.items())


def _is_over(point: Point, folder: RunFolder) -> bool:
    """Whether a run of these settings is there and has nothing left to do."""
    if point.recipe is None or not folder.exists or read(folder).state != FINISHED:
        return False
    return folder.read_recipe().get("settings") == point.recipe.plain()


def _train_one(request: Sweep, point: Point, progress: Progress, number: int, count: int) -> Result:
    """Train one combination, unless it is over. Its steps are a share of one of the sweep's."""
    folder = RunFolder(request.folder / point.name)
    if point.recipe is None:
        raise InputError(point.why)

    def share(done: float, of: float, unit: str) -> None:
        text = f"{point.name}: {done:,.0f} of {of:,.0f} {unit}"
        progress(number + done / max(of, 1), count, text)

    if _is_over(point, folder):
        return Result(kept=1)
    log.info(f"{point.name}: run {number + 1} of {count}")
    return train(_config(request, point, point.recipe, folder.path), share)


def _config(request: Sweep, point: Point, recipe: Recipe, place: Path) -> TrainConfig:
    words = [f"--{n.replace('_', '-')} {shlex.quote(v)}" for n, v in point.settings.items()]
    return TrainConfig(
        name=request.name,
        recipe=recipe,
        folder=place,
        tensorboard=request.tensorboard,
        command=" ".join([request.command, *words]).strip(),
    )


# The page


def page_of(request: Sweep, runs: Sequence[Point], failed: Mapping[str, str]) -> Report:
    """All runs on one page, and the table as CSV: settings, how each went, its last samples."""
    report = Report(
        title=f"{request.name}, {len(runs)} run{'' if len(runs) == 1 else 's'}",
        lead=sentence(request.recipe.about),
        foot=command(request.sweep_command) if request.sweep_command else "",
    )
    folders = {RunFolder(request.folder / point.name): point.settings for point in runs}
    varied = list(request.combinations[0])
    rows = [
        list(_row(folder, settings, varied, failed.get(folder.name, "")))
        for folder, settings in folders.items()
    ]
    report.section("Runs")
    heads = ["Run", *varied, "Best", "Pictures seen", "State"]
    report.table(heads, rows, caption="Runs", words=True, csv=True)
    pictures = []
    for folder in folders:
        files = folder.sample_files()
        if files and (pixels := read_small(files[max(files)])) is not None:
            pictures.append((pixels, folder.name))
    if pictures:
        columns = max(2, min(4, len(pictures)))  # one alone would be larger than its pixels
        report.section("Samples", "The last of each run.").pictures(pictures, columns=columns)
    return report


def _row(
    folder: RunFolder, settings: Settings, varied: Sequence[str], failed: str
) -> Iterator[str]:
    """A run's name, which leads to its page, its settings, and how it went."""
    summary = read(folder) if folder.exists else None
    # Signs such as # and % would mislead in an address.
    page = quote(os.fsencode(f"{folder.name}/{folder.page.name}"), safe="/=,;+@!$'()*")
    yield link(page, folder.name) if summary else folder.name
    yield from (settings.get(setting, "–") for setting in varied)
    best = summary.best if summary else None
    yield f"{best_value(best)} after {best.pictures:,}" if best else "–"
    yield f"{summary.pictures:,}" if summary else "–"
    yield failed or (state(summary) if summary else "not begun")
