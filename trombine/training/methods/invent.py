"""Invent faces, told what is to be of them or not, in two phases.

First an encoder and a decoder: a face to a code and back, softly. Then, with both held still, two
flows: of codes, told some of the numbers by which a world's face was painted; and of what the soft
pictures lack. Each code is shown at many times at once, which costs next to nothing.

What is learned is the middle of the data's pictures, as large as the net's: a face then fills more
of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, cast, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from trombine.core.errors import InputError
from trombine.eval.views import DISTANCE, distance
from trombine.losses.objective import Objective, Phase, Pictures, Samples, Step, Terms
from trombine.losses.reading import counts
from trombine.losses.terms import Judged, judge_of, l1, l2, wide
from trombine.nets import build
from trombine.nets.frozen import frozen
from trombine.nets.inventor import DetailFlow, Inventor, lacking, normed
from trombine.nets.schedules import Flow
from trombine.recipes import MUON, NetSpec, Recipe


@final
@dataclass(frozen=True, kw_only=True)
class Invent(Judged):
    """Invent faces, told what is to be of them: an encoder and a decoder, then flows.

    The fields that the net may be told, by name, are its size `fields`; the net's own `size` is
    that of what is invented: the middle of the pictures.
    """

    objective: ClassVar[str] = "invent"

    coded: int = 50_000  # pictures from which encoder and decoder learn, before the flows do
    gradients: float = 0.5  # weight of the mean absolute difference of steps from pixel to pixel
    # By how much more than other pixels those of eyes, brows, nose and mouth count.
    organs: float = 0.0
    # How many pixels around them count alike: with none their edges are drawn too far out.
    around: int = 0


_NOISE: Final = 0.12  # on codes, so that near ones are near pictures
_TIMES: Final = 16  # at which each code of a step is shown
_UNTOLD: Final = 0.15  # share of them whose flow is told nothing
_FLOW: Final = Flow()


@final
class InventObjective(Objective[Invent]):
    """The net that invents; an encoder, for its training alone."""

    roles = ("net", "encoder")
    invents = collapses = True
    measures: Mapping[str, bool] = {"loss": False, DISTANCE: False}

    def __init__(self, recipe: Invent) -> None:
        super().__init__(recipe)
        names = {role: recipe.nets[role].name for role in self.roles if role in recipe.nets}
        if names.get("net") != "inventor" or names.get("encoder") != "encoder":
            raise InputError("the nets of this recipe are an inventor and an encoder")
        with torch.device("meta"):
            net, encoder = (build(n, recipe.nets[role].sizes) for role, n in names.items())
        if encoder.sizes["outputs"] != net.sizes["latent"]:
            raise InputError(
                f"encoder.outputs is {encoder.sizes['outputs']}, and net.latent"
                f" {net.sizes['latent']}: let both be the same"
            )
        self.side = int(net.sizes["size"])
        if recipe.around > self.side:
            raise InputError(f"around is 0 to {self.side}, not {recipe.around}")
        self.required = tuple(str(net.sizes["fields"]).split("+"))
        self.encodes = tuple(name for name, _ in encoder.named_children())
        self.weights = recipe.weights("gradients", "perceptual")
        self.judge = judge_of(recipe) if recipe.perceptual else None

    def phases(self) -> tuple[Phase, ...]:
        """Codes, then flows."""
        code = Phase(
            name="code",
            learns=self.roles,
            parts=("decoder", *self.encodes),
            terms=self.code,
            weights=self.weights,
            lasts=self.recipe.coded,
        )
        flow = Phase(
            name="flow",
            learns=("net",),
            parts=("codes", "details"),
            terms=self.flow,
            after="code",
        )
        return code, flow

    def code(self, step: Step) -> Terms:
        """Faces from their codes, compared with themselves."""
        truth = self.truth(step)
        output = wide(_net(step).decoder(_noised(step, self._codes(step))))
        counting = self._counting(step)
        return soft_terms(self, output, truth, counting)

    def flow(self, step: Step) -> Terms:
        """The paces of codes and of details, compared with the true ones."""
        net = _net(step)
        # As in finished models: by no statistics of the batch.
        with frozen(step.nets["encoder"], net.decoder), torch.no_grad():
            codes = self._codes(step)
            soft = wide(net.decoder(_noised(step, codes)))
            details = lacking(soft, self.truth(step))
            seen = net.told_by(soft)
            counting = self._counting(step).expand_as(soft)
            counting = functional.pixel_unshuffle(counting, 2)
        told = net.told(self._told(step, 1, "told to details").to(seen))
        off = details_off(step, net.details, seen, details, counting, told)
        return {"codes": self._codes_off(step, wide(codes)), "details": off}

    def _codes_off(self, step: Step, codes: Float[Tensor, "n latent"]) -> Tensor:
        """The loss of the flow of codes: each at many times, told more of one and less of
        another."""
        net = _net(step)
        many = codes.repeat_interleave(_TIMES, 0)
        noise = step.normals("codes", (_TIMES, codes.shape[1])).flatten(0, 1).to(codes)
        first = step.uniforms("times of codes")[:, None]
        shift = torch.arange(_TIMES, device=first.device, dtype=first.dtype) / _TIMES
        time = ((first + shift) % 1).flatten().to(codes)
        told = net.told(self._told(step, _TIMES, "told").to(codes))
        pace = wide(net.codes(_FLOW.mix(many, noise, time), time, told))
        return l2(pace, _FLOW.target(many, noise, time))

    def _told(self, step: Step, times: int, name: str) -> Float[Tensor, "n f"]:
        """The fields of the step's faces, each so many times; NaN for what a flow is not told.

        How much is told is drawn first, then of each field whether it is.
        """
        fields = self.fields(step)
        drawn = step.normals(name, (times, 2 + fields.shape[1])).flatten(0, 1)
        chances = torch.special.ndtr(drawn)  # even, from 0 to 1
        known = (chances[:, 2:] < chances[:, 1:2]) & (chances[:, :1] > _UNTOLD)
        return torch.where(known, fields.repeat_interleave(times, 0), torch.nan)

    def _codes(self, step: Step) -> Float[Tensor, "n latent"]:
        return normed(wide(step.nets["encoder"](self.truth(step))))

    def truth(self, step: Step) -> Pictures:
        """The middle of the step's pictures, as large as the net's."""
        return self._middle(step.pictures())

    def _middle(self, planes: Tensor) -> Tensor:
        """Of planes as large as the step's pictures."""
        top, left = ((length - self.side) // 2 for length in planes.shape[-2:])
        if min(top, left) < 0:
            raise InputError(
                f"the net's pictures are {self.side} pixels wide: give a larger --size"
            )
        return planes[..., top : top + self.side, left : left + self.side]

    def _counting(self, step: Step) -> Float[Tensor, "n 1 h w"]:
        """How much each pixel of the truth counts, by its part; each picture as much as another."""
        batch, organs = step.batches["data"], self.recipe.organs
        if not organs:
            return torch.ones((len(step), 1, self.side, self.side), device=step.device)
        if batch.parts is None:
            raise InputError("the data say nothing of parts: organs needs 0")
        counting = counts(self._middle(batch.parts), organs=organs, around=self.recipe.around)
        return (counting / counting.mean((1, 2, 3), keepdim=True)).to(step.device)

    def fields(self, step: Step) -> Float[Tensor, "n f"]:
        """What a net may be told of the step's faces."""
        return step.numbers(self.required).to(step.device, step.dtype)

    def samples(self, step: Step) -> Samples:
        """Faces of the fixed vectors, told all of the true ones beside them."""
        fixed = {"truth": step.to_rgb(self.truth(step))}
        return Samples(output=self.generated(step), fixed=fixed)

    def generated(self, step: Step) -> Pictures:
        """Invented pictures, told what is so of the step's faces."""
        latents = step.normals("latent", (_net(step).latent,))
        return step.to_rgb(_net(step)(latents, self.fields(step)).clamp(0, 1))

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """What the flows make small; and the distance of invented faces, as a set, from real."""
        count = sum(map(len, steps))
        losses = [len(step) * float(sum(self.flow(step).values())) for step in steps]
        invented = torch.cat([self.generated(step).float() for step in steps])
        real = torch.cat([step.to_rgb(self.truth(step)).float() for step in steps])
        return {
            "loss": sum(losses) / count,
            DISTANCE: distance(invented, real),
        }


def soft_terms(
    objective: Objective[Any], output: Pictures, truth: Pictures, counting: Float[Tensor, "n 1 h w"]
) -> dict[str, Tensor]:
    """Soft pictures compared with the truth, each pixel as much as it counts."""
    weights, judge = objective.weights, objective.judge
    terms = {"l1": l1(output * counting, truth * counting)}
    if "gradients" in weights:
        terms["gradients"] = gradient_distance(output, truth, counting)
    return terms | (judge(output, truth, weights) if judge else {})


def gradient_distance(
    output: Pictures, truth: Pictures, weights: Float[Tensor, "n 1 h w"] | None = None
) -> Float[Tensor, ""]:
    """Mean of |difference| of the steps to the next pixel, down and across; each counts as much as
    the pixel that it leads to."""
    off = wide(output) - wide(truth)
    down, across = off.diff(dim=-2).abs(), off.diff(dim=-1).abs()
    if weights is not None:
        down, across = down * weights[..., 1:, :], across * weights[..., 1:]
    return (down.mean() + across.mean()) / 2


def _noised(step: Step, codes: Float[Tensor, "n latent"]) -> Float[Tensor, "n latent"]:
    """Codes as the decoder learns from them."""
    return codes + _NOISE * step.normals("noise of codes", codes.shape[1:]).to(codes)


def details_off(
    step: Step,
    flow: DetailFlow,
    told: Float[Tensor, "n p k l"],
    details: Float[Tensor, "n 12 k l"],
    counting: Float[Tensor, "n 12 k l"] | None = None,
    fields: Float[Tensor, "n f"] | None = None,
) -> Float[Tensor, ""]:
    """The loss of a flow of details, told so much, at one time for each picture; `counting`: how
    much each of the details counts, 0 where nobody knows it; `fields`: what else it is told."""
    noise = step.normals("details", details.shape[1:]).to(details)
    time = step.uniforms("times of details").to(details)
    pace = flow(_FLOW.mix(details, noise, time), told, time, fields)
    wanted = _FLOW.target(details, noise, time)
    if counting is not None:
        roots = counting.sqrt()
        pace, wanted = wide(pace) * roots, wanted * roots
    return l2(wide(pace), wanted)


def _net(step: Step) -> Inventor:
    return cast(Inventor, step.nets["net"])


# Presets

# What both styles are told of a face: what people name, and what makes one the same in both.
_FIELDS: Final = (
    "masculine+age+tone+iris+eye_size+jaw_width+brow_thick+nose_width+hair_light+hair_red+hair_grey"
    "+hair_dye+hair_length+hair_curl+fringe+recession+beard+moustache+glasses+hat+smile+mouth_open"
    "+lipstick+yaw+light_turn+light_key+exposure+cloth_light+ground_light+ground_hue"
)
# What all that learn soft pictures, then details, have in common.
SOFTLY: Final[dict[str, Any]] = {
    **MUON,
    "warmup": 2_000,
    "ema": 4_000,
    "precision": "auto",
    "perceptual": 0.08,
    "judge": "reader",
    "layers": "first+down.0",
    "sample_every": 5_000,
    "measure_every": 15_000,
    "save_every": 5_000,
    "judged": 128,
}
_INVENT: Final = Invent(
    about="invents faces, told what is to be of them or not",
    task="generate",
    nets={
        "net": NetSpec.parse(
            "inventor:size=96,latent=96,width=32,hidden=320,blocks=2,details=32,levels=2,steps=16,"
            f"finish=5,norm=batch,fields={_FIELDS}"
        ),
        "encoder": NetSpec("encoder", {"width": 20, "levels": 4, "outputs": 96}),
    },
    data="world:anime#24000",
    size=128,
    pictures=90_000,
    coded=30_000,
    cycle=30_000,
    batch=24,
    **SOFTLY,
    organs=4.0,  # eyes are a hundredth of the pixels, and looked at first
    around=2,
)

PRESETS: Final[dict[str, Recipe]] = {
    "generate-anime": replace(
        _INVENT,
        nets={**_INVENT.nets, "net": _INVENT.nets["net"].resized("retold", value=True)},
    ),
    "generate-photo": replace(
        _INVENT,
        # The pace of photographs' details changes most while there is most noise.
        nets={
            **_INVENT.nets,
            "net": _INVENT.nets["net"]
            .resized("finish", 4)
            .resized("spacing", 0.4)
            .resized("retold", value=True),
        },
        data="world:photo#24000",
        organs=8.0,  # eyes are smaller than in anime
        around=1,
    ),
}
