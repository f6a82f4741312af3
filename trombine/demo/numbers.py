"""Figures under one protocol as a table, with the protocol said under it."""

from __future__ import annotations

from collections.abc import Sequence

from trombine.measures import Figure, Protocol, one_table
from trombine.pages import Html, estimate, table


def numbers_table(protocol: Protocol, figures: Sequence[Figure], caption: str = "") -> Html:
    """A row a method, a column a measure, each number with its 95 % interval."""
    rows = []
    for method, numbers in one_table(figures).items():
        cells = [estimate_cell(numbers[measure]) for measure in protocol.measures]
        rows.append([method[:1].upper() + method[1:], *cells])
    heads = ["Method", *(unit(measure) for measure in protocol.measures)]
    title = caption or f"Mean of {len(protocol.seeds)} pictures, and its 95 % interval"
    return table(heads, rows, caption=title, under=protocol.describe())


def estimate_cell(figure: Figure) -> Html:
    """Decibels with two decimals, SSIM with four."""
    digits = 4 if figure.measure.startswith("SSIM") else 2
    return estimate(figure.mean, figure.low, figure.high, digits=digits)


def unit(measure: str) -> str:
    """A measure with its unit."""
    return f"{measure}, dB" if measure.startswith("PSNR") else measure
