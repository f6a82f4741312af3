"""Of pictures of all sizes and modes: outside the hole nothing changes, inside nearly all does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from PIL import ImageCms

from trombine.faces import Face
from trombine.inpainting import repairing
from trombine.inpainting.repairing import repaired
from trombine.io.image import Picture, decode, encode
from trombine.models import Model

COUNT = 50  # pictures of a mode: 350 in all
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _noise(rng: np.random.Generator, shape: Sequence[int], bits: int = 8) -> np.ndarray:
    dtype = np.uint8 if bits == 8 else np.uint16
    return rng.integers(0, 2**bits, shape, dtype)


def picture(mode: str, rng: np.random.Generator, height: int, width: int) -> Picture:
    """Noise of this mode."""
    size = height, width
    kinds = {
        "RGB": Picture(samples=_noise(rng, (*size, 3))),
        "RGB16": Picture(samples=_noise(rng, (*size, 3), 16)),
        "grey": Picture(samples=_noise(rng, (*size, 1))),
        "grey16": Picture(samples=_noise(rng, (*size, 1), 16)),
        "alpha": Picture(samples=_noise(rng, (*size, 4))),
        "alpha16": Picture(samples=_noise(rng, (*size, 4), 16)),
        "profile": Picture(samples=_noise(rng, (*size, 3)), profile=SRGB),
    }
    return kinds[mode]


MODES = ("RGB", "RGB16", "grey", "grey16", "alpha", "alpha16")


def hole_in(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A rectangle, an ellipse, or specks."""
    rows, columns = np.mgrid[:height, :width]
    kind = int(rng.integers(3))
    y, x = rng.random(2) * (height, width)
    down, across = 1 + rng.random(2) * (height, width) * rng.choice([0.05, 0.3])
    if kind == 0:
        return (np.abs(rows + 0.5 - y) <= down / 2 + 1) & (np.abs(columns + 0.5 - x) <= across)
    if kind == 1:
        return ((rows - y) / (down + 1)) ** 2 + ((columns - x) / (across + 1)) ** 2 <= 1
    return rng.random((height, width)) < 30 / (height * width)


def no_face(*_: object) -> list[Face]:
    return []


@pytest.mark.parametrize("mode", [*MODES, "profile"])
def test_outside_nothing_changes_and_inside_nearly_all(
    mode: str, plain: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every sample outside the hole is the input's, its transparency everywhere."""
    changed = whole = 0
    for number in range(COUNT):
        rng = np.random.default_rng([sum(mode.encode()), number])
        monkeypatch.setattr(repairing, "faces_in", LOOKING if number < 3 else no_face)
        most = 2000 if number == 0 else 500 if number < 4 else 120
        height, width = (int(16 * (most / 16) ** rng.random()) for _ in range(2))
        if number == 0:
            height = 2000
        image = picture(mode, rng, height, width)
        hole = hole_in(rng, height, width)
        if not hole.any():
            hole[height // 2, width // 2] = True
        result = repaired(image, hole, plain, seed=number).image
        result = decode(encode(replace(result, profile=image.profile), "PNG"))
        assert (result.mode, result.bits, result.profile) == (
            image.mode,
            image.bits,
            image.profile,
        )
        before, after = image.samples, result.samples
        assert np.array_equal(before[~hole], after[~hole])
        alphas = image.alpha(), result.alpha()
        assert alphas[0] is alphas[1] or np.array_equal(*alphas)  # pyright: ignore[reportArgumentType]
        visible = hole if alphas[0] is None else hole & (alphas[0] > 0.3)
        changed += int((before != after).any(-1)[visible].sum())
        whole += int(visible.sum())
    assert changed >= 0.95 * whole


LOOKING = repairing.faces_in
