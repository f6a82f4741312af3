"""The net of ESRGAN: wired as in the paper, and within bounds however deep."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch.nn import functional

from trombine.core.errors import InputError
from trombine.nets import Size, build, parameter_count


def test_that_of_the_paper_has_nearly_seventeen_million() -> None:
    with torch.device("meta"):
        assert 16_600_000 < parameter_count(build("rrdb", {})) < 16_800_000


def by_hand(w: Mapping[str, torch.Tensor], x: torch.Tensor, blocks: int) -> torch.Tensor:
    """The paper's figure 4, for four times."""

    def conv(name: str, x: torch.Tensor) -> torch.Tensor:
        return functional.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], padding=1)

    def leaky(x: torch.Tensor) -> torch.Tensor:
        return torch.where(x > 0, x, 0.2 * x)

    first = x = conv("head", x - 0.5)
    for block in range(blocks):
        inside = x
        for number in range(3):
            name, given = f"body.{block}.dense.{number}.convs", [inside]
            for place in range(4):
                given.append(leaky(conv(f"{name}.{place}", torch.cat(given, 1))))
            inside = inside + 0.2 * conv(f"{name}.4", torch.cat(given, 1))
        x = x + 0.2 * inside
    x = first + conv("join", x)
    for number in range(2):
        x = leaky(conv(f"rise.{number}.conv", x.repeat_interleave(2, 2).repeat_interleave(2, 3)))
    return conv("tail", leaky(conv("finish", x))) + 0.5


def test_it_is_wired_as_in_the_paper() -> None:
    net = build("rrdb", {"width": 5, "blocks": 2, "growth": 3, "factor": 4}).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    x = torch.rand(2, 3, 7, 9, dtype=torch.float64)
    torch.testing.assert_close(net(x), by_hand(net.state_dict(), x, 2))


def test_it_begins_within_bounds_however_deep() -> None:
    net = build("rrdb", {"width": 16, "blocks": 32, "growth": 8})
    found = net(torch.rand(4, 3, 12, 12)).detach()
    assert float((found - 0.5).abs().max()) < 1


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({"factor": 3}, "factor is one of 2, 4, 8, not 3"),
        ({"blocks": 0}, "blocks is 1 to 256, not 0"),
        ({"growth": 0}, "growth is 1 to .*, not 0"),
    ],
)
def test_what_it_cannot_be(sizes: dict[str, Size], said: str) -> None:
    with pytest.raises(InputError, match=f"^{said}$"):
        build("rrdb", sizes)
