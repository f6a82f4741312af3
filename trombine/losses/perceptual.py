"""The distance of two pictures' features, the outputs of a net's layers.

The judging net learns nothing and stays as it is; the gradient goes through it to the picture.
How features are taken is in nets/vgg.py, with VGG, which many papers judge by; the
Gram matrix is in terms.py.
"""

from __future__ import annotations

import copy
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trombine.core.errors import InputError
from trombine.losses.terms import gram_distance, l1, wide
from trombine.models import load
from trombine.models.importing import vgg
from trombine.nets.vgg import VGG, features, layer_of
from trombine.recipes.recipe import Recipe

Pictures = Float[Tensor, "n c h w"]

# Judges finished work (eval/): a net trained to please it could not be judged by it.
WITNESS: Final = "witness"
VGGS: Final = ("vgg16", "vgg19")


@final
class Judge:
    """Terms between the features of two pictures: the outputs of some layers of a net.

    It judges by a copy of the net, which is frozen and never leaves eval mode.
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

    perceptual: float = 0.0
    """Weight of the distance between a judging net's features."""
    judge: str = ""
    """The judging net: vgg16, vgg19, or a model by name or path."""
    judge_weights: str = ""
    """A file with the weights of vgg16 or vgg19; torchvision's own unless given."""
    layers: str = ""
    """Its layers that are compared, with + between them, each before its activation."""


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
