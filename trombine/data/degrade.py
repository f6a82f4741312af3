"""What spoils pictures, one degradation after another, spelled as one line of text, drawn by seed.

    blur:gaussian:0.4-2+shrink:4/shrink:area:4+noise:gaussian:strength=0-0.06?0.5+jpeg:60-95

Steps are joined by "+". A step is one term, or several with "/" between them, of which each picture
gets one; "?0.5" after it: half of the pictures get it. A term is a name of KINDS and its amounts,
each a number or a range, from which every picture draws its own. A name of PRESETS stands for its
steps. All that is drawn is a function of the seed, the number of the step, and the picture's place.

Here are blur, noise, files and light; resize.py makes smaller, prints.py ages. All of it computes
with the samples of sRGB as they are, as papers on enlarging do, not with light: a blur, or the mean
of a square, is a little darker than a lens would make it. What leaves [0, 1] is cut off.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from math import prod
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64
from PIL import Image
from torch.nn.functional import conv2d, max_pool2d, pad

from trombine.core.conventions import check_picture
from trombine.core.errors import InputError
from trombine.core.grammar import NUMBER, Piece, decimal, instead, pieces, span, spelled, weighed
from trombine.core.rng import FIRST, Rng
from trombine.data import prints, resize
from trombine.data.prints import Marked
from trombine.data.resize import crop_to_multiple

Pictures = Float32[torch.Tensor, "n c h w"]
Amounts = Float64[np.ndarray, "n"]
Degraded = Float32[torch.Tensor, "n c h2 w2"]
Taps = Float64[np.ndarray, "_ _"]  # of any size each

# Blur: every picture has an amount of its own, in pixels, and is filtered by itself, as a
# convolution of a whole batch may round otherwise than that of a part of it. Beyond the border the
# border's pixel goes on.

CUT: Final = 4.0  # standard deviations at which a Gaussian ends, as scipy's does


def box_blur(pictures: Pictures, width: Amounts) -> Pictures:
    """The mean over a square of this width, in pixels; parts of pixels count in part."""
    return _separable(pictures, [box_kernel(value) for value in width.tolist()])


def gaussian_blur(pictures: Pictures, sigma: Amounts) -> Pictures:
    """By a round Gaussian of this standard deviation, in pixels."""
    return _separable(pictures, [gaussian_kernel(value) for value in sigma.tolist()])


def long_gaussian_blur(
    pictures: Pictures, sigma: Amounts, across: Amounts, angle: Amounts
) -> Pictures:
    """By a Gaussian of one standard deviation along `angle` and another across it.

    Angles are degrees from the x axis (right) towards the y axis (down).
    """
    shapes = zip(sigma.tolist(), across.tolist(), angle.tolist(), strict=True)
    return _filtered(pictures, [long_gaussian_kernel(*shape) for shape in shapes])


def motion_blur(pictures: Pictures, length: Amounts, angle: Amounts) -> Pictures:
    """By a straight motion over this many pixels while the shutter was open."""
    moves = zip(length.tolist(), angle.tolist(), strict=True)
    return _filtered(pictures, [motion_kernel(*move) for move in moves])


def sharpened(pictures: Pictures, amount: Amounts, sigma: Amounts) -> Pictures:
    """As phones do: what a Gaussian of this standard deviation, in pixels, takes away is added so
    many times; edges get rims (unsharp masking)."""
    times = torch.from_numpy(amount).to(pictures)[:, None, None, None]
    return (pictures + times * (pictures - gaussian_blur(pictures, sigma))).clamp(0, 1)


# Kernels: odd numbers of taps about the middle, which sum to 1


def box_kernel(width: float) -> Float64[np.ndarray, "k"]:
    """How much of each pixel lies within width / 2 of the middle of the middle one."""
    radius = max(0, math.ceil((width - 1) / 2))
    edge = width / 2
    taps = np.arange(-radius, radius + 1)
    inside = np.minimum(taps + 0.5, edge) - np.maximum(taps - 0.5, -edge)
    return inside / inside.sum() if width > 0 else np.ones(1)


def gaussian_kernel(sigma: float) -> Float64[np.ndarray, "k"]:
    """exp(-x^2 / (2 sigma^2)) at whole pixels, cut at 4 sigma."""
    radius = int(CUT * sigma + 0.5)
    if radius == 0:
        return np.ones(1)
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return weights / weights.sum()


def long_gaussian_kernel(sigma: float, across: float, angle: float) -> Taps:
    """exp(-(u^2 / sigma^2 + v^2 / across^2) / 2), u along the angle and v across it."""
    radius = int(CUT * max(sigma, across) + 0.5)
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    u, v = x * cosine + y * sine, y * cosine - x * sine
    # Narrower than this is one pixel wide all the same, and 0 would divide.
    least = 0.2
    weights = np.exp(-0.5 * ((u / max(sigma, least)) ** 2 + (v / max(across, least)) ** 2))
    return weights / weights.sum()


def motion_kernel(length: float, angle: float) -> Taps:
    """The integral, along the line through the middle, of what bilinear interpolation weighs.

    Between two crossings of the pixel grid the weights are polynomials of degree 2, for which two
    Gauss points are exact.
    """
    radius = math.floor(length / 2) + 1
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    places, shares = _gauss_points(_crossings(length, cosine, sine))
    x, y = places * cosine + radius, places * sine + radius
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    right, bottom = x - left, y - top
    weights = np.zeros((2 * radius + 3, 2 * radius + 3))  # one more, where nothing is weighed
    for across, x_share in ((left, 1 - right), (left + 1, right)):
        for down, y_share in ((top, 1 - bottom), (top + 1, bottom)):
            np.add.at(weights, (down, across), shares * x_share * y_share)
    weights = weights[: 2 * radius + 1, : 2 * radius + 1]
    return weights / weights.sum()


def _crossings(length: float, cosine: float, sine: float) -> list[float]:
    """Where the line, from -length / 2 to length / 2, crosses the rows and columns of pixels."""
    half = length / 2
    crossings = {-half, half}
    for slope in (abs(cosine), abs(sine)):
        if slope > 1e-9:
            most = math.floor(half * slope)
            crossings |= {step / slope for step in range(-most, most + 1)}
    return sorted(place for place in crossings if -half <= place <= half)


def _gauss_points(edges: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Two places in each interval and what each counts for; one where there is no length."""
    if len(edges) < 2:
        return np.zeros(1), np.ones(1)
    spans = [(low, high) for low, high in pairwise(edges) if high > low]
    middles = np.array([(low + high) / 2 for low, high in spans])
    halves = np.array([(high - low) / 2 for low, high in spans])
    places = np.concatenate([middles - halves / math.sqrt(3), middles + halves / math.sqrt(3)])
    return places, np.concatenate([halves, halves])


def _separable(pictures: Pictures, kernels: Sequence[Float64[np.ndarray, "_"]]) -> Pictures:
    """Each picture by its kernel along rows and along columns."""
    pairs = zip(pictures, kernels, strict=True)
    blurred = [_by(_by(picture, kernel[None]), kernel[:, None]) for picture, kernel in pairs]
    return torch.stack(blurred).clamp(0, 1)


def _filtered(pictures: Pictures, kernels: Sequence[Taps]) -> Pictures:
    pairs = zip(pictures, kernels, strict=True)
    return torch.stack([_by(picture, kernel) for picture, kernel in pairs]).clamp(0, 1)


def _by(
    picture: Float32[torch.Tensor, "c h w"], kernel: Float64[np.ndarray, "_ _"]
) -> Float32[torch.Tensor, "c h w"]:
    if kernel.size == 1:
        return picture
    down, across = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = pad(picture[:, None], (across, across, down, down), mode="replicate")
    weights = torch.from_numpy(kernel).float().to(picture.device)
    return conv2d(padded, weights[None, None])[:, 0]


# Noise: of the reading (Gaussian), of the light (Poisson) and of the sensor (a fixed pattern).
# Strengths are parts of the range from black to white.


def gaussian_noise(
    pictures: Pictures, strength: Amounts, chance: Rng, *, grey: bool = False
) -> Pictures:
    """Normal numbers of this standard deviation added, the same to all colours if `grey`."""
    _, channels, height, width = pictures.shape
    numbers = chance.normals("numbers", (1 if grey else channels, height, width))
    noise = torch.from_numpy(strength[:, None, None, None] * numbers).float().to(pictures.device)
    return (pictures + noise).clamp(0, 1)


def poisson_noise(pictures: Pictures, photons: Amounts, chance: Rng) -> Pictures:
    """The count of photons at each pixel, where white has so many on average.

    The variance is the mean / photons.
    """
    means = pictures.cpu().double().numpy() * photons[:, None, None, None]
    drawn = zip(chance.generators("counts"), means, strict=True)
    counts = [generator.poisson(mean) for generator, mean in drawn]
    shares = np.stack(counts) / photons[:, None, None, None]
    return torch.from_numpy(shares).float().to(pictures.device).clamp(0, 1)


def pattern_noise(
    pictures: Pictures, strength: Amounts, pattern: Int64[np.ndarray, "n"]
) -> Pictures:
    """What a sensor does to every picture alike: stripes, and pixels of unequal gain.

    Each number in `pattern` is a sensor of its own.
    """
    height, width = pictures.shape[-2:]
    results = []
    for picture, scale, sensor in zip(pictures, strength.tolist(), pattern.tolist(), strict=True):
        gain, offset = sensor_pattern(sensor, height, width)
        gains = torch.from_numpy(1 + scale * gain).float().to(picture.device)
        offsets = torch.from_numpy(scale * offset).float().to(picture.device)
        results.append(picture * gains + offsets)
    return torch.stack(results).clamp(0, 1)


@lru_cache(maxsize=4)  # 100 MB each at 2048 px; a run of one sensor needs one
def sensor_pattern(
    sensor: int, height: int, width: int
) -> tuple[Float64[np.ndarray, "3 h w"], Float64[np.ndarray, "1 h w"]]:
    """How far each pixel's gain is from 1, and what rows and columns add.

    Standard deviations: 1 of the gain, half of it of rows and of columns, where less is seen.

    A larger picture of the same sensor begins, top left, with the pattern of a smaller one.
    """
    rows, columns = (Rng(seed=sensor, places=np.arange(side)) for side in (height, width))
    gain = rows.normals("sensor gain", (width, 3)).transpose(2, 0, 1)
    down, along = rows.normals("sensor rows", ()), columns.normals("sensor columns", ())
    offset = (down[:, None] + along[None, :]) / 2
    return np.ascontiguousarray(gain), offset[None]


# Files

# Of WebP's 0 to 6 the usual 4 looks for the smallest file, for three times as long.
WEBP_EFFORT: Final = 2


def jpeg(pictures: Pictures, quality: Int64[np.ndarray, "n"]) -> Pictures:
    """After a JPEG of this quality, 1 to 100, its colours at half the resolution as is usual."""
    return _through(pictures, "JPEG", [{"quality": value} for value in quality.tolist()])


def webp(pictures: Pictures, quality: Int64[np.ndarray, "n"]) -> Pictures:
    """After a WebP of this quality, 0 to 100."""
    options = [{"quality": value, "method": WEBP_EFFORT} for value in quality.tolist()]
    return _through(pictures, "WEBP", options)


def _through(pictures: Pictures, kind: str, options: list[dict[str, Any]]) -> Pictures:
    pixels = pictures.detach().mul(255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    decoded = [_read_back(picture, kind, how) for picture, how in zip(pixels, options, strict=True)]
    planes = torch.from_numpy(np.stack(decoded)).permute(0, 3, 1, 2).contiguous()
    return planes.float().div(255).to(pictures.device)


def _read_back(pixels: np.ndarray, kind: str, options: dict[str, Any]) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    with Image.open(buffer) as read:
        return np.asarray(read.convert("RGB"))


# Light

_SOFT: Final = (0.05, 0.5)  # how wide the edge of the shade is, of the picture's shorter side
_ASIDE: Final = 0.25  # how far from the middle, normal
_DARK: Final = (0.4, 0.95)  # of the light that an amount of 1 takes
_EXPOSED: Final = 0.7  # the most that an amount of 1 changes the exponent, in powers of 2


def shade(pictures: Pictures, amount: Amounts, chance: Rng) -> Pictures:
    """One side, any, is darker, with an edge anywhere near the middle; midtones lighter or
    darker."""
    chance = chance.fold_in("shade")
    height, width = pictures.shape[-2:]
    side = min(height, width)
    angle = 2 * math.pi * chance.uniforms("side")
    aside = _ASIDE * chance.normals("edge", (1,))[:, 0]
    soft = _SOFT[0] + (_SOFT[1] - _SOFT[0]) * chance.uniforms("soft")
    depth = amount * (_DARK[0] + (_DARK[1] - _DARK[0]) * chance.uniforms("dark"))
    power = 2 ** (amount * _EXPOSED * (2 * chance.uniforms("exposure") - 1))
    x = (np.arange(width) + 0.5 - width / 2) / side
    y = (np.arange(height) + 0.5 - height / 2) / side
    along = np.cos(angle)[:, None, None] * x + np.sin(angle)[:, None, None] * y[:, None]
    edge = (along - aside[:, None, None]) / soft[:, None, None]
    light = 1 - depth[:, None, None] / (1 + np.exp(-4 * edge))  # 4: from 1/8 to 7/8 over its width
    light, power = (
        torch.from_numpy(part.astype(np.float32)).to(pictures.device)
        for part in (light[:, None], power[:, None, None, None])
    )
    return pictures.clamp(0, 1) ** power * light


SHRINK: Final = "shrink"  # the family whose results are smaller than what they are made of


@dataclass(frozen=True)
class Amount:
    """One of the numbers a term is given, as a number or a range."""

    name: str
    low: float  # the least it may be
    high: float
    usual: tuple[float, float] | None = None  # what it is where it is not given; None: it must be
    integer: bool = False  # a number without a fraction; of a range, each as often
    fixed: bool = False  # the same for every picture: no range


@dataclass(frozen=True)
class Degradation:
    """A degradation: `apply` is given pictures and the amounts, of each a number for each picture;
    or one number, where it is fixed."""

    about: str
    amounts: tuple[Amount, ...]
    apply: Callable[..., Any]  # Degraded, or Marked
    drawn: bool = False  # whether it is given chance, too


_SIGMA: Final = Amount("sigma", 0, 32)
_ANGLE: Final = Amount("angle", 0, 360, usual=(0, 180))
_FACTOR: Final = (Amount("factor", 1, 64, integer=True, fixed=True),)
_STRENGTH: Final = Amount("strength", 0, 1)
_AMOUNT: Final = (Amount("amount", 0, 1),)

KINDS: Final[dict[str, Degradation]] = {
    "blur:box": Degradation(
        "the mean over a square of WIDTH pixels", (Amount("width", 0, 64),), box_blur
    ),
    "blur:gaussian": Degradation("a round Gaussian of SIGMA pixels", (_SIGMA,), gaussian_blur),
    "blur:long": Degradation(
        "a Gaussian: SIGMA pixels along ANGLE (degrees; any unless given), ACROSS across it",
        (_SIGMA, Amount("across", 0, 32), _ANGLE),
        long_gaussian_blur,
    ),
    "blur:motion": Degradation(
        "a straight motion over LENGTH pixels in the direction ANGLE (any unless given)",
        (Amount("length", 0, 64), _ANGLE),
        motion_blur,
    ),
    "sharpen": Degradation(
        "edges with rims, as phones draw them: what a Gaussian of SIGMA pixels (0.5 to 1.5"
        " unless given) takes away is added AMOUNT times",
        (Amount("amount", 0, 8), Amount("sigma", 0, 32, usual=(0.5, 1.5))),
        sharpened,
    ),
    "resize": Degradation(
        "smaller, to this SHARE of its sides, and back",
        (Amount("share", 0.05, 1),),
        resize.smaller_and_back,
    ),
    "shrink": Degradation(
        "FACTOR times smaller, as MATLAB's bicubic imresize, which papers use",
        _FACTOR,
        resize.shrink,
    ),
    "shrink:rescaled": Degradation(
        "the same; a picture that leaves the range by it is scaled to fit, not cut off",
        _FACTOR,
        resize.shrink_rescaled,
    ),
    "shrink:pillow": Degradation(
        "FACTOR times smaller, as Pillow's bicubic resize", _FACTOR, resize.shrink_pillow
    ),
    "shrink:area": Degradation("the same, by the mean of each square", _FACTOR, resize.shrink_area),
    "noise:gaussian": Degradation(
        "normal noise in each colour, its deviation STRENGTH; 1 is from black to white",
        (_STRENGTH,),
        gaussian_noise,
        drawn=True,
    ),
    "noise:grey": Degradation(
        "the same noise in all colours",
        (_STRENGTH,),
        partial(gaussian_noise, grey=True),
        drawn=True,
    ),
    "noise:poisson": Degradation(
        "the noise of light, where white is so many PHOTONS",
        (Amount("photons", 1, 1_000_000),),
        poisson_noise,
        drawn=True,
    ),
    "noise:pattern": Degradation(
        "stripes and unequal pixels of a SENSOR: the same number, the same pattern",
        (_STRENGTH, Amount("sensor", 0, 1_000_000, usual=(0, 999), integer=True)),
        pattern_noise,
    ),
    "jpeg": Degradation(
        "through a JPEG file of this QUALITY",
        (Amount("quality", 1, 100, integer=True),),
        jpeg,
    ),
    "webp": Degradation(
        "through a WebP file of this QUALITY",
        (Amount("quality", 0, 100, integer=True),),
        webp,
    ),
    "shade": Degradation(
        "light from one side: the other in shade, midtones lighter or darker",
        _AMOUNT,
        shade,
        drawn=True,
    ),
    "fade": Degradation(
        "an old print: colours go, black turns brown, paper yellow or pink, unevenly",
        _AMOUNT,
        prints.fade,
        drawn=True,
    ),
    "stains": Degradation("blotches with darker rims", _AMOUNT, prints.stains, drawn=True),
    "scratches": Degradation("thin lines", _AMOUNT, prints.scratches, drawn=True),
    "dust": Degradation("specks and hairs", _AMOUNT, prints.dust, drawn=True),
    "creases": Degradation("one to three folds", _AMOUNT, prints.creases, drawn=True),
    "torn": Degradation("a corner torn off", _AMOUNT, prints.torn, drawn=True),
}

HANDLING: Final = ("scratches", "dust", "creases", "torn")  # what hands do to a print


def limits(name: str) -> str:
    """What the numbers of a term may be: 0 to 64; 0 to 360."""
    return "; ".join(f"{a.low:g} to {a.high:,.12g}" for a in KINDS[name].amounts)


def usage(name: str) -> str:
    """How a term is written: blur:motion:LENGTH[,ANGLE]."""
    first, *others = KINDS[name].amounts
    words = (f"[,{a.name.upper()}]" if a.usual else f",{a.name.upper()}" for a in others)
    return "".join((f"{name}:{first.name.upper()}", *words))


@dataclass(frozen=True)
class Range:
    """What an amount is drawn from, evenly; one number where both are the same."""

    low: float
    high: float

    def __str__(self) -> str:
        low, high = decimal(self.low), decimal(self.high)
        return low if low == high else f"{low}-{high}"

    def draw(self, chance: Rng, amount: Amount) -> np.ndarray:
        """The amount of each picture."""
        if self.low == self.high:
            drawn = np.full(len(chance.places), self.low)
        elif amount.integer:  # both ends as often as what is between them
            steps = np.floor(chance.uniforms(amount.name) * (self.high - self.low + 1))
            drawn = np.minimum(self.low + steps, self.high)
        else:
            drawn = self.low + (self.high - self.low) * chance.uniforms(amount.name)
        return drawn.astype(np.int64) if amount.integer else drawn


@dataclass(frozen=True, kw_only=True)
class DegradeTerm:
    """One degradation and its amounts."""

    name: str
    amounts: tuple[Range, ...]

    def __str__(self) -> str:
        return ":".join((self.name, *map(str, self.amounts)))

    @property
    def scale(self) -> int:
        """How many times smaller the result is."""
        return int(self.amounts[0].low) if self.name.partition(":")[0] == SHRINK else 1

    def __call__(self, pictures: Pictures, chance: Rng) -> Degraded | Marked:
        """The pictures after it."""
        mine, kind = chance.fold_in(self.name), KINDS[self.name]
        pairs = zip(self.amounts, kind.amounts, strict=True)
        drawn = [int(r.low) if amount.fixed else r.draw(mine, amount) for r, amount in pairs]
        return kind.apply(pictures, *drawn, *((mine,) if kind.drawn else ()))


@dataclass(frozen=True, kw_only=True)
class DegradeStep:
    """A step: each picture gets one of these terms, or is left as it is."""

    terms: tuple[DegradeTerm, ...]
    probability: float = 1.0  # that it gets one

    def __str__(self) -> str:
        listed = "/".join(map(str, self.terms))
        return spelled(listed, "", {"?": weighed(self.probability)})

    def __call__(self, batch: Marked, chance: Rng, by: Collection[str]) -> Marked:
        """The pictures, and what terms of these names damaged of them, after this step."""
        which = np.floor(chance.uniforms("which") * len(self.terms)).astype(np.int64)
        which[chance.uniforms("whether") >= self.probability] = len(self.terms)
        scale = self.terms[0].scale
        pictures, damaged = batch.pictures.clone(), batch.damaged.clone()
        if scale > 1:  # then every picture gets one of the terms
            count, channels, height, width = pictures.shape
            pictures = torch.empty(count, channels, height // scale, width // scale)
            damaged = max_pool2d(damaged, scale)
        for number, term in enumerate(self.terms):
            if not (chosen := which == number).any():
                continue
            rows = torch.from_numpy(np.flatnonzero(chosen))
            result = term(batch.pictures[rows], chance.only(chosen))
            if isinstance(result, Marked):
                if term.name in by:
                    damaged[rows] = torch.maximum(damaged[rows], result.damaged)
                result = result.pictures
            pictures[rows] = result
        return Marked(pictures=pictures, damaged=damaged)


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Steps, in their order."""

    steps: tuple[DegradeStep, ...]

    @classmethod
    def parse(cls, text: str) -> Chain:
        """The chain that this text spells; an InputError if it spells none."""
        found = pieces(text, {"?": NUMBER})
        return cls(steps=tuple(step for piece in found for step in _steps(piece)))

    def __str__(self) -> str:
        return "+".join(map(str, self.steps))

    @property
    def scale(self) -> int:
        """How many times smaller the result is."""
        return prod(step.terms[0].scale for step in self.steps)

    def __call__(self, pictures: Pictures, chance: Rng) -> Degraded:
        """The pictures, degraded."""
        return self.marked(pictures, chance).pictures

    def marked(
        self, pictures: Pictures, chance: Rng, *, by: Collection[str] = tuple(KINDS)
    ) -> Marked:
        """The same, with a map of the pixels that scratches, stains and the like damaged.

        `by` names the terms whose damage is mapped; the pictures do not depend on it. Where a later
        step spreads the damage, as a blur does, the map does not grow with it.
        It is computed on the processor: the codecs are there, and no device rounds otherwise.
        """
        device = check_picture(pictures).device
        source = pictures.detach().cpu().contiguous()
        result = Marked(pictures=source, damaged=torch.zeros_like(source[:, :1]))
        with torch.autocast("cpu", enabled=False):  # nets may be computed in fewer bits, not this
            for number, step in enumerate(self.steps):
                result = step(result, chance.fold_in(f"degrade {number}"), by)
        return Marked(pictures=result.pictures.to(device), damaged=result.damaged.to(device))


def degrade_one(
    picture: Float32[torch.Tensor, "3 h w"], chain: Chain, seed: int
) -> Float32[torch.Tensor, "3 h2 w2"]:
    """One picture of any size; rows and columns that do not divide by the scale are cut off."""
    height, width = picture.shape[-2:]
    if min(height, width) < chain.scale:
        raise InputError(f"{width} x {height} pixels cannot become {chain.scale} times fewer")
    cropped = crop_to_multiple(picture, chain.scale)[None]
    return chain(cropped, Rng(seed=seed, places=FIRST))[0]


def _steps(piece: Piece) -> Iterator[DegradeStep]:
    """The step that a piece spells, or those of a preset."""
    often = piece.marks["?"]
    if piece.body in PRESETS and not often:
        yield from Chain.parse(PRESETS[piece.body]).steps
        return
    terms, probability = tuple(map(_term, piece.body.split("/"))), float(often or 1)
    if not 0 < probability <= 1:
        raise InputError(f"after ? stands how often, above 0 and at most 1, not {probability:g}")
    scales = {term.scale for term in terms}
    if len(scales) > 1 or (scales != {1} and probability < 1):
        raise InputError(f"all results must be of one size, so no / and no ? as in {piece.body!r}")
    yield DegradeStep(terms=terms, probability=probability)


def _term(text: str) -> DegradeTerm:
    text = text.strip()
    family, name = text.partition(":")[0], ":".join(text.split(":")[:2])
    name = name if name in KINDS else family
    if name not in KINDS:
        sorts = [usage(name) for name in KINDS if name.partition(":")[0] == family]
        families = dict.fromkeys(name.partition(":")[0] for name in KINDS)
        cure = f"write {' or '.join(sorts)}" if sorts else instead(family, (*families, *PRESETS))
        raise InputError(f"there is no degradation {text!r}; {cure}")
    amounts = KINDS[name].amounts
    keys = [amount.name for amount in amounts]
    given = Piece(body=f"{family}:{text[len(name) + 1 :]}", marks={}).values(*keys)
    return DegradeTerm(
        name=name, amounts=tuple(_range(name, a, given.get(a.name)) for a in amounts)
    )


def _range(name: str, amount: Amount, text: str | None) -> Range:
    if text is None:
        if not amount.usual:
            raise InputError(f"{name} lacks its {amount.name}; write {usage(name)}")
        return Range(*amount.usual)
    parsed = Range(*(span(text) or (1, 0)))
    whole = not (amount.integer and (parsed.low % 1 or parsed.high % 1))
    one = not (amount.fixed and parsed.low != parsed.high)
    if not (amount.low <= parsed.low <= parsed.high <= amount.high and whole and one):
        what = "a whole number" if amount.integer else "a number"
        what += "" if amount.fixed else " or a range such as 1-2"
        within = f"{decimal(amount.low)} to {decimal(amount.high)}"
        raise InputError(f"{amount.name} of {name} is {what} within {within}, not {text!r}")
    return parsed


# Chains by name: what becomes of pictures in the wild, and of prints in an album.
#
# wild-xN    once through a phone or a web page, and N times smaller
# wilder-x4  twice: spoilt, shown smaller and large again, spoilt once more (the second order of
#            Wang et al. 2021, Real-ESRGAN)
# old-photo  a print that faded and was handled, then scanned
#
# Blurs are in pixels of the large picture, so they grow with the factor; noise is added to the
# small one. None shrinks to nearest pixels: by an even factor that moves the picture by half a
# pixel, and a net that cannot see it moved learns to draw it unsharp.

_SMALL_NOISE: Final = (
    "noise:gaussian:0.005-0.04/noise:grey:0.005-0.03/noise:poisson:300-4000?0.75"
    "+noise:pattern:0.003-0.012?0.2"
)
_FILE: Final = "jpeg:45-95/jpeg:75-95/webp:45-95?0.9"

PRESETS: Final[dict[str, str]] = {
    "wild-x2": (
        "blur:gaussian:0.2-1.2/blur:long:0.2-1.6:0.2-0.8/blur:motion:1-4/blur:box:1-2.5?0.8"
        f"+shrink:2/shrink:pillow:2/shrink:area:2+{_SMALL_NOISE}+{_FILE}"
    ),
    "wild-x3": (
        "blur:gaussian:0.3-1.8/blur:long:0.3-2.4:0.3-1.2/blur:motion:1-6/blur:box:1-3.5?0.8"
        f"+shrink:3/shrink:pillow:3/shrink:area:3+{_SMALL_NOISE}+{_FILE}"
    ),
    "wild-x4": (
        "blur:gaussian:0.4-2.4/blur:long:0.4-3.2:0.4-1.6/blur:motion:1-8/blur:box:1-5?0.8"
        f"+shrink:4/shrink:pillow:4/shrink:area:4+{_SMALL_NOISE}+{_FILE}"
    ),
    "wild-x8": (
        "blur:gaussian:0.8-4.8/blur:long:0.8-6:0.8-3.2/blur:motion:2-14/blur:box:1-9?0.8"
        f"+shrink:8/shrink:pillow:8/shrink:area:8+{_SMALL_NOISE}+{_FILE}"
    ),
    "wilder-x4": (
        "blur:gaussian:0.4-2.4/blur:long:0.4-3.2:0.4-1.6/blur:motion:1-8/blur:box:1-5?0.8"
        "+resize:0.4-1?0.6+noise:gaussian:0.005-0.06/noise:grey:0.005-0.05/noise:poisson:200-3000"
        "?0.7+jpeg:40-95/webp:40-95?0.8+blur:gaussian:0.3-1.6?0.5"
        f"+shrink:4/shrink:pillow:4/shrink:area:4+{_SMALL_NOISE}+{_FILE}"
    ),
    "old-photo": (
        "blur:gaussian:0.3-1+noise:grey:0.01-0.05+fade:0.3-1+stains:0.1-0.8?0.5+creases:0.1-0.8?0.3"
        "+scratches:0.1-0.9?0.7+dust:0.1-0.9?0.8+torn:0.3-1?0.12+jpeg:75-95?0.5"
    ),
}
