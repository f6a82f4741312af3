"""Paint what is missing of pictures, told what belongs there, or part of it, or nothing.

Each picture of a step draws what the net is told of it: nothing, its true parts or landmarks, both,
or what `completion` guesses of the picture with its hole (`told`). A guess is told as how likely
each part is, so that a net knows a guess from the truth. So one net serves whoever steers and
whoever does not. Of real pictures nobody knows parts or landmarks: a
reader's reading of the whole picture stands for them. Some pictures lose their colours.

With a `window` the net sees of larger pictures either all, made as small, or the middle, closer: of
a large face that is repaired more is seen than the reader's window has. Whoever reads or guesses
sees all of the picture.

The net's output counts in the hole alone, each picture as much as any other of its batch. What was
tried is in docs/log/repair.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Final, TypeVar, cast, final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor, nn
from torch.nn import functional

from trombine.core.errors import InputError
from trombine.core.grammar import instead, pieces, weight_of
from trombine.data.columns import UNKNOWN
from trombine.losses.adversary import Adversary
from trombine.losses.damage import Damage, greyed
from trombine.losses.objective import Objective, Phase, Samples, Step, Terms
from trombine.losses.reading import counts, guessed_in, read_in, reader_terms
from trombine.losses.terms import wide
from trombine.metrics import psnr, ssim
from trombine.models import load
from trombine.models.tasks import emptied
from trombine.nets.sizes import Net
from trombine.nets.steering import likely_of
from trombine.recipes import MUON, NetSpec, Recipe
from trombine.training.methods.restore import FEATURES, Restore, judge_in, terms_beside, weights_of
from trombine.training.methods.srgan import EDGES, Criticised, edges_off, sharpening


@dataclass(frozen=True, kw_only=True)
class Painting(Recipe):
    """Abstract: paint what is missing, told what belongs there or not."""

    any_size: ClassVar[bool] = True

    damage: str = "hole:irregular"  # what is missing: hole:MASKS (docs/data.md)
    # Pictures of faces of which nothing is known: a reader says what is where in them.
    real: str = ""
    real_every: int = 12  # of so many pictures one is real, where there are real ones
    grey: float = 0.25  # share of the pictures that lose their colours
    # Pixels: the net sees all of the larger pictures, made as small, or their middle; 0: as
    # is.
    window: int = 0
    # What the net is told of a picture, by weight: none, its parts, points (landmarks), both,
    # or guessed: how likely each part is to `completion`, which sees the picture and its
    # hole.
    told: str = "none*3+both*2+guessed*3+parts+points*0.5"


@final
@dataclass(frozen=True, kw_only=True)
class Inpaint(Painting, Criticised, Restore):
    """Paint what is missing, compared with the truth. Weights of 0 leave a term out."""

    objective: ClassVar[str] = "inpaint"

    # How much more a pixel of eyes, brows, nose and mouth counts than another, in l1 and l2.
    organs: float = 0.0
    adversarial: float = 0.0  # a discriminator's weight at the end of its ramp; 0: there is none
    # Weight of the true parts' cross-entropy in the hole, as a reader sees what was painted.
    read_parts: float = 0.0
    # Weight of how far the landmarks that it sees are from the true ones, of the picture's
    # width.
    read_points: float = 0.0


PaintingKind = TypeVar("PaintingKind", bound=Painting)

TOLD: Final = ("none", "parts", "points", "both", "guessed")
_LEAST: Final = 0.02  # of the picture: a smaller hole weighs less than others


@final
@dataclass(frozen=True, kw_only=True)
class Shown:
    """Pictures, their holes, and what the net is told of them."""

    truth: Float[Tensor, "n 3 h w"]
    hole: Float[Tensor, "n 1 h w"]
    parts: Float[Tensor, "n 19 h w"]  # how likely each is
    points: Float[Tensor, "n 68 2"]
    labels: UInt8[Tensor, "n h w"]  # of the truth, whatever is told; 255 where nobody knows
    marks: Float[Tensor, "n 68 2"]  # its landmarks, NaN where nobody knows

    @property
    def damaged(self) -> Float[Tensor, "n 3 h w"]:
        """The pictures without what is in the hole."""
        return emptied(self.truth, self.hole)


class PaintingObjective(Objective[PaintingKind]):
    """Abstract: one net, what it is shown and told; a reader that stands still."""

    measures: Mapping[str, bool] = {"PSNR": True, "steered": True, "SSIM": True}

    def __init__(self, recipe: PaintingKind) -> None:
        super().__init__(recipe)
        self.streams = ("data", "real") if recipe.real else ("data",)
        self.damaging = Damage.parse(recipe.damage)
        self.damaging.check(recipe)
        self.damage = self.damaging.about
        self.shares = _shares(recipe.told)
        self.reader = load("reader", task="read").net if recipe.real else None
        guesses = self.shares["guessed"]
        self.completer = load("completion", task="complete").net if guesses else None

    def shown(self, step: Step) -> Shown:
        """What the net sees of a step, and the truth."""
        truth = step.pictures().float()
        labels, points = _truth_of(step)
        marks = points.clone()
        if self.recipe.real:
            rows = _real_rows(step, self.recipe.real_every)
            if len(rows):
                truth = truth.clone()
                truth[rows] = step.pictures("real").float()[rows]
                read, points[rows] = self._read(truth[rows])
                labels[rows] = read.argmax(1).to(torch.uint8)
                marks[rows] = UNKNOWN["points"]
        truth = greyed(truth, self.recipe.grey, step)
        draws = step.uniforms("told").double().cpu().numpy()
        kinds = np.searchsorted(np.cumsum(list(self.shares.values())), draws, side="right")
        kinds = torch.from_numpy(np.minimum(kinds, len(TOLD) - 1)).to(truth.device)
        return self._seen(step, truth, labels, (points, marks), kinds)

    def measured(self, step: Step, *, told: bool) -> Shown:
        """What a net is measured on: the truth, of which it is told nothing or all."""
        labels, points = _truth_of(step)
        kinds = torch.full_like(step.uniforms("told"), TOLD.index("both" if told else "none"))
        truth = step.pictures().float()
        return self._seen(step, truth, labels, (points, points.clone()), kinds.long())

    def _seen(
        self,
        step: Step,
        truth: Float[Tensor, "n 3 h w"],
        labels: UInt8[Tensor, "n h w"],
        places: tuple[Float[Tensor, "n 68 2"], Float[Tensor, "n 68 2"]],
        kinds: Int64[Tensor, "n"],
    ) -> Shown:
        """These pictures and their holes through the window, told so much of each; `places` are the
        landmarks to be told, and the true ones."""
        hole = self.damaging.inputs(step)["hole"].float()
        views = Views.drawn(step, self.recipe.window)
        none, only_parts, only_points, _, guessed = (kinds == n for n in range(len(TOLD)))
        seen = views.sharp(labels[:, None])[:, 0]
        parts = likely_of(seen)
        if rows := guessed.nonzero().flatten().tolist():
            assert self.completer is not None
            chosen = torch.tensor(rows, device=truth.device)
            shown = emptied(truth[chosen], hole[chosen])
            guess = guessed_in(self.completer, shown, hole[chosen])
            parts[chosen] = views.only(chosen).soft(guess)
        points, marks = (views.moved(one, truth.shape[-1]) for one in places)
        parts[none | only_points] = 0
        points[none | only_parts | guessed] = UNKNOWN["points"]
        return Shown(
            truth=views.soft(truth),
            hole=views.sharp(hole),
            parts=parts,
            points=points,
            labels=seen,
            marks=marks,
        )

    def _read(
        self, pictures: Float[Tensor, "n 3 h w"]
    ) -> tuple[Float[Tensor, "n 19 h w"], Float[Tensor, "n 68 2"]]:
        """Logits of the parts, and landmarks, as the reader says them."""
        assert self.reader is not None
        with torch.no_grad():
            return read_in(self.reader, pictures)

    def samples(self, step: Step) -> Samples:
        """The fixed faces with holes, painted by who is told nothing."""
        shown = self.measured(step, told=False)
        fixed = {"input": shown.damaged, "truth": shown.truth}
        return Samples(output=painted(step, shown).clamp(0, 1), fixed=fixed)

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """PSNR in the hole, of who is told nothing and of who is told all; SSIM of the former."""
        scores: dict[str, list[Tensor]] = {name: [] for name in PaintingObjective.measures}
        for step in steps:
            plain, steered = (self.measured(step, told=told) for told in (False, True))
            output = painted(step, plain).clamp(0, 1)
            scores["PSNR"].append(psnr_in_holes(output, plain))
            scores["SSIM"].append(ssim(output, plain.truth))
            output = painted(step, steered).clamp(0, 1)
            scores["steered"].append(psnr_in_holes(output, steered))
        means = {name: torch.cat(values) for name, values in scores.items()}
        return {name: float(values[values.isfinite()].mean()) for name, values in means.items()}

    def helpers(self) -> Mapping[str, nn.Module]:
        """The nets that read and guess."""
        nets = {"reader": self.reader, "completer": self.completer}
        found = {name: net for name, net in nets.items() if net is not None}
        return {**found, **super().helpers()}


@final
class InpaintObjective(PaintingObjective[Inpaint]):
    """The output compared with the truth; and a critic where the recipe gives it a weight."""

    def __init__(self, recipe: Inpaint) -> None:
        super().__init__(recipe)
        self.weights = weights_of(recipe, "read_parts", "read_points")
        self.judge = judge_in(recipe, self.weights)
        if self.judge:
            self.measures = {**self.measures, FEATURES: False}
        self.by_reader = bool({"read_parts", "read_points"} & self.weights.keys())
        if self.by_reader and recipe.window:
            raise InputError("a reader reads whole faces: read_parts and read_points need window 0")
        if self.by_reader and self.reader is None:
            self.reader = load("reader", task="read").net
        if recipe.adversarial:
            self.roles = ("net", "critic")
            self.measures = {**self.measures, EDGES: False}
            self.adversary = Adversary(
                recipe, role="critic", real=self.truth, shown=self._with_hole
            )

    def phases(self) -> tuple[Phase, ...]:
        """The only phase, or those of sharpening where there is a critic."""
        if self.adversary:
            return sharpening(self.recipe, self.adversary, self.weights, self.output, self.compared)
        return (Phase(name="paint", learns=("net",), terms=self.terms, weights=self.weights),)

    def terms(self, step: Step) -> Terms:
        """The output in the hole, compared with the truth."""
        return self.compared(step, self.output(step))

    def output(self, step: Step) -> Float[Tensor, "n 3 h w"]:
        """The step's pictures with what the net puts into their holes."""
        return painted(step, self.seen(step))

    def truth(self, step: Step) -> Float[Tensor, "n 3 h w"]:
        """What the step's pictures are, some of them real and some without colours."""
        return self.seen(step).truth

    def _with_hole(
        self, step: Step, pictures: Float[Tensor, "n 3 h w"]
    ) -> Float[Tensor, "n 4 h w"]:
        """Pictures as the critic sees them: it is to look at what was painted, not elsewhere."""
        return torch.cat([pictures, self.seen(step).hole.to(pictures)], 1)

    def compared(self, step: Step, output: Float[Tensor, "n 3 h w"]) -> Terms:
        """Pictures whose holes are painted, beside the truth."""
        shown = self.seen(step)
        truth = wide(shown.truth)
        terms = terms_beside(self, output, truth)
        weights = counts(shown.labels, organs=self.recipe.organs)
        if "l1" in terms:
            terms["l1"] = of_holes(weights * (output - truth).abs(), shown.hole)
        if "l2" in terms:
            terms["l2"] = of_holes(weights * (output - truth).square(), shown.hole)
        if self.reader is not None and self.by_reader:
            read = reader_terms(self.reader, output, shown.hole, shown.labels, shown.marks)
            terms |= {name: term for name, term in read.items() if name in self.weights}
        return terms

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """As all painters; of who is told all the judge's distance, and how far edges are off."""
        scores = dict(super().measure(steps))
        if not (self.judge or self.adversary):
            return scores
        shown = [self.measured(step, told=True) for step in steps]
        made = [painted(*pair).clamp(0, 1) for pair in zip(steps, shown, strict=True)]
        outputs, truths = torch.cat(made), torch.cat([each.truth for each in shown])
        if self.judge:
            scores[FEATURES] = float(self.judge.each(outputs, truths).mean())
        if self.adversary:
            scores[EDGES] = edges_off(outputs, truths)
        return scores

    def seen(self, step: Step) -> Shown:
        """What is shown, computed once a step: all its phases see the same."""
        names = [field.name for field in fields(Shown)]
        if "shown truth" not in step.cache:
            shown = self.shown(step)
            step.cache.update({f"shown {name}": getattr(shown, name) for name in names})
        return Shown(**{name: step.cache[f"shown {name}"] for name in names})


def _real_rows(step: Step, every: int) -> Int64[Tensor, "k"]:
    """Which of a step's pictures are real ones, where there are any."""
    chosen = np.flatnonzero(step.chance.places % every == 0)
    return torch.from_numpy(chosen).to(step.device)


def painted(step: Step, shown: Shown, *, seed: int = 0) -> Float[Tensor, "n 3 h w"]:
    """The pictures with what the net puts into the hole."""
    net = cast(Net, step.nets["net"])
    seeds = torch.full((len(shown.truth),), seed, device=step.device)
    steering = {"parts": shown.parts, "points": shown.points, "seed": seeds}
    told = {name: value for name, value in steering.items() if name in net.optional}
    output = wide(net(shown.damaged, hole=shown.hole, **told))
    return torch.where(shown.hole > 0.5, output, shown.truth)


def psnr_in_holes(output: Float[Tensor, "n 3 h w"], shown: Shown) -> Float[Tensor, "k"]:
    """PSNR in the hole, of the pictures whose hole is seen: a view may show nothing of it."""
    seen = shown.hole.flatten(1).any(1)
    return psnr(output[seen], shown.truth[seen], shown.hole[seen])


def of_holes(off: Float[Tensor, "n c h w"], hole: Float[Tensor, "n 1 h w"]) -> Float[Tensor, ""]:
    """The mean over each picture's hole, and over the pictures."""
    areas = hole.mean((1, 2, 3)).clamp(min=_LEAST)
    return ((off * hole).mean((1, 2, 3)) / areas).mean()


def _truth_of(step: Step) -> tuple[UInt8[Tensor, "n h w"], Float[Tensor, "n 68 2"]]:
    """Parts and landmarks of the step's pictures, unknown where the data do not say."""
    batch, count = step.batches["data"], len(step)
    side = batch.pixels.shape[1:3]
    parts = batch.parts
    if parts is None:
        parts = torch.full((count, *side), int(UNKNOWN["parts"]), dtype=torch.uint8)
    points = batch.points
    if points is None:
        points = torch.full((count, 68, 2), float(UNKNOWN["points"]))
    return parts.clone().to(step.device), points.clone().to(step.device)


def _shares(text: str) -> dict[str, float]:
    """Of a recipe's `told`: the share of each kind."""
    weights = dict.fromkeys(TOLD, 0.0)
    for piece in pieces(text):
        if piece.body not in weights:
            raise InputError(f"told: {piece.body!r} is not known; {instead(piece.body, TOLD)}")
        weights[piece.body] += weight_of(piece.marks["*"])
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


# What the net sees of a larger picture: all of it made smaller, or its middle as large as it is

_CLOSER: Final = 0.5  # share of the pictures whose middle is seen
_HIGHER: Final = 0.06  # of a picture's side: so much higher than its middle is that of a face
_AROUND: Final = 0.08  # of a picture's side: as far from there a view may be


@final
@dataclass(frozen=True, kw_only=True)
class Views:
    """Of each picture, whether its middle is seen, and where that begins."""

    side: int  # of the views, in pixels; 0: they are the pictures
    closer: Bool[Tensor, "n"]
    top: Int64[Tensor, "n"]
    left: Int64[Tensor, "n"]

    @classmethod
    def drawn(cls, step: Step, side: int) -> Views:
        """Views of a step's pictures, this large."""
        whole = step.batches["data"].pixels.shape[1]
        if side > whole:
            text = f"a window of {side} pixels does not fit"
            raise InputError(text, "give a larger --size, or --window 0")
        draws = [step.uniforms(f"view's {about}").double() for about in ("kind", "top", "left")]
        middle = (whole - side) / 2
        places = [
            (middle - up * whole + (2 * draw - 1) * _AROUND * whole)
            for draw, up in zip(draws[1:], (_HIGHER, 0.0), strict=True)
        ]
        top, left = (place.round().long().clamp(0, max(whole - side, 0)) for place in places)
        return cls(side=side, closer=draws[0] < _CLOSER, top=top, left=left)

    def only(self, rows: Int64[Tensor, "k"]) -> Views:
        """Those of some of the pictures."""
        return replace(self, closer=self.closer[rows], top=self.top[rows], left=self.left[rows])

    def soft(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c k l"]:
        """Views of colours or shares, which are averaged where pictures are made smaller."""
        return self._seen(x, "bilinear")

    def sharp(self, x: Tensor) -> Tensor:
        """Views of labels or holes, N x C x H x W, of which none is averaged."""
        return self._seen(x.float(), "nearest-exact").to(x.dtype)

    def _seen(self, x: Tensor, mode: str) -> Tensor:
        if not self.side or x.shape[-1] == self.side:
            return x
        antialias = mode == "bilinear"
        views = functional.interpolate(x, (self.side,) * 2, mode=mode, antialias=antialias)
        for number in self.closer.nonzero().flatten().tolist():
            top, left = int(self.top[number]), int(self.left[number])
            views[number] = x[number, :, top : top + self.side, left : left + self.side]
        return views

    def moved(self, points: Float[Tensor, "n 68 2"], whole: int) -> Float[Tensor, "n 68 2"]:
        """Landmarks of pictures of this side, in pixels of the views."""
        if not self.side:
            return points
        corner = torch.stack([self.left, self.top], 1)[:, None].to(points)
        return torch.where(
            self.closer[:, None, None], points - corner, points * (self.side / whole)
        )


# Presets

FACES: Final = "world:photo#9000*8+world:anime#3000+world:cartoon#3000+world:sketch#3000"
# What all learn from, and how.
SHARED: Final[dict[str, Any]] = {
    "task": "repair",
    "damage": (
        "hole:irregular:5-50*5+parts*2+half*0.3+squares*0.5+huge:50-70*0.4+scratches*0.8+text*0.2"
    ),
    "augment": "zoom:1.15+mirror+rotate:10",
    **MUON,
    "warmup": 2_000,
    "ema": 6_000,
    "precision": "auto",
}
_INPAINT: Final = Inpaint(
    about="paints what is missing, told what belongs there or not",
    nets={
        "net": NetSpec.parse(
            "painter:width=48,levels=4,parts=all,points=true,halved=true,widest=128"
        )
    },
    data=f"{FACES}+world:posed#6000+leaves#3000*3",
    size=192,
    window=128,
    real_every=8,
    organs=2.0,
    pictures=112_000,
    sample_every=16_000,
    measure_every=8_000,
    save_every=8_000,
    judged=128,
    **SHARED,
)

PRESETS: Final[dict[str, Recipe]] = {
    "inpaint": _INPAINT,
    "inpaint-sharp": replace(
        _INPAINT,
        about="the same, then learns from a discriminator to look real",
        nets={
            **_INPAINT.nets,
            "critic": NetSpec("patch_discriminator", {"inputs": 4, "norm": "spectral"}),
        },
        adversarial=0.01,
        alone=64_000,
        ramp=16_000,
    ),
}
