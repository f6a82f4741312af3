"""The net whose features a perceptual term compares: VGG, or a model of ours."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Final, final

import torch
from torch import Tensor

from trombine.core.errors import InputError
from trombine.losses.perceptual import Perceptual, refuse_witness
from trombine.losses.terms import wide
from trombine.models import load
from trombine.nets.vgg import vgg
from trombine.recipes.recipe import Recipe

VGGS: Final = ("vgg16", "vgg19")


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
