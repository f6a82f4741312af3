"""A model: a net with its weights, callable, and its card.

The net is first built without memory; then the file's tensors become its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, final

import torch
from safetensors.torch import load_file

from trombine.core import devices
from trombine.core.errors import InputError, about, said, shortened
from trombine.io.files import digest, is_there
from trombine.models import zoo
from trombine.models.card import Card
from trombine.models.file import card_in, not_finite, write
from trombine.models.foreign import Foreign, is_foreign, opened_by_spandrel
from trombine.models.hub import HUB, downloaded, of_run
from trombine.models.tasks import TASKS, in_rgb, inputs_of
from trombine.models.zoo import ENDING, no_model, shipped
from trombine.nets import NETS, Net, build
from trombine.nets.spaces import SPACES


@final
@dataclass(frozen=True, kw_only=True)
class Model:
    """A net that can be used: `load("upscale-fast-x2")(picture)`."""

    net: Net
    card: Card
    hash: str  # of its file: the first 12 hex digits of SHA-256
    path: Path

    def __call__(self, *given: torch.Tensor, **named: torch.Tensor) -> Any:
        """The task's result; TASKS says what it takes, in order or by name. Nothing is learnt."""
        task = TASKS[self.card.task]
        required, optional = inputs_of(task, self.net, given, named)
        if self.net.training:  # to set all its layers takes as long as a small net takes
            self.net.eval()
        with about(self.path), torch.inference_mode():
            return task.run(self.in_rgb, required, optional)

    @property
    def described(self) -> str:
        """What it is and where it is from, for people."""
        return f"{self.path.stem} ({self.card.net}, {self.hash}) from {self.path}"

    @property
    def half(self) -> bool:
        """Whether it is known to say the same in half precision, to one level of 255."""
        return self.path.parent == zoo.ZOO and self.path.stem in zoo.HALF

    @property
    def space(self) -> str:
        """The colour space that the net itself works in, one of nets.spaces.SPACES."""
        return space_of(self.card)

    @cached_property
    def in_rgb(self) -> Net:
        """The net as it is used: pictures go in and come out as RGB, whatever its own space."""
        return in_rgb(TASKS[self.card.task], self.net, self.space)


def space_of(card: Card) -> str:
    """The colour space that a card says its net works in; of old cards, and of others', RGB."""
    return str(card.settings.get("space", "rgb"))


def load(name: str | Path, *, task: str | None = None) -> Model:
    """The model of this name, or in this file; with `task`, refused unless it does that."""
    path = find(name)
    if is_foreign(path):
        net, card, hash = opened_by_spandrel(path)
        _check_task(card, task, path)
        return Model(net=net, card=card, hash=hash, path=path)
    card = _licensed(card_in(path), path)
    _check_task(card, task, path)
    tensors = load_file(path)
    with about(path):
        net = _empty(card)
        if broken := not_finite(tensors):  # `save` writes none, another program may
            problem = f"holds NaN or infinity in {shortened(broken)}"
            raise InputError(f"{problem}; ask for the file again")
        # float16 becomes float32, as nets compute
        kinds = {name: tensor.dtype for name, tensor in net.state_dict().items()}
        tensors = {name: t.to(kinds.get(name, t.dtype)) for name, t in tensors.items()}
        try:
            net.load_state_dict(tensors, assign=True)
        except RuntimeError as error:
            problem = f"does not fit its net ({said(error)})"
            raise InputError(f"{problem}; ask for the file again") from error
    return Model(net=net.eval(), card=card, hash=digest(path)[:12], path=path)


def read_card(path: str | Path) -> Card:
    """The card of a file, or of a shipped model; its tensors are not looked at, but for others'."""
    path = find(path)
    return loaded(path).card if is_foreign(path) else _licensed(card_in(path), path)


def _licensed(card: Card, path: Path) -> Card:
    """The card, of a shipped model with the licence that all of them are under."""
    return replace(card, licence=card.licence or zoo.LICENCE) if path.parent == zoo.ZOO else card


def loaded(name: str | Path, *, task: str | None = None, device: str = "cpu") -> Model:
    """The same, loaded once for all who use it and change nothing: hands off its weights."""
    path = find(name)
    if not is_there(path):
        return load(path, task=task)  # which says what is wrong
    state = path.stat()
    model = _loaded(path, state.st_mtime_ns, state.st_size, device)
    _check_task(model.card, task, path)
    return model


@lru_cache(maxsize=8)
@torch.inference_mode(False)  # whoever loads it first: the next may need gradients through it
def _loaded(path: Path, written: int, length: int, device: str) -> Model:
    """`written` and `length`: a file that has changed is another model."""
    devices.prepare(device)
    model = load(path)
    model.net.to(device)
    if isinstance(model.net, Foreign):
        model.net.settle()
    return model


def save(path: str | Path, net: Net, card: Card, *, half: bool = False) -> None:
    """Write a model that `load` will take; the same net and card give the same bytes.

    With `half` the file is half as large, its kernels rounded to float16.
    """
    try:
        expected = _empty(card).state_dict()  # refuses what could not be loaded
    except InputError as error:
        raise InputError(f"cannot be written: {error}", path=path) from error
    shapes = [{n: t.shape for n, t in each.items()} for each in (expected, net.state_dict())]
    if shapes[0] != shapes[1]:
        raise InputError("cannot be written: the card is of another net", path=path)
    write(path, net, card, half=half)


def find(name: str | Path) -> Path:
    """The file of a shipped model or of a path; an InputError where it can be neither."""
    if not isinstance(name, str | Path):
        raise InputError(f"a model is named by a text or a path, not by {type(name).__name__}")
    if isinstance(name, str) and name.startswith(HUB):
        return downloaded(name)
    by_name = shipped()
    if (best := of_run(Path(name))) is not None:
        return best
    if isinstance(name, Path) or name.endswith(ENDING):
        return Path(name)
    if name in by_name:
        return by_name[name]
    if is_there(Path(name)):
        return Path(name)
    raise no_model(name)


def _check_task(card: Card, task: str | None, path: Path) -> None:
    """Refuse a model that does something else."""
    if task is not None and task not in TASKS:
        raise InputError(
            f"there is no task {shortened(task)}; there are {', '.join(TASKS)}", path=path
        )
    if task is not None and card.task != task:
        says = TASKS[card.task].says if card.task in TASKS else "unknown here"
        problem = f"is for {card.task} ({says}), not for {task}"
        raise InputError(problem, f"trombine models list --task {task} says what is", path=path)


def _empty(card: Card) -> Net:
    """The net of a card, without memory for its weights; refused what this trombine cannot run."""
    if card.task not in TASKS:
        raise InputError(f"does {shortened(card.task)}, which is unknown here; update trombine")
    if card.net not in NETS:
        raise InputError(f"needs the net {shortened(card.net)}, unknown here; update trombine")
    if card.net not in TASKS[card.task].nets:
        nets = ", ".join(TASKS[card.task].nets)
        raise InputError(f"the net {card.net} cannot {card.task}; what can is {nets}")
    space = space_of(card)
    if space not in SPACES:
        raise InputError(f"works in the space {shortened(space)}, unknown here; update trombine")
    with torch.device("meta"):
        net = build(card.net, card.sizes)
    if card.task in ("restore", "repair") and net.sizes.get("factor", 1) != 1:
        raise InputError("enlarges, so it cannot restore, which keeps the size")
    return net
