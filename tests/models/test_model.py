"""Loading: by name or path, only what is whole and does the task; calling: only what fits."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from trombine.core.errors import InputError
from trombine.models import TASKS, Card, load, model, save, shipped
from trombine.models.card import dumps
from trombine.models.file import KEY
from trombine.nets import Net, build
from trombine.nets.blocks import fused

Tensors = dict[str, torch.Tensor]


def test_a_model_is_called_with_a_picture(file: Path) -> None:
    larger = load(file)(torch.rand(3, 8, 10))
    assert larger.shape == (3, 16, 20) and larger.is_inference()
    assert float(larger.min()) >= 0 and float(larger.max()) <= 1


def test_a_shipped_model_goes_by_its_name(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trombine.models.zoo.ZOO", tmp_path / "zoo")
    (tmp_path / "zoo").mkdir()
    assert shipped() == {}
    shutil.copy(file, tmp_path / "zoo" / "tiny-x2.safetensors")
    assert list(shipped()) == ["tiny-x2"]
    assert load("tiny-x2", task="upscale").card == load(file).card
    with pytest.raises(InputError, match=r"tiny-x3: is neither .* shipped are: tiny-x2$"):
        load("tiny-x3")


def test_every_shipped_model_loads_and_does_its_task() -> None:
    for name in shipped():
        found = load(name)
        card = found.card
        # What lies between was not measured, and what an older loop made is by bench/peers.py.
        elsewhere = "trombine models blend" in card.command or not card.recipe
        assert (card.scores or elsewhere) and card.about and card.data and card.licence
        given = TASKS[card.task].examples(found.net.sizes, (2, 32, 32))
        made = found(*given)
        for one in made if isinstance(made, tuple) else (made,):
            assert one.isfinite().all()


def refused(path: Path | str, task: str | None = None) -> str:
    with pytest.raises(InputError) as error:
        load(path, task=task)
    assert len(str(error.value).splitlines()) == 1
    assert str(error.value).startswith(str(path)) and len(str(error.value)) < 750
    return str(error.value)


def test_names_that_lead_nowhere() -> None:
    assert "is neither a shipped model nor a file" in refused("enlarger-x99")
    assert "of the hub's, write hub:OWNER/NAME/FILE" in refused("somebody/model")
    assert "does not exist" in refused("nowhere.safetensors")
    assert "is neither" in refused("n" * 300)


def test_a_wrong_task_is_said(file: Path) -> None:
    said = refused(file, task="restore")
    assert "is for upscale" in said and "not for restore" in said
    assert "there is no task sing; there are upscale" in refused(file, task="sing")


def changed(file: Path, change: Callable[[Tensors], object], card: Card) -> Path:
    """The file with other tensors or another card."""
    tensors = load_tensors(file.read_bytes())
    change(tensors)
    file.write_bytes(save_tensors(tensors, {KEY: dumps(card)}))
    return file


def nothing(_: Tensors) -> None:
    """Change no tensor."""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.pop("tail.weight"), 'Missing key(s) in state_dict: "tail.weight"'),
        (
            lambda t: t["tail.bias"].fill_(torch.nan),
            "holds NaN or infinity in tail.bias; ask for the file again",
        ),
    ],
    ids=["missing", "no numbers"],
)
def test_tensors_that_do_not_fit_are_named(
    change: Callable[[Tensors], object], said: str, file: Path, card: Card
) -> None:
    assert said in refused(changed(file, change, card))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"task": "sing"}, "does sing, which is unknown here; update trombine"),
        ({"net": "encoder", "sizes": {}}, "the net encoder cannot upscale"),
        ({"sizes": {"width": 10**12}}, "width is 1 to 4096"),
        ({"sizes": {"width": 4096, "depth": 256}}, "does not fit its net"),
        ({"task": "restore"}, "enlarges, so it cannot restore"),
    ],
    ids=str,
)
def test_a_card_that_lies_is_found_out(
    change: dict[str, object], said: str, file: Path, card: Card
) -> None:
    """Before any memory is taken: the largest of them would be a net of 150 GB."""
    assert said in refused(changed(file, nothing, replace(card, **change)))  # pyright: ignore


def test_save_refuses_what_could_not_be_loaded(net: Net, card: Card, tmp_path: Path) -> None:
    path = tmp_path / "new.safetensors"
    for wrong in (
        replace(card, task="sing"),
        replace(card, net="encoder"),
        replace(card, sizes={"width": 8}),
        replace(card, sizes={"width": -1}),
    ):
        with pytest.raises(InputError, match="cannot be written"):
            save(path, net, wrong)
    assert not path.exists()


GENERATOR = Card(
    task="generate", net="dcgan_generator", sizes={"latent": 5, "width": 2, "size": 16}
)
DENOISER = Card(task="denoise", net="denoiser", sizes={"width": 4, "levels": 1})
REGRESSOR = Card(task="regress", net="encoder", sizes={"width": 4, "levels": 1, "outputs": 3})
REPAIRER = Card(task="repair", net="unet", sizes={"width": 4, "levels": 1, "inputs": 4})
CALLS = [
    (GENERATOR, (torch.randn(5),), (3, 16, 16)),
    (DENOISER, (torch.randn(2, 3, 8, 8), torch.rand(2)), (2, 3, 8, 8)),
    (REGRESSOR, (torch.rand(2, 3, 9, 9),), (2, 3)),
    (REPAIRER, (torch.rand(3, 7, 9), torch.ones(1, 7, 9)), (3, 7, 9)),
]
WRONG_CALLS = [
    (GENERATOR, (torch.randn(6),), "N x 5"),
    (GENERATOR, (torch.randn(2, 5).double(),), "float32"),
    (DENOISER, (torch.randn(2, 3, 8, 8), torch.rand(3)), "times as float32 2, not float32 3"),
    (DENOISER, (torch.randn(2, 3, 8, 8), torch.tensor([0.5, 1.5])), r"within \[0, 1\]"),
    (DENOISER, (torch.randn(2, 3, 8, 8),), r"takes 2 tensors \(noisy and times\), not 1"),
    (REGRESSOR, (torch.rand(1, 9, 9),), "3 x H x W"),
    (REGRESSOR, (torch.full((3, 9, 9), float("nan")),), r"within \[0, 1\]"),
    (REPAIRER, (torch.rand(3, 8, 8), torch.ones(1, 8, 7)), "hole as float32 1 x 1 x 8 x 8, not"),
    (REPAIRER, (torch.rand(3, 8, 8), torch.full((1, 8, 8), 0.5)), "a hole is 1 where"),
]


def opened(card: Card, folder: Path) -> model.Model:
    save(folder / "it.safetensors", build(card.net, card.sizes), card)
    return load(folder / "it.safetensors", task=card.task)


@pytest.mark.parametrize(("card", "given", "shape"), CALLS)
def test_every_task_can_be_called(
    card: Card, given: tuple[torch.Tensor, ...], shape: tuple[int, ...], tmp_path: Path
) -> None:
    found = opened(card, tmp_path)(*given)
    assert tuple(found.shape) == shape and found.isfinite().all()


@pytest.mark.parametrize(("card", "given", "said"), WRONG_CALLS)
def test_what_does_not_fit_is_refused(
    card: Card, given: tuple[torch.Tensor, ...], said: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        opened(card, tmp_path)(*given)


def test_calling_changes_nothing_even_if_it_was_training(tmp_path: Path) -> None:
    card = Card(task="restore", net="unet", sizes={"width": 4, "levels": 1, "norm": "batch"})
    found = opened(card, tmp_path)
    before = {name: one.clone() for name, one in found.net.state_dict().items()}
    found.net.train()
    found(torch.rand(2, 3, 8, 8))
    assert all(torch.equal(before[name], one) for name, one in found.net.state_dict().items())


def test_what_was_loaded_or_fused_in_inference_mode_passes_gradients_on(file: Path) -> None:
    """Many wants share one net: who reads first must not spoil it for who descends."""
    with torch.inference_mode():
        net = model.loaded(file).net
        ready = fused(net)
    assert not any(one.is_inference() for each in (net, ready) for one in each.parameters())
