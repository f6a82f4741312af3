"""Methods that draw a picture in another style of the world; its size stays."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, Float64
from torch import Tensor

from trombine.conventions import to_picture
from trombine.nets.restyler import styles_of
from trombine.refusal import InputError
from trombine.weights import loaded
from trombine.world import face, paint

Pictures = Float32[Tensor, "n 3 h w"]
LEARNT_FROM: Final = range(64)  # seeds of faces: of those that trainings have, no protocol
LEARNT_AT: Final = 64  # pixels a side


def as_it_is(pictures: Pictures, *, style: str, source: str = "photo") -> Pictures:
    """The picture in its own style."""
    return pictures


def colour_transfer(pictures: Pictures, *, style: str, source: str = "photo") -> Pictures:
    """Each channel with the mean and the deviation that pictures of the style have (Reinhard et al.
    2001, in RGB)."""
    mean, deviation = _colours(style)
    each = pictures.double()
    centred = each - each.mean((2, 3), keepdim=True)
    scale = deviation[:, None, None] / each.std((2, 3), keepdim=True).clamp(min=1 / 255)
    moved = centred * scale + mean[:, None, None]
    return ((moved.clamp(0, 1) * 255).round() / 255).float()


@lru_cache(maxsize=8)
def _colours(style: str) -> tuple[Float64[Tensor, "3"], Float64[Tensor, "3"]]:
    """The mean of a style's channels, and their mean deviation within a picture."""
    painted = (paint(face(seed), LEARNT_AT, style).pixels for seed in LEARNT_FROM)
    pictures = torch.stack([to_picture(np.ascontiguousarray(pixels)) for pixels in painted])
    each = pictures.double()
    return each.mean((0, 2, 3)), each.std((2, 3)).mean(0)


def of_net(name: str) -> Callable[..., Pictures]:
    """A net that restyles, by name or file, or one from pictures to pictures of the same size."""
    model = loaded(name)
    if model.card.task not in ("restyle", "restore"):
        raise InputError(f"is for {model.card.task}, not for restyling", path=name)

    def method(pictures: Pictures, *, style: str, source: str = "photo") -> Pictures:
        styles = ()
        if model.card.task == "restyle":
            known = styles_of(str(model.net.sizes["styles"]))
            if unknown := {source, style} - set(known):
                raise InputError(f"knows {', '.join(known)}, not {unknown.pop()}", path=name)
            numbers = (known.index(one) for one in (source, style))
            styles = tuple(torch.full((len(pictures),), number) for number in numbers)
        return (model(pictures, *styles) * 255).round() / 255

    return method


BASELINES: Final[dict[str, Callable[..., Pictures]]] = {
    "input": as_it_is,
    "colour transfer": colour_transfer,
}
