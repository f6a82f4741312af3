"""What a recipe is: everything that determines a training, as plain frozen data.

Recipes name nets, objectives and losses, and load none of them: listing what can be trained needs
no torch. Each family has its own fields besides those of every training; tables of recipes are in
the files beside this one, a file per task; how settings are changed by name is in settings.py, and
what the fields mean to a step in objectives/.
"""

from __future__ import annotations

import dataclasses
import json
import math
from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, final

from trombine.grammar import checked, sizes_in
from trombine.refusal import InputError

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
        name, _, sizes_text = checked(text).partition(":")
        if not name.strip():
            raise InputError(f"a net is written NAME:SIZE=VALUE,SIZE=VALUE, not {text!r}")
        sizes = {size.strip(): plain_value(value.strip()) for size, value in sizes_in(sizes_text)}
        return cls(name.strip(), sizes)

    def resized(self, size: str, value: Size) -> NetSpec:
        """The same net with one size changed."""
        return dataclasses.replace(self, sizes={**self.sizes, size: value})


@dataclass(frozen=True, kw_only=True)
class Recipe(ABC):
    """What every training has. Amounts of time are pictures seen."""

    objective: ClassVar[str]  # its name in objectives.OBJECTIVES
    may_lack: ClassVar[tuple[str, ...]] = ()  # streams that it does without if they are not there

    about: str
    """What it trains, in a line; not on which pictures, for they are a setting."""
    task: str
    """What the model is for: a name in weights.TASKS."""
    nets: Mapping[str, NetSpec]
    """The nets by their role in the objective."""
    data: str
    """Which pictures: a spec, as `trombine data` explains."""
    other: str = ""
    """The second kind of pictures, for objectives that learn from two."""
    size: int = 64
    """Width and height of the pictures, in pixels."""
    augment: str = "none"
    """Chance changes of what is learned from, and of its truth: zoom:1.2+mirror+rotate:10."""
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
    "space": ("rgb", "grey", "hsv", "imagenet"),  # nets.spaces.SPACES, which needs torch
    "layout": ("auto", "contiguous", "channels_last"),
    "device": ("auto", "cpu", "cuda"),
    "critic": ("logistic", "hinge", "least squares", "relativistic"),
    "process": ("noise", "v", "flow"),
}


_AT_LEAST_ONE: Final = (
    *("size", "pictures", "batch", "devices", "faces", "judged", "steps"),
    *("log_every", "sample_every", "measure_every", "save_every"),
    "penalty_every",
)
_AT_MOST: Final = {
    "pool": 1.0,
    "real_label": 1.0,
    "grey": 1.0,
    "threads": 1024,
    "seed": 2**63 - 1,
    "size": 2**14,
    "batch": 2**20,
    "pictures": 10**12,
}
_BELOW: Final = {"beta1": 1.0, "beta2": 1.0}


def _check_number(name: str, value: object) -> None:
    """Refuse a number that is none, or that is out of its range; none may be below 0."""
    if not isinstance(value, int | float):
        return
    least = int(name in _AT_LEAST_ONE)
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{name} is a number, not {value}")
    if value < least:
        raise InputError(f"{name} is {least} or more, not {_short(value)}")
    if value > (most := _AT_MOST.get(name, math.inf)):
        raise InputError(f"{name} is {most} or less, not {_short(value)}")
    if value >= (bound := _BELOW.get(name, math.inf)):
        raise InputError(f"{name} is below {bound:g}, not {value}")


def _short(number: float) -> str:
    """A number as it was given, or how long it is: 1e99 has a hundred digits."""
    text = str(number)
    return text if len(text) <= 20 else f"{text[:6]}... ({len(text)} digits)"


@dataclass(frozen=True, kw_only=True)
class Judged(Recipe):
    """Abstract: compared by the features of a net that judges, too."""

    perceptual: float = 0.0
    """Weight of the distance between a judging net's features."""
    judge: str = ""
    """The judging net: vgg16, vgg19, or a model by name or path."""
    judge_weights: str = ""
    """A file with the weights of vgg16 or vgg19; torchvision's own unless given."""
    layers: str = ""
    """Its layers that are compared, with + between them, each before its activation."""


@dataclass(frozen=True, kw_only=True)
class Restore(Judged):
    """Undo a known damage: one net, compared with the truth. Weights of 0 leave a term out."""

    objective: ClassVar[str] = "restore"

    damage: str = "shrink:2"
    """What is undone: shrink:FACTOR, noise:STRENGTH, hole:MASKS (docs/masks.md), or a chain as
    docs/degradations.md tells."""
    l1: float = 1.0
    """Weight of the mean absolute difference."""
    l2: float = 0.0
    """Weight of the mean squared difference."""
    charbonnier: float = 0.0
    """Weight of the smooth absolute difference."""
    luma: float = 0.0
    """Weight of the mean absolute difference of the luma."""
    total_variation: float = 0.0
    """Weight of the result's own roughness."""
    ssim: float = 0.0
    """Weight of 1 - SSIM."""
    ms_ssim: float = 0.0
    """Weight of 1 - SSIM at several scales."""
    gram: float = 0.0
    """Weight of the distance between the Gram matrices of a judging net's features."""


@dataclass(frozen=True, kw_only=True)
class Painting(Recipe):
    """Abstract: paint what is missing, told what belongs there or not."""

    may_lack: ClassVar[tuple[str, ...]] = ("real",)

    damage: str = "hole:irregular"
    """What is missing: hole:MASKS (docs/masks.md)."""
    real: str = ""
    """Pictures of faces of which nothing is known: a reader says what is where in them."""
    real_every: int = 12
    """Of so many pictures one is real, where there are real ones."""
    grey: float = 0.25
    """Share of the pictures that lose their colours."""
    window: int = 0
    """Pixels: the net sees all of the larger pictures, made as small, or their middle; 0: as is."""
    told: str = "none*3+both*2+guessed*3+parts+points*0.5"
    """What the net is told of a picture, by weight: none, its parts, points (landmarks), both, or
    guessed: how likely each part is to `completion`, which sees the picture and its hole."""


@dataclass(frozen=True, kw_only=True)
class Criticised(Recipe):
    """Compared with the truth, then also with what a discriminator says.

    Phases: the net alone, the discriminator alone, then both, with the discriminator's weight
    rising while the measure allows.
    """

    alone: int = 50_000
    """Pictures before the discriminator begins."""
    critic_alone: int = 5_000
    """Pictures during which only the discriminator learns."""
    critic: str = "logistic"
    """logistic, hinge, least squares or relativistic."""
    adversarial: float = 0.01
    """The discriminator's weight at the end of its ramp."""
    ramp: int = 50_000
    """Pictures over which this weight rises from 0."""
    worst: float = 1.0
    """Decibels the measure may lose before the weight stops rising."""
    real_label: float = 1.0
    """What the discriminator is to say of real pictures (.9: one-sided smoothing)."""
    pool: float = 0.0
    """Share of generated pictures that the discriminator sees from older ones."""
    r1: float = 0.0
    """Weight of the gradient penalty on real pictures."""
    penalty_every: int = 16
    """Steps from one gradient penalty to the next."""


@final
@dataclass(frozen=True, kw_only=True)
class Inpaint(Painting, Criticised, Restore):
    """Paint what is missing, compared with the truth. Weights of 0 leave a term out."""

    objective: ClassVar[str] = "inpaint"

    organs: float = 0.0
    """How much more a pixel of eyes, brows, nose and mouth counts than another, in l1 and l2."""
    adversarial: float = 0.0
    """A discriminator's weight at the end of its ramp; 0: there is none."""
    read_parts: float = 0.0
    """Weight of the true parts' cross-entropy in the hole, as a reader sees what was painted."""
    read_points: float = 0.0
    """Weight of how far the landmarks that it sees are from the true ones, of the picture's
    width."""


@final
@dataclass(frozen=True, kw_only=True)
class InpaintDiffusion(Painting):
    """Paint what is missing by taking noise away: another answer for each seed."""

    objective: ClassVar[str] = "inpaint_diffusion"


@final
@dataclass(frozen=True, kw_only=True)
class Complete(Painting):
    """Guess which parts of a face are where under its hole."""

    objective: ClassVar[str] = "complete"

    told: str = "both"
    """What is known of the pictures to learn from: their parts and points."""
    overlap: float = 0.5
    """Weight of 1 - Dice of the groups of parts in the hole."""


@final
@dataclass(frozen=True, kw_only=True)
class Sharpen(Criticised, Restore):
    """Undo a known damage, then learn from a discriminator to make it look real."""

    objective: ClassVar[str] = "sharpen"


@final
@dataclass(frozen=True, kw_only=True)
class Unseen(Recipe):
    """Learn to enlarge from small pictures alone: of the data only what is left when it is shrunk.

    Weights of 0 leave a term out.
    """

    objective: ClassVar[str] = "unseen"

    damage: str = "shrink:2"
    """How the small pictures came to be: shrink:FACTOR."""
    measured: float = 1.0
    """Weight of the mean absolute difference of a small picture and its enlargement, shrunk."""
    smaller: float = 1.0
    """Weight of how a small picture, shrunk again, differs when it is enlarged."""
    between: float = 1.0
    """Weight of the same for an enlargement made two thirds as large, a scale between both."""


@final
@dataclass(frozen=True, kw_only=True)
class Adversarial(Recipe):
    """Invent pictures: a generator against a discriminator."""

    objective: ClassVar[str] = "adversarial"

    critic: str = "logistic"
    """logistic, hinge, least squares or relativistic."""
    lr_discriminator: float = 1.0
    """The discriminator's learning rate as a part of the generator's."""
    real_label: float = 1.0
    """What the discriminator is to say of real pictures (.9: one-sided smoothing)."""
    pool: float = 0.0
    """Share of generated pictures that the discriminator sees from older ones."""
    r1: float = 0.0
    """Weight of the gradient penalty on real pictures."""
    r2: float = 0.0
    """Weight of the gradient penalty on generated pictures."""
    matched: float = 0.0
    """Weight of the squared difference of a fractal and what the generator makes of its numbers
    (latent-space correspondence)."""
    numbers: str = ""
    """These numbers, by name, with + between them: as many as the generator's latent."""
    penalty_every: int = 16
    """Steps from one gradient penalty to the next; its weight is multiplied by as much."""


@final
@dataclass(frozen=True, kw_only=True)
class Encode(Recipe):
    """Give pictures back through codes that look drawn: an adversarial auto-encoder.

    Weights of 0 leave a term out.
    """

    objective: ClassVar[str] = "encode"

    l1: float = 1.0
    """Weight of the mean absolute difference of pictures and what came back."""
    l2: float = 0.0
    """Weight of the mean squared difference."""
    ssim: float = 0.0
    """Weight of 1 - SSIM."""
    ms_ssim: float = 0.0
    """Weight of 1 - SSIM at several scales."""
    adversarial: float = 0.1
    """Weight of how far from drawn the codes look."""
    critic: str = "logistic"
    """logistic, hinge, least squares or relativistic."""
    real_label: float = 1.0
    """What the discriminator is to say of drawn codes (.9: one-sided smoothing)."""
    pool: float = 0.0
    """Share of codes that the discriminator sees from older ones."""
    r1: float = 0.0
    """Weight of the gradient penalty on drawn codes."""
    penalty_every: int = 16
    """Steps from one gradient penalty to the next."""


@final
@dataclass(frozen=True, kw_only=True)
class Denoise(Recipe):
    """Invent pictures: a net that takes noise away, step by step."""

    objective: ClassVar[str] = "denoise"

    process: str = "flow"
    """What the net says of a noisy picture: noise, v or flow."""
    steps: int = 20
    """Steps of sampling."""


@final
@dataclass(frozen=True, kw_only=True)
class Invent(Judged):
    """Invent faces, told what is to be of them: an encoder and a decoder, then flows.

    The fields that the net may be told, by name, are its size `fields`; the net's own `size` is
    that of what is invented: the middle of the pictures.
    """

    objective: ClassVar[str] = "invent"

    coded: int = 50_000
    """Pictures from which encoder and decoder learn, before the flows do."""
    gradients: float = 0.5
    """Weight of the mean absolute difference of steps from pixel to pixel."""
    organs: float = 0.0
    """By how much more than other pixels those of eyes, brows, nose and mouth count."""
    around: int = 0
    """How many pixels around them count alike: with none their edges are drawn too far out."""


@final
@dataclass(frozen=True, kw_only=True)
class Restyle(Judged):
    """Draw faces in other styles, learned from pairs: soft pictures, then their details.

    Which styles the net knows is its size `styles`.
    """

    objective: ClassVar[str] = "restyle"

    soft: int = 50_000
    """Pictures from which encoder and decoder learn, before the flow of details does."""
    grey: float = 0.1
    """Share of the pictures that are shown without their colours."""
    damage: str = "none"
    """What spoils the pictures that are shown: a chain as docs/degradations.md tells."""
    gradients: float = 0.5
    """Weight of the mean absolute difference of steps from pixel to pixel."""
    organs: float = 0.0
    """By how much more than other pixels those of eyes, brows, nose and mouth count."""
    ground: float = 1.0
    """How much pixels of the background count beside others."""


@final
@dataclass(frozen=True, kw_only=True)
class RestyleShared(Recipe):
    """Draw faces in another style, and back, without pairs: one code for both.

    `data` is of the first of the net's two styles and `other` of the second. Weights of 0 leave a
    term out.
    """

    objective: ClassVar[str] = "restyle_shared"

    soft: int = 50_000
    """Pictures from which encoder, decoder and judges learn, before the flow of details does."""
    adversarial: float = 1.0
    """Weight of how surely a judge tells which style a code is of."""
    gradients: float = 0.5
    """Weight of the mean absolute difference of steps from pixel to pixel."""
    parts: float = 0.1
    """Weight of the parts that are read from codes; 0 for pictures of which none are known."""
    points: float = 1.0
    """Weight of the landmarks that are read from codes; 0 for pictures of which none are known."""
    there_and_back: float = 1.0
    """Weight of the mean absolute difference of pictures and what went there and back."""


@final
@dataclass(frozen=True, kw_only=True)
class Translate(Recipe):
    """Draw pictures of one kind as another, and back, without pairs: two nets, two discriminators.

    Without a net called back it is one way. `data` is the one kind and `other` the other. Weights
    of 0 leave a term out.
    """

    objective: ClassVar[str] = "translate"

    critic: str = "least squares"
    """logistic, hinge or least squares."""
    adversarial: float = 1.0
    """Weight of what the discriminators say, the sum over all that judges in them."""
    there_and_back: float = 10.0
    """Weight of the mean absolute difference of pictures and what went there and back."""
    identity: float = 5.0
    """Weight of how much a net changes pictures of the kind that it makes."""
    attention: float = 0.0
    """Weight of the classifiers inside attentive nets."""
    contrast: float = 0.0
    """Weight of how surely a net's features tell each place that it draws from other places."""
    lr_discriminator: float = 1.0
    """The discriminators' learning rate as a part of the nets'."""
    real_label: float = 1.0
    """What the discriminators are to say of real pictures (.9: one-sided smoothing)."""
    pool: float = 0.0
    """Share of drawn pictures that the discriminators see from older ones."""


@final
@dataclass(frozen=True, kw_only=True)
class Regress(Recipe):
    """Read numbers from pictures: those of a world's faces, or of a pack's vectors."""

    objective: ClassVar[str] = "regress"

    wanted: str = ""
    """The vector's numbers that are learned, by name, with + between them."""


@final
@dataclass(frozen=True, kw_only=True)
class Read(Recipe):
    """Read what is where in a face, from painted faces in windows as staging.py makes them.

    `other` is what they stand before.
    """

    objective: ClassVar[str] = "read"
    may_lack: ClassVar[tuple[str, ...]] = ("real",)

    real: str = ""
    """Pictures of faces of which nothing is known: what is read of them as they are is to be read
    of them changed, too."""
    traits: str = ""
    """What is read of whoever it is: numbers of a painted face, by name, with + between them."""
    moment: str = ""
    """What is read of the moment: pose, expression, light, what is worn."""
    damage: str = "none"
    """What spoils the windows: a chain as docs/degradations.md tells."""
    population: str = ""
    """What is known of the people of the real pictures together, FIELD:MEAN:SPREAD with + between
    them, as age:57:11: so numbers are to be read on average, from `numbers_after` on."""
    numbers_after: int = 0
    """Pictures after which only traits, moment and whether it is a face learn on; 0: never."""


@final
@dataclass(frozen=True, kw_only=True)
class Find(Recipe):
    """Find small faces: painted ones, made small, anywhere before other pictures.

    `other` is what they stand before.
    """

    objective: ClassVar[str] = "find"

    damage: str = "none"
    """What spoils the windows: a chain as docs/degradations.md tells."""


@final
@dataclass(frozen=True, kw_only=True)
class Refine(Recipe):
    """Refine what is where: from a reader's window to two and four times its size.

    `other` is what faces stand before.
    """

    objective: ClassVar[str] = "refine"

    damage: str = "none"
    """What spoils the pictures: a chain as docs/degradations.md tells."""


@final
@dataclass(frozen=True, kw_only=True)
class Detect(Recipe):
    """Detect which pixels of a print are damaged by hands: a picture and its mirror images."""

    objective: ClassVar[str] = "detect"

    damage: str = "old-photo"
    """What spoils the pictures: a chain as docs/degradations.md tells; its scratches, dust, creases
    and torn corners are detected."""
    grey: float = 0.3
    """Share of the pictures that have no colours before they are spoiled."""
