"""Whether tiles fit together where a net does not say how far it looks: somebody else's.

Two neighbours are computed, and compared where one fades into the other. Only who asks, by
`measuring`, gets the answer, and pays for the two tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import pairwise
from typing import Any, Final

import torch
from jaxtyping import Float32

from trombine.canvas import Box, cut, tiles
from trombine.nets import Net

SEAMLESS: Final = 1e-3  # tiles may differ by so much, where white is 1

_NOTED: Final[ContextVar[dict[Net, float] | None]] = ContextVar("seams", default=None)


@contextmanager
def measuring() -> Iterator[Mapping[Net, float]]:
    """Inside, the difference of tiles is noted of each net, once, if it works in several."""
    noted: dict[Net, float] = {}
    token = _NOTED.set(noted)
    try:
        yield noted
    finally:
        _NOTED.reset(token)


def is_new(net: Net) -> bool:
    """Whether somebody asks for this net's difference, which is not known yet."""
    noted = _NOTED.get()
    return noted is not None and net not in noted


def note(net: Net, difference: float) -> None:
    """Tell it to who asks."""
    noted = _NOTED.get()
    if noted is not None:
        noted[net] = difference


def difference(
    picture: Float32[torch.Tensor, "c h w"],
    work: Callable[[torch.Tensor], torch.Tensor],
    layout: Mapping[str, Any],
) -> float:
    """By how much two tiles in the middle of a picture differ where they meet, at most."""
    height, width = picture.shape[-2:]
    boxes = [tile.box for tile in tiles(height, width, **layout)]
    pairs = list(pairwise(boxes))
    beside = [pair for pair in pairs if pair[0].top == pair[1].top] or pairs
    first, second = beside[len(beside) // 2]
    if first.top == second.top:
        begin, end, fade = second.left, first.right, layout["blend"]
        shared = Box(
            top=first.top + layout["halo"] * (first.top > 0),
            bottom=first.bottom - layout["halo"] * (first.bottom < height),
            left=(begin + end) // 2 - fade,
            right=(begin + end) // 2 + fade,
        )
    else:  # one column of tiles
        begin, end, fade = second.top, first.bottom, layout["blend"]
        middle = (begin + end) // 2
        shared = Box(top=middle - fade, bottom=middle + fade, left=0, right=width)
    a, b = (
        cut(work(cut(picture, box)), _within(shared, box).scaled(layout["factor"]))
        for box in (first, second)
    )
    return float((a - b).abs().max())


def _within(shared: Box, box: Box) -> Box:
    """The shared box as the one that it lies in counts."""
    return Box(
        top=shared.top - box.top,
        bottom=shared.bottom - box.top,
        left=shared.left - box.left,
        right=shared.right - box.left,
    )
