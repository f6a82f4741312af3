"""The numbers that a reader reads: fields of a painted face, scaled to -1 to 1, and the style."""

from __future__ import annotations

from typing import Final, final

import torch
from jaxtyping import Float
from torch import Tensor

from trombine.core.errors import InputError
from trombine.models import Model
from trombine.world import FIELDS, STYLES
from trombine.world.turned import FURTHEST, LOWEST

TURNS: Final = {"yaw": FURTHEST, "pitch": LOWEST}  # radians: as far as heads of photos turn
_NEWBORN: Final = {"age": 0.0}  # years: photos show people younger than the world's others
# What mirroring turns round, each the same to both sides; what it makes of the rest stays.
MIRRORS: Final = ("yaw", "roll", "gaze_x", "light_turn", "parting")


@final
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
