"""The layers of CycleGAN and U-GAT-IT against sums over single numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from trombine.nets import build
from trombine.nets.translator import Attention, MixedNorm, Translator

SOME = torch.rand(2, 6, 5, 4, generator=torch.Generator().manual_seed(0)) ** 2


def normalised(numbers: np.ndarray) -> np.ndarray:
    return (numbers - numbers.mean()) / np.sqrt(numbers.var() + 1e-5)


@pytest.mark.parametrize("logit", [-40.0, -1.0, 0.5, 40.0])
def test_each_channel_or_all_of_them(logit: float) -> None:
    share = 1 / (1 + np.exp(-logit))
    found = MixedNorm(6, logit)(SOME).detach().numpy()
    for picture, given in zip(found, SOME.numpy(), strict=True):
        own = np.stack([normalised(channel) for channel in given])
        wanted = share * own + (1 - share) * normalised(given)
        np.testing.assert_allclose(picture, wanted, atol=1e-5)


def test_what_tells_styles_apart_weighs() -> None:
    torch.manual_seed(0)
    layer = Attention(6)
    features, logits = layer(SOME)
    mean, largest = (part.weight.detach().numpy()[0] for part in (layer.mean, layer.largest))
    state = {name: number.numpy() for name, number in layer.join.state_dict().items()}
    weight, bias = state["weight"][..., 0, 0], state["bias"]
    for n, given in enumerate(SOME.numpy()):
        sums = [(mean * given.mean((1, 2))).sum(), (largest * given.max((1, 2))).sum()]
        np.testing.assert_allclose(logits[n].detach().numpy(), sums, rtol=1e-5)
        for row, column in np.ndindex(5, 4):
            pixel = given[:, row, column]
            joined = weight @ np.concatenate([pixel * mean, pixel * largest]) + bias
            found = features[n, :, row, column].detach().numpy()
            np.testing.assert_allclose(found, np.maximum(joined, 0), atol=1e-5)


@pytest.mark.parametrize("dilation", [1, 3])
def test_dilated_blocks_see_farther(dilation: int) -> None:
    """Of a block alone: 1 + dilation to each side."""
    net = build("translator", {"width": 4, "halvings": 1, "blocks": 1, "dilation": dilation})
    assert isinstance(net, Translator)
    block = net.body[0]
    block.norm = nn.Identity()  # which sees all
    x = torch.rand(1, 8, 31, 31, requires_grad=True)
    block(x)[0, :, 15, 15].sum().backward()
    assert x.grad is not None
    rows = x.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    assert (int(rows.min()), int(rows.max())) == (15 - 1 - dilation, 15 + 1 + dilation)
