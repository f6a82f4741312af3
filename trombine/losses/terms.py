"""What a term of an objective measures between two batches of pictures: a number to make smaller.

Each is a pure function, differentiable, of any float type, and the mean over the pictures of a
value of each picture alone. So the mean over equal slices of a batch is the value of the batch,
and processes that share a batch agree with one that has it all.

Terms on a discriminator's output are in adversary.py; how weights change over a run is the
objective's matter. How features are taken is in nets/vgg.py, with VGG, which many papers judge by.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from trombine.core.errors import InputError
from trombine.io.color import LUMA
from trombine.metrics.similarity import ms_ssim, scales, ssim_map
from trombine.models import load
from trombine.models.importing import vgg
from trombine.nets.vgg import VGG, features, layer_of
from trombine.recipes import Recipe

Pictures = Float[Tensor, "n c h w"]
Scalar = Float[Tensor, ""]


# Sample by sample


def l1(a: Float[Tensor, "n *s"], b: Float[Tensor, "n *s"]) -> Scalar:
    """Mean of |a - b|."""
    return _difference(a, b).abs().mean()


def l2(a: Float[Tensor, "n *s"], b: Float[Tensor, "n *s"]) -> Scalar:
    """Mean of (a - b)²."""
    return _difference(a, b).square().mean()


def charbonnier(a: Float[Tensor, "n *s"], b: Float[Tensor, "n *s"], *, eps: float = 1e-3) -> Scalar:
    """Mean of sqrt((a - b)² + eps²): L1 that is smooth at 0, where it is eps (Lai et al. 2017)."""
    return (_difference(a, b).square() + eps**2).sqrt().mean()


def luma_l1(a: Pictures, b: Pictures) -> Scalar:
    """Mean of |a - b| of the luma, which is what people see details by; grey is its own."""
    return _luma(_difference(a, b)).abs().mean()


def _luma(pictures: Pictures) -> Float[Tensor, "n 1 h w"]:
    if pictures.shape[1] == 1:
        return pictures
    if pictures.shape[1] != len(LUMA):
        raise InputError(f"pictures of {pictures.shape[1]} channels have no luma")
    red, green, blue = pictures.split(1, 1)
    return LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue


def _difference(a: Tensor, b: Tensor) -> Tensor:
    """a - b, in at least float32: squares and sums of bfloat16 lose what a loss is about."""
    check_alike(a, b)
    return wide(a) - wide(b)


def check_alike(a: Tensor, b: Tensor) -> None:
    """Refuse shapes that differ: subtracting would quietly repeat the smaller of them."""
    if a.shape != b.shape:
        raise InputError(f"batches of {tuple(a.shape)} and {tuple(b.shape)} do not compare")


def wide(x: Tensor) -> Tensor:
    """The same in float32, unless it is in float32 or float64."""
    return x if x.dtype in (torch.float32, torch.float64) else x.float()


def total_variation(x: Pictures) -> Scalar:
    """Sum of |steps| to the pixel below and to the right, per sample (anisotropic)."""
    x = wide(x)
    down = (x[..., 1:, :] - x[..., :-1, :]).abs().sum()
    across = (x[..., 1:] - x[..., :-1]).abs().sum()
    return (down + across) / x.numel()


# Structure


def ssim_loss(a: Pictures, b: Pictures) -> Scalar:
    """1 - SSIM, as metrics/similarity.py has it: 0 for equal pictures, up to 2."""
    check_alike(a, b)
    scales(a, most=1)
    return 1 - ssim_map(wide(a), wide(b)).mean()


def ms_ssim_loss(a: Pictures, b: Pictures) -> Scalar:
    """1 - MS-SSIM: 0 for equal pictures, up to 1. It is made smaller, MS-SSIM itself larger."""
    check_alike(a, b)
    return 1 - ms_ssim(wide(a), wide(b)).mean()


# Sharpness

_ROOT: Final = 3**0.5
# Daubechies' wavelet of four taps, halved, so that the low band of a constant is that constant.
_LOW: Final = tuple(tap / 8 for tap in (1 + _ROOT, 3 + _ROOT, 3 - _ROOT, 1 - _ROOT))
_HIGH: Final = tuple(tap * (-1) ** place for place, tap in enumerate(reversed(_LOW)))
BANDS: Final = 3  # of a level: across, down, both
_AROUND: Final = 7  # pixels a side over which a residual varies


def bands(pictures: Pictures, levels: int) -> Float[Tensor, "n b h w"]:
    """The high bands of the luma's undecimated wavelets, as large as the picture, by level from the
    finest: what a discriminator sees that is to judge detail and neither light nor colour."""
    low, found = _luma(wide(pictures)), []
    for level in range(levels):
        down = _filtered(low, 2**level, 2)
        across = [_filtered(band[:, None], 2**level, 3) for band in down.unbind(1)]
        low = across[0][:, :1]
        found += [across[0][:, 1:], across[1]]
    return torch.cat(found, 1)


def _filtered(plane: Float[Tensor, "n 1 h w"], step: int, axis: int) -> Float[Tensor, "n 2 h w"]:
    """The low and the high band along an axis, of samples that are `step` apart."""
    taps = plane.new_tensor((_LOW, _HIGH)).view(2, 1, *((-1, 1) if axis == 2 else (1, -1)))
    sides, spacing = (step, 2 * step), (step, 1) if axis == 2 else (1, step)
    padding = (0, 0, *sides) if axis == 2 else (*sides, 0, 0)
    return functional.conv2d(functional.pad(plane, padding, "reflect"), taps, dilation=spacing)


def artefacts(made: Pictures, truth: Pictures, mean: Pictures) -> Scalar:
    """|made - truth| where it varies from pixel to pixel and is more than that of the averaged net:
    specks and lines that a discriminator asks for (Liang et al. 2022)."""
    errors, steady = (_difference(picture, truth).abs().sum(1, True) for picture in (made, mean))
    with torch.no_grad():
        weight = spread(errors, _AROUND) * errors.var((1, 2, 3), keepdim=True) ** 0.2
        weight = torch.where(errors < steady, 0.0, weight)
    return (weight * _difference(made, truth).abs()).mean()


def spread(plane: Float[Tensor, "n 1 h w"], side: int) -> Float[Tensor, "n 1 h w"]:
    """The unbiased variance of the samples in a square around each."""
    padded = functional.pad(plane, (side // 2,) * 4, "reflect")
    # Of what differs from the picture's mean: float32 loses small variances around a large one.
    centred = padded - plane.mean((1, 2, 3), keepdim=True)
    mean = functional.avg_pool2d(centred, side, 1)
    squares = functional.avg_pool2d(centred.square(), side, 1)
    return (squares - mean.square()).clamp(min=0) * (side**2 / (side**2 - 1))


_SCALES: Final = 3  # Haar filters of 2, 4 and 8 pixels; one of 16 says where there is something
_ALIKE: Final = 30 / 255**2  # as HaarPSI has it: smaller products are alike


def haar_loss(a: Pictures, b: Pictures) -> Scalar:
    """1 - how alike the strengths of Haar's details are, 0 to 1: HaarPSI (Reisenhofer et al. 2018)
    by the pixel, of the luma, counted by how much there is in b. Where detail is unsure, sums of
    differences ask for less of it; this asks for as much as there is, wherever exactly."""
    check_alike(a, b)
    pair = torch.cat([_luma(wide(a)), _luma(wide(b))])
    alike = []
    for scale in range(1, _SCALES + 1):
        x, y = _haar(pair, scale).chunk(2)
        alike.append((2 * x * y + _ALIKE) / (x.square() + y.square() + _ALIKE))
    weight = _haar(pair.chunk(2)[1], _SCALES + 1)
    found = (torch.stack(alike).mean(0) * weight).sum((1, 2, 3))
    return 1 - (found / weight.sum((1, 2, 3)).clamp(min=1e-9)).mean()


def _haar(plane: Float[Tensor, "n 1 h w"], scale: int) -> Float[Tensor, "n 2 h w"]:
    """Magnitudes of the Haar filter of 2^scale pixels a side, down and across."""
    half = 2 ** (scale - 1)
    padded = functional.pad(plane, (half, half - 1) * 2, "replicate")
    sums = functional.avg_pool2d(padded, half, 1) * (half / 2)
    top, low = sums[..., :-half, :], sums[..., half:, :]
    down, across = low - top, (top + low)[..., half:] - (top + low)[..., :-half]
    return torch.cat([down[..., half:] + down[..., :-half], across], 1).abs()


# Style


def gram(features: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c c"]:
    """How channels go together, wherever in the picture: F Fᵀ / (c·h·w) (Gatys et al. 2016)."""
    flat = wide(features).flatten(2)
    with torch.autocast(flat.device.type, enabled=False):  # it would sum over places in bfloat16
        return flat @ flat.transpose(1, 2) / (flat.shape[1] * flat.shape[2])


def gram_distance(a: Float[Tensor, "n c h w"], b: Float[Tensor, "n c k l"]) -> Scalar:
    """Squared distance of the Gram matrices, summed over their entries; sizes may differ."""
    return (gram(a) - gram(b)).square().sum((1, 2)).mean()


# Between a picture and its truth, by the name a recipe gives.
TERMS: Final[dict[str, Callable[[Tensor, Tensor], Tensor]]] = {
    "l1": l1,
    "l2": l2,
    "charbonnier": charbonnier,
    "luma": luma_l1,
    "ssim": ssim_loss,
    "ms_ssim": ms_ssim_loss,
    "haar": haar_loss,
}


# Features

# Judges finished work (eval/): a net trained to please it could not be judged by it.
WITNESS: Final = "witness"
VGGS: Final = ("vgg16", "vgg19")


@final
class Judge:
    """Terms between the features of two pictures: the outputs of some layers of a net.

    It judges by a copy of the net, which is frozen and never leaves eval mode; the gradient goes
    through it to the picture.
    """

    def __init__(self, net: nn.Module, layers: Sequence[str]) -> None:
        if not layers:
            raise InputError("no layers to compare")
        for name in layers:
            layer_of(net, name)
        self.net = copy.deepcopy(net).eval().requires_grad_(False)
        if isinstance(self.net, VGG):
            self.net.cut_after(layers)
        self.layers = tuple(layers)

    def __call__(
        self, output: Pictures, truth: Pictures, names: Container[str] = ("perceptual",)
    ) -> dict[str, Tensor]:
        """The terms of these names, sums over the layers: `perceptual`, the mean absolute
        difference, and `gram`, the distance of the Gram matrices. The gradient goes through the
        net to the output."""
        ours = features(self.net, wide(output), self.layers)
        with torch.no_grad():
            theirs = features(self.net, wide(truth), self.layers)
        return {
            name: torch.stack([compare(ours[n], theirs[n]) for n in self.layers]).sum()
            for name, compare in (("perceptual", l1), ("gram", gram_distance))
            if name in names
        }

    def each(self, output: Pictures, truth: Pictures) -> Float[Tensor, "n"]:
        """The distance of the features of each picture from those of its truth."""
        pairs = zip(output.split(1), truth.split(1), strict=True)
        with torch.no_grad():
            return torch.stack([self(*pair)["perceptual"] for pair in pairs])


def refuse_witness(name: str) -> None:
    """Refuse a net that judges finished work, by its name, its file's name, or its recipe's.

    Called wherever an objective loads a judging net.
    """
    if PurePath(name).name.startswith(WITNESS):
        raise InputError(f"{name} judges finished work: nothing is trained by it, take reader")


@dataclass(frozen=True, kw_only=True)
class Judged(Recipe):
    """Abstract: compared by the features of a net that judges, too."""

    perceptual: float = 0.0  # weight of the distance between a judging net's features
    judge: str = ""  # the judging net: vgg16, vgg19, or a model by name or path
    # A file with the weights of vgg16 or vgg19; torchvision's own unless given.
    judge_weights: str = ""
    # Its layers that are compared, with + between them, each before its activation.
    layers: str = ""


def judge_of(recipe: Judged) -> Judge:
    """The judge that a recipe names."""
    layers = [name for name in recipe.layers.split("+") if name]
    if not recipe.judge or not layers:
        raise InputError("perceptual and gram need a judge and its layers: --judge, --layers")
    refuse_witness(recipe.judge)
    if recipe.judge in VGGS:
        net = vgg(recipe.judge, recipe.judge_weights or None)
    else:
        model = load(recipe.judge)
        refuse_witness(model.card.recipe)
        net = model.in_rgb
    return Judge(net, layers)
