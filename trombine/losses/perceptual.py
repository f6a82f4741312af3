"""The distance of two pictures' features, the outputs of a net's layers.

The judging net learns nothing and stays as it is; the gradient goes through it to the picture.
How features are taken is in nets/vgg.py, with VGG, which many papers judge by; the
Gram matrix is in terms.py.
"""

from __future__ import annotations

import copy
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trombine.core.errors import InputError
from trombine.losses.terms import gram_distance, l1, l2, wide
from trombine.models import load
from trombine.models.importing import vgg
from trombine.nets.vgg import VGG, features, layer_of
from trombine.recipes.recipe import Recipe

Batch = Float[torch.Tensor, "n c h w"]
Scalar = Float[torch.Tensor, ""]

CRITERIA: Final = {"l1": l1, "l2": l2}
# Judges finished work (eval/): a net trained to please it could not be judged by it.
WITNESS: Final = "witness"
VGGS: Final = ("vgg16", "vgg19")


@final
class Perceptual:
    """The distance of two pictures' features in a net.

    It judges by a copy of the net, which is frozen and never leaves eval mode. `layers` has the
    weight of each. With `unit`, the channels at a place are scaled to a vector of length 1, so
    that loud layers do not drown others (as LPIPS has it).
    """

    def __init__(
        self,
        net: nn.Module,
        layers: Mapping[str, float],
        *,
        criterion: str = "l1",
        gram: float = 0.0,
        unit: bool = False,
    ) -> None:
        if not layers:
            raise InputError("no layers to compare")
        if criterion not in CRITERIA:
            raise InputError(f"no criterion {criterion!r}: there are {', '.join(CRITERIA)}")
        for name in layers:
            layer_of(net, name)
        self.net = copy.deepcopy(net).eval().requires_grad_(False)
        if isinstance(self.net, VGG):
            self.net.cut_after(layers)
        self.layers = dict(layers)
        self.criterion = criterion
        self.gram = gram
        self.unit = unit

    def __call__(self, output: Batch, truth: Batch) -> Scalar:
        """The distance of features, and `gram` times that of their Gram matrices."""
        ours, theirs = self.see(output), self.see_truth(truth)
        total = self.distance(ours, theirs)
        return total + self.gram * self.style(ours, theirs) if self.gram else total

    def see(self, pictures: Batch) -> dict[str, torch.Tensor]:
        """The features of pictures; the gradient goes back to the pictures."""
        return features(self.net, pictures, self.layers)

    def see_truth(self, pictures: Batch) -> dict[str, torch.Tensor]:
        """The features of pictures, without a gradient."""
        with torch.no_grad():
            return self.see(pictures)

    def distance(
        self, ours: Mapping[str, torch.Tensor], theirs: Mapping[str, torch.Tensor]
    ) -> Scalar:
        """Between features, place by place: the weighted sum over layers."""
        return feature_distance(ours, theirs, self.layers, criterion=self.criterion, unit=self.unit)

    def style(self, ours: Mapping[str, torch.Tensor], theirs: Mapping[str, torch.Tensor]) -> Scalar:
        """Between Gram matrices: the weighted sum over layers."""
        distances = [
            weight * gram_distance(ours[name], theirs[name]) for name, weight in self.layers.items()
        ]
        return torch.stack(distances).sum()


def feature_distance(
    ours: Mapping[str, torch.Tensor],
    theirs: Mapping[str, torch.Tensor],
    layers: Mapping[str, float],
    *,
    criterion: str = "l1",
    unit: bool = False,
) -> Scalar:
    """The weighted sum over layers of the mean distance of two sets of features.

    For the features of a net that itself learns, too: a discriminator's, say.
    """
    compare = CRITERIA[criterion]
    scaled = unit_length if unit else wide
    distances = [
        weight * compare(scaled(ours[name]), scaled(theirs[name]))
        for name, weight in layers.items()
    ]
    return torch.stack(distances).sum()


def unit_length(features: Float[torch.Tensor, "n c *s"]) -> Float[torch.Tensor, "n c *s"]:
    """The channels at each place as a vector of length 1; where there is nothing, of 0."""
    features = wide(features)
    return features * torch.rsqrt(features.square().sum(1, keepdim=True) + 1e-10)


def refuse_witness(name: str) -> None:
    """Refuse a net that judges finished work, by its name, its file's name, or its recipe's.

    Called wherever an objective loads a judging net.
    """
    if PurePath(name).name.startswith(WITNESS):
        raise InputError(f"{name} judges finished work: nothing is trained by it, take reader")


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


@final
class Judge:
    """Terms between the features of two pictures in a judging net, which never changes."""

    def __init__(self, perceptual: Perceptual) -> None:
        self.perceptual = perceptual

    def __call__(self, output: Tensor, truth: Tensor, names: Container[str]) -> dict[str, Tensor]:
        """The terms of these names: `perceptual`, `gram`."""
        judge = self.perceptual
        ours, theirs = judge.see(wide(output)), judge.see_truth(wide(truth))
        terms = {}
        if "perceptual" in names:
            terms["perceptual"] = judge.distance(ours, theirs)
        if "gram" in names:
            terms["gram"] = judge.style(ours, theirs)
        return terms

    def each(self, output: Tensor, truth: Tensor) -> Tensor:
        """The distance of the features of each picture from those of its truth: N."""
        pairs = zip(output.split(1), truth.split(1), strict=True)
        with torch.no_grad():
            return torch.stack([self.perceptual(ours, theirs) for ours, theirs in pairs])


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
    return Judge(Perceptual(net, dict.fromkeys(layers, 1.0)))
