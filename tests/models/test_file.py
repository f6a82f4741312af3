"""Files of models: the same bytes for the same model, one line for each kind of bad file."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save

from trombine.core.errors import InputError
from trombine.models import Card, load
from trombine.models.file import card_in, write
from trombine.nets import Net
from trombine.runs import checkpoints


def test_the_same_model_gives_the_same_bytes(net: Net, card: Card, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    write(one, net, card)
    write(other, net.to(memory_format=torch.channels_last), card)  # pyright: ignore
    assert one.read_bytes() == other.read_bytes()


def test_the_hash_is_the_files(file: Path) -> None:
    assert load(file).hash == hashlib.sha256(file.read_bytes()).hexdigest()[:12]


@pytest.mark.parametrize("value", [float("nan"), 1e300])
def test_what_is_not_finite_is_not_written(
    value: float, net: Net, card: Card, tmp_path: Path
) -> None:
    """The last is finite as float64, which is not what files hold."""
    state = net.double().state_dict()
    state["tail.bias"][3] = value
    with pytest.raises(InputError, match=r"new: cannot be written: tail\.bias holds NaN or inf"):
        write(tmp_path / "new", net, card)
    assert not (tmp_path / "new").exists()


class Planted:
    """What a harmful pickle does: it calls what it likes when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.mark,)


def refused(path: Path) -> str:
    with pytest.raises(InputError) as error:
        card_in(path)
    assert len(str(error.value).splitlines()) == 1
    assert str(error.value).startswith(str(path))
    return str(error.value)


@pytest.mark.parametrize("old", [True, False])
def test_a_pickle_is_named_and_not_run(tmp_path: Path, old: bool) -> None:
    path, mark = tmp_path / "harmless.safetensors", tmp_path / "mark"
    torch.save({"weight": Planted(mark)}, path, _use_new_zipfile_serialization=not old)
    assert "pickled checkpoint" in refused(path) and "trombine models import" in refused(path)
    path.write_bytes(pickle.dumps(Planted(mark)))
    assert "pickled checkpoint" in refused(path)
    assert not mark.exists()
    pickle.loads(path.read_bytes())
    assert mark.exists(), "the planted pickle does nothing: this test could not fail"


@pytest.mark.parametrize("kept", [0.999, 0.02])
def test_a_truncated_file_is_named(file: Path, kept: float) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: int(kept * len(data))])
    assert "is no whole .safetensors file (" in refused(file)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (save({"a": torch.ones(2)}), "has no card"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_files_are_named(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(data)
    assert said in refused(path)


def test_a_checkpoint_of_a_run_says_that_it_is_one(net: Net, tmp_path: Path) -> None:
    path = tmp_path / "000000064.safetensors"
    path.write_bytes(checkpoints.encode(net.state_dict(), {"pictures": 64}))
    said = refused(path)
    assert "is a checkpoint" in said and "the model is best.safetensors in the run's folder" in said
