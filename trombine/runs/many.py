"""Many runs of one recipe on one page: a table, what each made, the same measures over each other.

Two runs side by side, with all that differs, are in compare.py. Which runs are shown, and what of
their settings, is said by who asks (sweeps.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final
from urllib.parse import quote

from trombine.pages import (
    Html,
    Page,
    Plot,
    element,
    escape,
    grid,
    note,
    picture,
    plots,
    table,
    unbroken,
)
from trombine.refusal import InputError
from trombine.runs import meaning, tables
from trombine.runs.compare import are_same, readable
from trombine.runs.curves import plots_of, to_the_end
from trombine.runs.folder import RunFolder
from trombine.runs.frames import Pixels, read_pixels
from trombine.runs.log import RunSummary, read

_PLAIN: Final = "=,;+@!$'()*"  # as they are in an address; others, as # and %, would mislead


@dataclass(frozen=True, kw_only=True)
class RunEntry:
    """A run on the page, or one that could not be begun."""

    folder: RunFolder
    settings: Mapping[str, str]  # what varies, as text
    failed: str = ""  # why, if it failed
    earlier: bool = False  # not asked for now


def add_runs(page: Page, runs: Sequence[RunEntry]) -> None:
    """The sections of a page that shows these runs."""
    stories = dict(_stories(runs))
    protocols = {protocol for story in stories.values() for protocol in story.measures}
    _table(page, runs, stories, apart=len(protocols) > 1)
    _samples(page, [run.folder for run in runs])
    _measures(page, stories, apart=len(protocols) > 1)


def _stories(runs: Iterable[RunEntry]) -> Iterator[tuple[str, RunSummary]]:
    for run in runs:
        if run.folder.exists:
            with suppress(InputError):  # its recipe is damaged
                yield run.folder.name, read(run.folder)


def _table(
    page: Page, runs: Sequence[RunEntry], stories: Mapping[str, RunSummary], *, apart: bool
) -> None:
    """`apart`: not all were measured under one protocol, so each is named."""
    varied = list(dict.fromkeys(name for run in runs for name in run.settings))
    columns = ["Run", *varied, "Best", "At", "Pictures seen", "State"]
    rows = []
    for run in runs:
        values = [unbroken(run.settings.get(name, "–")) for name in varied]
        story = stories.get(run.folder.name)
        told = _told(story, apart=apart) if story else ["–", "–", "–", "not begun"]
        rows.append([_link(run, story), *values, *told[:-1], run.failed or told[-1]])
    order = "those asked for now first" if any(run.earlier for run in runs) else "as asked for"
    block = table(columns, rows, caption=f"Runs, {order}", words=True)
    page.section("Runs", "Measured on pictures kept for choosing.", block)


def _link(run: RunEntry, story: RunSummary | None) -> Html:
    """A run's name, which leads to its page."""
    name = unbroken(run.folder.name)
    page = f"{quote(os.fsencode(run.folder.name), safe=_PLAIN)}/{run.folder.page.name}"
    return element("a", {"href": page}, name) if story else name


def _told(story: RunSummary, *, apart: bool) -> list[str]:
    best = story.best
    value = unbroken(tables.best_value(best)) if best else escape("–")
    if best and apart:
        value = Html(f"{value}, protocol {element('code', {}, best.protocol or 'unnamed')}")
    at = f"{best.pictures:,}" if best else "–"
    return [value, at, f"{story.pictures:,}", tables.state(story)]


def _samples(page: Page, folders: Sequence[RunFolder]) -> None:
    made = {folder: pixels for folder in folders if (pixels := _newest(folder)) is not None}
    if not made:
        return
    rows = [readable(folder.fixed_files()) for folder in made]
    same = all(are_same(one, other) for one, other in pairwise(rows))
    title = "The same pictures" if same else "Samples"
    told = "of the same fixed things." if same else "which were not given the same things."
    pictures = [
        picture(pixels, f"samples of {folder.name}", caption=unbroken(folder.name))
        for folder, pixels in made.items()
    ]
    columns = max(2, min(4, len(pictures)))  # one alone would be larger than its pixels
    page.section(title, f"The last samples of each run, {told}", grid(pictures, columns=columns))


def _newest(folder: RunFolder) -> Pixels | None:
    files = folder.sample_files()
    return read_pixels(files[max(files)]) if files else None


def _measures(page: Page, stories: Mapping[str, RunSummary], *, apart: bool) -> None:
    names = dict.fromkeys(
        (protocol, measure)
        for story in stories.values()
        for protocol, curves in story.measures.items()
        for measure in curves
    )
    drawn = [
        plot
        for protocol, measure in names
        for plot in _plots(stories, protocol, measure, f", {protocol}" if apart else "")
    ]
    if not drawn:
        return
    last = max(story.pictures for story in stories.values())
    words = meaning.explained(measure for _, measure in names)
    if apart:
        words = f"{words} Figures under different protocols cannot be compared.".strip()
    notes = [note(words)] if words else []
    page.section("Measures", "As each run learned.", plots(*to_the_end(drawn, last)), *notes)


def _plots(
    stories: Mapping[str, RunSummary], protocol: str, measure: str, after: str
) -> Iterator[Plot]:
    """All runs that were measured so in one plot."""
    held = {
        name: story.measures[protocol][measure]
        for name, story in stories.items()
        if measure in story.measures.get(protocol, {})
    }
    for plot in plots_of(f"{measure}{after}", held, ""):
        yield replace(plot, y_label=meaning.reading(measure))
