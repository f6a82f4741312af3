"""Skin and hair that a net painted, as light and as coloured as what is seen of them.

Of a face that is hidden by half a net paints, away from what it sees, the mean of all that people
look like: grey. Whoever has fair skin on one side has it on the other, but for the light.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float32
from scipy.ndimage import distance_transform_edt
from torch.nn.functional import avg_pool2d

from trombine.core.conventions import PART_INDEX

Planes = Float32[torch.Tensor, "3 h w"]
Hidden = Bool[torch.Tensor, "h w"]
Likely = Float32[torch.Tensor, "19 h w"]

_ALIKE: Final = [  # on both sides of a head
    [PART_INDEX[name] for name in names]
    for names in (("skin", "nose", "left_ear", "right_ear"), ("hair",))
]
# Light makes one side darker than the other, not greyer: by how much greyer what was made may be,
# and from what on it is evened fully (docs/log/repair.md).
_GREYER: Final = (0.04, 0.14)
_NEAR: Final = 12  # pixels of a window: near what is seen a net knows its colours
_LEAST: Final = (200, 50)  # pixels of a window that are seen, and hidden: fewer say too little


def evened(made: Planes, seen: Planes, hidden: Hidden, parts: Likely) -> Planes:
    """What was made, with the mean of hidden skin, and of hair, nearer to that of what is seen."""

    away = torch.from_numpy(np.asarray(distance_transform_edt(hidden.numpy()), np.float32))
    inwards = 1 - torch.exp(-away / _NEAR)
    result = made
    for labels in _ALIKE:
        share = parts[labels].sum(0)
        known, unknown = share * ~hidden, share * hidden * inwards
        if known.sum() < _LEAST[0] or (share * hidden).sum() < _LEAST[1]:
            continue
        wanted, found = _mean(seen, known), _mean(made, unknown)
        greyer = _colourful(wanted) - _colourful(found)
        much = min(max((greyer - _GREYER[0]) / (_GREYER[1] - _GREYER[0]), 0.0), 1.0)
        soft = avg_pool2d(share[None], 5, 1, 2, count_include_pad=False)[0] * inwards
        result = result + much * (wanted - found)[:, None, None] * soft
    return torch.where(hidden, result.clamp(0, 1), made)


def _mean(colours: Planes, weights: Float32[torch.Tensor, "h w"]) -> Float32[torch.Tensor, "3"]:
    return (colours * weights).sum((1, 2)) / weights.sum()


def _colourful(colour: Float32[torch.Tensor, "3"]) -> float:
    """How far from grey a colour is, however light."""
    return float((colour.max() - colour.min()) / colour.max().clamp(min=0.05))
