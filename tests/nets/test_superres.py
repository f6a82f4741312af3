"""Enlarging nets: wired as in their papers, within bounds at first, and how far they look."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch.nn import functional

from trombine.nets import NETS, Net, Size, build, has_batch_statistics, parameter_count
from trombine.nets.superres import Residual

Weights = Mapping[str, torch.Tensor]


def stirred(name: str, sizes: dict[str, Size]) -> Net:
    """A net without a weight that is zero, in float64, where nothing drowns in rounding."""
    net = build(name, sizes).double().eval()
    with torch.no_grad():
        for number, parameter in enumerate(net.parameters()):
            generator = torch.Generator().manual_seed(number)
            drawn = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter += 0.1 * drawn
    return net


# The papers' -----------------------------------------------------------------------------------


def counted(width: int, blocks: int, kernel: int, rises: tuple[int, ...], norm: str) -> int:
    """SRResNet's by hand: convolutions, a slope for each channel, and a scale and a shift of each
    norm."""
    ends = 2 * 3 * width * kernel**2 + width + 3  # the first and the last, and their biases
    after = 2 * width if norm == "batch" else width  # of a convolution: its norm, or its bias
    convolutions = (2 * blocks + 1) * (9 * width**2 + after)
    slopes = (1 + blocks + len(rises)) * width
    rising = sum(9 * width**2 * r**2 + width * r**2 for r in rises)
    return ends + convolutions + slopes + rising


@pytest.mark.parametrize(("factor", "rises"), [(2, (2,)), (3, (3,)), (4, (2, 2)), (8, (2, 2, 2))])
@pytest.mark.parametrize("norm", ["batch", "none"])
def test_srresnet_has_the_parameters_of_the_paper(
    factor: int, rises: tuple[int, ...], norm: str
) -> None:
    with torch.device("meta"):
        net = build("srresnet", {"factor": factor, "norm": norm})
    assert parameter_count(net) == counted(64, 16, 9, rises, norm)
    assert has_batch_statistics(net) == (norm == "batch")


def test_that_of_esrgan_has_nearly_seventeen_million() -> None:
    with torch.device("meta"):
        assert 16_600_000 < parameter_count(build("rrdb", {})) < 16_800_000


def conv(w: Weights, name: str, x: torch.Tensor) -> torch.Tensor:
    kernel = w[f"{name}.weight"]
    return functional.conv2d(x, kernel, w[f"{name}.bias"], padding=kernel.shape[-1] // 2)


def srresnet_by_hand(w: Weights, x: torch.Tensor) -> torch.Tensor:
    """The paper's figure 4, for four times, without normalisation."""

    def prelu(name: str, x: torch.Tensor) -> torch.Tensor:
        return torch.where(x > 0, x, w[f"{name}.weight"][:, None, None] * x)

    first = x = prelu("act", conv(w, "head", 2 * x - 1))
    for number in range(2):
        block = f"body.{number}"
        x = x + conv(w, f"{block}.conv2", prelu(f"{block}.act", conv(w, f"{block}.conv1", x)))
    x = first + conv(w, "join.conv", x)
    for number in range(2):
        x = functional.pixel_shuffle(conv(w, f"rise.{number}.conv", x), 2)
        x = prelu(f"rise.{number}.act", x)
    return (conv(w, "tail", x) + 1) / 2


def rrdb_by_hand(w: Weights, x: torch.Tensor) -> torch.Tensor:
    """The paper's figure 4, for four times."""

    def leaky(x: torch.Tensor) -> torch.Tensor:
        return torch.where(x > 0, x, 0.2 * x)

    first = x = conv(w, "head", x - 0.5)
    for block in range(2):
        inside = x
        for number in range(3):
            name, given = f"body.{block}.dense.{number}.convs", [inside]
            for place in range(4):
                given.append(leaky(conv(w, f"{name}.{place}", torch.cat(given, 1))))
            inside = inside + 0.2 * conv(w, f"{name}.4", torch.cat(given, 1))
        x = x + 0.2 * inside
    x = first + conv(w, "join", x)
    for number in range(2):
        x = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
        x = leaky(conv(w, f"rise.{number}.conv", x))
    return conv(w, "tail", leaky(conv(w, "finish", x))) + 0.5


@pytest.mark.parametrize(
    ("name", "sizes", "by_hand"),
    [
        ("srresnet", {"norm": "none"}, srresnet_by_hand),
        ("rrdb", {"growth": 3}, rrdb_by_hand),
    ],
)
def test_it_is_wired_as_in_the_paper(name: str, sizes: dict[str, Size], by_hand) -> None:
    net = stirred(name, {**sizes, "width": 5, "blocks": 2, "factor": 4})
    x = torch.rand(2, 3, 7, 9, dtype=torch.float64)
    torch.testing.assert_close(net(x), by_hand(net.state_dict(), x))


def test_norm_stands_after_each_convolution_of_the_body() -> None:
    """With statistics 0 and 1, scales 1 and shifts that are the biases, it is the net without."""
    sizes: dict[str, Size] = {"width": 4, "blocks": 2, "factor": 2}
    plain = stirred("srresnet", {**sizes, "norm": "none"})
    batch = build("srresnet", {**sizes, "norm": "batch"}).double().eval()
    tensors = dict(plain.state_dict())
    for name in [name for name in tensors if "conv" in name and name.endswith("bias")]:
        if not name.startswith("rise"):
            tensors[name.replace("conv", "norm")] = tensors.pop(name)
    missing, surplus = batch.load_state_dict(tensors, strict=False)
    assert not surplus and {name.rpartition(".")[2] for name in missing} <= {
        *("weight", "running_mean", "running_var", "num_batches_tracked")
    }
    x = torch.rand(1, 3, 6, 6, dtype=torch.float64)
    torch.testing.assert_close(batch(x), plain(x), rtol=1e-4, atol=5e-4)  # eps of the norm


def test_residual_begins_near_the_interpolated_picture() -> None:
    """And without its tail is that."""
    net = build("residual", {"factor": 3})
    assert isinstance(net, Residual)
    y, x = torch.meshgrid(torch.linspace(0, 3, 12), torch.linspace(0, 2, 20), indexing="ij")
    smooth = torch.stack([0.5 + 0.4 * torch.sin(x + k * y) for k in range(3)])[None]
    wanted = functional.interpolate(smooth, size=(36, 60), mode="bicubic", align_corners=False)
    error = net(smooth).detach() - wanted
    assert 0 < float(error.square().mean().sqrt()) < 0.05
    torch.nn.init.zeros_(net.tail.weight)
    torch.testing.assert_close(net(smooth).detach(), wanted)


# How they begin --------------------------------------------------------------------------------


# How far they look -----------------------------------------------------------------------------

# Any sizes, and what differs in how far it looks.
LOOKING: dict[str, tuple[str, dict[str, Size]]] = {
    "residual x1": ("residual", {"width": 4, "depth": 3, "factor": 1}),
    "residual x3": ("residual", {"width": 4, "depth": 4, "factor": 3}),
    "residual x4": ("residual", {"width": 4, "depth": 2, "factor": 4}),
    "srresnet x2": ("srresnet", {"width": 4, "blocks": 1, "kernel": 9, "factor": 2}),
    "srresnet x3": ("srresnet", {"width": 4, "blocks": 2, "kernel": 5, "factor": 3}),
    "srresnet x4": ("srresnet", {"width": 4, "blocks": 1, "kernel": 3, "factor": 4}),
    "srresnet x8": ("srresnet", {"width": 4, "blocks": 1, "kernel": 1, "factor": 8}),
    "rrdb x2": ("rrdb", {"width": 4, "blocks": 1, "growth": 2, "factor": 2}),
    "rrdb x8": ("rrdb", {"width": 4, "blocks": 1, "growth": 2, "factor": 8}),
}


@pytest.mark.parametrize("name", LOOKING)
def test_a_net_looks_exactly_so_far(name: str) -> None:
    """Beside the farthest pixel with a slope to any output pixel of the middle input pixel."""
    net = stirred(*LOOKING[name])
    assert net.reach is not None
    side, f = 2 * net.reach + 9, net.factor
    generator = torch.Generator().manual_seed(5)
    x = torch.rand(1, 3, side, side, generator=generator, dtype=torch.float64).requires_grad_()
    middle = slice(side // 2 * f, (side // 2 + 1) * f)
    found = net(x)[..., middle, middle]
    weights = torch.rand(found.shape, generator=generator, dtype=torch.float64)  # none cancels
    (slope,) = torch.autograd.grad((weights * found).sum(), x)
    places = slope[0].abs().amax(0).nonzero() - side // 2
    assert int(places.abs().max()) == net.reach


def test_every_net_that_says_how_far_is_tried() -> None:
    says = {name for name in NETS if build(name, {}).reach is not None}
    assert says == {name for name, _ in LOOKING.values()}, "say in LOOKING how far each looks"
