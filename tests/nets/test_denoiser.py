"""The denoiser: it begins by predicting nothing, is told the time, and sees the whole picture."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from trombine.nets import build
from trombine.nets.denoiser import Attention, waves


def test_waves_are_sines_and_cosines() -> None:
    t = torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64)
    found = waves(t, 5)
    speeds = [1000 ** (1 - k / 5) for k in range(5)]
    wanted = [
        [math.sin(s * v) for s in speeds] + [math.cos(s * v) for s in speeds] for v in t.tolist()
    ]
    torch.testing.assert_close(found, torch.tensor(wanted, dtype=torch.float64))


def test_attention_is_torchs() -> None:
    torch.manual_seed(0)
    part = Attention(8)
    x = torch.randn(2, 8, 3, 5)
    query, key, value = part.ask(part.norm(x)).flatten(2).transpose(1, 2).chunk(3, -1)
    taken = functional.scaled_dot_product_attention(query, key, value)
    wanted = x + part.give(taken.transpose(1, 2).reshape(2, 8, 3, 5))
    torch.testing.assert_close(part(x), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("side", [32, 48])
def test_every_pixel_sees_every_other(side: int) -> None:
    net = build("denoiser", {"width": 4, "levels": 3})
    torch.nn.init.normal_(dict(net.named_parameters())["last.weight"])
    x = torch.randn(1, 3, side, side, requires_grad=True)
    net(x, torch.tensor([0.5]))[0, 0, 0, 0].backward()
    assert x.grad is not None and x.grad[0, :, -1, -1].any()


def test_each_picture_is_told_its_own_time() -> None:
    net = build("denoiser", {"width": 8, "levels": 2})
    torch.nn.init.normal_(dict(net.named_parameters())["last.weight"])
    x = torch.randn(1, 3, 16, 16).expand(3, -1, -1, -1)
    found = net(x, torch.tensor([0.2, 0.2, 0.7])).detach()
    torch.testing.assert_close(found[0], found[1])
    assert float((found[0] - found[2]).abs().mean()) > 0.01
