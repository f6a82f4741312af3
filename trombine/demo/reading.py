"""What the reader says of crowds in each style, and of a photograph."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import UInt8

from trombine.conventions import PART_INDEX, to_picture
from trombine.demo.amounts import Demo
from trombine.pages import Html, Page, fold, grid, note, picture
from trombine.pages.overlays import draw_parts
from trombine.reader import Face, parts_map, read_faces
from trombine.readings.drawing import draw_landmarks
from trombine.weights import loaded
from trombine.world import STYLES, face, paint

Pixels = UInt8[np.ndarray, "h w 3"]

FIRST: Final = 700  # after the first seed
SIZES: Final = (1.0, 0.7, 1.0, 0.55, 0.8, 0.6)  # of the faces of a crowd, as parts of the largest


def add_reading(demo: Demo, page: Page) -> None:
    """Landmarks and parts, read from the picture alone."""
    page.section(
        "What is where in a face",
        "A small net finds faces and reads them: 68 landmarks, 19 parts, and what a face is like."
        " It learned from painted faces, whose truth is exact, and from photographs of which nobody"
        " told it anything. trombine read draws this for pictures of yours.",
        _row(_photograph(), "a photograph"),
        note("The photograph comes with scikit-image; the crowds are painted. Mistakes stay in."),
        fold(
            f"Painted crowds in {len(STYLES)} styles",
            *(
                _row(_crowd(demo, style, number), f"a crowd, {style}")
                for number, style in enumerate(STYLES)
            ),
        ),
    )


def _photograph() -> Pixels:
    from skimage.data import astronaut

    return np.ascontiguousarray(astronaut()[:320, 60:440])


def _crowd(demo: Demo, style: str, number: int) -> Pixels:
    """Six faces of several sizes on leaves, cut out along their outlines."""
    from trombine.world.leaves import leaves

    largest = demo.small * 4 // 3
    seed = demo.first_seed + FIRST + 10 * number
    scene = leaves(seed, 3 * largest)[: 2 * largest].copy()
    for place, share in enumerate(SIZES):
        size = round(share * largest)
        painted = paint(face(seed + place), size, style)
        top = largest * (place // 3) + (largest - size) // 2
        left = largest * (place % 3) + (largest - size) // 2
        foreground = painted.parts != PART_INDEX["background"]
        scene[top : top + size, left : left + size][foreground] = painted.pixels[foreground]
    return scene


def _row(pixels: Pixels, about: str) -> Html:
    """The picture, its landmarks, its parts."""
    faces: list[Face] = read_faces(to_picture(pixels), loaded("reader", task="read"))
    parts = parts_map(faces, *pixels.shape[:2], picture=to_picture(pixels))
    count = "1 face" if len(faces) == 1 else f"{len(faces)} faces"
    figures = [
        picture(pixels, about),
        picture(draw_landmarks(pixels, faces, 1.0), f"{about}: landmarks"),
        picture(draw_parts(pixels, parts), f"{about}: parts"),
    ]
    return grid(figures, columns=3, on_phone=1, title=f"{about[0].upper()}{about[1:]}: {count}")
