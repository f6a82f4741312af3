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
from trombine.core.texts import counted
from trombine.recipes import Recipe, check_sizes, with_settings
from trombine.report import Report, check_page, command, link
from trombine.runs.folder import RunFolder
from trombine.runs.log import FINISHED, read, sentence
from trombine.runs.page import read_small
from trombine.training.config import TrainConfig
from trombine.training.loop import train

PAGE: Final = "index.html"
Settings = Mapping[str, str]
Varied = Sequence[str] | Mapping[str, Iterable[str | float]] | None
"""Texts NAME=VALUE,VALUE, or values by name."""


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


# What is asked for


def combinations(grid: Varied, zip_: Varied = None) -> tuple[Settings, ...]:
    """The settings of each run, from NAME=VALUE,VALUE each: grids times what is zipped."""
    crossed, paired = ([_values(text) for text in texts_of(varied)] for varied in (grid, zip_))
    names = [name for name, _ in (*crossed, *paired)]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InputError(f"{', '.join(sorted(twice))}: is varied twice; name each setting once")
    if not names:
        raise InputError("nothing varies; give --grid NAME=VALUE,VALUE or --zip with several")
    lengths = {len(values) for _, values in paired}
    if len(lengths) > 1:
        counts = ", ".join(f"{name} {len(values)}" for name, values in paired)
        raise InputError(f"what is zipped has as many values each; here {counts}")
    crosses = itertools.product(*(values for _, values in crossed))
    pairs = [*zip(*(values for _, values in paired), strict=True)] if paired else [()]
    rows = itertools.product(crosses, pairs)
    return tuple(dict(zip(names, (*cross, *pair), strict=True)) for cross, pair in rows)


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


# Training


def sweep(request: Sweep, progress: Progress | None = None) -> Result:
    """Train every combination that is not trained yet; then write the page of all."""
    runs = {name_of(settings): settings for settings in request.combinations}  # each once
    page, step = request.folder / PAGE, progress or silent
    if RunFolder(request.folder).exists:
        problem = "is a run, and a sweep has a folder of its own"
        raise InputError(problem, "give another -o", path=request.folder)
    check_page(page)
    failed, notices, kept = dict[str, str](), list[str](), 0
    written = tuple[Path, ...]()
    for number, (name, settings) in enumerate(runs.items()):
        try:
            result = _train_one(request, name, settings, step, number)
            kept += result.kept
            notices += [f"{name}: {text}" for text in result.notices]
        except OutputError:  # a disk that cannot be written fails the next one too
            raise
        except (InputError, ValueError) as error:  # wrong with this one alone
            place = f"{shown(request.folder / name)}: "
            failed[name] = " ".join(str(error).split()).removeprefix(place)
            log.error(f"skipped {shown(request.folder / name)}: {failed[name]}")
        if any(RunFolder(request.folder / run).exists for run in runs):  # not before one has begun
            written = page_of(request, runs, failed).write(page)
        if len(failed) == len(runs):
            raise InputError(next(iter(failed.values())), path=request.folder / next(iter(failed)))
    step(len(runs), len(runs), "runs")
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


def name_of(settings: Settings) -> str:
    """A folder's name that tells its settings."""
    return ",".join(f"{name}={value.replace('/', '_')}" for name, value in settings.items())


def _train_one(
    request: Sweep, name: str, settings: Settings, step: Progress, number: int
) -> Result:
    """Train one combination, unless it is over. Its steps are a share of one of the sweep's."""
    recipe, folder = with_settings(request.recipe, settings), RunFolder(request.folder / name)
    check_sizes(recipe)
    count = len(request.combinations)

    def share(done: float, of: float, unit: str) -> None:
        step(number + done / max(of, 1), count, f"{name}: {done:,.0f} of {of:,.0f} {unit}")

    is_over = folder.exists and read(folder).state == FINISHED
    if is_over and folder.read_recipe().get("settings") == recipe.plain():
        return Result(kept=1)
    log.info(f"{name}: run {number + 1} of {count}")
    words = [f"--{n.replace('_', '-')} {shlex.quote(v)}" for n, v in settings.items()]
    config = TrainConfig(
        name=request.name,
        recipe=recipe,
        folder=folder.path,
        tensorboard=request.tensorboard,
        command=" ".join([request.command, *words]).strip(),
    )
    return train(config, share)


# The page


def page_of(request: Sweep, runs: Mapping[str, Settings], failed: Mapping[str, str]) -> Report:
    """All runs on one page, and the table as CSV: settings, how each went, its last samples."""
    report = Report(
        title=f"{request.name}, {counted(len(runs), 'run')}",
        lead=sentence(request.recipe.about),
        foot=command(request.sweep_command) if request.sweep_command else "",
    )
    varied, rows, pictures = list(request.combinations[0]), list[list[str]](), []
    for name, settings in runs.items():
        folder = RunFolder(request.folder / name)
        rows.append([*_row(folder, [settings[one] for one in varied], failed.get(name, ""))])
        files = folder.sample_files()
        if files and (pixels := read_small(files[max(files)])) is not None:
            pictures.append((pixels, name))
    report.section("Runs")
    heads = ["Run", *varied, "Best", "Pictures seen", "State"]
    report.table(heads, rows, caption="Runs", words=True, csv=True)
    if pictures:
        columns = max(2, min(4, len(pictures)))  # one alone would be larger than its pixels
        report.section("Samples", "The last of each run.").pictures(pictures, columns=columns)
    return report


def _row(folder: RunFolder, values: list[str], failed: str) -> Iterator[str]:
    """A run's name, which leads to its page, its settings, and how it went."""
    summary = read(folder) if folder.exists else None
    # Signs such as # and % would mislead in an address.
    page = quote(os.fsencode(f"{folder.name}/{folder.page.name}"), safe="/=,;+@!$'()*")
    yield link(page, folder.name) if summary else folder.name
    yield from values
    best = summary.best if summary else None
    yield f"{best} after {best.pictures:,}" if best else "–"
    yield f"{summary.pictures:,}" if summary else "–"
    yield failed or (summary.how if summary else "not begun")
