"""The shipped models: each as its card says, made by a recipe of its own name, small enough."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from string import Template

import pytest
import torch
from safetensors.torch import load_file
from small_recipes import shrunk

from trombine.__main__ import main
from trombine.models import load, shipped, zoo
from trombine.recipes import settings_of, with_settings
from trombine.training.config import TrainConfig
from trombine.training.loop import train
from trombine.training.methods import RECIPES, objective_of
from trombine.training.state import start_of

MOST = 8 * 2**20  # bytes of one file
MOST_OF_ENLARGERS = 20 * 2**20
MOST_OF_ALL = 45 * 2**20
ENLARGERS = (
    "upscale",
    "upscale-clean",
    "upscale-drawings",
    "upscale-fast",
    "upscale-sharp",
    "upscale-wild",
)
# Those that an older loop made, whose cards name no recipe.
OLDER = [name for name in shipped() if not load(name).card.recipe]


def test_they_are_small() -> None:
    sizes = {name: path.stat().st_size for name, path in shipped().items()}
    assert all(size <= MOST for size in sizes.values()), sizes
    assert sum(sizes.values()) <= MOST_OF_ALL
    assert (
        sum(size for name, size in sizes.items() if name.startswith("upscale")) <= MOST_OF_ENLARGERS
    )


@pytest.mark.parametrize("name", shipped())
def test_all_are_shipped_in_half_precision(name: str) -> None:
    tensors = load_file(shipped()[name]).values()
    assert {tensor.dtype for tensor in tensors if tensor.ndim > 1} == {torch.float16}


def test_what_the_verbs_name_is_there() -> None:
    wanted = {"upscale-x2", "upscale-x4", "upscale-drawings-x2", "upscale-drawings-x4"}
    assert wanted | {"upscale-wild-x4"} <= set(shipped())


def test_each_has_an_entry() -> None:
    assert list(zoo.recipes()) == list(shipped()), "in their order"
    text = (zoo.ZOO / "recipes.toml").read_text()
    assert not re.search(r"/shared|/tmp|/home|/work", text), "no folder that only we have"


def commands_of(name: str) -> Iterator[list[str]]:
    """The words of each command that makes a model; `portraits` in place of $PORTRAITS."""
    values = {"PORTRAITS": "portraits", "COLOUR": "colour"}
    for line in zoo.recipes()[name]["make"].splitlines():
        words = shlex.split(Template(line).substitute(values))
        if re.match("[A-Z]+=", words[0]):
            key, _, values[key] = words[0].partition("=")
        else:
            yield words


def options_of(words: list[str]) -> tuple[dict[str, str], Path]:
    """The settings of a training's options, and the folder of its run."""
    given = {key.lstrip("-"): value for key, value in zip(words[::2], words[1::2], strict=True)}
    folder = Path(given.pop("o"))
    return settings_of(given), folder


def in_small(name: str, settings: dict[str, str], place: Path) -> None:
    """Train so for 2 steps, small; start as it says, or with a small net in place of a shipped."""
    whole = with_settings(RECIPES[name], settings)
    assert objective_of(whole)
    if whole.start and not whole.start.startswith("runs/"):
        assert start_of(whole, "net")
    small = shrunk(name, Path(), settings)
    start = whole.start if whole.start.startswith("runs/") else small.start
    given = {"pictures": "8", "start": start or "none"}
    phases = {"numbers_after": "4", "soft": "4"}
    given |= {key: value for key, value in phases.items() if key in settings}
    recipe = with_settings(small, given)
    train(TrainConfig(name=name, recipe=recipe, folder=place, tensorboard=False))


@pytest.mark.parametrize("name", shipped())
def test_its_commands_make_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All in small; what comes of the last is a model of the same task and net."""
    monkeypatch.chdir(tmp_path)
    made = Path()
    for words in commands_of(name):
        if words[:2] == ["trombine", "train"]:
            settings, made = options_of(words[3:])
            in_small(words[2], settings, made)
        elif words[:2] == ["trombine", "models"]:
            made = Path(words[-1])
            assert main(words[1:]) == 0, capsys.readouterr().err
        else:
            assert words[:3] in (["trombine", "data", kind] for kind in ("prepare", "likenesses"))
    ours, theirs = load(name).card, load(made).card
    assert (ours.task, ours.net) == (theirs.task, theirs.net)
    assert ours.recipe == theirs.recipe or name in OLDER


@pytest.mark.parametrize("name", [name for name in shipped() if name not in OLDER])
def test_its_last_training_has_the_settings_of_its_card(name: str) -> None:
    card = load(name).card
    *_, words = (words for words in commands_of(name) if words[:2] == ["trombine", "train"])
    settings, _ = options_of(words[3:])
    recipe = with_settings(RECIPES[words[2]], settings)
    # A setting that came later than the card stands at its default; others are gone since.
    defaults = {field.name: field.default for field in fields(recipe)}
    kept = {name: card.settings.get(name, defaults[name]) for name in recipe.plain()}
    other = ("about", "start")
    ours = {key: value for key, value in recipe.plain().items() if key not in other}
    text = json.dumps({key: value for key, value in kept.items() if key not in other})
    assert ours == json.loads(text.replace("../shared/data/", ""))
    net = recipe.nets["net"]
    assert card.net == net.name and net.sizes.items() <= card.sizes.items()
    # A run ends with the step that shows the last of its pictures.
    assert 0 < card.pictures < recipe.pictures + recipe.batch
    assert card.licence == "MIT"


@pytest.mark.parametrize("name", OLDER)
def test_those_of_an_older_loop_have_a_recipe_of_their_net(name: str) -> None:
    card = load(name).card
    net = RECIPES[name].nets["net"]
    assert net.name == card.net and net.sizes.items() <= card.sizes.items()
    assert "older" in zoo.recipes()[name]["differs"] or "earlier" in zoo.recipes()[name]["differs"]
    assert "portraits" in card.data and card.licence == "MIT"


@pytest.mark.parametrize("name", [name for name in shipped() if re.search(r"-x\d$", name)])
def test_it_enlarges_as_its_name_says(name: str) -> None:
    model, factor = load(name), int(name[-1])
    assert re.sub("wild-(faces-sharp|sharp|faces)", "wild", name.rpartition("-")[0]) in ENLARGERS
    picture = torch.full((3, 9, 11), 0.5)
    large = model(picture)
    assert large.shape == (3, 9 * factor, 11 * factor)
    middle = large[:, 3 * factor : -3 * factor, 3 * factor : -3 * factor]
    assert (middle - 0.5).abs().max() < 2.5 / 255, "what is even stays even, without a tint"
