"""bench/upscale_command.py on a few small pictures, and its measures by what is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import upscale_command
import upscale_pictures
import upscale_sharp
from upscale import Asked
from upscale_pictures import Pictures

SEEDS = range(2_000_000, 2_000_002)  # seeds whose use is not logged


def noise(side: int) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(0.5 + 0.1 * rng.standard_normal((3, side, side)).astype(np.float32))


def test_a_grid_is_energy_at_its_period() -> None:
    plain = noise(96)
    assert 0.7 < upscale_sharp.grid(plain) < 1.4
    wave = torch.tensor([0.1, 0.0, -0.1, 0.0]).repeat(24)
    assert upscale_sharp.grid(plain + wave) > 3


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Painted faces of 64 px stand for photographs, too."""
    monkeypatch.setattr(upscale_pictures, "SIZE", 64)
    faces: Pictures = upscale_pictures.faces(SEEDS)
    for name in ("photographs", "portraits"):
        monkeypatch.setattr(upscale_command, name, lambda: faces)
    monkeypatch.setattr(upscale_command, "there", lambda _: True)
    monkeypatch.setattr(upscale_command, "JPEG_QUALITIES", (80,))
    monkeypatch.setattr(upscale_command, "CLEANED", ("noise:gaussian:0.06",))


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("group", upscale_command.GROUPS)
def test_every_group_gives_rows_that_can_fail(group: str, tmp_path: Path) -> None:
    asked = Asked(seeds=SEEDS, log=tmp_path / "log.jsonl", protocols={})
    rows = list(upscale_command.GROUPS[group](asked))
    assert rows and asked.protocols
    assert all(np.isfinite(row.value) for row in rows)
    assert any(row.goal for row in rows)
    if group == "clean":
        assert all(row.value > 0.5 for row in rows), "noise is taken away"
    if group == "sharp":
        by_name = {row.name: row for row in rows}
        full, half = (
            by_name[f"faces x4, {about}: edge energy, median"].value
            for about in ("sharpness 1", "sharpness .5")
        )
        assert full > half > 0
