"""New colours in a palette's picture."""

from __future__ import annotations

import numpy as np

from trombine.palettes import LARGEST, extended, nearest

RNG = np.random.default_rng(4)


def opaque(colours: np.ndarray) -> np.ndarray:
    return np.concatenate([colours, np.full((len(colours), 1), 255, np.uint8)], axis=1)


PALETTE = opaque(RNG.integers(0, 256, (40, 3), np.uint8))


def test_nearest_is_what_a_search_of_all_finds() -> None:
    targets = opaque(RNG.integers(0, 256, (500, 3), np.uint8))
    distance = ((targets[:, None].astype(int) - PALETTE) ** 2).sum(axis=2)
    chosen = nearest(PALETTE, targets)
    assert np.array_equal(distance[np.arange(500), chosen], distance.min(axis=1))


def test_alpha_is_never_changed_for_a_better_colour() -> None:
    palette = np.array([[0, 0, 0, 255], [255, 255, 255, 128], [255, 255, 255, 0]], np.uint8)
    targets = np.array([[255, 255, 255, 255], [0, 0, 0, 128], [0, 0, 0, 0]], np.uint8)
    assert nearest(palette, targets).tolist() == [0, 1, 2]


def test_colours_that_fit_are_exact() -> None:
    targets = opaque(RNG.integers(0, 256, (LARGEST - 40, 3), np.uint8))
    palette = extended(PALETTE, np.arange(40), targets)
    assert np.array_equal(palette[:40], PALETTE), "entries in use stay"
    assert np.array_equal(palette[nearest(palette, targets)], targets)


def test_entries_that_nobody_uses_are_given_up() -> None:
    full = opaque(RNG.integers(0, 256, (LARGEST, 3), np.uint8))
    used = np.arange(0, LARGEST, 2)
    targets = opaque(RNG.integers(0, 256, (LARGEST // 2, 3), np.uint8))
    palette = extended(full, used, targets)
    assert np.array_equal(palette[used], full[used])
    assert np.array_equal(palette[nearest(palette, targets)], targets)


def test_more_colours_than_there_is_room_for_are_summed_up() -> None:
    ramp = np.linspace(0, 255, 5000).astype(np.uint8)
    targets = opaque(np.stack([ramp, 255 - ramp, ramp // 2], axis=1))
    black = opaque(np.zeros((200, 3), np.uint8))
    palette = extended(black, np.arange(200), targets)
    assert len(palette) <= LARGEST
    error = np.abs(palette[nearest(palette, targets)].astype(int) - targets).max()
    assert error <= 8, "56 colours along a line of 256 levels"


def test_a_full_palette_in_use_stays_as_it_is() -> None:
    full = opaque(RNG.integers(0, 256, (LARGEST, 3), np.uint8))
    targets = opaque(RNG.integers(0, 256, (100, 3), np.uint8))
    assert np.array_equal(extended(full, np.arange(LARGEST), targets), full)


def test_transparent_entries_are_not_given_up() -> None:
    palette = PALETTE.copy()
    palette[:3, 3] = 90, 0, 90
    targets = np.array([[1, 2, 3, 90], [4, 5, 6, 255], [7, 8, 9, 255]], np.uint8)
    assert np.array_equal(extended(palette, np.arange(0), targets)[:3], palette[:3])


def test_a_palette_grows_no_more_than_it_must() -> None:
    palette = extended(PALETTE, np.arange(40), opaque(np.array([[1, 2, 3]], np.uint8)))
    assert len(palette) == 41
    assert len(extended(PALETTE, np.arange(40), PALETTE[:3])) == 40
