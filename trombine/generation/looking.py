"""What the reader says of invented faces. Who judges them has no part in this."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from trombine.faces import Fields, fields_of
from trombine.faces.frames import in_window
from trombine.models import loaded
from trombine.nets.reader import Reading


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
