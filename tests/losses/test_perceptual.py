"""Features: those of the layer named, untouched by what follows; a judge that nothing changes."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from trombine.core.errors import InputError
from trombine.losses.terms import Judge, gram, refuse_witness
from trombine.nets.vgg import VGG, features


class Seen(nn.Module):
    """A small judge: two blocks whose activations work in place, batch norm between them."""

    def __init__(self) -> None:
        super().__init__()
        first = (nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(inplace=True))
        second = (nn.Conv2d(6, 4, 3, padding=1), nn.LeakyReLU(0.2, inplace=True))
        self.low = nn.Sequential(*first)
        self.norm = nn.BatchNorm2d(6)
        self.high = nn.Sequential(*second)
        self.unused = nn.Conv2d(3, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.high(self.norm(self.low(x)))


def judge() -> Seen:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = Seen().double()
        net(torch.rand(4, 3, 8, 8).double())  # so that batch norm has something to remember
    return net


def pictures(seed: int, n: int = 2) -> torch.Tensor:
    return torch.rand(n, 3, 12, 10, generator=torch.Generator().manual_seed(seed)).double()


# --- features -----------------------------------------------------------------------------------


def test_features_are_what_the_layer_gave() -> None:
    """Before the activation: half of them are below 0. By hand, from the same weights."""
    net = judge().eval()
    x = pictures(0)
    found = features(net, x, ["low.0", "high.0", "high"])
    state = net.state_dict()
    first = functional.conv2d(x, state["low.0.weight"], state["low.0.bias"], padding=1)
    assert torch.equal(found["low.0"], first)
    assert (found["low.0"] < 0).double().mean() > 0.2
    normed = net.norm(first.relu())
    second = functional.conv2d(normed, state["high.0.weight"], state["high.0.bias"], padding=1)
    assert torch.allclose(found["high.0"], second, atol=1e-14)
    assert torch.allclose(found["high"], functional.leaky_relu(second, 0.2), atol=1e-14)
    assert list(found) == ["low.0", "high.0", "high"]


def test_the_gradient_goes_through_to_the_picture() -> None:
    net = judge().eval()

    def value(x: torch.Tensor) -> torch.Tensor:
        return torch.stack(
            [f.square().mean() for f in features(net, x, ["low.0", "high.0"]).values()]
        )

    assert torch.autograd.gradcheck(value, pictures(1, 1)[..., :5, :5].requires_grad_())


def test_no_hook_is_left_behind() -> None:
    net = judge()
    features(net, pictures(2), ["low.0", "norm"])
    with pytest.raises(InputError):
        features(net, pictures(2), ["low.0", "unused"])
    with pytest.raises(RuntimeError):
        features(net, torch.zeros(1, 5, 4, 4).double(), ["low.0"])
    assert not any(module._forward_hooks for module in net.modules())


# --- the judge ----------------------------------------------------------------------------------


BOTH = ("perceptual", "gram")


def test_the_distance_by_hand() -> None:
    net = judge().eval()
    made, truth = pictures(4), pictures(5)
    layers = ("low.0", "high.0")
    ours, theirs = features(net, made, layers), features(net, truth, layers)
    found = Judge(net, layers)(made, truth, BOTH)
    expected = sum((ours[name] - theirs[name]).abs().mean().item() for name in layers)
    assert found["perceptual"].item() == pytest.approx(expected)
    grams = [(gram(ours[n]) - gram(theirs[n])).square().sum((1, 2)).mean().item() for n in layers]
    assert found["gram"].item() == pytest.approx(sum(grams))


@pytest.mark.parametrize("name", BOTH)
def test_it_is_least_for_the_truth_and_its_slope_is_right(name: str) -> None:
    truth, judging = pictures(6, 1), Judge(judge(), ("low.0", "high.0"))
    noise = torch.from_numpy(np.random.default_rng(0).normal(size=truth.shape))

    def term(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return judging(x, y, BOTH)[name]

    values = [term(truth + strength * noise, truth).item() for strength in (0, 0.01, 0.1, 1)]
    assert values[0] == 0 and values == sorted(set(values))
    made = (truth + 0.1 * noise)[..., :6, :6].requires_grad_()
    assert torch.autograd.gradcheck(lambda x: term(x, truth[..., :6, :6]), made, fast_mode=True)


def test_nothing_of_the_judge_learns_or_moves() -> None:
    """Nor does the net it was copied from, which may be learning elsewhere."""
    net = judge().train()
    before = copy.deepcopy(net.state_dict())
    term = Judge(net, ("high.0",))
    within = copy.deepcopy(term.net.state_dict())
    made = pictures(7).requires_grad_()
    torch.stack(list(term(made, pictures(8), BOTH).values())).sum().backward()
    assert made.grad is not None and made.grad.abs().sum() > 0
    for old, new in ((before, net.state_dict()), (within, term.net.state_dict())):
        assert all(torch.equal(old[key], new[key]) for key in old)
    assert all(p.grad is None for p in (*net.parameters(), *term.net.parameters()))
    assert not any(module.training for module in term.net.modules())
    assert net.training and all(p.requires_grad for p in net.parameters())


@pytest.mark.parametrize("name", BOTH)
def test_equal_slices_average_to_the_whole(name: str) -> None:
    term = Judge(judge(), ("low.0", "high.0"))
    made, truth = pictures(11, 6), pictures(12, 6)
    slices = [term(made[i : i + 2], truth[i : i + 2], BOTH)[name].item() for i in (0, 2, 4)]
    assert term(made, truth, BOTH)[name].item() == pytest.approx(sum(slices) / 3, rel=1e-12)


@pytest.mark.parametrize("name", ["witness", "witness-128", "models/witness.safetensors"])
def test_the_witness_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="judges finished work"):
        refuse_witness(name)
    refuse_witness("reader")
    refuse_witness("my-witnesses-folder/reader.safetensors")


# --- a VGG as the judge -------------------------------------------------------------------------


def test_layers_of_a_vgg_have_the_names_of_the_papers() -> None:
    """And nothing is computed after the last of them."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        net = VGG(name="vgg16", width=4)
    x = torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    found = features(net, x.repeat(1, 1, 2, 2), ["conv3_3", "features.14", "relu3_3"])
    assert torch.equal(found["conv3_3"], found["features.14"])
    assert found["conv3_3"].shape == (1, 16, 12, 12) and (found["conv3_3"] < 0).any()
    assert torch.equal(found["relu3_3"], found["conv3_3"].relu())
    term = Judge(net, ("conv1_2", "conv3_3"))
    assert len(term.net.get_submodule("features").state_dict()) == 14 and len(net.features) == 31
    made, truth = x.repeat(1, 1, 2, 2), x.flip(3).repeat(1, 1, 2, 2)
    ours, theirs = features(net, made, term.layers), features(net, truth, term.layers)
    expected = sum((ours[name] - theirs[name]).abs().mean().item() for name in term.layers)
    assert term(made, truth)["perceptual"].item() == pytest.approx(expected, rel=1e-6)
    with pytest.raises(InputError, match="this net has conv1_1, relu1_1"):
        features(net, x, ["conv9_9"])
