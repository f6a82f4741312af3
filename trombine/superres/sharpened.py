"""A sharp net beside the soft one that it began as, without the grid of the pixel shuffle.

A net that learned from a discriminator adds a faint pattern that repeats with every pixel of the
small picture. The soft net has none. So the pattern is in the difference of both: for each place
within a small pixel, the mean of the samples there, over some small pixels. It is taken away;
what else sharpness adds stays.
"""

from __future__ import annotations

from typing import Final, final

import torch
from jaxtyping import Float
from torch.nn import functional

from trombine.nets import Net

SIDE: Final = 9  # pixels of the small picture over which a pattern repeats; odd (docs/log)
FAINT: Final = 0.02  # of white; what is stronger, such as an edge, counts as so much


@final
class Sharpened(Net):
    """What the sharp net makes, less the grid in its difference from the soft net's."""

    def __init__(self, soft: Net, sharp: Net) -> None:
        super().__init__()
        self.soft, self.sharp = soft, sharp
        self.sizes, self.factor = sharp.sizes, sharp.factor

    @property
    def reach(self) -> int:
        """That of both nets, and as far as the grid is looked for."""
        return max(self.soft.reach or 0, self.sharp.reach or 0) + SIDE // 2

    def forward(self, x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n c fh fw"]:
        """Small pictures, range [0, 1], to large ones, range about [0, 1]."""
        sharp = self.sharp(x)
        return sharp - grid(sharp - self.soft(x), self.factor)


def grid(added: Float[torch.Tensor, "n c fh fw"], factor: int) -> Float[torch.Tensor, "n c fh fw"]:
    """What repeats every `factor` samples along both axes, around each pixel."""
    faint = added.clamp(-FAINT, FAINT)
    by_place = functional.pixel_unshuffle(faint, factor)  # n, c * factor**2, h, w
    mean = functional.avg_pool2d(by_place, SIDE, 1, SIDE // 2, count_include_pad=False)
    of_channel = mean.unflatten(1, (-1, factor**2))
    differs = of_channel - of_channel.mean(2, keepdim=True)  # brightness and colour stay
    return functional.pixel_shuffle(differs.flatten(1, 2), factor)
