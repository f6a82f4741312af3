"""The refiner: what is known goes on, at twice the size, of any picture."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import interpolate

from trombine.nets.faces import Refiner


@pytest.mark.parametrize(("height", "width"), [(32, 32), (31, 40), (6, 9), (33, 34)])
def test_without_a_say_of_its_own_it_enlarges_what_is_known(height: int, width: int) -> None:
    net = Refiner(width=4, head=4).eval()
    for parameter in net.parts.parameters():
        torch.nn.init.zeros_(parameter)
    half = (height + 1) // 2, (width + 1) // 2
    known = torch.rand(2, 19, *half, generator=torch.Generator().manual_seed(1)).softmax(1)
    with torch.no_grad():
        said = net(torch.rand(2, 3, height, width), parts=known)
    assert said.shape == (2, 19, height, width)
    expected = interpolate(known.log(), scale_factor=2, mode="bilinear")[..., :height, :width]
    inside = (..., slice(0, height - 2), slice(0, width - 2))  # beyond, what was padded comes in
    torch.testing.assert_close(said[inside], expected[inside], rtol=1e-4, atol=1e-5)


def test_what_is_sure_has_finite_logits_and_slopes() -> None:
    known = torch.zeros(1, 19, 8, 8)
    known[:, 3] = 1.0
    known.requires_grad_()
    said = Refiner(width=4, head=4)(torch.rand(1, 3, 16, 16), parts=known)
    said.sum().backward()
    assert said.isfinite().all() and known.grad is not None and known.grad.isfinite().all()
