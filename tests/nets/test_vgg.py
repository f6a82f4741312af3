"""VGG: torchvision's layout by its published numbers, weights read from files, files refused."""

from __future__ import annotations

import importlib
import pickle
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional

from trombine.core.errors import InputError
from trombine.nets.vgg import BLOCKS, VGG, vgg

# Where torchvision's vgg16.features and vgg19.features have their convolutions, and the weights
# in them, of 138,357,544 and 143,667,240 in all.
CONVOLUTIONS = {
    "vgg16": (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28),
    "vgg19": (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34),
}
COUNTS = {"vgg16": 14_714_688, "vgg19": 20_024_384}
WIDTHS = {"vgg16": (64, 64, 128, 128) + (256,) * 3 + (512,) * 6}


def small(name: str = "vgg16", width: int = 2) -> dict[str, torch.Tensor]:
    """Weights of a narrow net by torchvision's names, with the classifier that files have too."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        state = dict(VGG(name=name, width=width).state_dict())
    return {**state, "classifier.0.weight": torch.zeros(3, 3), "classifier.0.bias": torch.zeros(3)}


# --- the layout ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BLOCKS)
def test_the_layout_is_torchvisions(name: str) -> None:
    with torch.device("meta"):
        net = VGG(name=name)
    wanted = {f"features.{i}.{kind}" for i in CONVOLUTIONS[name] for kind in ("weight", "bias")}
    assert net.state_dict().keys() == wanted
    assert sum(p.numel() for p in net.parameters()) == COUNTS[name]
    named = [path for layer, path in net.layers.items() if layer.startswith("conv")]
    assert named == [f"features.{i}" for i in CONVOLUTIONS[name]]
    assert net.layers["conv3_3"] == "features.14" and net.layers["relu1_1"] == "features.1"


def test_the_widths_are_the_papers() -> None:
    with torch.device("meta"):
        net = VGG()
    widths = [len(net.state_dict()[f"features.{i}.bias"]) for i in CONVOLUTIONS["vgg16"]]
    assert tuple(widths) == WIDTHS["vgg16"]


def test_a_picture_goes_through_the_whole_net() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = VGG(name="vgg16")
    with torch.inference_mode():
        out = net(torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)))
    assert out.shape == (1, 512, 1, 1) and bool(out.isfinite().all())


def test_the_net_normalises_pictures_itself() -> None:
    """ImageNet's mean picture is what gives the first layer its bias, away from the edge."""
    net = VGG(name="vgg16", width=2).eval()
    net.cut_after(["conv1_1"])
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1).expand(1, 3, 6, 6)
    state = net.state_dict()
    with torch.inference_mode():
        found = net(mean)
        assert torch.allclose(found[0, :, 3, 3], state["features.0.bias"], atol=1e-6)
        ahead = mean + torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
        sums = state["features.0.weight"].sum((1, 2, 3)) + state["features.0.bias"]
        assert torch.allclose(net(ahead)[0, :, 3, 3], sums, atol=1e-5)


def test_a_forward_by_hand() -> None:
    net = VGG(name="vgg16", width=2).eval()
    net.cut_after(["conv2_1"])
    x = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    y = (x - mean) / torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    state = net.state_dict()
    for i in (0, 2):
        weight, bias = state[f"features.{i}.weight"], state[f"features.{i}.bias"]
        y = functional.conv2d(y, weight, bias, padding=1).relu()
    y = functional.max_pool2d(y, 2)
    y = functional.conv2d(y, state["features.5.weight"], state["features.5.bias"], padding=1)
    with torch.inference_mode():
        assert torch.allclose(net(x), y, atol=1e-6)


def test_torchvisions_own_net_agrees() -> None:
    try:
        models = importlib.import_module("torchvision.models")
    except (ImportError, RuntimeError) as error:  # the latter beside another build of torch
        pytest.skip(f"torchvision does not work here: {error}")
    theirs = models.vgg16(weights=None).eval()
    ours = VGG(name="vgg16").eval()
    ours.load_state_dict({k: v for k, v in theirs.state_dict().items() if k.startswith("features")})
    x = torch.rand(1, 3, 32, 32)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    with torch.inference_mode():
        assert torch.equal(ours(x), theirs.features((x - mean) / deviation))


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("kind", ["pth", "safetensors"])
def test_weights_are_read_from_a_file(name: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"net.{kind}"
    tensors = small(name)
    if kind == "pth":
        torch.save(tensors, path)
    else:
        save_file({key: value.contiguous() for key, value in tensors.items()}, path)
    before = torch.random.get_rng_state()
    net = vgg(name, path)
    assert torch.equal(torch.random.get_rng_state(), before)
    found = net.state_dict()
    assert found.keys() == {key for key in tensors if key.startswith("features.")}
    assert all(torch.equal(found[key], tensors[key]) for key in found)
    assert not net.training and not any(p.requires_grad for p in net.parameters())
    assert net(torch.zeros(1, 3, 32, 32)).shape == (1, 16, 1, 1)


def test_files_that_are_not_weights_are_refused_in_one_line(tmp_path: Path) -> None:
    good = small()
    cases = {
        "lacks features.28.bias": {k: v for k, v in good.items() if k != "features.28.bias"},
        "has also features.30.weight": {**good, "features.30.weight": torch.zeros(1)},
        r"features.2.weight is \(1,\), not \(2, 2, 3, 3\)": {
            **good,
            "features.2.weight": torch.zeros(1),
        },
        "no features.0.weight": {"net.weight": torch.zeros(1)},
        "no tensors by name": torch.zeros(3),
        "holds more than weights": Path("x"),
    }
    for said, content in cases.items():
        torch.save(content, tmp_path / "net.pth")
        refused(tmp_path / "net.pth", said)
    assert vgg("vgg19", _saved(tmp_path / "b.pth", small("vgg19"))) is not None
    refused(_saved(tmp_path / "c.pth", small("vgg19")), "does not fit vgg16")


def _saved(path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    torch.save(tensors, path)
    return path


def refused(path: Path, said: str) -> None:
    with pytest.raises(InputError) as error:
        vgg("vgg16", path)
    assert re.search(said, str(error.value)), error.value
    assert path.name in str(error.value) and "\n" not in str(error.value)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    whole = _saved(tmp_path / "whole.pth", small()).read_bytes()
    for name, data in {
        "cut.pth": whole[: len(whole) // 2],
        "empty.pth": b"",
        "page.pth": b"<html>not found</html>",
        "page.safetensors": b"<html>not found</html>",
        "code.pth": pickle.dumps(pytest.raises),
    }.items():
        (tmp_path / name).write_bytes(data)
        refused(tmp_path / name, "cannot be read|holds more than weights")
    refused(tmp_path / "nowhere.pth", "is not there")
    refused(tmp_path, "is not there")


# --- torchvision's own --------------------------------------------------------------------------


def test_without_a_path_torchs_own_store_is_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    store = tmp_path / "hub" / "checkpoints"
    store.mkdir(parents=True)
    _saved(store / "vgg16-397923af.pth", small())
    assert vgg("vgg16").state_dict().keys() == {k for k in small() if "features" in k}


def test_without_a_path_torchvision_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    asked: list[str] = []

    def vgg19(*, weights: str) -> SimpleNamespace:
        asked.append(weights)
        return SimpleNamespace(state_dict=lambda: small("vgg19"))

    monkeypatch.setitem(sys.modules, "torchvision", SimpleNamespace())  # pyright: ignore
    monkeypatch.setitem(sys.modules, "torchvision.models", SimpleNamespace(vgg19=vgg19))  # pyright: ignore
    assert len(vgg("vgg19").features) == 37 and asked == ["IMAGENET1K_V1"]


@pytest.mark.parametrize("error", [ImportError, RuntimeError, OSError])
def test_where_torchvision_does_not_work_one_line_says_what_to_give(
    error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def fails(name: str) -> None:
        raise error("operator torchvision::nms does not exist")

    monkeypatch.setattr("importlib.import_module", fails)
    with pytest.raises(InputError, match=r"give a file of them \(vgg16-397923af.pth\)$"):
        vgg("vgg16")


def test_another_name_is_refused() -> None:
    for make in (lambda: vgg("vgg11"), lambda: VGG(name="vgg11")):
        with pytest.raises(InputError, match="there are vgg16, vgg19"):
            make()
