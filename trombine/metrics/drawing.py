"""Whether a picture is a drawing or a photograph, told from its pixels alone.

Drawings (anime, cartoons, pencil, line art) have few tones, plain areas, and strong edges that are
often dark lines; photographs have shading, texture and grain. Six numbers of a picture say how much
of each it has, and a rule in them, fitted by logistic regression, decides. It was fitted on painted
faces of all styles and on leaves (seeds below 1,000,000), on scikit-image's photographs but for
astronaut and chelsea, and on 507 grey portraits: each as it is, 2 and 4 times smaller, as JPEG of
quality 90 and 75, and in grey. Which net is then taken is decided in enlarge.py.

What was not kept apart from that: astronaut and chelsea helped to choose the six numbers, though
not the fit. How sure the rule must be (CAUTION) is chosen on the 507 portraits and on painted
drawings (bench/choices.py): of 1,014 pictures of portraits it mistakes none, of 150 drawings none.

Small drawings look less like drawings than the rule asks of small pictures. In that doubt it can be
told what a reader of faces says (`in_doubt`), who errs in other pictures than the rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8
from scipy.ndimage import label, minimum_filter

from trombine.io.color import LUMA

Pixels = UInt8[np.ndarray, "h w 3"]
Tones = Float32[np.ndarray, "h w"]
Mask = Bool[np.ndarray, "h w"]
Small = Bool[np.ndarray, "y x"]

WORKING_SIZE: Final = 512  # a picture is looked at about this large: 512 x 512 pixels, in any shape
SAMPLES: Final = 4  # to a side of a block: all pixels of blocks up to 4 x 4, else 16 of them
SMALLEST: Final = 64  # a side, below which photographs look like drawings
VISIBLE: Final = 32  # squared: of fewer pixels that are visible nothing can be told
FLAT: Final = 2  # black and white are so exact, of 255
SOLID: Final = 4  # pixels from its edge: half of what was cut out is farther inside than that
LONGEST: Final = 16  # how many times as long as wide is looked at; reduced, SMALLEST is then left
PLAIN: Final = 8  # a picture hardly any of whose pixels differ from their neighbours by more
LINE: Final = 24  # how much darker than both its sides a line is, of 255
TONES: Final = 16  # how many of the commonest tones are counted

# The rule. A number is centred and scaled; beyond 3 it says no more than at 3.
FURTHEST: Final = 3.0
# In the order of `features`.
CENTRES: Final = np.array([-0.91, -3.23, -3.7, 4.66, 2.08, 4.57])
SPREADS: Final = np.array([0.41, 0.84, 0.79, 0.48, 0.67, 0.58])
CONSTANT: Final = -0.92
WEIGHTS: Final = np.array([3.96, 1.37, 0.33, 3.79, 0.72, 1.21])
# Of two numbers together, each pair once: what a share of dark lines says depends on the size.
PRODUCTS: Final = np.array(
    [
        [-0.02, 0, 0, 0, 0, 0],
        [0.91, -0.03, 0, 0, 0, 0],
        [-0.15, 0.07, -1.03, 0, 0, 0],
        [0.05, -0.57, -0.64, 1.03, 0, 0],
        [-0.44, -0.32, -0.53, 0.02, 1.06, 0],
        [0.11, 0.78, -1.57, 0.46, -0.91, 0.1],
    ]
)
# Of 255: how far apart the channels of the most colourful tenth are. In photographs of 131 faces it
# is 35 and more, in 60 painted sketches 5 at most.
COLOURFUL: Final = 20
# On the scale of log odds: a drawing is what is so at 4 to 1. A photograph through the net
# for drawings loses its texture; a drawing through the net for photographs, little. In small
# pictures all is edge, so each halving of their sides asks for more.
CAUTION: Final = 1.5
CAUTION_A_HALVING: Final = 2.5
# Above so much a small picture may be one: of 400 portraits, 2 and 3 times smaller, none is.
DOUBTFUL: Final = 1.0
SURE_SIZE: Final = 256  # pixels a side, at and above which CAUTION is enough


def is_drawing(
    pixels: Pixels, visible: Mask | None = None, *, in_doubt: Callable[[], bool] | None = None
) -> bool:
    """Whether this is a drawing. Photographs are what is too small or too plain to tell.

    Only what is `visible` is looked at: everything, unless told. What lies on plain black or white
    must be a drawing without that, too: else a photograph that was cut out would be one. Where it
    looks like one, but too little so for its size, `in_doubt` is asked; without it, it is none.
    """
    if min(pixels.shape[:2]) < SMALLEST:
        return False
    mask = np.ones(pixels.shape[:2], bool) if visible is None else visible
    middle = _middle(*mask.shape)
    reduced, reduced_mask = _reduced(pixels[middle], mask[middle])
    tones = reduced @ np.array(LUMA, np.float32)
    odds = _odds(tones, reduced_mask)
    halvings = max(0.0, float(np.log2(SURE_SIZE / np.sqrt(tones.size))))
    if odds > CAUTION + CAUTION_A_HALVING * halvings:
        return True
    return odds > DOUBTFUL and in_doubt is not None and in_doubt()


def is_colourful(pixels: Pixels) -> bool:
    """Whether a picture has colours as no pencil or ink has on plain paper."""
    return bool(np.quantile(np.ptp(pixels, axis=2), 0.9) > COLOURFUL) if pixels.size else False


def _odds(tones: Tones, mask: Mask) -> float:
    """The log odds of a drawing, the lower of the whole and of what lies on its plain ground."""
    if not _tells(tones, mask):
        return -np.inf
    whole = likelihood(features(tones, mask))
    if whole <= DOUBTFUL:
        return whole
    content = mask & ~_ground(tones)
    is_solid = 2 * _inner(content, SOLID).sum() > content.sum()  # lines on paper are all edge
    content = _inner(content, 1)
    if not (is_solid and _tells(tones, content)):
        return whole
    return min(whole, likelihood(features(tones, content)))


def _tells(tones: Tones, mask: Mask) -> bool:
    """Whether the picture inside the mask is large enough, and not too plain, to judge."""
    bends = _bends(tones)[_around(mask, 1)]
    return len(bends) >= VISIBLE**2 and bool(np.quantile(bends, 0.97) > PLAIN)


def _ground(tones: Tones) -> Mask:
    """The black and the white that lie at the picture's border, as far as they reach inwards."""
    ground = np.zeros(tones.shape, bool)
    for plain in (tones <= FLAT, tones >= 255 - FLAT):
        areas = np.asarray(label(plain)[0])  # pyright: ignore[reportIndexIssue]
        edges = np.concatenate([areas[0], areas[-1], areas[:, 0], areas[:, -1]])
        ground |= plain & np.isin(areas, edges)
    return ground


def _inner(mask: Mask, by: int) -> Mask:
    """The mask eroded by `by` pixels; pixels beyond the border count as inside."""
    return minimum_filter(mask, 2 * by + 1)


def likelihood(numbers: Float64[np.ndarray, "6"]) -> float:
    """The log odds that a picture with these numbers is a drawing."""
    z = np.clip((numbers - CENTRES) / SPREADS, -FURTHEST, FURTHEST)
    return float(CONSTANT + WEIGHTS @ z + z @ PRODUCTS @ z)


def features(tones: Tones, mask: Mask) -> Float64[np.ndarray, "6"]:
    """Six numbers, on logarithmic scales, of a picture inside its `mask`.

    Its share of the 16 commonest tones (few in drawings); of pixels on dark and on light lines
    (outlines are dark); how strong its edges are, and how rough it is halfway between plain and
    edge: the 97th and 50th percentile of its bends; and its size, as lines are finer in larger
    pictures.
    """
    levels = np.rint(tones[mask]).astype(int)
    commonest = np.sort(np.bincount(levels, minlength=256))[-TONES:]
    bends, (dark, light) = _bends(tones)[_around(mask, 1)], _lines(tones, mask)
    strong, middling = np.quantile(bends, (0.97, 0.5))
    return np.log(
        [
            commonest.sum() / len(levels),
            dark + 0.003,  # a few in a thousand are none
            light + 0.003,
            strong + 2,  # of 255: rounding makes as much
            middling + 2,
            np.sqrt(len(bends)),
        ]
    )


def _middle(height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns of the middle of a very long picture, which reduced would be too thin."""
    rows, columns = min(height, LONGEST * width), min(width, LONGEST * height)
    top, left = (height - rows) // 2, (width - columns) // 2
    return slice(top, top + rows), slice(left, left + columns)


def _reduced(pixels: Pixels, mask: Mask) -> tuple[Float32[np.ndarray, "y x 3"], Small]:
    """The mean of blocks, so that about SEEN x SEEN are left; a small picture as it is.

    A block is kept where all its pixels are.
    """
    height, width = mask.shape
    side = min(int(np.ceil(np.sqrt(height * width) / WORKING_SIZE)), height, width)
    rows, columns = height // side, width // side
    places = np.unique(np.linspace(0, side - 1, min(side, SAMPLES)).round().astype(int))
    total, reduced_mask = np.zeros((rows, columns, 3), np.uint16), np.ones((rows, columns), bool)
    for y in places:
        for x in places:
            total += pixels[y : rows * side : side, x : columns * side : side]
            reduced_mask &= mask[y : rows * side : side, x : columns * side : side]
    return total / np.float32(len(places) ** 2), reduced_mask


def _around(mask: Mask, reach: int) -> Small:
    """Where a pixel and the four `reach` away from it, upright and level, are all kept."""
    by = 2 * reach
    level = mask[reach:-reach, :-by] & mask[reach:-reach, by:]
    upright = mask[:-by, reach:-reach] & mask[by:, reach:-reach]
    return mask[reach:-reach, reach:-reach] & level & upright


def _bends(tones: Tones) -> Float32[np.ndarray, "y x"]:
    """How far each pixel is from the plane through its four neighbours (times four)."""
    around = tones[:-2, 1:-1] + tones[2:, 1:-1] + tones[1:-1, :-2] + tones[1:-1, 2:]
    return np.abs(4 * tones[1:-1, 1:-1] - around)


def _lines(tones: Tones, mask: Mask) -> tuple[float, float]:
    """The share of pixels on dark and on light lines, upright or level, about three pixels wide."""
    middle, inside = tones[2:-2, 2:-2], _around(mask, 2)
    above, below = tones[:-4, 2:-2], tones[4:, 2:-2]
    left, right = tones[2:-2, :-4], tones[2:-2, 4:]
    lower = np.maximum(np.minimum(above, below), np.minimum(left, right)) - middle
    upper = middle - np.minimum(np.maximum(above, below), np.maximum(left, right))
    if not inside.any():  # what is visible is thinner than a line
        return 0.0, 0.0
    return float((lower > LINE)[inside].mean()), float((upper > LINE)[inside].mean())
