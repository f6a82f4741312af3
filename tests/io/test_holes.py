"""Holes by masks."""

from __future__ import annotations

import numpy as np
import pytest

from trombine.io.doors import Opened
from trombine.io.holes import WHITE, Hole, Mask, hole_in
from trombine.io.image import Picture, picture_of


def read(picture: Picture) -> Hole:
    mask = Mask(picture=picture, polarity=WHITE)
    return hole_in(Opened(value=mask, name="the mask"), (30, 40), "painted")


def test_a_grey_mask_is_read_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """In colours it would take twelve times the memory; what is found is the same."""
    grey = np.random.default_rng(0).choice(np.array([0, 60, 200, 255], np.uint8), (30, 40))
    colours = read(picture_of(grey[..., None].repeat(3, 2)))
    monkeypatch.delattr(Picture, "rgb_pixels")
    found = read(picture_of(grey))
    assert np.array_equal(found.mask, grey >= 128) and np.array_equal(colours.mask, found.mask)
