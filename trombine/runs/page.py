"""index.html of a run: what it made, how it went, what it cost, and how to go on.

It is one file that asks nothing of another, written anew as training goes. Its plots are in
curves.py, its tables in tables.py, its pictures in frames.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from trombine.files import write_bytes
from trombine.pages import (
    Html,
    Page,
    Plot,
    command,
    element,
    grid,
    note,
    picture,
    plots,
    scrubber,
)
from trombine.runs import curves, meaning, tables
from trombine.runs.folder import RunFolder
from trombine.runs.frames import Pixels, read_small, read_strip
from trombine.runs.log import FINISHED, RunSummary, read

_SAMPLES = """What the nets make of the same fixed things, over the run. Drag the slider, or press
the arrow keys on it."""


def write_page(folder: RunFolder) -> Path:
    """Write index.html from what is there now; returns the file."""
    story = read(folder)
    write_bytes(folder.page, page(folder, story).html().encode())
    return folder.page


def page(folder: RunFolder, story: RunSummary) -> Page:
    """The page of a run; what is not there yet is left out."""
    about = tables.sentence(str(story.settings.get("about") or ""))
    lead = " ".join(part for part in (about, tables.state_line(story)) if part)
    made = story.recipe.get("version")
    made_by = f"Written by trombine {made} beside the run's files." if made else ""
    sheet = Page(title=title(story), lead=lead, foot=made_by)
    _samples(sheet, folder, story)
    _measures(sheet, story)
    _course(sheet, story)
    _events(sheet, story)
    _going_on(sheet, story, folder)
    _configuration(sheet, story)
    return sheet


def title(story: RunSummary) -> str:
    """`upscale-x2`, or `wide: upscale-x2` where the run is called otherwise than its recipe."""
    recipe = str(story.recipe.get("recipe") or "")
    return f"{story.name}: {recipe}" if recipe and recipe != story.name else story.name


def _samples(sheet: Page, folder: RunFolder, story: RunSummary) -> None:
    frames = read_strip(folder.sample_files())
    fixed = {row: read_small(path) for row, path in folder.fixed_files().items()}
    rows = {row: pixels for row, pixels in fixed.items() if pixels is not None}
    if not frames and not rows and (story.curves or story.measures):
        return  # samples come before any number: this run makes no pictures
    if not frames:
        sheet.section("Samples", "None yet.", *_still(rows))
        return
    film = element("a", {"href": folder.film.name}, "The same as a film")
    links = [note(Html(f"{film}."))] if folder.film.exists() else []
    sheet.section("Samples", _SAMPLES, sample_block("the run", frames, rows), *links)


def _still(rows: dict[str, Pixels]) -> Sequence[Html]:
    pictures = [picture(pixels, row, caption=row.capitalize()) for row, pixels in rows.items()]
    return [grid(pictures, columns=3)] if pictures else []


def sample_block(what: str, frames: dict[int, Pixels], rows: dict[str, Pixels]) -> Html:
    """The frames with a slider, between the rows that never change: the truth comes last."""
    before = [(row.capitalize(), [pixels]) for row, pixels in rows.items() if row != "truth"]
    after = [(row.capitalize(), [pixels]) for row, pixels in rows.items() if row == "truth"]
    strips = [*before, ("Made by the nets", list(frames.values())), *after]
    columns = max(2, len(strips))  # one alone would be larger than its pixels
    if len(frames) == 1:
        return grid([picture(p[0], n, caption=n) for n, p in strips], columns=columns)
    return scrubber(
        strips,
        label=f"samples of {what}, from its beginning to now",
        ends=("begin", "now"),
        names=[f"{number:,} pictures" for number in frames],
        at=1.0,
        columns=columns,
    )


def _measures(sheet: Page, story: RunSummary) -> None:
    drawn = [
        plots(*_to_the_end(story, curves.measure_plots(found, story.bests.get(protocol))))
        for protocol, found in story.measures.items()
        if found
    ]
    names = [name for found in story.measures.values() for name in found]
    if drawn:
        text = (
            "Measured on pictures that are kept for choosing; the run never trains on them."
            " Figures under different protocols cannot be compared."
        )
        explained = [note(words)] if (words := meaning.explained(names)) else []
        sheet.section("Measures", text, *drawn, *tables.measure_tables(story), *explained)


def _to_the_end(story: RunSummary, drawn: Iterable[Plot]) -> Iterator[Plot]:
    return curves.to_the_end(drawn, story.pictures)


def _course(sheet: Page, story: RunSummary) -> None:
    learned = (
        *curves.loss_plots(story.curves),
        *curves.gradient_plots(story.curves),
        *curves.pace_plots(story.curves),
    )
    lines = "Lines are means; the band round one reaches from the least to the largest value."
    text = f"Losses of each phase, gradients, rates.\n\n{lines}"
    if learned:
        sheet.section("Learning", text, plots(*_to_the_end(story, learned)))
    watched = tuple(curves.watched_plots(story.curves))
    text = "What the objective looks at, beside what it minimises."
    if watched:
        sheet.section("Watched", text, plots(*_to_the_end(story, watched)))


def _events(sheet: Page, story: RunSummary) -> None:
    blocks = []
    if story.alarms:
        blocks.append(tables.alarm_table(story))
    if story.phases:
        blocks.append(tables.phase_table(story))
    said = "No alarm has gone off." if not story.alarms else "What went wrong, and what was done."
    if story.changes:
        blocks.insert(0, tables.change_table(story))
        said += " It did not keep the settings it was begun with."
    if blocks or story.pictures:
        sheet.section("Alarms and phases", said, *blocks)


def _going_on(sheet: Page, story: RunSummary, folder: RunFolder) -> None:
    blocks = [tables.cost_table(story)]
    if folder.best.exists():
        kept = element("code", {}, folder.best.name)
        blocks.insert(0, element("p", {}, "The best model is kept beside this page: ", kept))
    if story.command:
        how = "It was made by" if story.state == FINISHED else "To go on, run the same again:"
        blocks.insert(0, element("p", {}, f"{how} ", command(story.command)))
    sheet.section("Cost, and going on", "Of all the processes that trained it.", *blocks)


def _configuration(sheet: Page, story: RunSummary) -> None:
    blocks = list(tables.configuration_tables(story))
    if blocks:
        sheet.section("Configuration", "Everything that was asked for or resolved.", *blocks)
