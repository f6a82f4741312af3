"""What lies under a hole changes nothing: not the result, nor what is read to make it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from trombine import inpaint
from trombine.inpainting.repairing import repaired
from trombine.io.image import Picture, decode, encode, load_picture, picture_of, save_picture
from trombine.models import Model

BLOCKS = 10
EACH = 50  # pictures of a block: 500 in all
KINDS = 5


def hole_in(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """One or two rectangles, or a line."""
    hole = np.zeros((height, width), bool)
    for _ in range(int(rng.integers(1, 3))):
        down, across = (int(rng.integers(2, max(3, side // 2))) for side in (height, width))
        down = down if rng.random() < 0.8 else 2
        top, left = int(rng.integers(0, height - down)), int(rng.integers(0, width - across))
        hole[top : top + down, left : left + across] = True
    return hole


def hide_face(rng: np.random.Generator) -> np.ndarray:
    """A part of the middle of a picture of 96 pixels."""
    hole = np.zeros((96, 96), bool)
    top, left = (int(value) for value in rng.integers(30, 50, 2))
    hole[top : top + int(rng.integers(8, 24)), left : left + int(rng.integers(12, 30))] = True
    return hole


def as_file(pixels: np.ndarray, kind: int) -> Picture:
    """The picture in one of KINDS kinds."""
    if kind == 1:
        return picture_of(pixels[..., 0])
    if kind == 2:
        return picture_of(pixels.astype(np.uint16) * 257)
    if kind == 3:
        opacity = np.full(pixels.shape[:2], 255, np.uint8)
        opacity[:2] = 0
        return picture_of(np.dstack([pixels, opacity]))
    if kind == 4:
        opacity = np.full(pixels.shape[:2], 200, np.uint8)
        return Picture(samples=np.dstack([pixels[..., 0], opacity]))
    return picture_of(pixels)


def check(
    pixels: np.ndarray, hole: np.ndarray, others: Sequence[np.ndarray], model: Model, kind: int = 0
) -> int:
    """The decoded result is the same whatever is put under the hole; how many faces were seen."""
    results, seen = [], 0
    for other in (pixels, *others):
        under = np.where(hole[..., None], other, pixels)
        repair = repaired(as_file(under, kind), hole, model, seed=3)
        results.append(decode(encode(repair.image, "PNG")))
        seen = len(repair.faces)
    for result in results[1:]:
        assert np.array_equal(results[0].samples, result.samples)
    return seen


@pytest.mark.parametrize("block", range(BLOCKS))
def test_what_lies_under_a_hole_changes_nothing(
    block: int, faces: list[np.ndarray], steered: Model, plain: Model
) -> None:
    """Noise, or another face, under the hole leaves the decoded result as it is."""
    seen = 0
    for number in range(EACH):
        rng = np.random.default_rng([block, number])
        if number < 5:
            pixels, other = faces[(block + number) % 8], faces[(block + number + 3) % 8]
            hole = hide_face(rng)
        else:
            shape = int(rng.integers(16, 40)), int(rng.integers(16, 40)), 3
            pixels, other = rng.integers(0, 256, (2, *shape)).astype(np.uint8)
            hole = hole_in(rng, *shape[:2])
        model = steered if number % 2 == 0 else plain
        seen += check(pixels, hole, [other], model, kind=number % KINDS)
    assert seen, "some of them are faces, which the reader sees"


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
