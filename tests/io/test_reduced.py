"""A JPEG decoded at a fraction of its size, against the whole one shrunk."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from PIL import Image as Pillow

from trombine.io.image import Picture, encode_png, from_pillow, load_picture

# A photograph with sides that no denominator divides.
PHOTO = Pillow.fromarray(skimage.data.astronaut()[:397, :509])


def jpeg(picture: Pillow.Image = PHOTO, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95, **options)
    return out.getvalue()


def turned(orientation: int) -> dict[str, Pillow.Exif]:
    exif = Pillow.Exif()
    exif[274] = orientation
    return {"exif": exif}


def decoded(data: bytes, least: int | None = None) -> Picture:
    return from_pillow(Pillow.open(io.BytesIO(data)), least=least)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    error = np.square(one.astype(np.float64) - other).mean()
    return 10 * math.log10(255**2 / error)


def shrunk(whole: Picture, by: int) -> np.ndarray:
    """The mean of each by x by block that is whole, from the side where the file starts."""
    height, width = whole.height // by * by, whole.width // by * by
    cut = whole.samples[:height, :width].astype(np.float64)
    return cut.reshape(height // by, by, width // by, by, -1).mean(axis=(1, 3))


@pytest.mark.parametrize(
    ("least", "reduced"),
    [(None, 1), (1000, 1), (199, 1), (198, 2), (99, 4), (1, 8)],
)
def test_the_smallest_that_is_large_enough(least: int | None, reduced: int) -> None:
    image = decoded(jpeg(), least)
    assert image.reduced == reduced
    assert (image.height, image.width) == (-(-397 // reduced), -(-509 // reduced))
    assert min(image.height, image.width) >= min(least or 1, 397)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("by", [2, 4, 8])
def test_it_is_the_whole_one_shrunk(mode: str, by: int) -> None:
    data = jpeg(PHOTO.convert(mode))
    whole, small = (decoded(data, least) for least in (None, 397 // by))
    assert (small.mode, small.reduced) == (mode, by)
    expected = shrunk(whole, by)
    found = small.samples[: expected.shape[0], : expected.shape[1]]
    assert psnr(found, expected) > 33
    # One pixel to the side is another picture: the figure above can fail.
    assert psnr(found[:, 1:], expected[:, :-1]) < 30


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (7, 9), (8, 8), (17, 16)])
def test_tiny_pictures(size: tuple[int, int]) -> None:
    image = decoded(jpeg(PHOTO.resize(size)), 1)
    assert (image.width, image.height) == tuple(-(-side // image.reduced) for side in size)
    assert image.reduced == max(by for by in (1, 2, 4, 8) if by <= min(size))


def test_other_formats_are_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode_png(np.asarray(PHOTO)))
    (tmp_path / "a.jpg").write_bytes(jpeg())
    assert load_picture(tmp_path / "a.png", least=50).samples.shape == (397, 509, 3)
    assert load_picture(tmp_path / "a.png", least=50).reduced == 1
    assert load_picture(tmp_path / "a.jpg", least=50).samples.shape == (100, 128, 3)


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_turned_picture_begins_where_the_whole_one_does(orientation: int) -> None:
    """What stands for fewer pixels comes last: the points of a picture are divided, no more."""
    odd = decoded(jpeg(PHOTO, **turned(orientation)), 20)
    assert odd.reduced == 1
    even = jpeg(PHOTO.crop((0, 0, 508, 396)), **turned(orientation))
    image, whole = decoded(even, 20), decoded(even)
    assert image.reduced == 4
    assert (4 * image.height, 4 * image.width) == (whole.height, whole.width)
    assert psnr(image.samples, shrunk(whole, 4)) > 35
