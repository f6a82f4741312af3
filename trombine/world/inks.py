"""From a face's colours to the flat colours of a drawing: a base, its shadow, its ink.

`inks(face, style)` gives a table of sRGB rows, indexed by the I_ names of kernel_ink.py. Drawn
styles mix colours as paint on paper looks, so nothing here is linear light.
"""

from __future__ import annotations

import colorsys
from typing import Final

import numpy as np
from jaxtyping import Float

from trombine.world.colours import ROWS as LIGHTS
from trombine.world.colours import colours, to_srgb
from trombine.world.faces import Face

ROWS: Final = (
    "skin",
    "skin_shade",
    "skin_ink",
    "blush",
    "lip",
    "lip_shade",
    "mouth",
    "tongue",
    "teeth",
    "white",
    "white_shade",
    "iris",
    "iris_dark",
    "iris_glow",
    "lash",
    "lid",
    "hair",
    "hair_shade",
    "hair_light",
    "hair_ink",
    "brow",
    "cloth",
    "cloth_shade",
    "cloth_ink",
    "hat",
    "hat_shade",
    "hat_ink",
    "frame",
    "metal",
    "metal_ink",
    "ground",
    "ground2",
    "ink",
)

Rgb = Float[np.ndarray, "3"]


def _hex(text: str) -> Rgb:
    return np.array([int(text[i : i + 2], 16) for i in (0, 2, 4)]) / 255


def _mix(a: Rgb, b: Rgb, t: float) -> Rgb:
    return a + (b - a) * t


def _tuned(rgb: Rgb, *, light: tuple[float, float], vivid: tuple[float, float]) -> Rgb:
    """A colour whose lightness and saturation run from what black or grey gets to white's."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(float(v) for v in np.clip(rgb, 0, 1)))
    lightness = light[0] + (light[1] - light[0]) * lightness
    saturation = vivid[0] + (vivid[1] - vivid[0]) * saturation
    return np.array(colorsys.hls_to_rgb(hue, lightness, min(1.0, saturation)))


def _toward(rgb: Rgb, hue: float, amount: float) -> Rgb:
    """A colour with its hue moved part of the way to another, the short way round."""
    own, lightness, saturation = colorsys.rgb_to_hls(*(float(v) for v in rgb))
    turn = (hue - own + 0.5) % 1 - 0.5
    return np.array(colorsys.hls_to_rgb((own + amount * turn) % 1, lightness, saturation))


def _anime_bases(f: Face, seen: dict[str, Rgb]) -> dict[str, Rgb]:
    skin = _tuned(seen["skin"], light=(0.24, 1.04), vivid=(0.18, 0.88))
    hair = _tuned(seen["hair"], light=(0.13, 1.0), vivid=(0.1, 1.15))
    lip = _tuned(seen["lip"], light=(0.2, 0.95), vivid=(0.25, 1.0))
    return {
        "skin": skin,
        "lip": _mix(skin * np.array([0.93, 0.72, 0.72]), lip, 0.15 + 0.8 * f.lipstick),
        "iris": _tuned(seen["iris"], light=(0.24, 0.8), vivid=(0.3, 1.4)),
        "hair": _mix(hair, _hex("262a3f"), 0.85 * max(0.0, 1 - 3 * float(seen["hair"].max()))),
        "cloth": _tuned(seen["cloth"], light=(0.2, 0.95), vivid=(0.05, 1.0)),
        "hat": _tuned(seen["hat"], light=(0.22, 0.95), vivid=(0.1, 1.0)),
        "ground": _tuned(seen["ground"], light=(0.5, 1.0), vivid=(0.15, 1.1)),
        "ground2": _tuned(seen["ground2"], light=(0.6, 1.05), vivid=(0.15, 1.1)),
        "ink": _hex("2a1d24"),
    }


def _cartoon_bases(f: Face, seen: dict[str, Rgb]) -> dict[str, Rgb]:
    skin = _tuned(seen["skin"], light=(0.17, 0.91), vivid=(0.45, 1.05))
    skin = _toward(skin, 0.105, 0.5)
    lip = _tuned(seen["lip"], light=(0.15, 0.9), vivid=(0.35, 1.0))
    return {
        "skin": skin,
        "lip": _mix(skin * np.array([0.88, 0.6, 0.55]), lip, 0.25 + 0.75 * f.lipstick),
        "iris": _tuned(seen["iris"], light=(0.12, 0.85), vivid=(0.35, 1.3)),
        "hair": _tuned(seen["hair"], light=(0.09, 1.0), vivid=(0.12, 1.35)),
        "cloth": _tuned(seen["cloth"], light=(0.22, 0.9), vivid=(0.25, 1.2)),
        "hat": _tuned(seen["hat"], light=(0.22, 0.9), vivid=(0.25, 1.2)),
        "ground": _tuned(seen["ground"], light=(0.5, 0.95), vivid=(0.35, 1.3)),
        "ground2": _tuned(seen["ground2"], light=(0.58, 0.98), vivid=(0.35, 1.3)),
        "ink": _hex("17131a"),
    }


def _tones(f: Face, b: dict[str, Rgb], seen: dict[str, Rgb], style: str) -> dict[str, Rgb]:
    """All rows from the bases: shadows are cooler and redder, inks are the darkest of a part."""
    skin, hair, iris, ink = b["skin"], b["hair"], b["iris"], b["ink"]
    bold = style == "cartoon"
    shade = np.array([0.87, 0.71, 0.72]) if not bold else np.array([0.86, 0.74, 0.68])
    pale = float(skin.mean())
    skin_shade = skin * (shade + (1 - shade) * 0.25 * (1 - pale))
    hair_ink = _mix(hair * np.array([0.42, 0.36, 0.42]), ink, 0.35 if not bold else 0.8)
    return b | {
        "skin_shade": skin_shade,
        "skin_ink": _mix(skin * np.array([0.5, 0.3, 0.3]), ink, 0.45 if not bold else 0.9),
        "blush": _mix(skin * np.array([1.0, 0.62, 0.62]), _hex("ff7a7a"), 0.25 * pale),
        "lip_shade": b["lip"] * np.array([0.8, 0.66, 0.68]),
        "mouth": _hex("8a2f38") if not bold else _hex("6d1420"),
        "tongue": _hex("e07a78") if not bold else _hex("e0524f"),
        "teeth": _hex("fffdfa"),
        "white": _hex("fefeff"),
        "white_shade": _hex("c9c6dc") if not bold else _hex("dfe3ee"),
        "iris_dark": iris * np.array([0.3, 0.27, 0.36]),
        "iris_glow": _mix(_tuned(iris, light=(0.35, 1.2), vivid=(0.3, 1.2)), np.ones(3), 0.25),
        "lash": _hex("241a22") if not bold else ink,
        "lid": _mix(seen["lid"], skin_shade, 0.4),
        "hair_shade": hair * np.array([0.7, 0.64, 0.73]),
        "hair_light": _mix(
            _toward(
                _tuned(hair, light=(0.22, 1.15), vivid=(0.1, 1.0)), 0.1, 0.25 * (1 - f.hair_dye)
            ),
            np.ones(3),
            0.25,
        ),
        "hair_ink": hair_ink,
        "brow": _mix(hair * 0.75, ink, 0.45 if not bold else 0.55),
        "cloth_shade": b["cloth"] * np.array([0.75, 0.71, 0.8]),
        "cloth_ink": _mix(b["cloth"] * 0.4, ink, 0.4 if not bold else 0.9),
        "hat_shade": b["hat"] * np.array([0.76, 0.72, 0.8]),
        "hat_ink": _mix(b["hat"] * 0.4, ink, 0.4 if not bold else 0.9),
        "frame": seen["frame"] * 0.85,
        "metal": seen["metal"],
        "metal_ink": _mix(seen["metal"] * 0.45, ink, 0.3),
    }


def inks(person: Face, style: str) -> Float[np.ndarray, "rows 3"]:
    """The table of a drawing: a row for each name of ROWS, sRGB from 0 to 1."""
    seen = {name: to_srgb(row) for name, row in zip(LIGHTS, colours(person), strict=True)}
    bases = (_cartoon_bases if style == "cartoon" else _anime_bases)(person, seen)
    rows = _tones(person, bases, seen, style)
    return np.clip(np.stack([rows[name] for name in ROWS]), 0, 1)


# How dark a pencil makes each part, where no shadow falls on it: 0 is paper.
GREYS: Final = ("skin", "lip", "iris", "hair", "brow", "cloth", "hat", "frame")
_PALEST: Final = {"skin": 0.0, "hair": 0.3, "brow": 0.55, "lip": 0.12, "frame": 0.35}
_DARKEST: Final = {"skin": 0.36, "hair": 0.92, "brow": 0.95, "lip": 0.6, "iris": 0.85}


def greys(person: Face) -> Float[np.ndarray, "parts"]:
    """The parts of GREYS from the lightness of their colours, 0 (paper) to 1 (graphite)."""
    table = dict(zip(LIGHTS, colours(person), strict=True))
    luma = np.array([0.2126, 0.7152, 0.0722])
    out = []
    for name in GREYS:
        dark = 1 - float(luma @ to_srgb(table[name]))
        low, high = _PALEST.get(name, 0.0), _DARKEST.get(name, 0.75)
        out.append(low + (high - low) * min(1.0, max(0.0, (dark - 0.14) / 0.76)))
    return np.array(out)
