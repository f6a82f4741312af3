"""Holes of colours and of glasses: what is left of them beside a hole, and what stays."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw
from skimage import data as skimage_data

from trombine.core.conventions import PART_INDEX
from trombine.core.errors import InputError
from trombine.inpainting import masks
from trombine.io.image import load_picture, picture_of
from trombine.world import face, paint


def as_jpeg(picture: Pillow.Image, quality: int) -> np.ndarray:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return np.asarray(Pillow.open(file).convert("RGB"))


GLASSES = {"glasses": masks.HIDEABLE["glasses"]}


def colour_of(text: str) -> tuple[int, int, int]:
    where = masks.where_in(text)
    assert where is not None and where.colour is not None
    return where.colour


@pytest.mark.parametrize(("colour", "quality"), [("#ff00ff", 75), ("red", 90)])
def test_of_a_stroke_in_a_jpeg_nothing_is_left_beside_the_hole(colour: str, quality: int) -> None:
    """Beside the same JPEG without the stroke; what is left is what JPEG does to any edge."""
    photo = Pillow.fromarray(skimage_data.astronaut())
    painted = photo.copy()
    stroke = [(200, 100), (260, 170), (300, 120)]
    ImageDraw.Draw(painted).line(stroke, fill=colour, width=14)
    before, after = (as_jpeg(one, quality).astype(int) for one in (photo, painted))
    image = picture_of(after.astype(np.uint8))
    hole = masks.hole_of_colour(image, colour_of(colour))
    left = np.abs(after - before).max(-1)[~hole]
    assert left.max() < 60 and np.percentile(np.abs(after - before).max(-1)[hole], 60) > 60
    assert np.count_nonzero(hole) < 4200


def test_of_a_stroke_that_nothing_changed_the_rim_is_narrow() -> None:
    """Beside it the picture is as it was: no more of it is painted than need be."""
    pixels = skimage_data.astronaut().copy()
    pixels[100:120, 200:240] = (255, 0, 255)
    hole = masks.hole_of_colour(picture_of(pixels), colour_of("magenta"))
    assert np.count_nonzero(hole) <= 24 * 44 and hole[98:122, 200:240].all()


def test_a_mask_in_words() -> None:
    assert colour_of("magenta") == colour_of("#FF00ff") == (255, 0, 255)
    assert colour_of("Pink") == (255, 192, 203)
    words = masks.where_in("eyes, scratches")
    assert words == masks.Where(parts={"eyes": masks.HIDEABLE["eyes"]}, scratches="scratches")
    strong = masks.where_in("scratches=strong")
    assert strong is not None and strong.scratches == masks.STRONG
    with pytest.raises(InputError, match="did you mean scratches=strong"):
        masks.check_named("scratches=strog")
    for file in ("mask.png", "greenish", "eyes,mask.png", "masks/eyes", ""):
        assert masks.where_in(file) is None
    with pytest.raises(InputError, match="no file, part or colour eyez; did you mean eyes"):
        masks.check_named("nose,eyez")


def test_glasses_lie_where_landmarks_say() -> None:
    """Of painted faces, turned ones too: rims, bridge and arms are in it, and it is no mask of the
    whole face."""
    shares, covered = [], []
    for seed in range(1_480_000, 1_480_012):
        person = replace(face(seed), glasses=1.0, hat=0.0)
        painted = paint(person, 128, "photo")
        true = painted.parts == PART_INDEX["glasses"]
        where = masks.glasses(painted.points.astype(float), true.shape)
        shares.append((true & where).sum() / max(true.sum(), 1))
        covered.append(where.sum() / (painted.parts > 0).sum())
    assert np.mean(shares) > 0.95 and np.quantile(shares, 0.1) > 0.9
    assert max(covered) < 0.35


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, np.ndarray]:
    """A picture of two people, one with glasses; and the true parts."""
    people = [replace(face(1_480_006 + n), glasses=float(n), hat=0.0) for n in range(2)]
    painted = [paint(person, 160, "photo") for person in people]
    path = tmp_path / "two.png"
    Pillow.fromarray(np.concatenate([one.pixels for one in painted], 1)).save(path)
    return path, np.concatenate([one.parts for one in painted], 1)


def test_glasses_come_off_and_the_eyes_behind_them_stay(pair: tuple[Path, np.ndarray]) -> None:
    """Of the one who wears some; how many do is said."""
    path, parts = pair
    found = masks.hole_of_parts(load_picture(path), GLASSES)
    assert found.notices == ("glasses of 1 of 2 faces",)
    glasses, eyes = (
        np.isin(parts, [PART_INDEX[name] for name in names])
        for names in (("glasses",), ("left_eye", "right_eye"))
    )
    assert not found.mask[:, :160].any() and found.mask[glasses].mean() > 0.9
    assert found.mask[:, 160:][eyes[:, 160:]].mean() < 0.35
    assert found.mask.mean() < 0.1
