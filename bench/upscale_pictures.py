"""The pictures on which enlargers are measured: public test pictures, the world's faces, leaves.

Here is which they are and how they are read or painted. What is done with them is in
upscale_quality.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import skimage.data
import torch
from evaluations import use
from table import ROOT

from trombine.core.conventions import to_picture
from trombine.io.image import load_picture
from trombine.world import face, paint
from trombine.world.leaves import leaves as leaves_of

SHARED: Final = ROOT.parent / "shared" / "data"  # not in the repository: may be missing
SIZE: Final = 256  # pixels a side, of faces and leaves
DRAWN: Final = ("anime", "cartoon", "sketch")  # in turn, by seed

# What scikit-image brings along that a camera, microscope, telescope or scanner took. Left out is
# what was drawn or computed (cell is computed from a hologram).
PHOTOGRAPHS: Final = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "chelsea.png",
    "clock_motion.png",
    "coffee.png",
    "coins.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "microaneurysms.png",
    "moon.png",
    "motorcycle_left.png",
    "motorcycle_right.png",
    "page.png",
    "retina.jpg",
    "rocket.jpg",
    "text.png",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pictures:
    """Whole pictures by name, 3 x H x W, grey ones 1 x H x W."""

    name: str  # for people
    truths: dict[str, torch.Tensor]
    seeds: range = range(0)  # none: from files


def set5() -> Pictures:
    """The five that papers on enlarging report on."""
    use("Set5")
    return from_files("Set5", sorted((SHARED / "set5").glob("*.png")))


def portraits() -> Pictures:
    """The 102 portraits that are for measuring only."""
    return from_files("portraits", test_portraits())


def test_portraits(count: int | None = None) -> list[Path]:
    """The files of those portraits, or of the first of them; none where the set is missing."""
    folder = SHARED / "portraits"
    names = (folder / "test.txt").read_text().split()[:count] if folder.exists() else []
    if names:
        use(f"portraits/test.txt: {len(names)}")
    return [folder / name for name in names]


def test_colour(kind: str) -> list[Path]:
    """The files in colour of faces, scenes or gb82 that are for measuring only."""
    folder = SHARED / "colour"
    names = [one for one in (folder / "test.txt").read_text().split() if one.startswith(f"{kind}/")]
    use(f"colour/test.txt: {len(names)} of {kind}")
    return [folder / name for name in names]


def photographs() -> Pictures:
    """Those that come with scikit-image."""
    folder = Path(skimage.data.__file__).parent
    paths = [folder / name for name in PHOTOGRAPHS]
    use("photographs of scikit-image")
    return from_files("photographs", paths)


def from_files(name: str, paths: Iterable[Path]) -> Pictures:
    """Pictures of files."""
    truths = {path.stem: _one(path) for path in paths}
    return Pictures(name=name, truths=truths)


def _one(path: Path) -> torch.Tensor:
    """A file's picture; one channel where all its pixels are grey, whatever its mode."""
    picture = to_picture(load_picture(path).rgb_pixels())
    grey = torch.equal(picture[:1], picture[1:2]) and torch.equal(picture[:1], picture[2:])
    return picture[:1].clone() if grey else picture


def faces(seeds: range) -> Pictures:
    """Faces of the world, painted like photographs."""
    return _painted("faces", seeds, ("photo",))


def drawings(seeds: range) -> Pictures:
    """Faces of the world, drawn in one style after the other."""
    return _painted("drawings", seeds, DRAWN)


def leaves(seeds: range) -> Pictures:
    """Pictures of overlapping shapes."""
    truths = {f"leaves {seed}": to_picture(leaves_of(seed, SIZE)) for seed in seeds}
    return Pictures(name="leaves", truths=truths, seeds=seeds)


def _painted(name: str, seeds: range, styles: tuple[str, ...]) -> Pictures:
    truths = {}
    for seed in seeds:
        style = styles[seed % len(styles)]
        truths[f"{style} {seed}"] = to_picture(paint(face(seed), SIZE, style).pixels)
    return Pictures(name=name, truths=truths, seeds=seeds)
