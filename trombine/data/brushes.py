"""Masks that a brush paints: irregular and huge ones, scratches, text.

Lengths are in units of the picture's shorter side, so a seed's mask is the same at every size,
finer where there are more pixels. How a brush covers pixels is in kernel_brush.py,
which mask is drawn in masks.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import pi, sqrt
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64

from trombine.core.rng import Rng
from trombine.data.kernel_brush import NEVER, brush

Hole = Bool[np.ndarray, "h w"]
Spots = Float64[np.ndarray, "_ 3"]  # x, y, radius of a brush that moves from one to the next
Line = Float64[np.ndarray, "_ 2"]

FINEST_LINE: Final = 0.55  # pixels, the radius of a line without gaps
FINEST: Final = 0.75  # pixels, a radius with which a disc holds the middle of a pixel anywhere
LETTERS: Final = 32
GRAIN: Final = 2.0**-20  # places are multiples of this: cos and sin differ in last bits elsewhere


Field = tuple[float, float]
"""Where a brush may go: width and height, in units of the shorter side."""


def _field(height: int, width: int) -> Field:
    side = min(height, width)
    return width / side, height / side


# Irregular and huge


@dataclass(frozen=True, kw_only=True)
class Brush:
    """What strokes are like; radii in units of the shorter side."""

    radii: tuple[float, float]  # of a mask's strokes, from thin to thick
    largest: float  # that any disc may have
    kinds: tuple[float, float, float]  # how often strokes, blobs, dots


BRUSHES: Final = {
    "irregular": Brush(radii=(0.016, 0.055), largest=0.12, kinds=(0.6, 0.22, 0.18)),
    "huge": Brush(radii=(0.09, 0.2), largest=0.3, kinds=(0.6, 0.4, 0.0)),
}


def draw_brushed(family: str, share: tuple[int, int], chance: Rng, height: int, width: int) -> Hole:
    """Strokes, blobs and dots until the wanted share, in percent above the first and up to the
    second, is covered; exactly that many pixels."""
    rng = chance.generator(f"mask: {family}")
    low = max(share[0], 1) if share[1] > 1 else 0
    least, most = low * height * width // 100 + 1, share[1] * height * width // 100
    target = least + int(rng.random() * (most - least + 1))
    field, side = _field(height, width), min(height, width)
    times, covered, begin = np.full((height, width), NEVER), 0, 0.0
    style = BRUSHES[family]
    radius = style.radii[0] * (style.radii[1] / style.radii[0]) ** rng.random()
    while covered < target:
        spots, lifts = _stroke(rng, style, radius, FINEST / side, field)
        begin, new = brush(spots * side, lifts, begin, target - covered, times)
        covered += new
        radius *= 1.01  # so that even the last gaps are filled soon
    return _first(times, target)


def _first(times: Float64[np.ndarray, "h w"], count: int) -> Hole:
    """The pixels that were reached first, exactly so many."""
    last = np.partition(times.ravel(), count - 1)[count - 1]
    hole = times < last
    ties = np.flatnonzero(times == last)
    hole.ravel()[ties[: count - int(hole.sum())]] = True
    return hole


def _stroke(
    rng: np.random.Generator, style: Brush, radius: float, finest: float, field: Field
) -> tuple[Spots, Bool[np.ndarray, "n"]]:
    """One stroke, blob, or group of dots somewhere in the field."""
    start = rng.random(2) * field
    kind = KINDS[int(np.searchsorted(np.cumsum(style.kinds), rng.random() * sum(style.kinds)))]
    spots, lifts = kind(rng, radius)
    spots[:, :2] += start - spots[0, :2]
    spots[:, 2] = np.clip(spots[:, 2], max(0.2 * radius, finest), min(style.largest, 0.4))
    # What went over the edge is turned back as by a mirror.
    wrapped = np.mod(spots[:, :2], 2 * np.array(field))
    spots[:, :2] = np.where(wrapped > field, 2 * np.array(field) - wrapped, wrapped)
    return np.round(spots / GRAIN) * GRAIN, lifts


Stroke = tuple[Spots, Bool[np.ndarray, "n"]]  # and at which of them the brush is put down anew


def _wander(rng: np.random.Generator, radius: float) -> Stroke:
    """A long line, thicker here and thinner there, as a hand draws it; or ragged, with corners, as
    what a moving object uncovers in a film, of which NVIDIA's masks are made."""
    count = int(rng.integers(8, 70))
    ragged = rng.random() < 0.45
    bend = 0.03 * (0.25 / 0.03) ** rng.random()
    turns = _smooth(rng, count, 3) * bend
    steps = np.full(count, radius * rng.uniform(0.8, 1.3))
    thick = 0.4 * _smooth(rng, count, 4)
    if ragged:
        turns += np.where(rng.random(count) < 0.1, rng.normal(0, 1.1, count), 0.0)
        steps *= rng.uniform(0.3, 1.7, count)
        thick += rng.normal(0, 0.3, count)
    heading = rng.uniform(0, 2 * pi) + np.cumsum(turns)
    places = np.cumsum(steps[:, None] * np.stack([np.cos(heading), np.sin(heading)], 1), 0)
    return np.column_stack([places, radius * np.exp(thick)]), np.arange(count) == 0


def _blob(rng: np.random.Generator, radius: float) -> Stroke:
    """A patch: a brush that goes to and fro over one spot."""
    count = int(rng.integers(5, 16))
    places = rng.standard_normal((count, 2)) * radius * rng.uniform(1, 2.6)
    thick = radius * np.exp(rng.normal(0, 0.45, count))
    return np.column_stack([places, thick]), np.arange(count) == 0


def _dots(rng: np.random.Generator, radius: float) -> Stroke:
    """A few dots, near one another."""
    count = int(rng.integers(1, 8))
    places = rng.standard_normal((count, 2)) * radius * rng.uniform(3, 9)
    thick = radius * np.exp(rng.normal(-0.7, 0.45, count))
    return np.column_stack([places, thick]), np.ones(count, np.bool_)


KINDS: Final = (_wander, _blob, _dots)


def _smooth(rng: np.random.Generator, count: int, reach: int) -> Float64[np.ndarray, "n"]:
    """Normal numbers, each the mean of its neighbourhood, scaled to a spread of 1."""
    width = 2 * reach + 1
    return np.convolve(rng.standard_normal(count + width - 1), np.ones(width), "valid") / sqrt(
        width
    )


# Scratches and text


def draw_scratches(chance: Rng, height: int, width: int) -> Hole:
    """Lines along the film, hairs and dust."""
    rng = chance.generator("mask: scratches")
    field = _field(height, width)
    across = rng.random() < 0.2  # the film ran sideways
    strokes = [_scratch(rng, field, across) for _ in range(rng.integers(2, 8))]
    strokes += [_hair(rng, field) for _ in range(rng.integers(0, 4))]
    strokes += [_speck(rng, field) for _ in range(rng.integers(2, 24))]
    return _painted(strokes, height, width)


def _scratch(rng: np.random.Generator, field: Field, across: bool) -> Spots:
    """A line from one edge to the other, or a piece of it, that hardly leaves its course."""
    count = 12
    low, high = (0.0, 1.0) if rng.random() < 0.5 else sorted(rng.random(2).tolist())
    along = np.linspace(low, high, count)
    drift = rng.random() + rng.normal(0, 0.03) * along + 0.004 * np.cumsum(rng.normal(0, 1, count))
    thick = 0.004 * np.exp(rng.normal(0, 0.5)) * np.exp(rng.normal(0, 0.25, count))
    places = (along, drift) if across else (drift, along)
    return np.column_stack([places[0] * field[0], places[1] * field[1], thick])


def _hair(rng: np.random.Generator, field: Field) -> Spots:
    count = 24
    turns = rng.normal(0, 0.15) + 0.25 * _smooth(rng, count, 4)
    heading = rng.uniform(0, 2 * pi) + np.cumsum(turns)
    steps = rng.uniform(0.008, 0.025) * np.stack([np.cos(heading), np.sin(heading)], 1)
    places = rng.random(2) * field + np.cumsum(steps, 0)
    return np.column_stack([places, np.full(count, 0.0035)])


def _speck(rng: np.random.Generator, field: Field) -> Spots:
    thick = min(0.005 * np.exp(rng.normal(0, 0.6)), 0.03)
    place = rng.random(2) * field
    places = place + rng.standard_normal((3, 2)) * thick
    return np.column_stack([places, np.full(3, thick)])


def draw_text(chance: Rng, height: int, width: int) -> Hole:
    """A few lines of letters across the picture."""
    rng = chance.generator("mask: text")
    field = _field(height, width)
    tall = 0.08 * (0.3 / 0.08) ** rng.random()  # a line's height
    lean = rng.normal(0, 0.08) if rng.random() < 0.7 else rng.uniform(-0.7, 0.7)
    pen = tall * rng.uniform(0.035, 0.085)
    lines = int(rng.integers(1, 1 + max(2, min(5, int(field[1] / tall * 0.7)))))
    top = rng.uniform(0, field[1] - lines * tall) if field[1] > lines * tall else 0.0
    rotation = np.array([[np.cos(lean), np.sin(lean)], [-np.sin(lean), np.cos(lean)]])
    middle = np.array([field[0] / 2, field[1] / 2])
    strokes = []
    for number in range(lines):
        row = top + (number + 0.5) * tall
        for line in _line_of_letters(rng, field[0] / tall):
            places = (line * tall + (0.0, row) - middle) @ rotation + middle
            strokes.append(np.column_stack([places, np.full(len(line), pen)]))
    return _painted(strokes, height, width)


def _line_of_letters(rng: np.random.Generator, width: float) -> list[Line]:
    """The strokes of words over a width, in heights of the line; its middle is at y = 0."""
    at, end = sorted((rng.random(2) * (0.35, 0.65) + (0, 0.35)).tolist())
    at, end = at * width, max(end * width, at * width + 1)
    lines: list[Line] = []
    while at < end:
        for _ in range(rng.integers(2, 9)):
            shift = np.array([at + 0.3, 0.0])
            lines += [line + shift for line in _letter(int(rng.integers(LETTERS)))]
            at += 0.62
            if at >= end:
                break
        at += 0.4
    return lines


@cache
def _letter(number: int) -> tuple[Line, ...]:
    """A sign like a letter, in heights of the line, its middle at (0, 0): lines between corners and
    middles of a capital's sides, and in most a half or a whole circle."""
    rng = np.random.Generator(np.random.PCG64([number, 0x1E77]))
    nodes = np.array([(x, y) for y in (-0.33, 0.0, 0.33) for x in (-0.2, 0.2)])
    lines = [nodes[rng.choice(6, 2, replace=False)] for _ in range(rng.integers(1, 4))]
    if rng.random() < 0.6:
        far = pi / 2 if rng.random() < 0.7 else pi
        angles = rng.integers(4) * pi / 2 + np.linspace(-far, far, 9)
        high = rng.choice([-0.13, 0.0, 0.13])
        lines.append(np.stack([0.2 * np.cos(angles), 0.2 * np.sin(angles) + high], 1))
    return tuple(lines)


def _painted(strokes: list[Spots], height: int, width: int) -> Hole:
    spots = np.round(np.concatenate(strokes) / GRAIN) * GRAIN * min(height, width)
    spots[:, 2] = np.maximum(spots[:, 2], FINEST_LINE)
    starts = np.cumsum([0, *(len(stroke) for stroke in strokes)])[:-1]
    lifts = np.isin(np.arange(len(spots)), starts)
    times = np.full((height, width), NEVER)
    brush(spots, lifts, 0.0, height * width + 1, times)
    return times < NEVER
