"""Draw pictures of one kind as another, without pairs: CycleGAN and U-GAT-IT.

Two nets, there and back, each against a discriminator. What went there and back is to be what it
was; a picture of the kind that a net makes is to stay as it is. A net with a classifier inside, and
a discriminator with one, learn from what it says, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast, final

import torch
from torch import Tensor, nn

from trombine.measures import sliced_distance
from trombine.nets.attentive_discriminator import AttentiveDiscriminator
from trombine.nets.translator import AttentiveTranslator
from trombine.objectives.alarms import Alarm, Collapse, DiscriminatorWon, NoGradient, NotFinite
from trombine.objectives.critics import CRITICS
from trombine.objectives.objective import Objective, Phase, Pictures, Samples, Step, Terms
from trombine.objectives.pools import Pool
from trombine.objectives.terms import l1, wide
from trombine.recipes.recipe import Translate
from trombine.refusal import InputError

# Of each direction: its net, its discriminator, where it starts from and what it makes.
_DIRECTIONS: Final = {"there": ("data", "other"), "back": ("other", "data")}
_POOL_CAPACITY: Final = 50  # pictures, as in CycleGAN
_ATTENTIVE: Final = "attentive_translator"


@final
class TranslateObjective(Objective[Translate]):
    """Two nets between two kinds of pictures."""

    main = "there"
    roles = ("there", "back", "critic_there", "critic_back")
    streams = ("data", "other")
    measures: Mapping[str, bool] = {"sliced distance": False, "there and back": False}

    def __init__(self, recipe: Translate) -> None:
        super().__init__(recipe)
        self.critic = CRITICS[recipe.critic]
        if self.critic.pairs:
            raise InputError(f"critic: {recipe.critic} compares pairs, and there are none here")
        if recipe.real_label != 1 and not self.critic.labels:
            choices = " and ".join(name for name, critic in CRITICS.items() if critic.labels)
            raise InputError(f"{recipe.critic} has no labels: real_label is for {choices}")
        drawing = [recipe.nets[role].name for role in _DIRECTIONS if role in recipe.nets]
        if recipe.attention and set(drawing) != {_ATTENTIVE}:
            raise InputError(f"attention: is of nets called {_ATTENTIVE}; give 0")
        weights = {
            name: getattr(recipe, name) for name in ("there_and_back", "identity", "attention")
        }
        self.weights = {name: weight for name, weight in weights.items() if weight}

    @property
    def exports(self) -> Mapping[str, str]:
        """Both directions."""
        return dict.fromkeys(_DIRECTIONS, self.recipe.task)

    def phases(self) -> tuple[Phase, ...]:
        """The nets, then what judges them, by the pictures of before they learned."""
        critics = tuple(f"critic_{direction}" for direction in _DIRECTIONS)
        weights = {"adversarial": self.recipe.adversarial, **self.weights}
        return (
            Phase(name="nets", learns=tuple(_DIRECTIONS), terms=self.nets, weights=weights),
            Phase(
                name="critics",
                learns=critics,
                terms=self.critics,
                rate=self.recipe.lr_discriminator,
            ),
        )

    def nets(self, step: Step) -> Terms:
        """What each net's pictures are to their discriminator, and what must not be lost."""
        parts: dict[str, list[Tensor]] = {"adversarial": []}
        made = {}
        for direction, (start, _) in _DIRECTIONS.items():
            made[direction], from_start = _drawn(step.nets[direction], step.pictures(start))
            step.cache[direction] = made[direction].detach()
            judged = _judged(step.nets[f"critic_{direction}"], made[direction])
            parts["adversarial"] += [self.critic.generator(logits) for logits in judged]
            if "attention" in self.weights:
                parts.setdefault("attention", []).append(_says(from_start, 1))
        if "there_and_back" in self.weights:
            parts["there_and_back"] = [
                l1(wide(step.nets[other](made[direction])), step.pictures(start))
                for (direction, (start, _)), other in zip(
                    _DIRECTIONS.items(), reversed(_DIRECTIONS), strict=True
                )
            ]
        if {"identity", "attention"} & self.weights.keys():
            for direction, (_, end) in _DIRECTIONS.items():
                same, from_end = _drawn(step.nets[direction], step.pictures(end))
                if "identity" in self.weights:
                    parts.setdefault("identity", []).append(l1(wide(same), step.pictures(end)))
                if "attention" in self.weights:
                    parts["attention"].append(_says(from_end, 0))
        return {name: torch.stack(values).sum() for name, values in parts.items()}

    def critics(self, step: Step) -> Terms:
        """What tells drawn pictures from those of their kind; the mean over all that judges."""
        losses = []
        for direction, (start, end) in _DIRECTIONS.items():
            if direction not in step.cache:
                with torch.no_grad():
                    step.cache[direction] = step.nets[direction](step.pictures(start))
            critic = step.nets[f"critic_{direction}"]
            real = _judged(critic, step.pictures(end))
            fake = _judged(critic, step.pooled(direction, step.cache[direction]))
            losses += [
                self.critic.discriminator(*pair, real_label=self.recipe.real_label)
                for pair in zip(real, fake, strict=True)
            ]
        return {self.recipe.critic: torch.stack(losses).mean()}

    def samples(self, step: Step) -> Samples:
        """The fixed pictures, drawn as the other kind; and some of that kind."""
        drawn = step.nets["there"](step.pictures())
        return Samples(
            output=drawn, fixed={"input": step.pictures(), "truth": step.pictures("other")}
        )

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """How far drawn pictures are, as sets, from those of their kind, the mean of both
        directions; and how far pictures that went there and back are from what they were."""
        distances, cycles = [], []
        for direction, (start, end) in _DIRECTIONS.items():
            other = next(name for name in _DIRECTIONS if name != direction)
            drawn = [step.nets[direction](step.pictures(start)) for step in steps]
            kind = [step.pictures(end).float() for step in steps]
            distances.append(float(sliced_distance(torch.cat(drawn).float(), torch.cat(kind))))
            cycles += [
                float(l1(wide(step.nets[other](one)), step.pictures(start)))
                for step, one in zip(steps, drawn, strict=True)
            ]
        return {
            "sliced distance": sum(distances) / len(distances),
            "there and back": sum(cycles) / len(cycles),
        }

    def alarms(self) -> tuple[Alarm, ...]:
        """Those of nets against each other: samples that are all alike, a judge that has won."""
        stop = self.recipe.on_nan == "stop"
        label = self.recipe.real_label
        return (
            NotFinite(action="stop" if stop else "roll back"),
            Collapse(),
            DiscriminatorWon(self.recipe.critic, real_label=label, phase="critics"),
            NoGradient(),
        )

    def pools(self) -> Mapping[str, Pool]:
        """Old pictures for each discriminator."""
        if not self.recipe.pool:
            return {}
        return {name: Pool(capacity=_POOL_CAPACITY, share=self.recipe.pool) for name in _DIRECTIONS}


def _drawn(net: nn.Module, pictures: Pictures) -> tuple[Pictures, Tensor | None]:
    """What a net draws, and the logits of its classifier, if it has one."""
    if isinstance(net, AttentiveTranslator):
        drawn, logits = net.attended(pictures)
        return wide(drawn), logits
    return wide(net(pictures)), None


def _judged(critic: nn.Module, pictures: Pictures) -> tuple[Tensor, ...]:
    """All logits by which a discriminator judges."""
    if isinstance(critic, AttentiveDiscriminator):
        return critic.judgements(pictures)
    return (critic(pictures),)


def _says(logits: Tensor | None, kind: int) -> Tensor:
    """The cross-entropy of a net's classifier: 1 of pictures that it starts from, 0 of its own."""
    known = wide(cast(Tensor, logits))
    return nn.functional.binary_cross_entropy_with_logits(known, torch.full_like(known, kind))
