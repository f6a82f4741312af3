"""A photograph and a short film in other styles, to look at."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import UInt8

from trombine.conventions import to_picture
from trombine.demo.amounts import Demo
from trombine.images import as_seen, image_of
from trombine.inventing import PAINTER
from trombine.pages import Html, Page, grid, note, picture, scrubber
from trombine.reader import Tracker
from trombine.restyling.drawing import (
    LikeAsked,
    Restyling,
    faces_in,
    restyled,
    restyled_like,
)
from trombine.restyling.like import eye
from trombine.restyling.making import MODEL, model_of
from trombine.world import face, paint

Pixels = UInt8[np.ndarray, "h w 3"]

DRAWN: Final = ("anime", "cartoon", "sketch")
LIKE: Final = 811  # after the first seed: the drawing whose style is taken
MOST: Final = 9  # frames of the film
SIDE: Final = 256  # of its frames, in pixels
RATE: Final = 12  # of them a second


def add_restyling(demo: Demo, page: Page) -> None:
    """A face in each style in its scene, the scene like a drawing, and a film."""
    photo = _photograph()
    faces = faces_in(image_of(photo))
    cells = [picture(photo, "a photograph", caption="The photograph")]
    for style in DRAWN:
        drawn = restyled(image_of(photo), _asked(style), faces, "photo").image
        cells.append(picture(as_seen(drawn), f"drawn as {style}", caption=f"--to {style}"))
    drawing = paint(face(demo.first_seed + LIKE), SIDE, "sketch").pixels
    like = restyled_like(image_of(photo), LikeAsked(style=to_picture(drawing)), eye()).image
    cells += [
        picture(drawing, "a painted drawing", caption="A drawing"),
        picture(as_seen(like), "the photograph like the drawing", caption="--like the drawing"),
    ]
    page.section(
        "In another style",
        "trombine restyle draws a face anew, by a net that learned from painted people alone, and"
        " blends it into its scene; hair, glasses and where things are hold better than fine lines"
        " do. With --like it takes colours and strokes of any picture, without training, and all"
        " stays where it is. In films faces are followed.",
        grid(cells, columns=3, on_phone=2),
        _film(min(demo.frames, MOST)),
        note("The photograph comes with scikit-image; the drawing is painted."),
    )


def _asked(style: str) -> Restyling:
    return Restyling(path=model_of(MODEL), target=style, source="photo", method=PAINTER)


def _photograph() -> Pixels:
    from skimage.data import astronaut

    return np.ascontiguousarray(astronaut()[:384, 40:424])


def _film(count: int) -> Html:
    """The camera moves over the photograph; every frame, and what it becomes."""
    photo, tracker, before, after = _photograph(), Tracker(), [], []
    for number in range(count):
        left = round(64 + 40 * np.sin(2 * np.pi * number / count))
        frame = np.ascontiguousarray(photo[:SIDE, left : left + SIDE])
        faces = tracker.update(faces_in(image_of(frame)), number / RATE)
        steady = [tracked.face for tracked in faces]
        before.append(frame)
        after.append(as_seen(restyled(image_of(frame), _asked("anime"), steady, "photo").image))
    strips = [("A film", before), ("--to anime", after)]
    return scrubber(strips, label="a frame of a film", ends=("first", "last"))
