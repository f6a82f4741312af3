"""What an objective is: its nets, its phases, and each phase's terms by name.

An objective knows nothing of the loop (training/), and the loop nothing of what is learned. Their
interface is here: a `Phase` says which nets learn, when, and from which terms; terms are computed
from a `Step`. Everything that changes during a run is the loop's State: an objective never changes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from trombine.core.errors import InputError
from trombine.core.rng import Rng
from trombine.data.columns import Batch
from trombine.data.source import Source
from trombine.losses.alarms import (
    SHARE,
    WARMUP,
    Alarm,
    Collapse,
    NotFinite,
    NothingLearned,
    Saturated,
)
from trombine.losses.terms import Judge
from trombine.nets.spaces import SPACES, from_space, to_space
from trombine.recipes import Recipe

Pictures = Float[Tensor, "n c h w"]
Terms = Mapping[str, Tensor]
"""Each a number, the mean over the step's pictures of one value a picture."""

INVENTED: Final = tuple(name for name in SPACES if name != "imagenet")

RecipeKind = TypeVar("RecipeKind", bound=Recipe)


@final
@dataclass(frozen=True, kw_only=True)
class Until:
    """A phase or a ramp ends where a measure, on the choosing seeds, is this much worse than the
    best since the phase began."""

    measure: str
    loses: float


@final
@dataclass(frozen=True, kw_only=True)
class Ramp:
    """A weight that rises from 0 over the first pictures of its phase.

    Where `stops` comes true it stays as it is for the rest of the run.
    """

    high: float
    over: int  # pictures
    stops: Until | None = None


@final
@dataclass(frozen=True, kw_only=True)
class Phase:
    """Some nets learn from some terms. All times are pictures seen."""

    name: str
    learns: tuple[str, ...]  # roles; no parameter and no buffer of another net changes
    parts: tuple[str, ...] = ()  # of these nets only these layers learn; all where none is named
    terms: Callable[[Step], Terms]
    weights: Mapping[str, float | Ramp] = field(default_factory=dict)  # of terms; 1 if not there
    every: int = 1  # of the steps while it lasts, one in so many
    start: int = 0
    after: str = ""  # the phase that must have ended before
    lasts: int | None = None
    until: Until | None = None
    rate: float = 1.0  # what the recipe's learning rate is multiplied by
    exact: bool = False  # computed in float32 where the rest is in bf16: second derivatives


@final
@dataclass(frozen=True, kw_only=True)
class Step:
    """The input of terms: one part of a step's pictures, and the nets.

    `cache` goes from one phase of the step to the next: (detached) tensors that a later phase need
    not compute again. `curves` are numbers logged beside the terms.
    """

    nets: Mapping[str, nn.Module]
    batches: Mapping[str, Batch]  # by stream
    chance: Rng
    device: torch.device
    dtype: torch.dtype = torch.float32
    # What the numbers of each stream's vectors mean.
    vector_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    classes: tuple[str, ...] = ()  # what the data's labels mean
    space: str = "rgb"  # of nets.spaces.SPACES: that pictures are learned in
    swap: Callable[[str, Tensor, Rng], Tensor] | None = None  # through the pool of this name
    averages: Mapping[str, nn.Module] = field(default_factory=dict)  # where the recipe keeps them
    cache: dict[str, Tensor] = field(default_factory=dict)
    curves: dict[str, Tensor] = field(default_factory=dict)

    def pictures(self, stream: str = "data") -> Pictures:
        """The pictures of a stream, in [0, 1], in the step's space; computed once a step."""
        name = f"pictures of {stream}"
        if name not in self.cache:
            pictures = self.batches[stream].pictures(self.device).to(self.dtype)
            self.cache[name] = to_space(pictures, self.space)
        return self.cache[name]

    def to_rgb(self, pictures: Pictures) -> Pictures:
        """Pictures of the step's space as RGB, for people and for measures."""
        return from_space(pictures, self.space)

    def normals(self, purpose: str, shape: Sequence[int]) -> Tensor:
        """Standard normal numbers for each picture: n x shape."""
        return self._placed(self.chance.normals(purpose, shape))

    def uniforms(self, purpose: str) -> Float[Tensor, "n"]:
        """A number in [0, 1) for each picture."""
        return self._placed(self.chance.uniforms(purpose))

    def numbers(self, names: Sequence[str], stream: str = "data") -> Float[Tensor, "n k"]:
        """These numbers of a stream's vectors, as they are; NaN where they are not known."""
        vectors, known = self.batches[stream].vectors, self.vector_names.get(stream, ())
        found = torch.full((len(self), len(names)), torch.nan, dtype=torch.float64)
        for place, name in enumerate(names):
            if vectors is not None and name in known:
                found[:, place] = vectors[:, known.index(name)]
        return found

    def pooled(self, pool: str, pictures: Tensor) -> Tensor:
        """Generated pictures, some of them exchanged for older ones of this pool."""
        return self.swap(pool, pictures, self.chance) if self.swap else pictures

    def _placed(self, numbers: np.ndarray) -> Tensor:
        return torch.from_numpy(numbers).to(self.device, self.dtype)

    def __len__(self) -> int:
        return len(self.chance.places)


@final
@dataclass(frozen=True, kw_only=True)
class Samples:
    """The nets' output for the fixed faces, and the rows beside it that never change."""

    output: Pictures
    fixed: Mapping[str, Pictures] = field(default_factory=dict)  # "input", "truth"


class Objective(ABC, Generic[RecipeKind]):
    """What is learned. Built from its recipe; holds nothing that changes."""

    main: str = "net"  # the role whose model is the run's
    roles: tuple[str, ...] = ("net",)  # the nets it needs
    measures: Mapping[str, bool]  # name, and whether higher is better; the first chooses the best
    streams: tuple[str, ...] = ("data",)  # fields of the recipe: data first
    required: tuple[str, ...] = ()  # numbers that the vectors of its data must have
    damage: str = ""  # what is done to the pictures that it is measured on, in words
    # Whether its nets invent pictures in the recipe's space. Elsewhere a net that works in another
    # space takes and gives RGB, and losses and measures are of RGB.
    invents: bool = False
    kinds: bool = False  # whether `data` and `other` are two kinds of pictures, one to be the other
    pairs: bool = False  # whether it learns from the second side of pairs, Batch.pair, too
    collapses: bool = False  # whether its samples could come to be all alike
    judge: Judge | None = None  # where terms compare features
    adversary: Any = None  # an Adversary, where a discriminator judges
    weights: Mapping[str, float] = MappingProxyType({})  # of terms; 1 if not there

    def __init__(self, recipe: RecipeKind) -> None:
        self.recipe = recipe

    @property
    def best(self) -> str:
        """The measure by which the best model is chosen."""
        return self.recipe.best or next(iter(self.measures))

    @property
    def exports(self) -> Mapping[str, str]:
        """Which nets become models, by role, and for which task."""
        return {self.main: self.recipe.task}

    def phases(self) -> tuple[Phase, ...]:
        """In the order in which they are run within a step; one, called as the method, unless a
        method has more."""
        terms, name = self.terms, self.recipe.objective
        return (Phase(name=name, learns=(self.main,), terms=terms, weights=self.weights),)

    def terms(self, step: Step) -> Terms:
        """The terms of the only phase."""
        raise NotImplementedError

    @abstractmethod
    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """How good the nets are on the choosing pictures, for each of `measures`."""

    def samples(self, step: Step) -> Samples | None:
        """The nets' output for the fixed faces; None where they make no pictures."""
        return None

    def alarms(self) -> tuple[Alarm, ...]:
        """The alarms that watch the training."""
        warmup = min(WARMUP, int(SHARE * self.recipe.pictures))
        own: list[Alarm] = [NotFinite()]
        if self.collapses:
            own += [Collapse(warmup=warmup), Saturated(warmup=warmup)]
        # Invented pictures may well be farther from the data for a while than grey ones at first.
        rising = "PSNR" if self.collapses else self.best
        if not self.recipe.start and rising in self.measures:
            own.append(NothingLearned(rising, higher=self.measures[rising], warmup=warmup))
        return (*own, *(self.adversary.alarms() if self.adversary else ()))

    def helpers(self) -> Mapping[str, nn.Module]:
        """Nets that its terms use and that never learn: a judge, an auto-encoder, a teacher.

        They are put where the run computes, and held still while anything learns.
        """
        return {"judge": self.judge.net} if self.judge else {}

    def pools(self) -> Mapping[str, Any]:
        """Buffers of old pictures, each an adversary.Pool."""
        return self.adversary.pools() if self.adversary else {}

    def check(self, sources: Mapping[str, Source]) -> None:
        """Refuse, in one line, data that this cannot learn from: an InputError."""
        source = sources["data"]
        if lacking := [name for name in self.required if name not in source.vector_names]:
            listed = ", ".join(source.vector_names) or "none"
            problem = f"{source.spec} has no numbers called {', '.join(lacking)}"
            raise InputError(f"{problem}; it has {listed}")

    def check_space(self) -> None:
        """Refuse a space in which pictures cannot be invented: nets give [0, 1]."""
        if self.invents and self.recipe.space not in INVENTED:
            choices = " or ".join(f"--space {name}" for name in INVENTED)
            raise InputError(
                f"space {self.recipe.space}: normalises what a net is shown, and"
                f" {self.recipe.objective} invents pictures; give {choices}"
            )
