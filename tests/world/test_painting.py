"""The painter: the same bytes wherever it runs, truth beside every picture, styles that differ."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from trombine.core.conventions import PART_INDEX, PARTS
from trombine.world import STYLES, face, paint


def digest(style: str, seeds: list[int]) -> str:
    """A hash of pictures and truth."""
    total = hashlib.sha256()
    for seed in seeds:
        painted = paint(face(seed), 64, style)
        for array in (painted.pixels, painted.parts, painted.points, painted.visible):
            total.update(array.tobytes())
    return total.hexdigest()


def test_another_process_and_another_order_give_the_same_bytes() -> None:
    program = (
        "import hashlib\n"
        "from trombine.world import STYLES, face, paint\n"
        "for style in reversed(STYLES):\n"
        "    found = {s: paint(face(s), 64, style) for s in (9, 3)}\n"
        "    total = hashlib.sha256()\n"
        "    for s in (3, 9):\n"
        "        p = found[s]\n"
        "        for a in (p.pixels, p.parts, p.points, p.visible):\n"
        "            total.update(a.tobytes())\n"
        "    print(style, total.hexdigest())\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    elsewhere = dict(line.split() for line in run.stdout.splitlines())
    assert elsewhere == {style: digest(style, [3, 9]) for style in STYLES}


@pytest.mark.parametrize(("style", "size"), list(zip(STYLES, (16, 17, 64, 200), strict=True)))
def test_shapes_and_types_at_any_size(style: str, size: int) -> None:
    painted = paint(face(21), size, style)
    assert painted.pixels.shape == (size, size, 3)
    assert painted.parts.shape == (size, size)
    assert painted.parts.max() < len(PARTS)
    assert painted.points.dtype == np.float32
    assert np.isfinite(painted.points).all()
    assert painted.visible.shape == (68,)


def test_other_sizes_and_styles_are_refused() -> None:
    for size in (15, 2049):
        with pytest.raises(ValueError, match="between 16 and 2048"):
            paint(face(0), size)
    with pytest.raises(ValueError, match="photo, anime, cartoon, sketch"):
        paint(face(0), 64, "oil")


def test_left_is_the_persons_left() -> None:
    painted = paint(face(31, yaw=0.0), 128)
    columns = {
        name: np.nonzero(painted.parts == PART_INDEX[name])[1].mean()
        for name in ("left_eye", "right_eye", "left_brow", "right_brow")
    }
    assert columns["left_eye"] > 64 > columns["right_eye"]
    assert columns["left_brow"] > 64 > columns["right_brow"]


def test_hidden_landmarks_are_those_that_something_lies_over() -> None:
    plain = face(50, glasses=0.0, hat=0.0, hair_length=0.15, fringe=0.0, beard=0.0, moustache=0.0)
    assert paint(plain, 64).visible[17:].all()
    dark = paint(face(50, glasses=1.0, glasses_tint=1.0, hat=0.0, fringe=0.0, hair_length=0.15), 64)
    assert not dark.visible[36:48].any()
    moustache = paint(face(50, moustache=1.0, glasses=0.0, yaw=0.0), 64)
    bare = paint(face(50, moustache=0.0, glasses=0.0, yaw=0.0), 64)
    assert moustache.visible[48:60].sum() <= bare.visible[48:60].sum()
