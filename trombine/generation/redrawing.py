"""An invented face in a style that no net invents: drawn anew by `restyle`.

That draws whole windows of the reader's; what is invented is the middle of one, and its edge goes
on to the window's.
"""

from __future__ import annotations

from typing import Final, cast

import numpy as np
from jaxtyping import UInt8
from torch.nn import functional

from trombine.core.conventions import to_picture, to_pixels
from trombine.models import Model, loaded
from trombine.nets.restyler import Restyler

NET: Final = "restyle"


def redrawer() -> Model:
    """The model that draws."""
    return loaded(NET, task=NET)


def redrawn(pixels: UInt8[np.ndarray, "s s 3"], source: str, target: str) -> np.ndarray:
    """A face of the style `source` in the style `target`, as large; computed by itself, since
    batch mates would change its last bits."""
    model = redrawer()
    net = cast(Restyler, model.net)
    beside = (net.size - len(pixels)) // 2
    window = functional.pad(to_picture(pixels)[None], (beside,) * 4, mode="replicate")
    drawn = model(window, *net.named(source, target))[0]
    edge = slice(beside, beside + len(pixels))
    return to_pixels(drawn[:, edge, edge].contiguous())
