"""Who is in the picture: a face is a frozen set of named numbers.

`to_vector` and `from_vector` turn a face to a flat array and back. How the numbers are drawn is in
people.py, what they look like in proportions.py, colours.py and the painters.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Float

_FURTHER: Final = 2.5  # times the world's range: as far as proportions of a fitted face go
GROUPS: Final = (
    "identity",
    "hair",
    "pose",
    "expression",
    "light",
    "worn",
    "background",
    "framing",
)


def _field(low: float, high: float, unit: str, group: str, text: str, reach: float = 1.0) -> Any:
    about = {"low": low, "high": high, "unit": unit, "group": group, "text": text}
    return dataclasses.field(metadata={**about, "reach": reach})


def _identity(text: str, low: float = -1.0, high: float = 1.0, unit: str = "") -> Any:
    return _field(low, high, unit, "identity", text)


def _form(text: str, reach: float = _FURTHER) -> Any:
    """A proportion, in which real people differ more than the world's do."""
    return _field(-1.0, 1.0, "", "identity", text, reach)


def _hair(
    text: str, low: float = 0.0, high: float = 1.0, unit: str = "", reach: float = 1.0
) -> Any:
    return _field(low, high, unit, "hair", text, reach)


def _pose(text: str, low: float, high: float) -> Any:
    return _field(low, high, "rad", "pose", text)


def _expression(text: str, low: float = -1.0, high: float = 1.0, reach: float = 1.0) -> Any:
    return _field(low, high, "", "expression", text, reach)


def _light(text: str, low: float, high: float, unit: str = "", reach: float = 1.0) -> Any:
    return _field(low, high, unit, "light", text, reach)


def _worn(text: str, low: float = 0.0, high: float = 1.0) -> Any:
    return _field(low, high, "", "worn", text)


def _background(text: str, low: float = 0.0, high: float = 1.0) -> Any:
    return _field(low, high, "", "background", text)


def _framing(text: str, low: float, high: float, unit: str = "") -> Any:
    return _field(low, high, unit, "framing", text)


@dataclass(frozen=True, kw_only=True)
class Face:
    """One person in one moment. All fields are numbers.

    Where no unit is said, a field runs from 0 (none) to 1 (most) or from -1 to 1 round an average
    person; `FIELDS` lists name, range, unit, group and meaning of each. Proportions of a person who
    is fitted to a photograph (fit.py) may go beyond the range, as `FieldInfo.reach` says. Lengths
    in shape.py are in half widths of the face.
    """

    # identity
    masculine: float = _identity("features of women (0) to of men (1)", 0)
    age: float = _identity("age", 16, 85, "years")
    tone: float = _identity("skin, lightest to darkest", 0)
    undertone: float = _identity("skin, cool and rosy to warm and golden")
    ruddy: float = _identity("redness of cheeks and nose", 0)
    freckles: float = _identity("freckles", 0)
    head_height: float = _form("round to long head")
    forehead: float = _form("narrow to wide forehead")
    cheeks: float = _form("hollow to full cheeks")
    cheekbones: float = _form("flat to high cheekbones")
    jaw_width: float = _form("narrow to wide jaw")
    jaw_square: float = _form("round to square jaw")
    chin_length: float = _form("short to long chin")
    chin_width: float = _form("pointed to broad chin")
    eye_spacing: float = _form("close to wide-set eyes")
    eye_size: float = _form("small to large eyes")
    eye_height: float = _form("narrow to round eyes")
    eye_tilt: float = _form("outer corners down to up")
    eye_hood: float = _identity("open crease to covered crease", 0)
    eye_depth: float = _identity("protruding to deep-set eyes")
    iris: float = _identity("colour: brown, amber, hazel, green, grey, blue along a palette", 0)
    iris_light: float = _identity("dark to light iris")
    brow_height: float = _form("low to high brows")
    brow_arch: float = _form("straight to arched brows")
    brow_thick: float = _identity("thin to bushy brows")
    nose_length: float = _form("short to long nose")
    nose_width: float = _form("narrow to wide nose")
    nose_bridge: float = _form("flat to high bridge")
    nose_tip: float = _identity("pointed to round tip")
    mouth_width: float = _form("narrow to wide mouth", 4.0)
    mouth_height: float = _form("short to long upper lip space")
    upper_lip: float = _form("thin to full upper lip")
    lower_lip: float = _form("thin to full lower lip")
    cupid: float = _identity("depth of the upper lip's bow", 0)
    lip_red: float = _identity("pale to red lips", 0)
    ear_size: float = _identity("small to large ears")
    texture: float = _identity("seed of strands, pores and freckles, a whole number", 0, 999_999)
    # hair
    hair_light: float = _hair("black to blond")
    hair_red: float = _hair("ash to red")
    hair_grey: float = _hair("share of grey hair")
    hair_dye: float = _hair("natural colour (0) to dyed (1)")
    hair_hue: float = _hair("hue of the dye", unit="turns")
    hair_length: float = _hair("shaven, short, ear, chin, shoulder and below")
    hair_volume: float = _hair("flat to voluminous", reach=_FURTHER)
    hair_curl: float = _hair("straight, wavy, curly, coiled")
    hairline: float = _hair("low to high hairline", -1)
    recession: float = _hair("full hairline to bald")
    fringe: float = _hair("swept off the forehead to down to the brows")
    parting: float = _hair("parting at the person's right to left", -1)
    bun: float = _hair("hair tied up in a bun: below .5 no, above .5 yes")
    beard: float = _hair("density of the beard")
    moustache: float = _hair("density of the moustache")
    beard_extent: float = _hair("chin only to full cheeks")
    stubble: float = _hair("shadow of a shaven beard")
    # pose
    yaw: float = _pose("turn; positive shows the face moved to the picture's right", -0.34, 0.34)
    pitch: float = _pose("nod; positive looks down", -0.2, 0.2)
    roll: float = _pose("tilt; positive is clockwise in the picture", -0.14, 0.14)
    # expression
    smile: float = _expression("corners of the mouth down to up", reach=1.6)
    mouth_open: float = _expression("closed to open mouth", 0)
    teeth: float = _expression("how much the open mouth shows of the teeth", 0)
    brow_raise: float = _expression("lowered to raised brows", reach=2.0)
    brow_furrow: float = _expression("relaxed to drawn together", 0)
    brow_sad: float = _expression("inner ends down (anger) to up (worry)")
    lid_open: float = _expression("nearly closed to wide open eyes", 0)
    squint: float = _expression("lower lids pushed up", 0)
    gaze_x: float = _expression("looking to the picture's left to right")
    gaze_y: float = _expression("looking up to down")
    # light
    light_turn: float = _light("key light from the picture's left to right", -1.2, 1.2, "rad")
    light_height: float = _light("key light from level to above", -0.1, 1.1, "rad")
    light_key: float = _light("soft and even to hard and dramatic", 0, 1)
    light_warm: float = _light("cool to warm key light", -1, 1)
    light_rim: float = _light("light from behind", 0, 1)
    exposure: float = _light("dark to bright", -1, 1, reach=_FURTHER)
    # things worn
    glasses: float = _worn("below .5 none, above .5 glasses")
    glasses_shape: float = _worn("round to square lenses")
    glasses_size: float = _worn("small to large lenses")
    glasses_thick: float = _worn("wire to thick frame")
    glasses_hue: float = _worn("colour of the frame along a palette")
    glasses_tint: float = _worn("clear to opaque lenses")
    hat: float = _worn("below .5 none, above .5 a knitted hat")
    hat_hue: float = _worn("hue of the hat, in turns")
    hat_light: float = _worn("dark to light hat")
    earrings: float = _worn("below .5 none, above .5 earrings, and their size")
    necklace: float = _worn("below .5 none, above .5 a necklace")
    lipstick: float = _worn("none to full")
    lipstick_hue: float = _worn("brown, red, pink, plum along a palette")
    eye_makeup: float = _worn("none to dark lashes and lids")
    cloth_hue: float = _worn("hue of the clothes, in turns")
    cloth_grey: float = _worn("colourful to grey clothes")
    cloth_light: float = _worn("dark to light clothes")
    neckline: float = _worn("high, round, deep neckline")
    collar: float = _worn("below .5 none, above .5 a collar")
    # background
    ground_kind: float = _background("studio, wall, out-of-focus lights, out-of-focus leaves")
    ground_hue: float = _background("hue, in turns")
    ground_grey: float = _background("colourful to grey")
    ground_light: float = _background("dark to light")
    ground_turn: float = _background("how far the second hue is away", -1)
    ground_busy: float = _background("plain to busy")
    ground_texture: float = _background("seed of what is in it, a whole number", 0, 999_999)
    # framing
    centre_x: float = _framing("face's offset to the right, in picture widths", -0.03, 0.03)
    centre_y: float = _framing("face's offset down, in picture heights", -0.02, 0.02)
    scale: float = _framing("half width of the face, in picture widths", 0.225, 0.275)
    grain: float = _framing("sensor's noise", 0, 1)
    vignette: float = _framing("darkness of the corners", 0, 1)

    def __post_init__(self) -> None:
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is between {low:g} and {high:g}, not {value!r}")


@dataclass(frozen=True, kw_only=True)
class FieldInfo:
    """What one field of a Face means."""

    name: str
    low: float
    high: float
    unit: str
    group: str
    text: str
    reach: float  # how far a fitted face may go, in half ranges from the middle


FIELDS: Final = tuple(FieldInfo(name=f.name, **f.metadata) for f in dataclasses.fields(Face))
VECTOR_NAMES: Final = tuple(info.name for info in FIELDS)
_RANGES: Final = tuple(
    (info.name, middle - info.reach * half, middle + info.reach * half)
    for info in FIELDS
    for middle, half in [((info.low + info.high) / 2, (info.high - info.low) / 2)]
)


def to_vector(person: Face) -> Float[np.ndarray, "n"]:
    """The fields in the order of VECTOR_NAMES, float64."""
    return np.array([getattr(person, name) for name in VECTOR_NAMES], np.float64)


def from_vector(vector: Float[np.ndarray, "n"]) -> Face:
    """The face of a vector; what left a field's range (a mix of faces cannot) is an error."""
    if vector.shape != (len(VECTOR_NAMES),):
        raise ValueError(f"a face has {len(VECTOR_NAMES)} numbers, not {vector.shape}")
    values = {name: float(value) for name, value in zip(VECTOR_NAMES, vector, strict=True)}
    for name in ("texture", "ground_texture"):  # seeds: a mix of two faces has one between
        values[name] = float(math.floor(values[name]))
    return Face(**values)
