"""What a recipe is, and how its settings are given, by name or in a file."""

from trombine.recipes.recipe import NetSpec, Recipe
from trombine.recipes.settings import settings_of, with_settings

__all__ = ["NetSpec", "Recipe", "settings_of", "with_settings"]
