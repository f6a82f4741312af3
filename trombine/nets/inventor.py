"""Inventing faces: a vector to a code of a face, the code to a soft picture, then its details.

Two flows along straight lines from noise (0 is data, 1 is noise; `Flow` of schedules.py). The first
turns a vector to a code, told what is to be of the face or nothing. A decoder makes a soft picture
of the code: what is where. The second flow adds what the soft picture lacks, told that picture and,
where `retold`, the fields, of which soft pictures show little of some: an iris's colour. Its noise
is a function of the vector, a smooth one, so the same vector is the same picture, and near ones are
near. What the decoder learns to read, an encoder writes (training/methods/invent.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import ClassVar, Final

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn
from torch.nn import functional

from trombine.core.errors import InputError
from trombine.core.grammar import instead
from trombine.core.rng import Rng
from trombine.nets.blocks import Conv, doubled
from trombine.nets.denoiser import Timed, Times, waves
from trombine.nets.sizes import WIDEST, Net
from trombine.world.faces import FIELDS, FieldInfo

SPREAD: Final = 0.15  # about how far colours in [-1, 1] are from the soft picture
_DEEP: Final = 16  # the side of a picture is so many times that of the decoder's first planes
_FIRST: Final = 32  # planes that a code is spread over
_WAVES: Final = 16
_NOISES: Final = 4  # planes of noise that each picture's is mixed of

Codes = Float[Tensor, "n latent"]
Pictures = Float[Tensor, "n 3 h w"]
Told = Float[Tensor, "n told"]


class Inventor(Net):
    """N x latent, standard normal, to N x 3 x size x size, nearly within [0, 1].

    `fields`: what is to be of each face, in the units of the world's FIELDS and in the order of the
    size of that name; NaN for what is not said.
    """

    tasks = ("generate",)
    optional = ("fields", "guidance", "base")
    limits: ClassVar = {
        "latent": range(_NOISES, WIDEST + 1),
        "details": range(2, WIDEST + 1),
        "norm": ("group", "batch"),
    }

    def __init__(
        self,
        *,
        latent: int = 96,
        size: int = 96,
        width: int = 32,
        hidden: int = 320,
        blocks: int = 2,
        details: int = 24,
        levels: int = 2,
        steps: int = 16,
        finish: int = 5,
        spacing: float = 1.0,
        norm: str = "batch",
        fields: str = "age+smile",
        retold: bool = False,
    ) -> None:
        if size % _DEEP:
            raise InputError(f"size is a multiple of {_DEEP}, not {size}")
        if not 0.1 <= spacing <= 1:
            raise InputError(f"spacing is 0.1 to 1, not {spacing:g}")
        super().__init__()
        self.fields = fields_of(fields)
        self.latent, self.size, self.steps = latent, size, steps
        self.finish, self.spacing = finish, spacing
        told = 2 * len(self.fields)
        self.codes = CodeFlow(latent, hidden, blocks, told)
        self.decoder = Decoder(latent, size, width, norm)
        self.details = DetailFlow(details, levels, fields=told if retold else 0)

    def forward(
        self,
        latents: Codes,
        fields: Float[Tensor, "n f"] | None = None,
        guidance: Float[Tensor, "n"] | None = None,
        base: Float[Tensor, "n f"] | None = None,
    ) -> Pictures:
        """`guidance`: how much more than usual each face is to be as it is told; 1 is as usual.
        `base`: fields that are told as usual: more than that are the others; none unless given."""
        soft = self.decoder(self.invented(latents, fields, guidance, base))
        return self.finished(soft, self.noise(latents), fields)

    def invented(
        self,
        latents: Codes,
        fields: Float[Tensor, "n f"] | None = None,
        guidance: Float[Tensor, "n"] | None = None,
        base: Float[Tensor, "n f"] | None = None,
    ) -> Codes:
        """The code that the first flow makes of each vector."""
        told, usual = self.told_or_nothing(fields, latents), self.told_or_nothing(base, latents)
        return self.coded(latents, told, guidance, usual)

    def coded(
        self,
        latents: Codes,
        told: Told,
        guidance: Float[Tensor, "n"] | None = None,
        base: Told | None = None,
    ) -> Codes:
        """The same, of what the flow is told."""

        def pace(x: Codes, t: Times) -> Codes:
            if guidance is None:
                return self.codes(x, t, told)
            told_or_not = torch.cat([told, torch.zeros_like(told) if base is None else base])
            both = self.codes(x.repeat(2, 1), t.repeat(2), told_or_not)
            with_all, without = both.chunk(2)
            return without + guidance.to(x.dtype)[:, None] * (with_all - without)

        return normed(walked(pace, latents, self.steps, twice=True))

    def told_or_nothing(self, fields: Float[Tensor, "n f"] | None, like: Tensor) -> Told:
        """What a flow is told of fields; without any, that none is known of as many as `like`."""
        if fields is None:
            return like.new_zeros(like.shape[0], 2 * len(self.fields))
        return self.told(fields.to(like.dtype))

    def told(self, fields: Float[Tensor, "n f"]) -> Told:
        """What a flow is told of fields: each from -1 to 1, 0 where it is unknown; then which are
        known."""
        low, high = (fields.new_tensor([getattr(f, e) for f in self.fields]) for e in _ENDS)
        known = ~fields.isnan()
        scaled = torch.where(known, 2 * (fields - low) / (high - low) - 1, 0)
        return torch.cat([scaled, known.to(fields.dtype)], 1)

    def finished(
        self,
        soft: Pictures,
        noise: Float[Tensor, "n 12 h2 w2"],
        fields: Float[Tensor, "n f"] | None = None,
    ) -> Pictures:
        """Soft pictures with the details that this noise becomes."""
        seen, told = self.told_by(soft), self.told_or_nothing(fields, soft)

        def pace(x: Tensor, t: Times) -> Tensor:
            return self.details(x, seen, t, told)

        lacks = walked(pace, noise, self.finish, spacing=self.spacing)
        return soft + SPREAD / 2 * functional.pixel_shuffle(lacks, 2)

    def told_by(self, soft: Pictures) -> Float[Tensor, "n 12 h2 w2"]:
        """What the flow of details sees of soft pictures."""
        return functional.pixel_unshuffle(2 * soft - 1, 2)

    def noise(self, latents: Codes) -> Float[Tensor, "n 12 h2 w2"]:
        """Standard normal, a smooth function of the vector: a mixture of a few planes' noise."""
        planes = torch.from_numpy(_planes(self.size // 2)).to(latents)
        first = latents[:, :_NOISES]
        shares = first / first.norm(dim=1, keepdim=True).clamp(min=1e-6)
        return (shares[:, :, None, None, None] * planes).sum(1)


def lacking(soft: Pictures, truth: Pictures) -> Float[Tensor, "n 12 h2 w2"]:
    """What a flow of details is to add to soft pictures, about 1 large."""
    return functional.pixel_unshuffle((truth - soft) * (2 / SPREAD), 2)


_ENDS: Final = ("low", "high")


@lru_cache(maxsize=4)
def _planes(side: int) -> Float64[np.ndarray, "k 12 h w"]:
    """The same noise each time."""
    places = np.arange(_NOISES, dtype=np.int64)
    return Rng(seed=0, places=places).normals("inventor's details", (12, side, side))


def fields_of(text: str) -> tuple[FieldInfo, ...]:
    """The world's fields that a net's size names, with + between them."""
    known = {field.name: field for field in FIELDS}
    names = text.split("+")
    for name in names:
        if name not in known:
            raise InputError(f"fields: {name!r} is none of a face; {instead(name, known)}")
    if len(set(names)) < len(names):
        raise InputError("fields names one twice")
    return tuple(known[name] for name in names)


def normed(codes: Codes) -> Codes:
    """Codes with mean 0 and mean square 1, each by itself: one scale for all of them."""
    return functional.layer_norm(codes, codes.shape[1:])


def walked(
    pace: Callable[[Tensor, Times], Tensor],
    x: Tensor,
    steps: int,
    *,
    twice: bool = False,
    spacing: float = 1.0,
) -> Tensor:
    """From noise to data: along the mean of the paces at both ends of each step where `twice`
    (Heun), else along the pace as it goes on changing (Adams and Bashforth's second order).

    Steps are equal at a spacing of 1; below it the first ones are shorter.
    """
    last, before = None, 0.0
    times = [(step / steps) ** spacing for step in range(steps, -1, -1)]
    for t, s in pairwise(times):
        first = along = pace(x, x.new_full((x.shape[0],), t))
        if twice:
            second = pace(x + (s - t) * first, x.new_full((x.shape[0],), s))
            along = (first + second) / 2
        elif last is not None:
            along = first + (s - t) / (2 * before) * (first - last)
        x = x + (s - t) * along
        last, before = first, s - t
    return x


class CodeFlow(nn.Module):
    """The pace of codes at a time, told of fields: linear layers, each pair added to what was."""

    def __init__(self, latent: int, hidden: int, blocks: int, told: int) -> None:
        super().__init__()
        self.first = nn.Linear(latent + told + 2 * _WAVES, hidden)
        self.blocks = nn.ModuleList(_Linears(hidden) for _ in range(blocks))
        self.norm = nn.LayerNorm(hidden)
        self.last = nn.Linear(hidden, latent)
        self.act = nn.SiLU()

    def forward(self, x: Codes, t: Times, told: Told) -> Codes:
        """Codes at times within [0, 1]."""
        features = self.first(torch.cat([x, told, waves(t, _WAVES)], 1))
        for block in self.blocks:
            features = features + block(features)
        return self.last(self.act(self.norm(features)))


class _Linears(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.norm, self.act = nn.LayerNorm(hidden), nn.SiLU()
        self.one, self.two = nn.Linear(hidden, hidden), nn.Linear(hidden, hidden)

    def forward(self, x: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
        """The same shape."""
        return self.two(self.act(self.one(self.act(self.norm(x)))))


class Decoder(nn.Module):
    """A code to a soft picture: four times twice the size, the last time by unshuffled pixels."""

    def __init__(self, latent: int, size: int, width: int, norm: str) -> None:
        super().__init__()
        self.side = size // _DEEP
        sides = [3 * width, 3 * width, 2 * width, width]
        self.first = nn.Linear(latent, _FIRST * self.side**2)
        self.enter = Conv(_FIRST, sides[0], norm)
        self.up = nn.ModuleList(Conv(a, b, norm) for a, b in pairwise(sides))
        self.more = nn.ModuleList(Conv(side, side, norm) for side in sides[1:])
        self.last = nn.Conv2d(width, 12, 3, padding=1)

    def forward(self, codes: Codes) -> Pictures:
        """Nearly within [0, 1]."""
        x = self.enter(self.first(codes).unflatten(1, (_FIRST, self.side, self.side)))
        for up, more in zip(self.up, self.more, strict=True):
            x = up(doubled(x))
            x = x + more(x)
        return 0.5 + functional.pixel_shuffle(self.last(x), 2) / 2


class DetailFlow(Timed):
    """The pace of details at a time, told the soft picture in `told` planes, and `fields` numbers
    of the face, where there are any, that each block hears beside the time; four pixels are one
    place."""

    def __init__(self, width: int, levels: int, told: int = 12, fields: int = 0) -> None:
        super().__init__(width, levels, 12 + told, 12)
        self.fields = nn.Linear(fields, 4 * width, bias=False) if fields else None

    def forward(
        self,
        x: Float[Tensor, "n 12 h w"],
        told: Float[Tensor, "n p h w"],
        t: Times,
        fields: Told | None = None,
    ) -> Float[Tensor, "n 12 h w"]:
        """Details at times within [0, 1]."""
        more = None if self.fields is None or fields is None else self.fields(fields)
        return self.predict(torch.cat([x, told], 1), t, more)
