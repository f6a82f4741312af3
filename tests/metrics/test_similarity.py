"""Edge energy by closed forms; PSNR and SSIM stand beside other libraries in tests/oracles."""

from __future__ import annotations

import torch

from trombine.metrics import edge_energy


def test_the_edge_energy_of_a_ramp_is_its_step_squared() -> None:
    ramp = (torch.arange(8.0) * 0.1).expand(1, 6, 8).contiguous()
    assert torch.allclose(edge_energy(ramp), torch.tensor(25.5**2, dtype=torch.float64))
    both = torch.stack([ramp, ramp.mT[:, :6, :].new_zeros(1, 6, 8)])
    assert torch.allclose(edge_energy(both), torch.tensor([25.5**2, 0.0], dtype=torch.float64))


def test_both_directions_count() -> None:
    board = torch.zeros(1, 4, 4)
    board[:, ::2, ::2] = board[:, 1::2, 1::2] = 1.0
    assert float(edge_energy(board)) == 2 * 255.0**2
