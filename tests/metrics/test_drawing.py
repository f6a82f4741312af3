"""Drawings are told from photographs: faces of every style, photographs, and what is neither."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from trombine.io.color import LUMA
from trombine.io.image import Picture, picture_of
from trombine.io.video import Frames
from trombine.metrics.drawing import (
    SAMPLES,
    WORKING_SIZE,
    _lines,
    _reduced,
    features,
    is_drawing,
)
from trombine.superres import enlarge
from trombine.superres.enlarge import DRAWINGS, model_for
from trombine.world import face, paint

Pixels = np.ndarray
DATA = Path(__file__).parents[3] / "shared" / "data"
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket", "camera", "coins", "moon", "brick")


def as_rgb(pixels: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(pixels).convert("RGB"))


def smaller(pixels: Pixels, factor: int) -> Pixels:
    height, width = (side // factor for side in pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))


def as_film(pixels: Pixels) -> Frames:
    return Frames(frames=(picture_of(pixels),))


def as_jpeg(pixels: Pixels, quality: int) -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


@pytest.mark.parametrize("style", ["photo", "anime", "cartoon", "sketch"])
def test_painted_faces(style: str) -> None:
    """Of 12 at each of three sizes at most one is mistaken; bench/upscale.py counts many.

    A small drawing is taken for one only where that is sure.
    """
    made = [
        paint(face(1_003_000 + 20 * size + number), size, style).pixels
        for size in (128, 160, 256)
        for number in range(12)
    ]
    mistaken = sum(is_drawing(one) != (style != "photo") for one in made)
    assert mistaken <= 1


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_photographs(name: str) -> None:
    """In each form that people have: small, as JPEG, in grey."""
    pixels = as_rgb(getattr(skimage.data, name)())
    for factor in (1, 2, 4):
        small = smaller(pixels, factor)
        for one in (small, as_jpeg(small, 90), as_jpeg(small, 75)):
            assert not is_drawing(one)
            assert not is_drawing(np.asarray(Image.fromarray(one).convert("L").convert("RGB")))


@pytest.mark.parametrize("folder", ["set5", "portraits"])
def test_test_pictures_are_photographs(folder: str) -> None:
    if not (DATA / folder).is_dir():
        pytest.skip(f"../shared/data/{folder} is not here")
    listed = DATA / folder / "test.txt"
    names = listed.read_text().split() if listed.is_file() else []
    files = [DATA / folder / name for name in names] or sorted((DATA / folder).glob("*.png"))
    mistaken = [f.name for f in files if is_drawing(as_rgb(np.asarray(Image.open(f))))]
    assert len(files) >= 5 and mistaken == []


@pytest.mark.parametrize("style", ["anime", "cartoon", "sketch"])
def test_a_small_drawn_face_is_told_by_a_reader(style: str) -> None:
    """Of 64 pixels most anime faces look too little like drawings for the rule alone."""
    small = [smaller(paint(face(1_003_400 + n), 256, style).pixels, 4) for n in range(8)]
    found = [model_for(as_film(one), 2)[0].name == DRAWINGS for one in small]
    assert sum(found) >= 7
    alone = [is_drawing(one) for one in small]
    assert style != "anime" or sum(alone) <= 3
    assert sum(is_drawing(one, in_doubt=lambda: False) for one in small) == sum(alone)


@pytest.mark.parametrize("style", ["photo", "real"])
def test_a_reader_calls_no_small_photograph_a_drawing(style: str) -> None:
    if style == "photo":
        small = [smaller(paint(face(1_003_500 + n), 256, style).pixels, 4) for n in range(8)]
    else:
        whole = [as_rgb(getattr(skimage.data, name)()) for name in PHOTOGRAPHS]
        small = [smaller(one, times) for one in whole for times in (2, 4, 7)]
    assert not [one for one in small if model_for(as_film(one), 2)[0].name == DRAWINGS]


def everywhere(tones: Pixels) -> Pixels:
    return np.ones(tones.shape, bool)


def line_art() -> Pixels:
    """Black rings on white, smooth at their edges."""
    y, x = np.mgrid[:300, :300]
    distance = np.abs(np.hypot(x - 150, y - 140) % 50 - 25)
    return np.repeat((255 * np.clip(distance - 1, 0, 1)).astype(np.uint8)[..., None], 3, axis=2)


def test_nothing_to_see_is_a_photograph() -> None:
    blank = np.full((200, 200, 3), 255, np.uint8)
    slope = np.linspace(0, 255, 300).astype(np.uint8)[None, :, None].repeat(200, 0).repeat(3, 2)
    assert not is_drawing(blank) and not is_drawing(slope)
    assert not is_drawing(np.zeros((1, 1, 3), np.uint8))
    assert not is_drawing(line_art()[:63])


def test_a_long_strip_is_told_by_its_middle() -> None:
    strip = np.tile(line_art()[:150], (1, 100, 1))
    assert strip.shape == (150, 30_000, 3) and is_drawing(strip)


# ---------------------------------------------------------------------------------------------
# What is visible


def disc(pixels: Pixels) -> Pixels:
    """What a round hole shows of a picture."""
    height, width = pixels.shape[:2]
    y, x = np.mgrid[:height, :width]
    return np.hypot((y - height / 2) / height, (x - width / 2) / width) < 0.4


@pytest.mark.parametrize("name", ["astronaut", "coins", "grass"])
@pytest.mark.parametrize("ground", [0, 255])
def test_a_photograph_that_is_cut_out(name: str, ground: int) -> None:
    pixels = as_rgb(getattr(skimage.data, name)())
    for factor in (1, 2):
        small = smaller(pixels, factor)
        visible = disc(small)
        cut = np.where(visible[..., None], small, np.uint8(ground))
        assert not is_drawing(cut, visible)
        assert not is_drawing(cut), "as far as can be told without being told"


@pytest.mark.parametrize("style", ["photo", "anime", "cartoon", "sketch"])
@pytest.mark.parametrize("ground", [0, 255])
def test_faces_that_are_cut_out(style: str, ground: int) -> None:
    """By the labels of the painted: what is of the person."""
    for number in range(3):
        painting = paint(face(1_003_000 + number), 128, style)
        visible = painting.parts > 0
        cut = np.where(visible[..., None], painting.pixels, np.uint8(ground))
        assert is_drawing(cut, visible) == is_drawing(cut) == (style != "photo")


def test_what_is_hidden_does_not_matter() -> None:
    """Noise or anything else behind what is visible leaves each number as it is."""
    pixels, draw = as_rgb(skimage.data.coffee())[:300, :300], np.random.default_rng(1)
    visible = disc(pixels)
    found = [
        features(np.where(visible, pixels @ LUMA, other).astype(np.float32), visible)
        for other in (0, 255, draw.integers(0, 256, visible.shape))
    ]
    assert np.array_equal(found[0], found[1]) and np.array_equal(found[0], found[2])
    art = line_art()
    assert is_drawing(np.where(disc(art)[..., None], art, pixels), disc(art))
    assert not is_drawing(art, np.zeros(art.shape[:2], bool)), "nothing at all"


def test_the_colours_behind_alpha_choose_no_net() -> None:
    photograph, art = as_rgb(skimage.data.coffee())[:300, :300], line_art()
    for inner, outer, family in (
        (photograph, art, enlarge.PHOTOGRAPHS),
        (art, photograph, enlarge.DRAWINGS),
    ):
        alpha = np.where(disc(art), 255, 0).astype(np.uint8)
        colours = np.where(disc(art)[..., None], inner, outer)
        image = Picture(samples=np.dstack([colours, alpha]))
        assert enlarge.model_for(Frames(frames=(image,)), 2)[0].name == family


@pytest.mark.parametrize("shape", [(1300, 700), (200, 5000), (3000, 33), (513, 512)])
def test_a_picture_is_looked_at_in_bounded_size(shape: tuple[int, int]) -> None:
    seen = _reduced(np.full((*shape, 3), 77, np.uint8), np.ones(shape, bool))[0]
    assert seen.shape[0] * seen.shape[1] <= WORKING_SIZE**2
    assert (seen == 77).all()


@pytest.mark.parametrize("side", [2, SAMPLES])
def test_blocks_up_to_four_are_averaged_exactly(side: int) -> None:
    """As a reshape and a mean, for a picture that is cut at its right and lower edge."""
    height, width = side * WORKING_SIZE - 3, side * WORKING_SIZE - 1
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    rows, columns = height // side, width // side
    cut = pixels[: rows * side, : columns * side].reshape(rows, side, columns, side, 3)
    reduced, kept = _reduced(pixels, pixels[..., 0] > 0)
    assert np.allclose(reduced, cut.mean(axis=(1, 3)))
    assert np.array_equal(kept, (cut[..., 0] > 0).all(axis=(1, 3)))


def test_lines_are_counted_by_their_tone() -> None:
    """The middle of one dark line among a hundred columns; turned over, of a light one."""
    tones = np.full((60, 104), 200, np.float32)
    tones[:, 50:53] = 100
    assert _lines(tones, everywhere(tones)) == pytest.approx((0.01, 0))
    assert _lines(255 - tones, everywhere(tones)) == pytest.approx((0, 0.01))
    assert _lines(tones.T.copy(), everywhere(tones.T)) == pytest.approx((0.01, 0))


def test_the_numbers_of_a_chessboard_as_by_hand() -> None:
    tones = np.zeros((66, 66), np.float32)
    tones[::2, ::2] = tones[1::2, 1::2] = 100
    numbers = features(tones, everywhere(tones))
    expected = [1, 0.003, 0.003, 402, 402, 64]  # two tones; each pixel is 100 off all four
    assert np.exp(numbers) == pytest.approx(expected)
