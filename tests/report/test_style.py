"""Colours can be told from the page, light and dark, by the formula of WCAG 2.2."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from plots import DARK

from trombine.report.plot import COLOURS

STYLE = (files("trombine.report") / "style.css").read_text()
LIGHT_BLOCK, DARK_BLOCK = re.findall(r":root \{(.*?)\}", STYLE, re.S)[:2]


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("block", [LIGHT_BLOCK, DARK_BLOCK], ids=["light", "dark"])
def test_words_and_lines_can_be_told_from_the_page(block: str) -> None:
    named = colours(block)
    assert contrast(named["ink"], named["paper"]) > 12
    assert contrast(named["soft"], named["paper"]) > 4.5
    assert contrast(named["accent"], named["paper"]) > 4.5
    series = [value for name, value in named.items() if name.startswith("series")]
    assert len(series) == 6
    assert min(contrast(one, named["paper"]) for one in series) > 4.5


def test_a_plot_alone_has_the_colours_of_the_page() -> None:
    for block, own in ((LIGHT_BLOCK, COLOURS), (DARK_BLOCK, DARK)):
        named = colours(block)
        assert tuple(named[f"series-{i}"] for i in range(1, 7)) == own
