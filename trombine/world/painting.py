"""A face to a picture and its truth.

`paint` draws; the labels come from the same signed distances, point by point, and the landmarks
from the same curves. What is where is decided in shape.py and kernel_layers.py, colours in
colours.py; the painters of the styles are kernel_photo.py, kernel_drawn.py and kernel_sketch.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy.ndimage import uniform_filter

from trombine.core.conventions import PART_INDEX
from trombine.world.colours import colours, lights_out_of_focus
from trombine.world.faces import Face
from trombine.world.shape import Shape, shape
from trombine.world.stylise import ROWS as INK_ROWS
from trombine.world.stylise import greys, inks

STYLES: Final = ("photo", "anime", "cartoon", "sketch")
SMALLEST, LARGEST = 16, 2048

Pixels = UInt8[np.ndarray, "size size 3"]
Layers = UInt8[np.ndarray, "size size"]

# The part of each layer that kernel_layers.top can name, in its order. A beard is hair.
PART_OF_LAYER: Final = np.array(
    [
        PART_INDEX[name]
        for name in (
            *("background", "hair", "neck", "cloth", "necklace", "right_ear", "left_ear", "skin"),
            *("nose", "right_eye", "left_eye", "right_brow", "left_brow", "mouth", "upper_lip"),
            *("lower_lip", "hair", "glasses", "hair", "hat", "earring"),
        )
    ],
    np.uint8,
)


@dataclass(frozen=True, kw_only=True)
class Painted:
    """A picture of a face with its exact truth."""

    pixels: UInt8[np.ndarray, "size size 3"]  # sRGB
    parts: UInt8[np.ndarray, "size size"]  # labels of conventions.PARTS
    points: Float[np.ndarray, "68 2"]  # x, y in pixels, iBUG's order
    visible: Bool[np.ndarray, "68"]  # not behind hair, hat, glasses, beard or the face's edge


@cache
def tone_curve() -> Float[np.ndarray, "4096"]:
    """Linear light to 8-bit values: a shoulder that keeps bright skin from clipping, then sRGB.

    Indexed by the root of a quarter of the light, so 4 is the brightest.
    """
    light = (np.linspace(0, 1, 4096) ** 2) * 4
    held = light * (1 + light / 2.6**2) / (1 + 0.72 * light)
    held = np.clip(held * 1.12, 0, 1)
    return 255 * np.where(held <= 0.0031308, 12.92 * held, 1.055 * held ** (1 / 2.4) - 0.055)


def samples_across(size: int) -> int:
    """Samples a pixel has across: small pictures need 2, where one pixel holds several edges."""
    return 2 if size <= 192 else 1


def points_of(form: Shape) -> tuple[Float[np.ndarray, "68 2"], Bool[np.ndarray, "68"]]:
    """The landmarks in picture sizes (0 to 1), and which can be seen."""
    from trombine.world.kernel_truth import landmarks

    points = np.empty((68, 2))
    visible = np.empty(68, np.bool_)
    landmarks(form.record, form.tables, form.bumps, form.seed, points, visible)
    return points, visible


def parts_of(form: Shape, size: int) -> UInt8[np.ndarray, "size size"]:
    """The parts of the picture of a form, without painting it."""
    from trombine.world.kernel_truth import label_layers

    layers = np.empty((size, size), np.uint8)
    label_layers(form.record, form.tables, form.bumps, form.seed, layers)
    return PART_OF_LAYER[layers]


def _photo(person: Face, form: Shape, style: str, pixels: Pixels, layers: Layers) -> None:
    from trombine.world.kernel_photo import paint_photo

    paint_photo(
        form.record,
        form.tables,
        form.bumps,
        form.shades,
        colours(person),
        lights_out_of_focus(person),
        tone_curve(),
        form.seed,
        form.ground_seed,
        samples_across(pixels.shape[0]),
        pixels,
        layers,
    )


def _drawn(person: Face, form: Shape, style: str, pixels: Pixels, layers: Layers) -> None:
    _ink(form, inks(person, style), pixels, layers)


def _ink(form: Shape, table: Float[np.ndarray, "rows 3"], pixels: Pixels, layers: Layers) -> None:
    from trombine.world.kernel_drawn import paint_drawn

    paint_drawn(
        form.record,
        form.tables,
        form.bumps,
        table,
        form.seed,
        form.ground_seed,
        pixels,
        layers,
    )


def _sketch(person: Face, form: Shape, style: str, pixels: Pixels, layers: Layers) -> None:
    from trombine.world.kernel_sketch import paint_sketch

    paint_sketch(
        form.record,
        form.tables,
        form.bumps,
        form.shades,
        greys(person),
        form.seed,
        2 if pixels.shape[0] <= 96 else 1,
        pixels,
        layers,
    )


# A painter fills pixels, and layers with what is on top at the centre of each.
PAINTERS: Final[dict[str, Callable[[Face, Shape, str, Pixels, Layers], None]]] = {
    "photo": _photo,
    "anime": _drawn,
    "cartoon": _drawn,
    "sketch": _sketch,
}


def paint(person: Face, size: int, style: str = "photo") -> Painted:
    """The picture of a face, size x size pixels, in a style, with its parts and landmarks."""
    if style not in STYLES:
        raise ValueError(f"a style is one of {', '.join(STYLES)}, not {style!r}")
    return painted(person, shape(person, style), size, style)


def painted(person: Face, form: Shape, size: int, style: str) -> Painted:
    """The same, of a form that is known."""
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(f"a size is between {SMALLEST} and {LARGEST} pixels, not {size}")
    pixels = np.empty((size, size, 3), np.uint8)
    layers = np.empty((size, size), np.uint8)
    PAINTERS[style](person, form, style, pixels, layers)
    points, visible = points_of(form)
    return Painted(
        pixels=pixels,
        parts=PART_OF_LAYER[layers],
        points=(points * size).astype(np.float32),
        visible=visible,
    )


def cut_out(
    person: Face, form: Shape, size: int, style: str
) -> tuple[Float[np.ndarray, "size size 3"], Float[np.ndarray, "size size"], Layers]:
    """A person without the ground: colours from 0 to 1 times the opacity, the opacity, and parts.

    Drawings before black and before white say how opaque each pixel is; of others, whose ground is
    never black, the labels do.
    """
    if style in ("anime", "cartoon"):
        bare = replace(form, record=form.record.copy())
        bare.record["ground_kind"] = 0.0
        before = []
        for ground in (0.0, 1.0):
            table = inks(person, style)
            table[[INK_ROWS.index(name) for name in ("ground", "ground2")]] = ground
            pixels, layers = np.empty((size, size, 3), np.uint8), np.empty((size, size), np.uint8)
            _ink(bare, table, pixels, layers)
            before.append(pixels / 255)
        opacity = np.clip(1 - (before[1] - before[0]).mean(2), 0, 1)
        return before[0], opacity, PART_OF_LAYER[layers]

    whole = painted(person, form, size, style)
    opacity = uniform_filter((whole.parts > 0).astype(np.float64), 3, mode="nearest")
    return whole.pixels / 255 * opacity[..., None], opacity, whole.parts
