"""One step of training: which phases are due, and what each does to the nets that learn in it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm
from torch.optim import SGD, Optimizer
from torch.optim.swa_utils import get_ema_multi_avg_fn

from trombine.losses.objective import Objective, Phase, Ramp, Step, Until
from trombine.nets.frozen import frozen
from trombine.recipes import Freeze, Recipe
from trombine.training.config import Machine
from trombine.training.launch import Mesh
from trombine.training.state import PhaseState, Start, State, start_of

LEAST: Final = 1e-12  # of a gradient's length: what is shorter is nothing but rounding


@final
@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run does; none of it changes."""

    recipe: Recipe
    objective: Objective
    phases: tuple[Phase, ...]
    machine: Machine
    mesh: Mesh
    start: Start | None = None  # the model that the main net began with, if any

    @property
    def freeze(self) -> Freeze:
        """Which parts of the main net are frozen, and until when."""
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
    """A term or a gradient is NaN or infinite; no net has learned from it."""

    def __init__(self, name: str, value: float, pictures: int) -> None:
        super().__init__(f"{name} is {value} after {pictures:,} pictures")
        self.name, self.value = name, value


def advance(state: State, plan: Plan, step: Step) -> None:
    """Take one step: every phase that is due, then the averages and the clock."""
    for phase in plan.phases:
        progress = state.phases[phase.name]
        if not is_active(progress):
            continue
        if progress.steps % phase.every == 0:
            _run_phase(state, plan, phase, step)
        progress.steps += 1
    state.pictures += plan.recipe.batch
    update_averages(state, plan.recipe)


def _run_phase(state: State, plan: Plan, phase: Phase, step: Step) -> None:
    """One phase: terms, gradients, the mean over processes, clipping, the optimisers."""
    weights = {name: weight_of(state, phase, name) for name in phase.weights}
    main = state.nets[plan.objective.main]
    fixed = frozen_parts(main, plan.freeze, state.pictures) + layers_outside(state.nets, phase)
    fixed += [*plan.objective.helpers().values()]
    outside = [net for role, net in state.nets.items() if role not in phase.learns]
    with frozen(*outside, batch_statistics=True), frozen(*fixed):
        with plan.machine.autocast(exact=phase.exact):
            terms = phase.terms(step)
        total = torch.stack([weights.get(n, 1.0) * value for n, value in terms.items()]).sum()
        total.backward()
    values = {f"{phase.name}/{name}": value for name, value in {**terms, "total": total}.items()}
    values |= {f"curve/{name}": value for name, value in step.curves.items()}
    step.curves.clear()
    _apply_gradients(state, plan, phase, {n: v.detach().double() for n, v in values.items()})
    ramps = [name for name, weight in phase.weights.items() if isinstance(weight, Ramp)]
    _add_to_sums(state, {f"weight/{phase.name}: {name}": weights[name] for name in ramps})


def _apply_gradients(state: State, plan: Plan, phase: Phase, means: dict[str, Tensor]) -> None:
    """Let the nets of a phase learn from the gradients they have."""
    nets = [state.nets[role] for role in phase.learns]
    gradients = [[p.grad for p in net.parameters() if p.grad is not None] for net in nets]
    values = torch.stack(list(means.values()))
    plan.mesh.average([values, *(grad for grads in gradients for grad in grads)])
    lengths = [get_total_norm(grads) for grads in gradients]
    # A card is waited for here, once a phase: what is no number must not be learned.
    found = torch.cat([values, *(length.to(values)[None] for length in lengths)]).tolist()
    numbers = dict(zip(means, found, strict=False))
    numbers[f"{phase.name}/gradient"] = math.hypot(*found[len(means) :])
    if broken := [name for name, value in numbers.items() if not math.isfinite(value)]:
        raise BrokenStepError(broken[0], numbers[broken[0]], state.pictures)
    rate = rate_at(plan.recipe, clock_of(plan.recipe, state)) * phase.rate
    for role, net, length in zip(phase.learns, nets, lengths, strict=True):
        if norm := plan.recipe.gradient_norm:
            for parameter in net.parameters():
                if parameter.grad is not None:
                    parameter.grad *= norm / length.clamp(min=LEAST)
        elif plan.recipe.clip:
            clip_grads_with_norm_(net.parameters(), plan.recipe.clip, length)
        for group in state.optimisers[role].param_groups:
            group["lr"] = rate
        _init_momentum(state.optimisers[role])
        state.optimisers[role].step()
        state.optimisers[role].zero_grad()
    _add_to_sums(state, {**numbers, f"rate/{phase.name}": rate})


def _init_momentum(optimiser: Optimizer) -> None:
    """Give momentum 0 to what was frozen until now: fused SGD wants that of all, or of none."""
    if not isinstance(optimiser, SGD):
        return
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    moving = {p: optimiser.state[p] for p in parameters if p.grad is not None}
    if not any(state.get("momentum_buffer") is not None for state in moving.values()):
        return
    for parameter, state in moving.items():
        if state.get("momentum_buffer") is None:
            state["momentum_buffer"] = torch.zeros_like(parameter)


def _add_to_sums(state: State, values: Mapping[str, float]) -> None:
    for name, value in values.items():
        total, count = state.sums.get(name, (0.0, 0))
        state.sums[name] = (total + value, count + 1)


def frozen_parts(net: nn.Module, freeze: Freeze, pictures: int) -> list[nn.Module]:
    """The parts of a net that a recipe freezes.

    Optimisers skip parameters without a gradient: the moments of frozen weights stay as they are,
    and exist only once they move.
    """
    return [net.get_submodule(part) for part in freeze.parts if freeze.holds(pictures)]


def layers_outside(nets: Mapping[str, nn.Module], phase: Phase) -> list[nn.Module]:
    """The layers of the phase's nets that are not among its parts, if it names any."""
    layers = [pair for role in phase.learns for pair in nets[role].named_children() if phase.parts]
    return [layer for name, layer in layers if name not in phase.parts]


# Clocks


def clock_of(recipe: Recipe, state: State) -> int:
    """How far a run is, of the pictures of its recipe: those seen, or the share of its minutes."""
    by_time = state.seconds / (60 * recipe.minutes) if recipe.minutes else 0.0
    return max(state.pictures, min(recipe.pictures, int(by_time * recipe.pictures)))


def in_all(recipe: Recipe, state: State) -> int:
    """How many pictures a run will have seen when it is over, as fast as it is."""
    clock = clock_of(recipe, state)
    return max(1, recipe.pictures * state.pictures // clock) if clock else recipe.pictures


def rate_at(recipe: Recipe, pictures: int) -> float:
    """The learning rate after so many pictures. A short run warms up for a tenth of it."""
    warmup = min(recipe.warmup, recipe.pictures // 10)
    if pictures < warmup:
        return recipe.lr * (pictures + recipe.batch) / (warmup + recipe.batch)
    if recipe.schedule == "constant":
        return recipe.lr
    began, end = _fall(recipe, pictures)
    began = max(began, warmup)
    remaining = 1 - (pictures - began) / max(1, end - began)
    remaining = min(1.0, max(0.0, remaining))
    if recipe.schedule == "linear":
        return recipe.lr * remaining
    return recipe.lr * (1 - math.cos(math.pi * remaining)) / 2


def _fall(recipe: Recipe, pictures: int) -> tuple[int, int]:
    """Where the present fall of the rate begins and ends: warm restarts (Loshchilov and Hutter,
    2017). The last fall ends with the run, however short that makes it."""
    if not recipe.cycle or pictures >= recipe.pictures:
        return 0, recipe.pictures
    times = 2 ** ((pictures // recipe.cycle + 1).bit_length() - 1)  # 1, 2, 4, ...
    began = recipe.cycle * (times - 1)
    return began, min(began + recipe.cycle * times, recipe.pictures)


def weight_of(state: State, phase: Phase, term: str) -> float:
    """The weight of a term now."""
    weight = phase.weights[term]
    if not isinstance(weight, Ramp):
        return float(weight)
    if (stopped_at := state.ramps.get(f"{phase.name}/{term}")) is not None:
        return stopped_at
    share = (state.pictures - (state.phases[phase.name].began or 0)) / max(1, weight.over)
    return weight.high * min(1.0, share)


def update_averages(state: State, recipe: Recipe) -> None:
    """Draw the averages nearer to the nets; in the beginning faster, or they would lag behind."""
    half_life = min(float(recipe.ema), 0.05 * state.pictures)
    decay = 0.5 ** (recipe.batch / half_life) if half_life else 0.0
    blend = get_ema_multi_avg_fn(decay)
    for role, mean in state.averages.items():
        net = state.nets[role]
        with torch.no_grad():
            blend(list(mean.parameters()), list(net.parameters()), torch.tensor(0))
            for target, buffer in zip(mean.buffers(), net.buffers(), strict=True):
                target.copy_(buffer)


def is_active(progress: PhaseState) -> bool:
    """Whether a phase has begun and not ended."""
    return progress.began is not None and progress.ended is None


def update_phases(state: State, phases: Sequence[Phase]) -> Iterator[tuple[str, str, str]]:
    """Begin and end phases by the clock; yields the name, began or ended, and the reason."""
    for phase in phases:
        progress = state.phases[phase.name]
        ready = not phase.after or state.phases[phase.after].ended is not None
        if progress.began is None and ready and state.pictures >= phase.start:
            progress.began = state.pictures
            yield phase.name, "began", f"after {phase.after}" if phase.after else "its time came"
        seen = state.pictures - (progress.began or 0)
        if is_active(progress) and phase.lasts is not None and seen >= phase.lasts:
            progress.ended = state.pictures
            yield phase.name, "ended", "its time was over"


def freeze_ended(freeze: Freeze, before: int, now: int) -> Iterator[tuple[str, str, str]]:
    """Yield, as `update_phases` does, that frozen parts learn from now on."""
    if freeze.until is not None and before < freeze.until <= now:
        yield f"freeze of {freeze}", "ended", "its time was over"


def update_phases_by_measure(
    state: State, phases: Sequence[Phase], higher: Mapping[str, bool]
) -> Iterator[tuple[str, str, str]]:
    """End phases and stop ramps as the measures ask; yields as `update_phases` does."""
    for phase in phases:
        progress = state.phases[phase.name]
        if not is_active(progress):
            continue
        for name, value in state.measured.items():
            better = max if higher[name] else min
            progress.best[name] = better(value, progress.best.get(name, value))
        for term, weight in phase.weights.items():
            key = f"{phase.name}/{term}"
            stops = weight.stops if isinstance(weight, Ramp) else None
            if stops is None or key in state.ramps:
                continue
            if is_reached(stops, state.measured, progress.best, higher):
                state.ramps[key] = weight_of(state, phase, term)
                yield key, "stopped", _reason(stops, state.measured)
        if phase.until and is_reached(phase.until, state.measured, progress.best, higher):
            progress.ended = state.pictures
            yield phase.name, "ended", _reason(phase.until, state.measured)


def is_reached(
    until: Until,
    measured: Mapping[str, float],
    best: Mapping[str, float],
    higher: Mapping[str, bool],
) -> bool:
    """Whether the measure is what the phase or the ramp waits for."""
    if until.measure not in measured:
        return False
    loss = best[until.measure] - measured[until.measure]
    return (loss if higher[until.measure] else -loss) > until.loses


def _reason(until: Until, measured: Mapping[str, float]) -> str:
    return f"{until.measure} is {measured[until.measure]:.4g}"
