"""Faces with other proportions: the landmarks, the bend, and the pictures that follow them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.interpolate import RBFInterpolator
from scipy.ndimage import map_coordinates

from trombine.core.conventions import LANDMARK_GROUPS, PART_INDEX
from trombine.core.rng import Rng
from trombine.data.augment import Augment, augmented, changed, drawn
from trombine.data.columns import Batch
from trombine.data.kernel_resample import bent
from trombine.data.proportions import (
    FURTHEST,
    NODES,
    bends,
    carried,
    reaches,
    reshaped,
    straight,
)
from trombine.data.source import source

SIZE = 64
PLACES = np.arange(6, dtype=np.int64)
CHANCE = Rng(seed=5, places=PLACES)


@pytest.fixture(scope="module")
def pairs() -> Batch:
    return source("world:photo+anime#6", SIZE).batch(PLACES)


@pytest.fixture(scope="module")
def points(pairs: Batch) -> np.ndarray:
    assert pairs.points is not None
    return pairs.points.numpy().astype(np.float64)


def only(name: str, reach: float = 1.0) -> np.ndarray:
    """One proportion goes so far, the others stay."""
    result = np.zeros((len(PLACES), len(FURTHEST) + 1))
    result[:, [*FURTHEST, "rise"].index(name)] = reach
    return result


def in_frame(points: np.ndarray) -> np.ndarray:
    """Right and down from the middle between the eyes, in distances between them."""
    right, left = (
        points[:, list(LANDMARK_GROUPS[eye])].mean(1) for eye in ("right_eye", "left_eye")
    )
    axis = left - right
    length = np.linalg.norm(axis, axis=1)[:, None]
    across = axis / length
    down = np.stack([-across[:, 1], across[:, 0]], 1)
    off = points - (left + right)[:, None] / 2
    return (
        np.stack([(off * across[:, None]).sum(-1), (off * down[:, None]).sum(-1)], -1)
        / length[:, None]
    )


def lengths(points: np.ndarray) -> dict[str, np.ndarray]:
    """What each factor is a factor of."""
    x, y = in_frame(points).transpose(2, 0, 1)
    lids = y[:, [37, 38, 43, 44]].mean(1)
    return {
        "brows": lids - y[:, 17:27].mean(1),
        "lids": y[:, [40, 41, 46, 47]].mean(1) - lids,
        "nose": y[:, 33],
        "nostrils": x[:, 35] - x[:, 31],
        "lip": y[:, 51] - y[:, 33],
        "lips": y[:, 57] - y[:, 51],
        "mouth": x[:, 54] - x[:, 48],
        "chin": y[:, 8] - y[:, 57],
    }


# --- where landmarks go -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["brows", "nose", "nostrils", "lip", "lips", "mouth", "chin"])
def test_a_proportion_goes_as_far_as_is_said_and_the_others_stay(
    name: str, points: np.ndarray
) -> None:
    before, after = lengths(points), lengths(reshaped(points, only(name)))
    for other, value in before.items():
        factor = FURTHEST[name] if other == name else 1
        assert_allclose(after[other], factor * value, atol=1e-9, err_msg=other)


def test_lids_close_about_the_middles_of_the_eyes(points: np.ndarray) -> None:
    after = reshaped(points, only("lids"))
    for name in ("right_eye", "left_eye"):
        eye = list(LANDMARK_GROUPS[name])
        assert_allclose(after[:, eye].mean(1), points[:, eye].mean(1), atol=1e-9)
    assert_allclose(lengths(after)["lids"], FURTHEST["lids"] * lengths(points)["lids"], atol=0.01)


def test_jaw_and_cheeks_grow_wider_and_stay_at_eye_level(points: np.ndarray) -> None:
    before = in_frame(points)
    for name in ("cheeks", "jaw"):
        after = in_frame(reshaped(points, only(name)))
        ratio = (after[:, :17, 0] / before[:, :17, 0])[:, [0, 1, 2, 3, 4, 12, 13, 14, 15, 16]]
        assert (ratio > 1 - 1e-9).all() and (ratio < FURTHEST[name] + 1e-9).all()
        assert ratio.max() > 1 + 0.6 * (FURTHEST[name] - 1)
        assert_allclose(after[:, 17:], before[:, 17:], atol=1e-9)


# --- the bend -----------------------------------------------------------------------------------


def test_a_bend_is_scipys_thin_plate_spline(points: np.ndarray) -> None:
    new = reshaped(points, reaches(1.0, CHANCE))
    found = bends(points, new, (SIZE, SIZE))
    edge = np.linspace(0, SIZE, 7)
    border = [(x, y) for x in edge for y in edge if x in (0, SIZE) or y in (0, SIZE)]
    nodes = np.stack(np.meshgrid(*[np.linspace(0, SIZE, NODES)] * 2), -1).reshape(-1, 2)
    for n in range(2):
        there = np.concatenate([new[n], border]) / SIZE
        ways = np.concatenate([points[n] - new[n], np.zeros((len(border), 2))])
        truth = RBFInterpolator(there, ways, smoothing=1e-4, kernel="thin_plate_spline")
        near = np.abs(truth(nodes / SIZE).reshape(NODES, NODES, 2) - found[n]).max()
        assert near < 1e-6


def test_it_takes_landmarks_back_and_leaves_the_border(points: np.ndarray) -> None:
    new = reshaped(points, reaches(1.0, CHANCE))
    found = bends(points, new, (SIZE, SIZE))
    for n in range(len(points)):
        back = [bent.py_func(found[n], *place, SIZE, SIZE) for place in new[n]]
        off = np.linalg.norm(back - points[n], axis=1)
        assert off.mean() < 0.1 and off.max() < 0.5
    assert np.abs(found[:, [0, -1]]).max() < 1 and np.abs(found[:, :, [0, -1]]).max() < 1
    assert np.abs(found).max() > 2


def test_between_its_nodes_it_is_linear() -> None:
    rng = np.random.default_rng(0)
    bend = rng.normal(size=(5, 5, 2))
    for x, y in rng.uniform(0, 1, (20, 2)) * [40, 20]:
        at = np.array([[y / 20 * 4], [x / 40 * 4]])
        way = [map_coordinates(bend[..., axis], at, order=1)[0] for axis in range(2)]
        assert_allclose(bent.py_func(bend, x, y, 40, 20), [x + way[0], y + way[1]])
    assert bent.py_func(straight(1)[0], 3.25, 4.5, 40, 20) == (3.25, 4.5)


def test_other_points_are_carried_along(points: np.ndarray) -> None:
    new = reshaped(points, reaches(1.0, CHANCE))
    assert_allclose(carried(points[:, :5].astype(np.float32), points, new), new[:, :5], atol=0.3)


# --- pictures -----------------------------------------------------------------------------------


def test_parts_follow_their_landmarks(pairs: Batch) -> None:
    """The middle of the mouth's part is as far below the eyes as that of its landmarks."""
    after = changed(pairs, drawn(Augment.parse("faces:1"), (SIZE, SIZE), CHANCE))
    for batch in (after, after.pair):
        assert batch is not None and batch.parts is not None and batch.points is not None
        lips = np.isin(
            batch.parts.numpy(), [PART_INDEX[n] for n in ("mouth", "upper_lip", "lower_lip")]
        )
        for n in np.flatnonzero(lips.sum((1, 2)) > 12):
            rows, columns = np.nonzero(lips[n])
            middle = batch.points[n, 48:60].numpy().mean(0)
            assert_allclose([columns.mean() + 0.5, rows.mean() + 0.5], middle, atol=2)


def test_both_sides_of_a_pair_keep_what_their_style_does(pairs: Batch) -> None:
    after = augmented(pairs, Augment.parse("faces:1"), CHANCE)
    assert pairs.points is not None and after.points is not None
    assert pairs.pair is not None and after.pair is not None
    assert pairs.pair.points is not None and after.pair.points is not None
    first = {
        name: value / lengths(pairs.points.numpy().astype(np.float64))[name]
        for name, value in lengths(after.points.numpy().astype(np.float64)).items()
    }
    for name, value in lengths(after.pair.points.numpy().astype(np.float64)).items():
        if name != "lids":  # about their own middles
            ratio = value / lengths(pairs.pair.points.numpy().astype(np.float64))[name]
            assert_allclose(ratio, first[name], rtol=1e-2)


def test_pictures_without_landmarks_stay(pairs: Batch) -> None:
    assert pairs.points is not None
    unknown = pairs.points.clone()
    unknown[1:] = np.nan
    plain = replace(pairs, points=unknown, pair=None)
    found = augmented(plain, Augment.parse("faces:1"), CHANCE)
    assert (found.pixels[1:] == plain.pixels[1:]).all()
    assert (found.pixels[0] != plain.pixels[0]).any()
    bare = replace(plain, points=None)
    assert (augmented(bare, Augment.parse("faces:1"), CHANCE).pixels == bare.pixels).all()
