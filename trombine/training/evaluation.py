"""Samples, measures and model cards of a run at one moment; the nets are not changed."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from trombine import __version__
from trombine.core.conventions import to_pixels
from trombine.data.spec import PAINTED, parse
from trombine.metrics import CHOOSING_SEEDS, Protocol
from trombine.models import Card, Score
from trombine.nets.frozen import frozen
from trombine.training.material import Material, fixed_steps, room
from trombine.training.state import State
from trombine.training.steps import Plan


def sample_outputs(
    plan: Plan, state: State, material: Material
) -> tuple[Tensor, dict[str, Tensor]] | None:
    """The nets' outputs for the fixed faces, and the fixed rows beside them: input, truth."""
    with frozen(*state.nets.values()), torch.inference_mode(), plan.machine.autocast():
        steps = fixed_steps(plan, state, material, plan.recipe.faces)
        outputs = [plan.objective.samples(step) for step in steps]
    samples = [part for part in outputs if part is not None]
    if not samples:
        return None
    pictures = torch.cat([part.output.float() for part in samples]).clamp(0, 1).cpu()
    rows = samples[0].fixed
    return pictures, {
        row: torch.cat([part.fixed[row].float() for part in samples]).clamp(0, 1).cpu()
        for row in rows
    }


def evaluate(plan: Plan, state: State, material: Material) -> dict[str, float]:
    """The value of every measure on the choosing pictures."""
    with frozen(*state.nets.values()), torch.inference_mode(), plan.machine.autocast():
        steps = fixed_steps(plan, state, material, plan.recipe.judged)
        values = plan.objective.measure(steps)
    return {name: float(value) for name, value in values.items()}


def protocol_of(plan: Plan, material: Material) -> Protocol:
    """The protocol of the measures that a run takes of itself."""
    recipe, objective = plan.recipe, plan.objective
    first = CHOOSING_SEEDS.start
    pictures = " and ".join(source.spec for source in material.measured.values())
    return Protocol(
        name=f"choosing, while {recipe.about}",
        pictures=pictures,
        seeds=range(first, first + room(material.measured, recipe.judged)),
        size=recipe.size,
        degradations=(objective.damage,) if objective.damage else (),
        measures=tuple(objective.measures),
        fingerprint=material.fingerprint,
    )


def card_of(
    plan: Plan, state: State, material: Material, role: str, name: str, command: str
) -> Card:
    """The card of a model file."""
    recipe, protocol = plan.recipe, protocol_of(plan, material)
    net = recipe.nets[role]
    data = " and ".join(source.spec for source in material.learned.values())
    scores = (
        Score(measure=measure, value=value, protocol=protocol.hash)
        for measure, value in state.measured.items()
        if math.isfinite(value)  # else the alarms say so, and a card holds none
    )
    return Card(
        task=plan.objective.exports[role],
        net=net.name,
        sizes=dict(state.nets[role].sizes),
        recipe=name,
        settings=recipe.plain(),
        start=plan.start.hash if plan.start and role == plan.objective.main else "",
        data=data,
        pictures=state.pictures,
        scores=tuple(scores),
        licence=recipe.licence or licence_of(source.spec for source in material.learned.values()),
        command=command,
        version=__version__,
        about=f"{recipe.about}; learns from {_learned_from(material)}",
    )


def licence_of(specs: Iterable[str]) -> str:
    """The licence of a model that learned from these specs; "" where trombine cannot know it."""
    kinds = {term.kind for spec in specs for term in parse(spec)}
    return "MIT" if kinds <= {"world", *PAINTED} else ""


def _learned_from(material: Material) -> str:
    """`folder:own (120 pictures) and leaves#48 (48 pictures)`."""
    return " and ".join(
        f"{source.spec} ({len(source):,} picture{'' if len(source) == 1 else 's'})"
        for source in material.learned.values()
    )


def sheet(pictures: Tensor) -> UInt8[np.ndarray, "h w 3"]:
    """Pictures side by side in a grid that is nearly square, at their true size."""
    count, _, height, width = pictures.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    grid = np.zeros((rows * height, columns * width, 3), np.uint8)
    for number, picture in enumerate(pictures):
        top, column = number // columns * height, number % columns * width
        grid[top : top + height, column : column + width] = to_pixels(picture)
    return grid
