"""Faces with other proportions than the world's: brows, noses, mouths and jaws are elsewhere.

Each factor below is of the face, whatever it is painted like: both sides of a pair get the same
ones, and each keeps what its style does. Landmarks are moved in the frame of the face's eyes, whose
middles stay where they are; a thin-plate spline (Bookstein 1989) through them bends the picture,
whose border stays.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Complex128, Float32, Float64

from trombine.core.conventions import LANDMARK_GROUPS
from trombine.core.rng import Rng

# By how much real people differ from what the world paints: of 60 portraits that nets may learn
# from, a little beyond the medians (docs/log, 2026-11-25). Heights and widths are factors.
FURTHEST: Final = {
    "brows": 0.5,  # their height over the lids
    "lids": 0.8,  # how far they are open
    "nose": 0.82,  # its end below the eyes
    "nostrils": 1.1,
    "lip": 1.08,  # from the nose to the upper one
    "lips": 1.6,  # from the upper one's top to the lower one's end
    "mouth": 1.42,  # its width
    "chin": 1.25,  # from the lower lip
    "cheeks": 1.06,  # the face's width beside the nose
    "jaw": 1.12,  # its width beside the mouth
}
_RISE: Final = 0.09  # of the mouth's corners, in distances between the eyes: a smile
_OWN: Final = 0.3  # by how much each differs from what all are multiplied by
NODES: Final = 33  # of a bend along each axis, between which it is linear
_SOFT: Final = 1e-4  # landmarks of a closed lid or mouth coincide, and nothing goes through both

Points = Float64[np.ndarray, "n 68 2"]
Reaches = Float64[np.ndarray, "n 11"]
Bends = Float64[np.ndarray, "n g g 2"]
Places = Complex128[np.ndarray, "n k"]


def reaches(strength: float, chance: Rng) -> Reaches:
    """How far each proportion goes, for each picture: 0 is as it is, 1 as FURTHEST says."""
    common = chance.uniforms("all")
    names = (*FURTHEST, "rise")
    own = np.stack([2 * chance.uniforms(name) - 1 for name in names], 1)
    return strength * (common[:, None] + _OWN * own)


def reshaped(points: Points, reach: Reaches) -> Points:
    """Where the landmarks of faces go, upright or turned; unknown ones stay so."""
    known = np.isfinite(points).all((1, 2))
    middle, across = eyes(points[known])
    places = (points[known] @ [1, 1j] - middle) / across
    factors = np.power(list(FURTHEST.values()), reach[known, :-1]).T
    x, y = _in_frame(
        places.real,
        places.imag,
        dict(zip(FURTHEST, factors, strict=True)),
        _RISE * reach[known, -1],
    )
    there = middle + across * (x + 1j * y)
    result = points.copy()
    result[known] = np.stack([there.real, there.imag], -1)
    return result


def _in_frame(
    x: Float64[np.ndarray, "n 68"],
    y: Float64[np.ndarray, "n 68"],
    factors: dict[str, Float64[np.ndarray, "n"]],
    rise: Float64[np.ndarray, "n"],
) -> tuple[Float64[np.ndarray, "n 68"], Float64[np.ndarray, "n 68"]]:
    """Landmarks in the frame of the eyes: right and down, in distances between them."""
    f = {name: factor[:, None] for name, factor in factors.items()}
    new_x, new_y = x.copy(), y.copy()
    upper = [37, 38, 43, 44]
    lids = y[:, upper].mean(1, keepdims=True)
    for name in ("right_eye", "left_eye"):
        eye = list(LANDMARK_GROUPS[name])
        centre = y[:, eye].mean(1, keepdims=True)
        new_y[:, eye] = centre + (y[:, eye] - centre) * f["lids"]
    brows = [*LANDMARK_GROUPS["right_brow"], *LANDMARK_GROUPS["left_brow"]]
    new_lids = new_y[:, upper].mean(1, keepdims=True)
    new_y[:, brows] = new_lids + (y[:, brows] - lids) * f["brows"]
    nose = list(LANDMARK_GROUPS["nose"])
    bridge = x[:, nose].mean(1, keepdims=True)
    new_x[:, nose] = bridge + (x[:, nose] - bridge) * f["nostrils"]
    new_y[:, nose] = y[:, nose] * f["nose"]
    below, top, bottom, end = (y[:, [at]] for at in (33, 51, 57, 8))
    new_below = below * f["nose"]
    new_top = new_below + (top - below) * f["lip"]
    new_bottom = new_top + (bottom - top) * f["lips"]
    new_end = new_bottom + (end - bottom) * f["chin"]
    lips = [*LANDMARK_GROUPS["outer_lips"], *LANDMARK_GROUPS["inner_lips"]]
    corners = x[:, [48, 54]]
    centre, half = corners.mean(1, keepdims=True), np.ptp(corners, axis=1, keepdims=True) / 2
    aside = (x[:, lips] - centre) / half
    new_x[:, lips] = centre + half * f["mouth"] * aside
    new_y[:, lips] = new_top + (y[:, lips] - top) * f["lips"] - rise[:, None] * aside**2
    jaw = list(LANDMARK_GROUPS["jaw"])
    one = np.ones_like(below)
    knots = np.concatenate([0 * one, below, (top + bottom) / 2, end], 1)
    heights = np.concatenate([0 * one, new_below, (new_top + new_bottom) / 2, new_end], 1)
    widths = np.concatenate([one, f["cheeks"], f["jaw"], f["jaw"]], 1)
    for n in range(len(x)):  # beyond the ends of the knots nothing changes, or all alike
        down = y[n, jaw]
        new_y[n, jaw] = np.interp(down, knots[n], heights[n] - knots[n]) + down
        new_x[n, jaw] = x[n, jaw] * np.interp(down, knots[n], widths[n])
    return new_x, new_y


def eyes(points: Points) -> tuple[Places, Places]:
    """The middle between the eyes, and the way from the right one to the left one."""
    right, left = (
        (points[:, list(LANDMARK_GROUPS[eye])] @ [1, 1j]).mean(1, keepdims=True)
        for eye in ("right_eye", "left_eye")
    )
    return (right + left) / 2, left - right


def straight(count: int) -> Bends:
    """Of so many pictures: they do not bend."""
    return np.zeros((count, 1, 1, 2))


def bends(old: Points, new: Points, shape: tuple[int, int]) -> Bends:
    """For each place of the changed pictures, at NODES of a grid over all of it, where in the old
    ones it was, less that place; in pixels. Pictures without landmarks do not bend."""
    height, width = shape
    across, down = np.linspace(0, width, NODES), np.linspace(0, height, NODES)
    nodes = np.stack(np.meshgrid(across, down), -1).reshape(-1, 2)
    edge = np.linspace(0, width, 7)
    frame = [
        (x, y * height / width) for x in edge for y in edge if x in (0, width) or y in (0, width)
    ]
    result = np.zeros((len(old), NODES, NODES, 2))
    for n in np.flatnonzero(np.isfinite(old).all((1, 2))):
        there = np.concatenate([new[n], frame])
        ways = np.concatenate([old[n] - new[n], np.zeros((len(frame), 2))])
        result[n] = _spline(there, ways, nodes, width).reshape(NODES, NODES, 2)
    return result


def carried(
    points: Float32[np.ndarray, "n k 2"], old: Points, new: Points
) -> Float64[np.ndarray, "n k 2"]:
    """Where other points of the pictures go where these landmarks go there."""
    result = points.astype(np.float64)
    for n in np.flatnonzero(np.isfinite(old).all((1, 2))):
        result[n] += _spline(old[n], new[n] - old[n], result[n], float(np.ptp(old[n])))
    return result


def _spline(
    at: Float64[np.ndarray, "k 2"],
    values: Float64[np.ndarray, "k 2"],
    places: Float64[np.ndarray, "m 2"],
    unit: float,
) -> Float64[np.ndarray, "m 2"]:
    """The thin-plate spline that has these values there, elsewhere."""
    at, places = at / unit, places / unit
    count = len(at)
    flat = np.concatenate([np.ones((count, 1)), at], 1)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _plate(at, at) + _SOFT * np.eye(count)
    system[:count, count:], system[count:, :count] = flat, flat.T
    weights = np.linalg.solve(system, np.concatenate([values, np.zeros((3, 2))]))
    there = np.concatenate([np.ones((len(places), 1)), places], 1)
    return _plate(places, at) @ weights[:count] + there @ weights[count:]


def _plate(
    a: Float64[np.ndarray, "m 2"], b: Float64[np.ndarray, "k 2"]
) -> Float64[np.ndarray, "m k"]:
    """r² log r."""
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    squares = np.maximum(squares, 1e-12)
    return 0.5 * squares * np.log(squares)
