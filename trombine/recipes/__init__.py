"""What can be trained, by name: plain tables, a file per task."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from trombine.recipes.clean import CLEAN
from trombine.recipes.file import is_file, read_recipe
from trombine.recipes.generate import GENERATE
from trombine.recipes.paint import PAINT
from trombine.recipes.read import READ
from trombine.recipes.recipe import (
    Adversarial,
    Complete,
    Denoise,
    Detect,
    Encode,
    Find,
    Inpaint,
    InpaintDiffusion,
    Invent,
    NetSpec,
    Read,
    Recipe,
    Refine,
    Regress,
    Restore,
    Restyle,
    RestyleShared,
    Sharpen,
    Translate,
)
from trombine.recipes.restyle import RESTYLE
from trombine.recipes.settings import settings_of, with_settings
from trombine.recipes.upscale import UPSCALE
from trombine.refusal import InputError

RECIPES: Final[dict[str, Recipe]] = {
    **UPSCALE,
    **CLEAN,
    **PAINT,
    **GENERATE,
    **RESTYLE,
    **READ,
}

__all__ = [
    "RECIPES",
    "Adversarial",
    "Complete",
    "Denoise",
    "Detect",
    "Encode",
    "Find",
    "Inpaint",
    "InpaintDiffusion",
    "Invent",
    "NetSpec",
    "Read",
    "Recipe",
    "Refine",
    "Regress",
    "Restore",
    "Restyle",
    "RestyleShared",
    "Sharpen",
    "Translate",
    "find",
    "open_recipe",
    "settings_of",
    "with_settings",
]


def find(name: str) -> Recipe:
    """The recipe of this name, or a line that lists all."""
    if name not in RECIPES:
        raise InputError(f"there is no recipe {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]


def open_recipe(name: str) -> tuple[str, Recipe]:
    """The recipe of this name or in this file, after its name in the tables."""
    return read_recipe(Path(name), RECIPES) if is_file(name) else (name, find(name))
