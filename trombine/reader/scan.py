"""Where faces may be in a picture of any size: the reader's map of centres, over several sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from trombine.nets.reader import CENTRE_STEP, Reader
from trombine.nets.spaces import to_space
from trombine.weights.tasks import check_finite, device_of

SMALLEST: Final = 18.0  # pixels: the longer side of the box of a face's landmarks
PART: Final = 48  # and in large pictures this part of their longer side: all pixels would take long
LIKELY: Final = 0.25  # a place of the map is looked at closer from here on
_BEST: Final = 40.0  # pixels at which the smallest faces are looked for
_STEP: Final = 2.0  # from one size of the picture to the next
_LEAST: Final = 32  # pixels: no picture is looked at smaller than this
_MOST: Final = 1000  # places that are looked at closer: more are no faces but noise
_SAME: Final = 0.3  # of what two squares share, from which on they are of one face


@final
@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a face may be: the middle of its landmarks' box, and its longer side, in pixels."""

    x: float
    y: float
    size: float
    likely: float

    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        half = self.size / 2
        return self.x - half, self.y - half, self.x + half, self.y + half


def places(picture: Float[Tensor, "3 h w"], net: Reader, space: str = "rgb") -> list[Place]:
    """Where faces may be, the likeliest first; none twice. The net works in this space."""
    candidates: list[Place] = []
    longer = max(picture.shape[-2:])
    scale = _BEST / max(SMALLEST, longer / PART)
    while True:
        candidates += _at(picture, net, space, scale)
        scale /= _STEP
        if longer * scale < _LEAST:
            return apart(candidates)[:_MOST]


def _at(picture: Float[Tensor, "3 h w"], net: Reader, space: str, scale: float) -> list[Place]:
    """The peaks of the map at one size of the picture."""
    height, width = (max(1, round(side * scale)) for side in picture.shape[-2:])
    smaller = functional.interpolate(
        picture[None], (height, width), mode="bilinear", antialias=True, align_corners=False
    )
    logits, sizes = net.scan(to_space(smaller, space).to(device_of(net)))[0].float().cpu()
    check_finite(logits, sizes)
    likely = logits.sigmoid()
    highest = functional.max_pool2d(likely[None], 3, 1, 1)[0]
    rows, columns = torch.nonzero((likely == highest) & (likely > LIKELY), as_tuple=True)
    return [
        Place(
            x=(column + 0.5) * CENTRE_STEP * picture.shape[-1] / width,
            y=(row + 0.5) * CENTRE_STEP * picture.shape[-2] / height,
            size=math.exp(min(float(sizes[row, column]), 6.0)) / scale,
            likely=float(likely[row, column]),
        )
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    ]


def apart(candidates: list[Place]) -> list[Place]:
    """The likeliest of those that lie over one another."""
    distinct: list[Place] = []
    for place in sorted(candidates, key=lambda place: -place.likely):
        if all(shared(place.box(), earlier.box()) < _SAME for earlier in distinct):
            distinct.append(place)
    return distinct


Corners = tuple[float, float, float, float]


def shared(a: Corners, b: Corners) -> float:
    """The part of two boxes together that both have."""
    overlap, areas = _overlap(a, b), _area(a) + _area(b)
    return overlap / (areas - overlap) if areas > overlap else 0.0


def covered(a: Corners, b: Corners) -> float:
    """The part of the smaller of two boxes that the other has, too."""
    least = min(_area(a), _area(b))
    return _overlap(a, b) / least if least > 0 else 0.0


def _area(box: Corners) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _overlap(a: Corners, b: Corners) -> float:
    """The area that two boxes share."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)
