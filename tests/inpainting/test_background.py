"""Smooth backgrounds behind heads: surfaces and skins beside exact ones, walls beside the truth."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest

import trombine
from trombine.inpainting import repairing
from trombine.inpainting.background import nearer, spanned, surface
from trombine.world import Painted, face, paint

SIZE = 320


@pytest.fixture(scope="module")
def person() -> Painted:
    return paint(replace(face(4_000_006), hat=0.0, hair_length=0.2, hair_volume=0.3), SIZE, "photo")


def before(person: Painted, wall: np.ndarray) -> np.ndarray:
    """The person in front of a wall."""
    return np.where(person.parts[..., None] > 0, person.pixels, wall.round().astype(np.uint8))


def quarter(person: Painted) -> np.ndarray:
    """The upper right of the picture, from the nose on."""
    hole = np.zeros((SIZE, SIZE), bool)
    hole[: int(person.points[33, 1]), int(person.points[27, 0]) :] = True
    return hole


def gradient() -> np.ndarray:
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    return np.stack([60 + 150 * y, 90 + 100 * y + 30 * x, 120 + 60 * y], -1)


def test_a_gradient_goes_on_behind_a_head(person: Painted) -> None:
    pixels, hole = before(person, gradient()), quarter(person)
    behind = hole & (person.parts == 0)

    def off(made: np.ndarray) -> float:
        return float(np.median(np.abs(made[behind].astype(float) - pixels[behind])))

    ours = off(trombine.inpaint(pixels, mask=hole))
    with patch.object(repairing, "continue_background", lambda *_: None):
        nets = off(trombine.inpaint(pixels, mask=hole))
    assert ours < 3 < nets


def test_scratches_over_clothes_are_not_filled_with_the_wall(person: Painted) -> None:
    """Below the head no reader looks: there is a dark jacket before a light wall."""
    wall = np.full((SIZE, SIZE, 3), 215.0)
    pixels = np.concatenate([before(person, wall), np.full((SIZE // 2, SIZE, 3), 40, np.uint8)])
    is_wall = np.concatenate([person.parts == 0, np.zeros((SIZE // 2, SIZE), bool)])
    hole = np.zeros(pixels.shape[:2], bool)
    for eye in (37, 44):
        x, y = person.points[eye].astype(int)
        hole[:, x : x + 16] = hole[y : y + 16] = True
    hole[-70:-56] = hole[:, 20:34] = True
    made = trombine.inpaint(pixels, mask=hole).astype(int)
    off = np.abs(made - pixels.astype(int)).max(2)
    assert np.quantile(off[SIZE + 8 :][hole[SIZE + 8 :]], 0.97) < 30
    assert np.median(off[hole & is_wall]) < 10


def test_what_is_nearer_to_these_than_to_others() -> None:
    """Half of a plane each, by hand; a speck is nothing."""
    these, others = np.zeros((2, 30, 40), bool)
    these[:, :10], others[:, 30:] = True, True
    others[15, 15] = True
    found = nearer(these, others)
    assert (found[:, :18] == 1).all() and (found[:, 22:] == 0).all()
    assert (nearer(these, np.zeros_like(others)) == 1).all()


def test_a_background_with_texture_stays_as_the_net_paints_it(person: Painted) -> None:
    wall = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3)).astype(float)
    pixels, hole = before(person, wall), quarter(person)
    ours = trombine.inpaint(pixels, mask=hole)
    with patch.object(repairing, "continue_background", lambda *_: None):
        assert np.array_equal(trombine.inpaint(pixels, mask=hole), ours)


def test_a_surface_is_found_among_what_lies_off_it() -> None:
    chance = np.random.default_rng(0)
    y, x = np.mgrid[:90, :120] / 120
    true = np.stack([0.2 + 0.3 * x + 0.4 * y - 0.2 * y * y] * 3, -1).astype(np.float32)
    seen = true.copy()
    seen[60:, :40] = 0.05  # a shoulder
    known = chance.random((90, 120)) < 0.7
    even, lying = surface(seen, known)
    assert even == pytest.approx(true, abs=1e-3)
    assert not lying[60:, :40].any() and (lying == known)[:60].all()


def test_a_surface_that_says_little_is_none() -> None:
    noise = np.random.default_rng(0).random((60, 60, 3), np.float32)
    even, _ = surface(noise, np.ones((60, 60), bool))
    assert not even.any()


def test_a_skin_solves_laplace() -> None:
    """Harmonic functions, of which the rim is known, come out as they are: x, and xy."""
    y, x = np.mgrid[:64, :64] / 64
    true = np.stack([x, x * y, np.full_like(x, 0.3)], -1).astype(np.float32)
    wanted = np.zeros((64, 64), bool)
    wanted[10:50, 8:58] = True
    made = spanned(true * ~wanted[..., None], ~wanted, wanted)
    assert made[wanted] == pytest.approx(true[wanted], abs=0.01)


def test_a_skin_is_free_where_nothing_is_known() -> None:
    """Held at one side alone it stays as high as there."""
    known, wanted = np.zeros((2, 40, 40), bool)
    known[:, :10], wanted[:, 10:] = True, True
    made = spanned(np.full((40, 40, 3), 0.6, np.float32), known, wanted)
    assert made[wanted] == pytest.approx(0.6, abs=1e-3)
