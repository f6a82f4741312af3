"""A person turned further than the painters draw: a photo of a profile, with its exact truth.

    paint_further(person, size, turn=0.6)    a Painted, as painting.paint gives it

Only photos turn: a drawing's face from the side is another drawing. How it is done is in
kernel_turned.py.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np

from trombine.world.colours import colours, lights_out_of_focus
from trombine.world.faces import Face
from trombine.world.painting import (
    LARGEST,
    PART_OF_LAYER,
    SMALLEST,
    Painted,
    points_of,
    tone_curve,
)
from trombine.world.proportions import turn_lengths
from trombine.world.shape import Shape, shape

PAINTED: Final = 0.34  # radians: as far as the painters draw
FURTHEST: Final = 1.05  # 60 degrees
_SAMPLES: Final = 2  # across a pixel


def paint_further(person: Face, size: int, *, turn: float) -> Painted:
    """The photo of a person whose head is turned `turn` radians further than its yaw says."""
    from trombine.world.kernel_turned import paint_turned, turned_landmarks

    yaw = person.yaw + turn
    if not abs(yaw) <= FURTHEST:
        raise ValueError(f"a head turns to {FURTHEST} radians at most, not {yaw:.2f}")
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(f"a size is between {SMALLEST} and {LARGEST} pixels, not {size}")
    near = shape(replace(person, yaw=min(max(yaw, -PAINTED), PAINTED)), "photo")
    records = _records(near, yaw, person)
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


def _records(near: Shape, yaw: float, person: Face) -> np.ndarray:
    """Of the head as it is painted, with the light as it falls on it when it is turned; and of the
    head turned to this yaw."""
    records = np.concatenate([near.record, near.record])
    for name, value in turn_lengths(yaw, person.pitch).items():
        records[name][1] = value
    further = yaw - math.asin(float(records["sin_yaw"][0]))
    cos, sin = math.cos(further), math.sin(further)
    across, ahead = float(records["light_x"][1]), float(records["light_z"][1])
    records["light_x"][0] = across * cos - ahead * sin
    records["light_z"][0] = ahead * cos + across * sin
    return records
