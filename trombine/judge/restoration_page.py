"""What restoration.py measured, as text, as JSON and as a page."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from trombine.io.files import write_bytes
from trombine.io.image import as_seen, load_picture
from trombine.judge import published, witness
from trombine.judge.bootstrap import mean
from trombine.judge.restoration import (
    MEASURES,
    REGIONS,
    JudgingNet,
    Measure,
    Pair,
    Values,
    by_region,
)
from trombine.pages import Page, estimate, grid, picture, table
from trombine.pages.markup import Html
from trombine.refusal import shown
from trombine.texts import aligned

_ALL: Final[Mapping[str, Measure]] = {**MEASURES, **published.MEASURES}
_WORST: Final = 6  # pictures that the page shows
Measured = Mapping[Pair, Values]


def rows_of(measured: Measured) -> list[tuple[str, dict[str, list[float]]]]:
    """Each measure with its values by region, MEASURES first."""
    values = by_region(measured.values())
    return [
        (
            name,
            {region: values[region][name] for region in REGIONS if name in values.get(region, {})},
        )
        for name in _ALL
        if any(name in values.get(region, {}) for region in REGIONS)
    ]


def as_text(measured: Measured, nets: Sequence[JudgingNet] = ()) -> str:
    """A table of means with intervals, a measure a line."""
    regions = [region for region in REGIONS if region in by_region(measured.values())]
    lines = [("", *regions)]
    for name, values in rows_of(measured):
        unit = _ALL[name].unit
        label = f"{name} {unit}".strip()
        lines.append((label, *(_spelled(values[r]) if r in values else "" for r in regions)))
    count = len(measured)
    return "\n".join(
        (*aligned(lines), f"{count} {'picture' if count == 1 else 'pictures'}; {_judges(nets)}")
    )


def _spelled(values: list[float]) -> str:
    middle, low, high = mean(values)
    digits = 2 if abs(middle) >= 10 else 4
    return f"{middle:.{digits}f}" + (
        f" ({low:.{digits}f} to {high:.{digits}f})" if low < high else ""
    )


def _judges(nets: Sequence[JudgingNet]) -> str:
    return ", ".join(f"{name} {hash}" for name, hash in _hashes(nets).items())


def _hashes(nets: Sequence[JudgingNet]) -> dict[str, str]:
    """Of all nets that gave a number, by name."""
    return {witness.WITNESS: witness.witness().hash, **{net.name: net.hash for net in nets}}


def as_json(measured: Measured, nets: Sequence[JudgingNet] = ()) -> str:
    """All numbers: means with intervals, and those of each picture. What is not finite is null."""
    means = {
        name: {
            region: dict(zip(("mean", "low", "high"), map(_plain, mean(column)), strict=True))
            for region, column in values.items()
        }
        for name, values in rows_of(measured)
    }
    pictures = [
        {
            "result": pair.result.name,
            "truth": pair.truth.name,
            "values": {r: {m: _plain(v) for m, v in one.items()} for r, one in values.items()},
        }
        for pair, values in measured.items()
    ]
    record = {**_hashes(nets), "means": means, "pictures": pictures}
    return json.dumps(record, indent=1, sort_keys=True)


def _plain(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None


def write_page(path: Path, measured: Measured, nets: Sequence[JudgingNet] = ()) -> None:
    """One file: the table, and the pictures that came out worst."""
    page = Page(
        title="Results against their truths",
        lead=f"{len(measured)} pairs of pictures.",
        foot=f"Intervals are of 2,000 resamples, 95 %. Read by {_judges(nets)}.",
    )
    regions = [region for region in REGIONS if region in by_region(measured.values())]
    rows = [
        (name, *(_cell(values.get(region)) for region in regions), _ALL[name].about)
        for name, values in rows_of(measured)
    ]
    head = ("measure", *regions, "what it is")
    page.section("Numbers", "", table(head, rows, caption="Means over the pictures"))
    region = "hole" if "hole" in regions else "whole"
    worst = sorted(measured, key=lambda pair: measured[pair].get(region, {}).get("PSNR", math.inf))
    cells = [cell for pair in worst[:_WORST] for cell in _shown(pair, measured[pair])]
    page.section(
        "The worst", f"Lowest PSNR of the {region} first: result, truth.", grid(cells, columns=4)
    )
    write_bytes(path, page.html().encode())


def _cell(values: list[float] | None) -> str:
    if not values:
        return ""
    middle, low, high = mean(values)
    return estimate(middle, low, high, digits=2 if abs(middle) >= 10 else 4)


def _shown(pair: Pair, values: Values) -> tuple[Html, Html]:
    ours, theirs = (as_seen(load_picture(path)) for path in (pair.result, pair.truth))
    name = shown(pair.result.name)
    caption = f"{name}: {values['whole']['PSNR']:.2f} dB"
    return picture(ours, name, caption=caption), picture(theirs, "truth", caption="truth")
