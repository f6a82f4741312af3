"""Colours as photographs have them: families in lightness, chroma and hue, to linear light.

Lightness L, chroma and hue are OKLab's (Björn Ottosson, 2020): equal steps look equal.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float

# Ranges of lightness (0 black to 1 white), of chroma (.3 is neon), of hue (degrees).
FAMILIES: Final = {
    "grey": ((0.15, 0.9), (0.0, 0.02), (0, 360)),
    "dark": ((0.08, 0.3), (0.0, 0.03), (0, 360)),
    "white": ((0.82, 0.97), (0.0, 0.03), (40, 280)),
    "stone": ((0.3, 0.8), (0.005, 0.04), (40, 110)),
    "slate": ((0.25, 0.75), (0.01, 0.05), (220, 290)),
    "earth": ((0.22, 0.65), (0.03, 0.09), (40, 85)),
    "sand": ((0.6, 0.88), (0.02, 0.07), (60, 95)),
    "brick": ((0.35, 0.6), (0.06, 0.12), (25, 50)),
    "foliage": ((0.25, 0.75), (0.05, 0.14), (108, 145)),
    "autumn": ((0.35, 0.75), (0.06, 0.14), (30, 105)),
    "skin": ((0.35, 0.85), (0.04, 0.09), (38, 68)),
    "hair": ((0.12, 0.7), (0.01, 0.07), (40, 80)),
    "sky": ((0.6, 0.93), (0.03, 0.1), (225, 260)),
    "water": ((0.25, 0.65), (0.03, 0.1), (195, 255)),
    "pastel": ((0.7, 0.92), (0.03, 0.09), (0, 360)),
    "vivid": ((0.35, 0.75), (0.1, 0.18), (0, 360)),
    "denim": ((0.25, 0.6), (0.04, 0.11), (245, 285)),
}

NAMES: Final = tuple(FAMILIES)
RANGES: Final = np.array(list(FAMILIES.values()), np.float64)  # families x 3 x 2

_TO_CONES = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728],
     [1, -0.0894841775, -1.2914855480]]
)  # fmt: skip
_TO_LIGHT = np.array(
    [[4.0767416621, -3.3077115913, 0.2309699292], [-1.2684380046, 2.6097574011, -0.3413193965],
     [-0.0041960863, -0.7034186147, 1.7076147010]]
)  # fmt: skip


def draw_colours(rng: np.random.Generator, families: np.ndarray) -> Float[np.ndarray, "n 3"]:
    """A colour of each family (indices into NAMES): lightness, chroma, hue in degrees."""
    low, high = np.moveaxis(RANGES[families], 2, 0)
    return low + (high - low) * rng.random((len(families), 3))


def to_light(colours: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Lightness, chroma and hue (degrees) as linear red, green and blue, clipped to [0, 1]."""
    lightness, chroma, hue = colours.T
    angle = np.deg2rad(hue)
    lab = np.stack([lightness, chroma * np.cos(angle), chroma * np.sin(angle)], axis=1)
    return np.clip((lab @ _TO_CONES.T) ** 3 @ _TO_LIGHT.T, 0.0, 1.0)


def to_screen(light: np.ndarray) -> np.ndarray:
    """Linear light in [0, 1] as sRGB in [0, 1]."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
