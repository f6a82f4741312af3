"""Walks between invented faces: their places against closed forms, what is none."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from trombine.core.errors import InputError
from trombine.generation.by_net import Inventing, Place
from trombine.generation.interpolation import LEAST, Walk, spherical

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(30, 8))


class Space(Inventing):
    """Places without a net; a picture is its place."""

    def __init__(self) -> None:
        object.__setattr__(self, "size", 96)

    def place(self, seed: int) -> Place:
        return Place(vector=VECTORS[seed], fields=np.array([20.0 + seed, seed % 2]))

    def pixels_at(self, place: Place) -> Any:
        return place


def walk(*seeds: int, frames: int = 4, **options: Any) -> Walk:
    return Walk(inventing=Space(), seeds=seeds, frames=frames, **options)


def test_a_walk_passes_its_seeds_and_steps_evenly_between_them() -> None:
    places = walk(3, 8, 21).places(Space())
    assert len(places) == 9 == walk(3, 8, 21).count
    for at, seed in ((0, 3), (4, 8), (8, 21)):
        assert_array_equal(places[at].vector, VECTORS[seed])
        assert_array_equal(places[at].fields, [20 + seed, seed % 2])
    assert_allclose(places[1].vector, 0.75 * VECTORS[3] + 0.25 * VECTORS[8])
    assert_allclose(places[6].fields, [20 + (8 + 21) / 2, 0.5])


def test_a_cycle_comes_back_without_its_first_frame_twice() -> None:
    places = walk(3, 8, cycle=True).places(Space())
    assert len(places) == 8
    assert_array_equal(places[4].vector, VECTORS[8])
    assert_allclose(places[7].vector, 0.25 * VECTORS[8] + 0.75 * VECTORS[3])


def test_a_spherical_walk_keeps_to_its_circle() -> None:
    """In the plane of two vectors, with an angle that grows evenly from the first."""
    first, last = np.array([3.0, 0, 0]), np.array([0, 5.0, 0])
    for share in (0, 0.25, 0.5, 1):
        angle, length = share * math.pi / 2, 3 + 2 * share
        wanted = [length * math.cos(angle), length * math.sin(angle), 0]
        assert_allclose(spherical(first, last, share), wanted, atol=1e-12)
    assert_allclose(spherical(first, 2 * first, 0.5), 1.5 * first)
    assert_allclose(spherical(0 * first, last, 0.5), last / 2)


def test_what_guidance_adds_nothing_to_is_blended_too() -> None:
    """Where one end has none, that is nothing told, and so is what lies between."""
    drawn = {
        3: Place(vector=VECTORS[3], fields=np.zeros(2), base=np.array([1.0, math.nan])),
        8: Place(vector=VECTORS[8], fields=np.ones(2), base=np.array([2.0, 5.0])),
        9: Place(vector=VECTORS[9], fields=np.ones(2)),
    }

    class Redrawn(Space):
        def place(self, seed: int) -> Place:
            return drawn[seed]

    both = Walk(inventing=Redrawn(), seeds=(3, 8, 9), frames=2)
    found = [place.base for place in both.places(Redrawn())]
    nothing = [math.nan, math.nan]
    for base, wanted in zip(
        found, ([1, math.nan], [1.5, math.nan], [2, 5], nothing, nothing), strict=True
    ):
        assert base is not None
        assert_array_equal(base, wanted)
    assert all(place.base is None for place in walk(3, 8).places(Space()))


def test_a_truncation_walk_grows_from_the_average_to_the_face() -> None:
    there_and_back = walk(5, path="truncation", cycle=True).places(Space())
    shares = [np.linalg.norm(place.vector) / np.linalg.norm(VECTORS[5]) for place in there_and_back]
    up = np.linspace(LEAST, 1, 5)
    assert_allclose(shares, [*up, *up[1:-1][::-1]])
    assert_array_equal(there_and_back[4].vector, VECTORS[5])


@pytest.mark.parametrize(
    ("seeds", "options", "why"),
    [
        ((3,), {}, "two seeds or more"),
        ((3, 8), {"path": "truncation"}, "of one seed"),
        ((3, 8, 9), {"frames": 1500}, "3,001 frames, and 2,000 are the most"),
    ],
)
def test_what_is_no_walk(seeds: tuple[int, ...], options: Any, why: str) -> None:
    with pytest.raises(InputError, match=why):
        walk(*seeds, **options)
