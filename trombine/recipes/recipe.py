"""What a recipe is: everything that determines a training, as plain frozen data.

Each method has its own fields besides these, and its presets, in its file in training/methods/;
how settings are changed by name is in settings.py.
"""

from __future__ import annotations

import dataclasses
import json
import math
from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, final

from trombine.core.errors import InputError, shortened
from trombine.core.grammar import Piece, pieces
from trombine.nets import sizes_of
from trombine.nets.spaces import SPACES

Size = int | float | str | bool


def plain_value(text: str) -> Size:
    """Text as the number or the truth value it looks like."""
    if text in ("True", "False", "true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


@final
@dataclass(frozen=True)
class NetSpec:
    """An architecture by name, and its sizes: `residual:width=32,depth=8` as text."""

    name: str
    sizes: Mapping[str, Size] = field(default_factory=dict)

    def __str__(self) -> str:
        sizes = ",".join(f"{name}={value}" for name, value in self.sizes.items())
        return f"{self.name}:{sizes}" if sizes else self.name

    @classmethod
    def parse(cls, text: str) -> NetSpec:
        """The net that this text spells."""
        piece = Piece(body=text, marks={})
        if not piece.name:
            raise InputError(f"a net is written NAME:SIZE=VALUE,SIZE=VALUE, not {text!r}")
        return cls(piece.name, {s: plain_value(value) for s, value in piece.values().items()})

    @property
    def all_sizes(self) -> dict[str, Size]:
        """Its sizes, those too that are as usual."""
        return {**sizes_of(self.name), **self.sizes}

    def resized(self, size: str, value: Size) -> NetSpec:
        """The same net with one size changed."""
        return dataclasses.replace(self, sizes={**self.sizes, size: value})


_UNTIL: Final = {"@": r"\s*(?:_*[0-9]){1,12}_*\s*"}


@final
@dataclass(frozen=True, kw_only=True)
class Freeze:
    """What `freeze` of a recipe spells: parts of a net that stand still, by name, and how many
    pictures are seen when they move again. What standing still is to a step, training/steps.py
    says."""

    parts: tuple[str, ...] = ()
    until: int | None = None  # None: never

    @classmethod
    def parse(cls, text: str) -> Freeze:
        """The parts that `head+body` or `head+body@50000` spells; of "" none."""
        if not text:
            return cls()
        found = pieces(text, _UNTIL)
        parts, count = tuple(piece.body.strip() for piece in found), found[-1].marks["@"]
        until = int(count.replace("_", "")) if count else None
        if not all(parts) or any("@" in part for part in parts) or until == 0:
            raise InputError(
                f"freeze is written PART+PART, or PART+PART@PICTURES to end it; not"
                f" {shortened(text)}"
            )
        return cls(parts=parts, until=until)

    def __str__(self) -> str:
        return " and ".join(self.parts)

    def holds(self, pictures: int) -> bool:
        """Whether the parts stand still after so many pictures."""
        return bool(self.parts) and (self.until is None or pictures < self.until)


@dataclass(frozen=True, kw_only=True)
class Recipe(ABC):
    """What every training has. Amounts of time are pictures seen."""

    objective: ClassVar[str]  # the name of its method in training/methods
    any_size: ClassVar[bool] = False  # whether its nets take pictures of any size

    about: str
    """What it trains, in a line; not on which pictures, for they are a setting."""
    task: str
    """What the model is for: a name in models.tasks.TASKS."""
    nets: Mapping[str, NetSpec]
    """The nets by their role in the objective."""
    data: str
    """Which pictures: a spec, as `trombine data` explains."""
    other: str = ""
    """The second kind of pictures, for objectives that learn from two."""
    size: int = 64
    """Width and height of the pictures, in pixels."""
    augment: str = "none"
    """Random changes of what is learned from, and of its truth: zoom:1.2+mirror+rotate:10."""
    space: str = "rgb"
    """Colours that the nets work in: rgb, grey, hsv, or imagenet (normalised by its mean and
    spread)."""
    pictures: int = 200_000
    """How long: pictures seen."""
    batch: int = 16
    """Pictures in a step."""
    seed: int = 0
    """Of everything that is drawn."""
    start: str = ""
    """A model by name or path, whose tensors the net begins with wherever name and shape agree;
    none is chance, where the recipe says otherwise."""
    freeze: str = ""
    """Parts of that net that stand still: head+body, or head+body@50000 until so many pictures."""
    optimiser: str = "adam"
    """adam, adamw, sgd, or muon: orthogonal steps of matrices, the rest by Adam."""
    lr: float = 1e-3
    """The learning rate after the warm-up."""
    beta1: float = 0.9
    """Adam's and muon's memory of the gradient; momentum of sgd."""
    beta2: float = 0.999
    """Adam's memory of the squared gradient."""
    weight_decay: float = 0.0
    """Decay of the weights."""
    schedule: str = "cosine"
    """constant, linear (to 0) or cosine (to 0)."""
    cycle: int = 0
    """Pictures after which a fall ends and the rate is as at first again, each fall being twice as
    long as the one before; 0: it falls once, over the whole run."""
    warmup: int = 0
    """Pictures over which the rate rises from 0; a tenth of the run at most."""
    clip: float = 0.0
    """The largest norm of a net's gradient; 0 leaves it as it is."""
    gradient_norm: float = 0.0
    """The norm that a net's gradient is given in every step; 0 leaves it as it is."""
    ema: int = 0
    """Half-life of the averaged weights; 0: none are kept."""
    precision: str = "float32"
    """float32, bf16, float64, or auto: bf16 where the machine computes it."""
    layout: str = "auto"
    """Order in memory: contiguous, channels_last, or auto: the latter, as pictures come in it."""
    threads: int = 0
    """Of each process, no more than there are cores; 0: half of the cores, 4 at most."""
    devices: int = 1
    """Processes, one a device."""
    device: str = "auto"
    """cpu, cuda, or auto: cuda where there is one."""
    log_every: int = 1_000
    """Between two lines of the log."""
    sample_every: int = 10_000
    """Between two samples of the same fixed faces."""
    measure_every: int = 10_000
    """Between two measurements."""
    save_every: int = 10_000
    """Between two checkpoints."""
    licence: str = ""
    """Under which the model may be used; MIT unless given, if all that it learns from was painted
    by trombine."""
    faces: int = 16
    """How many fixed faces."""
    judged: int = 64
    """On how many pictures of choosing seeds it is measured."""
    best: str = ""
    """The measure by which the best model is kept; the objective's own choice unless given."""

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            _check_number(item.name, getattr(self, item.name))
        for name, allowed in CHOICES.items():
            if hasattr(self, name) and getattr(self, name) not in allowed:
                listed = ", ".join(allowed)
                raise InputError(f"{name} is one of {listed}; not {getattr(self, name)!r}")
        if not self.lr > 0:
            raise InputError(f"lr is above 0, not {self.lr}")
        if self.gradient_norm and self.clip:
            raise InputError("clip does nothing where gradient_norm is given: set one of them to 0")
        if self.batch % self.devices:
            parts = self.devices
            raise InputError(f"a batch of {self.batch} does not divide into {parts} equal parts")

    def weights(self, *names: str) -> dict[str, float]:
        """These fields, weights of terms, without those that are 0."""
        return {name: weight for name in names if (weight := getattr(self, name, 0.0))}

    def plain(self) -> dict[str, Any]:
        """Every field as JSON has it; nets as text."""
        fields = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        fields["nets"] = {role: str(net) for role, net in self.nets.items()}
        if not self.licence:  # cards and runs without one stay as they were
            del fields["licence"]
        return json.loads(json.dumps(fields))


CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "optimiser": ("adam", "adamw", "muon", "sgd"),
    "schedule": ("constant", "linear", "cosine"),
    "precision": ("float32", "bf16", "float64", "auto"),
    "space": tuple(SPACES),
    "layout": ("auto", "contiguous", "channels_last"),
    "device": ("auto", "cpu", "cuda"),
    "critic": ("logistic", "hinge", "least squares", "relativistic"),
    "process": ("noise", "v", "flow"),
}


# The least and the largest that a number may be; any other is 0 or more.
_LIMITS: Final[dict[str, tuple[float, float]]] = {
    **dict.fromkeys(("devices", "faces", "judged", "steps", "penalty_every"), (1, math.inf)),
    **dict.fromkeys(("log_every", "sample_every", "measure_every", "save_every"), (1, math.inf)),
    **dict.fromkeys(("pool", "real_label", "grey"), (0, 1.0)),
    "size": (1, 2**14),
    "pictures": (1, 10**12),
    "batch": (1, 2**20),
    "threads": (0, 1024),
    "seed": (0, 2**63 - 1),
}


def _check_number(name: str, value: object) -> None:
    if not isinstance(value, int | float):
        return
    least, most = _LIMITS.get(name, (0, math.inf))
    if not math.isfinite(value):
        raise InputError(f"{name} is a number, not {value}")
    if value < least:
        raise InputError(f"{name} is {least} or more, not {_short(value)}")
    if value > most:
        raise InputError(f"{name} is {most} or less, not {_short(value)}")
    if name in ("beta1", "beta2") and value >= 1:
        raise InputError(f"{name} is below 1, not {value}")


def _short(number: float) -> str:
    """A number as it was given, or how long it is: 1e99 has a hundred digits."""
    text = str(number)
    return text if len(text) <= 20 else f"{text[:6]}... ({len(text)} digits)"


# What presets that learn by Muon have in common.
MUON: Final[dict[str, Any]] = {
    "optimiser": "muon",
    "lr": 5e-3,
    "beta1": 0.95,
    "clip": 1.0,
    "threads": 1,
}
