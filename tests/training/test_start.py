"""A net that begins with another's weights, and parts of it that stand still for a time."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from families import Kit, contents, stop_after, texts

from trombine.core.errors import InputError
from trombine.models import Card, load, save
from trombine.nets import Size, build
from trombine.nets.frozen import frozen
from trombine.recipes import Freeze, NetSpec, Recipe, with_settings
from trombine.runs.folder import RunFolder
from trombine.training.config import TrainConfig, check
from trombine.training.loop import dry_run, train
from trombine.training.methods import find, objective_of
from trombine.training.state import start_of
from trombine.training.step import frozen_parts

TINY = texts(
    "data=leaves#48 size=32 batch=4 ema=20 warmup=0 faces=4 judged=8 threads=1 precision=float32"
    " pictures=64 log_every=8 sample_every=16 measure_every=16 save_every=8"
)
SMALL: dict[str, dict[str, Size]] = {
    "residual": {"width": 4, "depth": 2},
    "srresnet": {"width": 4, "blocks": 2, "kernel": 3, "norm": "batch"},
}
# Recipe, the net's family, what is frozen of it, and other settings.
FROZEN: dict[str, tuple[str, str, str, dict[str, str]]] = {
    "residual": ("upscale-x4", "residual", "head+body", {}),
    "one step of its body": ("upscale-x4", "residual", "body.1", {"optimiser": "adamw"}),
    "srresnet": ("srresnet-x4", "srresnet", "head+act+body+rise.0", {"weight_decay": "0.1"}),
    "sgd": ("srresnet-x4", "srresnet", "body", {"optimiser": "sgd", "clip": "1"}),
    "its critic alone": ("sharpener-x2", "srresnet", "body", {"levels": "2"}),
}


def saved(path: Path, net: str, factor: int, seed: int = 5) -> Path:
    """A model of a small net that has moved away from its beginning, as if it had learnt."""
    made = build(net, {**SMALL[net], "factor": factor}, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in made.state_dict().items():
            if tensor.is_floating_point():
                tensor += 0.05 * torch.rand(tensor.shape, generator=generator)
            elif name.endswith("tracked"):
                tensor += 7
    save(path, made, Card(task="upscale", net=net, sizes=made.sizes))
    return path


def grown(name: str, net: str = "residual", **settings: str) -> Recipe:
    """A tiny form of a recipe, its net one of SMALL."""
    recipe = find(name)
    factor = recipe.nets["net"].sizes["factor"]
    nets = {**recipe.nets, "net": NetSpec(net, {**SMALL[net], "factor": factor})}
    return with_settings(replace(recipe, nets=nets), {**TINY, **settings})


def begun(recipe: Recipe) -> Kit:
    return Kit(recipe, begun=True)


def moved(before: Mapping[str, torch.Tensor], after: Mapping[str, torch.Tensor]) -> set[str]:
    same = {n for n in before.keys() & after.keys() if torch.equal(before[n], after[n])}
    return (before.keys() | after.keys()) - same


def run(recipe: Recipe, folder: Path, **more: Any) -> TrainConfig:
    return TrainConfig(
        name="mine", recipe=recipe, folder=folder, tensorboard=False, command="train", **more
    )


# --- start --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "net", "new"),
    [
        ("upscale-grown-x4", "residual", {"tail.weight", "tail.bias"}),
        (
            "srresnet-x4",
            "srresnet",
            {"rise.1.conv.weight", "rise.1.conv.bias", "rise.1.act.weight"},
        ),
    ],
)
def test_a_net_begins_with_what_agrees(name: str, net: str, new: set[str], tmp_path: Path) -> None:
    path = saved(tmp_path / "x2.safetensors", net, 2)
    recipe = grown(name, net, start=str(path))
    state = begun(recipe).state
    own, theirs = state.nets["net"].state_dict(), load(path).net.state_dict()
    assert {n for n in own if n not in theirs or own[n].shape != theirs[n].shape} == new
    assert all(torch.equal(own[name], theirs[name]) for name in own.keys() - new)
    chance = begun(replace(recipe, start="")).state.nets["net"].state_dict()
    assert all(torch.equal(own[name], chance[name]) for name in new)
    means = state.averages["net"].state_dict()
    assert all(torch.equal(own[name], means[name]) for name in own), "the averages begin equal"


def test_it_is_said_and_written_down(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And a run goes on with the weights that it began with, or not at all."""
    path = saved(tmp_path / "x2.safetensors", "residual", 2)
    kept = path.read_bytes()
    order = run(grown("upscale-grown-x4", start=str(path), freeze="head@32"), tmp_path / "run")
    with caplog.at_level(logging.INFO):
        stop_after(order, 24)
    saved(path, "residual", 2, seed=6)
    with pytest.raises(InputError, match="was begun with hash of start "):
        train(order)
    path.write_bytes(kept)
    train(order)
    hash, folder = load(path).hash, RunFolder(tmp_path / "run")
    line = f"begins with 6 of 8 tensors from {path} ({hash}); new: tail"
    assert line in caplog.messages
    assert "head: frozen until 32 pictures" in caplog.messages
    assert line in dry_run(order)
    written = folder.read_recipe()["start"]
    assert (written["model"], written["hash"]) == (str(path), hash)
    assert written["fresh"] == ["tail.weight", "tail.bias"] and len(written["taken"]) == 6
    entries = folder.entries()
    (logged,) = [entry for entry in entries if entry["kind"] == "start"]
    assert logged == {"kind": "start", "pictures": 0, **written}
    turns = [e for e in entries if e["kind"] == "phase" and e["phase"] == "freeze of head"]
    assert [(turn["pictures"], turn["what"]) for turn in turns] == [(0, "began"), (32, "ended")]
    card = load(folder.best).card
    assert (card.settings["start"], card.start) == (str(path), hash)


@pytest.mark.parametrize(("name", "net"), [("upscale-x4", "residual"), ("srresnet-x4", "srresnet")])
def test_a_start_of_which_nothing_agrees(name: str, net: str, tmp_path: Path) -> None:
    """Of the second the counters of batch norm agree, and are nothing to begin with."""
    path = saved(tmp_path / "x2.safetensors", net, 2)
    said = f"has no weights that this net could take over; it is {net}:"
    with pytest.raises(InputError, match=f"{said}.*--start none begins with chance$"):
        train(run(grown(name, net, start=str(path), width="5"), tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("start", "said"),
    [("no-such", ""), (".", ""), ("witness", ".*judges finished work")],
)
def test_what_is_no_start(start: str, said: str) -> None:
    """What had begun with the witness would be judged by its own kind."""
    with pytest.raises(InputError, match=f"^start: {said}"):
        start_of(grown("upscale-x4", start=start), "net")


# --- freeze -------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", FROZEN)
def test_what_is_frozen_stands_still_and_all_else_moves(case: str, tmp_path: Path) -> None:
    """Of the frozen parts no weight, buffer, moment or average changes; of the others all do."""
    name, net, freeze, settings = FROZEN[case]
    factor = int(find(name).nets["net"].sizes["factor"])
    start = saved(tmp_path / "start.safetensors", net, factor)
    kit = begun(grown(name, net, start=str(start), freeze=f"{freeze}@12", **settings))
    parts = tuple(f"{part}." for part in freeze.split("+"))
    model = kit.state.nets["net"]
    held = {n for n in model.state_dict() if n.startswith(parts)}
    numbers = [n for n, (name, _) in enumerate(model.named_parameters()) if name in held]
    before = kit.tensors()
    kit.take(2)
    after = kit.tensors()
    still = {f"{kind}/net/{name}" for kind in ("nets", "averages") for name in held}
    found = moved(before, after)
    assert held and not still & found
    assert not [n for n in after if n.startswith(tuple(f"optimisers/net/{i}/" for i in numbers))]
    others = {f"{kind}/net/{n}" for kind in ("nets", "averages") for n in model.state_dict()}
    assert others - still <= found, "what is not frozen learns"
    assert all(p.requires_grad and p.grad is None for p in model.parameters())
    assert all(part.training for part in model.modules())
    kit.take()  # the last of the twelve pictures
    assert not still & moved(before, kit.tensors())
    kit.take()
    assert still <= moved(before, kit.tensors()), "its time is over"


def test_frozen_parts_compute_as_they_will_when_the_net_is_used() -> None:
    net = build("srresnet", {**SMALL["srresnet"], "factor": 2}).train()
    x = torch.rand(4, 4, 8, 8)
    other = net.body(x)  # pyright: ignore[reportCallIssue]
    wanted = net.eval().body(x)  # pyright: ignore[reportCallIssue]
    net.train()
    with frozen(*frozen_parts(net, Freeze(parts=("body",)), 0)):
        assert torch.equal(net.body(x), wanted)  # pyright: ignore[reportCallIssue]
    assert not torch.allclose(other, wanted)


@pytest.mark.parametrize("pictures", [12, 44])
def test_a_run_stopped_while_frozen_or_after_is_the_run_that_was_not(
    pictures: int, tmp_path: Path
) -> None:
    path = saved(tmp_path / "x2.safetensors", "srresnet", 2)
    recipe = grown("srresnet-x4", "srresnet", start=str(path), freeze="head+body@36", lr="0.01")
    train(run(recipe, tmp_path / "whole"))
    order = run(recipe, tmp_path / "again")
    stop_after(order, pictures)
    train(order)
    assert contents(tmp_path / "again") == contents(tmp_path / "whole")
    assert len(contents(tmp_path / "whole")) > 8


@pytest.mark.parametrize(
    ("freeze", "said"),
    [
        ("head+body.7", r"freeze: the net has no part body\.7; it has head, body, tail"),
        ("head@", "freeze is written PART"),
        ("head@0", "freeze is written PART"),
    ],
)
def test_what_cannot_be_frozen_gets_one_line(freeze: str, said: str) -> None:
    recipe = grown("upscale-x4", freeze=freeze)
    with pytest.raises(InputError, match=f"^{said}"):
        check(run(recipe, Path("unused")), objective_of(recipe))
