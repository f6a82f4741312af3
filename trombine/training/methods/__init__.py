"""The methods of training, one file each: its paper or record, config, phases with losses, presets.

restore      undo a known damage               srgan              then against a discriminator
unseen       enlarge, from small pictures      scratches          what is damaged of prints
gan          a generator, a discriminator      autoencoder        codes against a discriminator
diffusion    take noise away, step by step     invent             codes of faces, flows of them
inpaint      paint what is missing             inpaint_diffusion  the same by taking noise away
completion   guess parts under a hole          restyle            draw in other styles, from pairs
unpaired     the same without: CycleGAN, ...   reader             read what is where in a face
finder       where faces are                   refiner            edges of what is where
pose         numbers from pictures

A preset is a recipe by name. What methods share is in losses/.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from trombine.core.errors import InputError
from trombine.core.grammar import instead
from trombine.data.augment import Augment, check_augment
from trombine.losses.objective import Objective
from trombine.recipes import Recipe, is_file, read_recipe
from trombine.training.methods import (
    autoencoder,
    completion,
    diffusion,
    finder,
    gan,
    inpaint,
    inpaint_diffusion,
    invent,
    pose,
    reader,
    refiner,
    restore,
    restyle,
    scratches,
    srgan,
    unpaired,
    unseen,
)

OBJECTIVES: Final[dict[str, type[Objective[Any]]]] = {
    "restore": restore.RestoreObjective,
    "sharpen": srgan.SharpenObjective,
    "unseen": unseen.UnseenObjective,
    "adversarial": gan.AdversarialObjective,
    "encode": autoencoder.EncodeObjective,
    "denoise": diffusion.DenoiseObjective,
    "invent": invent.InventObjective,
    "translate": unpaired.TranslateObjective,
    "restyle": restyle.RestyleObjective,
    "regress": pose.RegressObjective,
    "read": reader.ReadObjective,
    "find": finder.FindObjective,
    "refine": refiner.RefineObjective,
    "inpaint": inpaint.InpaintObjective,
    "inpaint_diffusion": inpaint_diffusion.InpaintDiffusionObjective,
    "complete": completion.CompleteObjective,
    "detect": scratches.DetectObjective,
}
_LISTED: Final = (
    *(restore, srgan, unseen, scratches, inpaint, inpaint_diffusion, completion, invent, gan),
    *(autoencoder, diffusion, restyle, unpaired, reader, finder, refiner, pose),
)
RECIPES: Final[dict[str, Recipe]] = {
    name: recipe for method in _LISTED for name, recipe in method.PRESETS.items()
}


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
    objective = OBJECTIVES[recipe.objective](recipe)
    if set(objective.roles) != set(recipe.nets):
        needed, existing = ", ".join(objective.roles), ", ".join(recipe.nets)
        raise InputError(f"{recipe.objective} needs the nets {needed}; the recipe has {existing}")
    objective.check_space()
    check_augment(Augment.parse(recipe.augment), objective.required)
    return objective
