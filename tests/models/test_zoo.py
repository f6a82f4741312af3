"""The shipped models: each as its card says, made by a recipe of its own name, small enough."""

from __future__ import annotations

import re
import shlex
from dataclasses import fields

import pytest
import torch
import wild

from trombine.models import load, shipped
from trombine.recipes import with_settings
from trombine.recipes.settings import settings_of
from trombine.training.methods import RECIPES

MOST = 8 * 2**20  # bytes of one file
MOST_OF_ENLARGERS = 24 * 2**20
MOST_OF_ALL = 56 * 2**20
ENLARGERS = (
    "upscale",
    "upscale-clean",
    "upscale-drawings",
    "upscale-fast",
    "upscale-sharp",
    "upscale-wild",
)
RECIPE_OF = {"upscale-clean-x2": "upscale-wild-x2"}  # where it has another name
# Those that bench/wild.py makes, on a graphics card.
WILD = [f"upscale-wild{kind}-x{factor}" for kind in ("", "-sharp") for factor in (2, 4)]
FACES = "upscale-wild-faces-x4"


def test_they_are_small() -> None:
    sizes = {name: path.stat().st_size for name, path in shipped().items()}
    assert all(size <= MOST for size in sizes.values()), sizes
    assert sum(sizes.values()) <= MOST_OF_ALL
    assert (
        sum(size for name, size in sizes.items() if name.startswith("upscale")) <= MOST_OF_ENLARGERS
    )


def test_what_the_verbs_name_is_there() -> None:
    wanted = {"upscale-x2", "upscale-x4", "upscale-drawings-x2", "upscale-drawings-x4"}
    assert wanted | {"upscale-wild-x4"} <= set(shipped())


@pytest.mark.parametrize("name", [*WILD, FACES])
def test_those_for_damage_name_the_commands_that_remake_them(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = load(name).card
    *commands, export = card.command.split(" && ")
    assert export == "trombine models export RUN --half" and not card.recipe
    if name == FACES:
        assert commands.pop() == f"trombine models blend {FACES} RUN --share 0.7"
    for command in commands:
        program, script, *options = shlex.split(command)
        assert (program, script) == ("python", "bench/wild.py")
        monkeypatch.setattr("sys.argv", [script, *options])
        made = wild.parsed()
        net = {"width": made.width, "depth": made.depth}
        assert net.items() <= card.sizes.items() and card.pictures > 0
    assert "portraits" in card.data and card.licence == "MIT"


@pytest.mark.parametrize("name", sorted(shipped().keys() - {*WILD, FACES}))
def test_its_card_names_the_recipe_and_the_command_that_remake_it(name: str) -> None:
    card, name = load(name).card, RECIPE_OF.get(name, name)
    command, *then = card.command.split(" && ")
    blended = [
        step for step in then if step.startswith(f"trombine models blend {name} RUN --share ")
    ]
    assert [step for step in then if step not in blended] in (
        [],
        ["trombine models export RUN --half"],
    )
    program, verb, named, *options = shlex.split(command)
    assert card.recipe == name and (program, verb, named) == ("trombine", "train", name)
    pairs = zip(options[::2], options[1::2], strict=True)
    settings = {key.removeprefix("--").replace("-", "_"): value for key, value in pairs}
    recipe = with_settings(RECIPES[name], settings_of(settings))
    # A setting that came later than the card stands at its default; others are gone since.
    defaults = {field.name: field.default for field in fields(recipe)}
    kept = {name: card.settings.get(name, defaults[name]) for name in recipe.plain()}
    assert {**recipe.plain(), "about": ""} == {**kept, "about": ""}
    net = recipe.nets["net"]
    assert card.net == net.name and net.sizes.items() <= card.sizes.items()
    others = [getattr(recipe, name, "") for name in ("other", "real")]
    assert card.data == " and ".join(filter(None, [recipe.data, *others]))
    assert card.licence == "MIT"
    # A run ends with the step that shows the last of its pictures.
    assert 0 < card.pictures < recipe.pictures + recipe.batch
    assert bool(card.scores) != bool(blended), "what lies between two was not measured"


@pytest.mark.parametrize("name", [name for name in shipped() if re.search(r"-x\d$", name)])
def test_it_enlarges_as_its_name_says(name: str) -> None:
    model, factor = load(name), int(name[-1])
    assert re.sub("wild-(sharp|faces)", "wild", name.rpartition("-")[0]) in ENLARGERS
    picture = torch.full((3, 9, 11), 0.5)
    large = model(picture)
    assert large.shape == (3, 9 * factor, 11 * factor)
    middle = large[:, 3 * factor : -3 * factor, 3 * factor : -3 * factor]
    assert (middle - 0.5).abs().max() < 2.5 / 255, "what is even stays even, without a tint"
