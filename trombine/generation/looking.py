"""Faces that nets make, looked at and drawn anew by shipped nets: what the reader says of them, and
the same in styles that no net invents. Who judges them has no part in this."""

from __future__ import annotations

from typing import Final, cast

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from trombine.core.conventions import to_picture, to_pixels
from trombine.core.devices import CPU
from trombine.faces import Fields, fields_of
from trombine.faces.frames import in_window
from trombine.models import Model, loaded
from trombine.nets.reader import Reading
from trombine.nets.restyler import Restyler

NET: Final = "restyle"


@torch.inference_mode()
def looked_at(pictures: Float[Tensor, "n 3 h w"]) -> Reading:
    """What the reader reads of pictures of one face each."""
    return loaded("reader", task="read").in_rgb(in_window(pictures))


def readable() -> tuple[str, ...]:
    """The fields whose numbers it reads."""
    traits, moment = _fields()
    return (*traits.names, *moment.names)


def numbers(reading: Reading) -> dict[str, float]:
    """What it reads of the first face, by field, in their units."""
    traits, moment = _fields()
    values = traits.decode(reading.traits[0].clamp(-1, 1))
    return values | moment.decode(reading.moment[0, : len(moment.names)].clamp(-1, 1))


def _fields() -> tuple[Fields, Fields]:
    return fields_of(loaded("reader", task="read"))


def redrawer(device: str = CPU) -> Model:
    """The model that draws."""
    return loaded(NET, task=NET, device=device)


def redrawn(
    pixels: UInt8[np.ndarray, "s s 3"], source: str, target: str, device: str = CPU
) -> np.ndarray:
    """A face of the style `source` in the style `target`, as large; computed by itself, since
    batch mates would change its last bits. The net draws whole windows of the reader's; what is
    invented is the middle of one, and its edge goes on to the window's."""
    model = redrawer(device)
    net = cast(Restyler, model.net)
    beside = (net.size - len(pixels)) // 2
    window = functional.pad(to_picture(pixels)[None], (beside,) * 4, mode="replicate")
    drawn = model(window.to(device), *net.named(source, target))[0].cpu()
    edge = slice(beside, beside + len(pixels))
    return to_pixels(drawn[:, edge, edge].contiguous())
