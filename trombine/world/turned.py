"""A person turned further than the painters draw: a photo of a profile, with its exact truth.

    paint_further(person, size, turn=0.6, nod=-0.2)    a Painted, as painting.paint gives it

    paint_posed(seed, size)                            one of a seed, and its numbers

Only photos turn: a drawing's face from the side is another drawing. How it is done is in
kernel_turned.py.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
from jaxtyping import Float

from trombine.world.colours import colours, lights_out_of_focus
from trombine.world.faces import GROUPS, VECTOR_NAMES, Face, to_vector
from trombine.world.painting import (
    LARGEST,
    PART_OF_LAYER,
    SMALLEST,
    Painted,
    points_of,
    tone_curve,
)
from trombine.world.people import face
from trombine.world.proportions import Lengths, turn_lengths
from trombine.world.shape import Shape, shape

PAINTED: Final = 0.34  # radians: as far as the painters turn a head,
NODDED: Final = 0.2  # and nod it
FURTHEST: Final = 1.05  # 60 degrees
LOWEST: Final = 0.45  # a nod of 25 degrees
_CLOSED: Final = 1 / 3  # of those who pose: eyes nearly closed
_LIDS: Final = 0.3  # of lid_open, at most
_SAMPLES: Final = 2  # across a pixel


def paint_further(person: Face, size: int, *, turn: float, nod: float = 0.0) -> Painted:
    """The photo of a person whose head is turned `turn` radians further than its yaw says, and
    nods `nod` further than its pitch."""
    from trombine.world.kernel_turned import paint_turned, turned_landmarks

    yaw, pitch = person.yaw + turn, person.pitch + nod
    if not abs(yaw) <= FURTHEST:
        raise ValueError(f"a head turns to {FURTHEST} radians at most, not {yaw:.2f}")
    if not abs(pitch) <= LOWEST:
        raise ValueError(f"a head nods to {LOWEST} radians at most, not {pitch:.2f}")
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(f"a size is between {SMALLEST} and {LARGEST} pixels, not {size}")
    painted = replace(person, yaw=_within(yaw, PAINTED), pitch=_within(pitch, NODDED))
    near = shape(painted, "photo")
    records = _records(near, yaw - painted.yaw, turn_lengths(yaw, pitch))
    pixels = np.empty((size, size, 3), np.uint8)
    layers = np.empty((size, size), np.uint8)
    paint_turned(
        records,
        near.tables,
        near.bumps,
        near.shades,
        colours(person),
        lights_out_of_focus(person),
        tone_curve(),
        near.seed,
        near.ground_seed,
        _SAMPLES,
        pixels,
        layers,
    )
    points, (_, visible) = np.empty((68, 2)), points_of(near)
    turned_landmarks(records, near.tables, near.bumps, near.seed, points, visible)
    return Painted(
        pixels=pixels,
        parts=PART_OF_LAYER[layers],
        points=(points * size).astype(np.float32),
        visible=visible,
    )


def paint_posed(seed: int, size: int) -> tuple[Painted, Float[np.ndarray, "n"]]:
    """The person of a seed, turned and nodding any way, every third with eyes nearly closed; and
    the numbers of what is painted, in the order of VECTOR_NAMES."""
    stream = np.random.SeedSequence([seed, len(GROUPS)])  # beside those that people.py draws from
    across, down, closed, lids = np.random.Generator(np.random.PCG64(stream)).random(4).tolist()
    person = face(seed)
    if closed < _CLOSED:
        person = replace(person, lid_open=_LIDS * lids)
    yaw, pitch = FURTHEST * (2 * across - 1), LOWEST * (2 * down - 1)
    vector = to_vector(person)
    vector[VECTOR_NAMES.index("yaw")], vector[VECTOR_NAMES.index("pitch")] = yaw, pitch
    painted = paint_further(person, size, turn=yaw - person.yaw, nod=pitch - person.pitch)
    return painted, vector


def _within(angle: float, most: float) -> float:
    return min(max(angle, -most), most)


def _records(near: Shape, further: float, lengths: Lengths) -> np.ndarray:
    """Of the head as it is painted, with the light as it falls on it when it is turned so much
    further; and of the turned head, with these lengths."""
    records = np.concatenate([near.record, near.record])
    for name, value in lengths.items():
        records[name][1] = value
    cos, sin = math.cos(further), math.sin(further)
    across, ahead = float(records["light_x"][1]), float(records["light_z"][1])
    records["light_x"][0] = across * cos - ahead * sin
    records["light_z"][0] = ahead * cos + across * sin
    return records
