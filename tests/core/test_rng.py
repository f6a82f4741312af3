"""Draws: pinned, the same however they are asked for, and as even as chance should be."""

from __future__ import annotations

from itertools import combinations, permutations
from statistics import NormalDist

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, kstest

from trombine.core import rng
from trombine.core.rng import Rng
from trombine.data.augment import Augment, drawn
from trombine.data.degrade import Chain
from trombine.data.masks import DEFAULT, draw_masks
from trombine.data.source import batches, source

# How unlikely a draw may be before it is called uneven. Seeds are fixed: nothing here flickers.
UNLIKELY = 1e-4


def indices(stop: int, start: int = 0) -> np.ndarray:
    return np.arange(start, stop, dtype=np.int64)


def chance(seed: int, places: np.ndarray | list[int]) -> Rng:
    return Rng(seed=seed, places=np.array(places, np.int64))


def chance_of(counts: np.ndarray, expected: np.ndarray | float) -> float:
    """The probability that an even draw is at least as uneven as these counts."""
    return float(chi2.sf(((counts - expected) ** 2 / expected).sum(), counts.size - 1))


def test_mix_is_splitmix64() -> None:
    """The published first numbers of SplitMix64 from seed 1234567."""
    golden = 0x9E3779B97F4A7C15
    states = [(1234567 + golden * (i + 1)) % 2**64 for i in range(5)]
    assert rng.mix(np.array(states, np.uint64)).tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def plain_mix(word: int) -> int:
    """SplitMix64's finaliser on Python's integers."""
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB % 2**64
    return word ^ (word >> 31)


@given(st.integers(0, 2**40), st.lists(st.integers(0, 2**62), max_size=5))
def test_bits_are_what_they_say(seed: int, places: list[int]) -> None:
    first, second = (int(key) for key in rng.keys(seed, "x"))
    slow = [plain_mix(plain_mix((i * 0x9E3779B97F4A7C15 + first) % 2**64) ^ second) for i in places]
    assert chance(seed, places).bits("x").tolist() == slow


def test_draws_are_pinned() -> None:
    """A run must draw the same after any update: these numbers never change."""
    words = [13878782242762682872, 989049708408042672]
    assert chance(7, indices(2)).bits("crop").tolist() == words
    drawn = chance(7, indices(2, 1)).normals("noise", (2,))
    assert drawn.ravel() == pytest.approx([-0.42489856611005516, 0.0045042570979588305], abs=1e-12)
    shuffled = [3, 1, 2, 8, 4, 7, 0, 5, 6, 9]
    assert chance(7, indices(10)).order("order", 10).tolist() == shuffled
    of_many = [840821580686, 821005731169]
    assert chance(7, indices(2)).order("order", 10**12).tolist() == of_many


@pytest.mark.parametrize("change", ["seed", "purpose"])
def test_each_part_of_the_key_counts(change: str) -> None:
    other = {
        "seed": chance(8, indices(100)).bits("crop"),
        "purpose": chance(7, indices(100)).bits("flip"),
    }
    assert not (chance(7, indices(100)).bits("crop") == other[change]).any()


def test_uniforms_are_uniform_and_unrelated() -> None:
    drawn = chance(1, indices(100_000)).uniforms("u")
    assert drawn.min() >= 0 and drawn.max() < 1
    assert kstest(drawn, "uniform").pvalue > UNLIKELY
    others = [
        drawn[1:],
        chance(2, indices(99_999)).uniforms("u"),
        chance(1, indices(99_999)).uniforms("v"),
    ]
    for other in others:  # 4 standard deviations of a correlation of unrelated numbers
        assert abs(np.corrcoef(drawn[:-1], other)[0, 1]) < 4 / np.sqrt(100_000)


def test_choices_follow_the_weights() -> None:
    weights = np.array([7.0, 0.0, 2.0, 1.0])
    drawn = chance(3, indices(50_000)).choices("term", weights)
    counts = np.bincount(drawn, minlength=4)
    assert counts[1] == 0
    assert chance_of(counts[[0, 2, 3]], 5000 * weights[[0, 2, 3]]) > UNLIKELY
    assert (chance(3, indices(50_000)).choices("term", weights / 10) == drawn).all()


@pytest.mark.parametrize("weights", [[1.0], [0.1] * 10, [1 / 3, 2 / 3], [5.0, 1e-30], [0.7, 0.0]])
def test_choices_never_pass_the_end(weights: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the weights' sum rounds to: the largest draw falls to one that has a weight."""
    largest = np.array([1 - 2.0**-53])
    monkeypatch.setattr(Rng, "uniforms", lambda *_: largest)
    chosen = int(chance(0, indices(1)).choices("t", np.array(weights))[0])
    assert chosen < len(weights) and weights[chosen] > 0


def words_one_by_one(start: int, length: int) -> list[int]:
    """The words behind normals, on Python's integers."""
    second = plain_mix(start ^ int(rng._ROUNDS[1]))
    states = [(start + (k + 1) * 0x9E3779B97F4A7C15) % 2**64 for k in range(length)]
    return [plain_mix(plain_mix(state) ^ second) for state in states]


def test_normals_are_what_they_say() -> None:
    """By the inverse of the normal distribution in plain Python."""
    drawn = chance(4, indices(3)).normals("noise", (2, 2))
    for index, start in enumerate(chance(4, indices(3)).bits("noise").tolist()):
        shares = [((word >> 12) + 0.5) * 2.0**-52 for word in words_one_by_one(start, 4)]
        slow = [NormalDist().inv_cdf(share) for share in shares]
        assert drawn[index].ravel() == pytest.approx(slow, abs=1e-12)


def test_normals_are_normal_and_unrelated() -> None:
    drawn = chance(1, indices(400)).normals("n", (500,))
    assert kstest(drawn.ravel(), "norm").pvalue > UNLIKELY
    assert kstest(drawn[:, 7], "norm").pvalue > UNLIKELY  # over indices as well as along one
    assert drawn.min() < -4 and drawn.max() > 4
    others = [
        np.roll(drawn, 1, axis=0),  # the neighbouring picture
        np.roll(drawn, 1, axis=1),  # the neighbouring sample
        np.roll(drawn, (1, -1), axis=(0, 1)),
        chance(2, indices(400)).normals("n", (500,)),
        chance(1, indices(400)).normals("m", (500,)),
    ]
    for other in others:
        assert abs(np.corrcoef(drawn.ravel(), other.ravel())[0, 1]) < 4 / np.sqrt(200_000)
        assert not (drawn == other).any()


@given(st.integers(0, 2**40), st.lists(st.integers(0, 2**62), min_size=1, max_size=6))
def test_normals_may_be_asked_in_pieces(seed: int, places: list[int]) -> None:
    """Bit for bit: a process that has a slice of the batch draws what the whole would draw."""
    asked = np.array(places, np.int64)
    whole = chance(seed, asked).normals("n", (3, 5, 7))
    assert whole.shape == (len(places), 3, 5, 7) and whole.dtype == np.float64
    for i in range(len(places)):
        alone = chance(seed, asked[i : i + 1]).normals("n", (3, 5, 7))
        assert alone.tobytes() == whole[i].tobytes()
    assert (chance(seed, asked).normals("n", (20,)) == whole.reshape(-1, 105)[:, :20]).all()


def test_normals_are_finite_at_the_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = np.array([[0, 2**64 - 1]], np.uint64)
    monkeypatch.setattr(rng, "_streams", lambda *_: ends)
    low, high = chance(0, indices(1)).normals("n", (2,))[0]
    assert low == pytest.approx(-8.21, abs=0.01) and high == pytest.approx(8.21, abs=0.01)


def test_generators_of_neighbours_do_not_meet() -> None:
    streams = [
        chance(5, [index]).generator("noise").bit_generator.random_raw(4096) for index in range(4)
    ]
    assert len(np.unique(np.concatenate(streams))) == 4 * 4096
    again = chance(5, [2]).generator("noise").bit_generator.random_raw(4096)
    assert (again == streams[2]).all()


def test_one_picture_draws_what_it_draws_among_others() -> None:
    whole, weights = chance(3, indices(9)).fold_in("a").fold_in("b"), np.array([1.0, 2.0])
    for number in range(9):
        alone = Rng(seed=3, places=indices(number + 1, number), about="a b ")
        assert alone.uniform("u") == whole.uniforms("u")[number]
        assert alone.choice("c", weights) == whole.choices("c", weights)[number]
        beside = list(whole.generators("g"))[number]
        assert alone.generator("g").random() == beside.random()
    for draw in (lambda: whole.uniform("u"), lambda: whole.generator("g")):
        with pytest.raises(ValueError):  # NumPy's words, and Python's
            draw()


@given(st.integers(1, 300), st.integers(0, 5), st.integers(0, 2**40))
def test_every_epoch_is_a_permutation(length: int, epoch: int, seed: int) -> None:
    drawn = chance(seed, indices((epoch + 1) * length, epoch * length)).order("o", length)
    assert sorted(drawn.tolist()) == list(range(length))


@given(st.integers(2, 10**15), st.lists(st.integers(0, 10**15), min_size=1, max_size=50))
def test_an_order_may_be_asked_in_pieces(length: int, places: list[int]) -> None:
    whole = chance(9, places).order("o", length)
    single = [int(chance(9, [place]).order("o", length)[0]) for place in places]
    assert whole.tolist() == single
    assert (whole >= 0).all() and (whole < length).all()


@pytest.mark.parametrize("length", [3, 5])
def test_all_permutations_are_as_likely(length: int) -> None:
    epochs = 24_000
    drawn = chance(4, indices(epochs * length)).order("o", length).reshape(epochs, length)
    kinds = {order: i for i, order in enumerate(permutations(range(length)))}
    counts = np.bincount([kinds[tuple(row)] for row in drawn.tolist()], minlength=len(kinds))
    assert chance_of(counts, epochs / len(kinds)) > UNLIKELY


@pytest.mark.parametrize("length", [20, 65])
def test_neighbours_are_unrelated(length: int) -> None:
    """Where one item comes says nothing of where the next comes."""
    epochs = 400_000 // length
    drawn = chance(6, indices(epochs * length)).order("o", length).reshape(epochs, length)
    pairs = np.bincount(drawn[:, 0] * length + drawn[:, 1], minlength=length**2)
    pairs = pairs.reshape(length, length)
    assert not np.trace(pairs)
    apart = pairs[~np.eye(length, dtype=bool)]
    assert chance_of(apart, epochs / apart.size) > UNLIKELY


def test_no_two_uses_of_a_seed_share_their_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading, augmentation, chains, masks and plain noise of one run; what it is measured on."""
    asked: list[str] = []
    honest = rng.keys

    def noted(seed: int, purpose: str) -> tuple[np.uint64, np.uint64]:
        asked.append(f"{seed} {purpose}")
        return honest(seed, purpose)

    chain = Chain.parse("old-photo+noise:grey:0.1?0.5+wild-x2")
    learned, one = chance(0, indices(40)), chance(0, indices(1))
    fixed = learned.fold_in("fixed")
    batch, augment = torch.rand(40, 3, 16, 16), Augment.parse("zoom:1.3+shift:0.1+mirror+colour:.1")
    uses = {
        "reading": lambda: next(batches(source("leaves#4+world:photo#2", 16), seed=0, size=4)),
        "augmentation": lambda: drawn(augment, (16, 16), learned),
        "a chain": lambda: chain(batch, learned),
        "masks": lambda: draw_masks(f"{DEFAULT}>half@1-90", learned, size=16),
        "noise": lambda: one.normals("damage", (2,)),
        "a chain, fixed": lambda: chain(batch, fixed),
        "masks, fixed": lambda: draw_masks(DEFAULT, fixed, size=16),
    }
    uses["reading"]()  # what must be painted is
    monkeypatch.setattr(rng, "keys", noted)
    found: dict[str, set[str]] = {}
    for name, use in uses.items():
        asked.clear()
        use()
        found[name] = set(asked)
        assert asked, name
    for name, other in combinations(found, 2):
        assert not found[name] & found[other], (name, other)
