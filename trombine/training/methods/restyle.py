"""Draw faces in other styles, learned from pairs: the same face painted in two.

Each pair is shown from one of its sides, by chance. First an encoder and a decoder learn the other,
softly; then, with both held still, a flow learns what the soft pictures lack. Some pictures lose
their colours before they are shown, and they may be spoiled, as photographs are.

Of photographs of people that have likenesses (restyling/likenesses.py) no part is known: they are
shown, and nothing becomes one. Where no part is known of a likeness whatever is drawn is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, cast, final

import torch
from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor
from torch.nn import functional

from trombine.core.errors import InputError
from trombine.data.columns import UNKNOWN, Batch
from trombine.data.source import Source
from trombine.losses.damage import chain_of, greyed
from trombine.losses.objective import Objective, Phase, Pictures, Samples, Step, Terms
from trombine.losses.reading import counts
from trombine.losses.terms import Judged, judge_of, l1, wide
from trombine.metrics import psnr, ssim
from trombine.nets import Size
from trombine.nets.frozen import frozen
from trombine.nets.inventor import lacking
from trombine.nets.restyler import Restyler, styles_of
from trombine.nets.spaces import to_space
from trombine.recipes import NetSpec, Recipe
from trombine.training.methods.invent import SOFTLY, details_off, soft_terms


@final
@dataclass(frozen=True, kw_only=True)
class Restyle(Judged):
    """Draw faces in other styles, learned from pairs: soft pictures, then their details.

    Which styles the net knows is its size `styles`.
    """

    objective: ClassVar[str] = "restyle"

    # Pictures from which encoder and decoder learn, before the flow of details does.
    soft: int = 50_000
    grey: float = 0.1  # share of the pictures that are shown without their colours
    damage: str = "none"  # what spoils the pictures that are shown: a chain as docs/data.md tells
    gradients: float = 0.5  # weight of the mean absolute difference of steps from pixel to pixel
    # By how much more than other pixels those of eyes, brows, nose and mouth count.
    organs: float = 0.0
    ground: float = 1.0  # how much pixels of the background count beside others


@final
@dataclass(frozen=True, kw_only=True)
class Shown:
    """Pictures, what they are in another style, and which styles these are."""

    pictures: Pictures
    truth: Pictures
    source: Int64[Tensor, "n"]
    target: Int64[Tensor, "n"]
    weights: Float[Tensor, "n 1 h w"]  # how much each pixel of the truth counts
    known: Bool[Tensor, "n 1 h w"]  # where it is the truth

    def beside(self, output: Pictures) -> Pictures:
        """The truth for this output, which is right where nothing is known."""
        return torch.where(self.known, self.truth.to(output), output.detach())


@final
class RestyleObjective(Objective[Restyle]):
    """One net for all pairs of styles, in both directions."""

    invents = True
    pairs = True
    measures: Mapping[str, bool] = {"loss": False, "PSNR": True, "soft PSNR": True, "SSIM": True}

    def __init__(self, recipe: Restyle) -> None:
        super().__init__(recipe)
        self.classes = styles_of(str(restyler_sizes(recipe)["styles"]))
        self.chain = chain_of(recipe.damage, "pictures that are shown")
        self.weights = recipe.weights("gradients", "perceptual")
        self.judge = judge_of(recipe) if recipe.perceptual else None

    def check(self, sources: Mapping[str, Source]) -> None:
        """The data must be pairs, in styles that the net knows."""
        source = sources["data"]
        if not source.paired:
            raise InputError(f"{source.spec} is of no pairs; give some, as in world:photo+anime")
        if strange := [name for name in source.classes if name not in self.classes]:
            raise InputError(
                f"{source.spec}: {', '.join(strange)} is none of the net's styles,"
                f" {', '.join(self.classes)}; give other --net.styles"
            )

    def phases(self) -> tuple[Phase, ...]:
        """Soft pictures, then details."""
        soft = Phase(
            name="soft",
            learns=self.roles,
            parts=("encoder", "decoder"),
            terms=self.soft,
            weights=self.weights,
            lasts=self.recipe.soft,
        )
        details = Phase(
            name="details",
            learns=self.roles,
            parts=("details",),
            terms=self.details,
            after="soft",
        )
        return soft, details

    def soft(self, step: Step) -> Terms:
        """Soft pictures in the other style, compared with the true ones."""
        shown = self.shown(step)
        output = wide(_net(step).soft(shown.pictures, shown.source, shown.target))
        truth = shown.beside(output)
        # Nor does what is compared across the border of what is known reach beyond it.
        output = torch.where(shown.known, output, output.detach())
        return soft_terms(self, output, truth, shown.weights)

    def details(self, step: Step) -> Terms:
        """The pace of details, compared with the true one."""
        net, shown = _net(step), self.shown(step)
        with frozen(net.encoder, net.decoder), torch.no_grad():  # as in finished models
            soft = wide(net.soft(shown.pictures, shown.source, shown.target))
        told, truth = net.told_by(soft, shown.target), shown.beside(soft)
        # Else it would learn that there are no details where nothing is known.
        known = functional.pixel_unshuffle(shown.known.to(soft).expand_as(soft), 2)
        return {"details": details_off(step, net.details, told, lacking(soft, truth), known)}

    def shown(self, step: Step) -> Shown:
        """What the net sees of a step, and the truth."""
        batch = step.batches["data"]
        if batch.pair is None or batch.labels is None or batch.pair.labels is None:
            raise InputError("the data has no pairs to learn from")
        own, pair = (one.pictures(step.device).to(step.dtype) for one in (batch, batch.pair))
        draws = step.uniforms("direction")
        back = (draws < 0.5) & ~_only_shown(batch, batch.pair, draws)
        places = torch.tensor([self.classes.index(name) for name in step.classes])
        first, second = (places[one.labels].to(step.device) for one in (batch, batch.pair))
        picked = back[:, None, None, None]
        pictures = greyed(torch.where(picked, pair, own), self.recipe.grey, step)
        if self.chain:
            pictures = self.chain(pictures.float().cpu(), step.chance).to(pictures)
        return Shown(
            pictures=to_space(pictures, step.space),
            truth=to_space(torch.where(picked, own, pair), step.space),
            source=torch.where(back, second, first),
            target=torch.where(back, first, second),
            weights=self._weights(batch, batch.pair, back),
            known=_known(batch, batch.pair, back),
        )

    def _weights(self, batch: Batch, pair: Batch, back: Bool[Tensor, "n"]) -> Pictures:
        """How much each pixel of the truth counts, by its part."""
        recipe = self.recipe
        if recipe.organs == 0 and recipe.ground == 1:
            return torch.ones((len(back), 1, *batch.pixels.shape[1:3]), device=back.device)
        if batch.parts is None or pair.parts is None:
            raise InputError("the data say nothing of parts: organs needs 0, and ground 1")
        parts = _of_truth(batch.parts, pair.parts, back)
        return counts(parts, organs=recipe.organs, ground=recipe.ground)

    def samples(self, step: Step) -> Samples:
        """The fixed faces in their other style."""
        shown = self.shown(step)
        fixed = {"input": step.to_rgb(shown.pictures), "truth": step.to_rgb(shown.truth)}
        return Samples(output=_restyled(step, shown), fixed=fixed)

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """What training makes small; PSNR with details and without, SSIM with."""
        count, sums = sum(map(len, steps)), dict.fromkeys(self.measures, 0.0)
        for step in steps:
            shown = self.shown(step)
            net, seen = _net(step), (shown.pictures, shown.source, shown.target)
            (soft, near), (output, truth) = (
                [step.to_rgb(one).float() for one in (made, shown.beside(made))]
                for made in (net.soft(*seen).clamp(0, 1), net(*seen).clamp(0, 1))
            )
            losses = float(l1(soft, near)) + float(self.details(step)["details"])
            sums["loss"] += len(step) * losses
            sums["PSNR"] += float(psnr(output, truth).sum())
            sums["soft PSNR"] += float(psnr(soft, near).sum())
            sums["SSIM"] += float(ssim(output, truth).sum())
        return {name: value / count for name, value in sums.items()}


def restyler_sizes(recipe: Recipe) -> Mapping[str, Size]:
    """The sizes of a recipe's net; an InputError unless that is a restyler, for its pictures."""
    if "net" in recipe.nets and recipe.nets["net"].name != "restyler":
        raise InputError("the net of this recipe is a restyler")
    sizes = recipe.nets["net"].all_sizes
    if sizes["size"] != recipe.size:
        raise InputError(
            f"net.size is {sizes['size']}, and size {recipe.size}: let both be the same"
        )
    return sizes


def _of_truth(
    first: UInt8[Tensor, "n h w"], second: UInt8[Tensor, "n h w"], back: Bool[Tensor, "n"]
) -> UInt8[Tensor, "n h w"]:
    """The parts of what each picture becomes."""
    return torch.where(back[:, None, None], first.to(back.device), second.to(back.device))


def _only_shown(batch: Batch, pair: Batch, like: Tensor) -> Bool[Tensor, "n"]:
    """Which pictures are of no known part, though their other sides are of some."""
    if batch.parts is None or pair.parts is None:
        return torch.zeros(len(batch), dtype=torch.bool, device=like.device)
    first, second = ((one != UNKNOWN["parts"]).any(2).any(1) for one in (batch.parts, pair.parts))
    return (~first & second).to(like.device)


def _known(batch: Batch, pair: Batch, back: Bool[Tensor, "n"]) -> Bool[Tensor, "n 1 h w"]:
    """Where the part of the truth is known; everywhere, where none is known of it at all."""
    if batch.parts is None or pair.parts is None:
        return back.new_ones((len(back), 1, *batch.pixels.shape[1:3]))
    known = (_of_truth(batch.parts, pair.parts, back) != UNKNOWN["parts"])[:, None]
    return known | ~known.any(3, keepdim=True).any(2, keepdim=True)


def _restyled(step: Step, shown: Shown) -> Float[Tensor, "n 3 h w"]:
    output = _net(step)(shown.pictures, shown.source, shown.target)
    return step.to_rgb(output.clamp(0, 1))


def _net(step: Step) -> Restyler:
    return cast(Restyler, step.nets["net"])


# Presets

# Photos and anime are what people ask for most, and what is hardest.
_PAIRS: Final = (
    "world:photo+anime#24000*4+world:photo+cartoon#24000*2+world:photo+sketch#24000*2"
    "+world:anime+cartoon#24000+world:anime+sketch#24000+world:cartoon+sketch#24000"
)

PRESETS: Final[dict[str, Recipe]] = {
    "restyle": Restyle(
        about="draws faces in other styles, each in every other one",
        task="restyle",
        nets={
            "net": NetSpec.parse(
                "restyler:size=128,width=32,latent=64,blocks=3,details=20,levels=2,finish=5,"
                "norm=batch"
            )
        },
        data=_PAIRS,
        size=128,
        augment="zoom:1.15+mirror+rotate:5",
        pictures=80_000,
        soft=45_000,
        cycle=15_000,  # falls of 15,000 and 30,000, then the details' own
        **SOFTLY,
    ),
}
