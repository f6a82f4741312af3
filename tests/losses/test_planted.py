"""Bugs of losses and ranges that misled people who trained nets: planted again, and caught."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

from trombine.losses.terms import TERMS, ms_ssim
from trombine.nets.dcgan import DCGANDiscriminator, DCGANGenerator
from trombine.nets.vgg import VGG

Ours = Callable[[str, str], Callable[..., None]]


def caught(test: Callable[..., None], plant: Callable[[], None], **parameters: Any) -> None:
    """The test passes as things are, and fails once the bug is planted."""
    test(**parameters)
    plant()
    with pytest.raises(AssertionError):
        test(**parameters)


# --- features taken after the activation --------------------------------------------------------


def not_copied(net: nn.Module, x: torch.Tensor, layers: Iterable[str]) -> dict[str, torch.Tensor]:
    """The hook keeps the layer's own output, and the ReLU after it then works in place."""
    found: dict[str, torch.Tensor] = {}
    for name in layers:
        module = net.get_submodule(name)
        hook = module.register_forward_hook(
            lambda _m, _i, output, name=name: found.update({name: output})
        )
        net(x)
        hook.remove()
    return found


def test_features_that_the_activation_changed_in_place(
    ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = ours("losses/test_perceptual.py", "test_features_are_what_the_layer_gave")
    caught(test, lambda: monkeypatch.setitem(test.__globals__, "features", not_copied))


def one_layer_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """conv3_3 means what comes out of relu3_3: a list of layers that is off by one."""
    honest = VGG.__init__

    def planted(self: VGG, *, name: str = "vgg16", width: int = 64) -> None:
        honest(self, name=name, width=width)
        for layer in list(self.layers):
            if layer.startswith("conv"):
                self.layers[layer] = self.layers[layer.replace("conv", "relu")]

    monkeypatch.setattr(VGG, "__init__", planted)


def test_layers_of_a_vgg_that_are_off_by_one(ours: Ours, monkeypatch: pytest.MonkeyPatch) -> None:
    test = ours("losses/test_perceptual.py", "test_layers_of_a_vgg_have_the_names_of_the_papers")
    caught(test, lambda: one_layer_later(monkeypatch))


# --- MS-SSIM with the wrong sign, or of another range -------------------------------------------


@pytest.mark.parametrize(
    "name", ["test_a_term_is_least_for_the_truth", "test_going_down_the_slope_leads_to_the_truth"]
)
def test_likeness_that_is_made_smaller(
    name: str, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A net that minimises how alike two pictures are."""
    test = ours("losses/test_terms.py", name)
    plant = partial(monkeypatch.setitem, TERMS, "ms_ssim", lambda a, b: ms_ssim(a, b).mean())
    caught(test, plant, name="ms_ssim")


def test_likeness_of_pictures_in_another_range(ours: Ours, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its two constants are for [0, 1]: at 255 they do nothing, and flat places count as noise."""
    test = ours("oracles/test_losses.py", "test_ms_ssim_is_scipys")

    def planted(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return ms_ssim(255 * a, 255 * b)

    caught(test, lambda: monkeypatch.setitem(test.__globals__, "ms_ssim", planted), sides=(64, 64))


# --- pictures in [0, 1] against a net that ends in a tanh ---------------------------------------


def plain_tanh(self: DCGANGenerator, z: torch.Tensor) -> torch.Tensor:
    """[-1, 1] leaves the net: a discriminator tells it from a photograph by its range alone."""
    return torch.tanh(self.last(self.rise(self.first(z[:, :, None, None]))))


def test_a_generator_whose_pictures_are_a_tanhs(
    ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = ours("nets/test_dcgan.py", "test_a_last_layer_that_says_nothing_gives_grey")
    caught(test, lambda: monkeypatch.setattr(DCGANGenerator, "forward", plain_tanh))


def test_a_discriminator_that_looks_at_pictures_as_they_are(
    ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made for [-1, 1] and shown [0, 1]: grey is not its zero."""
    test = ours("nets/test_dcgan.py", "test_the_judge_looks_at_grey_as_zero")

    def planted(self: DCGANDiscriminator, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.fall(self.first(x)))[:, 0, 0, 0]

    caught(test, lambda: monkeypatch.setattr(DCGANDiscriminator, "forward", planted))
