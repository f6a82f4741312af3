"""What a run's steps are computed from: its pictures, the share of this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import Any, Final, final

import numpy as np
import torch
from jaxtyping import Int64

from trombine.core.computing import ahead
from trombine.core.devices import CPU
from trombine.core.errors import shown
from trombine.core.progress import Progress
from trombine.core.rng import Rng
from trombine.data.augment import Augment
from trombine.data.columns import Batch
from trombine.data.source import Source, batches, check_paths, parse, spell
from trombine.data.split import apart, prepare_split, split
from trombine.losses.objective import Objective, Step
from trombine.models import TASKS
from trombine.models.tasks import in_rgb
from trombine.nets import Net
from trombine.recipes import Recipe
from trombine.training.config import streams_of
from trombine.training.state import State
from trombine.training.step import Plan

_FIXED: Final = "fixed "  # draws for the fixed faces depend neither on those of training
_FIXED_SEED: Final = 0  # nor on the run's seed: runs of one protocol are measured on the same


@final
@dataclass(frozen=True)
class Material:
    """The pictures to learn from and to be measured on, by stream."""

    learned: Mapping[str, Source]
    measured: Mapping[str, Source]
    names: Mapping[str, str] = field(default_factory=dict)  # hashes of the names of what is learned
    fingerprint: str = ""  # of the pixels that it is measured on


def prepare_material(
    recipe: Recipe, streams: tuple[str, ...], progress: Progress | None = None
) -> None:
    """Paint the pictures that are not on the disk yet."""
    count = max(recipe.judged, recipe.faces)
    specs = streams_of(recipe, streams)
    for spec in specs.values():
        check_paths(spec)
    for spec in specs.values():
        prepare_split(spec, recipe.size, count, workers=None, progress=progress)


def open_material(recipe: Recipe, streams: tuple[str, ...]) -> Material:
    """Open the sources of every stream: to learn from, and to be measured on."""
    count = max(recipe.judged, recipe.faces)
    specs = streams_of(recipe, streams)
    pairs = {stream: split(spec, recipe.size, count) for stream, spec in specs.items()}
    pairs = apart(pairs) if len(pairs) > 1 else pairs
    learned = {stream: pair[0] for stream, pair in pairs.items()}
    for source in learned.values():  # what it is measured on stays as it is
        source.augment = Augment.parse(recipe.augment)
    measured = {stream: pair[1] for stream, pair in pairs.items()}
    return Material(
        learned,
        measured,
        {stream: _names(source) for stream, source in learned.items()},
        fingerprint=_fingerprint(measured, recipe.judged),
    )


def _names(source: Source) -> str:
    """A hash of what the pictures are called, in their order."""
    digest = blake2b(digest_size=8)
    for index in range(len(source)):
        digest.update(f"{source.name(index)}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _fingerprint(measured: Mapping[str, Source], count: int) -> str:
    """A hash of the pixels of the first pictures to measure on."""
    digest = blake2b(digest_size=8)
    for source in measured.values():
        batch = source.batch(_draw(source, np.arange(room(measured, count), dtype=np.int64)))
        digest.update(batch.pixels.numpy().tobytes())
    return digest.hexdigest()


def room(measured: Mapping[str, Source], count: int) -> int:
    """How many pictures there are to measure on or to look at, if so many are wanted."""
    return min(count, *(len(source) for source in measured.values()))


def warnings(objective: Objective[Any], material: Material) -> Iterator[str]:
    """One line for each odd thing about the pictures to learn from."""
    for learned in material.learned.values():
        if learned.paired and not objective.pairs:
            spec = shown(learned.spec)
            cure = "; --damage pairs learns both" if hasattr(objective.recipe, "damage") else ""
            yield f"{spec}: is of pairs, and this recipe learns from their first side alone{cure}"
        for spec in [spell((term,)) for term in parse(learned.spec) if term.split == "test"]:
            yield f"{shown(spec)}: learns from pictures that are for tests; judge by others"


def feed_of(plan: Plan, state: State, material: Material) -> Iterator[dict[str, Batch]]:
    """The batches of all steps from the state's clock on; for a card made while it computes."""
    feed = _endless(plan.recipe, state, material)
    return feed if plan.machine.device == CPU else ahead(feed)


def _endless(recipe: Recipe, state: State, material: Material) -> Iterator[dict[str, Batch]]:
    readers = {
        stream: batches(
            source,
            seed=recipe.seed + number,
            size=recipe.batch,
            start=state.pictures // recipe.batch,
        )
        for number, (stream, source) in enumerate(material.learned.items())
    }
    while True:
        yield {stream: next(reader) for stream, reader in readers.items()}


def step_of(plan: Plan, state: State, material: Material, batches: Mapping[str, Batch]) -> Step:
    """This process's share of a step."""
    chosen = plan.mesh.slice(plan.recipe.batch)
    places = state.pictures + np.arange(chosen.start, chosen.stop, dtype=np.int64)
    chance = Rng(seed=plan.recipe.seed, places=places)
    cut = {stream: batch.only(chosen) for stream, batch in batches.items()}
    return _step(plan, state, material, state.nets, cut, chance, pools=True)


def fixed_steps(plan: Plan, state: State, material: Material, count: int) -> list[Step]:
    """The first `count` choosing pictures, in parts of a batch, for the averaged nets.

    Where fewer are held out, it is all of them: none comes twice.
    """
    count = room(material.measured, count)
    nets = {**state.nets, **state.averages}
    places = np.arange(count, dtype=np.int64)
    steps = []
    for start in range(0, count, plan.recipe.batch):
        chosen = places[start : start + plan.recipe.batch]
        batches = {
            stream: source.batch(_draw(source, chosen))
            for stream, source in material.measured.items()
        }
        chance = Rng(seed=_FIXED_SEED, places=chosen, about=_FIXED)
        steps.append(_step(plan, state, material, nets, batches, chance, pools=False))
    return steps


def _draw(source: Source, places: Int64[np.ndarray, "n"]) -> Int64[np.ndarray, "n"]:
    """In order where there is one term; a mix draws by weight."""
    if len(source.lengths) == 1:
        return places % len(source)
    return source.draw(Rng(seed=0, places=places))


def _step(
    plan: Plan,
    state: State,
    material: Material,
    nets: Mapping[str, Net],
    batches: Mapping[str, Batch],
    chance: Rng,
    *,
    pools: bool,
) -> Step:
    return Step(
        nets=_in_rgb(plan, nets),
        batches=batches,
        chance=chance,
        device=plan.mesh.device,
        dtype=plan.machine.dtype,
        vector_names={name: one.vector_names for name, one in material.learned.items()},
        classes=material.learned["data"].classes,
        space=plan.recipe.space if plan.objective.invents else "rgb",
        swap=partial(_through_pool, plan, state) if pools and state.pools else None,
        averages=_in_rgb(plan, state.averages) if state.averages else {},
    )


def _in_rgb(plan: Plan, nets: Mapping[str, Net]) -> Mapping[str, Net]:
    """The nets as the objective uses them: RGB in and out, whatever space they work in.

    An objective that invents pictures works in that space itself, and so do its losses.
    """
    space = plan.recipe.space
    if space == "rgb" or plan.objective.invents:
        return nets
    exports = plan.objective.exports.items()
    return {**nets, **{role: in_rgb(TASKS[task], nets[role], space) for role, task in exports}}


def _through_pool(
    plan: Plan, state: State, name: str, pictures: torch.Tensor, chance: Rng
) -> torch.Tensor:
    """Exchange some pictures for older ones. All processes keep one pool, of all their pictures."""
    if name not in state.pools:
        return pictures
    mesh, count = plan.mesh, len(pictures)
    places = torch.from_numpy(chance.places).to(mesh.device)
    gathered, all_places = mesh.gather(pictures), mesh.gather(places).cpu().numpy()
    swapped = state.pools[name].swap(gathered, chance.at(all_places))
    return swapped[mesh.rank * count : (mesh.rank + 1) * count]
