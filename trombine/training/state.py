"""All that changes in a run, in one place that can be written to a file and read back.

A step is a function of State and batch. Whatever a later step depends on is a field here: if it
is not, a resumed run is another run.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Final, final

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from trombine.core.errors import InputError, shown
from trombine.losses.adversary import Pool
from trombine.losses.alarms import Alarm
from trombine.losses.objective import Objective
from trombine.losses.terms import refuse_witness
from trombine.models import load
from trombine.nets import Net, build
from trombine.recipes import NetSpec, Recipe
from trombine.training.config import Machine
from trombine.training.muon import Muon


@final
@dataclass(kw_only=True)
class PhaseState:
    """How far a phase is. Times are pictures seen."""

    began: int | None = None
    ended: int | None = None
    steps: int = 0  # of the loop, since it began
    best: dict[str, float] = field(default_factory=dict)  # of each measure, since it began


@final
@dataclass(kw_only=True)
class Best:
    """The best model so far."""

    measure: str
    value: float
    pictures: int


# The fields of a state that are as JSON has them.
_NUMBERS: Final = ("pictures", "lines", "ramps", "measured")


@final
@dataclass(kw_only=True)
class State:
    """Everything in a run that changes."""

    nets: dict[str, Net]
    optimisers: dict[str, Optimizer]
    averages: dict[str, Net]
    pools: dict[str, Pool]
    alarms: dict[str, Alarm]
    phases: dict[str, PhaseState]
    pictures: int = 0  # seen: the run's clock
    seconds: float = 0.0  # that it took, where its recipe limits the minutes
    lines: int = 0  # of the log
    ramps: dict[str, float] = field(default_factory=dict)  # PHASE/TERM: where it was stopped
    sums: dict[str, tuple[float, int]] = field(default_factory=dict)  # since the last log line
    measured: dict[str, float] = field(default_factory=dict)  # when last measured
    best: Best | None = None

    def plain(self) -> dict[str, Any]:
        """What is not a tensor, as JSON has it."""
        return {
            **copy.deepcopy({name: getattr(self, name) for name in _NUMBERS}),
            **({"seconds": self.seconds} if self.seconds else {}),
            "sums": {name: list(pair) for name, pair in self.sums.items()},
            "best": asdict(self.best) if self.best else None,
            "phases": {name: asdict(phase) for name, phase in self.phases.items()},
            "alarms": {name: alarm.state() for name, alarm in self.alarms.items()},
        }

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor by a path: nets/ROLE/NAME, optimisers/ROLE/NUMBER/NAME, ..."""
        tensors: dict[str, Tensor] = {}
        for kind, nets in (("nets", self.nets), ("averages", self.averages)):
            for role, net in nets.items():
                for name, tensor in net.state_dict().items():
                    tensors[f"{kind}/{role}/{name}"] = tensor
        for role, optimiser in self.optimisers.items():
            for number, parameter in enumerate(_parameters(optimiser)):
                for name, value in optimiser.state[parameter].items():
                    if value is not None:
                        tensors[f"optimisers/{role}/{number}/{name}"] = value
        for name, pool in self.pools.items():
            for part, tensor in pool.state().items():
                tensors[f"pools/{name}/{part}"] = tensor
        return tensors

    def _fits(self, tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> bool:
        """Whether a checkpoint is of the same nets, optimisers, phases and pools."""
        own_tensors, own_plain = self.tensors(), self.plain()
        kinds = ("nets/", "averages/")
        own_shapes = {n: t.shape for n, t in own_tensors.items() if n.startswith(kinds)}
        their_shapes = {n: t.shape for n, t in tensors.items() if n.startswith(kinds)}
        pools = {name for name in tensors if name.startswith("pools/")}
        return (
            own_shapes == their_shapes
            and own_plain["phases"].keys() == plain["phases"].keys()
            and pools == {name for name in own_tensors if name.startswith("pools/")}
            and all(_moments_fit(optimiser, tensors, r) for r, optimiser in self.optimisers.items())
        )

    def load(self, tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> bool:
        """Become the state that these were taken from; False where it has other nets, optimisers,
        phases or pools, and nothing is changed."""
        if not self._fits(tensors, plain):
            return False
        for kind, nets in (("nets", self.nets), ("averages", self.averages)):
            for role, net in nets.items():
                _load_net(net, _below(tensors, f"{kind}/{role}/"))
        for role, optimiser in self.optimisers.items():
            _load_optimiser(optimiser, _below(tensors, f"optimisers/{role}/"))
        for name, pool in self.pools.items():
            pool.load(_below(tensors, f"pools/{name}/"))
        for name in self.alarms.keys() & plain["alarms"].keys():
            self.alarms[name].load(plain["alarms"][name])
        self.phases = {name: PhaseState(**fields) for name, fields in plain["phases"].items()}
        for name in _NUMBERS:
            setattr(self, name, copy.deepcopy(plain[name]))
        self.seconds = plain.get("seconds", 0.0)
        self.sums = {name: (value, count) for name, (value, count) in plain["sums"].items()}
        self.best = Best(**plain["best"]) if plain["best"] else None
        return True


def fresh(recipe: Recipe, objective: Objective, machine: Machine, device: torch.device) -> State:
    """The state before the first step; the same for the same recipe, and model to start from."""
    nets = {
        role: machine.place(build(net.name, net.sizes, seed=recipe.seed), device).train()
        for role, net in recipe.nets.items()
    }
    load_start(nets[objective.main], recipe)
    averages = {
        role: copy.deepcopy(nets[role]).eval().requires_grad_(False)
        for role in (objective.exports if recipe.ema else ())
    }
    return State(
        nets=nets,
        optimisers={role: _optimiser(recipe, net) for role, net in nets.items()},
        averages=averages,
        pools=dict(objective.pools()),
        alarms={alarm.name: alarm for alarm in objective.alarms()},
        phases={phase.name: PhaseState() for phase in objective.phases()},
    )


def _optimiser(recipe: Recipe, net: nn.Module) -> Optimizer:
    """The recipe's optimiser; fused where torch has that: one pass over each tensor."""
    parameters = list(net.parameters())
    shared: dict[str, Any] = {"lr": recipe.lr, "weight_decay": recipe.weight_decay}
    if recipe.optimiser == "sgd":
        return SGD(parameters, momentum=recipe.beta1, fused=True, **shared)
    kinds = {"adam": partial(Adam, fused=True), "adamw": partial(AdamW, fused=True), "muon": Muon}
    return kinds[recipe.optimiser](parameters, betas=(recipe.beta1, recipe.beta2), **shared)


def _moments_fit(optimiser: Optimizer, tensors: Mapping[str, Tensor], role: str) -> bool:
    """Whether the saved moments of an optimiser, if there are any, are of its kind."""
    saved = {name.rpartition("/")[2] for name in _below(tensors, f"optimisers/{role}/")}
    expected = {"exp_avg", "exp_avg_sq", "step"}
    return saved <= ({"momentum_buffer"} if isinstance(optimiser, SGD) else expected)


def _parameters(optimiser: Optimizer) -> list[Tensor]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def _below(tensors: Mapping[str, Tensor], path: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(path): tensor for name, tensor in tensors.items() if name.startswith(path)
    }


def _load_net(net: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Copied in place: the order in memory stays that of the net."""
    with torch.no_grad():
        for name, tensor in net.state_dict().items():
            tensor.copy_(tensors[name])


def _load_optimiser(optimiser: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Moments take the order in memory of their parameter: fused steps walk them side by side."""
    optimiser.state.clear()
    for number, parameter in enumerate(_parameters(optimiser)):
        for name, tensor in _below(tensors, f"{number}/").items():
            like = parameter if tensor.shape == parameter.shape else tensor
            moment = torch.empty_like(like, dtype=tensor.dtype, device=parameter.device)
            optimiser.state[parameter][name] = moment.copy_(tensor)


# A start: another model's weights in place of random ones, wherever name and shape agree


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
            f" {NetSpec(model.card.net, model.card.sizes)}; --start none begins with chance"
        )
    fresh = tuple(name for name in target if name not in taken)
    return Start(model=recipe.start, hash=model.hash, taken=taken, fresh=fresh), source


def _parts(names: Sequence[str]) -> list[str]:
    """The layers of these tensors, each once."""
    return list(dict.fromkeys(name.rpartition(".")[0] or name for name in names))
