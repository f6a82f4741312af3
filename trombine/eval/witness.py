"""What the witness says of pictures: judging is its only use, and no objective takes it.

It is the reader's net from another seed and of another width, so what a training has learned by the
reader is not judged by the reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Bool, Float, Float32, UInt8

from trombine.faces.fields import fields_of
from trombine.faces.frames import in_window
from trombine.models import Model, loaded

WITNESS: Final = "witness"
WINDOW: Final = 128  # pixels a side, in which it reads
_BATCH: Final = 32
Pictures = Float32[torch.Tensor, "n 3 h w"]


@dataclass(frozen=True, eq=False)
class Seen:
    """What the witness says of pictures, each a window with one face in its middle."""

    is_face: Bool[torch.Tensor, "n"]
    features: Float[torch.Tensor, "n f"]
    parts: UInt8[torch.Tensor, "n 128 128"]
    points: Float[torch.Tensor, "n 68 2"]  # in pixels of the window
    traits: Float[torch.Tensor, "n t"]  # what stays the same of a person, -1 to 1
    fields: Float[torch.Tensor, "n k"]  # traits, then moment, in their units
    styles: Float[torch.Tensor, "n s"]  # how likely each style is


def witness() -> Model:
    """The witness; its hash is part of every number that it gives."""
    return loaded(WITNESS, task="read")


def field_names() -> tuple[str, ...]:
    """What the numbers of `Seen.fields` mean."""
    traits, moment = fields_of(witness())
    return (*traits.names, *moment.names)


@torch.inference_mode()
def seen(pictures: Pictures) -> Seen:
    """What the witness says of these pictures, resized to its window."""
    net = witness().in_rgb
    traits, moment = fields_of(witness())
    parts = []
    for batch in pictures.split(_BATCH):
        reading = net(in_window(batch))
        count = len(moment.names)
        numbers = (
            traits.unscaled(reading.traits.float().clamp(-1, 1)),
            moment.unscaled(reading.moment[:, :count].float().clamp(-1, 1)),
        )
        labels = reading.parts.argmax(1).to(torch.uint8)
        parts.append(
            (
                reading.face > 0,
                reading.features.float(),
                labels,
                reading.points.float(),
                reading.traits.float().clamp(-1, 1),
                torch.cat(numbers, 1),
                reading.moment[:, count:].float().softmax(1),
            )
        )
    return Seen(*(torch.cat(column) for column in zip(*parts, strict=True)))


def distance(
    a: Float[torch.Tensor, "n f"], b: Float[torch.Tensor, "n f"]
) -> Float[torch.Tensor, "n"]:
    """How far apart two readings' features are: 0 for the same, 1 for unrelated, 2 at most."""
    return 1 - torch.nn.functional.cosine_similarity(a.double(), b.double())
