"""Parts that several families share: normalisation, convolutions, how their weights begin.

No part draws when it runs, and none works in place: what a layer returned may be read by others.
"""

from __future__ import annotations

import copy
import math
from typing import Final, TypeVar, cast
from weakref import WeakKeyDictionary

import torch
from jaxtyping import Float
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.nn.utils.parametrizations import spectral_norm

NetKind = TypeVar("NetKind", bound=nn.Module)
Features = Float[torch.Tensor, "n c h w"]

MOST_TIMES_WIDTH: Final = 8  # channels double at each halving, up to this many times the width


def widths(width: int, levels: int) -> list[int]:
    """The channels at each size of the pyramid, full size first."""
    return [width * min(2**level, MOST_TIMES_WIDTH) for level in range(levels + 1)]


def conv3(
    inputs: int, outputs: int, *, stride: int = 1, dilation: int = 1, bias: bool = True
) -> nn.Conv2d:
    """A 3 x 3 convolution that keeps the size, or halves it with stride 2."""
    return nn.Conv2d(
        inputs, outputs, 3, stride=stride, padding=dilation, dilation=dilation, bias=bias
    )


def steady(layer: nn.Conv2d) -> nn.Conv2d:
    """The layer, begun so that what passes through many of them keeps its size (He et al., 2015).

    torch's own beginning lets it fade, which only a normalisation would make good again.
    """
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def norm(kind: str, channels: int) -> nn.Module:
    """Normalisation by its name: none, group or batch."""
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    if kind == "group":  # groups of at least four channels: one alone says nothing at 1 x 1 pixels
        return nn.GroupNorm(math.gcd(max(channels // 4, 1), channels), channels)
    return nn.Identity()


def normed(layer: nn.Conv2d, kind: str) -> nn.Conv2d:
    """The layer with spectral normalisation (Miyato et al., 2018), if that is the kind."""
    if kind == "spectral":
        spectral_norm(layer)
    return layer


def doubled(x: Features) -> Float[torch.Tensor, "n c h2 w2"]:
    """Twice the size, each pixel repeated.

    A 3 x 3 convolution follows, so that every output pixel is made of as many weights as its
    neighbours: no checkerboard. (The gradient of bilinear enlarging is a race on GPUs.)
    """
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


def padded(x: Features, multiple: int) -> Float[torch.Tensor, "n c h2 w2"]:
    """As large as the next multiple, by repeating the last row and column."""
    height, width = x.shape[-2:]
    below, right = -height % multiple, -width % multiple
    return functional.pad(x, (0, right, 0, below), mode="replicate")


def begin_small(layer: nn.Conv2d | nn.ConvTranspose2d, times: float) -> None:
    """Let a net begin close to what its shortcut gives: the last layer's weights are small."""
    with torch.no_grad():
        layer.weight.mul_(times)
        if layer.bias is not None:
            layer.bias.zero_()


class Normed(nn.Module):
    """Abstract: a 3 x 3 convolution, its normalisation and its activation."""

    def __init__(
        self, inputs: int, outputs: int, kind: str, *, stride: int = 1, dilation: int = 1
    ) -> None:
        super().__init__()
        bias = kind != "batch"  # which would take it away again
        self.conv = steady(conv3(inputs, outputs, stride=stride, dilation=dilation, bias=bias))
        self.norm = norm(kind, outputs)
        self.act = nn.SiLU()

    def fuse(self) -> None:
        """Make a batch normalisation part of the convolution; nothing can be learnt then."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv = fuse_conv_bn_eval(self.conv, self.norm)
            self.norm = nn.Identity()
        self.act = nn.SiLU(inplace=True)  # what it works on is read by nothing else


class Conv(Normed):
    """A convolution, normalised and activated."""

    def forward(self, x: Features) -> Float[torch.Tensor, "n d h2 w2"]:
        """The size, divided by the stride."""
        return self.act(self.norm(self.conv(x)))


_FUSED: Final[WeakKeyDictionary[nn.Module, nn.Module]] = WeakKeyDictionary()


@torch.inference_mode(False)
def fused(net: NetKind) -> NetKind:
    """A copy that learns no more, by a third faster: as the net to 1e-4.

    Normalisation is part of the convolutions, activations work in place, and the channels of a
    pixel lie side by side. It is made once: from now on what the net has learnt must not change.
    """
    if net in _FUSED:
        return cast(NetKind, _FUSED[net])
    ready = copy.deepcopy(net).eval().requires_grad_(False)
    for part in ready.modules():
        if isinstance(part, Normed):
            part.fuse()
    ready.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    _FUSED[net] = ready
    return ready
