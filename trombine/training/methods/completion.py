"""Complete faces: which part is where, though a hole hides some of them.

Pictures and holes are those of inpaint. Of painted faces the parts are known; of real ones they are
what a reader says of the whole picture. What is hidden counts beside the whole picture, each
picture's as much as any other's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, final

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from trombine.core.conventions import GROUPS
from trombine.data.columns import UNKNOWN
from trombine.losses.objective import Samples, Step, Terms
from trombine.losses.reading import overlap_loss, part_losses
from trombine.losses.terms import wide
from trombine.metrics.reading import overlaps
from trombine.recipes import NetSpec, Recipe
from trombine.training.methods.inpaint import (
    FACES,
    SHARED,
    Painting,
    PaintingObjective,
    Shown,
    of_holes,
)
from trombine.training.methods.reader import coloured


@final
@dataclass(frozen=True, kw_only=True)
class Complete(Painting):
    """Guess which parts of a face are where under its hole."""

    objective: ClassVar[str] = "complete"

    told: str = "both"  # what is known of the pictures to learn from: their parts and points
    overlap: float = 0.5  # weight of 1 - Dice of the groups of parts in the hole


@final
class CompleteObjective(PaintingObjective[Complete]):
    """One net; a reader that stands still."""

    measures: Mapping[str, bool] = {"IoU": True}

    def __init__(self, recipe: Complete) -> None:
        super().__init__(recipe)
        self.weights = {"overlap": recipe.overlap}

    def terms(self, step: Step) -> Terms:
        """The parts of the whole picture, and of what is hidden."""
        shown = self.shown(step)
        logits, parts = _logits(step, shown), _labels(shown)
        losses, one = part_losses(logits, parts), torch.ones(len(parts), device=step.device)
        return {
            "parts": losses.mean(),
            "hidden": of_holes(losses[:, None], shown.hole),
            "overlap": overlap_loss(logits, _under(parts, shown.hole), one),
        }

    def samples(self, step: Step) -> Samples:
        """The parts over the pictures with holes, beside the true ones."""
        shown = self.measured(step, told=True)
        parts = _logits(step, shown).argmax(1)
        fixed = {"input": shown.damaged, "truth": coloured(shown.truth, _labels(shown))}
        return Samples(output=coloured(shown.damaged, parts), fixed=fixed)

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """IoU of the groups in the hole, over all pictures."""
        intersections, unions = torch.zeros(len(GROUPS)), torch.zeros(len(GROUPS))
        for step in steps:
            shown = self.measured(step, told=True)
            parts = _logits(step, shown).argmax(1).to(torch.uint8)
            truth = _under(_labels(shown), shown.hole)
            parts = torch.where(truth == UNKNOWN["parts"], truth, parts)
            intersection, union = overlaps(parts.cpu(), truth.cpu())
            intersections, unions = intersections + intersection, unions + union
        return {"IoU": float((intersections / unions.clamp(min=1.0)).mean())}


def _logits(step: Step, shown: Shown) -> Float[Tensor, "n 19 h w"]:
    pictures, hole = shown.damaged.to(step.dtype), shown.hole.to(step.dtype)
    return wide(step.nets["net"](pictures, hole=hole))


def _labels(shown: Shown) -> UInt8[Tensor, "n h w"]:
    """The parts that are true, 255 where nothing is known."""
    labels = shown.parts.argmax(1).to(torch.uint8)
    return torch.where(shown.parts.sum(1) > 0.5, labels, UNKNOWN["parts"])


def _under(parts: UInt8[Tensor, "n h w"], hole: Float[Tensor, "n 1 h w"]) -> UInt8[Tensor, "n h w"]:
    """The labels under a hole, 255 elsewhere."""
    return torch.where(hole[:, 0] > 0.5, parts, UNKNOWN["parts"])


# Presets

PRESETS: Final[dict[str, Recipe]] = {
    # What `inpaint` is told of who is not steered.
    "completion": Complete(
        about="guesses which part of a face is where under a hole",
        nets={"net": NetSpec("completer", {"width": 24})},
        data=f"{FACES}+world:posed#6000",
        size=128,
        pictures=40_000,
        sample_every=10_000,
        measure_every=5_000,
        save_every=5_000,
        judged=128,
        **{**SHARED, "task": "complete"},
    ),
}
