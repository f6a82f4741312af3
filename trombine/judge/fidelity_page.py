"""What fidelity_report.py says, as a page: tables, distributions, pictures that stand out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Int64

from trombine.io.files import write_bytes
from trombine.judge.bootstrap import Estimate
from trombine.judge.fidelity import FIGURES, HALVINGS, Compared
from trombine.judge.fidelity_fields import Field, findings, spell_share
from trombine.judge.fidelity_report import (
    Nearest,
    Report,
    Table,
    Values,
    counted,
    digits_of,
    sizes_of,
    spell_p,
    witness_name,
)
from trombine.judge.fidelity_sets import PictureSet
from trombine.pages import Page, Plot, Series, estimate, fold, grid, note, picture, plots, table
from trombine.pages.markup import Html

_DRAWN: Final = 6  # fields of which the distributions are drawn
_SHOWN: Final = 8  # pictures of either kind
_POINTS: Final = 500  # of a set, in the plot of both
_STEPS: Final = 24  # bins of a drawn distribution

_FIGURES: Final = (
    "Each figure with its 95 % interval; beside it the same figure of real against real, so that it"
    " is seen what zero looks like: its mean and the range of 19 in 20 draws of two halves of the"
    " real set. Figures of different features do not compare."
)
_MISSING: Final = (
    "What the witness reads, as distributions. A range is named where its share differs by a factor"
    " of two and that is no chance (Fisher's test, Holm's correction over all ranges)."
)
_FAR: Final = (
    "Generated pictures that are the farthest from any real one, and real ones that no generated"
    " one is near. A distance of 1 is that of a real picture to the nearest other real one, at the"
    " median."
)
_PLACES: Final = (
    "Both sets on the two axes along which the real one varies most. Where real points stand alone"
    " something is missing; where generated ones do, something was made up."
)


def write_page(path: Path, report: Report) -> None:
    """One file, with nothing from elsewhere."""
    generated, real = report.generated, report.real
    lead = (
        f"{len(generated):,} generated pictures ({generated.name}) against {len(real):,} real ones"
        f" ({real.name})."
    )
    foot = (
        f"Sets {generated.hash} and {real.hash}. What depends on size is the mean of"
        f" {HALVINGS} draws without replacement, whose spread gives the interval; KID has that of"
        " its standard error, accuracy and diversity that of 2,000 resamples."
    )
    page = Page(title="Generated against real", lead=lead, foot=foot)
    notes = [note(text) for text in report.remarks]
    tables = [_figures(each) for each in report.tables]
    page.section("Figures", _FIGURES, *notes, *tables, _alike(report), _meanings())
    page.section("Missing and overdone", _MISSING, *_fields(report))
    for each in report.tables:
        name = "" if len(report.tables) == 1 else f", by {each.kind}"
        page.section(f"Far from the others{name}", _FAR, *_far(report, each))
        text = f"{_PLACES} They hold {each.share:.0%} of its variance ({each.features})."
        page.section(f"Both sets at once{name}", text, plots(_places(each)))
    write_bytes(path, page.html().encode())


# Figures


def _figures(each: Table) -> Html:
    rows = [
        (
            name,
            _cell(result.value, result.p),
            _cell(result.real, result.real_p),
            sizes_of(result),
        )
        for name, result in each.figures.items()
    ]
    return table(
        ("figure", "generated", "real", "pictures"),
        rows,
        caption=f"By {each.features}",
        under=f"KID's standard error: {each.figures['KID'].error:.2g}. Pictures: of either set;"
        " behind a semicolon those of real against real.",
    )


def _meanings() -> Html:
    rows = [(name, figure.best, figure.about) for name, figure in FIGURES.items()]
    heads = ("figure", "best", "what it is")
    return fold("What the figures are", table(heads, rows, caption="Figures", words=True))


def _cell(value: Estimate, p: float | None = None) -> str:
    if value.value is None or value.low is None or value.high is None:
        return "–"
    digits = max(digits_of(end) for end in (value.value, value.high))
    cell = estimate(value.value, value.low, value.high, digits=digits)
    return cell if p is None else Html(f"{cell}, p {spell_p(p)}")


def _alike(report: Report) -> Html:
    result: Compared = report.alike
    row = ("SSIM", _cell(result.value), _cell(result.real), sizes_of(result))
    heads = ("figure", "generated", "real", "pictures")
    return table(heads, [row], caption="How alike two pictures of one set are, at 64 pixels")


# Fields


def _fields(report: Report) -> Iterator[str]:
    yield note(f"{counted(report).removeprefix('fields: ')}.".capitalize())
    rows = [
        (
            f"{finding.field}{finding.range}",
            finding.verdict,
            spell_share(finding.generated),
            spell_share(finding.real),
        )
        for finding in findings(report.fields)
    ]
    if rows:
        heads = ("faces with", "are", "of generated", "of real")
        yield table(heads, rows, caption=f"Missing or overdone, as {witness_name()} reads")
    drawn = [_distribution(report, field) for field in report.fields[:_DRAWN]]
    if drawn:
        yield plots(*drawn)
        rows = [_shifts(field) for field in report.fields if field.differs]
        heads = ("field", "distance", "p", "generated", "real")
        under = (
            "Distance of Kolmogorov and Smirnov; below what 10 %, half and 90 % of the faces are."
        )
        if rows:
            yield table(heads, rows, caption="Fields that differ", under=under)


def _shifts(field: Field) -> tuple[str, ...]:
    quantiles = (", ".join(f"{v:.2g}" for v in q) for q in (field.generated, field.real))
    return field.name, f"{field.distance:.2f}", spell_p(field.p), *quantiles


def _distribution(report: Report, field: Field) -> Plot:
    ours, theirs = (read.fields[field.name] for read in report.reads)
    low, high = (end([ours.min(), ours.max(), theirs.min(), theirs.max()]) for end in (min, max))
    edges = np.linspace(low, high if high > low else low + 1, _STEPS + 1)
    series = []
    for name, values in (("generated", ours), ("real", theirs)):
        shares = 100 * np.histogram(values, edges)[0] / len(values)
        series.append(_steps(name, edges, shares))
    return Plot(
        title=field.name, x_label=field.name, y_label="% of faces", series=tuple(series), height=240
    )


def _steps(name: str, edges: Values, shares: Values) -> Series:
    """A histogram as a line: level within a bin."""
    x = [end for pair in pairwise(edges.tolist()) for end in pair]
    return Series(name=name, x=x, y=np.repeat(shares, 2).tolist())


# Pictures


def _far(report: Report, each: Table) -> Iterator[str]:
    yield _gallery(
        report.generated, report.real, each.to_real, f"Generated, the farthest first ({each.kind})"
    )
    yield _gallery(
        report.real,
        report.generated,
        each.to_generated,
        f"Real, the most missing first ({each.kind})",
    )


def _gallery(ours: PictureSet, others: PictureSet, nearest: Nearest, title: str) -> Html:
    """The pictures with the largest distance, each beside the nearest of the other set."""
    rows: Int64[np.ndarray, "_"] = np.argsort(-nearest.distances, kind="stable")[:_SHOWN]
    figures = []
    for row in rows.tolist():
        other = int(nearest.rows[row])
        pair = np.concatenate([ours.pictures[row], others.pictures[other]], axis=1)
        caption = f"{ours.names[row]}: {nearest.distances[row]:.2f}"
        alt = f"{ours.names[row]}, and the nearest of the other set, {others.names[other]}"
        figures.append(picture(pair, alt, caption=caption))
    return grid(figures, columns=4, title=f"{title}, each with the nearest of the other set")


def _places(each: Table) -> Plot:
    series = []
    for name, places in zip(("generated", "real"), each.places, strict=True):
        some = places[:_POINTS]
        x, y = some[:, 0].tolist(), some[:, 1].tolist()
        series.append(Series(name=name, x=x, y=y, mark="points"))
    return Plot(
        title=f"Both sets, by {each.kind}",
        x_label="first axis",
        y_label="second axis",
        series=tuple(series),
        width=640,
        height=440,
    )
