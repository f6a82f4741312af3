"""How large everything of a face is, before a style changes it.

`proportions(face)` gives a Plan: named lengths, the half outlines of face and hair, and the
relief of the surface. stylise.py changes a Plan, shape.py packs it for the kernels.

Lengths are half widths of the face; the origin is between the eyes; y and v run down. The half
width of a face is about 67 mm, the pupils 63 mm apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float

from trombine.world.colours import surface
from trombine.world.faces import Face

EYE_LINE: Final = 0.485  # where the eyes are, in picture heights

Lengths = dict[str, float]
HalfOutline = list[tuple[float, float]]  # from the crown to the chin


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything about a face's form that a style may change."""

    lengths: Lengths
    outline: HalfOutline
    hair: tuple[HalfOutline, HalfOutline]  # at the picture's left and right
    bumps: Float[np.ndarray, "5 n"]  # centre u, v, one over the radii, height
    shades: Float[np.ndarray, "5 m"]  # the same, darkness instead of height


def _mix(low: float, high: float, t: float) -> float:
    return low + (high - low) * t


def turn_lengths(yaw: float, pitch: float) -> Lengths:
    """What depends on where a head turns."""
    eye_depth = 0.85  # what the turn moves between the eyes, undone so that a face stays centred
    sin_yaw, cos_yaw = math.sin(yaw), math.cos(yaw)
    sin_pitch, cos_pitch = math.sin(pitch), math.cos(pitch)
    return {
        "sin_yaw": sin_yaw,
        "cos_yaw": cos_yaw,
        "sin_pitch": sin_pitch,
        "cos_pitch": cos_pitch,
        "back_x": 0.72 * eye_depth * sin_yaw,
        "back_y": 0.85 * eye_depth * cos_yaw * sin_pitch,
        "body_x": -0.62 * sin_yaw,
    }


def _head(f: Face) -> Lengths:
    """Pose, ellipsoid and the bounds of the head."""
    depth = 0.95
    return {
        **turn_lengths(f.yaw, f.pitch),
        "sin_roll": math.sin(f.roll),
        "cos_roll": math.cos(f.roll),
        "round_u": 1 / 1.12,
        "round_v": 1 / (1.9 + 0.1 * f.head_height),
        "depth": depth,
        "middle": 0.2,
        "scale": f.scale,
        "centre_x": 0.5 + f.centre_x,
        "centre_y": EYE_LINE + f.centre_y,
        "head_bottom": 2.6,
        "head_side": 1.9,
        "head_top": -2.4,
    }


def _outline(f: Face) -> HalfOutline:
    """The face's half outline, from the crown to the chin, frontal."""
    fore = 1 + 0.05 * f.forehead
    jaw = 0.93 + 0.1 * f.jaw_width + 0.06 * f.masculine
    full = 0.035 * f.cheeks
    square = 0.05 * f.jaw_square
    chin = (
        1.57
        + 0.07 * f.masculine
        + 0.07 * f.chin_length
        + 0.05 * f.head_height
        + 0.16 * f.mouth_open
    )
    top = 1.62 + 0.06 * f.head_height
    drop = 0.1 * f.mouth_open
    sag = 0.03 * max(0.0, (f.age - 45) / 40)
    return [
        (0.0, -top),
        (0.5 * fore, -top + 0.12),
        (0.84 * fore, -top + 0.46),
        (0.985 * fore, -0.68),
        (1.005, -0.2),
        (1.0 + 0.015 * f.cheekbones, 0.2),
        (0.965 + full, 0.6),
        ((0.86 + full + 0.5 * square) * jaw, 0.95 + 0.5 * drop),
        ((0.7 + square + sag) * jaw, chin - 0.39),
        ((0.44 + 0.5 * square) * jaw + 0.04 * f.chin_width, chin - 0.13),
        (0.22 + 0.06 * f.chin_width + 0.3 * square, chin - 0.02),
        (0.0, chin),
    ]


def _eyes(f: Face) -> Lengths:
    opening = _mix(0.35, 1.25, f.lid_open) * (1 - 0.3 * f.squint)
    width = 0.23 * (1 + 0.09 * f.eye_size)
    height = 0.5 * width * (1 + 0.18 * f.eye_height)
    return {
        "eye_u": 0.465 + 0.028 * f.eye_spacing,
        "eye_v": 0.0,
        "eye_w": width,
        "eye_power": 1.0,
        "eye_tilt": 0.028 * f.eye_tilt,
        "lid_upper": height * opening,
        "lid_lower": 0.55 * height * (0.8 + 0.2 * opening) * (1 - 0.45 * f.squint),
        "lid_full": 0.28,
        "iris_r": 0.104,
        "pupil_r": 0.042,
        "gaze_u": 0.07 * f.gaze_x,
        "gaze_v": 0.035 * f.gaze_y - 0.012,
    }


def _brows(f: Face) -> Lengths:
    up = 0.05 * f.brow_height + 0.085 * f.brow_raise - 0.045 * f.brow_furrow
    return {
        "brow_v": -0.315 - up,
        "brow_in": 0.18 - 0.04 * f.brow_furrow,
        "brow_out": 0.8,
        "brow_arch": 0.1 + 0.055 * f.brow_arch,
        "brow_drop": 0.03 - 0.02 * f.eye_tilt,
        "brow_tilt": -0.1 * f.brow_sad + 0.05 * f.brow_furrow,
        "brow_thick": 0.047 * (1 + 0.42 * f.brow_thick),
    }


def _nose(f: Face) -> Lengths:
    return {
        "nose_top": 0.02,
        "nose_base": 0.78 + 0.06 * f.nose_length,
        "nose_bridge": 0.115 + 0.012 * f.nose_width,
        "nose_wing": 0.255 * (1 + 0.15 * f.nose_width),
    }


def _mouth(f: Face) -> Lengths:
    glad = max(0.0, f.smile)
    return {
        "mouth_u": 0.0,
        "mouth_v": 1.06 + 0.035 * f.mouth_height + 0.04 * f.nose_length + 0.05 * f.mouth_open,
        "mouth_w": 0.37 * (1 + 0.1 * f.mouth_width + 0.22 * glad - 0.16 * f.mouth_open),
        "mouth_curve": 0.085 * f.smile,
        "mouth_gap": 0.3 * f.mouth_open,
        "lip_upper": 0.088 * (1 + 0.35 * f.upper_lip) * (1 - 0.2 * glad),
        "lip_lower": 0.115 * (1 + 0.32 * f.lower_lip) * (1 - 0.15 * glad),
        "cupid": 0.08 + 0.22 * f.cupid,
        "teeth": f.teeth,
    }


def _body(f: Face) -> Lengths:
    m = f.masculine
    return {
        "neck": _mix(0.5, 0.66, m) + 0.05 * f.cheeks,
        "neck_flare": 0.55,
        "shoulder": 1.9 + 0.04 * (1 - m),
        "neck_open": _mix(0.62, 0.74, f.neckline),
        "neck_dip": _mix(0.04, 0.4, f.neckline),
        "neck_shape": 2.0,
        "collar": f.collar,
        "necklace": f.necklace,
        "ear_u": 1.025 - 0.06 * _covers(f),
        "ear_v": 0.22,
        "ear_w": 0.14 * (1 + 0.15 * f.ear_size) * (1 - 0.4 * _covers(f)),
        "ear_h": 0.34 * (1 + 0.14 * f.ear_size),
        "earring": 0.03 + 0.05 * (2 * f.earrings - 1) if _shows_earrings(f) else 0.0,
        "earring_tall": _mix(1.0, 0.35, max(0.0, 2 * f.earrings - 1)),
    }


def _glasses(f: Face, lengths: Lengths) -> Lengths:
    size = _mix(0.9, 1.12, f.glasses_size)
    return {
        "glasses": f.glasses,
        "glass_z": 1.02,
        "glass_u": lengths["eye_u"] + 0.01,
        "glass_v": 0.04,
        "glass_w": 0.33 * size,
        "glass_h": _mix(0.29, 0.235, f.glasses_shape) * size,
        "glass_power": _mix(2.0, 4.5, f.glasses_shape),
        "glass_thick": _mix(0.012, 0.036, f.glasses_thick),
        "glass_tint": f.glasses_tint,
    }


def _beard(f: Face, lengths: Lengths) -> Lengths:
    chin_only = f.beard_extent < 0.45
    return {
        "beard": f.beard if f.beard >= 0.3 else 0.0,
        "moustache": f.moustache if f.moustache >= 0.3 else 0.0,
        "beard_v": lengths["mouth_v"] + _mix(0.24, 0.08, f.beard_extent),
        "beard_rise": 0.0 if chin_only else _mix(0.3, 1.0, f.beard_extent),
        "beard_side": 0.36 if chin_only else 1.2,
        "beard_over": 0.05 * f.beard,
    }


def _coiled(f: Face) -> float:
    """How far hair is from falling, 0 to 1."""
    return max(0.0, (f.hair_curl - 0.55) / 0.45)


def _covers(f: Face) -> float:
    """How far hair covers the ears, 0 to 1."""
    return min(1.0, max(0.0, (f.hair_length - 0.3) / 0.25)) * (f.bun < 0.5)


def _shows_earrings(f: Face) -> bool:
    return f.earrings > 0.5 and _covers(f) < 0.5


def _hair_size(f: Face) -> tuple[float, float]:
    """How far hair stands off the head, at its sides and above it."""
    if f.bun > 0.5:
        return 0.05, 0.03
    body = min(1.0, f.hair_length / 0.25) * (0.35 + 0.65 * f.hair_volume)
    afro = _coiled(f) * min(1.0, f.hair_length * 1.6) * (0.4 + 0.6 * f.hair_volume)
    return 0.015 + 0.1 * body + 0.42 * afro, 0.16 * body + 0.42 * afro


def _hair(f: Face) -> Lengths:
    """Everything that hair of any kind needs; what it has not is 0."""
    man = f.masculine > 0.5
    coiled = _coiled(f)
    straight = 1 - coiled
    length = f.hair_length
    long_ = length > 0.45 and not (coiled > 0.3 and length < 0.8) and f.bun < 0.5
    covers = _covers(f)
    bald = f.recession > 0.6
    top = -1.0 - 0.1 * f.hairline - 0.25 * min(f.recession, 0.6)
    swept = abs(f.parting) > 0.2
    return {
        "hair_middle": -0.2,
        "hair_top": top,
        "hair_round": 0.72,
        "recess": 0.22 * f.recession + (0.03 if man else 0.0),
        "temple": 1 / 0.9,
        "drape": 0.55 * covers * straight * (f.fringe < 0.5),
        "fringe": f.fringe * straight,
        "fringe_v": _mix(-0.72, -0.4, f.fringe),
        "fringe_tilt": -0.16 * f.parting,
        "sweep": (-1.0 if f.parting > 0 else 1.0) if swept and f.fringe > 0.15 else 0.0,
        "jag": _mix(0.05, 0.13, f.fringe) * straight,
        "jag_rate": 4.0,
        "part_u": 0.5 * f.parting,
        "part_x": 0.5 * f.parting,
        "crown": -1.72,
        "flow_spread": 0.75,
        "side_u": 0.945 - 0.05 * covers,
        "side_in": 0.05 + 0.06 * covers,
        "side_end": 3.0
        if long_
        else _mix(0.22, 0.75, covers * straight) + 0.35 * coiled * min(1.0, length * 2),
        "side_back": 0.3 * (1 - covers) * straight,
        "bald": -0.75 + 0.5 * (f.recession - 0.6) if bald else 0.0,
        "long": _mix(0.75, 2.7, (length - 0.45) / 0.55) if long_ else 0.0,
        "hair_side": 1.05 + _hair_size(f)[0],
        "flare": 0.06 + 0.1 * f.hair_volume,
        "wave": 0.07 * min(1.0, 2 * f.hair_curl),
        "lump": 0.02 + 0.16 * coiled + 0.05 * f.hair_curl,
        "lump_rate": _mix(4.0, 7.0, coiled),
        "edge": 0.03 + 0.02 * straight,
        "curl": f.hair_curl,
        "coiled": coiled,
        "shaven": 1.0 if length < 0.06 else 0.0,
        "bun": f.bun,
        "bun_r": 0.36,
        "hat": f.hat,
        "hat_v": -0.66,
    }


def _hair_outline(f: Face, side: float) -> HalfOutline:
    """The hair's half outline, crown to nape, on one side (-1 the picture's left)."""
    lift = 0.05 * side * f.parting * min(1.0, f.hair_length / 0.25)
    wide, high = _hair_size(f)
    top = 1.65 + 0.06 * f.head_height + high
    return [
        (0.0, -top),
        (0.5 + 0.5 * wide, -top + 0.11 + lift),
        (0.86 + 0.85 * wide, -top + 0.44 + lift),
        (1.03 + wide, -0.7),
        (1.05 + wide, -0.2),
        (1.03 + wide, 0.25),
        (0.98 + wide, 0.75),
        (0.8 + wide, 1.15),
        (0.4, 1.5),
        (0.0, 1.6),
    ]


def _relief(f: Face, n: Lengths, youth: float) -> Float[np.ndarray, "5 n"]:
    """Bumps of the surface: centre u, v, radii, height. The first 8 are those that parallax
    needs; bumps come in pairs where a face has two. A child's nose and bones are flat."""
    m, old = f.masculine, max(0.0, (f.age - 30) / 55)
    base, glad = n["nose_base"], max(0.0, f.smile)
    flat = 0.45**youth
    high = flat * (1 + 0.3 * f.nose_bridge)
    wing = n["nose_wing"]
    chin = (1.5 + 0.07 * f.chin_length + 0.14 * f.mouth_open) * _LOW**youth
    mouth, half = n["mouth_v"], n["mouth_w"]

    def pair(u: float, v: float, ru: float, rv: float, h: float) -> list[tuple[float, ...]]:
        return [(-u, v, ru, rv, h), (u, v, ru, rv, h)]

    rows = [
        (0.0, base - 0.16, 0.3 + 0.04 * f.nose_tip, 0.34, 0.2 * high),  # tip
        (0.0, base - 0.42, 0.2, 0.6, 0.12 * high),  # ridge
        (0.0, mouth, 0.62, 0.55, 0.07),  # muzzle
        (0.0, chin, 0.42 + 0.06 * f.chin_width, 0.34, 0.09 + 0.03 * f.chin_length),
        *pair(0.36, -0.3, 0.5, 0.22, flat * (0.045 + 0.025 * m)),  # brow ridge
        *pair(n["eye_u"] - 0.04, -0.02, 0.36, 0.27, flat * (-0.075 - 0.02 * f.eye_depth)),  # socket
        # From here on: light only.
        *pair(n["eye_u"], 0.01, 0.25, 0.19, 0.05),  # eyeball
        *pair(wing * 0.72, base - 0.1, 0.17, 0.16, 0.075),  # wings
        (0.0, base - 0.12, 0.17 + 0.03 * f.nose_tip, 0.17, 0.05),  # ball
        *pair(0.62, 0.42, 0.46, 0.42, 0.05 + 0.025 * f.cheekbones + 0.035 * glad),  # cheekbone
        *pair(0.5, 0.75, 0.4, 0.42, 0.02 + 0.03 * f.cheeks + 0.03 * glad),  # cheek
        *pair(0.8, -0.5, 0.3, 0.45, -0.03),  # temple
        *pair(0.3, -0.75, 0.45, 0.4, 0.025),  # forehead
        (0.0, base + 0.13, 0.06, 0.16, -0.009),  # philtrum
        *pair(0.065, base + 0.13, 0.06, 0.16, 0.006),
        (0.0, mouth - 0.05, half * 0.95, 0.13, 0.03),  # upper lip
        (0.0, mouth + 0.1 + 0.19 * f.mouth_open, half * 0.8, 0.13, 0.045),  # lower lip
        (0.0, mouth + 0.26 + 0.19 * f.mouth_open, 0.36, 0.13, -0.045),  # under it
        *pair(half * 1.1, mouth - n["mouth_curve"], 0.14, 0.16, -0.018),  # corners
        # Folds beside nose and mouth.
        *pair(wing + 0.07, base - 0.04, 0.1, 0.22, flat * (-0.025 - 0.03 * old - 0.02 * glad)),
        *pair(wing + 0.17, base + 0.14, 0.11, 0.26, flat * (-0.02 - 0.03 * old - 0.02 * glad)),
        *pair(n["eye_u"], 0.2, 0.24, 0.1, -0.012 - 0.025 * old),  # below the eye
        *pair(0.62, 1.25, 0.3, 0.3, -0.01 + 0.025 * f.cheeks + 0.03 * old),  # jowl
    ]
    table = np.array(rows, np.float64).T
    table[2:4] = 1 / table[2:4]
    return np.ascontiguousarray(table)


def _shades(n: Lengths) -> Float[np.ndarray, "5 n"]:
    """Where light does not reach the skin: centre u, v, radii, darkness. Laid out as bumps."""
    base, mouth, gap = n["nose_base"], n["mouth_v"], n["mouth_gap"]
    cast = -n["light_x"]
    rows = []
    for side in (-1.0, 1.0):
        rows += [
            (side * (n["eye_u"] - 0.19), -0.06, 0.2, 0.24, 0.2),  # inner corner of the socket
            (side * n["eye_u"], -0.1, 0.36, 0.2, 0.14),
            (side * n["nose_wing"] * 0.42, base - 0.035, 0.085, 0.05, 0.85),  # nostrils
            (side * (n["nose_wing"] + 0.03), base - 0.1, 0.075, 0.18, 0.3),
            (side * n["mouth_w"] * 1.04, mouth - n["mouth_curve"], 0.1, 0.08, 0.3),
        ]
    rows += [
        (0.0, base + 0.03, 0.27, 0.1, 0.3),  # under the nose
        (0.34 * cast, base - 0.12, 0.24, 0.42, 0.32 * abs(cast)),  # the nose's shadow
        (0.2 * cast, base + 0.1, 0.22, 0.16, 0.2 * n["key"] - 0.1),
        (0.0, mouth + 0.22 + 0.65 * gap, 0.34, 0.1, 0.24),  # under the lower lip
    ]
    table = np.array(rows, np.float64).T
    table[2:4] = 1 / table[2:4]
    return np.ascontiguousarray(table)


def _lengths(f: Face) -> Lengths:
    n = _head(f) | _eyes(f) | _brows(f) | _nose(f) | _mouth(f) | _body(f)
    n |= _glasses(f, n)
    n |= _beard(f, n)
    return n | _hair(f) | surface(f)


# How a newborn's face differs from a grown one's: factors of lengths, which a child's lie between.
_NEWBORN: Final = {
    "eye_u": 1.08,
    "eye_w": 1.14,
    "lid_upper": 1.32,
    "lid_lower": 1.25,
    "iris_r": 1.26,
    "pupil_r": 1.3,
    "brow_v": 0.93,
    "brow_thick": 0.55,
    "brow_arch": 1.25,
    "nose_base": 0.74,
    "nose_wing": 0.94,
    "nose_bridge": 1.15,
    "mouth_v": 0.8,
    "mouth_w": 0.9,
    "lip_upper": 1.15,
    "cupid": 1.2,
    "neck": 0.78,
    "shoulder": 0.8,
    "ear_v": 1.1,
    "beard_v": 0.8,
    "glass_w": 1.1,
    "glass_h": 1.1,
    "hair_top": 1.16,
    "crown": 1.1,
    "hat_v": 1.15,
}
_HIGH, _LOW = 1.14, 0.8  # of what lies above the eyes and below them, in an outline
_ROUND: Final = ((0.6, 1.07), (1.0, 1.17), (1.4, 1.12))  # cheeks: how far below the eyes, factor


def _child(n: Lengths, youth: float) -> Lengths:
    """These lengths of a child: youth 1 is newborn, 0 grown up."""
    return n | {name: n[name] * factor**youth for name, factor in _NEWBORN.items()}


def _child_outline(points: HalfOutline, youth: float) -> HalfOutline:
    """A skull that is high over the eyes, and a short, round face."""
    heights, factors = zip((-0.2, 1.0), *_ROUND, strict=True)
    return [
        (
            x * float(np.interp(y, heights, factors)) ** youth,
            y * (_LOW if y > 0 else _HIGH) ** youth,
        )
        for x, y in points
    ]


def proportions(f: Face, youth: float = 0.0) -> Plan:
    """The plan of a face as a photograph has it; of a child's where youth is above 0."""
    lengths = _child(_lengths(f), youth)
    return Plan(
        lengths=lengths,
        outline=_child_outline(_outline(f), youth),
        hair=(
            _child_outline(_hair_outline(f, -1.0), youth),
            _child_outline(_hair_outline(f, 1.0), youth),
        ),
        bumps=_relief(f, lengths, youth),
        shades=_shades(lengths),
    )
