"""The patch discriminator: each logit sees one patch, and the patch is where it should be."""

from __future__ import annotations

import pytest
import torch

from trombine.nets import build


def reach(levels: int) -> int:
    """The side of the patch that one logit sees: 4 x 4 with stride 2, then twice 3 x 3."""
    side, step = 1, 1
    for _ in range(levels):
        side, step = side + 3 * step, 2 * step
    return side + 2 * 2 * step


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_a_logit_sees_its_patch_and_no_more(levels: int) -> None:
    net = build("patch_discriminator", {"width": 4, "levels": levels})
    x = torch.rand(1, 3, 96, 96, requires_grad=True)
    found = net(x)
    middle = found.shape[-1] // 2
    found[0, 0, middle, middle].backward()
    assert x.grad is not None
    rows = x.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    assert int(rows.max() - rows.min()) + 1 == reach(levels)
    centre = (middle + 0.5) * 2**levels - 0.5
    assert float(rows.float().mean()) == pytest.approx(centre, abs=1)


@pytest.mark.parametrize(("levels", "side"), [(1, 2), (3, 8), (3, 15)])
def test_small_pictures(levels: int, side: int) -> None:
    net = build("patch_discriminator", {"width": 4, "levels": levels, "inputs": 4})
    wanted = side // 2**levels
    assert net(torch.rand(2, 4, side, side)).shape == (2, 1, wanted, wanted)
