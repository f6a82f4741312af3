"""From a person to what a style draws: proportions, colours, inks."""

from __future__ import annotations

import colorsys
import dataclasses
from collections.abc import Callable
from typing import Final

import numpy as np
from jaxtyping import Float

from trombine.world.colours import ROWS as LIGHTS
from trombine.world.colours import colours, to_srgb
from trombine.world.faces import Face
from trombine.world.proportions import HalfOutline, Lengths, Plan

# ---------------------------------------------------------------------------------------------
# From a face's colours to the flat colours of a drawing: a base, its shadow, its ink.
#
# `inks(face, style)` gives a table of sRGB rows, indexed by the I_ names of kernel_drawn.py. Drawn
# styles mix colours as paint on paper looks, so nothing here is linear light.


ROWS: Final = (
    *("skin", "skin_shade", "skin_ink", "blush", "lip", "lip_shade", "mouth", "tongue"),
    *("teeth", "white", "white_shade", "iris", "iris_dark", "iris_glow", "lash", "lid", "hair"),
    *("hair_shade", "hair_light", "hair_ink", "brow", "cloth", "cloth_shade", "cloth_ink"),
    *("hat", "hat_shade", "hat_ink", "frame", "metal", "metal_ink", "ground", "ground2", "ink"),
)

Rgb = Float[np.ndarray, "3"]


def _hex(text: str) -> Rgb:
    return np.array([int(text[i : i + 2], 16) for i in (0, 2, 4)]) / 255


def _blend(a: Rgb, b: Rgb, t: float) -> Rgb:
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
        "lip": _blend(skin * np.array([0.93, 0.72, 0.72]), lip, 0.15 + 0.8 * f.lipstick),
        "iris": _tuned(seen["iris"], light=(0.24, 0.8), vivid=(0.3, 1.4)),
        "hair": _blend(hair, _hex("262a3f"), 0.85 * max(0.0, 1 - 3 * float(seen["hair"].max()))),
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
        "lip": _blend(skin * np.array([0.88, 0.6, 0.55]), lip, 0.25 + 0.75 * f.lipstick),
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
    hair_ink = _blend(hair * np.array([0.42, 0.36, 0.42]), ink, 0.35 if not bold else 0.8)
    return b | {
        "skin_shade": skin_shade,
        "skin_ink": _blend(skin * np.array([0.5, 0.3, 0.3]), ink, 0.45 if not bold else 0.9),
        "blush": _blend(skin * np.array([1.0, 0.62, 0.62]), _hex("ff7a7a"), 0.25 * pale),
        "lip_shade": b["lip"] * np.array([0.8, 0.66, 0.68]),
        "mouth": _hex("8a2f38") if not bold else _hex("6d1420"),
        "tongue": _hex("e07a78") if not bold else _hex("e0524f"),
        "teeth": _hex("fffdfa"),
        "white": _hex("fefeff"),
        "white_shade": _hex("c9c6dc") if not bold else _hex("dfe3ee"),
        "iris_dark": iris * np.array([0.3, 0.27, 0.36]),
        "iris_glow": _blend(_tuned(iris, light=(0.35, 1.2), vivid=(0.3, 1.2)), np.ones(3), 0.25),
        "lash": _hex("241a22") if not bold else ink,
        "lid": _blend(seen["lid"], skin_shade, 0.4),
        "hair_shade": hair * np.array([0.7, 0.64, 0.73]),
        "hair_light": _blend(
            _toward(
                _tuned(hair, light=(0.22, 1.15), vivid=(0.1, 1.0)), 0.1, 0.25 * (1 - f.hair_dye)
            ),
            np.ones(3),
            0.25,
        ),
        "hair_ink": hair_ink,
        "brow": _blend(hair * 0.75, ink, 0.45 if not bold else 0.55),
        "cloth_shade": b["cloth"] * np.array([0.75, 0.71, 0.8]),
        "cloth_ink": _blend(b["cloth"] * 0.4, ink, 0.4 if not bold else 0.9),
        "hat_shade": b["hat"] * np.array([0.76, 0.72, 0.8]),
        "hat_ink": _blend(b["hat"] * 0.4, ink, 0.4 if not bold else 0.9),
        "frame": seen["frame"] * 0.85,
        "metal": seen["metal"],
        "metal_ink": _blend(seen["metal"] * 0.45, ink, 0.3),
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


# ---------------------------------------------------------------------------------------------
# What a style does to the proportions of a face.
#
# Each function takes the face and its Plan and gives another Plan. The common curves
# (kernel_geometry.py) are drawn from what comes out, so labels and landmarks follow.


Relief = Float[np.ndarray, "5 n"]

# What only drawings have. A photo has these values; every style has every name, so that the
# kernels are compiled for one kind of record.
ONLY_DRAWN: Final[Lengths] = {
    "cartoon": 0.0,  # 1 for a cartoon, 0 for the others
    "ink": 0.01,  # half the width of an outline
    "iris_tall": 1.0,  # height of the iris over its width
    "lash": 0.0,  # thickness of the upper lashes' stroke
    "cast": 0.08,  # how far hair throws its shadow on the forehead
    "lid_skew": 1.0,  # how far the lids' highest points lie off the middle
    "whiskers": 0.14,  # height of a moustache
    "fuzz": 1.0,  # how ragged the edge of a beard is
    "lock": 0.0,  # how far pointed locks hang from the hairline
    "lock_rate": 3.0,  # locks in a unit of the flow
    "tuft": 0.0,  # how far pointed tufts stand out of the outer edge
    "tuft_rate": 6.0,  # tufts from the crown to the ear
    "scallop": 0.0,  # how far round curls stand out of the edges
}


def _changed(plan: Plan, changes: Lengths) -> Lengths:
    """The plan's lengths, those that only drawings have, and the changes to both."""
    lengths = ONLY_DRAWN | plan.lengths
    unknown = changes.keys() - lengths.keys()
    if unknown:
        raise KeyError(f"no such length: {', '.join(sorted(unknown))}")
    return lengths | changes


def _photo(person: Face, plan: Plan) -> Plan:
    return dataclasses.replace(plan, lengths=_changed(plan, {}))


def _earring(n: Lengths) -> float:
    """Hair that hangs over the ears hides what hangs from them."""
    return n["earring"] if n["long"] == 0.0 else 0.0


def _goatee(n: Lengths) -> float:
    """A beard of the chin alone has round corners; others keep the line of their cheeks."""
    return -4.5 if n["beard_side"] < 0.5 else n["beard_rise"]


def _mix(low: float, high: float, t: float) -> float:
    return low + (high - low) * t


def _calm(bumps: Relief, share: float, down: float) -> Float[np.ndarray, "5 2"]:
    """The nose's bumps, as flat as a drawing's, moved down with what is drawn of it."""
    calm = bumps[:, :2].copy()
    calm[4] *= share
    calm[1] += down
    return calm


def _old(f: Face) -> float:
    return max(0.0, (f.age - 30) / 55)


# Anime


def _anime_outline(f: Face) -> HalfOutline:
    """Round at the cheeks, pointed at the chin."""
    m = f.masculine
    jaw = 1 + 0.06 * f.jaw_width + 0.07 * m + 0.04 * f.jaw_square
    full = 0.03 * f.cheeks - 0.015 * m
    chin = 1.37 + 0.13 * m + 0.05 * f.chin_length + 0.12 * f.mouth_open + 0.04 * f.head_height
    wide = 0.03 * f.chin_width + 0.05 * m
    top = 1.62 + 0.06 * f.head_height
    return [
        (0.0, -top),
        (0.5, -top + 0.12),
        (0.84, -top + 0.46),
        (0.985, -0.68),
        (1.01, -0.2),
        (1.0, 0.15),
        (0.945 + full, 0.5),
        ((0.82 + full) * (0.5 + 0.5 * jaw), chin - 0.57),
        (0.6 * jaw, chin - 0.32),
        (0.32 * jaw + wide, chin - 0.1),
        (0.13 + wide, chin - 0.014),
        (0.0, chin),
    ]


def _anime_eyes(f: Face, n: Lengths) -> Lengths:
    """Large for the young and for women, narrower for men and the old."""
    big = 1 - 0.3 * f.masculine - 0.38 * _old(f)
    upper, lower = n["lid_upper"] * 2.9 * big, n["lid_lower"] * 2.4 * big
    return {
        "eye_v": 0.12,
        "eye_u": n["eye_u"] + 0.005,
        "eye_w": n["eye_w"] * 1.32,
        "eye_power": 0.62,
        "eye_tilt": n["eye_tilt"] * 1.3 + 0.02 * f.masculine,
        "lid_upper": upper,
        "lid_lower": lower,
        "lid_full": 0.12,
        "iris_r": n["iris_r"] * _mix(1.75, 1.4, f.masculine) * (0.6 + 0.4 * big),
        "iris_tall": 1.28,
        "pupil_r": n["pupil_r"] * 1.7,
        "gaze_u": n["gaze_u"] * 0.9,
        "gaze_v": n["gaze_v"] + 0.42 * (lower - upper) + 0.015,
        "lash": _mix(0.05, 0.034, f.masculine) * (0.9 + 0.3 * f.eye_makeup),
        "brow_v": n["brow_v"] - 0.05,
        "brow_in": n["brow_in"] + 0.03,
        "brow_out": 0.76,
        "brow_thick": n["brow_thick"] * _mix(0.45, 0.72, f.masculine),
    }


def _anime_hair(f: Face, n: Lengths) -> Lengths:
    """Pointed locks, a fringe for most, side locks before the ears."""
    if n["shaven"] > 0.5:
        return {"cast": 0.03, "edge": 0.0, "lump": 0.01}
    m, straight = f.masculine, 1 - n["coiled"]
    fringe = max(n["fringe"], _mix(0.62, 0.3, m)) * straight * (n["bald"] == 0.0)
    short = f.recession > 0.3
    curly = max(0.0, (f.hair_curl - 0.4) / 0.6)
    loose = f.bun < 0.5 and f.hat < 0.5
    return {
        "hair_top": n["hair_top"] + 0.06,
        "fringe": n["fringe"] if short else fringe,
        "fringe_v": _mix(-0.62, -0.45, f.fringe),
        "jag": 0.0,
        "edge": 0.0,
        "lump": 0.03,
        "lock": 0.08 + 0.24 * fringe * (1 - curly),
        "lock_rate": _mix(2.1, 3.0, m) + 0.8 * f.fringe,
        "tuft": (0.02 + _mix(0.04, 0.2, m) * f.hair_volume) * (1 - curly) * loose,
        "scallop": 0.1 * curly * (f.hat < 0.5),
        "tuft_rate": _mix(4.0, 6.0, m),
        "side_u": n["side_u"] - 0.05,
        "hair_side": n["hair_side"] - 0.05,
        "cast": 0.11,
    }


def _anime(person: Face, plan: Plan) -> Plan:
    f, n = person, plan.lengths
    base = 0.66 + 0.04 * f.nose_length + 0.03 * f.masculine
    mouth = 0.98 + 0.09 * f.masculine + 0.03 * f.mouth_height + 0.03 * f.mouth_open
    changes = {
        "scale": n["scale"] * 0.95,
        "ink": 0.0105,
        "nose_top": base - 0.34 - 0.1 * f.masculine,
        "nose_base": base,
        "nose_bridge": 0.03,
        "nose_wing": _mix(0.065, 0.09, f.masculine) * (1 + 0.3 * f.nose_width),
        "mouth_v": mouth,
        "mouth_w": n["mouth_w"] * _mix(0.56, 0.68, f.masculine),
        "mouth_curve": n["mouth_curve"] * 0.95,
        "mouth_gap": n["mouth_gap"] * 0.8,
        "lip_upper": n["lip_upper"] * _mix(0.32, 0.2, f.masculine) * (1 + 0.5 * f.lipstick),
        "lip_lower": n["lip_lower"] * _mix(0.38, 0.3, f.masculine) * (1 + 0.4 * f.lipstick),
        "beard_v": n["beard_v"] - 0.12,
        "beard_rise": _goatee(n),
        "whiskers": 0.085,
        "fuzz": 0.3,
        "neck": n["neck"] * 0.74,
        "neck_open": min(n["neck_open"] * 0.86, n["neck"] * 0.74 + 0.15),
        "shoulder": 1.84 + 0.05 * f.masculine,
        "ear_v": 0.27,
        "earring": _earring(n),
        "ear_w": n["ear_w"] * 0.85,
        "ear_h": n["ear_h"] * 0.82,
        "glass_v": 0.1,
        "glass_w": min(n["glass_w"] * 1.18, n["glass_u"] - 0.06),
        "glass_h": n["glass_h"] * 1.3,
        "glass_thick": 0.018 + 0.6 * n["glass_thick"],
    }
    lengths = _changed(plan, changes | _anime_eyes(f, n) | _anime_hair(f, n))
    outline = _anime_outline(f)
    return dataclasses.replace(
        plan, lengths=lengths, outline=outline, bumps=_calm(plan.bumps, 0.45, base - 0.78)
    )


# Cartoon


def _cartoon_outline(f: Face) -> HalfOutline:
    """What is particular about a jaw, twice over."""
    m = f.masculine
    jaw = 1 + 0.15 * f.jaw_width + 0.05 * m
    full = 0.07 * f.cheeks
    square = 0.1 * f.jaw_square
    chin = 1.5 + 0.14 * f.chin_length + 0.08 * m + 0.2 * f.mouth_open
    top = 1.6 + 0.1 * f.head_height
    return [
        (0.0, -top),
        (0.52, -top + 0.12),
        (0.84, -top + 0.46),
        (0.97 + 0.05 * f.forehead, -0.68),
        (0.99, -0.2),
        (0.985, 0.2),
        (0.97 + full, 0.6),
        ((0.88 + full + 0.5 * square) * jaw, 0.95),
        ((0.74 + square) * jaw, chin - 0.36),
        ((0.48 + 0.6 * square) * jaw + 0.06 * f.chin_width, chin - 0.11),
        (0.24 + 0.08 * f.chin_width + 0.3 * square, chin - 0.016),
        (0.0, chin),
    ]


def _cartoon_eyes(f: Face, n: Lengths) -> Lengths:
    """Round balls side by side, ellipses exactly; what the lids leave free is the eye."""
    ball = 0.315 * (1 + 0.16 * f.eye_size) * (0.88 if f.glasses > 0.5 else 1.0)
    opening = min(1.0, _mix(0.3, 1.25, f.lid_open)) * (1 - 0.25 * f.squint)
    return {
        "eye_v": 0.03,
        "eye_u": ball + 0.025 + 0.03 * (1 + f.eye_spacing),
        "eye_w": ball,
        "eye_power": 0.5,
        "eye_tilt": 0.0,
        "lid_upper": ball * opening,
        "lid_lower": ball * (1 - 0.3 * f.squint),
        "lid_full": 0.0,
        "lid_skew": 0.0,
        "iris_r": 0.125,
        "pupil_r": 0.062,
        "gaze_u": n["gaze_u"] * 1.6,
        "gaze_v": n["gaze_v"] * 1.6,
        "lash": 0.024 + 0.012 * n["lashes"],
        "brow_v": n["brow_v"] - 0.13 - 0.1 * f.brow_raise,
        "brow_in": n["brow_in"] - 0.02,
        "brow_out": 0.68,
        "brow_arch": n["brow_arch"] * 1.3,
        "brow_tilt": n["brow_tilt"] * 1.6,
        "brow_thick": n["brow_thick"] * _mix(0.75, 1.35, f.masculine),
    }


def _cartoon_hair(f: Face, n: Lengths) -> Lengths:
    """Few large shapes."""
    if n["shaven"] > 0.5:
        return {"cast": 0.0, "edge": 0.0, "lump": 0.01}
    curly = max(0.0, (f.hair_curl - 0.35) / 0.65)
    loose = f.bun < 0.5 and f.hat < 0.5
    return {
        "jag": 0.0,
        "edge": 0.0,
        "lump": 0.02,
        "lock": (0.08 + 0.14 * n["fringe"]) * (1 - curly),
        "lock_rate": 1.7,
        "tuft": 0.16 * f.hair_volume * f.masculine * (1 - curly) * loose,
        "tuft_rate": 3.5,
        "scallop": 0.13 * curly * (f.hat < 0.5),
        "hair_side": n["hair_side"] - 0.05,
        "cast": 0.07,
    }


def _cartoon(person: Face, plan: Plan) -> Plan:
    f, n = person, plan.lengths
    base = 0.68 + 0.1 * f.nose_length
    mouth = 1.06 + 0.05 * f.mouth_height + 0.06 * f.nose_length + 0.05 * f.mouth_open
    eyes = _cartoon_eyes(f, n)
    changes = {
        "cartoon": 1.0,
        "scale": n["scale"] * 0.95,
        "ink": 0.021,
        "nose_top": 0.2,
        "nose_base": base,
        "nose_bridge": 0.09,
        "nose_wing": 0.19 * (1 + 0.35 * f.nose_width),
        "mouth_v": mouth,
        "mouth_w": n["mouth_w"] * 1.3,
        "mouth_curve": n["mouth_curve"] * 1.5 + 0.03,
        "mouth_gap": n["mouth_gap"] * 1.2,
        "lip_upper": n["lip_upper"] * _mix(0.75, 0.45, f.masculine),
        "lip_lower": n["lip_lower"] * _mix(0.85, 0.55, f.masculine),
        "beard_rise": _goatee(n),
        "whiskers": 0.15,
        "fuzz": 0.3,
        "neck": n["neck"] * 0.85,
        "neck_open": min(n["neck_open"], n["neck"] * 0.85 + 0.15),
        "shoulder": 1.9 + 0.05 * f.masculine,
        "earring": _earring(n),
        "ear_w": n["ear_w"] * 1.15,
        "ear_h": n["ear_h"] * 0.8,
        "glass_u": eyes["eye_u"] + 0.015,
        "glass_v": 0.03,
        "glass_w": eyes["eye_w"] + 0.04,
        "glass_h": eyes["eye_w"] * _mix(1.14, 1.04, f.glasses_shape) + 0.03,
        "glass_thick": 0.014 + 0.6 * n["glass_thick"],
    }
    lengths = _changed(plan, changes | eyes | _cartoon_hair(f, n))
    outline = _cartoon_outline(f)
    return dataclasses.replace(
        plan, lengths=lengths, outline=outline, bumps=_calm(plan.bumps, 0.5, base - 0.78)
    )


# Sketch


def _sketch(person: Face, plan: Plan) -> Plan:
    """As a photograph: whoever draws from life keeps the proportions, the eyes a little large."""
    n = plan.lengths
    changes = {
        "eye_w": n["eye_w"] * 1.02,
        "lid_upper": n["lid_upper"] * 1.08,
        "glass_w": n["glass_w"] * 1.05,
        "beard_rise": _goatee(n),
        "lock": 0.07 * (1 - n["coiled"]) * (n["shaven"] < 0.5),
        "lock_rate": 5.0,
    }
    return dataclasses.replace(plan, lengths=_changed(plan, changes))


STYLISE: Final[dict[str, Callable[[Face, Plan], Plan]]] = {
    "photo": _photo,
    "anime": _anime,
    "cartoon": _cartoon,
    "sketch": _sketch,
}
