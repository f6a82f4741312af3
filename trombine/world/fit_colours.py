"""From the colours that parts of a face have in a picture to the fields that paint them so.

Each part's colour is what the painting of a person has, times what the picture has more light of
there; the fields whose colours are nearest to that, in CIE Lab, are taken.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from jaxtyping import Float64, UInt8

from trombine.core.conventions import PART_INDEX
from trombine.io.color import LUMA
from trombine.world.colours import ROWS, colours, hair_colour, to_srgb
from trombine.world.faces import Face
from trombine.world.painting import tone_curve

Colour = Float64[np.ndarray, "3"]  # linear RGB
Picture = Float64[np.ndarray, "size size 3"]  # sRGB from 0 to 1
Parts = UInt8[np.ndarray, "size size"]
Changes = dict[str, float]


def _light_of(pixels: Float64[np.ndarray, "*n 3"]) -> Float64[np.ndarray, "*n 3"]:
    """The linear light that the painters' tone curve makes these sRGB colours of."""
    return np.interp(255 * pixels, tone_curve(), (np.linspace(0, 1, 4096) ** 2) * 4)


def coloured(
    person: Face, now: Picture, here: Parts, wanted: Picture, there: Parts, *, grey: bool
) -> Face:
    """The person with each part's colour changed by what it looks otherwise than it should."""
    table = dict[str, Colour](zip(ROWS, colours(person), strict=True))
    for row, names in _PAINTED_IN.items():
        labels = [PART_INDEX[name] for name in names]
        mine, theirs = np.isin(here, labels), np.isin(there, labels)
        if (mine & theirs).sum() >= _FEW:
            mine = theirs = mine & theirs
        if min(mine.sum(), theirs.sum()) < _FEW:
            continue
        light, seen = (_light_of(p[w]).mean(0) for p, w in ((now, mine), (wanted, theirs)))
        colour = table[row] * seen / np.maximum(light, 1e-3)
        if grey:
            colour = np.repeat(colour @ LUMA, 3)
        person = replace(person, **_FIELDS_FOR[row](person, np.clip(colour, 1e-4, 1.0)))
    return person


_FEW: Final = 6  # pixels of a part: of fewer no colour is taken
_PAINTED_IN: Final = {  # rows of the table of colours, and the parts that are painted in them
    "hair": ("hair",),
    "lip": ("upper_lip", "lower_lip"),
    "cloth": ("cloth",),
    "hat": ("hat",),
    "ground": ("background",),
}


def _lab(linear: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "3"]:
    """CIE Lab of linear RGB."""
    xyz = _XYZ @ linear
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


_XYZ: Final = np.array(
    [[0.4338, 0.3762, 0.1899], [0.2126, 0.7152, 0.0722], [0.0178, 0.1095, 0.8729]]
)  # of linear sRGB, over the white point D65


def _nearest_of(
    person: Face, colour: Colour, row: Callable[[Face], Colour], choices: Iterable[Changes]
) -> Changes:
    """Of some changes that which gives a row the colour most like this one; `cost` in a change is
    how unusual it is."""

    def apart(changes: Changes) -> float:
        changes = dict(changes)
        cost = changes.pop("cost", 0.0)
        return float(np.linalg.norm(_lab(row(replace(person, **changes))) - _lab(colour))) + cost

    best = dict(min(choices, key=apart))
    best.pop("cost", None)
    return best


def _hair_fields(person: Face, colour: Colour) -> Changes:
    steps = np.linspace(0, 1, 9)
    natural = [
        {"hair_light": light, "hair_red": red, "hair_grey": grey, "hair_dye": 0.0}
        | {"cost": 12 * abs(grey - person.hair_grey) + 4 * red}
        for light in (*steps, person.hair_light)
        for red in (0.0, 0.25, 0.5, 0.75, 1.0)
        for grey in (0.0, 0.3, 0.5, 0.7, 0.85, 1.0, person.hair_grey)
    ]
    dyed = [
        {"hair_light": light, "hair_dye": dye, "hair_hue": hue, "cost": 14.0}
        for light in (0.3, 0.5, 0.7, 0.9)
        for dye in (0.7, 0.85, 1.0)
        for hue in np.arange(16) / 16
    ]
    return _nearest_of(person, colour, hair_colour, natural + dyed)


def _lip_fields(person: Face, colour: Colour) -> Changes:
    bare = [{"lip_red": red, "lipstick": 0.0} for red in (0.0, 0.25, 0.5, 0.75, 1.0)]
    worn = [
        {"lipstick": much, "lipstick_hue": hue, "cost": 6.0}
        for much in (0.3, 0.5, 0.7, 1.0)
        for hue in np.linspace(0, 1, 9)
    ]
    choices = bare + (worn if person.masculine < 0.5 else [])
    return _nearest_of(person, colour, lambda f: colours(f)[ROWS.index("lip")], choices)


def _hsv(colour: Colour) -> tuple[float, float, float]:
    red, green, blue = np.clip(to_srgb(colour), 0, 1).tolist()
    return colorsys.rgb_to_hsv(red, green, blue)


def _unit(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _cloth_fields(person: Face, colour: Colour) -> Changes:
    hue, saturation, value = _hsv(colour)
    return {
        "cloth_hue": hue,
        "cloth_grey": _unit(1 - saturation / 0.75),
        "cloth_light": _unit((value - 0.12) / 0.75),
    }


def _hat_fields(person: Face, colour: Colour) -> Changes:
    hue, _, value = _hsv(colour)
    return {"hat_hue": hue, "hat_light": _unit((value - 0.2) / 0.6)}


def _ground_fields(person: Face, colour: Colour) -> Changes:
    hue, saturation, value = _hsv(colour)
    grey = 1 - _unit(saturation / 0.5) ** (1 / 1.3)
    return {"ground_hue": hue, "ground_grey": grey, "ground_light": _unit((value - 0.2) / 0.68)}


_FIELDS_FOR: Final[Mapping[str, Callable[[Face, Colour], Changes]]] = {
    "hair": _hair_fields,
    "lip": _lip_fields,
    "cloth": _cloth_fields,
    "hat": _hat_fields,
    "ground": _ground_fields,
}
