"""Many runs of one recipe, each with other settings, and one page that shows them side by side.

The settings are combined as a grid (every value with every other) or zipped (first with first).
Each combination is a run of its own in the sweep's folder, named by its settings; the same sweep
again goes on with the runs that are not over. A run that fails is named, and the rest go on.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from trombine.events import Done, Event, Notice, Picture, Progress, Skipped, Started
from trombine.files import OutputError, PictureError, shown, write_bytes
from trombine.nets import NetError
from trombine.objectives import ObjectiveError
from trombine.pages import Html, Page, Plot, element, grid, picture, plots, table
from trombine.recipes import Recipe, RecipeError, with_settings
from trombine.runs.curves import plots_of
from trombine.runs.folder import RunFolder
from trombine.runs.frames import Pixels, read_pixels
from trombine.runs.log import FINISHED, Curve, Story, read
from trombine.training.loop import Order, TrainingError, train

PAGE: Final = "index.html"
Settings = Mapping[str, str]

# What can be wrong with one run and leave the others alone.
FAILURES: Final = (TrainingError, RecipeError, ObjectiveError, NetError, PictureError, ValueError)


@final
@dataclass(frozen=True, kw_only=True)
class Sweep:
    """What is to be trained how often."""

    name: str  # of the recipe
    recipe: Recipe  # with what all runs share
    folder: Path
    combinations: tuple[Settings, ...]
    command: str = ""
    board: bool = True


def combinations(grids: Sequence[str], zips: Sequence[str]) -> tuple[Settings, ...]:
    """The settings of each run, from texts NAME=VALUE,VALUE: grids times what is zipped."""
    crossed = [_values(text) for text in grids]
    paired = [_values(text) for text in zips]
    names = [name for name, _ in (*crossed, *paired)]
    if twice := {name for name in names if names.count(name) > 1}:
        raise RecipeError(f"{', '.join(sorted(twice))}: is varied twice; name each setting once")
    if not names:
        raise RecipeError("nothing varies; give --grid NAME=VALUE,VALUE or --zip with several")
    lengths = {len(values) for _, values in paired}
    if len(lengths) > 1:
        counts = ", ".join(f"{name} {len(values)}" for name, values in paired)
        raise RecipeError(f"what is zipped has as many values each; here {counts}")
    together = [dict(zip((n for n, _ in paired), row, strict=True)) for row in _rows(paired)]
    apart = [
        dict(zip((name for name, _ in crossed), row, strict=True))
        for row in itertools.product(*(values for _, values in crossed))
    ]
    return tuple({**one, **other} for one in apart for other in together)


def _rows(paired: Sequence[tuple[str, list[str]]]) -> list[tuple[str, ...]]:
    return list(zip(*(values for _, values in paired), strict=True)) if paired else [()]


def _values(text: str) -> tuple[str, list[str]]:
    name, equals, rest = text.partition("=")
    values = [value.strip() for value in rest.split(",")]
    if not name.strip() or not equals or not all(values):
        raise RecipeError(f"what varies is written NAME=VALUE,VALUE, not {text!r}")
    return name.strip().replace("-", "_"), values


def sweep(asked: Sweep) -> Iterator[Event]:
    """Train every combination that is not trained yet; then write the page of all."""
    total = len(asked.combinations)
    failed: dict[str, str] = {}
    kept = 0
    yield Started(total, "runs")
    for number, settings in enumerate(asked.combinations, start=1):
        place = asked.folder / name_of(settings)
        folder = RunFolder(place)
        if folder.exists and read(folder).state == FINISHED and _is_same(asked, settings, folder):
            kept += 1
        else:
            why = yield from _tried(asked, settings, place, number)
            if why:
                failed[place.name] = why
                yield Skipped(place, why)
        write_bytes(asked.folder / PAGE, page_of(asked, failed).html().encode())
        yield Progress(number, total, "runs")
    page = asked.folder / PAGE
    yield Picture(page, page.name)
    trained = total - kept - len(failed)
    parts = [f"{trained} trained"]
    parts += [f"{kept} kept that were over"] if kept else []
    parts += [f"{len(failed)} failed: {', '.join(failed)}"] if failed else []
    yield Done(f"{', '.join(parts)}; {shown(page)}", trained, len(failed), kept)


def name_of(settings: Settings) -> str:
    """A folder's name that tells its settings."""
    return ",".join(f"{name}={value.replace('/', '_')}" for name, value in settings.items())


def _order(asked: Sweep, settings: Settings, place: Path) -> Order:
    words = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in settings.items())
    return Order(
        name=asked.name,
        recipe=with_settings(asked.recipe, settings),
        folder=place,
        board=asked.board,
        command=f"{asked.command} {words}".strip(),
    )


def _is_same(asked: Sweep, settings: Settings, folder: RunFolder) -> bool:
    """Whether a run that is over was of these settings; if not, training says what differs."""
    kept = folder.read_recipe().get("settings")
    try:
        return kept == with_settings(asked.recipe, settings).plain()
    except RecipeError:
        return False


def _tried(
    asked: Sweep, settings: Settings, place: Path, number: int
) -> Generator[Event, None, str]:
    """Train one combination; returns why it failed, or nothing."""
    before = f"{number} of {len(asked.combinations)}, {place.name}"
    try:
        for event in train(_order(asked, settings, place)):
            if isinstance(event, Notice):
                yield Notice(event.file, f"{before}: {event.text}")
            elif isinstance(event, Progress):
                share = f"{before}: {event.done:,} of {event.total:,} {event.what}"
                yield Progress(number - 1, len(asked.combinations), share)
    except OutputError:  # a disk that cannot be written fails the next one too
        raise
    except FAILURES as error:
        return " ".join(str(error).splitlines())
    return ""


# ---------------------------------------------------------------------------------------------
# The page of a sweep


def page_of(asked: Sweep, failed: Mapping[str, str]) -> Page:
    """All runs on one page: a table, the same faces of each, the same measure over time."""
    names = [name_of(settings) for settings in asked.combinations]
    folders = {name: RunFolder(asked.folder / name) for name in names}
    stories = {name: read(folder) for name, folder in folders.items() if folder.exists}
    page = Page(
        title=f"{asked.name}, {len(names)} runs",
        lead=f"{asked.recipe.about.capitalize()}. {len(stories)} of {len(names)} runs begun.",
        foot=element("code", {}, asked.command) if asked.command else Html(""),
    )
    rows = [_row(name, settings, stories, failed) for name, settings in _pairs(asked, names)]
    varied = list(asked.combinations[0])
    columns = ["Run", *varied, "Best", "At", "Pictures seen", "State"]
    page.section(
        "Runs",
        "Measured on pictures kept for choosing, the same for all.",
        table(columns, rows, caption="Runs, in the order they were asked for", words=True),
    )
    pictures = [
        picture(pixels, f"samples of {name}", caption=name)
        for name, pixels in _samples(folders).items()
    ]
    if pictures:
        text = "The last samples of each run, of the same fixed faces."
        page.section("The same faces", text, grid(pictures, columns=min(4, len(pictures))))
    drawn = _plots(stories)
    if drawn:
        page.section("Measures", "Each run's measure as it learned.", plots(*drawn))
    return page


def _pairs(asked: Sweep, names: Sequence[str]) -> Iterator[tuple[str, Settings]]:
    yield from zip(names, asked.combinations, strict=True)


def _row(
    name: str, settings: Settings, stories: Mapping[str, Story], failed: Mapping[str, str]
) -> list[str]:
    """A run's line of the table; its name leads to its own page."""
    values = list(settings.values())
    if name not in stories:
        return [name, *values, "–", "–", "–", failed.get(name, "not begun")]
    story = stories[name]
    link = element("a", {"href": f"{name}/{PAGE}"}, name)
    best = f"{story.best.measure} {story.best.value:.4g}" if story.best else "–"
    at = f"{story.best.pictures:,}" if story.best else "–"
    return [link, *values, best, at, f"{story.pictures:,}", failed.get(name, story.state)]


def _samples(folders: Mapping[str, RunFolder]) -> dict[str, Pixels]:
    """The newest sample of each run that has one."""
    found: dict[str, Pixels] = {}
    for name, folder in folders.items():
        files = folder.sample_files()
        pixels = read_pixels(files[max(files)]) if files else None
        if pixels is not None:
            found[name] = pixels
    return found


def _plots(stories: Mapping[str, Story]) -> list[Plot]:
    """A plot for each measure, all runs in it."""
    names = dict.fromkeys(
        (protocol, measure)
        for story in stories.values()
        for protocol, curves in story.measures.items()
        for measure in curves
    )
    drawn: list[Plot] = []
    for protocol, measure in names:
        held: dict[str, Curve] = {
            name: story.measures[protocol][measure]
            for name, story in stories.items()
            if measure in story.measures.get(protocol, {})
        }
        drawn += list(plots_of(measure, held, ""))
    return drawn
