"""The shipped reader in scenes: faces of all styles and sizes on leaves; and no faces."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trombine.core.conventions import PART_INDEX
from trombine.faces import read_faces, shared
from trombine.faces.scan import Corners
from trombine.models import load
from trombine.world import STYLES, face, paint
from trombine.world.fractals import fractal, paint_fractal
from trombine.world.leaves import leaves

SCENES, FACES, NONE = 4, 5, 8  # bench/reader.py has more
HEIGHT, WIDTH = 560, 900
FIRST = 1_300_000  # a seed for choosing, of which no net has learned
OUT = [PART_INDEX[name] for name in ("background", "hair", "hat", "cloth", "neck", "necklace")]


def scene(number: int) -> tuple[np.ndarray, list[Corners]]:
    """Five faces of 48 to 256 px on leaves, none over another, cut out along their outlines."""
    draw = np.random.default_rng(number)
    ground = np.concatenate([leaves(FIRST + 2 * number + k, 560) for k in (0, 1)], axis=1)
    pixels, boxes, squares = ground[:HEIGHT, :WIDTH].copy(), [], []
    while len(boxes) < FACES:
        size = round(48 * (256 / 48) ** draw.uniform())
        left, top = int(draw.integers(WIDTH - size)), int(draw.integers(HEIGHT - size))
        square = (left, top, left + size, top + size)
        if any(shared(square, other) > 0 for other in squares):
            continue
        squares.append(square)
        style = STYLES[int(draw.integers(len(STYLES)))]
        made = paint(face(FIRST + number * FACES + len(boxes)), size, style)
        there = made.parts != PART_INDEX["background"]
        pixels[top : top + size, left : left + size][there] = made.pixels[there]
        rows, columns = np.nonzero(~np.isin(made.parts, OUT))
        boxes.append(
            (
                float(left + columns.min()),
                float(top + rows.min()),
                float(left + columns.max() + 1),
                float(top + rows.max() + 1),
            )
        )
    return pixels, boxes


def found_in(pixels: np.ndarray) -> list[Corners]:
    picture = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
    return [one.box for one in read_faces(picture, load("reader", task="read"))]


@pytest.mark.long
def test_the_faces_of_a_crowd_are_found_and_hardly_anything_else() -> None:
    hit = more = 0
    for number in range(SCENES):
        pixels, boxes = scene(number)
        found = found_in(pixels)
        hit += sum(any(shared(box, one) >= 0.5 for one in found) for box in boxes)
        more += sum(all(shared(box, one) < 0.5 for box in boxes) for one in found)
    assert hit >= 0.95 * SCENES * FACES, f"{hit} of {SCENES * FACES}"
    assert more <= 0.02 * SCENES * FACES, f"{more} boxes of no face"


@pytest.mark.parametrize("kind", ["leaves", "fractals"])
def test_no_face_is_found_where_there_is_none(kind: str) -> None:
    paints = {
        "leaves": lambda seed: leaves(seed, 256),
        "fractals": lambda seed: paint_fractal(fractal(seed), 256),
    }
    found = [seed for seed in range(FIRST, FIRST + NONE) if found_in(paints[kind](seed))]
    assert not found
