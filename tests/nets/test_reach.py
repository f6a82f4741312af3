"""How far a net looks, beside what moves when a pixel is pushed: no less, and no more."""

from __future__ import annotations

import pytest
import torch

from trombine.nets import NETS, Net, Size, build

# Any sizes, and what differs in how far it looks.
LOOKING: dict[str, tuple[str, dict[str, Size]]] = {
    "residual x1": ("residual", {"width": 6, "depth": 3, "factor": 1}),
    "residual x2": ("residual", {"width": 6, "depth": 1, "factor": 2}),
    "residual x3": ("residual", {"width": 6, "depth": 4, "factor": 3}),
    "residual x4": ("residual", {"width": 6, "depth": 2, "factor": 4}),
    "residual, as shipped": ("residual", {"width": 8, "depth": 12, "factor": 4}),
    "srresnet x2": ("srresnet", {"width": 4, "blocks": 1, "kernel": 9, "factor": 2}),
    "srresnet x3": ("srresnet", {"width": 4, "blocks": 2, "kernel": 5, "factor": 3}),
    "srresnet x4": ("srresnet", {"width": 4, "blocks": 1, "kernel": 3, "factor": 4}),
    "srresnet x4, no norm": ("srresnet", {"width": 4, "blocks": 2, "factor": 4, "norm": "none"}),
    "rrdb x2": ("rrdb", {"width": 4, "blocks": 1, "growth": 2, "factor": 2}),
    "rrdb x4": ("rrdb", {"width": 4, "blocks": 2, "growth": 2, "factor": 4}),
    "rrdb x8": ("rrdb", {"width": 4, "blocks": 1, "growth": 2, "factor": 8}),
    "srresnet x4, spectral": (
        "srresnet",
        {"width": 4, "blocks": 1, "factor": 4, "norm": "spectral"},
    ),
    "srresnet x8": ("srresnet", {"width": 4, "blocks": 1, "kernel": 1, "factor": 8}),
}


def stirred(name: str, sizes: dict[str, Size]) -> Net:
    """A net without a weight that is zero, in float64, where nothing drowns in rounding."""
    net = build(name, sizes).double().eval()
    with torch.no_grad():
        for number, parameter in enumerate(net.parameters()):
            generator = torch.Generator().manual_seed(number)
            drawn = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter += 0.1 * drawn
    return net


def looks_at(net: Net, side: int) -> int:
    """The farthest pixel of the input that moves any output pixel of the middle input pixel.

    By the slope of a sum of those outputs with respect to a whole picture of side x side pixels.
    """
    generator = torch.Generator().manual_seed(5)
    x = torch.rand(1, 3, side, side, generator=generator, dtype=torch.float64).requires_grad_()
    middle, f = side // 2, net.factor
    found = net(x)[0, :, middle * f : (middle + 1) * f, middle * f : (middle + 1) * f]
    weights = torch.rand(found.shape, generator=generator, dtype=torch.float64)  # none cancels
    (slope,) = torch.autograd.grad((weights * found).sum(), x)
    places = slope[0].abs().amax(0).nonzero() - middle
    return int(places.abs().max())


@pytest.mark.parametrize("name", LOOKING)
def test_a_net_looks_exactly_so_far(name: str) -> None:
    net = stirred(*LOOKING[name])
    assert net.reach is not None
    assert looks_at(net, 2 * net.reach + 9) == net.reach


@pytest.mark.parametrize("name", LOOKING)
def test_the_factor_is_that_of_the_result(name: str) -> None:
    net = stirred(*LOOKING[name])
    assert net(torch.rand(1, 3, 5, 7, dtype=torch.float64)).shape[-2:] == (
        5 * net.factor,
        7 * net.factor,
    )


def test_every_net_that_says_how_far_is_tried() -> None:
    says = {name for name in NETS if build(name, {}).reach is not None}
    assert says == {name for name, _ in LOOKING.values()}


def test_a_net_that_does_not_say_keeps_the_size() -> None:
    net = build("unet", {"width": 4})
    assert net.reach is None and net.factor == 1
