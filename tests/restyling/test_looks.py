"""In which style a face is drawn: a photograph in colours never is a sketch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageFilter, ImageOps

from trombine.io.image import picture_of
from trombine.metrics.drawing import is_colourful, is_drawing
from trombine.restyling.drawing import faces_in
from trombine.restyling.portrait import style_by_looks
from trombine.world import face, paint

SOMEBODY: Final = Image.fromarray(skimage.data.astronaut()[:280, 60:340])


def lighter(share: float, base: float) -> Callable[[Image.Image], Image.Image]:
    tones = [min(round(base + share * tone), 255) for tone in range(256)] * 3
    return lambda image: image.point(tones)


SPOILED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "as it is": lambda image: image,
    "overexposed": lighter(1.7, 10),
    "pastel": lighter(0.4, 150),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(2)),
    "few tones": lambda image: ImageOps.posterize(image, 3),
    "fewer tones": lambda image: ImageOps.posterize(image, 2),
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_photograph_in_any_light_is_one(how: str) -> None:
    (somebody,) = faces_in(picture_of(np.asarray(SPOILED[how](SOMEBODY))))
    assert somebody.style == "photo"


def test_what_the_reader_takes_for_a_sketch_is_none_in_colours() -> None:
    coloured = np.asarray(SPOILED["few tones"](SOMEBODY))
    (somebody,) = faces_in(picture_of(coloured))
    styles = {"photo": 0.04, "anime": 0.0, "cartoon": 0.0, "sketch": 0.96}
    taken = replace(somebody, style=None, styles=styles)
    assert is_drawing(coloured) and style_by_looks(taken, coloured) == "photo"
    grey = np.repeat(coloured.mean(2, keepdims=True).astype(np.uint8), 3, axis=2)
    assert is_drawing(grey) and style_by_looks(taken, grey) == "sketch"


@pytest.mark.parametrize("style", ["anime", "cartoon", "sketch"])
def test_painted_drawings_are_told(style: str) -> None:
    pixels = [paint(face(1_100_000 + seed), 256, style).pixels for seed in range(3)]
    assert [faces_in(picture_of(one))[0].style for one in pixels] == [style] * 3
    assert style != "sketch" or not any(map(is_colourful, pixels))
