"""What a card says of pictures: of the recipe's own, what the recipe says; of others, which."""

from __future__ import annotations

import pytest

from trombine.recipes import RECIPES, find, with_settings
from trombine.training.evaluation import about_of, licence_of


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_speaks_of_its_own_pictures_alone(name: str) -> None:
    own = find(name)
    assert about_of(own, name, own.data) == own.about
    assert about_of(with_settings(own, {"lr": "0.1"}), name, own.data) == own.about
    other = with_settings(own, {"data": "folder:mine"})
    assert about_of(other, name, "folder:mine") == f"{name}, trained on folder:mine"


def test_the_second_pictures_count_too() -> None:
    name, own = next(iter(RECIPES.items()))
    changed = with_settings(own, {"other": "folder:mine"})
    both = f"{own.data} and folder:mine"
    assert about_of(changed, name, both) == f"{name}, trained on {both}"


def test_a_recipe_that_has_no_name_here_is_said_as_it_is() -> None:
    assert about_of(find("upscale-fast-x2"), "mine", "leaves") == "mine, trained on leaves"


@pytest.mark.parametrize(
    ("specs", "licence"),
    [
        (["leaves"], "MIT"),
        (["world:photo#40"], "MIT"),
        (["world:photo*0.7+leaves#9*0.3", "world:anime"], "MIT"),
        (["folder:faces"], ""),
        (["pack:faces"], ""),
        (["leaves+folder:faces"], ""),
        (["world:photo", "folder:faces"], ""),
        (["folder:leaves"], ""),
    ],
    ids=str,
)
def test_only_what_trombine_has_painted_is_its_own(specs: list[str], licence: str) -> None:
    assert licence_of(specs) == licence
