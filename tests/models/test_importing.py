"""Pickled checkpoints and VGG's weights: tensors are taken, and nothing in a file is run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from trombine.core.errors import InputError
from trombine.models.importing import import_net, vgg
from trombine.nets import Net
from trombine.nets.vgg import VGG

SIZES = {"width": 4, "depth": 1}
WRAPPED: dict[str, Callable[[dict[str, torch.Tensor]], object]] = {
    "alone": lambda state: state,
    "state_dict": lambda state: {"state_dict": state, "epoch": 3},
    "params": lambda state: {"params": {"wrong": torch.ones(1)}, "params_ema": state},
    "model": lambda state: {"model": {"net": state}, "optimizer": {"lr": 0.1}},
    "several GPUs": lambda state: {f"module.{name}": one for name, one in state.items()},
    "half": lambda state: {name: one.half() for name, one in state.items()},
}


@pytest.mark.parametrize("how", WRAPPED)
def test_the_weights_are_found(how: str, net: Net, tmp_path: Path) -> None:
    path = tmp_path / "there.pth"
    torch.save(WRAPPED[how](net.state_dict()), path)
    found = import_net(path, "residual", SIZES).state_dict()
    exact = 1e-3 if how == "half" else 0
    for name, one in net.state_dict().items():
        torch.testing.assert_close(found[name], one, rtol=exact, atol=exact)


def test_a_safetensors_file_without_a_card_will_do(net: Net, tmp_path: Path) -> None:
    save_file(net.state_dict(), tmp_path / "bare.safetensors")
    found = import_net(tmp_path / "bare.safetensors", "residual", SIZES).state_dict()
    assert all(torch.equal(found[name], one) for name, one in net.state_dict().items())


class Planted:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.mark,)


def refused(path: Path, sizes: dict[str, Any] | None = None) -> str:
    with pytest.raises(InputError) as error:
        import_net(path, "residual", sizes or SIZES)
    assert str(error.value).startswith(str(path))
    assert len(str(error.value).splitlines()) == 1 and len(str(error.value)) < 400
    return str(error.value)


@pytest.mark.parametrize("old", [True, False])
def test_what_would_run_is_refused(old: bool, net: Net, tmp_path: Path) -> None:
    path, mark = tmp_path / "planted.pth", tmp_path / "mark"
    contents = {**net.state_dict(), "more": Planted(mark)}
    torch.save(contents, path, _use_new_zipfile_serialization=not old)
    assert "trombine runs nothing from a file" in refused(path)
    assert not mark.exists()
    torch.load(path, weights_only=False)
    assert mark.exists(), "the planted pickle does nothing: this test could not fail"


def test_weights_of_another_net_are_named(net: Net, tmp_path: Path) -> None:
    path = tmp_path / "there.pth"
    torch.save(net.state_dict(), path)
    deeper = refused(path, {"width": 4, "depth": 2})
    assert "is of another net (" in deeper and '"body.1.conv.' in deeper
    assert "size mismatch for head.weight" in refused(path, {"width": 5, "depth": 1})
    torch.save({**net.state_dict(), "ema.step": torch.ones(1)}, path)
    assert '"ema.step"' in refused(path)
    with pytest.raises(InputError, match="there is no net"):
        import_net(path, "resnet", {})


def test_what_holds_no_weights_gets_one_line(net: Net, tmp_path: Path) -> None:
    path, state = tmp_path / "other.pth", net.state_dict()
    state["tail.bias"].fill_(float("nan"))
    for contents, said in (
        ({"epoch": 3}, "no table of named tensors"),
        (torch.nn.Linear(2, 2), "save its state_dict alone"),
        (state, "tail.bias holds NaN or infinity; import an earlier checkpoint"),
    ):
        torch.save(contents, path)
        assert said in refused(path)
    path.write_bytes(b"hello")
    assert "is no checkpoint" in refused(path)
    assert "does not exist" in refused(tmp_path / "none.pth")


# VGG -------------------------------------------------------------------------------------------


def small(name: str = "vgg16") -> dict[str, torch.Tensor]:
    """Weights of a narrow VGG by torchvision's names, with the classifier that files have too."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        state = dict(VGG(name=name, width=2).state_dict())
    return {**state, "classifier.0.weight": torch.zeros(3, 3)}


@pytest.mark.parametrize(("name", "kind"), [("vgg16", "pth"), ("vgg19", "safetensors")])
def test_a_vgg_is_read_from_a_file(name: str, kind: str, tmp_path: Path) -> None:
    path, tensors = tmp_path / f"net.{kind}", small(name)
    (torch.save if kind == "pth" else save_file)(tensors, path)
    net = vgg(name, path)
    found = net.state_dict()
    assert found.keys() == {key for key in tensors if key.startswith("features.")}
    assert all(torch.equal(found[key], tensors[key]) for key in found)
    assert not net.training and not any(p.requires_grad for p in net.parameters())


def test_without_a_path_torchs_own_store_is_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(InputError, match=r"torch has no weights of vgg16; download https://"):
        vgg("vgg16")
    store = tmp_path / "hub" / "checkpoints"
    store.mkdir(parents=True)
    torch.save(small(), store / "vgg16-397923af.pth")
    assert vgg("vgg16").state_dict().keys() == {k for k in small() if "features" in k}


def test_what_is_no_vgg_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    for contents, said in (
        (small("vgg19"), "does not fit vgg16"),
        ({"net.weight": torch.zeros(1)}, "no features.0.weight"),
    ):
        torch.save(contents, path)
        with pytest.raises(InputError, match=said) as error:
            vgg("vgg16", path)
        assert str(error.value).startswith(str(path)) and "\n" not in str(error.value)
