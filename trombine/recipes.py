"""Recipes: everything that determines a training, as plain frozen data; and their settings.

Each method has its own fields besides these, and its presets, in its file in training/methods/.
Settings change fields and the sizes of nets by name, from text. A recipe in a file is the name of
one of the presets, and settings that differ from it:

    recipe = "upscale-x2"          # TOML; JSON has the same keys
    data = "leaves#100"
    lr = 1e-4
    [net]
    width = 32                     # or "net.width" = 32 before the first table

A run's own recipe.json is such a file: it names all settings of the run.
"""

from __future__ import annotations

import dataclasses
import json
import math
import tomllib
from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from typing import Any, ClassVar, Final, final, get_type_hints

from trombine.core.errors import InputError, about, shortened, shown
from trombine.core.grammar import Piece, instead, number_of, pieces
from trombine.core.texts import flat, from_json
from trombine.data.augment import Augment
from trombine.io.files import opened
from trombine.nets import Size, sizes_of
from trombine.nets.sizes import resolved
from trombine.nets.spaces import SPACES


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
    pictures are seen when they move again."""

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

    about: str  # what it trains, in a line; not on which pictures, for they are a setting
    task: str  # what the model is for: a name in models.tasks.TASKS
    nets: Mapping[str, NetSpec]  # the nets by their role in the objective
    data: str  # which pictures: a spec, as `trombine data` explains
    other: str = ""  # the second kind of pictures, for objectives that learn from two
    size: int = 64  # width and height of the pictures, in pixels
    augment: str = "none"  # random changes, of the truth too: zoom:1.2+mirror+rotate:10
    space: str = "rgb"  # colours that the nets work in, of nets.spaces.SPACES
    pictures: int = 200_000  # how long: pictures seen
    minutes: float = 0.0  # how long at most: the rate falls to 0 by then; 0: as long as it takes
    batch: int = 16  # pictures in a step
    seed: int = 0  # of everything that is drawn
    start: str = ""  # a model whose tensors the net begins with, where name and shape agree
    freeze: str = ""  # parts of that net that stand still: head+body, or head+body@50000
    optimiser: str = "adam"  # adam, adamw, sgd, or muon: orthogonal steps of matrices
    lr: float = 1e-3  # the learning rate after the warm-up
    beta1: float = 0.9  # Adam's and muon's memory of the gradient; momentum of sgd
    beta2: float = 0.999  # Adam's memory of the squared gradient
    weight_decay: float = 0.0  # decay of the weights
    schedule: str = "cosine"  # constant, linear (to 0) or cosine (to 0)
    cycle: int = 0  # pictures of the first fall of the rate, the next twice as long; 0: one fall
    warmup: int = 0  # pictures over which the rate rises from 0; a tenth of the run at most
    clip: float = 0.0  # the largest norm of a net's gradient; 0 leaves it as it is
    gradient_norm: float = 0.0  # that a net's gradient is given; 0 leaves it as it is
    ema: int = 0  # half-life of the averaged weights; 0: none are kept
    precision: str = "float32"  # float32, bf16, float64, or auto: bf16 where it is computed
    threads: int = 0  # of each process, at most as many as cores; 0: half of the cores, 4 at most
    devices: int = 1  # processes, one a device
    device: str = "auto"  # cpu, cuda, or auto: cuda where there is one
    log_every: int = 1_000  # between two lines of the log
    sample_every: int = 10_000  # between two samples of the same fixed faces
    measure_every: int = 10_000  # between two measurements
    save_every: int = 10_000  # between two checkpoints
    licence: str = ""  # of the model; MIT unless given, where all it learns from is painted
    faces: int = 16  # how many fixed faces
    judged: int = 64  # on how many pictures of choosing seeds it is measured
    best: str = ""  # the measure by which the best model is kept; else the objective's choice

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            _check_number(item.name, getattr(self, item.name))
        for name, allowed in CHOICES.items():
            if hasattr(self, name) and getattr(self, name) not in allowed:
                listed = ", ".join(allowed)
                raise InputError(f"{name} is one of {listed}; not {getattr(self, name)!r}")
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
        for name in ("licence", "minutes"):  # cards and runs without one stay as they were
            if not fields[name]:
                del fields[name]
        return json.loads(json.dumps(fields))


CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "optimiser": ("adam", "adamw", "muon", "sgd"),
    "schedule": ("constant", "linear", "cosine"),
    "precision": ("float32", "bf16", "float64", "auto"),
    "space": tuple(SPACES),
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
    "lr": (1e-12, math.inf),
    **dict.fromkeys(("beta1", "beta2"), (0, 0.999_999)),
}


def _check_number(name: str, value: object) -> None:
    least, most = _LIMITS.get(name, (0, math.inf))
    if isinstance(value, int | float) and not (math.isfinite(value) and least <= value <= most):
        limits = f"{least:,} or more" if most == math.inf else f"{least:,} to {most:,}"
        raise InputError(f"{name} is {limits}, not {shortened(str(value))}")


# What presets that learn by Muon have in common.
MUON: Final[dict[str, Any]] = {
    "optimiser": "muon",
    "lr": 5e-3,
    "beta1": 0.95,
    "clip": 1.0,
    "threads": 1,
}


FIXED: Final = {"about", "task", "nets"}  # fields that are not settings
_NOTHING: Final = "none"  # takes back what a recipe sets of a field that is usually empty


def with_settings(recipe: Recipe, settings: Mapping[str, str]) -> Recipe:
    """The recipe with these settings changed.

    A name is a field (`lr`), a net's role (`generator=dcgan_generator:width=32`), a size of one
    net (`generator.width`), or a size alone (`width`), which changes every net that has it.
    """
    nets, changed = dict(recipe.nets), {}
    hints = get_type_hints(type(recipe))
    fields = {item.name for item in dataclasses.fields(recipe)} - FIXED
    for raw, text in settings.items():
        name = raw.replace("-", "_")
        if name in fields:
            empty = text == _NOTHING and getattr(type(recipe), name, None) == ""
            changed[name] = "" if empty else _as_type(name, hints[name], text)
            _resize(nets, name, changed[name])  # `size` is that of the pictures and of the nets
        elif name in nets:
            nets[name] = NetSpec.parse(text)
        elif not _resize(nets, name, plain_value(text)):
            raise InputError(_unknown(recipe, raw, fields))
    result = dataclasses.replace(recipe, nets=nets, **changed)
    if Augment.parse(result.augment).crop and not recipe.any_size:
        raise InputError(
            f"augment crop is for what restores or enlarges, and this recipe is"
            f" {recipe.objective}: give a smaller --size"
        )
    return result


def _resize(nets: dict[str, NetSpec], name: str, value: Size) -> bool:
    """Change a size of the net that is named, or of every net that has it; False if none has.

    What other sizes a net has besides those of the recipe is known to nets/, which refuses others.
    """
    only, _, size = name.rpartition(".")
    roles = [role for role, net in nets.items() if only == role or (not only and size in net.sizes)]
    for role in roles:
        nets[role] = nets[role].resized(size, value)
    return bool(roles)


def _unknown(recipe: Recipe, name: str, fields: set[str]) -> str:
    sizes = {f"{role}.{size}" for role, net in recipe.nets.items() for size in net.sizes}
    all_names = sorted(fields | set(recipe.nets) | sizes | {s.partition(".")[2] for s in sizes})
    hint = instead(name, all_names, "--dry-run lists all settings")
    return f"this recipe has no setting {shortened(name)!r}; {hint}"


def _as_type(name: str, kind: type, text: str) -> Any:
    if kind is str:
        return text
    number = number_of(text.replace("_", ""))
    if kind is int and not number % 1 == 0:  # 20_000 and 2e5 are
        raise InputError(f"{name} is a whole number, not {text!r}")
    if number != number:
        raise InputError(f"{name} is a number, not {text!r}")
    return kind(int(text) if text.isdecimal() else number)


def settings_of(values: Mapping[str, object]) -> dict[str, str]:
    """Settings as text by name, each given once; those of a table NAME as NAME.KEY."""
    settings: dict[str, str] = {}
    names: set[str] = set()
    for name, value in flat(values):
        if value == {}:  # a table with nothing in it
            continue
        if (known := name.replace("-", "_")) in names:
            raise InputError(f"{name} is given twice; give each setting once")
        names.add(known)
        settings[name] = as_text(name, value)
    return settings


def as_text(name: str, value: object) -> str:
    """A setting's value as the command line has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | Real):
        return str(value)
    raise InputError(shown(f"{name} is a number or a text, not {value!r:.80}"))


ENDINGS: Final = (".toml", ".json")
_BEGIN: Final = 'begin it with recipe = "upscale-x2", or any other name'


def is_file(name: str) -> bool:
    """Whether the name of a recipe is that of a file."""
    return name.lower().endswith(ENDINGS)


def run_name(recipe: str) -> str:
    """What a run of this recipe is called unless the user says."""
    return Path(recipe).stem if is_file(recipe) else recipe


def read_recipe(path: Path, recipes: Mapping[str, Recipe]) -> tuple[str, Recipe]:
    """The name of the recipe that the file begins with, and that recipe with the settings of the
    file."""
    with about(path):
        content = _content(path)
        name = content.pop("recipe", None)
        if not isinstance(name, str) or name not in recipes:
            problem = f"there is no recipe {name!r}" if name else "names no recipe"
            raise InputError(shown(problem), _BEGIN)
        base = recipes[name]
        if isinstance(content.get("settings"), dict):  # a run's recipe.json
            base, content = _of_run(base, content["settings"])
        recipe = with_settings(base, settings_of(content))
        check_sizes(recipe)
        return name, recipe


def differences(base: Recipe, recipe: Recipe) -> dict[str, str]:
    """The settings, as text, that make the one recipe of the other."""
    settings = {
        field.name: as_text(field.name, getattr(recipe, field.name)) or "none"
        for field in dataclasses.fields(recipe)
        if field.name not in FIXED and getattr(recipe, field.name) != getattr(base, field.name)
    }
    nets = with_settings(base, settings).nets
    changed = {role: str(net) for role, net in recipe.nets.items() if net != nets[role]}
    return {**settings, **changed}


def _content(path: Path) -> dict[str, Any]:
    with opened(path) as file:
        data = file.read()
    kind = path.suffix[1:].upper()
    try:
        content = from_json(data) if kind == "JSON" else tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise InputError(shown(f"is no {kind} ({error})"), "correct it") from error
    if not isinstance(content, dict):
        raise InputError("is no JSON object", _BEGIN)
    return content


def _of_run(base: Recipe, settings: Mapping[str, Any]) -> tuple[Recipe, dict[str, Any]]:
    """The recipe that a run was begun from, and its settings by the names that users give.

    A run of an older trombine lacks the settings that came since: they have their defaults. Those
    that are no longer there are left out.
    """
    known = {field.name for field in dataclasses.fields(base)} - FIXED
    lacks = {
        field.name: field.default
        for field in dataclasses.fields(base)
        if field.name not in settings and field.default is not dataclasses.MISSING
    }
    named = {name: value for name, value in settings.items() if name in known}
    nets = settings.get("nets")  # last, for they have all their sizes
    return dataclasses.replace(base, **lacks), {**named, **(nets if isinstance(nets, dict) else {})}


def check_sizes(recipe: Recipe) -> None:
    """Refuse sizes that the nets do not have, here where the file is known."""
    for net in recipe.nets.values():
        resolved(net.name, sizes_of(net.name), net.sizes)
