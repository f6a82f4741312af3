"""Detect damage: which pixels of a print are scratched, dusty, creased or torn away.

It learns from prints that a chain of data/degrade spoils, which says what it damaged. A print is a
picture and its mirror images, twice as wide and high, since marks are as long and wide as the print
demands. It is seen in two windows of the picture's size: a part of it, and all of it at half its
size, where marks are as thin as those of a large print that is seen from afar.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import avg_pool2d, binary_cross_entropy_with_logits

from trombine.core.errors import InputError
from trombine.data.degrade import HANDLING, Chain
from trombine.losses.damage import greyed
from trombine.losses.objective import Objective, Step, Terms
from trombine.metrics.detection import matches, pooled
from trombine.recipes import MUON, NetSpec, Recipe


@final
@dataclass(frozen=True, kw_only=True)
class Detect(Recipe):
    """Detect which pixels of a print are damaged by hands: a picture and its mirror images."""

    objective: ClassVar[str] = "detect"

    # What spoils the pictures: a chain as docs/data.md tells; its scratches, dust, creases
    # and torn corners are detected.
    damage: str = "old-photo"
    grey: float = 0.3  # share of the pictures that have no colours before they are spoiled


_WEIGHT: Final = 4.0  # of a damaged pixel beside a whole one: they are few
_HALF: Final = 0.5  # of four pixels that become one, the damaged share from which it is damaged

Pictures = Float[Tensor, "n 3 h w"]
Maps = Float[Tensor, "n 1 h w"]


@final
class DetectObjective(Objective[Detect]):
    """One net and one term."""

    measures: Mapping[str, bool] = {"F1": True, "precision": True, "recall": True}

    def __init__(self, recipe: Detect) -> None:
        super().__init__(recipe)
        self.chain = Chain.parse(recipe.damage)
        if self.chain.scale > 1:
            raise InputError("damage: what is detected stays as large as it is; no shrink")

    def terms(self, step: Step) -> Terms:
        """Which pixels are damaged."""
        pictures, damaged = self.windows(step)
        logits = step.nets["net"](pictures.to(step.device, step.dtype))
        truth = damaged.to(logits)
        weight = logits.new_tensor(_WEIGHT)
        return {"pixels": binary_cross_entropy_with_logits(logits, truth, pos_weight=weight)}

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """Precision and recall of the pixels that are rather damaged than not, over all windows."""
        counts = []
        for step in steps:
            pictures, damaged = self.windows(step)
            logits = step.nets["net"](pictures.to(step.device, step.dtype)).cpu()
            counts.append(matches(logits[:, 0] > 0, damaged[:, 0] > 0))
        every = pooled(counts)
        return {"F1": every.f1, "precision": every.precision, "recall": every.recall}

    def windows(self, step: Step) -> tuple[Pictures, Maps]:
        """A part of each spoiled print, then each at half its size; and what is damaged."""
        pictures = step.pictures().float().cpu()
        pictures = greyed(pictures, self.recipe.grey, step).clamp(0, 1)
        spoiled = self.chain.marked(mirrored(pictures), step.chance, by=HANDLING)
        both = torch.cat([spoiled.pictures, spoiled.damaged], 1)
        height, width = pictures.shape[-2:]
        down = (step.chance.uniforms("down") * (height + 1)).astype(int).tolist()
        across = (step.chance.uniforms("across") * (width + 1)).astype(int).tolist()
        parts = [
            item[:, y : y + height, x : x + width]
            for item, y, x in zip(both, down, across, strict=True)
        ]
        smaller = avg_pool2d(both, 2)
        smaller[:, 3:] = (smaller[:, 3:] >= _HALF).float()
        windows = torch.cat([torch.stack(parts), smaller])
        return windows[:, :3], windows[:, 3:]


def mirrored(pictures: Pictures) -> Float[Tensor, "n 3 h2 w2"]:
    """Each picture with its mirror images to the right, below, and in the corner between them."""
    wide = torch.cat([pictures, pictures.flip(-1)], -1)
    return torch.cat([wide, wide.flip(-2)], -2)


# Presets

PRESETS: Final[dict[str, Recipe]] = {
    # The terms of old-photo, each less often; prints that did not fade; scans that are noisy, soft
    # or faded over the marks, too.
    "scratches": Detect(
        about="detects scratches, dust, creases and torn corners of scanned prints",
        task="detect",
        nets={"net": NetSpec("unet", {"width": 16, "levels": 3, "outputs": 1})},
        data="leaves#3000*2+world:photo#9000+fractals#300*0.4",
        damage=(
            "blur:gaussian:0.3-1.2?0.6+resize:0.4-1?0.2"
            "+noise:grey:0.01-0.05/noise:gaussian:0.005-0.03?0.8+fade:0.1-1?0.6"
            "+stains:0.1-0.8?0.05+creases:0.1-0.8?0.35+scratches:0.1-0.9?0.8+dust:0.1-0.9?0.8"
            "+torn:0.3-1?0.25+fade:0.1-0.5?0.1+blur:gaussian:0.3-0.7?0.2"
            "+noise:grey:0.003-0.02?0.3+jpeg:75-98?0.3"
        ),
        size=128,
        pictures=36_000,
        batch=4,
        **MUON,
        warmup=200,
        ema=1_500,
        precision="auto",
        sample_every=6_000,
        measure_every=6_000,
        save_every=6_000,
        judged=128,
    ),
}
