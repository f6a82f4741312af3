"""Truth that cannot be meant gets into no training; truth that is not known does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from trombine.data.made import Maker
from trombine.data.pack import Pack
from trombine.data.packing import write_pack
from trombine.objectives.read import coloured
from trombine.refusal import InputError


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A pack of two painted faces."""
    maker = Maker(kind="world", styles=("sketch",), size=16)
    list(write_pack(tmp_path / "pack", maker, first_seed=0, count=2, workers=1))
    return tmp_path / "pack"


@pytest.mark.parametrize(("name", "value"), [("parts", 19), ("points", np.nan), ("points", np.inf)])
def test_truth_that_cannot_be_meant_is_refused(name: str, value: float, pack: Path) -> None:
    """Labels that are none, and infinite or half unknown points."""
    file = pack / f"{name}.npy"
    numbers = np.load(file)
    numbers[(1, *([0] * (numbers.ndim - 1)))] = value
    np.save(file, numbers)
    opened = Pack(pack)
    with pytest.raises(InputError, match=file.name):
        opened.rows(np.array([0, 1]))
    assert opened.rows(np.array([0])), "the other picture is sound"


def test_truth_of_which_nothing_is_known_is_read(pack: Path) -> None:
    """What is written for unknown parts and points stays readable, and can be shown."""
    for name, value in (("parts", 255), ("points", np.nan)):
        numbers = np.load(pack / f"{name}.npy")
        numbers[1] = value
        np.save(pack / f"{name}.npy", numbers)
    rows = Pack(pack).rows(np.array([0, 1]))
    shown = coloured(torch.rand(2, 3, 16, 16), torch.from_numpy(rows["parts"]))
    assert shown.shape == (2, 3, 16, 16) and bool(shown.isfinite().all())
