"""Plots of the package as files of their own, for README.md and docs/."""

from __future__ import annotations

from typing import Final

from trombine.report import Plot
from trombine.report.plot import COLOURS

DARK: Final = ("#7cb3f2", "#f2a263", "#62c9a2", "#cf9be2", "#d9bd57", "#f2869f")


def standalone(plot: Plot) -> str:
    """A plot as the text of an SVG file, with the colours that else the page gives it: ink and
    series, light and dark."""
    light, dark = (
        "".join(f"--series-{n}:{colour};" for n, colour in enumerate(colours, 1))
        for colours in (COLOURS, DARK)
    )
    first = f".plot{{color:#1e1d1b;--soft:#5f5c56;font-family:system-ui,sans-serif;{light}}}"
    other = f".plot{{--paper:#151517;color:#ebe9e4;--soft:#a5a29b;{dark}}}"
    style = f"<style>{first}@media (prefers-color-scheme:dark){{{other}}}</style>"
    head, body = str(plot.svg()).split(">", 1)
    return f'{head} xmlns="http://www.w3.org/2000/svg" width="{plot.width}">{style}{body}\n'
