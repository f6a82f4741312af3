"""What a run says in words and numbers: state, measures, alarms, configuration, cost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from trombine.pages import Html, command, table, unbroken
from trombine.runs.folder import mapping
from trombine.runs.log import (
    ALARMED,
    TOTAL,
    BestResult,
    Curve,
    Curves,
    RunSummary,
    by_phase,
    pictures_of,
)

_GROUPS: Final = {
    "settings": "Recipe",
    "resolved": "What the machine made of it",
    "data": "Data",
}

# Measures for which lower is better, as the objectives say (tests/runs/test_page.py).
LOWER_IS_BETTER: Final = frozenset(
    {
        "edges",
        "features",
        "loss",
        "points",
        "size",
        "sliced distance",
        "there and back",
        "unexplained",
    }
)


def unit_of(measure: str) -> str:
    """`dB`, or nothing."""
    return "dB" if "PSNR" in measure or measure == "steered" else ""


def unit_and_direction(measure: str) -> str:
    """`dB, higher is better`."""
    better = f"{'lower' if measure in LOWER_IS_BETTER else 'higher'} is better"
    return f"{unit}, {better}" if (unit := unit_of(measure)) else better


def short(value: float | int) -> str:
    """A measured number: four digits, whole numbers in full."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}".replace("-", "−")
    return f"{value:.4g}".replace("-", "−")


def duration(seconds: float) -> str:
    """A time for people, in the unit that fits."""
    for unit, length in (("h", 3600.0), ("min", 60.0)):
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} s"


def sentence(text: str) -> str:
    """A line with a capital first and a full stop last."""
    text = text.strip()
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}." if text else ""


def moment(iso: str) -> str:
    """A time of ISO 8601 to the minute, as one reads it."""
    try:
        return datetime.fromisoformat(iso).strftime("%Y-%m-%d %H:%M %Z").strip()
    except ValueError:
        return iso or "–"


def progress(summary: RunSummary) -> str:
    """`12,800 of 200,000 pictures seen`; the last batch may reach beyond what was asked."""
    if summary.goal and summary.pictures > summary.goal:
        return f"{summary.pictures:,} pictures seen, {summary.goal:,} asked for"
    of = f" of {summary.goal:,}" if summary.goal else ""
    return f"{summary.pictures:,}{of} pictures seen"


def state_line(summary: RunSummary) -> str:
    """The state of a run in a sentence or two."""
    line = f"{state(summary).capitalize()}, {progress(summary)}."
    return f"{line} {best_line(summary.best)}" if summary.best else line


def state(summary: RunSummary) -> str:
    """The state, and which alarm it was."""
    if summary.state != ALARMED:
        return summary.state
    return f"{ALARMED} ({summary.alarms[-1].get('alarm', 'unnamed')})"


def best_line(best: BestResult) -> str:
    """What the best is, in a sentence."""
    return f"Best {best_value(best)}, after {best.pictures:,} pictures."


def best_value(best: BestResult) -> str:
    """`PSNR 30.85 dB`."""
    return f"{best.measure} {short(best.value)} {unit_of(best.measure)}".rstrip()


def measure_tables(summary: RunSummary) -> Iterator[Html]:
    """A table for each protocol, since figures of two protocols cannot be compared."""
    for protocol, curves in summary.measures.items():
        best = summary.bests.get(protocol)
        rows = [_measure_row(name, curve, best) for name, curve in curves.items()]
        columns = ["Measure", "first", "last", "at the best"]
        yield table(columns, rows, caption=f"Protocol {protocol or 'unnamed'}")


def _measure_row(name: str, curve: Curve, best: BestResult | None) -> list[str]:
    measured = dict(zip(curve.pictures, curve.values, strict=True))
    cells = (curve.values[0], curve.values[-1], measured.get(best.pictures) if best else None)
    title = f"{name} ({unit_and_direction(name)})"
    return [title, *("–" if value is None else short(value) for value in cells)]


def alarm_table(summary: RunSummary) -> Html:
    """What went wrong, and what was done about it."""
    rows = [
        [_pictures_cell(entry), *(str(entry.get(name, "")) for name in ("alarm", "text", "did"))]
        for entry in summary.alarms
    ]
    return table(["Pictures", "Alarm", "What was seen", "Done"], rows, caption="Alarms", words=True)


def phase_table(summary: RunSummary) -> Html:
    """When each phase began and ended, and why."""
    rows = [
        [_pictures_cell(entry), *(str(entry.get(name, "")) for name in ("phase", "what", "why"))]
        for entry in summary.phases
    ]
    return table(["Pictures", "Phase", "It", "Why"], rows, caption="Phases", words=True)


def change_table(summary: RunSummary) -> Html:
    """Which settings it went on with, and from when."""
    rows = [
        [_pictures_cell(entry), name.removeprefix("nets."), unbroken(spelled(value))]
        for entry in summary.changes
        for name, value in flat(mapping(entry.get("settings"))).items()
    ]
    columns = ["Pictures", "Setting", "From then on"]
    return table(columns, rows, caption="Changes of settings", words=True)


def _pictures_cell(entry: Mapping[str, Any]) -> str:
    return f"{pictures_of(entry.get('pictures')):,}"


def cost_table(summary: RunSummary) -> Html:
    """What it took, over all its resumes."""
    return table(["What", "How much"], cost_rows(summary), caption="What it took", words=True)


def cost_rows(summary: RunSummary) -> list[list[str]]:
    """The same as rows of a name and a number each."""
    spent = summary.cost
    lost = spent.pictures - summary.pictures
    again = f" ({lost:,} of them lost and computed again)" if lost > 0 and spent.starts > 1 else ""
    return [
        ["Pictures computed", f"{max(spent.pictures, summary.pictures):,}{again}"],
        ["CPU time", duration(spent.cpu)],
        *([["GPU time", duration(spent.gpu)]] if spent.gpu > 0 else ()),
        ["Wall time", duration(spent.seconds)],
        ["Begun or resumed", f"{spent.starts} time{'' if spent.starts == 1 else 's'}"],
        ["Last heard of", moment(spent.last)],
    ]


def configuration_tables(summary: RunSummary) -> Iterator[Html]:
    """recipe.json, group by group; beside what was changed on the way, since when it is so."""
    recipe = summary.recipe
    since: dict[str, str] = {}
    for entry in summary.changes:
        names = flat(mapping(entry.get("settings")))
        since |= dict.fromkeys(names, f", since {_pictures_cell(entry)} pictures")
    loose = {key: value for key, value in recipe.items() if key not in _GROUPS}
    if loose:
        yield _configuration("Run", loose)
    for key, title in _GROUPS.items():
        if isinstance(recipe.get(key), Mapping) and recipe[key]:
            yield _configuration(title, recipe[key], since if key == "settings" else {})


def _configuration(
    title: str, held: Mapping[str, Any], since: Mapping[str, str] | None = None
) -> Html:
    rows = [
        [name.removeprefix("nets."), _value_cell(name, value, (since or {}).get(name, ""))]
        for name, value in flat(held).items()
    ]
    return table(["Setting", "Value"], rows, caption=title, words=True)


def _value_cell(name: str, value: object, since: str) -> str:
    text = spelled(value)
    return command(text) if name == "command" else unbroken(f"{text}{since}")


def flat(held: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by their names with dots: {"nets.generator": ...}."""
    settings: dict[str, Any] = {}
    for name, value in held.items():
        if isinstance(value, Mapping) and value:
            settings |= flat(value, f"{prefix}{name}.")
        else:
            settings[f"{prefix}{name}"] = value
    return settings


def spelled(value: object) -> str:
    """A setting as one would write it."""
    if value is None or value == "" or value == {}:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def last_losses(curves: Curves) -> list[tuple[str, float]]:
    """The newest values of the phases' terms, the totals first."""
    names = [name for terms in by_phase(curves).values() for name in terms]
    names.sort(key=lambda name: not name.endswith(f"/{TOTAL}"))
    return [(name, curves[name].values[-1]) for name in names]
