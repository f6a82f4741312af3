"""What is no face, in the manner of a style: flat colours with lines, or pencil, without a net.

A net that has learned faces draws faces into everything. So the rest of a photograph is filtered:
flat within its edges (He et al., 2013, a guided filter), with lines along them (Winnemöller et al.,
2012, a difference of Gaussians). What a filter does is as wide as the picture asks for: a large
photograph looks like a small one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn import functional

from trombine.io.color import LUMA

Picture = Float32[Tensor, "3 h w"]
Plane = Float32[Tensor, "1 1 h w"]

_USUAL: Final = 512  # pixels of a side at which the widths below are meant
_MOST: Final = 1600  # pixels of the longer side in which edges and shades are looked for


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a style draws. Widths are in pixels of a picture of 512."""

    flat: float = 8.0  # how far colours become one, but for edges
    edge: float  # a difference of light that stays an edge
    levels: int  # of light
    colourful: float  # times as far from grey
    light: float  # the power of light: below 1 is lighter
    line: float  # width of lines
    dark: float  # how much of the light a line takes


MANNERS: Final = {
    "anime": Manner(edge=0.16, levels=12, colourful=1.3, light=0.75, line=0.9, dark=0.75),
    "cartoon": Manner(edge=0.12, levels=7, colourful=1.5, light=0.9, line=1.2, dark=0.95),
}
_PENCIL: Final = 10.0  # how far around a pencil's darkness is measured
_PENCIL_LINE, _PENCIL_DARK = 0.8, 0.7  # as of a manner
_WIDE: Final = 8.0  # pixels: a wider blur is made in a smaller picture
_WIDER: Final = 1.6  # the second Gaussian of a line beside the first
_KEPT: Final = 0.98  # of the second, taken from the first: even places are no lines
_STEEP: Final = 40.0  # how soon a line is as dark as it gets


def drawn(picture: Picture, style: str) -> Picture:
    """A picture of any size in the manner of a style, within [0, 1]."""
    light = luma(picture[None])
    scale = max(light.shape[-2:]) / _USUAL
    if style == "sketch":
        around = blurred(light, _PENCIL * scale)
        shade = (light / around.clamp(min=0.02)).clamp(0, 1) ** 1.5
        shade = shade * lines(light, _PENCIL_LINE * scale, _PENCIL_DARK)
        return shade[0].expand(3, -1, -1).contiguous()
    manner = MANNERS[style]
    made = flattened(picture[None], light, manner.flat * scale, manner.edge)
    light = luma(made)
    stays = lines(light, manner.line * scale, manner.dark)
    made.sub_(light).mul_(manner.colourful)  # in place: of large pictures copies fill the memory
    made.add_(levelled(light.clamp_(0, 1), manner.levels) ** manner.light)
    return made.mul_(stays).clamp_(0, 1)[0]


def luma(pictures: Float32[Tensor, "1 3 h w"]) -> Plane:
    """How light each pixel is."""
    red, green, blue = pictures.split(1, 1)
    return LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue


def flattened(
    pictures: Float32[Tensor, "1 3 h w"], light: Plane, radius: float, edge: float
) -> Float32[Tensor, "1 3 h w"]:
    """Colours that are even within edges of light: each pixel by the line that fits its
    surroundings' colours to their light. The lines are fitted in a smaller picture."""
    small = min(1.0, _MOST / max(light.shape[-2:]))
    colours, lights = (resized(x, small) for x in (pictures, light))
    radius *= small
    mean, means = _mean(lights, radius), _mean(colours, radius)
    varies = _mean(lights * lights, radius) - mean * mean
    together = _mean(lights * colours, radius) - mean * means
    slope = together / (varies + edge**2)
    offset = means - slope * mean
    made = _as_large(_mean(slope, radius), light).mul_(light)
    return made.add_(_as_large(_mean(offset, radius), light))


def levelled(light: Plane, levels: int) -> Plane:
    """Light in so many levels, with soft steps between them."""
    steps = light * levels
    low = steps.floor()
    between = steps.sub_(low).sub_(0.5).mul_(4).clamp_(-0.5, 0.5).add_(0.5)
    return low.add_(between).div_(levels).clamp_(0, 1)


def lines(light: Plane, width: float, dark: float) -> Plane:
    """How much of the light stays: 1, and less on the dark side of edges, by `dark` at most."""
    small = min(1.0, _MOST / max(light.shape[-2:]))
    smaller, width = resized(light, small), width * small
    edge = blurred(smaller, width) - _KEPT * blurred(smaller, _WIDER * width)
    drawn = torch.tanh(-_STEEP * edge.clamp(max=0))
    return 1 - dark * _as_large(drawn, light)


def blurred(x: Plane, width: float) -> Plane:
    """By a Gaussian; of a wide one in a smaller picture."""
    if width > _WIDE:
        smaller = resized(x, _WIDE / 2 / width)
        return _as_large(blurred(smaller, _WIDE / 2), x)
    reach = max(1, math.ceil(3 * width))
    taps = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / max(width, 1e-3)) ** 2)
    taps = (taps / taps.sum()).to(x)
    for shape in ((1, 1, -1, 1), (1, 1, 1, -1)):
        pad = (0, 0, reach, reach) if shape[2] == -1 else (reach, reach, 0, 0)
        x = functional.conv2d(functional.pad(x, pad, mode="replicate"), taps.view(shape))
    return x


def _mean(x: Float32[Tensor, "1 c h w"], radius: float) -> Float32[Tensor, "1 c h w"]:
    """Over squares of so many pixels to each side; beyond the edge nothing counts."""
    reach = max(1, round(radius))
    for size, pad in (((2 * reach + 1, 1), (reach, 0)), ((1, 2 * reach + 1), (0, reach))):
        x = functional.avg_pool2d(x, size, 1, pad, count_include_pad=False)
    return x


def resized(x: Float32[Tensor, "1 c h w"], scale: float) -> Float32[Tensor, "1 c k l"]:
    """Smaller, each pixel the mean of those that it stands for."""
    if scale >= 1:
        return x
    size = [max(1, round(side * scale)) for side in x.shape[-2:]]
    return functional.interpolate(x, size, mode="bilinear", antialias=True, align_corners=False)


def _as_large(x: Float32[Tensor, "1 c k l"], like: Plane) -> Float32[Tensor, "1 c h w"]:
    if x.shape[-2:] == like.shape[-2:]:
        return x
    return functional.interpolate(x, like.shape[-2:], mode="bilinear", align_corners=False)
