"""Draw pictures of one kind as another, without pairs: CycleGAN, U-GAT-IT and CUT.

Two nets, there and back, each against a discriminator. What went there and back is to be what it
was; a picture of the kind that a net makes is to stay as it is. A net with a classifier inside, and
a discriminator with one, learn from what it says, too.

Or one net alone, there (CUT): each place of what it draws is to be, to the net itself, more like
the same place of the picture than like others of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, cast, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from trombine.core.errors import InputError
from trombine.eval.views import DISTANCE, distance
from trombine.losses.adversary import Pool, critic_of
from trombine.losses.alarms import Alarm, DiscriminatorWon
from trombine.losses.objective import Objective, Phase, Pictures, Samples, Step, Terms
from trombine.losses.terms import l1, wide
from trombine.nets.discriminators import AttentiveDiscriminator
from trombine.nets.translator import AttentiveTranslator, Translator
from trombine.recipes import NetSpec, Recipe


@final
@dataclass(frozen=True, kw_only=True)
class Translate(Recipe):
    """Draw pictures of one kind as another, and back, without pairs: two nets, two discriminators.

    Without a net called back it is one way. `data` is the one kind and `other` the other. Weights
    of 0 leave a term out.
    """

    objective: ClassVar[str] = "translate"

    critic: str = "least squares"  # logistic, hinge or least squares
    # Weight of what the discriminators say, the sum over all that judges in them.
    adversarial: float = 1.0
    # Weight of the mean absolute difference of pictures and what went there and back.
    there_and_back: float = 10.0
    identity: float = 5.0  # weight of how much a net changes pictures of the kind that it makes
    attention: float = 0.0  # weight of the classifiers inside attentive nets
    # Weight of how surely a net's features tell each place that it draws from other places.
    contrast: float = 0.0
    lr_discriminator: float = 1.0  # the discriminators' learning rate as a part of the nets'
    # What the discriminators are to say of real pictures (.9: one-sided smoothing).
    real_label: float = 1.0
    pool: float = 0.0  # share of drawn pictures that the discriminators see from older ones


# Of each direction: what its net starts from and what it makes.
_DIRECTIONS: Final = {"there": ("data", "other"), "back": ("other", "data")}
_OTHER: Final = {"there": "back", "back": "there"}
_POOL_CAPACITY: Final = 50  # pictures, as in CycleGAN
_ATTENTIVE: Final = "attentive_translator"
_PLACES: Final = 256  # of each size of features that are compared, as in CUT
_TEMPERATURE: Final = 0.07  # of their likenesses

Translations = dict[str, Pictures]
"""Of each direction, what its net draws."""


@final
class TranslateObjective(Objective[Translate]):
    """Two nets between two kinds of pictures, or one from the first to the second."""

    main = "there"
    streams = ("data", "other")
    kinds = True
    collapses = True

    def __init__(self, recipe: Translate) -> None:
        super().__init__(recipe)
        self.critic = critic_of(recipe.critic, recipe.real_label)
        if self.critic.pairs:
            raise InputError(f"critic: {recipe.critic} compares pairs, and there are none here")
        self.directions = {
            name: streams
            for name, streams in _DIRECTIONS.items()
            if name == self.main or name in recipe.nets
        }
        self.roles = (*self.directions, *self._critics())
        self.measures = {DISTANCE: False}
        if len(self.directions) > 1:
            self.measures["there and back"] = False
        self.weights = recipe.weights("there_and_back", "identity", "attention", "contrast")
        self._check_weights()

    def _check_weights(self) -> None:
        drawing = {name: net for name, net in self.recipe.nets.items() if name in self.directions}
        if "attention" in self.weights and {net.name for net in drawing.values()} != {_ATTENTIVE}:
            raise InputError(f"attention: is of nets called {_ATTENTIVE}; give 0")
        if "contrast" in self.weights and not all(
            net.sizes.get("compares") for net in drawing.values()
        ):
            raise InputError("contrast: is of nets called translator that compare; give 0")
        if "there_and_back" in self.weights and len(self.directions) == 1:
            raise InputError("there_and_back: no net of this recipe leads back; give 0")

    def _critics(self) -> tuple[str, ...]:
        return tuple(f"critic_{direction}" for direction in self.directions)

    @property
    def exports(self) -> Mapping[str, str]:
        """Both directions."""
        return dict.fromkeys(self.directions, self.recipe.task)

    def phases(self) -> tuple[Phase, ...]:
        """The nets, then what judges them, by the pictures of before they learned."""
        weights = {"adversarial": self.recipe.adversarial, **self.weights}
        return (
            Phase(name="nets", learns=tuple(self.directions), terms=self.nets, weights=weights),
            Phase(
                name="critics",
                learns=self._critics(),
                terms=self.critics,
                rate=self.recipe.lr_discriminator,
            ),
        )

    def nets(self, step: Step) -> Terms:
        """What each net's pictures are to their discriminator, and what must not be lost."""
        parts: dict[str, list[Tensor]] = defaultdict(list)
        drawn: Translations = {}
        for direction, (start, end) in self.directions.items():
            net = step.nets[direction]
            drawn[direction], logits = _drawn(net, step.pictures(start))
            step.cache[direction] = drawn[direction].detach()
            judged = _judged(step.nets[f"critic_{direction}"], drawn[direction])
            parts["adversarial"] += [self.critic.generator(logits) for logits in judged]
            if {"identity", "attention", "contrast"} & self.weights.keys():
                same, logits_of_end = _drawn(net, step.pictures(end))
                parts["identity"].append(l1(same, step.pictures(end)))
                if "attention" in self.weights:
                    parts["attention"] += [_says(logits, 1), _says(logits_of_end, 0)]
                if "contrast" in self.weights:
                    moved = contrast(step, net, step.pictures(start), drawn[direction])
                    kept = contrast(step, net, step.pictures(end), same)
                    parts["contrast"].append((moved + kept) / 2)
        if "there_and_back" in self.weights:
            parts["there_and_back"] = [
                l1(wide(step.nets[_OTHER[direction]](drawn[direction])), step.pictures(start))
                for direction, (start, _) in self.directions.items()
            ]
        return {name: torch.stack(parts[name]).sum() for name in ("adversarial", *self.weights)}

    def critics(self, step: Step) -> Terms:
        """What tells drawn pictures from those of their kind; the mean over all that judges."""
        losses = []
        for direction, (start, end) in self.directions.items():
            if direction not in step.cache:
                with torch.no_grad():
                    step.cache[direction] = step.nets[direction](step.pictures(start))
            critic = step.nets[f"critic_{direction}"]
            real = _judged(critic, step.pictures(end))
            fake = _judged(critic, step.pooled(direction, step.cache[direction]))
            losses += [
                self.critic.discriminator(*pair, self.recipe.real_label)
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
        distances, ways = [], []
        for direction, (start, end) in self.directions.items():
            drawn = [step.nets[direction](step.pictures(start)).float() for step in steps]
            kind = [step.pictures(end).float() for step in steps]
            distances.append(distance(torch.cat(drawn), torch.cat(kind)))
            if len(self.directions) > 1:
                back = (s.nets[_OTHER[direction]](x) for s, x in zip(steps, drawn, strict=True))
                truth = (step.pictures(start).float() for step in steps)
                ways += [float(l1(wide(x), y)) for x, y in zip(back, truth, strict=True)]
        measured = {DISTANCE: sum(distances) / len(distances)}
        return measured | ({"there and back": sum(ways) / len(ways)} if ways else {})

    def alarms(self) -> tuple[Alarm, ...]:
        """Those of nets against each other: samples that are all alike, a judge that has won."""
        label = self.recipe.real_label
        won = DiscriminatorWon(self.recipe.critic, real_label=label, phase="critics")
        return (*super().alarms(), won)

    def pools(self) -> Mapping[str, Pool]:
        """Old pictures for each discriminator."""
        if not self.recipe.pool:
            return {}
        return {name: Pool(capacity=_POOL_CAPACITY, share=self.recipe.pool) for name in _DIRECTIONS}


def contrast(step: Step, net: nn.Module, pictures: Pictures, drawn: Pictures) -> Float[Tensor, ""]:
    """How surely each place of what was drawn is told, by the net's features, from other places.

    The cross-entropy of the same place of the picture among some places of it, the mean over the
    sizes of features (Park et al., 2020). The picture's own features are held still.
    """
    net = cast(Translator, net)
    sizes = zip(net.heads, net.features(drawn), net.features(pictures), strict=True)
    losses = []
    for number, (head, query, key) in enumerate(sizes):
        query, key = (wide(x).flatten(2).transpose(1, 2) for x in (query, key))  # N x places x C
        order = step.normals(f"places of size {number}", (query.shape[1],)).argsort(1)
        picked = order[:, :_PLACES, None].expand(-1, -1, query.shape[2])
        query, key = (
            functional.normalize(wide(head(x.gather(1, picked))), dim=-1) for x in (query, key)
        )
        likeness = query @ key.detach().transpose(1, 2) / _TEMPERATURE
        right = torch.arange(likeness.shape[1], device=likeness.device).expand(len(likeness), -1)
        losses.append(functional.cross_entropy(likeness.transpose(1, 2), right))
    return torch.stack(losses).mean()


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
    return functional.binary_cross_entropy_with_logits(known, torch.full_like(known, kind))


# Presets

_CRITIC: Final = NetSpec("patch_discriminator", {"width": 32, "levels": 3})
_DRAWS: Final = NetSpec.parse("translator:width=24,halvings=2,blocks=6,dilation=1,compares=false")
_ATTENDS: Final = NetSpec("attentive_translator", {"width": 24, "halvings": 2, "blocks": 3})
_JUDGES: Final = NetSpec("attentive_discriminator", {"width": 24, "levels": 3})
_CYCLE: Final = Translate(
    about="draws pictures of one kind as another, and back, without pairs: CycleGAN",
    task="restore",
    nets={"there": _DRAWS, "back": _DRAWS, "critic_there": _CRITIC, "critic_back": _CRITIC},
    data="world:photo",
    other="world:anime",
    augment="mirror",
    pictures=200_000,
    batch=4,
    lr=2e-4,
    beta1=0.5,
    schedule="linear",
    ema=10_000,
    pool=0.5,
)

PRESETS: Final[dict[str, Recipe]] = {
    # Without pairs, by names of their papers.
    "restyle-cyclegan": _CYCLE,
    "restyle-ugatit": replace(
        _CYCLE,
        about="the same with attention to what tells them apart: U-GAT-IT",
        nets={"there": _ATTENDS, "back": _ATTENDS, "critic_there": _JUDGES, "critic_back": _JUDGES},
        lr=1e-4,
        weight_decay=1e-4,
        identity=10.0,
        attention=1000.0,
        pool=0.0,
    ),
    "restyle-cut": replace(
        _CYCLE,
        about="draws pictures of one kind as another without pairs, by one net: CUT",
        nets={"there": _DRAWS.resized("compares", True), "critic_there": _CRITIC},
        there_and_back=0.0,
        identity=0.0,
        contrast=1.0,
        pool=0.0,
    ),
}
