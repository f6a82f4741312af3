"""Colour spaces in which a net may see pictures and give them: RGB, grey, HSV, ImageNet's.

    rgb        as everywhere: sRGB in [0, 1]
    grey       the luma in each of three channels; there is no way back to colours
    hsv        hue, saturation and value, each in [0, 1]; hue in turns, red at 0 and at 1
    imagenet   (x - mean) / deviation of each channel, as nets of ImageNet want it

RGB stays the convention between all parts of the package: a picture is in another space only inside
a net, or where an objective says that it invents pictures there. `Within` is a net that works in
another space, for those who have RGB. Which training uses which space is in losses/ and
training/material.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from jaxtyping import Float

from trombine.core.errors import shortened
from trombine.io.color import LUMA
from trombine.nets.sizes import Net

Pictures = Float[torch.Tensor, "*n 3 h w"]
Way = Callable[[torch.Tensor], torch.Tensor]

# Of R, G and B in [0, 1], over ImageNet's pictures.
IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION: Final = (0.229, 0.224, 0.225)
# Below it two samples are equal: hue and saturation have no slope there that floats could hold.
_LEAST: Final = 1e-6


def to_space(pictures: Pictures, name: str) -> Pictures:
    """RGB pictures in the space of this name; `rgb` gives the very tensor back."""
    return _ways(name)[0](pictures)


def from_space(pictures: Pictures, name: str) -> Pictures:
    """Pictures of the space of this name as RGB; what a net gives may leave [0, 1]."""
    return _ways(name)[1](pictures)


def _ways(name: str) -> tuple[Way, Way]:
    if name not in SPACES:
        names = ", ".join(SPACES)
        raise ValueError(f"there is no colour space {shortened(name)}; there are {names}")
    return SPACES[name]


class Within(Net):
    """A net that works in another space, for those who have pictures in RGB and want them so."""

    def __init__(self, net: Net, space: str, *, sees: bool, gives: bool) -> None:
        """`sees`: pictures go in; `gives`: pictures come out."""
        super().__init__()
        self.net, self.sizes, self.factor = net, net.sizes, net.factor
        self.optional = net.optional
        self.space, self.sees, self.gives = space, sees, gives

    @property
    def reach(self) -> int | None:
        """The net's: a colour space has no neighbours."""
        return self.net.reach

    def forward(
        self, x: torch.Tensor, *inputs: torch.Tensor, **named: torch.Tensor
    ) -> torch.Tensor:
        """The net's result for pictures in RGB; its other inputs have no colours."""
        output = self.net(to_space(x, self.space) if self.sees else x, *inputs, **named)
        if not self.gives:
            return output
        # In bf16 a turn has 256 hues: computed in full, whatever the net computes in.
        return from_space(output.float() if output.dtype == torch.bfloat16 else output, self.space)


def _same(pictures: Pictures) -> Pictures:
    return pictures


def _grey(pictures: Pictures) -> Pictures:
    """The luma of the three channels, in each of them: of what is grey already, itself."""
    luma = sum(weight * plane for weight, plane in zip(LUMA, pictures.unbind(-3), strict=True))
    assert isinstance(luma, torch.Tensor)
    return _joined(luma, luma, luma)


# ---------------------------------------------------------------------------------------------
# HSV


def _to_hsv(pictures: Pictures) -> Pictures:
    """Hue, saturation, value (Smith 1978); greys have hue and saturation 0, and no slope there.

    What leaves [0, 1] has no saturation that could be meant: it is held at the edge.
    """
    pictures = pictures.clamp(0, 1)
    red, green, blue = pictures.unbind(-3)
    value = pictures.amax(-3)
    spread = value - pictures.amin(-3)
    grey = spread < _LEAST
    across = torch.where(grey, 1, spread)  # never 0: a slope through 1/0 would be NaN
    turn = torch.where(
        value == red,
        (green - blue) / across,
        torch.where(value == green, 2 + (blue - red) / across, 4 + (red - green) / across),
    )
    hue = torch.where(grey, 0, (turn / 6) % 1)
    saturation = torch.where(grey, 0, spread / torch.where(grey, 1, value))
    return _joined(hue, saturation, value)


def _from_hsv(pictures: Pictures) -> Pictures:
    """c = v - v s max(0, min(k, 4 - k, 1)), k = (n + 6 h) mod 6; n is 5, 3, 1 for R, G, B.

    Every number is a hue, by its turns; saturation and value are taken as they are.
    """
    hue, saturation, value = pictures.unbind(-3)
    places = [(offset + 6 * hue) % 6 for offset in (5, 3, 1)]
    shares = [torch.minimum(k, 4 - k).clamp(0, 1) for k in places]
    return _joined(*(value - value * saturation * share for share in shares))


def _joined(
    a: Float[torch.Tensor, "*n h w"],
    b: Float[torch.Tensor, "*n h w"],
    c: Float[torch.Tensor, "*n h w"],
) -> Pictures:
    """Three planes as pictures, a pixel's samples side by side in memory, as batches have them."""
    return torch.stack((a, b, c), -1).movedim(-1, -3)


# ---------------------------------------------------------------------------------------------
# ImageNet's normalisation


def _normalised(pictures: Pictures) -> Pictures:
    mean, deviation = _imagenet(pictures)
    return (pictures - mean) / deviation


def _denormalised(pictures: Pictures) -> Pictures:
    mean, deviation = _imagenet(pictures)
    return pictures * deviation + mean


def _imagenet(
    like: Pictures,
) -> tuple[Float[torch.Tensor, "3 1 1"], Float[torch.Tensor, "3 1 1"]]:
    mean, deviation = (like.new_tensor(of) for of in (IMAGENET_MEAN, IMAGENET_DEVIATION))
    return mean[:, None, None], deviation[:, None, None]


# From RGB, and to RGB.
SPACES: Final[dict[str, tuple[Way, Way]]] = {
    "rgb": (_same, _same),
    "grey": (_grey, _grey),
    "hsv": (_to_hsv, _from_hsv),
    "imagenet": (_normalised, _denormalised),
}
