"""Many runs of one recipe on one page: a table, what each made, the same measures over each other.

Two runs side by side, with all that differs, are in compare.py. Which runs and settings are shown,
the caller says (sweeps.py).
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
    summaries = dict(_summaries(runs))
    protocols = {protocol for summary in summaries.values() for protocol in summary.measures}
    _table(page, runs, summaries, apart=len(protocols) > 1)
    _samples(page, [run.folder for run in runs])
    _measures(page, summaries, apart=len(protocols) > 1)


def _summaries(runs: Iterable[RunEntry]) -> Iterator[tuple[str, RunSummary]]:
    for run in runs:
        if run.folder.exists:
            with suppress(InputError):  # its recipe is damaged
                yield run.folder.name, read(run.folder)


def _table(
    page: Page, runs: Sequence[RunEntry], summaries: Mapping[str, RunSummary], *, apart: bool
) -> None:
    """`apart`: not all were measured under one protocol, so each is named."""
    varied = list(dict.fromkeys(name for run in runs for name in run.settings))
    columns = ["Run", *varied, "Best", "At", "Pictures seen", "State"]
    rows = []
    for run in runs:
        values = [unbroken(run.settings.get(name, "–")) for name in varied]
        summary = summaries.get(run.folder.name)
        cells = _cells(summary, apart=apart) if summary else ["–", "–", "–", "not begun"]
        rows.append([_link(run, summary), *values, *cells[:-1], run.failed or cells[-1]])
    order = "those asked for now first" if any(run.earlier for run in runs) else "as asked for"
    block = table(columns, rows, caption=f"Runs, {order}", words=True)
    page.section("Runs", "Measured on pictures kept for choosing.", block)


def _link(run: RunEntry, summary: RunSummary | None) -> Html:
    """A run's name, which leads to its page."""
    name = unbroken(run.folder.name)
    page = f"{quote(os.fsencode(run.folder.name), safe=_PLAIN)}/{run.folder.page.name}"
    return element("a", {"href": page}, name) if summary else name


def _cells(summary: RunSummary, *, apart: bool) -> list[str]:
    best = summary.best
    value = unbroken(tables.best_value(best)) if best else escape("–")
    if best and apart:
        value = Html(f"{value}, protocol {element('code', {}, best.protocol or 'unnamed')}")
    at = f"{best.pictures:,}" if best else "–"
    return [value, at, f"{summary.pictures:,}", tables.state(summary)]


def _samples(page: Page, folders: Sequence[RunFolder]) -> None:
    samples = {folder: pixels for folder in folders if (pixels := _newest(folder)) is not None}
    if not samples:
        return
    rows = [readable(folder.fixed_files()) for folder in samples]
    same = all(are_same(first, second) for first, second in pairwise(rows))
    title = "The same pictures" if same else "Samples"
    clause = "of the same fixed things." if same else "which were not given the same things."
    pictures = [
        picture(pixels, f"samples of {folder.name}", caption=unbroken(folder.name))
        for folder, pixels in samples.items()
    ]
    columns = max(2, min(4, len(pictures)))  # one alone would be larger than its pixels
    page.section(title, f"The last samples of each run, {clause}", grid(pictures, columns=columns))


def _newest(folder: RunFolder) -> Pixels | None:
    files = folder.sample_files()
    return read_pixels(files[max(files)]) if files else None


def _measures(page: Page, summaries: Mapping[str, RunSummary], *, apart: bool) -> None:
    names = dict.fromkeys(
        (protocol, measure)
        for summary in summaries.values()
        for protocol, curves in summary.measures.items()
        for measure in curves
    )
    drawn = [
        plot
        for protocol, measure in names
        for plot in _plots(summaries, protocol, measure, f", {protocol}" if apart else "")
    ]
    if not drawn:
        return
    last = max(summary.pictures for summary in summaries.values())
    words = meaning.explained(measure for _, measure in names)
    if apart:
        words = f"{words} Figures under different protocols cannot be compared.".strip()
    notes = [note(words)] if words else []
    page.section("Measures", "As each run learned.", plots(*to_the_end(drawn, last)), *notes)


def _plots(
    summaries: Mapping[str, RunSummary], protocol: str, measure: str, suffix: str
) -> Iterator[Plot]:
    """All runs that were measured so in one plot."""
    held = {
        name: summary.measures[protocol][measure]
        for name, summary in summaries.items()
        if measure in summary.measures.get(protocol, {})
    }
    for plot in plots_of(f"{measure}{suffix}", held, ""):
        yield replace(plot, y_label=meaning.reading(measure))
