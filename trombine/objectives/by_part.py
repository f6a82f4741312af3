"""How much each pixel of a loss counts, by the part of the face that it shows."""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from trombine.conventions import ORGANS, PART_INDEX, PARTS

_SMALL: Final = [place for place, part in enumerate(PARTS) if part.group in ORGANS]
_GROUND: Final = PART_INDEX["background"]


def counts(
    parts: UInt8[Tensor, "n h w"], *, organs: float = 0.0, ground: float = 1.0
) -> Float[Tensor, "n 1 h w"]:
    """1, for organs (eyes, brows, nose, mouth) so much more, for the background as much as given;
    1 where nobody knows the part."""
    table = torch.ones(256)
    table[_SMALL] += organs
    table[_GROUND] = ground
    return table.to(parts.device)[parts.long()][:, None]
