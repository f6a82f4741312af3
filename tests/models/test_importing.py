"""Pickled checkpoints: their tensors are taken, and nothing in them is run."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from trombine.core.errors import InputError
from trombine.models.importing import import_net
from trombine.nets import Net

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
@pytest.mark.parametrize("old", [True, False])
def test_the_weights_are_found(how: str, old: bool, net: Net, tmp_path: Path) -> None:
    path = tmp_path / "there.pth"
    torch.save(WRAPPED[how](net.state_dict()), path, _use_new_zipfile_serialization=not old)
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


def test_a_whole_net_is_refused(net: Net, tmp_path: Path) -> None:
    """torch.save(net) keeps the name of its class, not its weights alone."""
    torch.save(torch.nn.Linear(2, 2), tmp_path / "whole.pth")
    assert "save its state_dict alone" in refused(tmp_path / "whole.pth")


@pytest.mark.parametrize(
    "data",
    [b"\x80\x02", b"PK\x03\x04" + bytes(100), b"hello", bytes(1000), pickle.dumps([1, 2])],
    ids=["short", "no zip", "text", "zeros", "a list"],
)
def test_other_files_get_one_line(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    path.write_bytes(data)
    refused(path)


def test_no_tensors_get_one_line(tmp_path: Path) -> None:
    path = tmp_path / "numbers.pth"
    for contents in ({}, {"epoch": 3}, [torch.ones(2)], {1: torch.ones(2)}):
        torch.save(contents, path)
        assert "no table of named tensors" in refused(path)


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


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(value: float, net: Net, tmp_path: Path) -> None:
    path, state = tmp_path / "broken.pth", net.state_dict()
    state["tail.bias"].fill_(value)
    torch.save(state, path)
    assert "tail.bias holds NaN or infinity; import an earlier checkpoint" in refused(path)


def test_a_folder_is_named(tmp_path: Path) -> None:
    refused(tmp_path)


def test_no_file_gets_one_line(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "none.pth")
