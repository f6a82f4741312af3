"""Every recipe, a few steps of it: a phase trains all that it should, and nothing else."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trombine.losses.objective import Phase, Step, Terms
from trombine.models import TASKS, Card, save
from trombine.nets import build
from trombine.recipes import Recipe, with_settings
from trombine.training.launch import Mesh
from trombine.training.machine import choose
from trombine.training.material import Material, endless, open_material, step_of
from trombine.training.methods import RECIPES, find, objective_of
from trombine.training.methods import reader as read
from trombine.training.methods.restore import RestoreObjective
from trombine.training.state import PhaseState, State, fresh
from trombine.training.steps import Plan, advance

SMALL = {
    "data": "leaves#48",
    "size": "16",
    "batch": "4",
    "width": "4",
    "ema": "20",
    "warmup": "0",
    "faces": "4",
    "judged": "8",
    "threads": "1",
    "precision": "float32",
}
RAMP = {"alone": "4", "critic_alone": "4", "ramp": "8"}
ENLARGER = {"depth": "2", "size": "32"}
SRGAN = {
    **RAMP,
    "blocks": "1",
    "critic.levels": "2",
    "critic.hidden": "4",
    "judge": "JUDGE",
    "layers": "stem",
    "size": "32",
}
READER = {
    "data": "world:photo#32+world:sketch#32",
    "other": "leaves#48",
    "real": "none",
    "size": "32",
    "features": "4",
}
INVENTOR = {
    "data": "world:photo#32",
    "size": "32",
    "latent": "6",
    "outputs": "6",
    "hidden": "8",
    "blocks": "1",
    "details": "4",
    "levels": "1",
    "steps": "2",
    "finish": "2",
    "fields": "age+smile",
}
TRANSLATOR = {
    "data": "leaves#48",
    "other": "fractals#48",
    "halvings": "1",
    "blocks": "1",
    "levels": "1",
}
RESTYLER = {
    "data": "world:photo+anime#32+world:sketch+photo#32",
    "size": "32",
    "latent": "6",
    "blocks": "1",
    "details": "4",
    "levels": "1",
    "finish": "2",
}
SHARED = {
    **{name: size for name, size in RESTYLER.items() if name != "data"},
    "data": "world:photo#32",
    "other": "world:anime#32-63",
    "inputs": "6",
}
# Each recipe, and variants that its settings allow; JUDGE and START stand for models that the test
# makes.
CASES: dict[str, tuple[str, dict[str, str]]] = {
    "upscale-x2": ("upscale-x2", ENLARGER),
    "upscale-x4": ("upscale-x4", ENLARGER),
    "upscale-grown-x4": ("upscale-grown-x4", {**ENLARGER, "start": "START"}),
    "upscale-fast-x2": ("upscale-fast-x2", ENLARGER),
    "upscale-fast-x4": ("upscale-fast-x4", ENLARGER),
    "upscale-drawings-x2": ("upscale-drawings-x2", ENLARGER),
    "upscale-drawings-x4": ("upscale-drawings-x4", ENLARGER),
    "every term": (
        "upscale-fast-x2",
        {
            **ENLARGER,
            "l2": "1",
            "charbonnier": "1",
            "luma": "1",
            "total_variation": "0.1",
            "ssim": "1",
            "perceptual": "1",
            "gram": "1",
            "judge": "JUDGE",
            "layers": "stem+head",
        },
    ),
    "upscale-wild-x4": ("upscale-wild-x4", {**ENLARGER, "start": "START"}),
    "upscale-wild-x2": ("upscale-wild-x2", {**ENLARGER, "start": "START"}),
    "srresnet-x2": ("srresnet-x2", {"blocks": "2", "size": "32"}),
    "srresnet-x4": ("srresnet-x4", {"blocks": "2", "size": "32"}),
    "srresnet-x4, batch norm": (
        "srresnet-x4",
        {"blocks": "2", "size": "32", "net.norm": "batch", "net.kernel": "3"},
    ),
    "upscale-sharp-x4": (
        "upscale-sharp-x4",
        {**ENLARGER, **RAMP, "levels": "2", "start": "START", "judge": "JUDGE", "layers": "stem"},
    ),
    "srgan-x2": ("srgan-x2", SRGAN),
    "srgan-x4": ("srgan-x4", {**SRGAN, "net.norm": "spectral", "gradient_norm": "1", "clip": "0"}),
    "esrgan-x4": ("esrgan-x4", {**SRGAN, "growth": "4"}),
    "upscale-unseen-x2": ("upscale-unseen-x2", ENLARGER),
    "upscale-unseen-x4": ("upscale-unseen-x4", ENLARGER),
    "sharpener-x2": ("sharpener-x2", {**ENLARGER, **RAMP, "levels": "2"}),
    "sharpener-x2, all": (
        "sharpener-x2",
        {**ENLARGER, **RAMP, "levels": "2", "pool": "0.5", "r1": "1", "critic": "relativistic"},
    ),
    "cleaner": ("cleaner", {"levels": "2"}),
    "cleaner, batch norm": ("cleaner", {"levels": "2", "net.norm": "batch"}),
    "repairer": ("repairer", {"levels": "2"}),
    "restorer": ("restorer", {"levels": "2"}),
    "completion": ("completion", {"data": "world:photo#48", "real": "leaves#48", "size": "32"}),
    "scratches": ("scratches", {"levels": "2", "data": "leaves#48"}),
    "dcgan": ("dcgan", {"latent": "4", "pool": "0.5"}),
    "dcgan, spectral norm": ("dcgan", {"latent": "4", "discriminator.norm": "spectral"}),
    "dcgan, hinge": ("dcgan", {"latent": "4", "critic": "hinge", "real_label": "1"}),
    "dcgan, squares": ("dcgan", {"latent": "4", "critic": "least squares"}),
    "dcgan-r1": ("dcgan-r1", {"latent": "4"}),
    "stylegan": ("stylegan", {"latent": "4", "penalty_every": "2"}),
    "class-gan": (
        "class-gan",
        {"data": "world:photo#24+world:sketch#24", "latent": "6", "classes": "2"},
    ),
    "sdpc-gan": ("sdpc-gan", {"latent": "4", "penalty_every": "2"}),
    "adversarial-autoencoder": (
        "adversarial-autoencoder",
        {"latent": "6", "outputs": "6", "inputs": "6", "ssim": "0.1", "l2": "1"},
    ),
    "fractal-gan": ("fractal-gan", {"data": "fractals#48"}),
    "flow": ("flow", {"levels": "2", "steps": "2"}),
    "diffusion": ("diffusion", {"levels": "2", "steps": "2"}),
    "diffusion of noise": ("diffusion", {"levels": "2", "steps": "2", "process": "noise"}),
    "generate-anime": ("generate-anime", INVENTOR),
    "generate-photo": ("generate-photo", {**INVENTOR, "net.norm": "group", "perceptual": "0"}),
    "restyle-cyclegan": ("restyle-cyclegan", TRANSLATOR),
    "restyle-cyclegan, logistic": (
        "restyle-cyclegan",
        {**TRANSLATOR, "critic": "logistic", "dilation": "2", "identity": "0", "pool": "0"},
    ),
    "restyle-cut": ("restyle-cut", TRANSLATOR),
    "restyle-ugatit": ("restyle-ugatit", {**TRANSLATOR, "pool": "0.5"}),
    "restyle": ("restyle", RESTYLER),
    "restyle, group norm": (
        "restyle",
        {**RESTYLER, "net.norm": "group", "perceptual": "0", "space": "hsv", "grey": "0"},
    ),
    "restyle-shared": ("restyle-shared", SHARED),
    "restyle-shared, of folders": (
        "restyle-shared",
        {**SHARED, "parts": "0", "points": "0", "there_and_back": "0", "net.norm": "group"},
    ),
    "reader": ("reader", READER),
    "reader, real": ("reader", {**READER, "real": "leaves#48", "damage": "none", "batch": "16"}),
    "witness": ("witness", READER),
    "finder": ("finder", {"data": "world:photo#48", "other": "leaves#48", "width": "6"}),
    "refiner": (
        "refiner",
        {"data": "world:photo#8", "other": "leaves#8", "size": "256", "width": "4", "head": "4"},
    ),
    "inpaint": (
        "inpaint",
        {
            "window": "0",
            "data": "world:photo#48+leaves#48",
            "real": "none",
            "width": "4",
            "levels": "2",
            "damage": "hole:squares",
        },
    ),
    "inpaint, real": (
        "inpaint",
        {
            "window": "0",
            "net.halved": "false",
            "real_every": "4",
            "data": "world:photo#48",
            "real": "leaves#48",
            "width": "4",
            "levels": "2",
            "net.convolution": "partial",
            "net.stages": "2",
            "damage": "hole:half",
            "ssim": "0.1",
        },
    ),
    "inpaint-diffusion": (
        "inpaint-diffusion",
        {
            "window": "0",
            "data": "world:photo#48",
            "real": "leaves#48",
            "width": "8",
            "steps": "2",
            "net.painter": "4",
            "net.widest": "8",
            "damage": "hole:half",
        },
    ),
    "inpaint-diffusion over a smooth fill": (
        "inpaint-diffusion",
        {
            "window": "0",
            "data": "world:photo#48",
            "real": "leaves#48",
            "width": "8",
            "steps": "2",
            "net.painted": "false",
            "net.halved": "false",
            "damage": "hole:half",
        },
    ),
    "inpaint, by the reader": (
        "inpaint",
        {
            "window": "0",
            "data": "world:photo#48",
            "real": "none",
            "width": "4",
            "levels": "2",
            "net.up": "shuffle",
            "damage": "hole:huge>half@4-8",
            "space": "imagenet",
            "read_parts": "0.1",
            "read_points": "1",
            "perceptual": "0.1",
            "judge": "reader",
            "layers": "first+down.0",
        },
    ),
    "inpaint-sharp": (
        "inpaint-sharp",
        {
            "window": "0",
            "data": "world:photo#48",
            "real": "leaves#48",
            "width": "4",
            "levels": "2",
            "damage": "hole:squares",
            **RAMP,
            "pool": "0.5",
            "r1": "1",
        },
    ),
    "autoencoder": ("autoencoder", {"levels": "2", "depth": "3"}),
    "pose": ("pose", {"data": "world:photo#48", "size": "32", "levels": "2"}),
}
Kit = tuple[Plan, State, Iterator[Any], Material]


def judge_file(folder: Path) -> Path:
    """A small net of ours, as a model file."""
    sizes: dict[str, int | float | str | bool] = {"width": 4, "levels": 2, "norm": "batch"}
    net = build("unet", sizes, seed=3)
    path = folder / "judge.safetensors"
    card = Card(task="restore", net="unet", sizes=dict(net.sizes), recipe="mine", version="0")
    save(path, net, card)
    return path


def start_file(folder: Path) -> Path:
    """A small enlarger of two times, as a model file."""
    net = build("residual", {"width": 4, "depth": 2, "factor": 2}, seed=4)
    path = folder / "start.safetensors"
    save(path, net, Card(task="upscale", net="residual", sizes=net.sizes))
    return path


def shrunk(case: str, folder: Path) -> Recipe:
    """The case's recipe, so small that a step takes a moment."""
    name, settings = CASES[case]
    recipe = find(name)
    sizes = {size for net in recipe.nets.values() for size in net.sizes}
    known = {key: value for key, value in SMALL.items() if key in {*recipe.plain(), *sizes}}
    if "judge" in settings:
        layers = dict(build("unet", {"width": 4, "levels": 2, "norm": "batch"}).named_modules())
        convs = [n for n, part in layers.items() if isinstance(part, torch.nn.Conv2d)]
        chosen = f"{convs[0]}+{convs[-1]}"
        settings = {**settings, "judge": str(judge_file(folder)), "layers": chosen}
    if "start" in settings:
        settings = {**settings, "start": str(start_file(folder))}
    return with_settings(recipe, {**known, **settings})


_BEGUN: dict[str, tuple[State, Material]] = {}


def begun(case: str, folder: Path) -> Kit:
    """Its plan, a state that has taken two steps of every phase, and more pictures.

    These steps are taken once: each test has a copy of the state, and a plan of its own, so that a
    bug which was planted since is in it.
    """
    recipe = shrunk(case, folder)
    objective, machine = objective_of(recipe), choose(recipe)
    phases = objective.phases()
    plan = Plan(recipe=recipe, objective=objective, phases=phases, machine=machine, mesh=Mesh())
    if case not in _BEGUN:
        state = fresh(recipe, objective, machine, plan.mesh.device)
        material = open_material(recipe, objective.streams)
        feed = endless(recipe, material, state)
        state.phases = {phase.name: PhaseState(began=0) for phase in phases}
        for _ in range(2):
            advance(state, plan, step_of(plan, state, material, next(feed)))
        _BEGUN[case] = state, material
    state, material = _BEGUN[case]
    state = copy.deepcopy(state)
    return plan, state, endless(recipe, material, state), material


def copied(state: State) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in state.tensors().items()}


def changed(before: Mapping[str, torch.Tensor], after: Mapping[str, torch.Tensor]) -> set[str]:
    """The names of the tensors that are no longer what they were, or that are new."""
    gone = {n for n in before.keys() & after.keys() if not torch.equal(before[n], after[n])}
    return gone | (before.keys() ^ after.keys())


def only(state: State, phase: Phase) -> None:
    """Let this phase alone be under way, and due."""
    for name in state.phases:
        state.phases[name] = PhaseState(began=0 if name == phase.name else None)


def learns(phase: Phase, name: str) -> bool:
    """Whether the phase is to move this parameter of a net of its."""
    return not phase.parts or name.partition(".")[0] in phase.parts


def parameters(state: State, phase: Phase) -> set[str]:
    return {
        f"nets/{role}/{name}"
        for role in phase.learns
        for name, _ in state.nets[role].named_parameters()
        if learns(phase, name)
    }


def may_change(state: State, phase: Phase) -> tuple[str, ...]:
    """How the names begin of all that a phase may change."""
    found = ["averages/", "pools/"]
    for role in phase.learns:
        found += [f"nets/{role}/{part}." for part in phase.parts] or [f"nets/{role}/"]
        names = enumerate(name for name, _ in state.nets[role].named_parameters())
        found += [f"optimisers/{role}/{place}/" for place, name in names if learns(phase, name)]
    return tuple(found)


def cannot_learn(plan: Plan, phase: Phase, name: str) -> bool:
    """What no gradient reaches, by algebra: critics of differences do not see a constant added to
    all logits (nor does a hinge before its corners), and the slopes of a net of straight pieces do
    not depend on its biases."""
    differences = getattr(plan.recipe, "critic", "") in ("relativistic", "hinge")
    of_critic = phase.learns == (plan.objective.roles[-1],) and len(plan.objective.roles) > 1
    if of_critic and differences and name.endswith("last.bias"):
        return True
    return phase.name == "penalty" and name.endswith("bias")


def test_every_recipe_has_a_case() -> None:
    assert {name for name, _ in CASES.values()} == set(RECIPES)


@pytest.mark.parametrize("case", CASES)
def test_a_phase_trains_what_it_says_and_nothing_else(case: str, tmp_path: Path) -> None:
    plan, state, feed, material = begun(case, tmp_path)
    for phase in plan.phases:
        only(state, phase)
        before = copied(state)
        advance(state, plan, step_of(plan, state, material, next(feed)))
        moved = changed(before, state.tensors())
        learners = {n for n in parameters(state, phase) if not cannot_learn(plan, phase, n)}
        assert not learners - moved, "it learns not all it should"
        others = {n for n in moved if not n.startswith(may_change(state, phase))}
        assert not others, "what others have must stay as it is"


@pytest.mark.parametrize("case", CASES)
def test_every_parameter_gets_a_gradient(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, state, feed, material = begun(case, tmp_path)
    for phase in plan.phases:
        only(state, phase)
        without: list[str] = []

        def looked(role: str, honest: Any, *, phase: Phase = phase, into: Any = without) -> Any:
            every = state.nets[role].named_parameters()
            slopes = {name: p.grad for name, p in every if learns(phase, name)}
            dead = [name for name, slope in slopes.items() if slope is None or not slope.any()]
            into.extend(name for name in dead if not cannot_learn(plan, phase, name))
            return honest()

        with monkeypatch.context() as patched:
            for role, optimiser in state.optimisers.items():
                patched.setattr(optimiser, "step", partial(looked, role, optimiser.step))
            advance(state, plan, step_of(plan, state, material, next(feed)))
        assert not without, phase.name
        assert all(p.grad is None for net in state.nets.values() for p in net.parameters())


def moving(state: State, phase: Phase, term: torch.Tensor) -> bool:
    """Whether this term by itself moves what learns, or is 0 for want of what it compares."""
    if not term.requires_grad:
        return not term
    every = (p for role in phase.learns for p in state.nets[role].parameters())
    learners = [p for p in every if p.requires_grad]
    found = torch.autograd.grad(term, learners, retain_graph=True, allow_unused=True)
    return any(gradient is not None and gradient.any() for gradient in found)


@pytest.fixture
def never_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that knows nothing yet teaches, which test_reader.py forbids."""
    monkeypatch.setattr(read, "LOST", math.inf)
    monkeypatch.setattr(read, "_in_place", lambda labels, _: torch.ones(len(labels)).bool())


@pytest.mark.usefixtures("never_lost")
@pytest.mark.parametrize("case", CASES)
def test_each_term_by_itself_moves_the_nets_that_learn(case: str, tmp_path: Path) -> None:
    plan, state, feed, material = begun(case, tmp_path)
    for phase in plan.phases:
        only(state, phase)
        moves: dict[str, bool] = {}

        def watched(step: Step, *, phase: Phase = phase, into: Any = moves) -> Terms:
            terms = phase.terms(step)
            into |= {name: moving(state, phase, term) for name, term in terms.items()}
            return terms

        watching = replace(plan, phases=(replace(phase, terms=watched),))
        advance(state, watching, step_of(plan, state, material, next(feed)))
        assert moves and all(moves.values()), phase.name
        assert phase.weights.keys() <= moves.keys(), "a weight of a term that there is not"


@pytest.mark.parametrize("case", CASES)
def test_averages_follow(case: str, tmp_path: Path) -> None:
    plan, state, feed, material = begun(case, tmp_path)
    assert state.averages.keys() == plan.objective.exports.keys()
    state.phases = {phase.name: PhaseState(began=0) for phase in plan.phases}
    before = copied(state)
    advance(state, plan, step_of(plan, state, material, next(feed)))
    moved = changed(before, state.tensors())
    for role, mean in state.averages.items():
        phases = [phase for phase in plan.phases if role in phase.learns]
        for name, _ in mean.named_parameters():
            learned = not phases or any(learns(phase, name) for phase in phases)
            assert (f"averages/{role}/{name}" in moved) == learned
        for name, buffer in mean.named_buffers():
            assert torch.equal(buffer, dict(state.nets[role].named_buffers())[name])
        assert not mean.training


@pytest.mark.parametrize("case", CASES)
def test_looking_and_measuring_change_nothing(case: str, tmp_path: Path) -> None:
    from trombine.training.evaluation import evaluate, sample_outputs

    plan, state, _, material = begun(case, tmp_path)
    before = copied(state)
    found = evaluate(plan, state, material)
    assert found.keys() == plan.objective.measures.keys()
    assert all(np.isfinite(value) for value in found.values())
    samples = sample_outputs(plan, state, material)
    if samples is not None:
        made, still = samples
        assert made.shape == (4, 3, plan.recipe.size, plan.recipe.size)
        assert all(one.shape == made.shape for one in still.values())
        assert made.min() >= 0 and made.max() <= 1
    assert not changed(before, state.tensors())
    assert all(net.training for net in state.nets.values())
    assert evaluate(plan, state, material) == found


def test_a_judging_net_stays_as_it_is(tmp_path: Path) -> None:
    plan, state, feed, material = begun("every term", tmp_path)
    assert isinstance(plan.objective, RestoreObjective) and plan.objective.judge
    judge = plan.objective.judge.perceptual.net
    before = {name: one.clone() for name, one in judge.state_dict().items()}
    advance(state, plan, step_of(plan, state, material, next(feed)))
    assert not changed(before, judge.state_dict())
    assert all(p.grad is None for p in judge.parameters())
    assert not judge.training


@pytest.mark.parametrize("case", CASES)
def test_what_becomes_a_model_has_a_task(case: str, tmp_path: Path) -> None:
    objective = objective_of(shrunk(case, tmp_path))
    assert objective.exports and set(objective.exports.values()) <= set(TASKS)
