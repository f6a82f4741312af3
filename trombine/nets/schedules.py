"""How noise is mixed into pictures as time goes from 0 to 1, and what a net predicts from that.

A process is a way of mixing, at time t (0 is data, 1 is noise):

    x_t = a(t)·clean + b(t)·noise

and a thing that a net predicts from x_t and t, from which the clean picture and the noise follow:

    "noise"     the noise itself (Ho et al. 2020)
    "v"         a·noise - b·clean (Salimans and Ho 2022)
    velocity    noise - clean, of flow matching (Lipman et al. 2023; Liu et al. 2023)

Everything here is algebra of tensors; nothing is drawn. How to walk back from noise to data is in
samplers.py; which times are drawn, and what a wrong prediction costs, is the objective's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float

Pictures = Float[torch.Tensor, "n *s"]
Times = Float[torch.Tensor, "n"]
Levels = tuple[torch.Tensor, torch.Tensor]  # a and b

# What is left of the data's power at t = 1, at least: DDPM's own. With none left, the clean
# picture could not be told from a prediction of the noise.
LEAST_DATA: Final = math.exp(-10.05)


# ---------------------------------------------------------------------------------------------
# The schedule of diffusion: a² and b² = 1 - a² at each time, each in a form exact where it is small


def cosine(t: Times) -> Levels:
    """cos² (Nichol and Dhariwal 2021), whose offset keeps the first steps from being too small.

    They cut the last steps short; here cos² ends at LEAST_DATA, without a corner on the way.
    """
    offset = 0.008
    first = math.pi / 2 * offset / (1 + offset)
    turn = math.pi / 2 * t / (1 + offset)
    lost = torch.sin(turn) * torch.sin(turn + 2 * first) / math.cos(first) ** 2  # 1 - cos²/cos²
    remaining = (torch.cos(turn + first) / math.cos(first)).square()
    return LEAST_DATA + (1 - LEAST_DATA) * remaining, (1 - LEAST_DATA) * lost


# ---------------------------------------------------------------------------------------------
# Processes


@dataclass(frozen=True, kw_only=True)
class Diffusion:
    """Mixing that keeps the power: a² + b² = 1, by the cosine."""

    predicts: str = "noise"  # or "v"

    def __post_init__(self) -> None:
        if self.predicts not in ("noise", "v"):
            raise ValueError(f"a diffusion net predicts noise or v, not {self.predicts!r}")

    def levels(self, t: Times) -> Levels:
        """a and b at these times."""
        data, noise = cosine(t)
        return data.sqrt(), noise.sqrt()

    def clock(self, t: Times) -> Times:
        """The angle whose cosine is a and whose sine is b: dx/d(clock) is `pace`, without poles."""
        data_level, noise_level = self.levels(t)
        return torch.atan2(noise_level, data_level)

    def mix(self, clean: Pictures, noise: Pictures, t: Times) -> Pictures:
        """x_t."""
        data_level, noise_level = self._spread(t, clean)
        return data_level * clean + noise_level * noise

    def target(self, clean: Pictures, noise: Pictures, t: Times) -> Pictures:
        """What the net should predict from x_t."""
        return noise if self.predicts == "noise" else self.pace(clean, noise, t)

    def pace(self, clean: Pictures, noise: Pictures, t: Times) -> Pictures:
        """dx_t / d(clock), which is v."""
        data_level, noise_level = self._spread(t, clean)
        return data_level * noise - noise_level * clean

    def clean(self, mixed: Pictures, prediction: Pictures, t: Times) -> Pictures:
        """The clean picture that follows from the prediction."""
        data_level, noise_level = self._spread(t, mixed)
        if self.predicts == "noise":
            return (mixed - noise_level * prediction) / data_level
        return data_level * mixed - noise_level * prediction

    def noise(self, mixed: Pictures, prediction: Pictures, t: Times) -> Pictures:
        """The noise that follows from the prediction."""
        if self.predicts == "noise":
            return prediction
        data_level, noise_level = self._spread(t, mixed)
        return noise_level * mixed + data_level * prediction

    def prediction_for(self, mixed: Pictures, clean: Pictures, t: Times) -> Pictures:
        """The prediction from which this clean picture follows; t above 0 for "noise"."""
        data_level, noise_level = self._spread(t, mixed)
        if self.predicts == "noise":
            return (mixed - data_level * clean) / noise_level
        return (data_level * mixed - clean) / noise_level

    def _spread(self, t: Times, pictures: Pictures) -> Levels:
        data_level, noise_level = self.levels(t)
        return over(data_level, pictures), over(noise_level, pictures)


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Straight lines from data to noise, (1 - t)·clean + t·noise; the net predicts the velocity."""

    def levels(self, t: Times) -> Levels:
        """a and b at these times."""
        return 1 - t, t

    def clock(self, t: Times) -> Times:
        """Time itself: dx/dt is `pace`."""
        return t

    def mix(self, clean: Pictures, noise: Pictures, t: Times) -> Pictures:
        """x_t."""
        at = over(t, clean)
        return (1 - at) * clean + at * noise

    def target(self, clean: Pictures, noise: Pictures, t: Times) -> Pictures:
        """What the net should predict from x_t: the velocity."""
        return self.pace(clean, noise, t)

    def pace(self, clean: Pictures, noise: Pictures, t: Times) -> Pictures:
        """dx_t / dt, the same at all times."""
        return noise - clean

    def clean(self, mixed: Pictures, prediction: Pictures, t: Times) -> Pictures:
        """The clean picture that follows from the prediction."""
        return mixed - over(t, mixed) * prediction

    def noise(self, mixed: Pictures, prediction: Pictures, t: Times) -> Pictures:
        """The noise that follows from the prediction."""
        return mixed + (1 - over(t, mixed)) * prediction

    def prediction_for(self, mixed: Pictures, clean: Pictures, t: Times) -> Pictures:
        """The prediction from which this clean picture follows; t above 0."""
        return (mixed - clean) / over(t, mixed)


def over(t: Times, pictures: Pictures) -> torch.Tensor:
    """A number for each picture, in the pictures' type, shaped to multiply them."""
    return t.to(pictures.dtype).view(-1, *[1] * (pictures.ndim - 1))
