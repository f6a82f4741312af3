"""Things in front of faces, for staging.py: ellipses and what is made of them.

An occluder is a row of kernel_stage.py: its middle and half axes, its turn, how angular it is, its
colour, and whether it shows the ground. Anywhere in a window lie things of one colour, or blobs
that look a little like a face; before mouths are masks, microphones and hands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Bool, Complex128, Float64

from trombine.data.proportions import eyes
from trombine.draws import Chance

MOST: Final = 8  # in a picture at most
COLOURS: Final = ("red", "green", "blue")
_KINDS: Final = 3  # of things before mouths: masks, microphones, hands
_SKIN: Final = (235.0, 185.0, 155.0)  # in the light
_WHITE, _BLACK = 235.0, 25.0  # of cloth, which is mostly one or the other
_SHARES: Final = (0.35, 0.6)  # of cloth: up to here white, up to there black, then of any colour
_FINGERS: Final = 4

Rows = Float64[np.ndarray, "n 11"]
Places = Complex128[np.ndarray, "n"]
Lengths = Float64[np.ndarray, "n"]


def anywhere(
    chance: Chance, fronts: Bool[np.ndarray, "n"], width: int, blobs: Bool[np.ndarray, "n"]
) -> Float64[np.ndarray, "n t 11"]:
    """One or two occluders anywhere, or the blobs of something like a face."""
    occluders = np.zeros((len(blobs), MOST, 11))
    for t in range(2):
        chosen = fronts if t == 0 else fronts & is_drawn(chance, "second", 0.4)
        centre = [even(chance, f"front {t} {axis}", 0.1, 0.9) for axis in "xy"]
        long, thin = (
            even(chance, f"front {t} long", 0.06, 0.35),
            even(chance, f"front {t} thin", 0.15),
        )
        angle = even(chance, f"front {t} turn", 0, math.pi)
        thing = occluder(centre[0], centre[1], long, np.maximum(long * thin, 0.03), angle)
        thing[:, 6] = np.where(is_drawn(chance, f"front {t} angular", 0.5), 8.0, 2.0)
        thing[:, 10] = is_drawn(chance, f"front {t} shows", 0.5)
        for c, name in enumerate(COLOURS):
            thing[:, 7 + c] = even(chance, f"front {t} {name}", 0, 255)
        occluders[chosen, t] = thing[chosen]
    occluders[blobs] = _blobs(chance)[blobs]
    occluders[:, :, :4] *= width
    return occluders


@final
@dataclass(frozen=True, kw_only=True)
class _Faces:
    """Where faces are, in pixels; down is from the eyes to the mouth."""

    mouth: Places
    nose: Places
    chin: Places
    down: Places  # of length 1
    turn: Lengths  # radians, clockwise
    far: Lengths  # from the eyes to the mouth
    wide: Lengths  # from eye to eye, or as it may be from the front

    @classmethod
    def of(cls, points: Float64[np.ndarray, "n 68 2"]) -> _Faces:
        """Those with these landmarks."""
        places = points @ [1, 1j]
        mouth = places[:, 48:68].mean(1)
        middle, apart = (values[:, 0] for values in eyes(points))
        way = mouth - middle
        far = np.abs(way)
        return cls(
            mouth=mouth,
            nose=places[:, 33],
            chin=places[:, 8],
            down=way / np.maximum(far, 1e-6),
            turn=np.angle(way) - math.pi / 2,
            far=far,
            wide=np.maximum(np.abs(apart), 0.6 * far),
        )


def before_mouths(
    chance: Chance, points: Float64[np.ndarray, "n 68 2"]
) -> Float64[np.ndarray, "n t 11"]:
    """A mask, a microphone or a hand, in pixels, before faces with these landmarks."""
    kind = even(chance, "held kind", 0, _KINDS).astype(np.int64)
    result = np.zeros((len(points), MOST, 11))
    made = (_masks, _microphones, _hands)
    for number, make in enumerate(made):
        for t, thing in enumerate(make(chance, _Faces.of(points))):
            result[kind == number, t] = thing[kind == number]
    return result


def _masks(chance: Chance, faces: _Faces) -> list[Rows]:
    """From the nose to the chin, with a fold."""
    top = faces.nose - faces.down * faces.far * even(chance, "mask up", -0.1, 0.35)
    low = faces.chin + faces.down * faces.far * even(chance, "mask down", -0.15, 0.1)
    high, across = np.abs(low - top) / 2, faces.wide * even(chance, "mask wide", 0.75, 1.2)
    middle, angular = (top + low) / 2, even(chance, "mask angular", 2, 5)
    colour = _cloth(chance)
    return [
        _coloured(_at(middle, across, high, faces.turn, angular), colour),
        _coloured(_at(middle, across * 0.97, high * 0.03, faces.turn, 2.0), 0.8 * colour),
    ]


def _microphones(chance: Chance, faces: _Faces) -> list[Rows]:
    """A ball before the mouth or below it, on a handle."""
    ball = faces.wide * even(chance, "ball", 0.16, 0.34)
    middle = faces.mouth + faces.down * faces.far * even(chance, "ball down", 0.0, 0.6)
    middle = middle + 1j * faces.down * faces.far * even(chance, "ball aside", -0.3, 0.3)
    aim = faces.turn + math.pi / 2 + even(chance, "handle turn", -0.9, 0.9)
    length = faces.wide * even(chance, "handle long", 0.8, 1.5)
    colour = _cloth(chance)
    handle = _at(middle + np.exp(1j * aim) * length, length, ball * 0.5, aim, 8.0)
    return [
        _coloured(handle, 0.8 * colour),
        _coloured(_at(middle, ball, ball, faces.turn, 2.0), colour),
    ]


def _hands(chance: Chance, faces: _Faces) -> list[Rows]:
    """Four fingers side by side, and what they grow from."""
    thick = faces.wide * even(chance, "finger thick", 0.09, 0.14)
    long = thick * even(chance, "finger long", 3.0, 5.0)
    tilt = faces.turn + even(chance, "hand turn", -1.6, 1.6)
    along, beside = np.exp(1j * (tilt + math.pi / 2)), np.exp(1j * tilt)
    tips = faces.mouth + faces.down * faces.far * even(chance, "hand down", -0.35, 0.7)
    tips = tips + 1j * faces.down * faces.far * even(chance, "hand aside", -0.8, 0.8)
    shapes = [_at(tips + along * long * 1.4, thick * 4.0, long * 0.9, tilt, 3.0)]
    for k in range(_FINGERS):
        middle = tips + beside * thick * 1.9 * (k - 1.5) + along * thick * abs(k - 1.3)
        shapes.append(_at(middle, thick, long, tilt, 3.0))
    light = even(chance, "skin", 0.2, 1.0)[:, None]
    skin = np.clip(light * np.array(_SKIN) + 0.06 * (_drawn_colour(chance) - 128), 0, 255)
    return [_coloured(shape, skin * (1.0 - 0.06 * (t % 2))) for t, shape in enumerate(shapes)]


def _cloth(chance: Chance) -> Float64[np.ndarray, "n 3"]:
    """Mostly white or black, else of any colour."""
    kind, colour = even(chance, "cloth", 0, 1)[:, None], _drawn_colour(chance)
    white, black = (tone + 0.08 * (colour - 128) for tone in (_WHITE, _BLACK))
    return np.where(kind < _SHARES[0], white, np.where(kind < _SHARES[1], black, colour))


def _drawn_colour(chance: Chance) -> Float64[np.ndarray, "n 3"]:
    return np.stack([even(chance, f"held {name}", 0, 255) for name in COLOURS], 1)


def _coloured(rows: Rows, colour: Float64[np.ndarray, "n 3"]) -> Rows:
    rows[:, 7:10] = np.clip(colour, 0, 255)
    return rows


def _at(
    middle: Places, across: Lengths, down: Lengths, turn: Lengths, angular: Lengths | float
) -> Rows:
    """Black things in pixels, none thinner than two."""
    rows = occluder(
        np.real(middle), np.imag(middle), np.maximum(across, 1), np.maximum(down, 1), turn
    )
    rows[:, 6] = angular
    return rows


def occluder(x, y, across, down, angle) -> Float64[np.ndarray, "n 11"]:
    """Round black occluders; lengths are parts of the width."""
    occluders = np.zeros((len(x), 11))
    occluders[:, 0], occluders[:, 1], occluders[:, 2], occluders[:, 3] = x, y, across, down
    occluders[:, 4], occluders[:, 5], occluders[:, 6] = np.cos(angle), np.sin(angle), 2.0
    return occluders


def _blobs(chance: Chance) -> Float64[np.ndarray, "n t 11"]:
    """A disc of one colour with spots where a face has eyes, and a bar or none.

    Some have one spot too few, or they stand askew: like a face, and none.
    """
    x, y = even(chance, "blob x", 0.35, 0.65), even(chance, "blob y", 0.35, 0.65)
    size, angle = even(chance, "blob size", 0.18, 0.42), even(chance, "blob turn", -0.6, 0.6)
    cos, sin = np.cos(angle), np.sin(angle)
    count = len(x)
    occluders = np.zeros((count, MOST, 11))
    colour = [even(chance, f"blob {name}", 40, 240) for name in COLOURS]
    occluders[:, 0] = occluder(x, y, size, size * even(chance, "blob long", 0.8, 1.4), angle)
    spots = (("left", -0.4, -0.2), ("right", 0.4, -0.2), ("mouth", 0.0, 0.45), ("nose", 0.0, 0.1))
    for t, (name, u, v) in enumerate(spots, start=1):
        u = u + even(chance, f"blob {name} u", -0.15, 0.15)
        v = v + even(chance, f"blob {name} v", -0.15, 0.15)
        wide = size * even(chance, f"blob {name} wide", 0.08, 0.28 if t < 3 else 0.5)
        high = size * even(chance, f"blob {name} high", 0.06, 0.22)
        spot = occluder(
            x + size * (cos * u - sin * v), y + size * (sin * u + cos * v), wide, high, angle
        )
        chosen = is_drawn(chance, f"blob {name}", 0.7)
        occluders[chosen, t] = spot[chosen]
    occluders[:, :, 6] = np.where(is_drawn(chance, "blob angular", 0.2), 6.0, 2.0)[:, None]
    dark = even(chance, "blob dark", 0.0, 1.6)
    for c in range(3):
        occluders[:, :, 7 + c] = colour[c][:, None]
        occluders[:, 1:, 7 + c] = np.clip(colour[c] * dark, 0, 255)[:, None]
    return occluders


def even(
    chance: Chance, purpose: str, low: float = 0.0, high: float = 1.0
) -> Float64[np.ndarray, "n"]:
    """A number between low and high for each picture."""
    return low + (high - low) * chance.uniforms(purpose)


def is_drawn(chance: Chance, purpose: str, share: float) -> Bool[np.ndarray, "n"]:
    """Whether it happens, to this share of the pictures."""
    return chance.uniforms(purpose) < share
