"""How much each pixel of a loss counts, by the part of the face that it shows."""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn.functional import avg_pool2d, max_pool2d

from trombine.core.conventions import ORGANS, PART_INDEX, PARTS

_SMALL: Final = [place for place, part in enumerate(PARTS) if part.group in ORGANS]
_GROUND: Final = PART_INDEX["background"]


def counts(
    parts: UInt8[Tensor, "n h w"], *, organs: float = 0.0, ground: float = 1.0, around: int = 0
) -> Float[Tensor, "n 1 h w"]:
    """1, for organs (eyes, brows, nose, mouth) so much more, for the background as much as given;
    1 where nobody knows the part.

    Where a net is not sure of an edge, what counts more is drawn too large: brows too thick. With
    so many pixels `around` organs that count as they do, and as many in which that fades, both
    sides of their edges count alike.
    """
    table = torch.ones(256)
    table[_GROUND] = ground
    more = torch.zeros(256)
    more[_SMALL] = organs
    plain, extra = (each.to(parts.device)[parts.long()][:, None] for each in (table, more))
    if around:
        extra = max_pool2d(extra, 4 * around + 1, stride=1, padding=2 * around)
        extra = avg_pool2d(extra, 2 * around + 1, 1, around, count_include_pad=False)
    return plain + extra
