"""Two views of a set of pictures: how they look, and what they show where they show faces.

Neither sees all: what shows faces does not tell paint from a photograph, and how pictures look does
not tell whether an eye is where eyes are. A set is as far from real as the worse of both says.
"""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float32

from trombine.eval import witness
from trombine.metrics import energy_distance, look

Pictures = Float32[torch.Tensor, "_ 3 h w"]

DISTANCE: Final = "distance"  # the measure's name in a run


def distance(made: Pictures, real: Pictures) -> float:
    """How far generated pictures are from real ones: about 0 for real ones, above 1 for one
    picture again and again; the larger of both views'."""
    views = [energy_distance(look(made), look(real))]
    if min(real.shape[-2:]) >= 32:  # pixels: nobody reads a smaller face
        theirs = witness.seen(real.cpu())
        if 2 * int(theirs.is_face.sum()) > len(real):
            ours = witness.seen(made.cpu().clamp(0, 1))
            views.append(energy_distance(ours.features.double(), theirs.features.double()))
    return max(views)
