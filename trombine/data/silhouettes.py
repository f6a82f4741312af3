"""Who stands before an even ground: where hair, neck and clothes of a photographed person are.

The points that people place outline eyes, brows, nose and mouth. Of the rest of a picture colours
say more, where somebody stands before a studio's wall: what is like the wall and connected with it
is background, anything else is the person. Below the chin that is neck where it is like the cheeks,
and clothes elsewhere; above the mouth, round the face, it is hair. Unknown stay the rim between,
what is like the wall below the chin, where a white shirt may be, and all of a picture whose ground
is not even.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8
from scipy.ndimage import (
    binary_dilation,
    binary_erosion,
    binary_fill_holes,
    binary_propagation,
)
from skimage.color import rgb2lab
from skimage.draw import polygon2mask

from trombine.core.conventions import PART_INDEX
from trombine.data.columns import UNKNOWN

Mask = Bool[np.ndarray, "s s"]
Lab = Float64[np.ndarray, "s s 3"]

# Distances are of Lab, lengths in sides of the picture.
_SIDES: Final = 0.08  # how wide the strips are, at both sides of the upper half, that show a wall
_EVEN: Final = 4.0  # what of a wall a surface of second order may leave, the median
_LIKE: Final = (3.0, 3.0)  # a wall's own colours: so many times that, and this
_ROUNDS: Final = 4  # in which a wall is followed downwards
_RIM: Final = 0.012  # between the wall and somebody, where nothing is known
_SKIN: Final = (9.0, 16.0)  # from the cheeks: like skin, and unlike it
_LIGHT: Final = 2.5  # times as far is light, which shadows change
_SHARE: Final = (0.1, 0.75)  # of a picture that is somebody
_JAW, _MOUTH = 17, 48  # of the landmarks the first are a jaw's, those from here on a mouth's


def silhouette(
    pixels: UInt8[np.ndarray, "s s 3"],
    points: Float32[np.ndarray, "68 2"],
    parts: UInt8[np.ndarray, "s s"],
) -> UInt8[np.ndarray, "s s"]:
    """The parts, with wall, neck, clothes and hair where they were unknown (255) and colours show
    which it is."""
    colours, side = np.asarray(rgb2lab(pixels)), len(pixels)
    wall = _wall(colours)
    if wall is None:
        return parts
    rim = max(1, round(_RIM * side))
    behind = np.asarray(binary_erosion(wall, iterations=rim, border_value=1), np.bool_)
    person = ~np.asarray(binary_dilation(wall, iterations=rim), np.bool_)
    person = _touching_below(np.asarray(binary_fill_holes(person), np.bool_))
    if not _SHARE[0] < person.mean() < _SHARE[1]:
        return parts
    unknown = parts == UNKNOWN["parts"]
    face = _face(points, side)
    skin = colours[face & unknown]
    if not len(skin):
        return parts
    far = _unlike(colours, np.median(skin, axis=0))
    down = np.arange(side)[:, None] + 0.5 - points[8, 1]  # of the chin
    across = np.arange(side)[None] + 0.5
    jaw = points[:_JAW]
    under = (across > jaw[3, 0]) & (across < jaw[13, 0]) & (down > _RIM * side)
    grown = np.asarray(binary_dilation(face, iterations=2 * rim), np.bool_)
    free = person & ~grown & unknown
    above = down + points[8, 1] < points[_MOUTH:, 1].mean()  # below are collars, too
    hair = free & above & (far > _SKIN[1])
    like_hair = np.zeros_like(hair)
    if hair.any():
        like_hair = _unlike(colours, np.median(colours[hair], axis=0)) < _SKIN[1]
    result = parts.copy()
    found = {
        "background": behind & unknown & (down < 0),
        "neck": free & under & (far < _SKIN[0]),
        "cloth": free & (down > 0.12 * side) & (far > _SKIN[1]) & ~like_hair,
        "hair": hair,
    }
    for name, where in found.items():
        result[where] = PART_INDEX[name]
    return result


def _unlike(colours: Lab, tone: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "s s"]:
    """How far colours are from one, whose light may vary."""
    light, *chroma = np.moveaxis(colours - tone, 2, 0)
    return np.maximum(np.hypot(*chroma), np.abs(light) / _LIGHT)


def _wall(colours: Lab) -> Mask | None:
    """The pixels that are like the upper sides of a picture and connected with them; None where
    these sides are not even."""
    side = len(colours)
    strip, half = max(2, round(_SIDES * side)), side // 2
    known = np.zeros((side, side), np.bool_)
    known[:half, :strip] = known[:half, -strip:] = True
    y, x = np.mgrid[:side, :side] / side
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1)
    strips = known
    for _ in range(_ROUNDS):
        shares = np.linalg.lstsq(terms[known], colours[known], rcond=None)[0]
        off = np.linalg.norm(colours - terms @ shares, axis=2)
        left = float(np.median(off[strips]))
        if left > _EVEN:
            return None
        known = _connected(strips, off < _LIKE[0] * left + _LIKE[1])
    return known


def _touching_below(person: Mask) -> Mask:
    """The pieces that reach the lower border, or the middle."""
    seeds = np.zeros_like(person)
    seeds[-1], seeds[len(person) // 2, len(person) // 2] = True, True
    return _connected(seeds, person)


def _connected(seeds: Mask, mask: Mask) -> Mask:
    """The pieces of a mask that hold seeds."""
    return np.asarray(binary_propagation(seeds & mask, mask=mask), np.bool_)


def _face(points: Float32[np.ndarray, "68 2"], side: int) -> Mask:
    """Within the jaw and the brows."""
    outline = np.concatenate([points[:_JAW], points[26:16:-1]])
    return polygon2mask((side, side), outline[:, ::-1] - 0.5)
