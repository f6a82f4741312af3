"""What the surroundings repeat goes on through a hole."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

import trombine
from trombine.inpainting.kernel_copy import choose
from trombine.inpainting.repeating import repeated

SIDE = 384
HOLE = np.zeros((SIDE, SIDE), bool)
HOLE[130:250, 120:270] = True
WALLS = {
    "a gradient": lambda x, y: 0.7 * x + 0.3 * y,
    "stripes": lambda x, y: np.sin(40 * x + 6 * y) > 0,
    "a curtain": lambda x, y: 0.5 + 0.5 * np.sin(50 * x + 3 * np.sin(2 * y)),
    "bricks": lambda x, y: ((12 * y) % 1 < 0.12) | ((6 * x + (12 * y // 1) % 2 / 2) % 1 < 0.06),
    "an edge": lambda x, y: np.clip((x - 0.8 * y - 0.1) * 40, 0, 1),
}


def wall(name: str, side: int = SIDE) -> np.ndarray:
    """A wall of 8 bits."""
    rows, columns = np.mgrid[:side, :side] / side
    share = WALLS[name](columns, rows)[..., None].astype(np.float64)
    colours = (1 - share) * np.array([40, 60, 90]) + share * np.array([220, 210, 190])
    return np.round(colours).astype(np.uint8)


def levels_off(picture: np.ndarray | None, truth: np.ndarray) -> float:
    """The mean in the hole, of 255."""
    assert picture is not None
    return float(np.abs(255 * picture.astype(np.float64) - truth)[HOLE].mean())


@pytest.mark.parametrize("name", WALLS)
def test_a_wall_goes_on(name: str) -> None:
    """Within two levels, from any guess; what is kept stays."""
    truth = wall(name)
    guess = (truth / 255).astype(np.float32)
    guess[HOLE] = 0.3
    result, again = (repeated(guess, HOLE, ~HOLE, 5) for _ in range(2))
    assert levels_off(result, truth) < 2
    assert result is not None and again is not None and np.array_equal(result, again)
    assert np.array_equal(result[~HOLE], guess[~HOLE])


def test_a_large_hole_is_joined_in_a_smaller_picture() -> None:
    """Of more pixels than slopes are joined of; as sharp as what is round it."""
    truth = wall("a curtain", 3 * SIDE)
    hole = HOLE.repeat(3, 0).repeat(3, 1)
    guess = (truth / 255).astype(np.float32)
    guess[hole] = 0.3
    result = repeated(guess, hole, ~hole, 5)
    assert result is not None
    off = np.abs(255 * result - truth)[hole]
    assert off.mean() < 3 and np.quantile(off, 0.99) < 12


def test_only_what_is_kept_is_copied() -> None:
    """Noise where nothing may be copied changes nothing."""
    guess = (wall("bricks") / 255).astype(np.float32)
    kept = ~HOLE
    kept[:, 340:] = False
    noisy = guess.copy()
    noisy[:, 340:] = np.random.default_rng(0).random((SIDE, SIDE - 340, 3), np.float32)
    first, second = (repeated(one, HOLE, kept, 0) for one in (guess, noisy))
    assert first is not None and second is not None
    assert np.array_equal(first[HOLE], second[HOLE])


@pytest.mark.parametrize("kind", ["round light", "noise of many sizes", "too little"])
def test_what_repeats_nothing_is_left_to_others(kind: str) -> None:
    """Seams would show, or nothing is there to copy."""
    guess, kept = np.zeros((SIDE, SIDE, 3), np.float32), ~HOLE
    if kind == "round light":
        rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
        guess += np.hypot(columns - 0.3, rows - 0.2)[..., None].astype(np.float32)
    elif kind == "noise of many sizes":
        generator = np.random.default_rng(1)
        for size in (4, 12, 48):
            cells = generator.random((SIDE // size, SIDE // size), np.float32) / 3
            guess += np.kron(cells, np.ones((size, size), np.float32))[..., None]
    else:
        kept = kept & (np.arange(SIDE) < 6)
    assert repeated(guess, HOLE, kept, 0) is None


def brute_force(colours: np.ndarray, costs: np.ndarray) -> tuple[int, ...]:
    """The cheapest shifts of pixels in a row, of all that there are."""

    def cost(chosen: tuple[int, ...]) -> float:
        total = sum(float(costs[i, a]) for i, a in enumerate(chosen))
        for i, (a, b) in enumerate(pairwise(chosen)):
            total += float(((colours[i : i + 2, a] - colours[i : i + 2, b]) ** 2).sum())
        return total

    count, shifts = costs.shape
    return min(product(range(shifts), repeat=count), key=cost)


@pytest.mark.parametrize("across", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_shifts_of_a_row_are_the_cheapest_of_all(seed: int, across: bool) -> None:
    """Belief propagation is exact where there are no circles."""
    generator = np.random.default_rng(seed)
    count, shifts = 6, 4
    colours = generator.random((count, shifts, 3), np.float32)
    costs = generator.random((count, shifts), np.float32)
    neighbours = np.full((count, 4), -1)
    after, before = (0, 2) if across else (1, 3)
    neighbours[:-1, after], neighbours[1:, before] = np.arange(1, count), np.arange(count - 1)
    chosen = np.zeros(count, np.int64)
    choose(colours, costs, neighbours, 3, chosen)
    assert tuple(chosen) == brute_force(colours, costs)


@pytest.mark.parametrize("name", ["bricks", "an edge"])
def test_the_command_continues_a_wall(name: str) -> None:
    """A net alone blurs it."""
    truth = wall(name)
    spoiled = truth.copy()
    spoiled[HOLE] = 128
    result = trombine.inpaint(spoiled, mask=HOLE)
    assert levels_off(np.asarray(result) / 255, truth) < 2
