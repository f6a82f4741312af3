"""What the witness reads of invented faces: fields, whether parts are where parts are, walks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

import numpy as np
import torch
from jaxtyping import UInt8

from trombine.core.conventions import to_picture
from trombine.eval import witness
from trombine.metrics.reading import IN_PLACE, organs_off

Pixels = UInt8[np.ndarray, "_ _ 3"]


def fields_read(pixels: Pixels, names: Sequence[str]) -> dict[str, float]:
    """The fields of these names that the witness reads of a picture, of three digits; none where
    it sees no face."""
    seen = witness.seen(to_picture(pixels)[None])
    if not seen.is_face[0]:
        return {}
    values = dict(zip(witness.field_names(), seen.fields[0].tolist(), strict=True))
    return {name: float(f"{values[name]:.3g}") for name in names if name in values}


def in_place(seen: witness.Seen) -> torch.Tensor:
    """How well the parts of each picture are where parts are: 1 is well, 0 is not at all, as of
    what is no face."""
    off = organs_off(seen.parts, seen.points).amax(1)
    return torch.where(seen.is_face, 1 - off, 0.0)


@dataclass(frozen=True, kw_only=True)
class Score:
    """How good a walk is, frame by frame."""

    in_place: tuple[float, ...]  # of each frame
    steps: tuple[float, ...]  # from each frame to the next: 0 for the same, 1 for unrelated

    @property
    def sound(self) -> int:
        """How many frames have their parts in place."""
        return sum(value >= 1 - IN_PLACE for value in self.in_place)

    @property
    def unevenness(self) -> float:
        """The largest step, of the mean one; 1 of a walk that stands still."""
        average = mean(self.steps)
        return max(self.steps) / average if average else 1.0

    @property
    def text(self) -> str:
        """For people."""
        frames = len(self.in_place)
        return (
            f"parts in place in {self.sound} of {frames} frames, the worst"
            f" {min(self.in_place):.2f}; the largest step {self.unevenness:.1f} times the mean"
        )


def score(frames: Sequence[Pixels], *, cycle: bool = False) -> Score:
    """The score of a walk's frames; of a cycle the last step leads to the first frame."""
    each = [witness.seen(to_picture(pixels)[None]) for pixels in frames]
    features = torch.cat([seen.features for seen in each])
    after = features.roll(-1, 0) if cycle else features[1:]
    steps = witness.distance(features[: len(after)], after).clamp(min=0)
    return Score(
        in_place=tuple(round(float(in_place(seen)), 4) for seen in each),
        steps=tuple(round(value, 6) for value in steps.tolist()),
    )
