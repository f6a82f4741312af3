"""What the main net of a run begins with where that is not chance: another model's weights.

A recipe's `start` names a model. Of its tensors the net takes those that it has itself, by name
and shape; what differs, as the tail of an enlarger of another factor, begins afresh. So a net of
two times is grown to one of four. That a run goes on only with the weights it began with is seen
to in orders.py; parts that stand still meanwhile are held in steps.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, final

import torch
from torch import Tensor

from trombine.nets import Net, build
from trombine.objectives.perceptual import refuse_witness
from trombine.recipes.recipe import Recipe
from trombine.refusal import InputError, shown
from trombine.weights import load


@final
@dataclass(frozen=True, kw_only=True)
class Start:
    """Which model a net began with, and how much of it."""

    model: str  # as the recipe names it
    hash: str  # of its file
    taken: tuple[str, ...]  # the net's tensors that are the model's,
    fresh: tuple[str, ...]  # and those that are not

    def __str__(self) -> str:
        count, model = len(self.taken) + len(self.fresh), f"{shown(self.model)} ({self.hash})"
        new = f"; new: {', '.join(_parts(self.fresh))}" if self.fresh else ""
        return f"begins with {len(self.taken)} of {count} tensors from {model}{new}"

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "taken": list(self.taken), "fresh": list(self.fresh)}


def start_of(recipe: Recipe, role: str) -> Start | None:
    """What the net of this role would begin with; None where that is chance. Copies nothing."""
    if not recipe.start:
        return None
    net = recipe.nets[role]
    with torch.device("meta"):
        empty = build(net.name, net.sizes)
    return _compared(recipe, empty)[0]


def begin(net: Net, recipe: Recipe) -> None:
    """Copy what the net takes over from the recipe's start, if it has one."""
    if not recipe.start:
        return
    start, theirs = _compared(recipe, net)
    own = net.state_dict()
    with torch.no_grad():
        for name in start.taken:
            own[name].copy_(theirs[name])


def _compared(recipe: Recipe, net: Net) -> tuple[Start, Mapping[str, Tensor]]:
    """What of the model's tensors agrees with the net's; refused where no weights do."""
    try:
        refuse_witness(recipe.start)
        model = load(recipe.start)
        refuse_witness(model.card.recipe)
    except InputError as error:
        raise InputError(f"start: {error}") from error
    own, theirs = net.state_dict(), model.net.state_dict()
    taken = tuple(n for n, one in own.items() if n in theirs and one.shape == theirs[n].shape)
    # Counters and lone numbers agree between any two nets: they are nothing to begin with.
    if not any(own[name].ndim > 1 for name in taken):
        raise InputError(
            f"start: {shown(recipe.start)} has no weights that this net could take over; it is"
            f" {_spelled(model.card.net, model.card.sizes)}; --start none begins with chance"
        )
    fresh = tuple(name for name in own if name not in taken)
    return Start(model=recipe.start, hash=model.hash, taken=taken, fresh=fresh), theirs


def _spelled(net: str, sizes: Mapping[str, Any]) -> str:
    return f"{net}:{','.join(f'{name}={size}' for name, size in sizes.items())}"


def _parts(names: Sequence[str]) -> list[str]:
    """The layers of these tensors, each once."""
    return list(dict.fromkeys(name.rpartition(".")[0] or name for name in names))
