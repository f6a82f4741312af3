"""Settings: a recipe's fields and the sizes of its nets, changed by name, from text.

What a recipe is, and what its fields may be, is in recipe.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from numbers import Real
from typing import Any, Final, get_type_hints

from trombine.core.errors import InputError, shortened, shown
from trombine.core.grammar import instead
from trombine.data.augment import Augment
from trombine.recipes.recipe import NetSpec, Recipe, Size, plain_value

FIXED: Final = {"about", "task", "nets"}  # fields that are not settings
_NOTHING: Final = "none"  # takes back what a recipe sets of a field that is usually empty


def with_settings(recipe: Recipe, settings: Mapping[str, str]) -> Recipe:
    """The recipe with these settings changed.

    A name is a field (`lr`), a net's role (`generator=dcgan_generator:width=32`), a size of one
    net (`generator.width`), or a size alone (`width`), which changes every net that has it.
    """
    nets, changed = dict(recipe.nets), {}
    hints = get_type_hints(type(recipe))
    fields = {item.name for item in dataclasses.fields(recipe)} - FIXED
    for raw, text in settings.items():
        name = raw.replace("-", "_")
        if name in fields:
            empty = text == _NOTHING and getattr(type(recipe), name, None) == ""
            changed[name] = "" if empty else _as_type(name, hints[name], text)
            _resize(nets, name, changed[name])  # `size` is that of the pictures and of the nets
        elif name in nets:
            nets[name] = NetSpec.parse(text)
        elif not _resize(nets, name, plain_value(text)):
            raise InputError(_unknown(recipe, raw, fields))
    return _with_augment(dataclasses.replace(recipe, nets=nets, **changed))


def _resize(nets: dict[str, NetSpec], name: str, value: Size) -> bool:
    """Change a size of the net that is named, or of every net that has it; False if none has.

    What other sizes a net has besides those of the recipe is known to nets/, which refuses others.
    """
    only, _, size = name.rpartition(".")
    roles = [role for role, net in nets.items() if only == role or (not only and size in net.sizes)]
    for role in roles:
        nets[role] = nets[role].resized(size, value)
    return bool(roles)


def _unknown(recipe: Recipe, name: str, fields: set[str]) -> str:
    sizes = {f"{role}.{size}" for role, net in recipe.nets.items() for size in net.sizes}
    all_names = sorted(fields | set(recipe.nets) | sizes | {s.partition(".")[2] for s in sizes})
    hint = instead(name, all_names, "--dry-run lists all settings")
    return f"this recipe has no setting {shortened(name)!r}; {hint}"


def _as_type(name: str, kind: type, text: str) -> Any:
    try:
        if kind is int:
            return _integer(text)
        return float(text) if kind is float else text
    except (ValueError, OverflowError):
        expected = "a whole number" if kind is int else "a number"
        raise InputError(f"{name} is {expected}, not {text!r}") from None


def _integer(text: str) -> int:
    """A whole number, 20_000 or 2e5 too."""
    try:
        return int(text)
    except ValueError:
        number = float(text)
        if number != int(number):
            raise
        return int(number)


def _with_augment(recipe: Recipe) -> Recipe:
    """The recipe, after a check that its pictures can be augmented so."""
    crop = Augment.parse(recipe.augment).crop
    if crop and not recipe.any_size:
        raise InputError(
            f"augment crop is for what restores or enlarges, and this recipe is"
            f" {recipe.objective}: give a smaller --size"
        )
    return recipe


def settings_of(values: Mapping[str, object]) -> dict[str, str]:
    """Settings as text by name, each given once; those of a table NAME as NAME.KEY."""
    settings: dict[str, str] = {}
    names: set[str] = set()
    for name, text in _flat(values):
        if (known := name.replace("-", "_")) in names:
            raise InputError(f"{name} is given twice; give each setting once")
        names.add(known)
        settings[name] = text
    return settings


def _flat(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", as_text(f"{prefix}{name}", value)


def as_text(name: str, value: object) -> str:
    """A setting's value as the command line has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | Real):
        return str(value)
    raise InputError(shown(f"{name} is a number or a text, not {value!r:.80}"))
