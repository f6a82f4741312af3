"""Painting what is missing, coarse to fine, by what is elsewhere in the picture.

In the manner of DeepFillv2 (Yu et al., 2019): gated convolutions throughout; a first net paints
coarsely; a second one paints over that, with a branch of dilated convolutions, and beside it one
that fills the hole with patches of features from outside that look like what was painted
(contextual attention; Yu et al., 2018).
"""

from __future__ import annotations

from typing import Final, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from trombine.nets.blocks import Features, begin_small, doubled, padded
from trombine.nets.fill import pull_push
from trombine.nets.painter import NORMS, Layer
from trombine.nets.sizes import WIDEST, Net, check_choice, check_whole

_LEVELS: Final = 2  # times halved, where dilated convolutions and attention are
_DILATIONS: Final = (2, 4, 8)
_SHARP: Final = 10.0  # how much likelier a patch is than one whose cosine is 1 less, as logarithm

Hole = Float[Tensor, "n 1 h w"]


@final
class DeepFill(Net):
    """N x 3 x H x W in [0, 1] and holes to N x 3 x H x W, for any H and W.

    Outside the hole what comes out means nothing: the task keeps the picture there.
    """

    tasks = ("repair",)

    def __init__(self, *, width: int = 20, inputs: int = 4, norm: str = "batch") -> None:
        check_whole("width", width, 1, WIDEST)
        check_whole("inputs", inputs, 4, 4)  # colours and the hole
        check_choice("norm", norm, NORMS)
        super().__init__()
        self.coarse = nn.Sequential(Down(width, norm), Dilated(4 * width, norm))
        self.coarse_up = Up(4 * width, width, norm)
        self.fine = nn.Sequential(Down(width, norm), Dilated(4 * width, norm))
        self.like = Down(width, norm)
        self.after = Gated(4 * width, 4 * width, norm)
        self.fine_up = Up(8 * width, width, norm)

    def forward(
        self, x: Float[Tensor, "n 3 h w"], hole: Float[Tensor, "n 1 h w"]
    ) -> Float[Tensor, "n 3 h w"]:
        """Pictures without what was in the holes, to pictures."""
        height, width = x.shape[-2:]
        picture, hole = padded(x, 2**_LEVELS), padded(hole, 2**_LEVELS)
        filled = pull_push(picture, hole, _LEVELS)
        painted = filled + self.coarse_up(self.coarse(_seen(filled, hole)))
        seen = _seen(torch.where(hole > 0.5, painted, picture), hole)
        like = attended(self.like(seen), functional.max_pool2d(hole, 2**_LEVELS))
        both = torch.cat([self.fine(seen), self.after(like)], 1)
        return (painted + self.fine_up(both))[..., :height, :width]


def _seen(picture: Float[Tensor, "n 3 h w"], hole: Hole) -> Float[Tensor, "n 4 h w"]:
    return torch.cat([2 * picture - 1, hole], 1)


def attended(x: Features, hole: Hole) -> Float[Tensor, "n c h w"]:
    """The features, in the hole made of 3 x 3 patches from outside.

    Each place of the hole takes the mean of all patches in which nothing is missing, weighed by how
    alike they are to its own (the cosine); where patches overlap, their mean counts. Without such
    patches the features stay as they are.
    """
    count, channels, height, width = x.shape
    patches = _patches(x)
    flat = patches.flatten(1, 2).flatten(2)
    unit = flat / flat.norm(dim=1, keepdim=True).clamp(min=1e-4)
    whole = functional.max_pool2d(hole, 3, stride=1, padding=1).flatten(2) < 0.5  # n 1 hw
    scores = _SHARP * unit.transpose(1, 2) @ unit
    # Not infinite: where no patch is whole, there would be no numbers.
    share = torch.where(whole, scores, torch.full_like(scores, -1e4)).softmax(-1)
    mixed = (flat @ share.transpose(1, 2)).view(count, channels, 9, height, width)
    pasted = _pasted(mixed) / _pasted(torch.ones_like(mixed[:, :1]))
    fills = (hole > 0.5) & whole.any(-1)[..., None, None]
    return torch.where(fills, pasted, x)


def _patches(x: Features) -> Float[Tensor, "n c 9 h w"]:
    """Round each place the 3 x 3 features, row by row; 0 outside of the picture."""
    height, width = x.shape[-2:]
    wide = functional.pad(x, (1, 1, 1, 1))
    places = [wide[..., i : i + height, j : j + width] for i in range(3) for j in range(3)]
    return torch.stack(places, 2)


def _pasted(patches: Float[Tensor, "n c 9 h w"]) -> Float[Tensor, "n c h w"]:
    """The sum of all patches, each laid round its place."""
    height, width = patches.shape[-2:]
    wide = functional.pad(patches, (1, 1, 1, 1))
    laid = [
        wide[:, :, 3 * i + j, 2 - i : 2 - i + height, 2 - j : 2 - j + width]
        for i in range(3)
        for j in range(3)
    ]
    return torch.stack(laid).sum(0)


@final
class Gated(nn.Module):
    """A gated layer of a painter, of features alone."""

    def __init__(self, inputs: int, outputs: int, norm: str, *, dilation: int = 1) -> None:
        super().__init__()
        self.layer = Layer(inputs, outputs, "gated", norm, dilation=dilation)

    def forward(self, x: Features) -> Float[Tensor, "n d h w"]:
        """The same height and width."""
        return self.layer(x, x[:, :1])[0]


@final
class Down(nn.Module):
    """A picture and its hole to features at a quarter of the size."""

    def __init__(self, width: int, norm: str) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Gated(4, width, norm),
            nn.AvgPool2d(2),
            Gated(width, 2 * width, norm),
            nn.AvgPool2d(2),
            Gated(2 * width, 4 * width, norm),
        )

    def forward(self, x: Features) -> Float[Tensor, "n d h2 w2"]:
        """A quarter of the height and width."""
        return self.layers(x)


@final
class Dilated(nn.Module):
    """Layers that see farther and farther, each added to what it is given."""

    def __init__(self, width: int, norm: str) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            Gated(width, width, norm, dilation=dilation) for dilation in _DILATIONS
        )

    def forward(self, x: Features) -> Float[Tensor, "n c h w"]:
        """The same height and width."""
        for layer in self.layers:
            x = x + layer(x)
        return x


@final
class Up(nn.Module):
    """Features at a quarter of the size to what is added to a picture."""

    def __init__(self, inputs: int, width: int, norm: str) -> None:
        super().__init__()
        self.layers = nn.ModuleList((Gated(inputs, 2 * width, norm), Gated(2 * width, width, norm)))
        self.last = nn.Conv2d(width, 3, 1)
        begin_small(self.last, 0.1)

    def forward(self, x: Features) -> Float[Tensor, "n 3 h2 w2"]:
        """Four times the height and width."""
        for layer in self.layers:
            x = layer(doubled(x))
        return self.last(x)
