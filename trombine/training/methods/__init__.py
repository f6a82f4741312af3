"""The methods of training, one file each: its paper or record, config, phases with losses, presets.

A preset is a recipe by name. What methods share is in losses/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final, final

from trombine.core.errors import InputError
from trombine.core.grammar import instead
from trombine.data.augment import Augment, check_augment
from trombine.losses.objective import Objective
from trombine.recipes import Recipe, is_file, read_recipe

# Each method: its file, its class there, and its recipes. No file is imported before it is needed.
METHODS: Final[dict[str, tuple[str, str, str]]] = {
    # undo a known damage; then against a discriminator; enlarge, from small pictures alone
    "restore": (
        "restore",
        "RestoreObjective",
        "upscale-x2 upscale-x4 upscale-fast-x2 upscale-fast-x4 upscale-drawings-x2"
        " upscale-drawings-x4 upscale-wild-x4 upscale-wild-x2 upscale-wild-faces-x4"
        " upscale-grown-x4 srresnet-x2 srresnet-x4 cleaner repairer autoencoder restorer",
    ),
    "sharpen": (
        "srgan",
        "SharpenObjective",
        "upscale-sharp-x4 upscale-wild-sharp-x4 upscale-wild-faces-sharp-x4"
        " srgan-x2 srgan-x4 esrgan-x4 sharpener-x2",
    ),
    "unseen": ("unseen", "UnseenObjective", "upscale-unseen-x2 upscale-unseen-x4"),
    # find what is damaged of prints; paint what is missing, also by taking noise away; guess parts
    "detect": ("scratches", "DetectObjective", "scratches"),
    "inpaint": ("inpaint", "InpaintObjective", "inpaint inpaint-sharp"),
    "inpaint_diffusion": ("inpaint_diffusion", "InpaintDiffusionObjective", "inpaint-diffusion"),
    "complete": ("completion", "CompleteObjective", "completion"),
    # invent: codes of faces and flows of them; a generator and a discriminator; codes against a
    # discriminator; noise taken away step by step
    "invent": ("invent", "InventObjective", "generate-anime generate-photo"),
    "adversarial": (
        "gan",
        "AdversarialObjective",
        "dcgan dcgan-r1 stylegan class-gan sdpc-gan fractal-gan",
    ),
    "encode": ("autoencoder", "EncodeObjective", "adversarial-autoencoder"),
    "denoise": ("diffusion", "DenoiseObjective", "flow diffusion"),
    # draw in other styles, from pairs and without
    "restyle": ("restyle", "RestyleObjective", "restyle"),
    "translate": ("unpaired", "TranslateObjective", "restyle-cyclegan restyle-ugatit restyle-cut"),
    # read what is where in a face; find faces; edges of what is where
    "read": ("reader", "ReadObjective", "reader witness"),
    "find": ("finder", "FindObjective", "finder"),
    "refine": ("refiner", "RefineObjective", "refiner"),
}


def objective_class(method: str) -> type[Objective[Any]]:
    """The objective of a method."""
    file, name, _ = METHODS[method]
    return getattr(import_module(f"{__name__}.{file}"), name)


@final
class _Recipes(Mapping[str, Recipe]):
    """The recipes by name, in the table's order; a method is imported when one of its is asked."""

    def __getitem__(self, name: str) -> Recipe:
        for file, _, recipes in METHODS.values():
            if name in recipes.split():
                return import_module(f"{__name__}.{file}").PRESETS[name]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (name for _, _, recipes in METHODS.values() for name in recipes.split())

    def __len__(self) -> int:
        return sum(1 for _ in self)


RECIPES: Final = _Recipes()


def find(name: str) -> Recipe:
    """The recipe of this name, or an error that names those like it."""
    if name not in RECIPES:
        cure = instead(name, RECIPES, "trombine train lists all")
        raise InputError(f"there is no recipe {name!r}", cure)
    return RECIPES[name]


def open_recipe(name: str) -> tuple[str, Recipe]:
    """The recipe of this name or in this file, after its name in the tables."""
    return read_recipe(Path(name), RECIPES) if is_file(name) else (name, find(name))


def objective_of(recipe: Recipe) -> Objective[Any]:
    """The objective of a recipe; an InputError if its nets are not those it needs."""
    objective = objective_class(recipe.objective)(recipe)
    if set(objective.roles) != set(recipe.nets):
        needed, existing = ", ".join(objective.roles), ", ".join(recipe.nets)
        raise InputError(f"{recipe.objective} needs the nets {needed}; the recipe has {existing}")
    objective.check_space()
    check_augment(Augment.parse(recipe.augment), objective.required)
    return objective
