"""Reading what is where from codes of pictures: parts, and heat maps of landmarks.

It is there to say what codes are to tell (losses/restyle_shared.py), and is not kept.
"""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Float
from torch.nn import functional

from trombine.core.conventions import LANDMARK_COUNT, PARTS
from trombine.nets.blocks import conv3
from trombine.nets.sizes import WIDEST, Net, check_whole


@final
class CodeReader(Net):
    """N x inputs x H x W to N x (19 + 68) x 4H x 4W: logits of parts, then heat of landmarks."""

    tasks = ("judge",)

    def __init__(self, *, inputs: int = 64, width: int = 32) -> None:
        check_whole("inputs", inputs, 1, WIDEST)
        check_whole("width", width, 1, WIDEST)
        super().__init__()
        self.enter = conv3(inputs, 2 * width)
        self.closer = conv3(2 * width, 4 * width)
        self.last = conv3(width, 4 * (len(PARTS) + LANDMARK_COUNT))

    def forward(self, x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n k h4 w4"]:
        """Codes of any range; parts in the order of PARTS."""
        x = functional.silu(self.enter(x))
        x = functional.silu(functional.pixel_shuffle(self.closer(x), 2))
        return functional.pixel_shuffle(self.last(x), 2)
