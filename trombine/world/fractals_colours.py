"""The palettes of fractals: from nearly white, where few points fall, to dark.

Colours are OKLab's lightness, chroma and hue, as in leaves_colours.py; lightness falls at nearly
the same pace in all, so that a fractal has the same shape in each.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from jaxtyping import Float64

from trombine.world.leaves_colours import to_light, to_screen

STEPS: Final = 1024  # of a palette
SHARES: Final = (0.0, 0.25, 0.5, 0.72, 0.88, 1.0)  # where the colours below stand

# Lightness (1 is white), chroma, hue in degrees.
PALETTES: Final = {
    "ember": (
        (0.985, 0.015, 95),
        (0.91, 0.09, 88),
        (0.76, 0.15, 62),
        (0.58, 0.19, 32),
        (0.38, 0.15, 20),
        (0.20, 0.08, 10),
    ),
    "lagoon": (
        (0.985, 0.015, 180),
        (0.91, 0.06, 185),
        (0.76, 0.10, 205),
        (0.56, 0.13, 235),
        (0.38, 0.13, 262),
        (0.20, 0.08, 280),
    ),
    "orchid": (
        (0.985, 0.012, 20),
        (0.90, 0.06, 10),
        (0.75, 0.14, 350),
        (0.56, 0.20, 330),
        (0.38, 0.18, 305),
        (0.20, 0.10, 290),
    ),
    "fern": (
        (0.985, 0.02, 110),
        (0.92, 0.09, 115),
        (0.78, 0.14, 128),
        (0.57, 0.12, 148),
        (0.38, 0.08, 165),
        (0.20, 0.045, 185),
    ),
    "dusk": (
        (0.985, 0.015, 70),
        (0.90, 0.07, 65),
        (0.76, 0.13, 35),
        (0.55, 0.16, 355),
        (0.37, 0.14, 310),
        (0.19, 0.09, 275),
    ),
}


@cache
def ramp(palette: int) -> Float64[np.ndarray, "steps 3"]:
    """The colours of a palette, sRGB in [0, 1], from tone 0 to tone 1 in STEPS even steps."""
    stops = np.array(tuple(PALETTES.values())[palette])
    around = stops[:, 1] * np.exp(1j * np.deg2rad(stops[:, 2]))  # the plane of colours
    tone = np.linspace(0, 1, STEPS)
    lightness, mixed = np.interp(tone, SHARES, stops[:, 0]), np.interp(tone, SHARES, around)
    return to_screen(
        to_light(np.stack([lightness, np.abs(mixed), np.angle(mixed, deg=True)], axis=1))
    )
