"""Where faces may be in a picture of any size: the finder's map, over several sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from trombine.core.devices import device_of
from trombine.faces.frames import Samples, as_floats
from trombine.models import loaded
from trombine.models.tasks import check_finite
from trombine.nets.blocks import fused
from trombine.nets.faces import Finder
from trombine.nets.reader import CENTRE_STEP

FINDER: Final = "finder"
SIDE: Final = 640  # pixels of the longer side: larger pictures are made as small
LIKELY: Final = 0.25  # a place of the map is looked at closer from here on
_PER_DOUBLE: Final = 2  # sizes of the picture from one to the next that is half as large
_LEAST: Final = 20  # pixels of the longer side: no picture is looked at smaller than this
_MOST: Final = 1000  # places that are looked at closer: more are no faces but noise
_SAME: Final = 0.3  # of what two squares share, from which on they are of one face


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


def places(picture: Float[Tensor, "3 h w"], least: float = LIKELY) -> list[Place]:
    """Where faces are so likely at least, the likeliest first; none twice."""
    net = finder()
    longer = max(picture.shape[-2:])
    scale, candidates = min(1.0, SIDE / longer), list[Place]()
    largest = resized(picture, scale)
    steps = max(0, math.floor(_PER_DOUBLE * math.log2(max(longer * scale / _LEAST, 1))))
    for number in range(steps + 1):
        smaller = resized(largest, 2 ** (-number / _PER_DOUBLE))
        candidates += _at(smaller, net, picture.shape, least)
    return apart(candidates)


def finder() -> Finder:
    """The shipped finder, got ready once."""
    return fused(cast(Finder, loaded(FINDER, task="find").net))


def resized(picture: Samples, scale: float) -> Float[Tensor, "3 k l"]:
    """A picture, so many times as large in both directions; samples are rounded, and then floats:
    to make floats of a large picture takes ten times as long as all of that."""
    if scale == 1:
        return as_floats(picture)
    size = [max(1, round(side * scale)) for side in picture.shape[-2:]]
    smaller = functional.interpolate(
        picture[None], size, mode="bilinear", antialias=True, align_corners=False
    )
    return as_floats(smaller[0])


def _at(
    smaller: Float[Tensor, "3 k l"], net: Finder, shape: Sequence[int], least: float
) -> list[Place]:
    """The peaks of the map of a picture that is smaller than that of this shape."""
    across, down = shape[2] / smaller.shape[2], shape[1] / smaller.shape[1]
    logits, sizes = net(smaller[None].to(device_of(net)))[0].float().cpu()
    check_finite(logits, sizes)
    likely = logits.sigmoid()
    highest = functional.max_pool2d(likely[None], 3, 1, 1)[0]
    rows, columns = torch.nonzero((likely == highest) & (likely > least), as_tuple=True)
    return [
        Place(
            x=(column + 0.5) * CENTRE_STEP * across,
            y=(row + 0.5) * CENTRE_STEP * down,
            size=math.exp(min(float(sizes[row, column]), 6.0)) * max(across, down),
            likely=float(likely[row, column]),
        )
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    ]


def apart(candidates: list[Place]) -> list[Place]:
    """The likeliest of those that lie over one another, at most _MOST."""
    places = sorted(candidates, key=lambda place: -place.likely)
    boxes = np.array([place.box() for place in places]).reshape(-1, 4)
    low, high = boxes[:, :2], boxes[:, 2:]
    areas, distinct = np.prod(high - low, axis=1), list[Place]()
    is_free = np.ones(len(places), bool)
    for number, place in enumerate(places):
        if is_free[number]:
            distinct.append(place)
            if len(distinct) == _MOST:
                break
            sides = np.minimum(high, high[number]) - np.maximum(low, low[number])
            overlap = np.prod(sides.clip(0), axis=1)
            is_free &= overlap / (areas + areas[number] - overlap) < _SAME
    return distinct


Corners = tuple[float, float, float, float]


def shared(a: Corners, b: Corners) -> float:
    """The part of two boxes together that both have."""
    overlap, areas = _overlap(a, b), area(a) + area(b)
    return overlap / (areas - overlap) if areas > overlap else 0.0


def covered(a: Corners, b: Corners) -> float:
    """The part of the smaller of two boxes that the other has, too."""
    least = min(area(a), area(b))
    return _overlap(a, b) / least if least > 0 else 0.0


def area(box: Corners) -> float:
    """How many pixels a box has."""
    return (box[2] - box[0]) * (box[3] - box[1])


def _overlap(a: Corners, b: Corners) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)
