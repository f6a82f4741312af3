"""Scratches, dust, creases and torn corners of a scanned print: a picture to its damaged pixels.

The shipped net `scratches` looks at the picture at its own size, which shows what is thin, and at a
half, a quarter and so on, which shows what is wide, such as a torn corner. A picture of more than
`MOST` pixels is made smaller first, and its mask larger. The net is nets/unet.py; what it learns is
in training/methods/scratches.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32
from scipy import ndimage
from torch import Tensor
from torch.nn.functional import interpolate, max_pool2d

from trombine.core.devices import device_of
from trombine.core.tiles import through_tiles
from trombine.faces.scan import resized
from trombine.models import Model, loaded
from trombine.models.tasks import check_finite

label: Any = ndimage.label  # its annotations do not say that it gives two
NET: Final = "scratches"
MOST: Final = 2 << 20  # pixels in which is detected: a larger picture is made smaller first
GROWN: Final = 1  # pixels by which marks are made wider, for their rims are soft
LIKELY: Final = 0.9  # damaged is what is likelier to the net, for which damage counts four times
STRONG: Final = 0.5  # the same where more is to be detected
_LONG: Final = 0.05  # of the picture's shorter side: so long is a place that is worth a word
_LEAST: Final = 112  # pixels of the shorter side, below which no picture is looked at
_WIDE: Final = 3  # pixels: of smaller pictures counts what is at least so wide
_TILE: Final = 768  # pixels a side: the wider the halo's share, the more is computed twice
_HALO: Final = 64  # further than which the net hardly looks

Picture = Float32[Tensor, "3 h w"]
Mask = Bool[Tensor, "h w"]


class Damage(NamedTuple):
    """What is detected."""

    mask: Mask  # scratched, dusty, creased or torn away
    left: int = 0  # how many long places that look damaged are not in it


def scratches(picture: Picture, *, strong: bool = False, model: Model | None = None) -> Damage:
    """Which pixels are damaged; `strong`: those in doubt, too. The shipped net's model unless
    given."""
    model = model or loaded(NET, task="detect")
    height, width = picture.shape[-2:]
    sure, strongly = torch.zeros(2, height, width, dtype=torch.bool)
    with torch.no_grad():
        for level, smaller in enumerate(_pyramid(picture)):
            logits = _likely(smaller, model)
            for mask, share in ((sure, LIKELY), (strongly, STRONG)):
                damaged = logits > math.log(share / (1 - share))
                if level:  # what of it is at least _WIDE pixels wide
                    gone = max_pool2d((~damaged)[None].float(), _WIDE, 1, _WIDE // 2)
                    damaged = max_pool2d(1 - gone, _WIDE, 1, _WIDE // 2)[0] > 0
                mask |= _enlarged(damaged, height, width)
    sure, strongly = (
        max_pool2d(m[None].float(), 2 * GROWN + 1, 1, GROWN)[0] > 0 for m in (sure, strongly)
    )
    return Damage(strongly) if strong else Damage(sure, _places(strongly.numpy(), sure.numpy()))


def _places(doubtful: Bool[np.ndarray, "h w"], sure: Bool[np.ndarray, "h w"]) -> int:
    """How many long places of what is doubtful touch nothing that is sure."""
    numbers, _ = label(doubtful, np.ones((3, 3)))
    known, least = set(np.unique(numbers[sure]).tolist()), _LONG * min(doubtful.shape)
    found = enumerate(ndimage.find_objects(numbers), 1)
    return sum(n not in known and max(s.stop - s.start for s in box) > least for n, box in found)


def _pyramid(picture: Picture) -> Iterator[Float32[Tensor, "3 k l"]]:
    """The picture, no larger than is looked at, and its halves."""
    height, width = picture.shape[-2:]
    scale = min(1.0, math.sqrt(MOST / (height * width)))
    yield (smaller := resized(picture, scale))
    while min(smaller.shape[-2:]) // 2 >= _LEAST:
        yield (smaller := resized(smaller, 0.5))


def _likely(picture: Picture, model: Model) -> Float[Tensor, "h w"]:
    device = device_of(model.net)

    def logits(part: Tensor) -> Tensor:
        result = model.net(part[None].to(device))[0].float().cpu()
        check_finite(result)
        return result

    return through_tiles(picture, logits, size=_TILE, halo=_HALO, blend=8)[0]


def _enlarged(mask: Mask, height: int, width: int) -> Bool[Tensor, "k l"]:
    """A mask at another size, its edges smooth."""
    if mask.shape == (height, width):
        return mask
    shares = interpolate(
        mask[None, None].float(), (height, width), mode="bilinear", align_corners=False
    )
    return shares[0, 0] >= 0.5
