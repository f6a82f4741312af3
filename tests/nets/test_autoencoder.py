"""The encoder: how much there is of a channel, and where."""

from __future__ import annotations

import torch

from trombine.nets.autoencoder import moments


def test_moments_are_sums_over_pixels() -> None:
    x = torch.rand(2, 3, 4, 5, dtype=torch.float64)
    wanted = torch.zeros(2, 9, dtype=torch.float64)
    for row in range(4):
        for column in range(5):
            value = x[:, :, row, column] / 20
            wanted[:, 0:3] += value
            wanted[:, 3:6] += value * ((column + 0.5) / 5 * 2 - 1)
            wanted[:, 6:9] += value * ((row + 0.5) / 4 * 2 - 1)
    torch.testing.assert_close(moments(x), wanted)
