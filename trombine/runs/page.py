"""index.html of a run: what it made, how it went, what it cost, and how to go on; and film.gif.

The page is one file that asks nothing of another, written anew as training goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import UInt8
from markupsafe import Markup
from PIL import Image

from trombine.core.errors import InputError
from trombine.core.texts import flat
from trombine.io.files import atomic
from trombine.io.image import as_seen, load_picture
from trombine.report import Plot, Report, Series, command, link
from trombine.report.plot import COLOURS
from trombine.runs.folder import RunFolder
from trombine.runs.log import (
    FINISHED,
    GRADIENT,
    Curve,
    Curves,
    RunSummary,
    cost_rows,
    pictures_of,
    read,
    sentence,
    short,
    spelled,
    unit_and_direction,
)

Pixels = UInt8[np.ndarray, "h w 3"]

POINTS: Final = 200  # of a curve; a plot is about 400 pixels wide
DECADES: Final = 30.0  # values whose ends are this many times apart are drawn by decades
_TITLES: Final = {"rate": "Learning rate", "weight": "Weights of terms"}


def write_page(folder: RunFolder) -> Path:
    """Write index.html from what is there now; returns the file."""
    page(folder, read(folder)).write(folder.page)
    return folder.page


def page(folder: RunFolder, summary: RunSummary, *, samples: bool = True) -> Report:
    """The page of a run; what is not there yet is left out, as are its `samples` unless wanted."""
    about = sentence(str(summary.settings.get("about") or ""))
    state = f"{summary.how.capitalize()}, {summary.progress}."
    if best := summary.best:
        state += f" Best {best}, after {best.pictures:,} pictures."
    version = summary.recipe.get("version")
    foot = f"Written by trombine {version} beside the run's files." if version else ""
    report = Report(summary.title, lead=f"{about} {state}".strip(), foot=foot)
    # Samples come before any number: without them it is a run that makes no pictures.
    has_begun = bool(summary.curves or summary.measures)
    if samples and (folder.sample_files() or folder.fixed_files() or not has_begun):
        _samples(report, folder)
    ends = (0, summary.pictures)  # of the x axis of all
    if summary.measures:
        text = "Measured on pictures that are kept for choosing; the run never trains on them."
        report.section("Measures", text).curves(*_measure_plots(summary, ends))
        rows = [_measure_row(name, curve, summary) for name, curve in summary.measures.items()]
        report.table(
            ["Measure", "first", "last", "at the best"], rows, caption="First, last and best"
        )
    if plots := [*_learning(summary.curves, ends)]:
        text = "Losses of each phase, gradients, rates, and what else the objective looks at."
        report.section("Learning", text).curves(*plots)
    _events(report, summary)
    report.section("Cost, and going on", "Of all the processes that trained it.")
    if summary.command:
        how = "It was made by" if summary.state == FINISHED else "To go on, run the same again:"
        report.text(Markup("{} {}").format(how, command(summary.command)))
    if folder.best.exists():
        report.text(f"The best model is kept beside this page: {folder.best.name}")
    report.table(["What", "How much"], cost_rows(summary), caption="What it took", words=True)
    if summary.recipe:
        report.section("Configuration", "Everything that was asked for or resolved.")
        rows = [[name, spelled(value)] for name, value in flat(summary.recipe)]
        report.table(["Setting", "Value"], rows, caption="recipe.json", words=True)
    return report


def _samples(report: Report, folder: RunFolder) -> None:
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


def _measure_plots(summary: RunSummary, ends: tuple[float, float]) -> Iterator[Plot]:
    """A plot for each measure, with the best marked."""
    best = summary.best
    for name, curve in summary.measures.items():
        series = [_series(name, curve)]
        if best and best.pictures in curve.pictures:
            y = curve.values[curve.pictures.index(best.pictures)]
            series.append(Series(name="kept as best", x=[best.pictures], y=[y], mark="points"))
        how = unit_and_direction(name)
        yield Plot(title=name, x_label="pictures seen", y_label=how, series=series, x_holds=ends)


def _measure_row(name: str, curve: Curve, summary: RunSummary) -> list[str]:
    measured = dict(zip(curve.pictures, curve.values, strict=True))
    at_best = measured.get(summary.best.pictures) if summary.best else None
    cells = (curve.values[0], curve.values[-1], at_best)
    title = f"{name} ({unit_and_direction(name)})"
    return [title, *("–" if value is None else short(value) for value in cells)]


def _learning(curves: Curves, ends: tuple[float, float]) -> Iterator[Plot]:
    """The terms of each phase in a plot, gradients, rates; by decades where that shows more."""
    groups = dict[str, Curves]()
    for name, curve in sorted(curves.items()):
        first, _, term = name.partition("/")
        group = _TITLES.get(first, first)
        if term == GRADIENT:
            group, term = "Gradient norms", first
        elif first == "curve":  # D(real) mean and D(fake) mean together
            group = re.sub(r"\(.*?\)", "", term)
        groups.setdefault(group, {})[term or first] = curve
    for title, group in groups.items():
        items = list(group.items())
        for start in range(0, len(items), len(COLOURS)):
            part = items[start : start + len(COLOURS)]
            values = [v for _, c in part for v in (min(c.values), max(c.values))]
            yield Plot(
                title=title if not start else f"{title}, more",
                x_label="pictures seen",
                y_label=part[0][0] if len(part) == 1 and part[0][0] != title else "",
                series=[_series(name, curve) for name, curve in part],
                y_log=min(values) > 0 and max(values) > DECADES * min(values),
                x_holds=ends,
            )


def _series(name: str, curve: Curve) -> Series:
    """At most POINTS points, means of what is between."""
    count = min(POINTS, len(curve.values))
    x, y = (
        [float(part.mean()) for part in np.array_split(np.array(side, np.float64), count)]
        for side in (curve.pictures, curve.values)
    )
    # A line of one point could not be seen.
    return Series(name=name, x=x, y=y, mark="line" if count > 1 else "points")


def _events(report: Report, summary: RunSummary) -> None:
    """Alarms and phases, in their order."""
    kinds = {
        "alarm": lambda e: f"{e.get('alarm')}: {e.get('text')} ({e.get('did')})",
        "phase": lambda e: f"{e.get('phase')} {e.get('what')}: {e.get('why')}",
    }
    entries = [entry for entry in summary.entries if entry.get("kind") in kinds]
    if entries or summary.pictures:
        alarmed = any(entry["kind"] == "alarm" for entry in entries)
        text = "What went wrong, and what was done." if alarmed else "No alarm has gone off."
        report.section("Alarms and phases", text)
    if entries:
        rows = [[f"{pictures_of(e):,}", e["kind"], kinds[e["kind"]](e)] for e in entries]
        report.table(["Pictures", "What", "Which"], rows, caption="Events", words=True)


# Samples as frames

WIDEST: Final = 512  # pixels of a frame
_MOST: Final = 24  # frames
_AREA: Final = 3_000_000  # pixels of all frames: a page holds them
_SECONDS: Final = 0.4, 2.0  # that a frame of the film is shown, and the last one


def write_film(folder: RunFolder) -> Path | None:
    """Write film.gif: a few samples, one after the other; None where there are no two."""
    frames = [Image.fromarray(pixels) for pixels in read_frames(folder.sample_files()).values()]
    if len(frames) < 2:
        return None
    times = [round(1000 * _SECONDS[n == len(frames) - 1]) for n in range(len(frames))]
    with atomic(folder.film) as part:
        frames[0].save(part, "GIF", append_images=frames[1:], save_all=True, duration=times, loop=0)
    return folder.film


def read_frames(files: Mapping[int, Path]) -> dict[int, Pixels]:
    """Samples by pictures seen, spread over the run, the first and the last among them; all of the
    last one's size, those that cannot be read left out."""
    numbers = sorted(files)
    last = next((p for n in reversed(numbers) if (p := read_small(files[n])) is not None), None)
    if last is None:
        return {}
    count = max(2, min(_MOST, _AREA // (last.shape[0] * last.shape[1])))
    frames = {number: read_small(files[number]) for number in spread(numbers, count)}
    return {n: p for n, p in frames.items() if p is not None and p.shape == last.shape}


def read_small(path: Path) -> Pixels | None:
    """A picture no wider than a page needs; None where it cannot be read."""
    try:
        pixels = as_seen(load_picture(path))
    except InputError:
        return None
    if pixels.shape[1] <= WIDEST:
        return pixels
    height = max(1, round(pixels.shape[0] * WIDEST / pixels.shape[1]))
    small = Image.fromarray(pixels).resize((WIDEST, height), Image.Resampling.LANCZOS)
    return np.asarray(small)


def spread(numbers: Sequence[int], count: int) -> list[int]:
    """At most `count` of these, evenly by their place, the first and the last among them."""
    if len(numbers) <= count:
        return list(numbers)
    return [numbers[i * (len(numbers) - 1) // (count - 1)] for i in range(count)]
