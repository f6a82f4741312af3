"""Eyes, brows, nose and mouth drawn from landmarks, as labels: what belongs where a user has moved
them.

A guess at what a hole hides knows nothing of where the user wants it, and a net that is told of
parts goes by them first.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from PIL import Image, ImageDraw

from trombine.core.conventions import GROUP_OF_PART, GROUPS, LANDMARK_GROUPS, PART_INDEX

UNKNOWN: Final = 255  # a label that says nothing
_FINE: Final = 4  # times as large as the labels they are drawn
_BROW: Final = 0.085  # of the distance between the eyes: how thick a brow is
_WINGS: Final = 0.075  # and by how much a nose is wider than its landmarks
_OUTLINES: Final = {
    "right_eye": range(36, 42),
    "left_eye": range(42, 48),
    "upper_lip": (*range(48, 55), *range(64, 59, -1)),
    "lower_lip": (*range(54, 60), 48, 60, *range(67, 63, -1)),
    "mouth": range(60, 68),
}
# The landmarks of each group of parts.
_LANDMARKS_OF: Final = {
    "eyes": (*LANDMARK_GROUPS["right_eye"], *LANDMARK_GROUPS["left_eye"]),
    "brows": (*LANDMARK_GROUPS["right_brow"], *LANDMARK_GROUPS["left_brow"]),
    "nose": (*LANDMARK_GROUPS["nose"],),
    "mouth": (*LANDMARK_GROUPS["outer_lips"], *LANDMARK_GROUPS["inner_lips"]),
}

_WORN: Final = [PART_INDEX["glasses"], PART_INDEX["hat"]]  # what hides organs, wherever they are

Points = Float32[np.ndarray, "68 2"]


def organs(points: Points, height: int, width: int) -> UInt8[np.ndarray, "h w"]:
    """Labels of organs at these landmarks; 255 elsewhere."""
    image = Image.new("L", (width * _FINE, height * _FINE), UNKNOWN)
    draw = ImageDraw.Draw(image)

    def fill(spots: np.ndarray, part: str) -> None:
        draw.polygon([(float(x), float(y)) for x, y in spots * _FINE], PART_INDEX[part])

    across = points[42:48].mean(0) - points[36:42].mean(0)
    apart, wide = float(np.linalg.norm(across)), _WINGS * across
    bridge, wings = points[27], points[[31, 32, 33, 34, 35]]
    sides = [bridge + wide, wings[-1] + wide, *wings[::-1], wings[0] - wide, bridge - wide]
    fill(np.array(sides), "nose")
    for name in ("right_brow", "left_brow"):
        spots = points[list(LANDMARK_GROUPS[name])] * _FINE
        thick = max(round(_BROW * apart * _FINE), 1)
        draw.line([(float(x), float(y)) for x, y in spots], PART_INDEX[name], thick, "curve")
    for part, outline in _OUTLINES.items():
        fill(points[list(outline)], part)
    return np.asarray(image)[_FINE // 2 :: _FINE, _FINE // 2 :: _FINE].copy()


def with_moved(
    likely: Float32[np.ndarray, "19 n"],
    drawn: UInt8[np.ndarray, "n"],
    moved: Bool[np.ndarray, "68"],
) -> Float32[np.ndarray, "19 n"]:
    """How likely each part is at hidden pixels, with organs drawn where they were moved to.

    Where one was guessed is skin now. Of a moved jaw the guess at all the rest says nothing.
    """
    likely, guess = likely.copy(), likely.argmax(0)
    if moved[list(LANDMARK_GROUPS["jaw"])].any():
        likely[:], groups = 0, list(_LANDMARKS_OF)
    else:
        groups = [name for name, points in _LANDMARKS_OF.items() if moved[list(points)].any()]
    worn = np.isin(guess, _WORN)
    for name in groups:
        group = GROUPS.index(name)
        _say(likely, (GROUP_OF_PART[guess] == group) & ~worn, PART_INDEX["skin"])
    for part in np.flatnonzero(np.isin(GROUP_OF_PART, [GROUPS.index(name) for name in groups])):
        _say(likely, (drawn == part) & ~worn, int(part))
    return likely


def _say(likely: Float32[np.ndarray, "19 n"], where: Bool[np.ndarray, "n"], part: int) -> None:
    """Make this part certain there."""
    likely[:, where] = 0
    likely[part, where] = 1
