"""PSNR and SSIM at their doors, and the protocol's hash."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from trombine.core.errors import InputError
from trombine.metrics import (
    Protocol,
    psnr,
    psnr_y,
    ssim,
)

CHOOSING = Protocol(
    name="a try",
    pictures="world:photo",
    seeds=range(1_000_000, 1_000_004),
    size=64,
    degradations=("shrunk 4 times as MATLAB, rounded to 8 bits",),
    measures=("PSNR", "SSIM"),
)


# PSNR and SSIM -------------------------------------------------------------------------------


def test_a_batch_is_measured_picture_by_picture() -> None:
    generator = torch.Generator().manual_seed(0)
    a = torch.rand(3, 3, 20, 24, generator=generator)
    b = torch.rand(3, 3, 20, 24, generator=generator)
    for measure in (psnr, ssim, lambda a, b: psnr_y(a, b, 2)):
        together = measure(a, b)
        assert together.shape == (3,)
        assert torch.equal(
            together, torch.stack([measure(x, y) for x, y in zip(a, b, strict=True)])
        )


def test_only_the_hole_counts() -> None:
    a = torch.zeros(3, 8, 8)
    b = a.clone()
    b[:, :4, :4] = 0.1  # inside
    b[:, 4:, 4:] = 1.0  # outside
    hole = torch.zeros(1, 8, 8)
    hole[:, :4, :4] = 1
    assert psnr(a, b, hole).item() == pytest.approx(20, abs=1e-5)
    with pytest.raises(InputError, match="empty hole"):
        psnr(a, b, torch.zeros(1, 8, 8))


def test_the_border_does_not_count() -> None:
    a = torch.full((3, 12, 12), 0.5)
    b = a.clone()
    b[..., :2], b[..., -2:], b[..., :2, :], b[..., -2:, :] = 0, 0, 0, 0
    assert psnr_y(a, b, 2).item() == float("inf")
    assert psnr_y(a, b, 1).item() < 30
    with pytest.raises(InputError, match="leaves nothing"):
        psnr_y(a, b, 6)


@pytest.mark.parametrize("measure", [psnr, ssim, lambda a, b: psnr_y(a, b, 1)])
def test_what_is_no_picture_is_refused(measure) -> None:
    good = torch.zeros(3, 16, 16)
    with pytest.raises(InputError, match="do not compare"):
        measure(good, torch.zeros(3, 16, 17))
    with pytest.raises(InputError, match="within"):
        measure(good, good + 1.5)


# Protocol ------------------------------------------------------------------------------------


def test_the_hash_is_written_down() -> None:
    """A change of the canonical form would orphan every number committed under a hash."""
    assert CHOOSING.hash == "6e3a3c40b9dd"
    assert len(CHOOSING.hash) == 12


@pytest.mark.parametrize(
    "change",
    [
        {"pictures": "world:anime"},
        {"seeds": range(1_000_000, 1_000_005)},
        {"size": 128},
        {"size": None},
        {"degradations": ("shrunk 4 times as Pillow, rounded to 8 bits",)},
        {"measures": ("SSIM", "PSNR", "PSNR-Y")},
        {"public": True},
        {"fingerprint": "00"},
    ],
)
def test_every_condition_changes_the_hash(change: dict) -> None:
    assert replace(CHOOSING, **change).hash != CHOOSING.hash
