"""From a face's fields to colours and light, in linear light, as the painters read them.

`colours(face)` gives a table of RGB rows, indexed by the C_ names of kernel_photo.py; `surface`
gives the amounts that belong to skin, light and camera and joins the record of shape.py.
"""

from __future__ import annotations

import colorsys
import math
from functools import cache
from typing import Final

import numpy as np
from jaxtyping import Float

from trombine.world.faces import Face

# Rows of the table of colours.
ROWS: Final = (
    *("skin", "blush", "lip", "iris", "hair", "brow", "cloth", "hat", "frame", "ground"),
    *("ground2", "key", "fill", "rim", "lid", "metal"),
)

Rgb = Float[np.ndarray, "3"]

_SKIN = ("eac8b2", "e2b596", "d9a47c", "bd8258", "95603f", "6b432c", "472c20")
_IRIS = ("3a2214", "5c3a1c", "8a5a24", "7a7434", "5c7d4a", "77888c", "5f86ad", "4676b8")
_HAIR = ("0d0a09", "1d1310", "38231a", "5f3f28", "8d6742", "b99360", "d9bc86")
_FRAME = ("15151a", "3d2a1e", "6a4326", "2b3a5e", "5a1f2b", "8c8c92", "b59a5a")
_LIPSTICK = ("8a4a3a", "b02a30", "c8324a", "d4607a", "8a2a52")


def to_linear(srgb: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """sRGB in [0, 1] to linear light."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """Linear light to sRGB, clipped to [0, 1]."""
    light = np.clip(linear, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


@cache
def _hex(text: str) -> Rgb:
    colour = to_linear(np.array([int(text[i : i + 2], 16) for i in (0, 2, 4)]) / 255)
    colour.flags.writeable = False
    return colour


def _along(palette: tuple[str, ...], t: float) -> Rgb:
    """The colour at t in [0, 1] along a palette, mixed in linear light."""
    at = t * (len(palette) - 1)
    i = min(int(at), len(palette) - 2)
    return _hex(palette[i]) + (_hex(palette[i + 1]) - _hex(palette[i])) * (at - i)


def _hsv(hue: float, saturation: float, value: float) -> Rgb:
    return to_linear(np.array(colorsys.hsv_to_rgb(hue % 1, saturation, value)))


def _mix(a: Rgb, b: Rgb, t: float) -> Rgb:
    return a + (b - a) * t


def skin_colour(f: Face) -> Rgb:
    skin = _along(_SKIN, f.tone)
    warm = np.array([1.0, 1.0 + 0.025 * f.undertone, 1.0 - 0.12 * f.undertone])
    return skin * warm


def hair_colour(f: Face) -> Rgb:
    hair = _along(_HAIR, f.hair_light)
    red = np.array([1.5, 0.72, 0.4]) * hair + np.array([0.03, 0.006, 0.0])
    hair = _mix(hair, red, f.hair_red * 0.8)
    hair = _mix(hair, _hex("b4b3b0"), f.hair_grey**1.3)
    return _mix(hair, _hsv(f.hair_hue, 0.72, 0.3 + 0.5 * max(f.hair_light, 0.3)), f.hair_dye)


def colours(f: Face) -> Float[np.ndarray, "rows 3"]:
    """The table: a row for each name of ROWS, linear RGB."""
    skin, hair = skin_colour(f), hair_colour(f)
    lip = skin * np.array([0.86, 0.52, 0.5]) + np.array([0.03, 0.0, 0.004]) * f.lip_red
    lip = _mix(lip, _along(_LIPSTICK, f.lipstick_hue), 0.8 * f.lipstick)
    iris = _along(_IRIS, f.iris) * (1 + 0.3 * f.iris_light)
    cloth = _hsv(f.cloth_hue, 0.75 * (1 - f.cloth_grey), 0.12 + 0.75 * f.cloth_light)
    hat = _hsv(f.hat_hue, 0.55, 0.2 + 0.6 * f.hat_light)
    grey = 0.5 * (1 - f.ground_grey) ** 1.3
    value = 0.2 + 0.68 * f.ground_light
    ground = _hsv(f.ground_hue, grey, value)
    ground2 = _hsv(f.ground_hue + 0.25 * f.ground_turn, grey * 0.8, value * 0.62)
    warm = np.array([1 + 0.12 * f.light_warm, 1.0, 1 - 0.16 * f.light_warm])
    rows: dict[str, Rgb] = {
        "skin": skin,
        "blush": skin * np.array([1.02, 0.62, 0.6]),
        "lip": lip,
        "iris": iris,
        "hair": hair,
        "brow": _mix(hair, hair * 0.35 + 0.12 * skin * (1 - f.hair_grey), 0.75),
        "cloth": cloth,
        "hat": hat,
        "frame": _along(_FRAME, f.glasses_hue),
        "ground": ground,
        "ground2": ground2,
        "key": warm,
        "fill": np.array([0.92, 0.98, 1.08]) * 0.8 + 0.2 * ground / (ground.mean() + 0.05),
        "rim": 0.6 + 0.4 * ground / (ground.max() + 0.05),
        "lid": _mix(skin * np.array([0.8, 0.6, 0.58]), _hsv(f.lipstick_hue, 0.4, 0.3), 0.4),
        "metal": _hex("d8b866") if f.undertone > 0 else _hex("c9ccd2"),
    }
    return np.stack([rows[name] for name in ROWS])


def surface(f: Face) -> dict[str, float]:
    """Amounts of skin, light and camera, for the record."""
    across, up = math.sin(f.light_turn), math.sin(f.light_height)
    toward = math.cos(f.light_turn) * math.cos(f.light_height)
    length = math.hypot(across * math.cos(f.light_height), up, toward)
    old = max(0.0, (f.age - 28) / 57)
    return {
        "light_x": across * math.cos(f.light_height) / length,
        "light_y": -up / length,
        "light_z": toward / length,
        "key": 0.95 + 0.55 * f.light_key,
        "ambient": 0.66 - 0.36 * f.light_key,
        "rim_light": f.light_rim,
        "exposure": 2.0 ** (0.5 * f.exposure + 0.3),
        "old": old,
        "ruddy": f.ruddy,
        "freckles": f.freckles,
        "stubble": f.stubble,
        "hood": f.eye_hood,
        "makeup": f.eye_makeup,
        "lashes": 0.45 + 0.55 * (1 - f.masculine) + 0.4 * f.eye_makeup,
        "gloss": 0.25 + 0.75 * f.lipstick,
        "glad": max(0.0, f.smile),
        "furrow": f.brow_furrow,
        "raise_": max(0.0, f.brow_raise),
        "pale": 1.0 - f.tone,
        "grain": f.grain,
        "vignette": f.vignette,
        "ground_kind": f.ground_kind,
        "ground_busy": f.ground_busy,
    }


def lights_out_of_focus(f: Face) -> Float[np.ndarray, "6 n"]:
    """Discs behind the person: x, y, radius (picture widths), and linear RGB."""
    if not f.ground_kind >= 0.5:
        return np.zeros((6, 0))
    d = np.random.Generator(np.random.PCG64(int(f.ground_texture)))
    count = 3 + int(11 * f.ground_busy)
    leafy = f.ground_kind > 0.75
    discs = np.empty((6, count))
    for i in range(count):
        hue = f.ground_hue + d.normal(0, 0.12) if not leafy else d.normal(0.25, 0.05)
        colour = _hsv(hue, d.uniform(0.05, 0.6), d.uniform(0.5, 1.0)) * (0.25 if leafy else 0.55)
        discs[:, i] = (d.uniform(-0.1, 1.1), d.uniform(-0.1, 1.0), d.uniform(0.025, 0.1), *colour)
    return discs
