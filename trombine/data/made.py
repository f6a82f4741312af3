"""What is made of a seed: pictures with their truth, still as NumPy arrays.

A Maker is what a `world:` or `leaves` term of a spec asks for, at a size. It is small and it
pickles, so workers get it whole; what it makes depends on the seed and on nothing else. KINDS is
the table of what can be made: faces, leaves, fractals, masks.
painting.py writes packs and folders of it, which keep the same numbers: points are rounded here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

import trombine
import trombine.world
from trombine.core.errors import InputError
from trombine.data.masks import draw_mask, listing_hash, parse_mix
from trombine.world import STYLES, fractals
from trombine.world.leaves import leaves

SIZES: Final = range(16, 2049)  # pixels, of a world's pictures
SEEDS: Final = range(2**31)  # what every column, record and reader holds exactly
POINT_DECIMALS: Final = 3  # a thousandth of a pixel


@dataclass(frozen=True, kw_only=True)
class Side:
    """One picture and its truth; only faces have parts and points."""

    style: str  # what this picture alone is of: "photo", "squares:3"; "" where there is no choice
    pixels: UInt8[np.ndarray, "h w 3"] | UInt8[np.ndarray, "h w"]  # masks are h x w, 0 and 255
    parts: UInt8[np.ndarray, "h w"] | None = None
    points: Float32[np.ndarray, "68 2"] | None = None
    visible: Bool[np.ndarray, "68"] | None = None


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What one seed makes: one side, or the two of a pair, and the numbers it is made from."""

    seed: int
    sides: tuple[Side, ...]
    vector: Float64[np.ndarray, "n"] | None = None
    says: Mapping[str, Any] = field(default_factory=dict)  # what else metadata.jsonl says of it


# Photos that are spelled as styles of the world: heads turned further, children.
PHOTOS: Final = {
    "posed": trombine.world.paint_posed,
    "children": trombine.world.paint_children,
}


@dataclass(frozen=True, kw_only=True)
class Maker:
    """What is made of each seed."""

    kind: str  # a name in KINDS
    styles: tuple[str, ...] = ()  # of a world: one, or two for pairs; of masks: the families
    size: int  # pixels, width and height

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise InputError(f"size is {SIZES[0]} to {SIZES[-1]} pixels, not {self.size!r}")
        KINDS[self.kind].check(self.styles)

    def __str__(self) -> str:
        return f"{self.kind}:{'+'.join(self.styles)}" if self.styles else self.kind

    @property
    def paired(self) -> bool:
        """Whether each seed makes two pictures."""
        return self.kind == "world" and len(self.styles) > 1

    @property
    def plural(self) -> str:
        """What its samples are called."""
        return "pairs of faces" if self.paired else KINDS[self.kind].plural

    def several(self, count: int) -> str:
        """So many of its samples, in words: 1 face, 4 faces."""
        one = "pair of faces" if self.paired else KINDS[self.kind].one
        return f"1 {one}" if count == 1 else f"{count} {self.plural}"

    def make(self, seed: int) -> Sample:
        """The pictures and the truth of this seed."""
        try:
            return KINDS[self.kind].make(self, seed)
        except Exception as error:
            error.add_note(f"of seed {seed} of {self} at {self.size} px")
            raise

    @property
    def vector_names(self) -> tuple[str, ...]:
        """The names of the numbers in a sample's vector."""
        return KINDS[self.kind].vector_names()


def _faces(maker: Maker, seed: int) -> Sample:
    style = maker.styles[0]
    if style in PHOTOS:
        painted, vector = PHOTOS[style](seed, maker.size)
        return Sample(seed=seed, sides=(_side(painted, style),), vector=vector)
    face = trombine.world.face(seed)
    vector = np.asarray(trombine.world.to_vector(face), np.float64)
    paint = trombine.world.paint
    sides = tuple(_side(paint(face, maker.size, style), style) for style in maker.styles)
    return Sample(seed=seed, sides=sides, vector=vector)


def _side(painted: trombine.world.Painted, style: str) -> Side:
    points = np.round(painted.points.astype(np.float64), POINT_DECIMALS).astype(np.float32)
    return Side(
        style=style,
        pixels=painted.pixels,
        parts=painted.parts,
        points=points,
        visible=painted.visible,
    )


def _leaves(maker: Maker, seed: int) -> Sample:
    return Sample(seed=seed, sides=(Side(style="", pixels=leaves(seed, maker.size)),))


def _masks(maker: Maker, seed: int) -> Sample:
    drawn = draw_mask(parse_mix("+".join(maker.styles)), seed, maker.size)
    side = Side(style=drawn.term, pixels=drawn.pixels)
    return Sample(seed=seed, sides=(side,), says={"family": drawn.family, "share": drawn.share})


def _files_of_masks(families: tuple[str, ...]) -> dict[str, str]:
    """Hashes of what the folders hold that masks are drawn from, if there are any."""
    paths = [term.path for term in parse_mix("+".join(families)) if term.path]
    return {"files": "+".join(map(listing_hash, paths))} if paths else {}


def _fractals(maker: Maker, seed: int) -> Sample:
    drawn = fractals.fractal(seed)
    side = Side(style="", pixels=fractals.paint_fractal(drawn, maker.size))
    return Sample(seed=seed, sides=(side,), vector=fractals.to_vector(drawn))


def check_styles(styles: tuple[str, ...]) -> None:
    if len(styles) == 1 and styles[0] in PHOTOS:
        return
    if not set(styles) <= set(STYLES):
        names = ", ".join((*STYLES, *PHOTOS))
        raise InputError(f"a style is one of {names}, two with + for pairs, not {'+'.join(styles)}")
    if len(styles) > 2 or len(set(styles)) < len(styles):
        raise InputError(f"a pair is of two different styles, not {'+'.join(styles)}")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What can be made of seeds."""

    one: str
    plural: str
    make: Callable[[Maker, int], Sample]
    check: Callable[[tuple[str, ...]], object] = lambda styles: None  # raises InputError
    vector_names: Callable[[], tuple[str, ...]] = tuple  # of the numbers in a sample's vector
    vector_key: str = ""  # under which metadata.jsonl has these numbers, by name
    styles_key: str = ""  # under which metadata.jsonl has the styles
    option: str = ""  # of the verb, that says a picture's style
    says: Callable[[tuple[str, ...]], Mapping[str, str]] = lambda styles: {}  # more, of the styles
    in_specs: bool = False  # a spec names it by its name alone, as `leaves`


KINDS: Final = {
    "world": Kind(
        one="face",
        plural="faces",
        make=_faces,
        check=check_styles,
        vector_names=lambda: tuple(trombine.world.VECTOR_NAMES),
        vector_key="face",
        styles_key="style",
        option="style",
    ),
    "leaves": Kind(one="picture of leaves", plural="leaves", make=_leaves, in_specs=True),
    "fractals": Kind(
        one="fractal",
        plural="fractals",
        make=_fractals,
        vector_names=lambda: fractals.VECTOR_NAMES,
        vector_key="fractal",
        in_specs=True,
    ),
    "masks": Kind(
        one="mask",
        plural="masks",
        make=_masks,
        check=lambda families: parse_mix("+".join(families)),
        styles_key="families",
        option="family",
        says=_files_of_masks,
    ),
}
# The keys of metadata.jsonl that hold numbers by name; a line has one at most.
VECTOR_KEYS: Final = tuple(kind.vector_key for kind in KINDS.values() if kind.vector_key)


@cache
def painter_hash() -> str:
    """A hash of the painters' own code: a pack of another painter's pictures is another pack."""
    package = Path(trombine.__file__).parent
    files = [package / "core" / "conventions.py", *package.glob("world/**/*.py")]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(
            path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0"
        )
    return digest.hexdigest()[:16]
