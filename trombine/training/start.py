"""Begin the main net of a run with another model's weights in place of random ones.

A recipe's `start` names a model. The net copies the tensors that agree in name and shape; others,
such as the tail of an enlarger of another factor, begin with random weights. So a net for two
times grows to one for four. A run goes on only with the weights it began
with (config.py); steps.py holds frozen parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, final

import torch
from torch import Tensor

from trombine.core.errors import InputError, shown
from trombine.losses.perceptual import refuse_witness
from trombine.models import load
from trombine.nets import Net, build
from trombine.recipes.recipe import Recipe


@final
@dataclass(frozen=True, kw_only=True)
class Start:
    """The model a net began with, and which tensors it copied."""

    model: str  # as the recipe names it
    hash: str  # of its file
    taken: tuple[str, ...]  # the net's tensors that were copied,
    fresh: tuple[str, ...]  # and those that begin with random weights

    def __str__(self) -> str:
        count, model = len(self.taken) + len(self.fresh), f"{shown(self.model)} ({self.hash})"
        new = f"; new: {', '.join(_parts(self.fresh))}" if self.fresh else ""
        return f"begins with {len(self.taken)} of {count} tensors from {model}{new}"

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "taken": list(self.taken), "fresh": list(self.fresh)}


def start_of(recipe: Recipe, role: str) -> Start | None:
    """The start of the net of this role, None for random weights. Copies nothing."""
    if not recipe.start:
        return None
    size = recipe.nets[role]
    with torch.device("meta"):
        empty = build(size.name, size.sizes)
    return _compare(recipe, empty)[0]


def load_start(net: Net, recipe: Recipe) -> None:
    """Copy the tensors of the recipe's start model into the net, if it has one."""
    if not recipe.start:
        return
    start, source = _compare(recipe, net)
    target = net.state_dict()
    with torch.no_grad():
        for name in start.taken:
            target[name].copy_(source[name])


def _compare(recipe: Recipe, net: Net) -> tuple[Start, Mapping[str, Tensor]]:
    """The tensors of the start model that agree with the net's; refused where no weights do."""
    try:
        refuse_witness(recipe.start)
        model = load(recipe.start)
        refuse_witness(model.card.recipe)
    except InputError as error:
        raise InputError(f"start: {error}") from error
    target, source = net.state_dict(), model.net.state_dict()
    taken = tuple(n for n, t in target.items() if n in source and t.shape == source[n].shape)
    # Counters and lone numbers agree between any two nets: they are nothing to begin with.
    if not any(target[name].ndim > 1 for name in taken):
        raise InputError(
            f"start: {shown(recipe.start)} has no weights that this net could take over; it is"
            f" {_spell(model.card.net, model.card.sizes)}; --start none begins with chance"
        )
    fresh = tuple(name for name in target if name not in taken)
    return Start(model=recipe.start, hash=model.hash, taken=taken, fresh=fresh), source


def _spell(net: str, sizes: Mapping[str, Any]) -> str:
    return f"{net}:{','.join(f'{name}={size}' for name, size in sizes.items())}"


def _parts(names: Sequence[str]) -> list[str]:
    """The layers of these tensors, each once."""
    return list(dict.fromkeys(name.rpartition(".")[0] or name for name in names))
