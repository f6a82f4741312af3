"""Random numbers without state: every draw is a function of (seed, purpose, place).

A place counts pictures in the whole run, so a step that is run again after a resume draws what it
drew before, whatever batch or process a picture is in, and there is nothing to save. A purpose says
in words what is drawn ("crop", "noise"), so that two uses never share their numbers.

    bits, uniforms, choices   one number a picture, for many pictures at once
    normals                   many normal numbers a picture: noise in its shape
    generators                a NumPy generator of its own for each picture
    order                     which item is the n-th one of an endless, shuffled reading
    uniform, choice, generator   the same for one picture

All but the generators are integer arithmetic written here: no library's next version changes them.
`normals` ends in scipy's inverse of the normal distribution, which may move a last bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt64

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
# One number a round of the permutation; fewer than 6 can be told from chance on short lengths.
_ROUNDS: Final = tuple(np.uint64(0xD1B54A32D192ED03 * step % 2**64) for step in range(8))
_FEWEST_BITS: Final = 6  # of the permutation's domain, for the same reason
FIRST: Final = np.zeros(1, np.int64)  # where a picture stands that is in no run


def keys(seed: int, purpose: str) -> tuple[np.uint64, np.uint64]:
    """The 128 bits from which all draws for this purpose follow."""
    digest = blake2b(f"{seed}/0/{purpose}".encode(), digest_size=16).digest()
    first, second = np.frombuffer(digest, "<u8").astype(np.uint64)
    return first, second


def mix(words: UInt64[np.ndarray, "*n"]) -> UInt64[np.ndarray, "*n"]:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014): a bijection that looks random."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


@dataclass(frozen=True, kw_only=True)
class Rng:
    """Where the numbers of some pictures come from: a stream of its own for each."""

    seed: int
    places: Int64[np.ndarray, "n"]  # of the pictures in the whole run
    about: str = ""  # what every purpose begins with

    def fold_in(self, name: str) -> Rng:
        """The same pictures, other numbers."""
        return replace(self, about=f"{self.about}{name} ")

    def only(self, chosen: Bool[np.ndarray, "n"] | Int64[np.ndarray, "k"]) -> Rng:
        """Some of the pictures, by a mask or by their numbers."""
        return self.at(self.places[chosen])

    def at(self, places: Int64[np.ndarray, "m"]) -> Rng:
        """Other pictures of the same run."""
        return replace(self, places=places)

    def bits(self, purpose: str) -> UInt64[np.ndarray, "n"]:
        """64 random bits for each picture."""
        first, second = keys(self.seed, self.about + purpose)
        # SplitMix64's streams are parts of one cycle; the second key takes overlaps apart.
        return mix(mix(self.places.astype(np.uint64) * _GOLDEN + first) ^ second)

    def uniforms(self, purpose: str) -> Float64[np.ndarray, "n"]:
        """A number in [0, 1) for each picture."""
        return (self.bits(purpose) >> np.uint64(11)) * 2.0**-53

    def choices(self, purpose: str, weights: Float64[np.ndarray, "k"]) -> Int64[np.ndarray, "n"]:
        """Which of the weights, 0 to k - 1, each picture falls to; they need not sum to 1."""
        edges = np.cumsum(weights)
        shares = self.uniforms(purpose) * edges[-1]
        return np.searchsorted(edges, shares, side="right").astype(np.int64)

    def normals(self, purpose: str, shape: Sequence[int]) -> Float64[np.ndarray, "n ..."]:
        """Standard normal numbers for each picture, n x shape.

        A picture has numbers of its own, the same whichever others are beside it; a larger shape
        begins with the numbers of a smaller one.
        """
        from scipy.special import ndtri  # here: reading data needs no scipy

        words = _streams(self.bits(purpose), math.prod(shape))
        # The middles of 2^52 equal steps: never 0 or 1, whose normal numbers are infinite.
        shares = ((words >> np.uint64(12)) + 0.5) * 2.0**-52
        return ndtri(shares).reshape(len(self.places), *shape)

    def generators(self, purpose: str) -> Iterator[np.random.Generator]:
        """NumPy's generators: for draws that need many numbers, or distributions.

        Philox counts blocks in its first counter word; the place is in the second, so the streams
        of two places never meet.
        """
        key = [int(word) for word in keys(self.seed, self.about + purpose)]
        for place in self.places.tolist():
            yield np.random.Generator(np.random.Philox(key=key, counter=[0, place, 0, 0]))

    def order(self, purpose: str, length: int) -> Int64[np.ndarray, "n"]:
        """The items, 0 to length - 1, at these places of an endless shuffled reading.

        Places 0 to length - 1 are a permutation of the items, the next `length` places are another,
        and so on. It is a keyed permutation: no list is made, whatever the length.
        """
        if length < 1:
            raise ValueError(f"an order needs at least one item, not {length}")
        if length == 1:
            return np.zeros_like(self.places)
        epochs, offsets = np.divmod(self.places, length)
        epoch_keys = self.at(epochs).bits(purpose)
        return _walk(offsets.astype(np.uint64), epoch_keys, length).astype(np.int64)

    def uniform(self, purpose: str) -> float:
        """The number of the only picture."""
        return self.uniforms(purpose).item()

    def choice(self, purpose: str, weights: Float64[np.ndarray, "k"]) -> int:
        """Which of the weights the only picture falls to."""
        return self.choices(purpose, weights).item()

    def generator(self, purpose: str) -> np.random.Generator:
        """The generator of the only picture."""
        (generator,) = self.generators(purpose)
        return generator


def _streams(starts: UInt64[np.ndarray, "n"], length: int) -> UInt64[np.ndarray, "n length"]:
    """The next `length` words of SplitMix64 from each start.

    All starts lie on one cycle: a second key from each start takes overlaps apart, as in `bits`.
    """
    steps = np.arange(1, length + 1, dtype=np.uint64) * _GOLDEN
    second = mix(starts ^ _ROUNDS[1])
    return mix(mix(starts[:, None] + steps) ^ second[:, None])


def _walk(
    words: UInt64[np.ndarray, "n"], word_keys: UInt64[np.ndarray, "n"], length: int
) -> UInt64[np.ndarray, "n"]:
    """Permute the numbers below `length`: go round the cycle until the number is below it again."""
    width = max((length - 1).bit_length(), _FEWEST_BITS)
    words = _feistel(words, word_keys, width)
    outside = np.flatnonzero(words >= length)
    while outside.size:
        words[outside] = _feistel(words[outside], word_keys[outside], width)
        outside = outside[words[outside] >= length]
    return words


def _feistel(
    words: UInt64[np.ndarray, "n"], word_keys: UInt64[np.ndarray, "n"], width: int
) -> UInt64[np.ndarray, "n"]:
    """A keyed permutation of the numbers of `width` bits: a Feistel network of two halves."""
    low_width = np.uint64(width // 2)
    low_mask = (np.uint64(1) << low_width) - np.uint64(1)
    high_mask = (np.uint64(1) << np.uint64(width - width // 2)) - np.uint64(1)
    high, low = words >> low_width, words & low_mask
    for even, odd in zip(_ROUNDS[::2], _ROUNDS[1::2], strict=True):
        high = high ^ (mix(word_keys + even + low) & high_mask)
        low = low ^ (mix(word_keys + odd + high) & low_mask)
    return (high << low_width) | low
