"""Letter-like signs for leaves: which strokes each is made of, drawn for this project.

Lengths are in heights of a line of text; x right, y down, the middle of the sign at 0.
"""

from __future__ import annotations

from typing import Final

import numpy as np

W, H = 0.2, 0.33  # half width and half height of a capital

LINE, ROUND, HALF = 0, 1, 2

# A LINE runs from (x, y) to (x2, y2). A ROUND is a circle at (x, y) of the last number as its
# radius. A HALF is the half of that circle on the side that (x2, y2) points to.
STROKES: Final = {
    "left": (LINE, -W, -H, -W, H, 0),
    "right": (LINE, W, -H, W, H, 0),
    "middle": (LINE, 0, -H, 0, H, 0),
    "top": (LINE, -W, -H, W, -H, 0),
    "bar": (LINE, -W, 0, W, 0, 0),
    "bottom": (LINE, -W, H, W, H, 0),
    "top_half": (LINE, -W, -H, 0, -H, 0),
    "bar_half": (LINE, -W, 0, 0, 0, 0),
    "bottom_half": (LINE, -W, H, 0, H, 0),
    "rise": (LINE, -W, H, W, -H, 0),
    "fall": (LINE, -W, -H, W, H, 0),
    "leg_left": (LINE, -W, H, 0, -H, 0),
    "leg_right": (LINE, 0, -H, W, H, 0),
    "vee_left": (LINE, -W, -H, 0, H, 0),
    "vee_right": (LINE, 0, H, W, -H, 0),
    "kick": (LINE, 0, 0, W, H, 0),
    "low_left": (LINE, -W, -0.08, -W, H, 0),
    "low_right": (LINE, W, 0.13, W, H, 0),
    "high_right": (LINE, W, -0.08, W, 0.13, 0),
    "belly_top": (HALF, 0, -H / 2, 1, 0, H / 2),
    "belly_bottom": (HALF, 0, H / 2, 1, 0, H / 2),
    "back_top": (HALF, 0, -H / 2, -1, 0, H / 2),
    "belly": (HALF, -0.12, 0, 1, 0, H),
    "back": (HALF, 0.12, 0, -1, 0, H),
    "round": (ROUND, 0, 0.13, 0, 0, W),
    "small_back": (HALF, 0.06, 0.13, -1, 0, W),
    "arch": (HALF, 0, 0.13, 0, -1, W),
    "cup": (HALF, 0, 0.13, 0, 1, W),
    "dot": (ROUND, 0, -0.28, 0, 0, 0.02),
    "low_middle": (LINE, 0, -0.06, 0, H, 0),
}

LETTERS: Final = (
    "leg_left leg_right bar",
    "left belly_top belly_bottom top_half bar_half bottom_half",
    "back",
    "left belly",
    "left top bar bottom",
    "left top bar_half",
    "left right bar",
    "middle",
    "left rise",
    "left bottom",
    "left right fall",
    "left top_half belly_top bar_half",
    "left top_half belly_top bar_half kick",
    "back_top belly_bottom",
    "top middle",
    "vee_left vee_right",
    "rise fall",
    "top rise bottom",
    "round",
    "round",
    "round left",
    "round right",
    "round low_right",
    "round low_right",
    "small_back",
    "small_back bar",
    "low_left arch low_right",
    "low_left arch",
    "left arch low_right",
    "low_left high_right cup low_right",
    "low_middle dot",
    "middle bar_half",
)


def stroke_table() -> np.ndarray:
    """All strokes, float64, a row each: what, x, y, x2, y2, radius."""
    return np.array(list(STROKES.values()), np.float64)


def letter_table() -> np.ndarray:
    """All letters, int64: bit i is set where the letter has stroke i."""
    names = list(STROKES)
    return np.array([sum(1 << names.index(part) for part in letter.split()) for letter in LETTERS])
