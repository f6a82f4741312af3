"""Outside a hole nothing changes; what lies under it changes nothing: not the result, nor what is
read to make it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageCms

from trombine import inpaint
from trombine.inpainting.masks import grown, hole_of_scratches
from trombine.inpainting.repairing import repaired
from trombine.io.image import Picture, decode, encode, load_picture, picture_of, save_picture
from trombine.models import Model
from trombine.nets import build

EACH = 14  # pictures of a mode: 98 in all
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
MODES = ("RGB", "RGB16", "grey", "grey16", "alpha", "grey alpha", "profile")


def picture(mode: str, pixels: np.ndarray) -> Picture:
    """RGB pixels in this mode; the upper rows of what has an alpha are transparent."""
    opacity = np.full((*pixels.shape[:2], 1), 200, np.uint8)
    opacity[:2] = 0
    samples = pixels[..., :1] if "grey" in mode else pixels
    samples = np.dstack([samples, opacity]) if "alpha" in mode else samples
    samples = samples.astype(np.uint16) * np.uint16(257) if "16" in mode else samples
    return Picture(samples=samples, profile=SRGB if mode == "profile" else None)


def hole_in(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A rectangle, an ellipse, or specks."""
    rows, columns = np.mgrid[:height, :width]
    kind = int(rng.integers(3))
    y, x = rng.random(2) * (height, width)
    down, across = 1 + rng.random(2) * (height, width) * rng.choice([0.05, 0.3])
    if kind == 0:
        hole = (np.abs(rows + 0.5 - y) <= down / 2 + 1) & (np.abs(columns + 0.5 - x) <= across)
    elif kind == 1:
        hole = ((rows - y) / (down + 1)) ** 2 + ((columns - x) / (across + 1)) ** 2 <= 1
    else:
        hole = rng.random((height, width)) < 30 / (height * width)
    hole[height // 2, width // 2] = True
    return hole


def on_face(rng: np.random.Generator) -> np.ndarray:
    """A part of the middle of a picture of 96 pixels."""
    hole = np.zeros((96, 96), bool)
    top, left = (int(value) for value in rng.integers(30, 50, 2))
    hole[top : top + int(rng.integers(8, 24)), left : left + int(rng.integers(12, 30))] = True
    return hole


@pytest.mark.parametrize("mode", MODES)
def test_what_lies_under_a_hole_changes_nothing(
    mode: str, faces: list[np.ndarray], steered: Model, plain: Model
) -> None:
    """Noise, or another face, under the hole or where nothing is visible leaves the decoded result
    as it is; every sample outside is the input's, transparency everywhere, nearly none inside."""
    seen = changed = whole = 0
    for number in range(EACH):
        rng = np.random.default_rng([sum(mode.encode()), number])
        if number < 3:
            pixels, other, hole = faces[number], faces[number + 3], on_face(rng)
        else:
            most = 500 if number == 3 else 60
            height, width = (int(16 * (most / 16) ** rng.random()) for _ in range(2))
            pixels, other = rng.integers(0, 256, (2, height, width, 3), np.uint8)
            hole = hole_in(rng, height, width)
        unseen = hole.copy()
        unseen[:2] |= "alpha" in mode
        painted, alphas = [], []
        for under in (np.where(unseen[..., None], other, pixels), pixels):
            image = picture(mode, under)
            repair = repaired(image, hole, (steered, plain)[number % 2], seed=number)
            result = decode(encode(replace(repair.image, profile=image.profile), "PNG"))
            assert (result.mode, result.bits) == (image.mode, image.bits)
            assert result.profile == image.profile
            assert np.array_equal(image.samples[~hole], result.samples[~hole])
            painted.append(result.samples[hole])
            alphas.append(result.alpha())
            seen += len(repair.faces)
        assert np.array_equal(*painted)
        alpha = image.alpha()
        assert alpha is None or all(np.array_equal(alpha, after) for after in alphas)
        if number >= 3:
            visible = hole if alpha is None else hole & (alpha > 0.3)
            changed += int((image.samples != result.samples).any(-1)[visible].sum())
            whole += int(visible.sum())
    assert seen, "some of them are faces, which the reader sees"
    assert changed >= 0.95 * whole


def test_the_verb_sees_nothing_under_a_hole(
    faces: list[np.ndarray], model_file: Path, tmp_path: Path
) -> None:
    """Through files too: mask, result, parts and landmarks that are written."""
    hole = np.zeros((96, 96), bool)
    hole[40:60, 30:62] = True
    save_picture(tmp_path / "m.png", np.where(hole, 255, 0).astype(np.uint8))
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3)).astype(np.uint8)
    for name, other in {"a": faces[0], "b": faces[1], "c": noise}.items():
        save_picture(tmp_path / name / "p.png", np.where(hole[..., None], other, faces[0]))
        inpaint(
            tmp_path / name / "p.png",
            mask=tmp_path / "m.png",
            model=model_file,
            write_parts=True,
            write_points=True,
            output=tmp_path / name / "out.png",
        )
    for file in ("out.png", "out.parts.png"):
        first = load_picture(tmp_path / "a" / file).samples
        assert all(np.array_equal(first, load_picture(tmp_path / n / file).samples) for n in "bc")
    points = [(tmp_path / name / "out.points.json").read_text() for name in "abc"]
    lists = [text.partition('"record"')[0] for text in points]
    assert lists[0] == lists[1] == lists[2]
    assert '"points": [' in lists[0], "there is a face"


def test_a_painter_that_takes_noise_away_sees_nothing_under_a_hole(
    faces: list[np.ndarray], plain: Model
) -> None:
    net = build("diffusion_painter", {"width": 4, "levels": 2, "points": True, "steps": 2}).eval()
    model = replace(plain, net=net, card=replace(plain.card, net="diffusion_painter"))
    hole = np.zeros((96, 96), bool)
    hole[40:60, 30:62] = True
    made = [
        repaired(picture_of(np.where(hole[..., None], other, faces[0])), hole, model, seed=3)
        for other in faces[:3]
    ]
    first, *others = (one.image.samples for one in made)
    assert made[0].faces and (first[hole] != faces[0][hole]).any()
    assert all(np.array_equal(first, other) for other in others)


def test_scratches_are_not_sought_under_a_mask(
    faces: list[np.ndarray], plain: Model, tmp_path: Path
) -> None:
    """Lines, noise or another face there: the same hole, and the same result."""
    drawn = np.zeros((96, 96), bool)
    drawn[40:60, 30:62] = True
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3)).astype(np.uint8)
    lines = np.full_like(noise, 90)
    lines[::9], lines[:, ::7] = 255, 255
    shown = faces[0].copy()
    shown[:, 12:14] = 255  # a scratch that is seen
    for grow in (0, 3):
        under = grown(drawn, grow)
        pictures = [
            picture_of(np.where(under[..., None], other, shown))
            for other in (shown, faces[1], noise, lines)
        ]
        first, *others = (hole_of_scratches(one, under).mask | under for one in pictures)
        assert (first & ~under).any(), "what is seen is found"
        assert all(np.array_equal(first, other) for other in others)
        result, *more = (repaired(one, first, plain).image.samples for one in pictures)
        assert all(np.array_equal(result, one) for one in more)


def test_a_picture_that_is_all_mask_shows_no_scratches(plain: Model) -> None:
    black = picture_of(np.zeros((24, 24, 3), np.uint8))
    assert hole_of_scratches(black, np.ones((24, 24), bool)).mask.all()


def test_nothing_shines_through_a_pictures_own_transparency(
    faces: list[np.ndarray], model_file: Path, tmp_path: Path
) -> None:
    """Colours that stay in a file below what is transparent are the hole's, which nobody sees."""
    opacity = np.full((96, 96), 255, np.uint8)
    opacity[40:60, 30:62] = 0
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3)).astype(np.uint8)
    for name, other in {"a": faces[0], "b": faces[1], "c": noise}.items():
        pixels = np.where(opacity[..., None] == 0, other, faces[0])
        save_picture(tmp_path / f"{name}.png", np.dstack([pixels, opacity]))
    pictures = [tmp_path / f"{name}.png" for name in "abc"]
    inpaint(pictures, model=model_file, output=tmp_path / "out")
    first, *others = (load_picture(tmp_path / "out" / f"{name}.png") for name in "abc")
    assert all(np.array_equal(first.samples, other.samples) for other in others)
    alpha = first.alpha()
    assert alpha is None or bool((alpha == 1).all()), "what was a hole is there now"
