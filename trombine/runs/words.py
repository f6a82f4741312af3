"""What a run says in words and numbers: its state, its best, its settings, what it cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from trombine.runs.log import ALARMED, BestResult, RunSummary

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


def title(summary: RunSummary) -> str:
    """`upscale-x2`, or `wide: upscale-x2` where the run is called otherwise than its recipe."""
    recipe = str(summary.recipe.get("recipe") or "")
    return f"{summary.name}: {recipe}" if recipe and recipe != summary.name else summary.name


def progress(summary: RunSummary) -> str:
    """`12,800 of 200,000 pictures seen`; the last batch may reach beyond what was asked."""
    if summary.goal and summary.pictures > summary.goal:
        return f"{summary.pictures:,} pictures seen, {summary.goal:,} asked for"
    of = f" of {summary.goal:,}" if summary.goal else ""
    return f"{summary.pictures:,}{of} pictures seen"


def state(summary: RunSummary) -> str:
    """The state, and which alarm it was."""
    if summary.state != ALARMED:
        return summary.state
    return f"{ALARMED} ({summary.alarms[-1].get('alarm', 'unnamed')})"


def best_value(best: BestResult) -> str:
    """`PSNR 30.85 dB`."""
    return f"{best.measure} {short(best.value)} {unit_of(best.measure)}".rstrip()


def cost_rows(summary: RunSummary) -> list[list[str]]:
    """What it took over all its resumes, as rows of a name and a number each."""
    spent = summary.cost
    lost = spent.pictures - summary.pictures
    again = f" ({lost:,} of them lost and computed again)" if lost > 0 and spent.starts > 1 else ""
    return [
        ["Pictures computed", f"{max(spent.pictures, summary.pictures):,}{again}"],
        ["CPU time", duration(spent.cpu)],
        *([["GPU time", duration(spent.gpu)]] if spent.gpu > 0 else ()),
        ["Wall time", duration(spent.seconds)],
        ["Begun or resumed", f"{spent.starts} time{'' if spent.starts == 1 else 's'}"],
        ["Last heard of", spent.last.replace("T", " ")[:16] or "–"],
    ]


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
