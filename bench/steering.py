"""Whether repairs obey who steers them: the asked parts and landmarks, found by the witness.

    python bench/steering.py [--first-seed N] [--count M] [--model NAME|FILE] [--json]

Painted faces with large holes are repaired by the path that users run, with the true parts and
landmarks given; then with those of another face. In the last rows the mouth is hidden, and asked
for higher than it was; beside that stands what the witness finds where the mouth's own pixels are
moved as far, and nothing is repaired.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8
from table import Row, at_least, at_most, options, report

from trombine.core.conventions import GROUP_OF_PART, GROUPS, to_picture
from trombine.data.masks import mask
from trombine.eval.witness import seen
from trombine.inpainting.repairing import repaired
from trombine.inpainting.steering import Steering
from trombine.io.image import as_seen, picture_of
from trombine.models import Model, loaded
from trombine.world import Painted, face, paint

FIRST: Final = 1_703_000
SIZE: Final = 128
LEAST: Final = 40  # pixels of a group in a hole, to be counted
UP: Final = 0.1  # of the face: how far the mouth is moved
MOUTH: Final = range(48, 68)
Points = Float32[np.ndarray, "68 2"]
Labels = UInt8[np.ndarray, "h w"]
Hole = Bool[np.ndarray, "h w"]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the witness finds in a repaired picture."""

    parts: Labels
    points: Points


def repair(painted: Painted, hole: Hole, steering: Steering, model: Model) -> Found:
    """The repaired picture, read by the witness."""
    result = repaired(picture_of(painted.pixels), hole, model, steering=steering).image
    found = seen(to_picture(as_seen(result))[None])
    return Found(
        parts=found.parts[0].to(torch.uint8).numpy(), points=found.points[0].float().numpy()
    )


def iou(found: Labels, asked: Labels, hole: Hole) -> float:
    """The mean over the groups of parts that are asked for inside the hole."""
    ours, theirs = GROUP_OF_PART[found[hole]], GROUP_OF_PART[asked[hole]]
    values = []
    for group in range(len(GROUPS)):
        both, either = (ours == group) & (theirs == group), (ours == group) | (theirs == group)
        if (theirs == group).sum() >= LEAST:
            values.append(both.sum() / either.sum())
    return float(np.mean(values))


def off(found: Points, asked: Points, hole: Hole) -> float:
    """The mean distance of the landmarks inside the hole, in percent of the pupils' distance."""
    inside = _inside(asked, hole)
    pupils = np.linalg.norm(asked[36:42].mean(0) - asked[42:48].mean(0))
    return float(100 * np.linalg.norm((found - asked)[inside], axis=1).mean() / pupils)


def _inside(points: Points, hole: Hole) -> Bool[np.ndarray, "68"]:
    places = points.astype(int)
    within = ((places >= 0) & (places < SIZE)).all(1)
    x, y = places.clip(0, SIZE - 1).T
    return within & hole[y, x]


def moved_mouth(painted: Painted, model: Model) -> float:
    """How far up the mouth is found that was asked for higher, as a share of what was asked."""
    points = painted.points
    box = points.max(0) - points.min(0)
    by = UP * float(box.max())
    low, high = points[list(MOUTH)].min(0), points[list(MOUTH)].max(0)
    left, top = (low - [8, by + 8]).astype(int).clip(0)
    right, bottom = (high + np.array([8, 10])).astype(int)
    hole = np.zeros((SIZE, SIZE), bool)
    hole[top:bottom, left:right] = True
    asked = points.copy()
    asked[list(MOUTH), 1] -= by
    before = repair(painted, hole, Steering(points=[points]), model)
    after = repair(painted, hole, Steering(points=[asked]), model)
    rise = (before.points - after.points)[list(MOUTH), 1].mean()
    return float(100 * rise / box.max())


def moved_pixels(painted: Painted) -> float:
    """The same where the mouth's own pixels are moved up; what it leaves is the skin below it."""
    points = painted.points
    box = points.max(0) - points.min(0)
    by = round(UP * float(box.max()))
    left, top = (points[list(MOUTH)].min(0) - [3, 1]).astype(int).clip(0)
    right, bottom = (points[list(MOUTH)].max(0) + np.array([3, 4])).astype(int).clip(0, SIZE - 1)
    pixels = painted.pixels.copy()
    pixels[top - by : bottom - by, left:right] = painted.pixels[top:bottom, left:right]
    pixels[bottom - by : bottom, left:right] = painted.pixels[bottom, left:right]
    rise = _mouth(painted.pixels) - _mouth(pixels)
    return float(100 * rise / by * UP)


def _mouth(pixels: UInt8[np.ndarray, "h w 3"]) -> float:
    """The row at which the witness finds the mouth."""
    return float(seen(to_picture(pixels)[None]).points[0, list(MOUTH), 1].mean())


def main() -> int:
    """All rows."""
    given = options(__doc__, first_seed=FIRST, count=48, model="inpaint")
    model = loaded(given.model, task="repair")
    seeds = range(given.first_seed, given.first_seed + given.count)
    faces = [paint(face(seed), SIZE, "photo") for seed in seeds]
    return report(rows(faces, seeds, model), json=given.json)


def rows(faces: Sequence[Painted], seeds: range, model: Model) -> list[Row]:
    """What is asked for and found; with the steering of the face itself and of the next one."""
    overlap: dict[str, list[float]] = {"own": [], "another's": []}
    distance: dict[str, list[float]] = {"own": [], "another's": []}
    for number, (painted, seed) in enumerate(zip(faces, seeds, strict=True)):
        hole = mask("irregular:30-50", seed, SIZE)
        other = faces[(number + 1) % len(faces)]
        for who, source in (("own", painted), ("another's", other)):
            steering = Steering(parts=source.parts, points=[source.points])
            found = repair(painted, hole, steering, model)
            overlap[who].append(iou(found.parts, painted.parts, hole))
            if _inside(painted.points, hole).any():
                distance[who].append(off(found.points, painted.points, hole))
    rises = [moved_mouth(painted, model) for painted in faces]
    moved = [moved_pixels(painted) for painted in faces]
    own, others = (float(np.mean(overlap[who])) for who in overlap)
    near, far = (float(np.mean(distance[who])) for who in distance)
    return [
        at_least("asked parts that the witness finds, IoU", own, "", 0.85),
        at_most("the same, steered by another face", others, "", own - 0.1),
        at_most("asked landmarks are found within", near, "%", 2.5),
        at_least("the same, steered by another face", far, "%", near + 1),
        at_least("the mouth moves when asked 10 % up, by", float(np.mean(rises)), "%", 7.0),
        Row("the same, its own pixels moved", float(np.mean(moved)), "%"),
    ]


if __name__ == "__main__":
    sys.exit(main())
