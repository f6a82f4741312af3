"""One step of training: which phases are due, and what each does to the nets that learn in it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm
from torch.optim import SGD, Optimizer
from torch.optim.swa_utils import get_ema_multi_avg_fn

from trombine.nets.stillness import still
from trombine.objectives.objective import Objective, Phase, Ramp, Step, Terms, Until
from trombine.recipes.freeze import Freeze
from trombine.recipes.recipe import Recipe
from trombine.training.launch import Mesh
from trombine.training.machine import Machine
from trombine.training.start import Start, start_of
from trombine.training.state import PhaseState, State


@final
@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run does; none of it changes."""

    recipe: Recipe
    objective: Objective
    phases: tuple[Phase, ...]
    machine: Machine
    mesh: Mesh
    start: Start | None = None  # what the main net has begun with, if not with chance

    @property
    def freeze(self) -> Freeze:
        """What of the main net stands still."""
        return Freeze.parse(self.recipe.freeze)


def plan_of(recipe: Recipe, objective: Objective, machine: Machine, mesh: Mesh) -> Plan:
    """The plan of a run, its helper nets put where it computes."""
    for helper in objective.helpers().values():
        helper.to(mesh.device, machine.dtype)
    return Plan(
        recipe=recipe,
        objective=objective,
        phases=objective.phases(),
        machine=machine,
        mesh=mesh,
        start=start_of(recipe, objective.main),
    )


class BrokenStepError(ArithmeticError):
    """A term or a gradient is NaN or infinite; nothing has learned from it."""

    def __init__(self, name: str, value: float, pictures: int) -> None:
        super().__init__(f"{name} is {value} after {pictures:,} pictures")
        self.name, self.value = name, value


def advance(
    state: State, plan: Plan, parts: Sequence[Step], *, checked: bool = False
) -> dict[str, float]:
    """Take one step: every phase that is due, then the averages and the clock.

    `parts` are this process's pictures. Returns the gradient's norm of each term by itself where
    that is to be checked.
    """
    gradients: dict[str, float] = {}
    for phase in plan.phases:
        progress = state.phases[phase.name]
        if not lasting(progress):
            continue
        if progress.steps % phase.every == 0:
            gradients |= _learn(state, plan, phase, parts, checked=checked)
        progress.steps += 1
    state.pictures += plan.recipe.batch
    average(state, plan.recipe)
    return gradients


def _learn(
    state: State, plan: Plan, phase: Phase, parts: Sequence[Step], *, checked: bool
) -> dict[str, float]:
    """One phase: terms, gradients, the mean over processes, clipping, the optimisers."""
    gradients: dict[str, float] = {}
    shown: dict[str, Tensor] = {}
    for role in phase.learns:  # a step that broke has left its own
        state.optimisers[role].zero_grad()
    weights = {name: weight_of(state, phase, name) for name in phase.weights}
    main = state.nets[plan.objective.main]
    parts_held = frozen(main, plan.freeze, state.pictures) + besides(state.nets, phase)
    parts_held += [*plan.objective.helpers().values()]
    with still(*others(state.nets, phase), batch_statistics=True), still(*parts_held):
        for part in parts:
            with plan.machine.autocast(exact=phase.exact):
                terms = phase.terms(part)
            total = weighted(terms, weights) / len(parts)
            if checked and part is parts[0]:
                gradients = norms(state, phase, terms)
            total.backward()
            _add(shown, {**terms, "total": total * len(parts)}, phase.name, len(parts))
            _add(shown, part.curves, "curve", len(parts))
            part.curves.clear()
    _move(state, plan, phase, shown)
    ramps = [name for name, weight in phase.weights.items() if isinstance(weight, Ramp)]
    _count(state, {f"weight/{phase.name}: {name}": weights[name] for name in ramps})
    return {f"{phase.name}/{name}": norm for name, norm in gradients.items()}


def _add(shown: dict[str, Tensor], values: Terms, prefix: str, parts: int) -> None:
    for name, value in values.items():
        place = f"{prefix}/{name}"
        mean = value.detach().double() / parts
        shown[place] = shown[place] + mean if place in shown else mean


def _move(state: State, plan: Plan, phase: Phase, shown: dict[str, Tensor]) -> None:
    """Let the nets of a phase learn from the gradients they have."""
    nets = [state.nets[role] for role in phase.learns]
    slopes = [[p.grad for p in net.parameters() if p.grad is not None] for net in nets]
    values = torch.stack(list(shown.values()))
    plan.mesh.average([values, *(grad for several in slopes for grad in several)])
    lengths = [get_total_norm(several) for several in slopes]
    numbers = dict(zip(shown, values.tolist(), strict=True))
    numbers[f"{phase.name}/gradient"] = math.hypot(*(float(length) for length in lengths))
    if broken := [name for name, value in numbers.items() if not math.isfinite(value)]:
        raise BrokenStepError(broken[0], numbers[broken[0]], state.pictures)
    rate = rate_at(plan.recipe, state.pictures) * phase.rate * state.slower
    for role, net, length in zip(phase.learns, nets, lengths, strict=True):
        if plan.recipe.clip:
            clip_grads_with_norm_(net.parameters(), plan.recipe.clip, length)
        for group in state.optimisers[role].param_groups:
            group["lr"] = rate
        _remember_all(state.optimisers[role])
        state.optimisers[role].step()
        state.optimisers[role].zero_grad()
    _count(state, {**numbers, f"rate/{phase.name}": rate})


def _remember_all(optimiser: Optimizer) -> None:
    """Give momentum 0 to what was frozen until now: fused SGD wants that of all, or of none."""
    if not isinstance(optimiser, SGD):
        return
    every = [one for group in optimiser.param_groups for one in group["params"]]
    moving = [optimiser.state[one] for one in every if one.grad is not None]
    if not any(kept.get("momentum_buffer") is not None for kept in moving):
        return
    for one in every:
        if one.grad is not None and optimiser.state[one].get("momentum_buffer") is None:
            optimiser.state[one]["momentum_buffer"] = torch.zeros_like(one)


def _count(state: State, values: Mapping[str, float]) -> None:
    """Add numbers to the sums that the next log line tells the means of."""
    for name, value in values.items():
        total, count = state.sums.get(name, (0.0, 0))
        state.sums[name] = (total + value, count + 1)


def weighted(terms: Terms, weights: Mapping[str, float]) -> Tensor:
    """The sum that a phase minimises."""
    return torch.stack([weights.get(name, 1.0) * value for name, value in terms.items()]).sum()


def norms(state: State, phase: Phase, terms: Terms) -> dict[str, float]:
    """How strongly each term by itself moves the nets that learn.

    A constant of nothing is left out: of what it is about this step has no picture. A term that was
    cut off is another constant, and counts.
    """
    every = (p for role in phase.learns for p in state.nets[role].parameters())
    parameters = [parameter for parameter in every if parameter.requires_grad]
    found: dict[str, float] = {}
    for name, term in terms.items():
        if not term.requires_grad and term == 0:
            continue
        slopes: Sequence[Tensor | None] = (None,)
        if term.requires_grad:
            slopes = torch.autograd.grad(term, parameters, retain_graph=True, allow_unused=True)
        found[name] = float(get_total_norm([slope for slope in slopes if slope is not None]))
    return found


def others(nets: Mapping[str, nn.Module], phase: Phase) -> list[nn.Module]:
    """The nets that do not learn in a phase."""
    return [net for role, net in nets.items() if role not in phase.learns]


def frozen(net: nn.Module, freeze: Freeze, pictures: int) -> list[nn.Module]:
    """The parts of a net that a recipe freezes.

    Optimisers pass over what has no gradient: the moments of frozen weights stay as they are too,
    and are not there before they move.
    """
    return [net.get_submodule(part) for part in freeze.parts if freeze.holds(pictures)]


def besides(nets: Mapping[str, nn.Module], phase: Phase) -> list[nn.Module]:
    """Of the nets that learn, all but the phase's parts, if it names some."""
    every = [pair for role in phase.learns for pair in nets[role].named_children() if phase.parts]
    return [layer for name, layer in every if name not in phase.parts]


# ---------------------------------------------------------------------------------------------
# Clocks


def rate_at(recipe: Recipe, pictures: int) -> float:
    """The learning rate after so many pictures. A short run warms up for a tenth of it."""
    warmup = min(recipe.warmup, recipe.pictures // 10)
    if pictures < warmup:
        return recipe.lr * (pictures + recipe.batch) / (warmup + recipe.batch)
    if recipe.schedule == "constant":
        return recipe.lr
    began, end = _fall(recipe, pictures)
    began = max(began, warmup)
    left = 1 - (pictures - began) / max(1, end - began)
    left = min(1.0, max(0.0, left))
    if recipe.schedule == "linear":
        return recipe.lr * left
    return recipe.lr * (1 - math.cos(math.pi * left)) / 2


def _fall(recipe: Recipe, pictures: int) -> tuple[int, int]:
    """From where to where the rate falls that is falling now: warm restarts (Loshchilov and Hutter,
    2017). The last fall ends with the run, however short that makes it."""
    if not recipe.cycle or pictures >= recipe.pictures:
        return 0, recipe.pictures
    times = 2 ** ((pictures // recipe.cycle + 1).bit_length() - 1)  # 1, 2, 4, ...
    began = recipe.cycle * (times - 1)
    return began, min(began + recipe.cycle * times, recipe.pictures)


def weight_of(state: State, phase: Phase, term: str) -> float:
    """What a term counts now."""
    weight = phase.weights[term]
    if not isinstance(weight, Ramp):
        return float(weight)
    if (held := state.ramps.get(f"{phase.name}/{term}")) is not None:
        return held
    gone = (state.pictures - (state.phases[phase.name].began or 0)) / max(1, weight.over)
    return weight.low + (weight.high - weight.low) * min(1.0, gone)


def average(state: State, recipe: Recipe) -> None:
    """Draw the averages nearer to the nets; in the beginning faster, or they would lag behind."""
    half_life = min(float(recipe.ema), 0.05 * state.pictures)
    decay = 0.5 ** (recipe.batch / half_life) if half_life else 0.0
    blend = get_ema_multi_avg_fn(decay)
    for role, mean in state.averages.items():
        net = state.nets[role]
        with torch.no_grad():
            blend(list(mean.parameters()), list(net.parameters()), torch.tensor(0))
            for kept, buffer in zip(mean.buffers(), net.buffers(), strict=True):
                kept.copy_(buffer)


def lasting(progress: PhaseState) -> bool:
    """Whether a phase has begun and not ended."""
    return progress.began is not None and progress.ended is None


def turn(state: State, phases: Sequence[Phase]) -> Iterator[tuple[str, str, str]]:
    """Begin and end phases by the clock; says of each its name, began or ended, and why."""
    for phase in phases:
        progress = state.phases[phase.name]
        if progress.began is None and _may_begin(state, phase):
            progress.began = state.pictures
            yield phase.name, "began", f"after {phase.after}" if phase.after else "its time came"
        if lasting(progress) and _is_over(phase, progress, state.pictures):
            progress.ended = state.pictures
            yield phase.name, "ended", "its time was over"


def thawed(freeze: Freeze, before: int, now: int) -> Iterator[tuple[str, str, str]]:
    """Say, as `turn` does, that what was frozen moves again since so many pictures are seen."""
    if freeze.until is not None and before < freeze.until <= now:
        yield f"freeze of {freeze}", "ended", "its time was over"


def _may_begin(state: State, phase: Phase) -> bool:
    ready = not phase.after or state.phases[phase.after].ended is not None
    return ready and state.pictures >= phase.start


def _is_over(phase: Phase, progress: PhaseState, pictures: int) -> bool:
    began = progress.began or 0
    return phase.lasts is not None and pictures >= began + phase.lasts


def turn_by_measure(
    state: State, phases: Sequence[Phase], higher: Mapping[str, bool]
) -> Iterator[tuple[str, str, str]]:
    """End phases, and stop ramps, of which a measure says so; as `turn` does."""
    for phase in phases:
        progress = state.phases[phase.name]
        if not lasting(progress):
            continue
        _remember(progress, state.measured, higher)
        for term, weight in phase.weights.items():
            place = f"{phase.name}/{term}"
            stops = weight.stops if isinstance(weight, Ramp) else None
            if stops is None or place in state.ramps:
                continue
            if said(stops, state.measured, progress.best, higher):
                state.ramps[place] = weight_of(state, phase, term)
                yield place, "stopped", _why(stops, state.measured)
        if phase.until and said(phase.until, state.measured, progress.best, higher):
            progress.ended = state.pictures
            yield phase.name, "ended", _why(phase.until, state.measured)


def _remember(
    progress: PhaseState, measured: Mapping[str, float], higher: Mapping[str, bool]
) -> None:
    for name, value in measured.items():
        better = max if higher[name] else min
        progress.best[name] = better(value, progress.best.get(name, value))


def said(
    until: Until,
    measured: Mapping[str, float],
    best: Mapping[str, float],
    higher: Mapping[str, bool],
) -> bool:
    """Whether the measure says what was waited for."""
    if until.measure not in measured:
        return False
    value = measured[until.measure]
    if until.at_least is not None and value >= until.at_least:
        return True
    if until.at_most is not None and value <= until.at_most:
        return True
    loss = best[until.measure] - value
    return until.loses is not None and (loss if higher[until.measure] else -loss) > until.loses


def _why(until: Until, measured: Mapping[str, float]) -> str:
    return f"{until.measure} is {measured[until.measure]:.4g}"
