"""index.html of a run: what it made, how it went, what it cost, and how to go on.

It is one file that asks nothing of another, written anew as training goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from trombine.report import Plot, Report, Series, command, link
from trombine.report.plot import COLOURS
from trombine.runs import words
from trombine.runs.film import read_frames, read_small
from trombine.runs.folder import RunFolder, mapping
from trombine.runs.log import (
    FINISHED,
    GRADIENT,
    TOTAL,
    BestResult,
    Curve,
    Curves,
    Entry,
    RunSummary,
    by_phase,
    pictures_of,
    read,
)

POINTS: Final = 200  # of a curve; a plot is about 400 pixels wide
DECADES: Final = 30.0  # values whose ends are this many times apart are drawn by decades
_GROUPS: Final = {
    "settings": "Recipe",
    "resolved": "What the machine made of it",
    "data": "Data",
}


def write_page(folder: RunFolder) -> Path:
    """Write index.html from what is there now; returns the file."""
    page(folder, read(folder)).write(folder.page)
    return folder.page


def page(folder: RunFolder, summary: RunSummary, *, samples: bool = True) -> Report:
    """The page of a run; what is not there yet is left out, as are its `samples` unless wanted."""
    about = words.sentence(str(summary.settings.get("about") or ""))
    state = f"{words.state(summary).capitalize()}, {words.progress(summary)}."
    if best := summary.best:
        state += f" Best {words.best_value(best)}, after {best.pictures:,} pictures."
    version = summary.recipe.get("version")
    foot = f"Written by trombine {version} beside the run's files." if version else ""
    report = Report(words.title(summary), lead=f"{about} {state}".strip(), foot=foot)
    # Samples come before any number: without them it is a run that makes no pictures.
    has_begun = bool(summary.curves or summary.measures)
    if samples and (folder.sample_files() or folder.fixed_files() or not has_begun):
        add_samples(report, folder)
    _measures(report, summary)
    _learning(report, summary)
    _events(report, summary)
    _going_on(report, summary, folder)
    _configuration(report, summary)
    return report


def add_samples(report: Report, folder: RunFolder) -> None:
    """What the nets made of the same fixed things, with a slider over the run; the rows that never
    change beside it, the truth last."""
    frames = read_frames(folder.sample_files())
    rows = {name: read_small(path) for name, path in folder.fixed_files().items()}
    fixed = {name.capitalize(): pixels for name, pixels in rows.items() if pixels is not None}
    if not frames:
        report.section("Samples", "None yet.")
        report.pictures([(p, name) for name, p in fixed.items()], columns=3)
        return
    report.section(
        "Samples", "What the nets make of the same fixed things, over the run. Drag the slider."
    )
    made = {"Made by the nets": list(frames.values())}
    before = {name: [p] for name, p in fixed.items() if name != "Truth"}
    strips = before | made | {name: [p] for name, p in fixed.items() if name == "Truth"}
    if len(frames) == 1:
        report.pictures([(p[0], name) for name, p in strips.items()], columns=max(2, len(strips)))
        return
    names = [f"{number:,} pictures" for number in frames]
    report.frames(strips, names, label="samples from the beginning of the run to now")
    if folder.film.exists():
        film = link(folder.film.name, "film.gif")
        report.text(Markup("The same as a film: {}.").format(film), small=True)


# ---------------------------------------------------------------------------------------------
# Curves


def _measures(report: Report, summary: RunSummary) -> None:
    if any(summary.measures.values()):
        report.section(
            "Measures",
            "Measured on pictures that are kept for choosing; the run never trains on them."
            " Figures under different protocols cannot be compared.",
        )
    for protocol, curves in summary.measures.items():
        best = summary.bests.get(protocol)
        report.curves(*_to_the_end(measure_plots(curves, best), summary))
        rows = [_measure_row(name, curve, best) for name, curve in curves.items()]
        heads = ["Measure", "first", "last", "at the best"]
        report.table(heads, rows, caption=f"Protocol {protocol or 'unnamed'}")


def measure_plots(measures: Curves, best: BestResult | None) -> Iterator[Plot]:
    """A plot for each measure, with the best marked."""
    for name, curve in measures.items():
        series = [thinned(name, curve)]
        if best and best.pictures in curve.pictures:
            y = curve.values[curve.pictures.index(best.pictures)]
            series.append(Series(name="kept as best", x=[best.pictures], y=[y], mark="points"))
        how = words.unit_and_direction(name)
        yield Plot(title=name, x_label="pictures seen", y_label=how, series=series)


def _measure_row(name: str, curve: Curve, best: BestResult | None) -> list[str]:
    measured = dict(zip(curve.pictures, curve.values, strict=True))
    cells = (curve.values[0], curve.values[-1], measured.get(best.pictures) if best else None)
    title = f"{name} ({words.unit_and_direction(name)})"
    return [title, *("–" if value is None else words.short(value) for value in cells)]


def _learning(report: Report, summary: RunSummary) -> None:
    """Losses of each phase, gradients, rates; then what the objective shows of itself."""
    curves = summary.curves
    groups = dict[str, Curves]()
    for phase, names in by_phase(curves).items():
        groups[phase] = {name.removeprefix(f"{phase}/"): curves[name] for name in names}
    groups["Gradient norms"] = {
        name.removesuffix(f"/{GRADIENT}"): curve
        for name, curve in curves.items()
        if name.endswith(f"/{GRADIENT}")
    }
    groups["Learning rate"] = below(curves, "rate")
    groups["Weights of terms"] = below(curves, "weight")
    kinds = dict[str, Curves]()
    for name, curve in below(curves, "curve").items():  # D(real) mean and D(fake) mean together
        kinds.setdefault(re.sub(r"\(.*?\)", "", name), {})[name] = curve
    watched = [plot for title, group in kinds.items() for plot in plots(title, group)]
    learned = [plot for title, group in groups.items() for plot in plots(title, group)]
    lines = "Lines are means; the band round one reaches from the least to the largest value."
    for title, text, drawn in (
        ("Learning", f"Losses of each phase, gradients, rates.\n\n{lines}", learned),
        ("Watched", "What the objective looks at, beside what it minimises.", watched),
    ):
        if drawn:
            report.section(title, text).curves(*_to_the_end(drawn, summary))


def below(curves: Curves, first: str) -> Curves:
    """The curves whose names begin so, without that."""
    return {
        name.partition("/")[2] or name: curve
        for name, curve in curves.items()
        if name.partition("/")[0] == first
    }


def plots(title: str, curves: Curves) -> Iterator[Plot]:
    """The curves in as few plots as can hold them, by decades where that shows more."""
    items = list(curves.items())
    same = len({tuple(curve.values) for curve in curves.values()}) == 1
    if len(items) == 2 and TOTAL in curves and same:  # a total that is the only term's value
        items = [item for item in items if item[0] != TOTAL]
    for start in range(0, len(items), len(COLOURS)):
        part = items[start : start + len(COLOURS)]
        values = [v for _, c in part for v in (min(c.values), max(c.values))]
        name = part[0][0] if len(part) == 1 and part[0][0] != title else ""
        yield Plot(
            title=title if not start else f"{title}, more",
            x_label="pictures seen",
            y_label=name,
            series=[thinned(name, curve) for name, curve in part],
            y_log=min(values) > 0 and max(values) > DECADES * min(values),
        )


def thinned(name: str, curve: Curve, points: int = POINTS) -> Series:
    """A series of at most so many points: means, with the least and the largest as a band."""
    x, y = np.array(curve.pictures, np.float64), np.array(curve.values, np.float64)
    if len(x) <= points:  # a line of one point could not be seen
        mark = "line" if len(x) > 1 else "points"
        return Series(name=name, x=x.tolist(), y=y.tolist(), mark=mark)
    starts = np.arange(points) * len(x) // points
    counts = np.diff(starts, append=len(x))
    return Series(
        name=name,
        x=(np.add.reduceat(x, starts) / counts).tolist(),
        y=(np.add.reduceat(y, starts) / counts).tolist(),
        low=np.minimum.reduceat(y, starts).tolist(),
        high=np.maximum.reduceat(y, starts).tolist(),
    )


def _to_the_end(drawn: Iterable[Plot], summary: RunSummary) -> Iterator[Plot]:
    """The plots with one x axis for all: from the beginning of the run to now."""
    yield from (replace(plot, x_holds=(0, summary.pictures)) for plot in drawn)


# ---------------------------------------------------------------------------------------------
# Tables


def _events(report: Report, summary: RunSummary) -> None:
    if not (summary.alarms or summary.phases or summary.changes or summary.pictures):
        return
    text = "What went wrong, and what was done." if summary.alarms else "No alarm has gone off."
    if summary.changes:
        text += " It did not keep the settings it was begun with."
    report.section("Alarms and phases", text)
    changes = [
        {**entry, "setting": name.removeprefix("nets."), "value": words.spelled(value)}
        for entry in summary.changes
        for name, value in words.flat(mapping(entry.get("settings"))).items()
    ]
    for caption, entries, columns in (
        ("Changes of settings", changes, {"setting": "Setting", "value": "From then on"}),
        ("Alarms", summary.alarms, {"alarm": "Alarm", "text": "What was seen", "did": "Done"}),
        ("Phases", summary.phases, {"phase": "Phase", "what": "It", "why": "Why"}),
    ):
        if entries:
            rows = [[_seen(e), *(str(e.get(name, "")) for name in columns)] for e in entries]
            report.table(["Pictures", *columns.values()], rows, caption=caption, words=True)


def _seen(entry: Entry) -> str:
    return f"{pictures_of(entry.get('pictures')):,}"


def _going_on(report: Report, summary: RunSummary, folder: RunFolder) -> None:
    report.section("Cost, and going on", "Of all the processes that trained it.")
    if summary.command:
        how = "It was made by" if summary.state == FINISHED else "To go on, run the same again:"
        report.text(Markup("{} {}").format(how, command(summary.command)))
    if folder.best.exists():
        report.text(f"The best model is kept beside this page: {folder.best.name}")
    report.table(["What", "How much"], words.cost_rows(summary), caption="What it took", words=True)


def _configuration(report: Report, summary: RunSummary) -> None:
    """recipe.json, group by group; beside what was changed on the way, since when it is so."""
    recipe = summary.recipe
    if not recipe:
        return
    since: dict[str, str] = {}
    for entry in summary.changes:
        names = words.flat(mapping(entry.get("settings")))
        since |= dict.fromkeys(names, f", since {_seen(entry)} pictures")
    report.section("Configuration", "Everything that was asked for or resolved.")
    groups: dict[str, Mapping[str, Any]] = {
        "Run": {key: value for key, value in recipe.items() if key not in _GROUPS},
        **{title: mapping(recipe.get(key)) for key, title in _GROUPS.items()},
    }
    for title, held in groups.items():
        rows = [
            [name.removeprefix("nets."), _value(name, value, since if title == "Recipe" else {})]
            for name, value in words.flat(held).items()
        ]
        if rows:
            report.table(["Setting", "Value"], rows, caption=title, words=True)


def _value(name: str, value: object, since: Mapping[str, str]) -> str:
    text = f"{words.spelled(value)}{since.get(name, '')}"
    return command(text) if name == "command" else text
