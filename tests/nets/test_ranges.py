"""Pictures are [0, 1] outside; inside, the first convolution sees grey as zero, as its padding."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from trombine.nets import Size, build

NETS: dict[str, dict[str, Size]] = {
    "residual": {"width": 4, "depth": 1},
    "srresnet": {"width": 4, "blocks": 1},
    "rrdb": {"width": 4, "blocks": 1, "growth": 2},
    "srgan_discriminator": {"width": 4, "levels": 2, "hidden": 4},
    "dcgan_discriminator": {"width": 4, "size": 16},
    "pixel_discriminator": {"width": 4},
    "patch_discriminator": {"width": 4, "levels": 2},
    "encoder": {"width": 4, "levels": 2},
}


@pytest.mark.parametrize("name", NETS)
def test_the_first_convolution_sees_grey_as_zero(name: str) -> None:
    net = build(name, NETS[name])
    first = next(part for part in net.modules() if isinstance(part, nn.Conv2d))
    seen: list[torch.Tensor] = []
    first.register_forward_hook(lambda _, given, __: seen.append(given[0]))
    net(torch.full((1, 3, 16, 16), 0.5))
    net(torch.ones(1, 3, 16, 16))
    assert not seen[0].any() and bool((seen[1] > 0).all())
