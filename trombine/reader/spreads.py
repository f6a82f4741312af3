"""How far what is read of a face may be off, as it was measured on painted faces.

A spread is half of the interval that holds nine true values of ten. It depends on the style, on how
far the landmarks of the face may be off, and on the value itself: that there is no beard is surer
than how dense one is. A certainty is how likely a thing is worn, or not, as it is read.

The numbers of these formulas are in spreads.json, for one reader by its hash, as
`python bench/reader_spreads.py --write` fits them. Of another reader nothing is known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, final

import numpy as np
from jaxtyping import Float, Float32

from trombine.world import FIELDS, STYLES

TABLE: Final = Path(__file__).with_name("spreads.json")
UNMEASURED: Final = "how far its numbers may be off was never measured; no spreads are given"
SHARE: Final = 0.9  # of the true values that lie within the spread
WORN: Final = ("glasses", "hat")  # above .5 it is there
_RANGES: Final = {info.name: (info.low, info.high) for info in FIELDS}
Weights = Float[np.ndarray, "k p"]


@final
@dataclass(frozen=True, kw_only=True)
class Measured:
    """The numbers of the formulas for one reader, by the names of its fields."""

    spreads: Mapping[str, Sequence[float]]
    certainties: Mapping[str, Sequence[float]]

    def spreads_of(
        self, fields: Mapping[str, float], clues: Float[np.ndarray, "c"]
    ) -> dict[str, float]:
        """Half of the interval of each of these fields, in its units."""
        names = [name for name in fields if name in self.spreads]
        values = np.array([scaled(name, fields[name]) for name in names])
        weights = np.array([self.spreads[name] for name in names])
        halves = spreads_by(weights, terms(np.tile(clues, (len(names), 1)), values))
        return {
            name: float(half) * half_range(name) for name, half in zip(names, halves, strict=True)
        }

    def certainties_of(
        self, fields: Mapping[str, float], clues: Float[np.ndarray, "c"]
    ) -> dict[str, float]:
        """How likely what is worn, or not, is as these fields say."""
        names = [name for name in fields if name in self.certainties]
        values = np.array([scaled(name, fields[name]) for name in names])
        weights = np.array([self.certainties[name] for name in names])
        likely = certainties_by(weights, worn_terms(np.tile(clues, (len(names), 1)), values))
        return dict(zip(names, likely.tolist(), strict=True))


@cache
def measured(hash: str) -> Measured | None:
    """What was measured of the reader with this hash; None where nothing was."""
    entry = json.loads(TABLE.read_text()).get(hash)
    if entry is None:
        return None
    return Measured(spreads=entry["spreads"], certainties=entry["certainties"])


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


def worn_terms(clues: Float[np.ndarray, "n c"], values: Float[np.ndarray, "n"]) -> Weights:
    """What the logit of a certainty is a weighted sum of: how far from half, how far landmarks may
    be off, and both together."""
    ones, far, errors = np.ones(len(values)), np.abs(values), clues[:, len(STYLES)]
    return np.stack([ones, far, errors, far * errors], 1)


def certainties_by(weights: Weights, rows: Weights) -> Float[np.ndarray, "k"]:
    """How likely, from 0 to 1."""
    return 1 / (1 + np.exp(-(weights * rows).sum(1)))
