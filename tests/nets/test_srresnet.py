"""SRResNet: the paper's sizes and wiring, how far it looks, and that it begins within bounds."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch.nn import functional

from trombine.core.errors import InputError
from trombine.nets import Net, Size, build, has_batch_statistics, parameter_count
from trombine.nets.superres import SRResNet


def counted(width: int, blocks: int, kernel: int, rises: tuple[int, ...], norm: str) -> int:
    """By hand: convolutions, a slope for each channel, and a scale and a shift of each norm."""
    ends = 2 * 3 * width * kernel**2 + width + 3  # the first and the last, and their biases
    after = 2 * width if norm == "batch" else width  # of a convolution: its norm, or its bias
    convolutions = (2 * blocks + 1) * (9 * width**2 + after)
    slopes = (1 + blocks + len(rises)) * width
    rising = sum(9 * width**2 * r**2 + width * r**2 for r in rises)
    return ends + convolutions + slopes + rising


@pytest.mark.parametrize(("factor", "rises"), [(2, (2,)), (3, (3,)), (4, (2, 2)), (8, (2, 2, 2))])
@pytest.mark.parametrize("norm", ["batch", "none"])
def test_it_has_the_parameters_of_the_paper(factor: int, rises: tuple[int, ...], norm: str) -> None:
    with torch.device("meta"):
        net = build("srresnet", {"factor": factor, "norm": norm})
        small = build("srresnet", {"factor": factor, "norm": norm, "width": 8, "blocks": 3})
    assert parameter_count(net) == counted(64, 16, 9, rises, norm)
    assert parameter_count(small) == counted(8, 3, 9, rises, norm)
    assert has_batch_statistics(net) == (norm == "batch")


def test_that_of_the_paper_has_a_million_and_a_half() -> None:
    with torch.device("meta"):
        net = build("srresnet", {"factor": 4})
    assert 1_500_000 < parameter_count(net) < 1_600_000
    assert isinstance(net, SRResNet)
    shapes = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    assert [shapes[f"rise.{number}.conv.weight"] for number in (0, 1)] == 2 * [(256, 64, 3, 3)]
    assert tuple(net.head.weight.shape) == (64, 3, 9, 9)
    assert len(net.body) == 16


def by_hand(w: Mapping[str, torch.Tensor], x: torch.Tensor, blocks: int) -> torch.Tensor:
    """The paper's figure 4, for four times, without normalisation."""

    def conv(name: str, x: torch.Tensor) -> torch.Tensor:
        kernel = w[f"{name}.weight"]
        return functional.conv2d(x, kernel, w[f"{name}.bias"], padding=kernel.shape[-1] // 2)

    def prelu(name: str, x: torch.Tensor) -> torch.Tensor:
        return torch.where(x > 0, x, w[f"{name}.weight"][:, None, None] * x)

    first = x = prelu("act", conv("head", 2 * x - 1))
    for number in range(blocks):
        block = f"body.{number}"
        inside = prelu(f"{block}.act", conv(f"{block}.conv1", x))
        x = x + conv(f"{block}.conv2", inside)
    x = first + conv("join.conv", x)
    for number in range(2):
        x = conv(f"rise.{number}.conv", x)
        x = prelu(f"rise.{number}.act", functional.pixel_shuffle(x, 2))
    return (conv("tail", x) + 1) / 2


def test_it_is_wired_as_in_the_paper() -> None:
    net = build("srresnet", {"width": 5, "blocks": 3, "factor": 4, "norm": "none"}).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    x = torch.rand(2, 3, 7, 9, dtype=torch.float64)
    torch.testing.assert_close(net(x), by_hand(net.state_dict(), x, 3))


def test_norm_stands_after_each_convolution_of_the_body() -> None:
    """With statistics 0 and 1, scales 1 and shifts that are the biases, it is the net without."""
    sizes: dict[str, Size] = {"width": 4, "blocks": 2, "factor": 2}
    plain = build("srresnet", {**sizes, "norm": "none"}).double()
    batch = build("srresnet", {**sizes, "norm": "batch"}).double().eval()
    with torch.no_grad():
        for parameter in plain.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
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


def looked_at(net: Net, factor: int, side: int) -> tuple[list[int], list[int]]:
    """Rows and columns of the picture with a slope to any pixel that comes of the middle one."""
    x = torch.zeros(1, 3, side, side, dtype=torch.float64, requires_grad=True)
    middle = slice(side // 2 * factor, (side // 2 + 1) * factor)
    net(x)[..., middle, middle].sum().backward()
    assert x.grad is not None
    slopes = x.grad.abs().sum((0, 1))
    rows, columns = (slopes.sum(axis).nonzero().flatten().tolist() for axis in (1, 0))
    return rows, columns


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
@pytest.mark.parametrize(("kernel", "blocks"), [(1, 1), (3, 1), (5, 2), (9, 1), (15, 1)])
def test_its_reach_is_exact(factor: int, kernel: int, blocks: int) -> None:
    sizes: dict[str, Size] = {"width": 1, "kernel": kernel, "blocks": blocks, "factor": factor}
    net = build("srresnet", sizes).double().eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.fill_(0.1)  # all of one sign: nothing cancels
    assert isinstance(net, SRResNet)
    side = 2 * net.reach + 5
    wanted = list(range(side // 2 - net.reach, side // 2 + net.reach + 1))
    assert looked_at(net, factor, side) == (wanted, wanted)


@pytest.mark.parametrize("norm", ["batch", "none", "spectral"])
def test_it_begins_within_bounds_however_deep(norm: str) -> None:
    net = build("srresnet", {"width": 16, "blocks": 32, "factor": 4, "norm": norm})
    found = net(torch.rand(4, 3, 12, 12)).detach()
    assert 0.3 < float(found.mean()) < 0.7
    assert float((found - 0.5).abs().max()) < 1


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({"factor": 5}, "factor is one of 2, 3, 4, 8, not 5"),
        ({"factor": 1}, "factor is one of 2, 3, 4, 8, not 1"),
        ({"kernel": 8}, "kernel is odd, so that it has a middle; not 8"),
        ({"kernel": 33}, "kernel is 1 to 31, not 33"),
        ({"norm": "group"}, "norm is one of batch, none, spectral, not group"),
        ({"blocks": 0}, "blocks is 1 to 256, not 0"),
    ],
)
def test_what_it_cannot_be(sizes: dict[str, Size], said: str) -> None:
    with pytest.raises(InputError, match=f"^{said}$"):
        build("srresnet", sizes)
