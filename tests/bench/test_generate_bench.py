"""The program that measures invented faces: its figures by closed forms, and no model."""

from __future__ import annotations

import sys

import generate as program
import numpy as np
import pytest
import torch

from trombine.world import face, paint


def test_real_faces_are_framed_as_the_nets_frame_theirs() -> None:
    (pixels,) = program.real_faces([7], "anime")
    assert np.array_equal(pixels, paint(face(7), 128, "anime").pixels[16:112, 16:112])


def test_sharpness_is_the_mean_step() -> None:
    steps = np.zeros((4, 4, 3), np.uint8)
    steps[:, ::2] = 10  # a step of 10 across everywhere, none down
    assert program.sharpness([steps]) == pytest.approx(5)


def test_the_numbers_of_faces() -> None:
    true = program._true([3, 4])
    assert true[1, program._column("age")] == face(4).age
    assert torch.isfinite(true).all()


def test_a_model_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["bench/generate.py", "--model", "no-such"])
    with pytest.raises(SystemExit, match="neither a shipped model nor a file"):
        program.main()
