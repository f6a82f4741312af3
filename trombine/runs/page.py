"""index.html of a run: what it made, how it went, what it cost, and how to go on.

It is one file that asks nothing of another, written anew as training goes. Its plots are in
curves.py, its tables in tables.py, its pictures in frames.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from trombine.io.files import write_bytes
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
from trombine.runs import curves, tables
from trombine.runs.folder import RunFolder
from trombine.runs.frames import Pixels, read_small, read_strip
from trombine.runs.log import FINISHED, RunSummary, read

_SAMPLES = """What the nets make of the same fixed things, over the run. Drag the slider, or press
the arrow keys on it."""


def write_page(folder: RunFolder) -> Path:
    """Write index.html from what is there now; returns the file."""
    summary = read(folder)
    write_bytes(folder.page, page(folder, summary).html().encode())
    return folder.page


def page(folder: RunFolder, summary: RunSummary, *, samples: bool = True) -> Page:
    """The page of a run; what is not there yet is left out, as are its `samples` unless wanted."""
    about = tables.sentence(str(summary.settings.get("about") or ""))
    lead = " ".join(part for part in (about, tables.state_line(summary)) if part)
    version = summary.recipe.get("version")
    foot = f"Written by trombine {version} beside the run's files." if version else ""
    sheet = Page(title=title(summary), lead=lead, foot=foot)
    if samples:
        _samples(sheet, folder, summary)
    _measures(sheet, summary)
    _course(sheet, summary)
    _events(sheet, summary)
    _going_on(sheet, summary, folder)
    _configuration(sheet, summary)
    return sheet


def title(summary: RunSummary) -> str:
    """`upscale-x2`, or `wide: upscale-x2` where the run is called otherwise than its recipe."""
    recipe = str(summary.recipe.get("recipe") or "")
    return f"{summary.name}: {recipe}" if recipe and recipe != summary.name else summary.name


def _samples(sheet: Page, folder: RunFolder, summary: RunSummary) -> None:
    frames = read_strip(folder.sample_files())
    fixed = {row: read_small(path) for row, path in folder.fixed_files().items()}
    rows = {row: pixels for row, pixels in fixed.items() if pixels is not None}
    if not frames and not rows and (summary.curves or summary.measures):
        return  # samples come before any number: this run makes no pictures
    if not frames:
        sheet.section("Samples", "None yet.", *_still(rows))
        return
    files = {
        folder.film: "The same as a film",
        folder.gif: "The same as a GIF",
    }
    links = [
        note(Html(f"{element('a', {'href': path.name}, text)}."))
        for path, text in files.items()
        if path.exists()
    ]
    sheet.section("Samples", _SAMPLES, sample_block("the run", frames, rows), *links)


def _still(rows: dict[str, Pixels]) -> Sequence[Html]:
    pictures = [picture(pixels, row, caption=row.capitalize()) for row, pixels in rows.items()]
    return [grid(pictures, columns=3)] if pictures else []


def sample_block(name: str, frames: dict[int, Pixels], rows: dict[str, Pixels]) -> Html:
    """The frames with a slider, between the rows that never change: the truth comes last."""
    rows_above = [(row.capitalize(), [pixels]) for row, pixels in rows.items() if row != "truth"]
    rows_below = [(row.capitalize(), [pixels]) for row, pixels in rows.items() if row == "truth"]
    strips = [*rows_above, ("Made by the nets", list(frames.values())), *rows_below]
    columns = max(2, len(strips))  # one alone would be larger than its pixels
    if len(frames) == 1:
        return grid([picture(p[0], n, caption=n) for n, p in strips], columns=columns)
    return scrubber(
        strips,
        label=f"samples of {name}, from its beginning to now",
        ends=("begin", "now"),
        names=[f"{number:,} pictures" for number in frames],
        at=1.0,
        columns=columns,
    )


def _measures(sheet: Page, summary: RunSummary) -> None:
    drawn = [
        plots(*_to_the_end(summary, curves.measure_plots(measured, summary.bests.get(protocol))))
        for protocol, measured in summary.measures.items()
        if measured
    ]
    if drawn:
        text = (
            "Measured on pictures that are kept for choosing; the run never trains on them."
            " Figures under different protocols cannot be compared."
        )
        sheet.section("Measures", text, *drawn, *tables.measure_tables(summary))


def _to_the_end(summary: RunSummary, drawn: Iterable[Plot]) -> Iterator[Plot]:
    return curves.to_the_end(drawn, summary.pictures)


def _course(sheet: Page, summary: RunSummary) -> None:
    learned = (
        *curves.loss_plots(summary.curves),
        *curves.gradient_plots(summary.curves),
        *curves.pace_plots(summary.curves),
    )
    lines = "Lines are means; the band round one reaches from the least to the largest value."
    text = f"Losses of each phase, gradients, rates.\n\n{lines}"
    if learned:
        sheet.section("Learning", text, plots(*_to_the_end(summary, learned)))
    watched = tuple(curves.watched_plots(summary.curves))
    text = "What the objective looks at, beside what it minimises."
    if watched:
        sheet.section("Watched", text, plots(*_to_the_end(summary, watched)))


def _events(sheet: Page, summary: RunSummary) -> None:
    blocks = []
    if summary.alarms:
        blocks.append(tables.alarm_table(summary))
    if summary.phases:
        blocks.append(tables.phase_table(summary))
    text = "No alarm has gone off." if not summary.alarms else "What went wrong, and what was done."
    if summary.changes:
        blocks.insert(0, tables.change_table(summary))
        text += " It did not keep the settings it was begun with."
    if blocks or summary.pictures:
        sheet.section("Alarms and phases", text, *blocks)


def _going_on(sheet: Page, summary: RunSummary, folder: RunFolder) -> None:
    blocks = [tables.cost_table(summary)]
    if folder.best.exists():
        file_name = element("code", {}, folder.best.name)
        blocks.insert(0, element("p", {}, "The best model is kept beside this page: ", file_name))
    if summary.command:
        how = "It was made by" if summary.state == FINISHED else "To go on, run the same again:"
        blocks.insert(0, element("p", {}, f"{how} ", command(summary.command)))
    sheet.section("Cost, and going on", "Of all the processes that trained it.", *blocks)


def _configuration(sheet: Page, summary: RunSummary) -> None:
    blocks = list(tables.configuration_tables(summary))
    if blocks:
        sheet.section("Configuration", "Everything that was asked for or resolved.", *blocks)
