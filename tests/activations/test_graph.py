"""A net as a list of operations: what is left of it, and what is refused.

Its numbers are tested in a browser (tests/browser/test_microscope.py)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from trombine.activations.graph import trace
from trombine.activations.page import described
from trombine.core.errors import InputError
from trombine.models import Card, Model, load
from trombine.nets import build


def kinds(net: nn.Module, x: Tensor) -> list[str]:
    return [op["kind"] for op in trace(net.eval(), x).ops]


def test_normalisation_and_activation_are_of_the_convolution() -> None:
    first = nn.Conv2d(3, 4, 3)
    net = nn.Sequential(first, nn.BatchNorm2d(4), nn.SiLU())
    weight = first.weight.clone()
    assert kinds(net, torch.rand(1, 3, 5, 5)) == ["convolution"]
    assert torch.equal(weight, first.weight)  # the net stays as it is


def test_what_leads_to_another_output_is_left_out() -> None:
    class Two(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x * 2, torch.cumsum(x, 1)

    assert kinds(Two(), torch.rand(1, 2)) == ["pair"]


def test_a_weight_that_is_read_twice_is_written_once() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.one(self.one(x))

    graph = trace(Twice(), torch.rand(1, 4))
    assert sorted(tuple(t.shape) for _, t in graph.constants) == [(4,), (4, 4)]


def test_products_are_counted() -> None:
    graph = trace(nn.Conv2d(3, 5, 3, padding=1), torch.rand(1, 3, 6, 7))
    assert graph.products == 3 * 5 * 9 * 6 * 7
    graph = trace(nn.ConvTranspose2d(3, 5, 4, 2, 1), torch.rand(1, 3, 6, 7))
    assert graph.products == 3 * 5 * 16 * 6 * 7


@pytest.mark.parametrize(
    ("net", "says"),
    [
        (nn.Conv3d(1, 1, 1), "convolutions of other than planes"),
        (nn.MaxPool2d(2), "max_pool2d"),
        (nn.ReLU(inplace=True), "in place"),
        (nn.BatchNorm2d(2, track_running_stats=False), "what a batch holds"),
    ],
)
def test_other_operations_are_refused_in_a_line(net: nn.Module, says: str) -> None:
    x = torch.rand(1, 1, 2, 2, 2) if isinstance(net, nn.Conv3d) else torch.rand(1, 2, 4, 4)
    with pytest.raises(InputError, match=says) as refused:
        trace(net.eval(), x)
    assert "docs/models.md" in str(refused.value) and "\n" not in str(refused.value)


def test_nets_that_a_page_cannot_show_are_refused() -> None:
    with pytest.raises(InputError, match="leave --size out"):
        described(load("generate-anime"), 64)
    net = build("residual", {"width": 4, "depth": 1, "channels": 1})
    card = Card(task="upscale", net="residual", sizes=net.sizes)
    grey = Model(net=net, card=card, hash="", path=Path("grey.safetensors"))
    with pytest.raises(InputError, match="pictures without colours"):
        described(grey)
    large = replace(grey, net=build("residual", {"width": 256, "depth": 8}))
    with pytest.raises(InputError, match="a page holds 4,000,000"):
        described(large)


def test_it_sees_as_many_pixels_as_leave_time() -> None:
    fast, slow = described(load("upscale-fast-x2")), described(load("upscale-x2"))
    assert (fast["side"], slow["side"]) == (40, 20)
    assert described(load("inpaint"))["side"] == 40
    assert described(load("finder"), 72)["side"] == 72
