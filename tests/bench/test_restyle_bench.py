"""The programs that measure restyling: what is perfect is so, and what is off is so by as much."""

from __future__ import annotations

import numpy as np
import pytest
import restyle
import restyle_pairs as pairs
import restyle_portraits as portraits
import torch
from restyle_portraits import Proportions
from table import Row

from trombine.core.conventions import LANDMARK_GROUPS, PART_INDEX
from trombine.data.proportions import eyes
from trombine.eval.witness import seen
from trombine.io.image import as_seen
from trombine.world import face, paint

NOBODYS = range(2_000_000, 2_000_008)


def values(rows: pairs.Rows) -> dict[str, Row]:
    return {row.name: row for row in rows}


# Pairs ---------------------------------------------------------------------------------------


def test_the_truth_is_perfect() -> None:
    """Its own partner among others too, and no landmark is off."""
    truths = pairs.painted(NOBODYS, "anime", 64)
    rows = values(pairs.measured("x", truths[:3], truths))
    assert rows["x: PSNR"].value == float("inf")
    assert all(rows[f"x: {name}"].value == 1 for name in ("SSIM", "partner of 8", "parts"))
    assert rows["x: landmarks off, of the pupils' distance"].value == 0
    assert all(row.ok for row in rows.values())


def test_a_partner_is_the_nearest_of_all_truths() -> None:
    """Two of three are near their own; the third is near one that is nobody's."""
    truths = torch.arange(4).float().view(4, 1, 1, 1).expand(-1, 3, 8, 8)
    assert pairs.partners(truths[[0, 1, 3]] + 0.2, truths) == pytest.approx(2 / 3)


def test_what_is_kept() -> None:
    """Of the truth all; of other people less; of what is worn the mean of two shares."""
    truths = seen(pairs.painted(NOBODYS, "anime"))
    everything = pairs.kept(truths, truths)
    assert set(everything) == {"pose", "smile", "hair's colour", "glasses", "hat"}
    assert list(everything.values()) == pytest.approx([1] * 5)
    strangers = seen(pairs.painted(range(2_000_100, 2_000_108), "anime"))
    assert max(pairs.kept(strangers, truths)[name] for name in pairs.KEPT) < 0.5


# Portraits -----------------------------------------------------------------------------------


def some_faces(count: int, seed: int) -> portraits.Points:
    """Landmarks without any order but that of eyes."""
    points = np.random.default_rng(seed).normal(0, 1, (count, 68, 2))
    for eye, x in zip(("right_eye", "left_eye"), (-3, 3), strict=True):
        points[:, list(LANDMARK_GROUPS[eye])] += [x, 0]
    return points


def changed(points: portraits.Points) -> portraits.Points:
    """In the frame of its eyes each landmark moves with its neighbour, and by a constant."""
    middle, across = eyes(points)
    places = (points[..., 0] + 1j * points[..., 1] - middle) / across
    places = 0.9 * places + 0.2 * np.roll(places.conj(), 1, 1) + 0.1 - 0.3j
    there = middle + across * places
    return np.stack([there.real, there.imag], -1)


def test_proportions_find_an_affine_change_exactly() -> None:
    """Whatever the place, size and turn of a face that was not among those that taught it."""
    people, others = some_faces(400, 0), some_faces(20, 1)
    proportions = Proportions.learned(people, changed(people), noise=1e-6)
    turn = 7 * np.array([[np.cos(0.5), np.sin(0.5)], [-np.sin(0.5), np.cos(0.5)]])
    moved = others @ turn + [50, 60]
    assert np.allclose(proportions.of(moved), changed(moved), atol=1e-5)


# In pictures -----------------------------------------------------------------------------------


def test_a_head_in_a_picture_is_scored_alone() -> None:
    """Its own pixels are the truth; all off by 51 of 255 are 14 dB off it; no ground counts."""
    truth = paint(face(NOBODYS[0]), restyle.SHOWN, "photo")
    inside = slice(restyle.ROUND, -restyle.ROUND)
    placed = as_seen(restyle.before_leaves(NOBODYS[0], truth))[inside, inside]
    assert restyle.psnr_of_head(placed, truth) == float("inf")
    off = np.where(truth.pixels < 128, truth.pixels + 51, truth.pixels - 51).astype(np.uint8)
    off[truth.parts == PART_INDEX["background"]] = 0
    assert restyle.psnr_of_head(off, truth) == pytest.approx(20 * np.log10(5))
    assert not np.array_equal(placed, truth.pixels)
