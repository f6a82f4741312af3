"""A face in a style as the kernels read it: a record of lengths, tables of outlines, relief.

How large things are is decided in proportions.py, what a style changes in stylise.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
from jaxtyping import Float

from trombine.world.faces import Face
from trombine.world.proportions import proportions
from trombine.world.stylise import STYLISE

TABLE: Final = 257  # as kernel_geometry.TABLE


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A face in a style, as the kernels read it."""

    record: np.ndarray  # one structured element, float64 fields
    tables: Float[np.ndarray, "4 257"]
    bumps: Float[np.ndarray, "5 n"]
    shades: Float[np.ndarray, "5 m"]
    seed: int  # of strands and textures
    ground_seed: int


def _spline(points: Sequence[tuple[float, float]], steps: int = 24) -> Float[np.ndarray, "n 2"]:
    """A Catmull-Rom curve through the points of a half outline that is mirrored at x = 0."""
    first, last = points[1], points[-2]
    closed = np.array([(-first[0], first[1]), *points, (-last[0], last[1])])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = []
    for a, b, c, d in zip(closed, closed[1:], closed[2:], closed[3:], strict=False):
        pieces.append(
            0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
                   + (3 * b - a - 3 * c + d) * t**3)
        )  # fmt: skip
    return np.concatenate([*pieces, closed[-2:-1]])


@lru_cache(maxsize=64)  # who fits one part of a face asks for the others again and again
def _radii(half: tuple[tuple[float, float], ...], middle: float) -> Float[np.ndarray, "257"]:
    """The half outline as radii round (0, middle), over the diamond angle from -1 to 1."""
    curve = _spline(half)
    across, down = np.abs(curve[:, 0]), curve[:, 1] - middle
    angle = down / (across + np.abs(down))
    order = np.argsort(angle)
    grid = np.linspace(-1, 1, TABLE)
    return np.interp(grid, angle[order], np.hypot(across, down)[order])


@lru_cache(maxsize=64)
def _slope(half: tuple[tuple[float, float], ...], middle: float) -> Float[np.ndarray, "257"]:
    """What turns a radial distance to a distance across the outline: the cosine between them."""
    radii = _radii(half, middle)
    p = np.linspace(-1, 1, TABLE)
    theta = np.arctan2(p, 1 - np.abs(p))
    return 1 / np.sqrt(1 + (np.gradient(radii, theta) / radii) ** 2)


@lru_cache
def _record(names: tuple[str, ...]) -> np.dtype[Any]:
    return np.dtype([(name, np.float64) for name in names])


def shape(person: Face, style: str, youth: float = 0.0) -> Shape:
    """Where everything of this face is, in this style; youth: see proportions.py."""
    plan = STYLISE[style](person, proportions(person, youth))
    n = plan.lengths
    outline = tuple(plan.outline), n["middle"]
    hair_radii = [_radii(tuple(half), n["hair_middle"]) for half in plan.hair]
    return Shape(
        record=np.array([tuple(n.values())], _record(tuple(n))),
        tables=np.stack([_radii(*outline), _slope(*outline), *hair_radii]),
        bumps=plan.bumps,
        shades=plan.shades,
        seed=int(person.texture),
        ground_seed=int(person.ground_texture),
    )


def seen_in(form: Shape, x: float, y: float, side: float, angle: float = 0.0) -> Shape:
    """The form as it is in a square of its picture, which the square then fills: its middle and
    side in picture sizes, and how it is turned (clockwise, in radians)."""
    record = form.record.copy()
    dx, dy = record["centre_x"] - x, record["centre_y"] - y
    cos, sin = np.cos(angle), np.sin(angle)
    roll = np.arctan2(record["sin_roll"], record["cos_roll"]) - angle
    record["centre_x"] = 0.5 + (dx * cos + dy * sin) / side
    record["centre_y"] = 0.5 + (dy * cos - dx * sin) / side
    record["scale"] /= side
    record["cos_roll"], record["sin_roll"] = np.cos(roll), np.sin(roll)
    return replace(form, record=record)
