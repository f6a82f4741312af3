"""Skin and hair that a net painted, as light and as coloured as what is seen of them.

Of a face that is hidden by half a net paints, away from what it sees, the mean of all that people
look like: grey. Whoever has fair skin on one side has it on the other, but for the light.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float32
from torch.nn.functional import avg_pool2d

from trombine.conventions import PART_INDEX

Planes = Float32[torch.Tensor, "3 h w"]
Hidden = Bool[torch.Tensor, "h w"]
Likely = Float32[torch.Tensor, "19 h w"]

# What is alike on both sides of a head, and by how much light makes one differ from the other:
# that stays (docs/log.md).
_ALIKE: Final = [
    ([PART_INDEX[name] for name in names], light)
    for names, light in ((("skin", "nose", "left_ear", "right_ear"), 0.12), (("hair",), 0.2))
]
_NEAR: Final = 12  # pixels of a window: near what is seen a net knows its colours
_LEAST: Final = (200, 50)  # pixels of a window that are seen, and hidden: fewer say too little


def evened(made: Planes, seen: Planes, hidden: Hidden, parts: Likely) -> Planes:
    """What was made, with the mean of hidden skin, and of hair, nearer to that of what is seen."""
    from scipy.ndimage import distance_transform_edt

    away = torch.from_numpy(distance_transform_edt(hidden.numpy()).astype(np.float32))
    inwards = 1 - torch.exp(-away / _NEAR)
    result = made
    for labels, light in _ALIKE:
        share = parts[labels].sum(0)
        known, unknown = share * ~hidden, share * hidden * inwards
        if known.sum() < _LEAST[0] or (share * hidden).sum() < _LEAST[1]:
            continue
        off = _mean(seen, known) - _mean(made, unknown)
        off = off * (1 - light / off.norm().clamp(min=light))
        soft = avg_pool2d(share[None], 5, 1, 2, count_include_pad=False)[0] * inwards
        result = result + off[:, None, None] * soft
    return torch.where(hidden, result.clamp(0, 1), made)


def _mean(colours: Planes, weights: Float32[torch.Tensor, "h w"]) -> Float32[torch.Tensor, "3"]:
    return (colours * weights).sum((1, 2)) / weights.sum()
