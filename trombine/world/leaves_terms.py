"""The words that a leaves scene and the compiled loops that draw it share: what a shape is.

A scene is one array of SHAPE records, nearest first; the last one covers the whole picture.
Lengths are in scene units: the picture is the square from (0, 0) to (1, 1), y down. Along and
across are a shape's own axes, u and v, with its centre at 0.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

# Outlines: a record's `kind` is the index here. p0, p1 and p2 of the record are its own numbers.
KINDS: Final = ("ellipse", "box", "polygon", "leaf", "stroke", "ring", "blob")
ELLIPSE: Final = 0
BOX: Final = 1  # radius of the corners
POLYGON: Final = 2  # radius of the corners, which are in the scene's `corners`
LEAF: Final = 3  # pointed at both ends; bend (1 / length), skew towards one end
STROKE: Final = 4  # a bent line with round ends; bend, curl (1 / length²), taper
RING: Final = 5  # thickness as a share of b
BLOB: Final = 6  # an ellipse whose radius waves: amplitudes of 2, 3 and 5 waves

# Patterns. All give a mix of the shape's two colours, some a tone on top.
PATTERNS: Final = (
    "plain", "clouds", "veins", "stripes", "checks", "plaid", "grid", "weave", "dots", "cells",
    "bricks", "text", "ripples", "chevrons",
)  # fmt: skip
PLAIN: Final = 0
CLOUDS: Final = 1  # 1/f noise cut at a level, softly or sharply
VEINS: Final = 2  # thin lines where that noise crosses zero
STRIPES: Final = 3
CHECKS: Final = 4
PLAID: Final = 5
GRID: Final = 6
WEAVE: Final = 7
DOTS: Final = 8
CELLS: Final = 9  # pebbles, scales, cracks: Voronoi cells
BRICKS: Final = 10
TEXT: Final = 11
RIPPLES: Final = 12  # circles round a point
CHEVRONS: Final = 13  # stripes folded at the axis: a leaf's veins, herringbone

CORNERS_MAX: Final = 14  # of a polygon
LATTICE: Final = 128  # the noise repeats after so many cells; a power of 2

SHAPE: Final = np.dtype(
    [
        # Where and what
        ("x", "f4"),  # centre
        ("y", "f4"),
        ("cos", "f4"),  # of the turn from the scene's axes to the shape's
        ("sin", "f4"),
        ("a", "f4"),  # half extent along
        ("b", "f4"),  # half extent across
        ("kind", "i4"),
        ("p0", "f4"),
        ("p1", "f4"),
        ("p2", "f4"),
        ("corners", "i4"),  # how many, of a polygon
        ("row", "i4"),  # of the scene's `corners`
        ("rough", "f4"),  # how far noise moves the outline
        ("rough_rate", "f4"),  # cells of that noise per unit
        ("soft", "f4"),  # width of the outline's ramp: how far out of focus
        # Two colours, linear light
        ("r0", "f4"),
        ("g0", "f4"),
        ("b0", "f4"),
        ("r1", "f4"),
        ("g1", "f4"),
        ("b1", "f4"),
        # Light
        ("slope_u", "f4"),  # brightness rises by this share from the centre to the edge
        ("slope_v", "f4"),
        ("hollow", "f4"),  # brightness falls by this share towards the rim
        ("bevel", "f4"),  # width of the rounded rim
        ("relief", "f4"),  # how much its lean towards the light shows, 0 to 1
        ("gloss", "f4"),  # strength of the highlight
        ("shadow", "f4"),  # darkness of the shadow it casts, 0 to 1
        ("drop_x", "f4"),  # where the shadow falls
        ("drop_y", "f4"),
        ("spread", "f4"),  # width of the shadow's ramp
        # Pattern
        ("pattern", "i4"),
        ("cut", "i4"),  # 1: the pattern's second colour is a hole
        ("tex_cos", "f4"),  # turn from the shape's axes to the pattern's
        ("tex_sin", "f4"),
        ("tex_x", "f4"),  # shift, in cells
        ("tex_y", "f4"),
        ("rate", "f4"),  # cells, or periods, per unit
        ("stretch", "f4"),  # cells are this much longer along
        ("warp", "f4"),  # how many cells noise moves the pattern
        ("tilt", "f4"),  # perspective: the rate changes across, -1 to 1
        ("chirp", "f4"),  # the rate changes along, -1 to 1
        ("duty", "f4"),  # share of the first colour in a period, or the level of a cut
        ("fuzz", "f4"),  # softness of the pattern's edges, in cells
        ("contrast", "f4"),  # how much of the way to the second colour, 0 to 1
        ("tone", "f4"),  # how much cells differ in brightness
        # Fine noise of the surface, octaves of it
        ("mottle", "f4"),  # amplitude of the first octave, in logarithms of brightness
        ("mottle_rate", "f4"),  # its cells per unit
        ("mottle_gain", "f4"),  # from an octave to the next
        ("mottle_stretch", "f4"),  # fur, brushed metal, wood: longer along
    ]
)


class Tables(NamedTuple):
    """What the loops look things up in."""

    corners: np.ndarray  # n x CORNERS_MAX x 2 float32: polygons' corners, about their centres
    lattice: np.ndarray  # LATTICE x LATTICE x 3 float32: a gradient, and a tone in [0, 1)
    strokes: np.ndarray  # leaves_letters.stroke_table
    letters: np.ndarray  # leaves_letters.letter_table
    lamp: np.ndarray  # 3 float64: the direction towards the light, of length 1, z to the viewer
    glow: np.ndarray  # 4 float64: patches of light: strength, cells per unit, sharpness, where


class Planes(NamedTuple):
    """The picture while it is drawn: float32, size x size each."""

    red: np.ndarray
    green: np.ndarray
    blue: np.ndarray
    free: np.ndarray  # the share of each pixel that is still open
    shade: np.ndarray  # how much light reaches what is drawn next
