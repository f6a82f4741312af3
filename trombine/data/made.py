"""What the built-in worlds make of a seed: pictures with their truth, still as NumPy arrays.

A Maker is what a `world:` or `leaves` term of a spec asks for, at a size. It is small and it
pickles, so workers get it whole; what it makes depends on the seed and on nothing else.
Packs (pack.py) and folders (imagefolder.py) both keep what a Maker makes, and both keep the same
numbers: points are rounded here, once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

import trombine.conventions
import trombine.world
from trombine.data.workers import in_order
from trombine.world import STYLES

SIZES: Final = range(16, 2049)  # pixels, of a world's pictures
SEEDS: Final = range(2**31)  # what every column, record and reader holds exactly
POINT_DECIMALS: Final = 3  # a thousandth of a pixel


class MakeError(RuntimeError):
    """A seed of which the painter made no picture."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One picture and its truth; leaves have no parts and no points."""

    style: str | None  # None: leaves
    pixels: UInt8[np.ndarray, "h w 3"]
    parts: UInt8[np.ndarray, "h w"] | None = None
    points: Float32[np.ndarray, "68 2"] | None = None
    visible: Bool[np.ndarray, "68"] | None = None


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What one seed makes: one side, or the two of a pair, and the face's vector."""

    seed: int
    sides: tuple[Side, ...]
    vector: Float64[np.ndarray, "n"] | None = None


@dataclass(frozen=True, kw_only=True)
class Maker:
    """What is made of each seed."""

    kind: str  # world or leaves
    styles: tuple[str, ...] = ()  # of a world: one, or two for pairs
    size: int  # pixels, width and height

    def __post_init__(self) -> None:
        if type(self.size) is not int or self.size not in SIZES:
            raise ValueError(f"size is {SIZES[0]} to {SIZES[-1]} pixels, not {self.size!r}")
        if not set(self.styles) <= set(STYLES):
            raise ValueError(f"the styles are {', '.join(STYLES)}, not {'+'.join(self.styles)}")
        if len(self.styles) > 2 or len(set(self.styles)) < len(self.styles):
            raise ValueError(f"a pair is of two different styles, not {'+'.join(self.styles)}")

    def __str__(self) -> str:
        return f"world:{'+'.join(self.styles)}" if self.styles else self.kind

    @property
    def plural(self) -> str:
        """What its samples are called."""
        one_side = "faces" if self.kind == "world" else self.kind
        return "pairs of faces" if len(self.styles) > 1 else one_side

    def several(self, count: int) -> str:
        """So many of its samples, in words: 1 face, 4 faces."""
        one_side = "face" if self.kind == "world" else "picture of leaves"
        one = "pair of faces" if len(self.styles) > 1 else one_side
        return f"1 {one}" if count == 1 else f"{count} {self.plural}"

    def make(self, seed: int) -> Sample:
        """The pictures and the truth of this seed."""
        try:
            return _leaves(seed, self.size) if self.kind == "leaves" else self._faces(seed)
        except Exception as error:
            why = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            raise MakeError(f"seed {seed} of {self} at {self.size} px: {why}") from error

    def _faces(self, seed: int) -> Sample:
        face = trombine.world.face(seed)
        vector = np.asarray(trombine.world.to_vector(face), np.float64)
        sides = tuple(_side(face, self.size, style) for style in self.styles)
        return Sample(seed=seed, sides=sides, vector=vector)

    @property
    def vector_names(self) -> tuple[str, ...]:
        """The names of the numbers in a sample's vector."""
        return tuple(trombine.world.VECTOR_NAMES) if self.kind == "world" else ()


def _side(face: trombine.world.Face, size: int, style: str) -> Side:
    painted = trombine.world.paint(face, size, style)
    points = np.round(painted.points.astype(np.float64), POINT_DECIMALS).astype(np.float32)
    return Side(
        style=style,
        pixels=painted.pixels,
        parts=painted.parts,
        points=points,
        visible=painted.visible,
    )


def _leaves(seed: int, size: int) -> Sample:
    from trombine.world.leaves import leaves

    return Sample(seed=seed, sides=(Side(style=None, pixels=leaves(seed, size)),))


@dataclass(frozen=True)
class MakeChunk:
    """The function workers run: the samples of a few seeds."""

    maker: Maker

    def __call__(self, seeds: Sequence[int]) -> list[Sample]:
        return [self.maker.make(seed) for seed in seeds]


def make_all(maker: Maker, seeds: Iterable[int], workers: int) -> Generator[Sample, None, None]:
    """The samples of the seeds, in their order, whatever the number of workers."""
    with closing(in_order(MakeChunk(maker), chunks(seeds, maker.size), workers)) as results:
        for samples in results:
            yield from samples


def chunks(seeds: Iterable[int], size: int) -> Iterator[tuple[int, ...]]:
    """The seeds in groups of a few tenths of a second's work, so that workers seldom wait."""
    several = max(1, min(16, 2**19 // size**2))
    rest = iter(seeds)
    while chunk := tuple(islice(rest, several)):
        yield chunk


@cache
def painter_hash() -> str:
    """A hash of the painters' own code: a pack of another painter's pictures is another pack."""
    package = Path(trombine.conventions.__file__).parent
    files = {"conventions.py": package / "conventions.py"}
    files |= {path.relative_to(package).as_posix(): path for path in package.glob("world/**/*.py")}
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + files[name].read_bytes() + b"\0")
    return digest.hexdigest()[:16]
