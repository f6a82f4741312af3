"""The program that measures invented faces: its figures by closed forms, and no model."""

from __future__ import annotations

import generate as program
import numpy as np
import pytest
import torch

from trombine.world import face, paint


def test_real_faces_are_framed_as_the_nets_frame_theirs() -> None:
    (pixels,) = program.real_faces([7], "anime")
    assert np.array_equal(pixels, paint(face(7), 128, "anime").pixels[16:112, 16:112])


def test_irises_are_apart_by_their_colours() -> None:
    """Two discs within eyes of 18 pixels: of (40, 80, 120) and of (120, 80, 40)."""
    points = torch.zeros(2, 68, 2)
    pixels = np.full((2, 60, 90, 3), 200, np.uint8)
    for eye, x in ((slice(36, 42), 20), (slice(42, 48), 60)):
        points[:, eye] = torch.tensor(
            [[x - 9, 30], [x - 3, 27], [x + 3, 27], [x + 9, 30], [x + 3, 33], [x - 3, 33]]
        ).float()
    rows, columns = np.mgrid[:60, :90]
    for x, colour in ((20, (40, 80, 120)), (60, (120, 80, 40))):
        disc = (columns - x) ** 2 + (rows - 30) ** 2 <= 4**2
        pixels[0][disc] = colour
        pixels[1][disc] = (40, 80, 120)
    found = program.irises_apart(list(pixels), points)
    assert found == pytest.approx([160 / 241, 0], abs=1e-9)
