"""Sparse deep predictive coding (Boutin et al., 2021), as the first layers of a net.

Each layer has a dictionary of unit atoms, and says of what is below it which few atoms, none of
them less than nothing, it is the sum of. The layer above predicts these codes, and its error is
brought back to them. So codes are no filters' answers: they are found step by step, by making
smaller

    E = |x - D1' c1|²/2 + |c1 - D2' c2|²/2 + sparsity (sum of c1 + sum of c2).

Here a loss trains the dictionaries through these steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import torch
from jaxtyping import Float
from torch import nn
from torch.nn import functional

from trombine.nets.blocks import Features

_KERNEL: Final = 4  # pixels a side; each layer halves the size
_GAIN: Final = 10.0  # what codes begin to be multiplied by: many share what one filter would say
_TURNS: Final = 20  # of the power method
_FIELD: Final = 8  # codes a side of what it is tried on
_MARGIN: Final = 1.1  # the power method finds a little less than the largest

Codes = list[Float[torch.Tensor, "_ _ _ _"]]
Atoms = Float[torch.Tensor, "_ _ 4 4"]


class SparseCoding(nn.Module):
    """Pictures to the codes of the topmost layer, each layer half as large as what is below it."""

    def __init__(self, channels: Sequence[int], *, steps: int = 6, sparsity: float = 0.01) -> None:
        """`channels` of what goes in, then of each layer's codes."""
        super().__init__()
        self.layers = nn.ModuleList(Dictionary(a, b) for a, b in pairwise(channels))
        self.steps, self.sparsity = steps, sparsity
        self.gain = nn.Parameter(torch.full((channels[-1], 1, 1), _GAIN))

    def forward(self, x: Features) -> Float[torch.Tensor, "n d h2 w2"]:
        """The topmost codes, each kind times a number that is learned too."""
        return self.gain * self.codes(x)[-1]

    def codes(self, x: Features) -> Codes:
        """All codes, lowest first, after `steps` steps from nothing."""
        atoms = [layer.atoms() for layer in self._dictionaries()]
        # No slope grows faster along a layer's codes than this, so no step makes E larger.
        steepest = [largest(one.detach()) + (one is not atoms[-1]) for one in atoms]
        codes, below = [], x
        for one in atoms:
            below = torch.zeros_like(functional.conv2d(below, one, stride=2, padding=1))
            codes.append(below)
        for _ in range(self.steps):
            for place, most in enumerate(steepest):
                slope = self._slope(x, codes, atoms, place) + self.sparsity
                codes[place] = functional.relu(codes[place] - slope / most)
        return codes

    def energy(self, x: Features, codes: Codes) -> Float[torch.Tensor, ""]:
        """What the steps make smaller, summed over all pictures."""
        energy = torch.zeros((), dtype=x.dtype)
        for place, (one, below) in enumerate(zip(self._dictionaries(), [x, *codes], strict=False)):
            energy = energy + (below - predicted(codes[place], one.atoms())).square().sum() / 2
        return energy + self.sparsity * sum(code.sum() for code in codes)

    def _slope(
        self, x: Features, codes: Codes, atoms: Sequence[Atoms], place: int
    ) -> Float[torch.Tensor, "n _ _ _"]:
        """Of the energy without its last term, along the codes of one layer."""
        below = codes[place - 1] if place else x
        error = below - predicted(codes[place], atoms[place])
        slope = -functional.conv2d(error, atoms[place], stride=2, padding=1)
        if place + 1 < len(codes):
            slope = slope + codes[place] - predicted(codes[place + 1], atoms[place + 1])
        return slope

    def _dictionaries(self) -> list[Dictionary]:
        return [layer for layer in self.layers if isinstance(layer, Dictionary)]


class Dictionary(nn.Module):
    """Atoms of 4 x 4 pixels, each of length 1."""

    def __init__(self, inputs: int, atoms: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(atoms, inputs, _KERNEL, _KERNEL))
        nn.init.normal_(self.weight)

    def atoms(self) -> Atoms:
        """The atoms."""
        return functional.normalize(self.weight.flatten(1), dim=1).view_as(self.weight)


def predicted(
    codes: Float[torch.Tensor, "n d h w"], atoms: Atoms
) -> Float[torch.Tensor, "n k h2 w2"]:
    """What codes say is below them: the sum of their atoms."""
    return functional.conv_transpose2d(codes, atoms, stride=2, padding=1)


def largest(atoms: Atoms) -> torch.Tensor:
    """At least the largest eigenvalue of atoms applied to what codes predict."""
    with torch.no_grad():
        codes = torch.ones(1, len(atoms), _FIELD, _FIELD, dtype=atoms.dtype, device=atoms.device)
        codes = codes + torch.arange(len(atoms), device=atoms.device)[:, None, None] % 2
        for _ in range(_TURNS):
            codes = functional.conv2d(
                predicted(functional.normalize(codes.flatten(1)).view_as(codes), atoms),
                atoms,
                stride=2,
                padding=1,
            )
        return _MARGIN * codes.norm()
