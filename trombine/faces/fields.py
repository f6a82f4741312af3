"""The numbers that a reader reads: fields of a painted face, scaled to -1 to 1, the style, and how
far they may be off, as it was measured on painted faces.

A spread is half of the interval that holds nine true values of ten. It depends on the style, on how
far the landmarks of the face may be off, and on the value itself: that there is no beard is surer
than how dense one is. The numbers of this formula are in spreads.json, for one reader by its hash,
as `python bench/reader_spreads.py --write` fits them. Of another reader nothing is known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from trombine.core.errors import InputError
from trombine.models import Model
from trombine.world import FIELDS, STYLES
from trombine.world.turned import FURTHEST, LOWEST

TURNS: Final = {"yaw": FURTHEST, "pitch": LOWEST}  # radians: as far as heads of photos turn
_SURE_STYLE: Final = 0.9
_NEWBORN: Final = {"age": 0.0}  # years: photos show people younger than the world's others
# What mirroring turns round, each the same to both sides; what it makes of the rest stays.
MIRRORS: Final = ("yaw", "roll", "gaze_x", "light_turn", "parting")


class Fields:
    """Some fields of a painted face, by name."""

    def __init__(self, names: tuple[str, ...]) -> None:
        infos = {info.name: info for info in FIELDS}
        if missing := [name for name in names if name not in infos]:
            raise KeyError(", ".join(missing))
        self.names = names
        self.low = torch.tensor([infos[name].low for name in names])
        self.high = torch.tensor([infos[name].high for name in names])
        self.most = torch.tensor([TURNS.get(name, infos[name].high) for name in names])
        least = {name: infos[name].low for name in names}
        least |= {name: -most for name, most in TURNS.items()} | _NEWBORN
        self.least = torch.tensor([least[name] for name in names])
        self.signs = torch.tensor([-1.0 if name in MIRRORS else 1.0 for name in names])

    @classmethod
    def parse(cls, text: str) -> Fields:
        """Those of a recipe's setting: names with + between them."""
        return cls(tuple(name for name in text.split("+") if name))

    def scaled(self, values: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
        """From -1, the lowest a field can be, to 1."""
        low, high = self.low.to(values), self.high.to(values)
        return 2 * (values - low) / (high - low) - 1

    def unscaled(self, read: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
        """The values again."""
        low, high = self.low.to(read), self.high.to(read)
        return low + (read + 1) / 2 * (high - low)

    def decode(self, read: Float[Tensor, "k"]) -> dict[str, float]:
        """What was read, by name, within the range that a field has."""
        values = self.unscaled(read[None].float())[0].clamp(self.least, self.most)
        return dict(zip(self.names, values.tolist(), strict=True))


def fields_of(model: Model) -> tuple[Fields, Fields]:
    """Traits and moment of a model, by the settings on its card; an InputError where these are not
    of this net."""
    settings, sizes = model.card.settings, model.net.sizes
    try:
        traits, moment = (Fields.parse(str(settings[name])) for name in ("traits", "moment"))
    except KeyError as error:
        raise InputError(f"its card does not say what it reads ({error.args[0]})") from error
    counts = len(traits.names), len(moment.names) + len(STYLES)
    if counts != (sizes.get("traits"), sizes.get("moment")):
        raise InputError("its card names other numbers than it reads")
    return traits, moment


def decode_styles(read: Float[Tensor, "s"]) -> dict[str, float]:
    """How likely each style is."""
    return dict(zip(STYLES, read.float().softmax(0).tolist(), strict=True))


def sure_style(likely: Mapping[str, float], *, drawn: bool) -> str | None:
    """The style, where it is sure and agrees with whether the picture looks drawn."""
    style = max(likely, key=lambda name: likely[name])
    is_sure = likely[style] >= _SURE_STYLE and (style == "photo") != drawn
    return style if is_sure else None


def beyond(name: str, value: float) -> bool:
    """Whether a turn is as far as the reader can tell: the true one may be any beyond."""
    return abs(value) >= 0.95 * TURNS.get(name, np.inf)


# ---------------------------------------------------------------------------------------------
# Spreads

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
