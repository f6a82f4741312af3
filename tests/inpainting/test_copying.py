"""Textures put together from patches of the surroundings."""

from __future__ import annotations

import numpy as np

from trombine.core.tiles import Box
from trombine.inpainting.copying import copied
from trombine.inpainting.windows import patches


def stripes(side: int) -> np.ndarray:
    """Slanting stripes of two colours."""
    rows, columns = np.mgrid[:side, :side]
    light = ((columns + rows // 2) % 10 < 5)[..., None]
    return np.where(light, [0.9, 0.6, 0.2], [0.1, 0.2, 0.4]).astype(np.float32)


def test_a_texture_goes_on_in_colours_that_are_kept() -> None:
    """Stripes over a grey guess, by none but pixels that may be copied; the same for the same
    seed."""
    picture, hole = stripes(120), np.zeros((120, 120), bool)
    hole[40:80, 36:84] = True
    kept = ~hole
    kept[:, 100:] = False
    guess = np.where(hole[..., None], np.float32(0.5), picture)
    guess[:, 100:] = 0.75
    result, again = (copied(guess, hole, kept, 40.0, 3) for _ in range(2))
    assert result is not None and again is not None and np.array_equal(result, again)
    assert np.array_equal(result[~hole], guess[~hole])
    inside = result[hole]
    assert set(map(tuple, inside.tolist())) == set(map(tuple, picture[kept].tolist()))
    across = np.abs(np.diff(result[..., 0], axis=1))[45:75, 41:79].mean()
    assert 0.7 < across / np.abs(np.diff(picture[..., 0], axis=1)).mean() < 1.4, "as many edges"
    right = (result == picture).all(2)[hole].mean()
    assert right > 0.8, "and most where they belong"


def test_nothing_is_copied_where_too_little_is_kept() -> None:
    """A patch must be kept as a whole."""
    picture, hole = stripes(40), np.ones((40, 40), bool)
    hole[:6] = False
    assert copied(picture, hole, ~hole, 34.0, 0) is None


def test_thin_parts_of_a_hole_are_mended_finer_than_thick_ones() -> None:
    """A scratch that ends in a stain: of it only the stain is made smaller."""
    hole = np.zeros((400, 400), bool)
    hole[10:300, 200:210] = True
    rows, columns = np.mgrid[:400, :400]
    stain = np.hypot(rows - 300, columns - 205) < 40
    areas = {patch.window.scale: patch.area for patch in patches(hole | stain)}
    assert set(areas) == {1.0, min(areas)} and min(areas) < 0.5
    thick = areas[min(areas)]
    assert thick.box == Box(top=thick.box.top, left=166, bottom=340, right=245)
    assert 240 < thick.box.top <= 262 and thick.count >= stain.sum()
