"""Learning what pictures are made of: to a few planes at a coarse size, and back.

Nothing passes beside them, so each size's features must say all that the next one needs: a loss can
compare pictures by them (`--judge`, `--layers down.0+down.1`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from trombine.nets.blocks import Conv, doubled, padded, widths
from trombine.nets.sizes import WIDEST, Net, check_choice, check_whole


@final
class Autoencoder(Net):
    """N x 3 x H x W to the same, for any H and W, through `depth` planes, `levels` times halved."""

    tasks = ("restore",)

    def __init__(
        self, *, width: int = 16, levels: int = 4, depth: int = 16, norm: str = "batch"
    ) -> None:
        check_whole("width", width, 1, WIDEST)
        check_whole("levels", levels, 1, 8)
        check_whole("depth", depth, 1, WIDEST)
        check_choice("norm", norm, ("none", "group", "batch"))
        super().__init__()
        self.multiple = 2**levels
        sides = [*widths(width, levels - 1), depth]
        self.first = Conv(3, sides[0], norm)
        pairs = list(pairwise(sides))
        self.down = nn.ModuleList(Conv(a, b, norm, stride=2) for a, b in pairs)
        self.up = nn.ModuleList(Conv(b, a, norm) for a, b in reversed(pairs))
        self.last = nn.Conv2d(sides[0], 3, 1)

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 3 h w"]:
        """Pictures within [0, 1] to pictures of any range."""
        height, width = x.shape[-2:]
        x = self.first(2 * padded(x, self.multiple) - 1)
        for down in self.down:
            x = down(x)
        for up in self.up:
            x = up(doubled(x))
        return 0.5 + self.last(x)[..., :height, :width]
