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

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from math import prod
from typing import Any, Final

import imagecodecs
import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64, UInt8
from scipy.fft import next_fast_len
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d, pad

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
Kernels = Float32[torch.Tensor, "n k k"]
Column = Float32[torch.Tensor, "n 1 1"]  # an amount of each picture
Radii = Float32[torch.Tensor, "k k"]
Places = Float32[torch.Tensor, "k"]
Each = Float32[torch.Tensor, "n 1"]
Taps = Float32[torch.Tensor, "n k"]

# Blur: every picture has an amount of its own, in pixels. Beyond the border the border's pixel goes
# on. Pictures are filtered together, by the Fourier transform; kernels are as wide as the picture's
# own amount asks, in few sizes, so that no result depends on what else is in the batch.

CUT: Final = 4.0  # standard deviations at which a Gaussian ends, as scipy's does
_SMALL: Final = 256  # pixels a side: up to here a matrix is faster than a transform
_THINNEST: Final = 0.2  # pixels: a Gaussian that is narrower is one pixel wide all the same


def box_blur(pictures: Pictures, width: Amounts) -> Pictures:
    """The mean over a square of this width, in pixels; parts of pixels count in part."""

    def taps(x: Places, wide: Each) -> Taps:
        return (wide / 2 + 0.5 - x.abs()).clamp(0, 1)

    return _separable(pictures, (width - 1) / 2, taps, np.maximum(width, 1.0))


def gaussian_blur(pictures: Pictures, sigma: Amounts) -> Pictures:
    """By a round Gaussian of this standard deviation, in pixels, cut at CUT of them."""
    radius = np.floor(CUT * sigma + 0.5)

    def taps(x: Places, deviation: Each, reach: Each) -> Taps:
        return torch.exp(-0.5 * (x / deviation) ** 2) * (x.abs() <= reach)

    return _separable(pictures, radius, taps, np.maximum(sigma, 1e-3), radius)


def long_gaussian_blur(
    pictures: Pictures, sigma: Amounts, across: Amounts, angle: Amounts
) -> Pictures:
    """By a Gaussian of one standard deviation along `angle` and another across it.

    Angles are degrees from the x axis (right) towards the y axis (down).
    """
    radius = np.floor(CUT * np.maximum(sigma, across) + 0.5)

    def kernels(
        x: Radii, y: Radii, along: Column, aside: Column, turn: Column, reach: Column
    ) -> Kernels:
        u, v = _turned(x, y, turn)
        within = (x.abs() <= reach) & (y.abs() <= reach)
        return torch.exp(-0.5 * ((u / along) ** 2 + (v / aside) ** 2)) * within

    deviations = (np.maximum(one, _THINNEST) for one in (sigma, across))
    return _filtered(pictures, radius, kernels, *deviations, angle, radius)


def motion_blur(pictures: Pictures, length: Amounts, angle: Amounts) -> Pictures:
    """By a straight motion over this many pixels while the shutter was open."""

    def kernels(x: Radii, y: Radii, long: Column, turn: Column) -> Kernels:
        u, v = _turned(x, y, turn)
        passed = _triangle(u + long / 2) - _triangle(u - long / 2)
        return (1 - v.abs()).clamp(min=0) * passed

    return _filtered(pictures, length / 2 + 1, kernels, np.maximum(length, 1e-3), angle)


def _triangle(t: Kernels) -> Kernels:
    """The integral of what linear interpolation weighs, 1 - |t|, up to t."""
    t = t.clamp(-1, 1)
    return 0.5 + t - 0.5 * t * t.abs()


def sharpened(pictures: Pictures, amount: Amounts, sigma: Amounts) -> Pictures:
    """As phones do: what a Gaussian of this standard deviation, in pixels, takes away is added so
    many times; edges get rims (unsharp masking)."""
    times = torch.from_numpy(amount).to(pictures)[:, None, None, None]
    return (pictures + times * (pictures - gaussian_blur(pictures, sigma))).clamp(0, 1)


def _turned(x: Radii, y: Radii, angle: Column) -> tuple[Kernels, Kernels]:
    """Places along and across a direction."""
    cosine, sine = torch.cos(torch.deg2rad(angle)), torch.sin(torch.deg2rad(angle))
    return x * cosine + y * sine, y * cosine - x * sine


def _separable(
    pictures: Pictures, radius: Amounts, taps: Callable[..., Taps], *amounts: Amounts
) -> Pictures:
    """Each picture by its kernel along rows and along columns: `taps(x, *amounts)` gives the
    weights at places from its middle for all pictures."""
    if max(pictures.shape[-2:]) > _SMALL:

        def kernels(x: Radii, y: Radii, *columns: Column) -> Kernels:
            each = [column[:, 0] for column in columns]
            along = taps(x[0], *each)
            return along[:, :, None] * along[:, None, :]

        return _filtered(pictures, radius, kernels, *amounts)
    each = [torch.from_numpy(a).float().to(pictures.device)[:, None] for a in amounts]
    down, across = (_matrices(taps, each, side) for side in pictures.shape[-2:])
    result = down[:, None] @ (pictures @ across[:, None].mT)
    moved = torch.from_numpy(radius > 0).to(pictures.device)
    return torch.where(moved[:, None, None, None], result, pictures).clamp(0, 1)


def _matrices(
    taps: Callable[..., Taps], amounts: Sequence[Each], side: int
) -> Float32[torch.Tensor, "n side side"]:
    """A pass as a matrix of each picture; what would lie beyond the border is the border's."""
    places = torch.arange(2 * side - 1, dtype=torch.float32, device=amounts[0].device) - (side - 1)
    weights = taps(places, *amounts)
    weights = weights / weights.sum(1, keepdim=True)
    inside = weights.unfold(1, side, 1).flip(1)  # n, output, input: weight of input - output
    before = weights.cumsum(1)
    rows = torch.arange(side, device=weights.device)
    result = inside.contiguous()
    result[:, :, 0] = before[:, side - 1 - rows]  # all that is left of the first
    result[:, :, -1] = 1 - before[:, 2 * side - 3 - rows] if side > 1 else 1.0
    return result


def _filtered(
    pictures: Pictures, radius: Amounts, kernels: Callable[..., Kernels], *amounts: Amounts
) -> Pictures:
    """Each picture by its kernel: `kernels(x, y, *amounts)` gives the weights at places from its
    middle for all pictures, which need not sum to 1."""
    result = pictures.clone()
    reaches = np.exp2(np.ceil(np.log2(np.maximum(radius, 1e-9)))).clip(min=1).astype(np.int64)
    for reach in np.unique(reaches[radius > 0]).tolist():
        chosen = np.flatnonzero((reaches == reach) & (radius > 0))
        rows = torch.from_numpy(chosen).to(pictures.device)
        along = torch.arange(-reach, reach + 1, dtype=torch.float32, device=pictures.device)
        y, x = torch.meshgrid(along, along, indexing="ij")
        columns = (torch.from_numpy(a[chosen]).float().to(pictures.device) for a in amounts)
        found = kernels(x, y, *(column[:, None, None] for column in columns))
        result[rows] = _convolved(pictures[rows], found / found.sum((1, 2), keepdim=True))
    return result.clamp(0, 1)


def _convolved(pictures: Pictures, kernels: Kernels) -> Pictures:
    if pictures.shape[:2].numel() == 1 or len(kernels) == 1:  # MKL transforms one plane otherwise
        twice = (part.expand(2, *part.shape[1:]) for part in (pictures, kernels))
        return _convolved(*twice)[:1]
    reach, (height, width) = kernels.shape[-1] // 2, pictures.shape[-2:]
    padded = pad(pictures, (reach, reach, reach, reach), mode="replicate")
    size = tuple(next_fast_len(side + 2 * reach, real=True) for side in (height, width))
    spectrum = (
        torch.fft.rfft2(padded, s=size) * torch.fft.rfft2(kernels.flip(1, 2), s=size)[:, None]
    )
    whole = torch.fft.irfft2(spectrum, s=size)
    return whole[..., 2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width]


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
    """After a JPEG of this quality, 1 to 100, its colours at half the resolution as is usual.

    On a card it is computed there, as `jpeg_by_tensors` does.
    """
    if pictures.device.type != "cpu":
        return jpeg_by_tensors(pictures, quality)
    return _through(
        pictures,
        lambda pixels, level: imagecodecs.jpeg8_decode(
            imagecodecs.jpeg8_encode(pixels, level=level, subsampling="420")
        ),
        quality,
    )


def webp(pictures: Pictures, quality: Int64[np.ndarray, "n"]) -> Pictures:
    """After a WebP of this quality, 0 to 100."""
    return _through(
        pictures,
        lambda pixels, level: imagecodecs.webp_decode(
            imagecodecs.webp_encode(pixels, level=level, lossless=False, method=WEBP_EFFORT)
        ),
        quality,
    )


def _through(
    pictures: Pictures,
    codec: Callable[[UInt8[np.ndarray, "h w 3"], int], np.ndarray],
    quality: Int64[np.ndarray, "n"],
) -> Pictures:
    pixels = (
        pictures.detach().mul(255).round().byte().permute(0, 2, 3, 1).cpu().contiguous().numpy()
    )
    decoded = [
        codec(one, level)[..., :3] for one, level in zip(pixels, quality.tolist(), strict=True)
    ]
    planes = torch.from_numpy(np.stack(decoded)).permute(0, 3, 1, 2).contiguous()
    return planes.float().div(255).to(pictures.device)


# The tables of JPEG's standard (annex K), of luma and of chroma, and what its colours are.
_TABLES: Final = np.array(
    [
        *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55),
        *(14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62),
        *(18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
        *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
        *(17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99),
        *(24, 26, 56, 99, 99, 99, 99, 99, 47, 66, *(38 * (99,))),
    ],
    np.float32,
).reshape(2, 8, 8)
_YCC: Final = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
_RGB: Final = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))


def jpeg_by_tensors(pictures: Pictures, quality: Int64[np.ndarray, "n"]) -> Pictures:
    """What a JPEG does, without a file: colours at half the resolution, cosine transforms of blocks
    of 8 x 8, their coefficients rounded to the multiples of the standard's tables."""
    height, width = pictures.shape[-2:]
    levels = pictures.mul(255).round()
    levels = pad(levels, (0, -width % 16, 0, -height % 16), mode="replicate")
    scale = np.where(quality < 50, 5000 / quality.clip(1), 200 - 2 * quality)
    steps = np.floor((_TABLES[:, None] * scale[:, None, None] + 50) / 100).clip(1, 255)
    luma_steps, chroma_steps = torch.from_numpy(steps.astype(np.float32)).to(pictures.device)
    to, back = (levels.new_tensor(matrix) for matrix in (_YCC, _RGB))
    luma, chroma = torch.einsum("ij,njhw->nihw", to, levels).split((1, 2), 1)
    luma = _quantised(luma - 128, luma_steps) + 128
    chroma = _quantised(avg_pool2d(chroma, 2), chroma_steps)
    chroma = interpolate(chroma, scale_factor=2.0, mode="bilinear")
    result = torch.einsum("ij,njhw->nihw", back, torch.cat([luma, chroma], 1))
    return result.round().clamp(0, 255)[..., :height, :width].div(255)


def _quantised(
    planes: Float32[torch.Tensor, "n c h w"], steps: Float32[torch.Tensor, "n 8 8"]
) -> Float32[torch.Tensor, "n c h w"]:
    """Planes whose blocks' coefficients are multiples of these steps."""
    k = torch.arange(8.0, device=planes.device)
    waves = torch.cos((2 * k + 1) * k[:, None] * math.pi / 16) / 2
    waves[0] /= math.sqrt(2)
    n, c, h, w = planes.shape
    blocks = planes.reshape(n, c, h // 8, 8, w // 8, 8).transpose(3, 4)
    multiples = (waves @ blocks @ waves.T / steps[:, None, None, None]).round()
    found = waves.T @ (multiples * steps[:, None, None, None]) @ waves
    return found.transpose(3, 4).reshape(n, c, h, w)


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

    example: str  # amounts by which it is well seen
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
        "2-4", "the mean over a square of WIDTH pixels", (Amount("width", 0, 64),), box_blur
    ),
    "blur:gaussian": Degradation(
        "1-2", "a round Gaussian of SIGMA pixels", (_SIGMA,), gaussian_blur
    ),
    "blur:long": Degradation(
        "2-4:0.5-1",
        "a Gaussian: SIGMA pixels along ANGLE (degrees; any unless given), ACROSS across it",
        (_SIGMA, Amount("across", 0, 32), _ANGLE),
        long_gaussian_blur,
    ),
    "blur:motion": Degradation(
        "4-7",
        "a straight motion over LENGTH pixels in the direction ANGLE (any unless given)",
        (Amount("length", 0, 64), _ANGLE),
        motion_blur,
    ),
    "sharpen": Degradation(
        "0.5-2:0.5-1.5",
        "edges with rims, as phones draw them: what a Gaussian of SIGMA pixels (0.5 to 1.5"
        " unless given) takes away is added AMOUNT times",
        (Amount("amount", 0, 8), Amount("sigma", 0, 32, usual=(0.5, 1.5))),
        sharpened,
    ),
    "resize": Degradation(
        "0.3-0.7",
        "smaller, to this SHARE of its sides, and back",
        (Amount("share", 0.05, 1),),
        resize.smaller_and_back,
    ),
    "shrink": Degradation(
        "2",
        "FACTOR times smaller, as MATLAB's bicubic imresize, which papers use",
        _FACTOR,
        resize.shrink,
    ),
    "shrink:rescaled": Degradation(
        "2",
        "the same; a picture that leaves the range by it is scaled to fit, not cut off",
        _FACTOR,
        resize.shrink_rescaled,
    ),
    "shrink:pillow": Degradation(
        "3", "FACTOR times smaller, as Pillow's bicubic resize", _FACTOR, resize.shrink_pillow
    ),
    "shrink:area": Degradation(
        "4", "the same, by the mean of each square", _FACTOR, resize.shrink_area
    ),
    "noise:gaussian": Degradation(
        "0.05-0.1",
        "normal noise in each colour, its deviation STRENGTH; 1 is from black to white",
        (_STRENGTH,),
        gaussian_noise,
        drawn=True,
    ),
    "noise:grey": Degradation(
        "0.05-0.1",
        "the same noise in all colours",
        (_STRENGTH,),
        partial(gaussian_noise, grey=True),
        drawn=True,
    ),
    "noise:poisson": Degradation(
        "50-100",
        "the noise of light, where white is so many PHOTONS",
        (Amount("photons", 1, 1_000_000),),
        poisson_noise,
        drawn=True,
    ),
    "noise:pattern": Degradation(
        "0.05-0.1",
        "stripes and unequal pixels of a SENSOR: the same number, the same pattern",
        (_STRENGTH, Amount("sensor", 0, 1_000_000, usual=(0, 999), integer=True)),
        pattern_noise,
    ),
    "jpeg": Degradation(
        "20-60",
        "through a JPEG file of this QUALITY",
        (Amount("quality", 1, 100, integer=True),),
        jpeg,
    ),
    "webp": Degradation(
        "20-60",
        "through a WebP file of this QUALITY",
        (Amount("quality", 0, 100, integer=True),),
        webp,
    ),
    "shade": Degradation(
        "0.5-1",
        "light from one side: the other in shade, midtones lighter or darker",
        _AMOUNT,
        shade,
        drawn=True,
    ),
    "fade": Degradation(
        "0.5-1",
        "an old print: colours go, black turns brown, paper yellow or pink, unevenly",
        _AMOUNT,
        prints.fade,
        drawn=True,
    ),
    "stains": Degradation("0.7-1", "blotches with darker rims", _AMOUNT, prints.stains, drawn=True),
    "scratches": Degradation("0.7-1", "thin lines", _AMOUNT, prints.scratches, drawn=True),
    "lines": Degradation("0.7-1", "lines of any width", _AMOUNT, prints.lines, drawn=True),
    "dust": Degradation("0.7-1", "specks and hairs", _AMOUNT, prints.dust, drawn=True),
    "hairs": Degradation("0.7-1", "long hairs and threads", _AMOUNT, prints.hairs, drawn=True),
    "creases": Degradation("0.7-1", "one to three folds", _AMOUNT, prints.creases, drawn=True),
    "torn": Degradation("0.7-1", "a corner torn off", _AMOUNT, prints.torn, drawn=True),
    "tears": Degradation("0.7-1", "a tear from a border", _AMOUNT, prints.tears, drawn=True),
    "spots": Degradation("0.7-1", "blots that hide all", _AMOUNT, prints.spots, drawn=True),
}

# What hands do to a print.
HANDLING: Final = ("scratches", "lines", "dust", "hairs", "creases", "torn", "tears", "spots")


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
        """The pictures, and what terms of these names damaged of them, after this step; both are
        changed in place where their size stays."""
        which = np.floor(chance.uniforms("which") * len(self.terms)).astype(np.int64)
        which[chance.uniforms("whether") >= self.probability] = len(self.terms)
        scale = self.terms[0].scale
        pictures, damaged = batch.pictures, batch.damaged
        if scale > 1:  # then every picture gets one of the terms
            count, channels, height, width = pictures.shape
            pictures = pictures.new_empty(count, channels, height // scale, width // scale)
            damaged = max_pool2d(damaged, scale) if by else pictures[:, :1]
        for number, term in enumerate(self.terms):
            if not (chosen := which == number).any():
                continue
            rows = torch.from_numpy(np.flatnonzero(chosen)).to(pictures.device)
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
        return self.marked(pictures, chance, by=()).pictures

    def marked(
        self, pictures: Pictures, chance: Rng, *, by: Collection[str] = tuple(KINDS)
    ) -> Marked:
        """The same, with a map of the pixels that scratches, stains and the like damaged.

        `by` names the terms whose damage is mapped; the pictures do not depend on it. Where a later
        step spreads the damage, as a blur does, the map does not grow with it.
        It is computed where the pictures are; devices round otherwise.
        """
        source = check_picture(pictures).detach().clone(memory_format=torch.contiguous_format)
        result = Marked(pictures=source, damaged=torch.zeros_like(source[:, :1]))
        with torch.autocast(source.device.type, enabled=False):  # nets may compute in fewer bits
            for number, step in enumerate(self.steps):
                result = step(result, chance.fold_in(f"degrade {number}"), by)
        return result


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
_BLURS: Final = {
    2: "blur:gaussian:0.2-1.2/blur:long:0.2-1.6:0.2-0.8/blur:motion:1-4/blur:box:1-2.5?0.8",
    3: "blur:gaussian:0.3-1.8/blur:long:0.3-2.4:0.3-1.2/blur:motion:1-6/blur:box:1-3.5?0.8",
    4: "blur:gaussian:0.4-2.4/blur:long:0.4-3.2:0.4-1.6/blur:motion:1-8/blur:box:1-5?0.8",
    8: "blur:gaussian:0.8-4.8/blur:long:0.8-6:0.8-3.2/blur:motion:2-14/blur:box:1-9?0.8",
}
_SMALLER: Final = {
    times: f"shrink:{times}/shrink:pillow:{times}/shrink:area:{times}+{_SMALL_NOISE}+{_FILE}"
    for times in _BLURS
}

PRESETS: Final[dict[str, str]] = {
    **{f"wild-x{times}": f"{blurs}+{_SMALLER[times]}" for times, blurs in _BLURS.items()},
    "wilder-x4": (
        f"{_BLURS[4]}+resize:0.4-1?0.6"
        "+noise:gaussian:0.005-0.06/noise:grey:0.005-0.05/noise:poisson:200-3000?0.7"
        f"+jpeg:40-95/webp:40-95?0.8+blur:gaussian:0.3-1.6?0.5+{_SMALLER[4]}"
    ),
    "old-photo": (
        "blur:gaussian:0.3-1+noise:grey:0.01-0.05+fade:0.3-1+stains:0.1-0.8?0.5+creases:0.1-0.8?0.3"
        "+scratches:0.1-0.9?0.7+dust:0.1-0.9?0.8+torn:0.3-1?0.12+jpeg:75-95?0.5"
    ),
}
