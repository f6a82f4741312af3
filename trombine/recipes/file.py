"""A recipe in a file: the name of one in the tables, and settings that differ from it.

    recipe = "upscale-x2"          # TOML; JSON has the same keys
    data = "leaves#100"
    lr = 1e-4
    [net]
    width = 32                     # or "net.width" = 32 before the first table

A run's own recipe.json is such a file: it names all settings of the run.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from trombine.core.errors import InputError, about, shown
from trombine.core.texts import from_json
from trombine.io.files import opened
from trombine.nets import sizes_of
from trombine.nets.sizes import resolved
from trombine.recipes.recipe import Recipe
from trombine.recipes.settings import FIXED, as_text, settings_of, with_settings

ENDINGS: Final = (".toml", ".json")
LARGEST: Final = 1_000_000  # bytes
_BEGIN: Final = 'begin it with recipe = "upscale-x2", or any other name'


def is_file(name: str) -> bool:
    """Whether the name of a recipe is that of a file."""
    return name.lower().endswith(ENDINGS)


def run_name(recipe: str) -> str:
    """What a run of this recipe is called unless the user says."""
    return Path(recipe).stem if is_file(recipe) else recipe


def read_recipe(path: Path, recipes: Mapping[str, Recipe]) -> tuple[str, Recipe]:
    """The name of the recipe that the file begins with, and that recipe with the settings of the
    file."""
    with about(path):
        content = _content(path)
        name = content.pop("recipe", None)
        if not isinstance(name, str) or name not in recipes:
            problem = f"there is no recipe {name!r}" if name else "names no recipe"
            raise InputError(shown(problem), _BEGIN)
        base = recipes[name]
        if isinstance(content.get("settings"), dict):  # a run's recipe.json
            base, content = _of_run(base, content["settings"])
        recipe = with_settings(base, settings_of(content))
        check_sizes(recipe)
        return name, recipe


def differences(base: Recipe, recipe: Recipe) -> dict[str, str]:
    """The settings, as text, that make the one recipe of the other."""
    settings = {
        field.name: as_text(field.name, getattr(recipe, field.name)) or "none"
        for field in dataclasses.fields(recipe)
        if field.name not in FIXED and getattr(recipe, field.name) != getattr(base, field.name)
    }
    nets = with_settings(base, settings).nets
    changed = {role: str(net) for role, net in recipe.nets.items() if net != nets[role]}
    return {**settings, **changed}


def _content(path: Path) -> dict[str, Any]:
    with opened(path) as file:
        data = file.read(LARGEST + 1)
    kind = path.suffix[1:].upper()
    if len(data) > LARGEST:
        raise InputError("is too large for a recipe", "name a file of settings")
    try:
        content = from_json(data) if kind == "JSON" else tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        why = f" ({error})" if isinstance(error, tomllib.TOMLDecodeError) else ""
        raise InputError(shown(f"is no {kind}{why}"), "correct it") from error
    if not isinstance(content, dict):
        raise InputError("is no JSON object", _BEGIN)
    return content


def _of_run(base: Recipe, settings: Mapping[str, Any]) -> tuple[Recipe, dict[str, Any]]:
    """The recipe that a run was begun from, and its settings by the names that users give.

    A run of an older trombine lacks the settings that came since: they have their defaults. Those
    that are no longer there are left out.
    """
    known = {field.name for field in dataclasses.fields(base)} - FIXED
    lacks = {
        field.name: field.default
        for field in dataclasses.fields(base)
        if field.name not in settings and field.default is not dataclasses.MISSING
    }
    named = {name: value for name, value in settings.items() if name in known}
    nets = settings.get("nets")  # last, for they have all their sizes
    return dataclasses.replace(base, **lacks), {**named, **(nets if isinstance(nets, dict) else {})}


def check_sizes(recipe: Recipe) -> None:
    """Refuse sizes that the nets do not have, here where the file is known."""
    for net in recipe.nets.values():
        resolved(net.name, sizes_of(net.name), net.sizes)
