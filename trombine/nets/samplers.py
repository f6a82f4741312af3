"""Noise to pictures: walk back from time 1 to time 0 with a net that was trained to denoise.

    for x in sample(net, process, noise, steps=50):
        ...  # x after each step; the last one is the picture

The net is called as net(x, t), t a time for each picture. What it says, and how noise was mixed
in, is the process's matter (schedules.py has them); a picture is whatever the net was
trained on, usually in [-1, 1]. The noise, and all chance on the way, comes from the caller.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import torch
from jaxtyping import Float

from trombine.nets.schedules import Diffusion, Flow, over

Pictures = Float[torch.Tensor, "n *s"]
Times = Float[torch.Tensor, "n"]
Net = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Process = Diffusion | Flow
Draw = Callable[[int, tuple[int, ...]], torch.Tensor]  # (number of the step, shape) to normals


@dataclass(frozen=True, kw_only=True)
class Guide:
    """A net, and how to take it at its word."""

    net: Net
    process: Process
    limit: float | None  # clean pictures lie within ± this

    def __call__(self, x: Pictures, t: Times) -> tuple[Pictures, Pictures]:
        """The clean picture and the noise that x seems to be made of."""
        with torch.no_grad():
            prediction = self.net(x, t.to(x.dtype))
        clean = self.process.clean(x, prediction, t)
        if self.limit is None:
            return clean, self.process.noise(x, prediction, t)
        clean = clean.clamp(-self.limit, self.limit)
        data_level, noise_level = (over(level, x) for level in self.process.levels(t))
        return clean, (x - data_level * clean) / noise_level


def sample(
    net: Net,
    process: Process,
    noise: Pictures,
    *,
    steps: int = 50,
    method: str = "ddim",
    draw: Draw | None = None,
    limit: float | None = None,
) -> Iterator[Pictures]:
    """x after each of `steps` equal steps of time, the last one without noise.

    A `limit` of 1 keeps each guess at the clean picture within [-1, 1], which holds an uncertain
    net on its way. `draw` is what "ddpm" takes its noise from: called once a step, with the number
    of the step and the shape.
    """
    if method not in METHODS or steps < 1:
        raise ValueError(f"no {steps} steps of {method!r}: there are {', '.join(METHODS)}")
    walk = METHODS[method]
    guide = Guide(net=net, process=process, limit=limit)
    times = torch.linspace(1, 0, steps + 1, dtype=torch.float64, device=noise.device)
    x = noise.detach()
    for number, (t, s) in enumerate(pairwise(times.unsqueeze(1).expand(-1, len(noise)))):
        last = number == steps - 1  # at time 0 nothing is left to ask
        x = guide(x, t)[0] if last else walk(guide, x, t, s, _of_step(draw, number))
        yield x


def repaint(
    net: Net,
    process: Process,
    noise: Pictures,
    *,
    known: Pictures,
    hole: Float[torch.Tensor, "..."],
    draw: Draw,
    steps: int = 50,
    jump: int = 10,
    times: int = 10,
    method: str = "ddpm",
    limit: float | None = None,
) -> Iterator[Pictures]:
    """x after each step of RePaint (Lugmayr et al. 2022): what is `known` of a picture where its
    `hole`, which broadcasts to it, is 0, and in the hole what goes with that, by a net that never
    learned of holes.

    At each step what is known is noised as much as the rest is. What was then invented knows too
    little of it: so each stretch of `jump` steps is walked `times` times, noise of its length being
    added before each time but the first. More of them bring the hole nearer to what goes with what
    is known; 1 is a plain walk in which what is known is put in its place. `draw` is called with
    a number of its own each time, and at the end x is what is known, exactly.
    """
    if min(steps, jump, times) < 1:
        raise ValueError("steps, jump and times are 1 or more")
    walk, guide = METHODS[method], Guide(net=net, process=process, limit=limit)
    moments = torch.linspace(1, 0, steps + 1, dtype=torch.float64, device=noise.device)
    moments = moments.unsqueeze(1).expand(-1, len(noise))
    numbers = itertools.count()

    def normals(x: Pictures) -> Pictures:
        return draw(next(numbers), tuple(x.shape)).to(x)

    def joined(x: Pictures, t: Times) -> Pictures:
        return torch.where(hole > 0.5, x, process.mix(known, normals(x), t))

    x = joined(noise.detach(), moments[0])
    for start in range(0, steps, jump):
        stretch = moments[start : start + jump + 1]
        for time in range(times):
            if time:
                x = _noised(process, x, stretch[-1], stretch[0], normals(x))
            for t, s in pairwise(stretch):
                is_clean = not bool(s.any())
                x = joined(guide(x, t)[0] if is_clean else walk(guide, x, t, s, normals), s)
                yield x


def _noised(process: Process, x: Pictures, s: Times, t: Times, normals: Pictures) -> Pictures:
    """x of time s with the noise that it lacks at the later time t."""
    (data_s, noise_s), (data_t, noise_t) = process.levels(s), process.levels(t)
    ratio = data_t / data_s
    added = (noise_t.square() - (ratio * noise_s).square()).clamp(min=0).sqrt()
    return over(ratio, x) * x + over(added, x) * normals


def _of_step(draw: Draw | None, number: int) -> Callable[[torch.Tensor], torch.Tensor]:
    def normals(x: torch.Tensor) -> torch.Tensor:
        if draw is None:
            raise ValueError("this method draws noise on its way: give it a draw(step, shape)")
        return draw(number, tuple(x.shape)).to(x)

    return normals


# ---------------------------------------------------------------------------------------------
# One step, from time t to an earlier time s

Normals = Callable[[torch.Tensor], torch.Tensor]  # noise in the shape of a tensor


def ddim(guide: Guide, x: Pictures, t: Times, s: Times, _normals: Normals) -> Pictures:
    """Mix what x is made of again, with less noise (Song, Meng and Ermon 2021)."""
    clean, noise = guide(x, t)
    return guide.process.mix(clean, noise, s)


def ddpm(guide: Guide, x: Pictures, t: Times, s: Times, normals: Normals) -> Pictures:
    """The same, with the share of the noise drawn anew that makes it a draw from q(x_s | x_t,
    clean) (Ho et al. 2020)."""
    clean, noise = guide(x, t)
    (data_t, noise_t), (data_s, noise_s) = guide.process.levels(t), guide.process.levels(s)
    added = noise_t.square() - (data_t / data_s * noise_s).square()  # from s to t
    fresh = noise_s / noise_t * added.clamp(min=0).sqrt()
    share = (noise_s.square() - fresh.square()).clamp(min=0).sqrt()
    mean = over(data_s, x) * clean + over(share, x) * noise
    return mean + over(fresh, x) * normals(x)


def euler(guide: Guide, x: Pictures, t: Times, s: Times, _normals: Normals) -> Pictures:
    """A straight step along the pace at t; for flow matching the same as ddim."""
    pace = guide.process.pace(*guide(x, t), t)
    return x + _duration(guide, x, t, s) * pace


def heun(guide: Guide, x: Pictures, t: Times, s: Times, _normals: Normals) -> Pictures:
    """A step along the mean of the paces at both ends: asks the net twice, errs by the square."""
    duration = _duration(guide, x, t, s)
    first = guide.process.pace(*guide(x, t), t)
    predicted = x + duration * first
    second = guide.process.pace(*guide(predicted, s), s)
    return x + duration * (first + second) / 2


def _duration(guide: Guide, x: Pictures, t: Times, s: Times) -> torch.Tensor:
    return over(guide.process.clock(s) - guide.process.clock(t), x)


METHODS: Final[dict[str, Callable[[Guide, Pictures, Times, Times, Normals], Pictures]]] = {
    "ddim": ddim,
    "ddpm": ddpm,
    "euler": euler,
    "heun": heun,
}
