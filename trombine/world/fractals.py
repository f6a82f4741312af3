"""Fractals: parameters to orbits, orbits to pictures, and their colours."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import count
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64, UInt8
from scipy.ndimage import gaussian_filter

from trombine.world.leaves_colours import to_light, to_screen

# ---------------------------------------------------------------------------------------------
# The palettes of fractals: from nearly white, where few points fall, to dark.
#
# Colours are OKLab's lightness, chroma and hue, as in leaves_colours.py; lightness falls at nearly
# the same pace in all, so that a fractal has the same shape in each.


STEPS: Final = 1024  # of a palette
PALETTE_SHARES: Final = (0.0, 0.25, 0.5, 0.72, 0.88, 1.0)  # where the colours below stand

# Lightness (1 is white), chroma, hue in degrees.
PALETTES: Final = {
    "ember": (
        (0.985, 0.015, 95),
        (0.91, 0.09, 88),
        (0.76, 0.15, 62),
        (0.58, 0.19, 32),
        (0.38, 0.15, 20),
        (0.20, 0.08, 10),
    ),
    "lagoon": (
        (0.985, 0.015, 180),
        (0.91, 0.06, 185),
        (0.76, 0.10, 205),
        (0.56, 0.13, 235),
        (0.38, 0.13, 262),
        (0.20, 0.08, 280),
    ),
    "orchid": (
        (0.985, 0.012, 20),
        (0.90, 0.06, 10),
        (0.75, 0.14, 350),
        (0.56, 0.20, 330),
        (0.38, 0.18, 305),
        (0.20, 0.10, 290),
    ),
    "fern": (
        (0.985, 0.02, 110),
        (0.92, 0.09, 115),
        (0.78, 0.14, 128),
        (0.57, 0.12, 148),
        (0.38, 0.08, 165),
        (0.20, 0.045, 185),
    ),
    "dusk": (
        (0.985, 0.015, 70),
        (0.90, 0.07, 65),
        (0.76, 0.13, 35),
        (0.55, 0.16, 355),
        (0.37, 0.14, 310),
        (0.19, 0.09, 275),
    ),
}


@cache
def ramp(palette: int) -> Float64[np.ndarray, "steps 3"]:
    """The colours of a palette, sRGB in [0, 1], from tone 0 to tone 1 in STEPS even steps."""
    stops = np.array(tuple(PALETTES.values())[palette])
    around = stops[:, 1] * np.exp(1j * np.deg2rad(stops[:, 2]))  # the plane of colours
    tone = np.linspace(0, 1, STEPS)
    lightness, mixed = (
        np.interp(tone, PALETTE_SHARES, stops[:, 0]),
        np.interp(tone, PALETTE_SHARES, around),
    )
    return to_screen(
        to_light(np.stack([lightness, np.abs(mixed), np.angle(mixed, deg=True)], axis=1))
    )


# ---------------------------------------------------------------------------------------------
# Fractals: where the points of an orbit fall most often, in colours on white.
#
# `fractal(seed)` draws the numbers of a picture, `paint_fractal` paints it at any size. The map is
# Pickover's (Chaos in Wonderland, 1994):
#
#     x' = sin(b y) + c sin(b x)
#     y' = sin(a x) + d sin(a y)
#
# Its orbit is chaotic for the numbers that are kept, so it never comes to where it was, and some
# places see it more often than others. kernel_fractals.py walks. numba is imported when
# the first picture is drawn.


STREAM: Final = 0xF2AC  # keeps these draws apart from others of the same seed
BENDS: Final = (-3.0, 3.0)  # a and b are drawn from here, evenly
SHARES: Final = (-0.5, 1.5)  # c and d
STARTS: Final = (-1.0, 1.0)  # x and y of the point before the first
POINTS: Final = 60_000  # of a picture
TRANSIENT: Final = 1_000  # points of an orbit that are not painted: they lead to where it stays
SMOOTH: Final = 24.0  # points on which the density at a pixel rests, where there are so many

# A fractal is rejected as nearly empty if, of a grid laid over the extent of either of these
# stretches of its orbit, fewer than FEWEST cells hold a point: fixed points, cycles, thin loops,
# and what looks chaotic for long and then falls into one of them.
CELLS: Final = 64  # a side
FEWEST: Final = 512
STRETCHES: Final = (range(5_000, 10_000), range(55_000, 60_000))

MARGIN: Final = 0.05  # of the picture, on each side
NARROWEST: Final = 1e-9  # extent of an orbit that is drawn as wide as the picture
SMALLEST_SIZE: Final = 16
LARGEST_SIZE: Final = 2048
FARTHEST: Final = 100.0  # that a number of a fractal may be from 0
_EDGE: Final = 0.5  # pixels: the least blur, by which edges have no steps
_SOLID: Final = 0.8  # a pixel is covered if this over the pixels that a blur takes in have a point
_NO_MORE: Final = 4.0  # times the density of its surroundings has a pixel of its wider ones

Points = Float64[np.ndarray, "n 2"]
Plane = Float64[np.ndarray, "size size"]


@dataclass(frozen=True, kw_only=True)
class Fractal:
    """All that determines a picture, but for its size and number of points."""

    a: float
    b: float
    c: float
    d: float
    x: float  # where the orbit starts, TRANSIENT points before the first that is painted
    y: float
    palette: int  # index into PALETTES

    def __post_init__(self) -> None:
        for name in "abcdxy":
            value = getattr(self, name)
            if not -FARTHEST <= value <= FARTHEST:
                raise ValueError(f"{name} is between -{FARTHEST:g} and {FARTHEST:g}, not {value!r}")
        if self.palette not in range(len(PALETTES)):
            raise ValueError(f"palette is 0 to {len(PALETTES) - 1}, not {self.palette!r}")


VECTOR_NAMES: Final = tuple(field.name for field in dataclasses.fields(Fractal))


def to_vector(fractal: Fractal) -> Float64[np.ndarray, "7"]:
    """The numbers in the order of VECTOR_NAMES."""
    return np.array([getattr(fractal, name) for name in VECTOR_NAMES], np.float64)


def from_vector(vector: Float64[np.ndarray, "n"]) -> Fractal:
    """The fractal of a vector; between two palettes it is the first."""
    if vector.shape != (len(VECTOR_NAMES),):
        raise ValueError(f"a fractal has {len(VECTOR_NAMES)} numbers, not {vector.shape}")
    a, b, c, d, x, y, palette = map(float, vector)
    if not math.isfinite(palette):
        raise ValueError(f"palette is 0 to {len(PALETTES) - 1}, not {palette!r}")
    return Fractal(a=a, b=b, c=c, d=d, x=x, y=y, palette=math.floor(palette))


# --- a seed's numbers ---


def fractal(seed: int) -> Fractal:
    """The fractal of a seed (0 or more): the first of its tries that is not nearly empty."""
    return next(one for one in tries(seed) if not is_nearly_empty(one))


def tries(seed: int) -> Iterator[Fractal]:
    """What is drawn for a seed, try after try; each has a stream of its own."""
    for attempt in count():
        key = np.random.SeedSequence([seed, STREAM, attempt])
        rng = np.random.Generator(np.random.PCG64(key))
        a, b, c, d, x, y = (
            low + (high - low) * float(rng.random())
            for low, high in (BENDS, BENDS, SHARES, SHARES, STARTS, STARTS)
        )
        palette = int(rng.integers(len(PALETTES)))
        yield Fractal(a=a, b=b, c=c, d=d, x=x, y=y, palette=palette)


def is_nearly_empty(fractal: Fractal) -> bool:
    """Whether a picture of it would show little: the rule above, the same for every size."""
    return any(cells_hit(orbit(fractal, s.stop)[s.start :]) < FEWEST for s in STRETCHES)


def cells_hit(points: Points) -> int:
    """How many of CELLS x CELLS cells over the extent of the points hold one."""
    return int(np.count_nonzero(counted(points, CELLS, margin=0.0)))


# --- from points to a picture ---


def paint_fractal(
    fractal: Fractal, size: int, *, points: int = POINTS, smooth: float = SMOOTH
) -> UInt8[np.ndarray, "size size 3"]:
    """The fractal on white, size x size (16 to 2048), sRGB.

    Its extent fills the picture but for a margin, in width and in height. A pixel's colour says
    which share of the picture is visited no more often than it (its density, histogram-equalised).
    Where few points fall, the density is that of more than one pixel, until it rests on `smooth`
    points; with 0 it is that of the bare counts. The same bytes in any process on one machine.
    """
    if not SMALLEST_SIZE <= size <= LARGEST_SIZE:
        raise ValueError(f"size is from {SMALLEST_SIZE} to {LARGEST_SIZE}, not {size}")
    visited = orbit(fractal, points)
    counts = counted(visited, size, margin=MARGIN)
    density, cover = _smoothed(counts, cells_hit(visited), smooth) if smooth else _bare(counts)
    return coloured(equalised(density, cover), cover, fractal.palette)


@lru_cache(maxsize=1)  # what `fractal` walks last is what `paint_fractal` walks next
def orbit(fractal: Fractal, points: int) -> Points:
    """The first points of a fractal's orbit, after its transient; not to be written to."""
    from trombine.world.kernel_fractals import walk

    f, found = fractal, np.empty((points, 2))
    walk(f.a, f.b, f.c, f.d, f.x, f.y, TRANSIENT, found)
    found.flags.writeable = False
    return found


def counted(points: Points, size: int, *, margin: float) -> Int64[np.ndarray, "size size"]:
    """How many points fall into each pixel of a picture that their extent fills; y goes up."""
    from trombine.world.kernel_fractals import extent, tally

    left, right, bottom, top = extent(points)
    wide, high = max(right - left, NARROWEST), max(top - bottom, NARROWEST)
    room = margin / (1 - 2 * margin)
    at = (left + right - wide) / 2 - room * wide, (bottom + top + high) / 2 + room * high
    scale = size * (1 - 2 * margin)
    counts = np.zeros((size, size), np.int64)
    tally(points, *at, scale / wide, scale / high, counts)
    return counts


def equalised(density: Plane, cover: Plane) -> Plane:
    """For each pixel, the share of what is covered whose density is no more than its own."""
    _, rank = np.unique(density, return_inverse=True)
    rank = rank.reshape(density.shape)
    mass = np.cumsum(np.bincount(rank.ravel(), weights=cover.ravel()))
    return (mass / mass[-1])[rank]


def coloured(tone: Plane, cover: Plane, palette: int) -> UInt8[np.ndarray, "size size 3"]:
    """A palette's colours of the tones, on white where nothing covers it."""
    table = ramp(palette)
    colour = table[np.round(tone * (len(table) - 1)).astype(np.int64)]
    return np.round(255 * (1 - cover[..., None] * (1 - colour))).astype(np.uint8)


def _bare(counts: Int64[np.ndarray, "size size"]) -> tuple[Plane, Plane]:
    """Density and cover of the counts as they are."""
    return counts.astype(np.float64), (counts > 0).astype(np.float64)


def _smoothed(
    counts: Int64[np.ndarray, "size size"], cells: int, smooth: float
) -> tuple[Plane, Plane]:
    """Density that rests on `smooth` points, where there are so many near, and cover.

    A count of `smooth` stands for itself; below that it is mixed with a blur, which is as wide as
    a picture of even density would need it, and that with one twice as wide.
    """
    wide = counts.size * cells / CELLS**2  # pixels that the fractal lies on, about
    sigma = max(math.sqrt(smooth * wide / counts.sum() / (4 * math.pi)), _EDGE)
    area = 4 * math.pi * sigma**2  # pixels, of a Gaussian
    plain, hit = _bare(counts)
    lent = np.minimum(plain, smooth)  # else what is full would darken all around it
    near = _blurred(lent, sigma)
    far = np.minimum(_blurred(lent, 2 * sigma), _NO_MORE * near)  # gaps stay gaps
    held, counted = np.minimum(near * area / smooth, 1), np.minimum(plain / smooth, 1) ** 2
    density = counted * plain + (1 - counted) * (held * near + (1 - held) * far)
    return density, np.minimum(_SOLID * area * _blurred(hit, sigma), 1)


def _blurred(plane: Plane, sigma: float) -> Plane:

    return gaussian_filter(plane, sigma, mode="constant", truncate=3.0)
