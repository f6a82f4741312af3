"""What every net that invents must do before it has learned anything."""

from __future__ import annotations

import pytest
import torch

from trombine.nets import NETS, Net, build

CASES = {
    "dcgan_generator": ("dcgan_generator", {"width": 16, "size": 32, "norm": "group"}),
    "dcgan_generator, batch": ("dcgan_generator", {"width": 16, "size": 32}),
    "dcgan_generator, none": ("dcgan_generator", {"width": 16, "size": 32, "norm": "none"}),
    "style_generator": ("style_generator", {"width": 16, "size": 32}),
    "style_generator, classes": ("style_generator", {"width": 16, "size": 32, "classes": 4}),
    "inventor": ("inventor", {"size": 32, "width": 8}),
}


def made(name: str) -> tuple[Net, torch.Tensor]:
    """A net as training sees it, and vectors for it."""
    kind, sizes = CASES[name]
    net = build(kind, sizes, seed=1)
    latent = int(net.sizes["latent"])
    return net, torch.randn(24, latent, generator=torch.Generator().manual_seed(2))


def test_all_that_generate_have_a_case() -> None:
    known = {name for name, kind in NETS.items() if "generate" in kind.tasks}
    assert known == {kind for kind, _ in CASES.values()}


@pytest.mark.parametrize("name", [name for name in CASES if name != "inventor"])
def test_hardly_a_sample_is_saturated(name: str) -> None:
    """Of nets that end in a tanh; the inventor's numbers may leave the range and come back."""
    net, z = made(name)
    with torch.no_grad():
        pictures = net(z)
    assert float(((pictures - 0.5).abs() > 0.498).float().mean()) < 0.02


@pytest.mark.parametrize("name", CASES)
def test_every_number_of_the_vector_matters(name: str) -> None:
    """But which class it is, which the largest of the last numbers says."""
    net, z = made(name)
    z = z.requires_grad_()
    net(z).square().sum().backward()
    assert z.grad is not None
    told = int(net.sizes.get("classes", 1))
    free = z.grad[:, : -told if told > 1 else None]
    assert bool((free.abs().amax(0) > 0).all())


@pytest.mark.parametrize("name", ["dcgan_generator, none", "style_generator"])
def test_shorter_vectors_make_pictures_that_are_more_alike(name: str) -> None:
    """So truncation means what it says; a norm of what a vector becomes would undo it."""
    net, z = made(name)
    with torch.no_grad():
        short, whole = (float(net(share * z).std(0).mean()) for share in (0.3, 1.0))
    assert short < 0.8 * whole
