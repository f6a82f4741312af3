"""What degradations do to a face and to leaves: the presets, each kind alone, and an old print."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import UInt8

from trombine.conventions import to_picture, to_pixels
from trombine.data.degrade import Chain, degrade_one
from trombine.demo.amounts import Demo
from trombine.pages import Html, Page, fold, grid, picture
from trombine.world import face, paint

Pixels = UInt8[np.ndarray, "h w 3"]

FACE: Final = 258  # after the first seed, chosen by looking
PRESETS: Final = ("wild-x2", "wild-x4", "wilder-x4", "wild-x8", "old-photo")
PRINTS: Final = (0, 7, 12, 1)  # seeds of draws that differ much
# Each as strong as it must be to be seen at the size of a thumbnail.
SINGLES: Final[dict[str, str]] = {
    "Box blur": "blur:box:5",
    "Gaussian blur": "blur:gaussian:2",
    "A long Gaussian": "blur:long:4:1:30",
    "Motion blur": "blur:motion:10:30",
    "Smaller and back": "resize:0.3",
    "Four times smaller": "shrink:4",
    "Colour noise": "noise:gaussian:0.08",
    "Grey noise": "noise:grey:0.08",
    "Few photons": "noise:poisson:60",
    "A sensor's pattern": "noise:pattern:0.05:7",
    "JPEG of quality 12": "jpeg:12",
    "WebP of quality 5": "webp:5",
    "Faded": "fade:0.8",
    "Stained": "stains:0.9",
    "Scratched": "scratches:0.8",
    "Dusty": "dust:0.8",
    "Creased": "creases:0.7",
    "Torn": "torn:0.8",
}


def add_damage(demo: Demo, page: Page) -> None:
    """The presets on a face and on leaves, each degradation alone, and old prints, large."""
    from trombine.world.leaves import leaves  # compiles for seconds when first called

    person = paint(face(demo.first_seed + FACE), 2 * demo.small, "photo").pixels
    shapes = leaves(demo.first_seed + FACE, 2 * demo.small)
    page.section(
        "Pictures as they are found",
        "Nets that are to mend pictures learn from whole ones that were spoilt on purpose. A chain"
        " of degradations is one line of text; each picture draws its own from its seed. These are"
        " the chains that have names: of phones and web pages, and of albums.",
        _row(person, "a face", "As painted"),
        _row(shapes, "leaves", "As painted"),
        _prints(demo),
        _singles(paint(face(demo.first_seed + FACE), demo.small * 3 // 2, "photo").pixels),
    )


def degraded(pixels: Pixels, text: str, seed: int) -> UInt8[np.ndarray, "k l 3"]:
    """The picture after the chain that this text spells."""
    return to_pixels(degrade_one(to_picture(pixels), Chain.parse(text), seed))


def _row(pixels: Pixels, about: str, caption: str) -> Html:
    figures = [picture(pixels, f"{about}, whole", caption=caption)]
    for seed, name in enumerate(PRESETS):
        result = degraded(pixels, name, seed)
        small = len(result) < len(pixels)
        figures.append(picture(result, f"{about} after {name}", caption=name, crisp=small))
    return grid(figures, columns=len(figures), on_phone=3)


def _singles(pixels: Pixels) -> Html:
    figures = []
    for name, text in SINGLES.items():
        result = degraded(pixels, text, 4)
        small = len(result) < len(pixels)
        figures.append(picture(result, f"a face after {text}", caption=name, crisp=small))
    return fold("Each degradation alone", grid(figures, columns=6, on_phone=3))


def _prints(demo: Demo) -> Html:
    """Other people, so that it is seen what stays and what differs."""
    figures = []
    for number, draw in enumerate(PRINTS):
        seed = demo.first_seed + FACE + number
        result = degraded(paint(face(seed), demo.portrait, "photo").pixels, "old-photo", draw)
        alt = f"the face of seed {seed} as an old print"
        figures.append(picture(result, alt))
    return grid(figures, columns=4, title="Old prints: four draws of old-photo")
