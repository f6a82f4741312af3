"""How far what is read of a face may be off, as it was measured on painted faces.

A spread is half of the interval that holds nine true values of ten. It depends on the style, on how
far the landmarks of the face may be off, and on the value itself: that there is no beard is surer
than how dense one is.

The numbers of this formula are in spreads.json, for one reader by its hash, as
`python bench/reader_spreads.py --write` fits them. Of another reader nothing is known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float, Float32

from trombine.world import FIELDS, STYLES

TABLE: Final = Path(__file__).with_name("spreads.json")
SHARE: Final = 0.9  # of the true values that lie within the spread
_RANGES: Final = {info.name: (info.low, info.high) for info in FIELDS}
Weights = Float[np.ndarray, "k p"]


@cache
def measured(hash: str) -> Mapping[str, Sequence[float]]:
    """The numbers of the formula for the reader with this hash, by field; none where nothing was
    measured of it."""
    return json.loads(TABLE.read_text()).get(hash, {})


def spreads_of(
    hash: str, fields: Mapping[str, float], clues: Float[np.ndarray, "c"]
) -> dict[str, float]:
    """Half of the interval of each of these fields, in its units, as a reader read them."""
    table = measured(hash)
    names = [name for name in fields if name in table]
    if not names:
        return {}
    values = np.array([scaled(name, fields[name]) for name in names])
    weights = np.array([table[name] for name in names])
    halves = spreads_by(weights, terms(np.tile(clues, (len(names), 1)), values))
    return {n: float(half) * half_range(n) for n, half in zip(names, halves, strict=True)}


def scaled(name: str, value: float) -> float:
    """The value from -1, the lowest that the field can be, to 1."""
    low, _ = _RANGES[name]
    return min(max((value - low) / half_range(name) - 1, -1.0), 1.0)


def half_range(name: str) -> float:
    """Half of what lies between the lowest and the highest value of a field."""
    low, high = _RANGES[name]
    return (high - low) / 2


def clues_of(
    styles: Mapping[str, float], errors: Float32[np.ndarray, "68"]
) -> Float[np.ndarray, "c"]:
    """How likely each style is, and the logarithm of how far landmarks may be off, in parts of the
    window."""
    return np.array([*(styles[name] for name in STYLES), np.log(np.median(errors))])


def terms(clues: Float[np.ndarray, "n c"], values: Float[np.ndarray, "n"]) -> Weights:
    """What a spread's logarithm is a weighted sum of."""
    return np.concatenate([clues, values[:, None], values[:, None] ** 2], 1)


def spreads_by(weights: Weights, rows: Weights) -> Float[np.ndarray, "k"]:
    """Spreads of fields from -1 to 1, never wider than that."""
    return np.exp(np.minimum((weights * rows).sum(1), np.log(2.0)))
