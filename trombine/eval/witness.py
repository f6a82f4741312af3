"""What the witness says of pictures: judging is its only use, and no objective takes it.

It is the reader's net from another seed and of another width, so what a training has learned by the
reader is not judged by the reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, UInt8

from trombine.core.conventions import to_picture
from trombine.core.devices import CPU
from trombine.faces.fields import fields_of, half_range
from trombine.faces.frames import in_window
from trombine.metrics.reading import IN_PLACE, organs_off
from trombine.models import Model, loaded
from trombine.nets.reader import Reading

WITNESS: Final = "witness"
WINDOW: Final = 128  # pixels a side, in which it reads
_BATCH: Final = 32
Pictures = Float32[torch.Tensor, "n 3 h w"]
Pixels = UInt8[np.ndarray, "_ _ 3"]


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


def witness(device: str = CPU) -> Model:
    """The witness; its hash is part of every number that it gives."""
    return loaded(WITNESS, task="read", device=device)


def field_names() -> tuple[str, ...]:
    """What the numbers of `Seen.fields` mean."""
    traits, moment = fields_of(witness())
    return (*traits.names, *moment.names)


@torch.inference_mode()
def seen(pictures: Pictures, device: str = CPU) -> Seen:
    """What the witness says of these pictures, resized to its window; computed on a device."""
    net = witness(device).in_rgb
    traits, moment = fields_of(witness())
    parts = []
    for batch in pictures.split(_BATCH):
        reading = Reading(*(each.cpu() for each in net(in_window(batch).to(device))))
        now, styles = reading.moment.float().tensor_split([len(moment.names)], 1)
        scaled = reading.traits.float().clamp(-1, 1)
        parts.append(
            Seen(
                is_face=reading.face > 0,
                features=reading.features.float(),
                parts=reading.parts.argmax(1).to(torch.uint8),
                points=reading.points.float(),
                traits=scaled,
                fields=torch.cat([traits.unscaled(scaled), moment.unscaled(now.clamp(-1, 1))], 1),
                styles=styles.softmax(1),
            )
        )
    return Seen(*map(torch.cat, zip(*(vars(part).values() for part in parts), strict=True)))


def distance(
    a: Float[torch.Tensor, "n f"], b: Float[torch.Tensor, "n f"]
) -> Float[torch.Tensor, "n"]:
    """How far apart two readings' features are: 0 for the same, 1 for unrelated, 2 at most."""
    return 1 - torch.nn.functional.cosine_similarity(a.double(), b.double())


# ---------------------------------------------------------------------------------------------
# Of generated faces, and walks from one to the next


def fields_read(pixels: Pixels, names: Sequence[str]) -> dict[str, float]:
    """The fields of these names that the witness reads of a picture, of three digits; none where
    it sees no face."""
    found = seen(to_picture(pixels)[None])
    if not found.is_face[0]:
        return {}
    values = dict(zip(field_names(), found.fields[0].tolist(), strict=True))
    return {name: float(f"{values[name]:.3g}") for name in names if name in values}


def in_place(found: Seen) -> torch.Tensor:
    """How well the parts of each picture are where parts are: 1 is well, 0 is not at all, as of
    what is no face."""
    off = organs_off(found.parts, found.points).amax(1)
    return torch.where(found.is_face, 1 - off, 0.0)


@dataclass(frozen=True, kw_only=True)
class Score:
    """How good a walk is, frame by frame."""

    in_place: tuple[float, ...]  # of each frame
    steps: tuple[float, ...]  # from each frame to the next: 0 for the same, 1 for unrelated
    jumps: tuple[str, ...] = ()  # fields that the largest changes by more than half of their range

    @property
    def sound(self) -> int:
        """How many frames have their parts in place."""
        return sum(value >= 1 - IN_PLACE for value in self.in_place)

    @property
    def text(self) -> str:
        """For people: in how many frames the face is whole, and what changes at once where."""
        frames, at = len(self.in_place), self.steps.index(max(self.steps))
        of = f"all {frames}" if self.sound == frames else f"{self.sound} of {frames}"
        text = f"the face is whole in {of} frames"
        jump = f"; from frame {at} to {at + 1} it jumps: {', '.join(self.jumps)}"
        return text + jump if self.jumps else text


def score(frames: Sequence[Pixels], *, cycle: bool = False) -> Score:
    """The score of a walk's frames; of a cycle the last step leads to the first frame."""
    each = [seen(to_picture(pixels)[None]) for pixels in frames]
    features, fields = (torch.cat([getattr(f, n) for f in each]) for n in ("features", "fields"))
    after = features.roll(-1, 0) if cycle else features[1:]
    steps = distance(features[: len(after)], after).clamp(min=0)
    at = int(steps.argmax())
    change = (fields[(at + 1) % len(fields)] - fields[at]).abs().tolist()
    jumps = [n for n, off in zip(field_names(), change, strict=True) if off > half_range(n)]
    return Score(
        in_place=tuple(round(float(in_place(found)), 4) for found in each),
        steps=tuple(round(value, 6) for value in steps.tolist()),
        jumps=tuple(jumps),
    )
