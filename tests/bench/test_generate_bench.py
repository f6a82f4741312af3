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


def test_without_a_model_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none(style: str, model: str) -> None:
        raise program.InputError("no model that invents comes with this trombine")

    monkeypatch.setattr(program, "model_of", none)
    monkeypatch.setattr(sys, "argv", ["bench/generate.py"])
    assert program.main() == 1
    shown = capsys.readouterr()
    assert "generate-anime: the model is here" in shown.out and "MISSED" in shown.out
    assert "no model that invents" in shown.err
    monkeypatch.setattr(sys, "argv", ["bench/generate.py", "--model", "no-such"])
    with pytest.raises(SystemExit, match="no model that invents"):
        program.main()
