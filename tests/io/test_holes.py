"""Holes by masks."""

from __future__ import annotations

import numpy as np
import pytest

from trombine.io.holes import WHITE, masked
from trombine.io.image import Picture, picture_of


def test_a_grey_mask_is_read_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """In colours it would take twelve times the memory; what is found is the same."""
    grey = np.random.default_rng(0).choice(np.array([0, 60, 200, 255], np.uint8), (30, 40))
    colours = masked((30, 40), picture_of(grey[..., None].repeat(3, 2)), WHITE, "painted")
    monkeypatch.delattr(Picture, "rgb_pixels")
    found = masked((30, 40), picture_of(grey), WHITE, "painted")
    assert np.array_equal(found.mask, grey >= 128) and np.array_equal(colours.mask, found.mask)
