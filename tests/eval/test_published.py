"""Published nets as judges, from small files that the tests make, against the papers' formulas."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from trombine.core.errors import InputError
from trombine.eval.published import feature_net, judging_nets
from trombine.nets.vgg import BLOCKS, VGG

WIDTH = 2
LAYERS = (2, 4, 7, 10, 13)  # how many convolutions stand before each of LPIPS's layers


def vgg_file(path: Path, name: str = "vgg16") -> Path:
    torch.manual_seed(0)
    torch.save(VGG(name=name, width=WIDTH).state_dict(), path)
    return path


def lpips_file(path: Path) -> Path:
    generator = torch.Generator().manual_seed(1)
    sizes = [WIDTH * k for k in (1, 2, 4, 8, 8)]
    weights = {
        f"lin{k}.model.1.weight": torch.rand(1, size, 1, 1, generator=generator)
        for k, size in enumerate(sizes)
    }
    torch.save(weights, path)
    return path


class Scripted(nn.Module):
    """What a TorchScript file of FID's Inception takes and gives."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor([1.0, 2.0, 4.0]))

    def forward(self, img: torch.Tensor, return_features: bool = False) -> torch.Tensor:
        assert return_features
        return img.mean((2, 3)) * self.scale


def inception_file(path: Path, net: nn.Module | None = None) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that TorchScript is old; the published file is of it
        torch.jit.script(net or Scripted()).save(str(path))
    return path


def activations(path: Path, picture: torch.Tensor, name: str = "vgg16") -> list[torch.Tensor]:
    """VGG, layer after layer, by torch's functions alone: what each ReLU gives."""
    tensors = [t.detach() for t in torch.load(path).values()]
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = ((picture - mean[:, None, None]) / std[:, None, None])[None]
    outputs = []
    for block in BLOCKS[name]:
        for _ in range(block):
            weight, bias = tensors.pop(0), tensors.pop(0)
            x = nn.functional.conv2d(x, weight, bias, padding=1).relu()
            outputs.append(x)
        x = nn.functional.max_pool2d(x, 2)
    return outputs


@pytest.fixture
def pictures() -> torch.Tensor:
    return torch.rand(2, 3, 48, 40, generator=torch.Generator().manual_seed(2))


def test_lpips_is_the_papers_sum(tmp_path: Path, pictures: torch.Tensor) -> None:
    trunk, own = vgg_file(tmp_path / "vgg.pth"), lpips_file(tmp_path / "lpips.pth")
    (net,) = judging_nets([f"lpips:{trunk}+{own}"])
    weights = list(torch.load(own).values())
    expected = 0.0
    ours, theirs = (activations(trunk, picture) for picture in pictures)
    for weight, count in zip(weights, LAYERS, strict=True):
        a, b = ours[count - 1][0].double(), theirs[count - 1][0].double()
        for row in range(a.shape[1]):
            for column in range(a.shape[2]):
                u, v = a[:, row, column], b[:, row, column]
                u, v = (x / (x.square().sum().sqrt() + 1e-10) for x in (u, v))
                expected += float((weight[0, :, 0, 0] * (u - v).square()).sum()) / a[0].numel()
    assert net.distance(pictures[0], pictures[1]) == pytest.approx(expected, rel=1e-4)
    assert net.distance(pictures[0], pictures[0]) == 0
    assert net.distance(pictures[1], pictures[0]) == net.distance(pictures[0], pictures[1])


@pytest.mark.parametrize("name", BLOCKS)
def test_vggs_features_are_means_of_its_last_layer(
    name: str, tmp_path: Path, pictures: torch.Tensor
) -> None:
    path = vgg_file(tmp_path / "net.pth", name)
    net = feature_net(f"{name}:{path}")
    expected = torch.cat([activations(path, p, name)[-1].mean((2, 3)) for p in pictures])
    assert torch.allclose(net(pictures).float(), expected, atol=1e-6)
    a, b = expected.double().numpy()
    cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    (judge,) = judging_nets([f"{name}:{path}"])
    assert judge.distance(*pictures) == pytest.approx(1 - cosine, abs=1e-5)


def test_inception_sees_0_to_255(tmp_path: Path, pictures: torch.Tensor) -> None:
    net = feature_net(f"inception:{inception_file(tmp_path / 'net.pt')}")
    expected = (pictures * 255).round().mean((2, 3)) * torch.tensor([1.0, 2.0, 4.0])
    assert torch.allclose(net(pictures).float(), expected)


def test_lpips_package_is_found_and_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "lpips"
    (package / "weights" / "v0.1").mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('it needs torchvision')")
    lpips_file(package / "weights" / "v0.1" / "vgg.pth")
    trunk = vgg_file(tmp_path / "vgg.pth")
    with pytest.raises(InputError, match="pip install --no-deps lpips"):
        judging_nets([f"lpips:{trunk}"])
    monkeypatch.syspath_prepend(tmp_path)
    (found,) = judging_nets([f"lpips:{trunk}"])
    (named,) = judging_nets([f"lpips:{trunk}+{package / 'weights' / 'v0.1' / 'vgg.pth'}"])
    assert found.hash == named.hash


def refusals(folder: Path) -> Iterator[tuple[str, str]]:
    trunk, text = vgg_file(folder / "vgg.pth"), folder / "text.pt"
    text.write_text("no net")
    yield "alexnet", "published nets are lpips, vgg16, vgg19, inception, not alexnet"
    yield f"inception:{folder / 'none.pt'}", "is not there"
    yield f"inception:{text}", "is no TorchScript file"
    yield f"inception:{inception_file(folder / 'x.pt', nn.Identity())}", "return_features=True"
    yield f"vgg16:{folder / 'none.pth'}", "does not exist"
    yield f"lpips:{trunk}+{trunk}", "there is no lin0.model.1.weight of (1, 2, 1, 1)"


def test_what_cannot_be_had_is_refused(tmp_path: Path, pictures: torch.Tensor) -> None:
    for text, problem in refusals(tmp_path):
        with pytest.raises(InputError) as error:
            judging_nets([text])[0].distance(*pictures)
        assert problem in str(error.value), text
    with pytest.raises(InputError, match="named once"):
        judging_nets(["inception", "inception:x.pt"])
    with pytest.raises(InputError, match="inception-2015-12-05"):
        feature_net("inception")
