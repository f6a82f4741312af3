"""What repairing nets are told of what belongs where: planes of parts and of landmarks."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from trombine.core.conventions import GROUP_OF_PART, LANDMARK_GROUPS, ORGANS, PARTS

LABELS: Final = ("none", "groups", "all")  # of parts that are told apart
PLANES: Final = 12  # what a label of the parts is spread over
# What each part is to the net; after them comes what is unknown.
_KINDS: Final = {"groups": GROUP_OF_PART, "all": np.arange(len(PARTS))}
IS_ORGAN: Final = np.array([part.group in ORGANS for part in PARTS])
SURER: Final = 2  # times the logits of a guess: its doubts would be painted as blur
_BLOB: Final = 1.2  # pixels: the standard deviation of a landmark's mark

Likely = Float[Tensor, "n 19 k l"]  # how likely each part is; less than 1 in all where unknown
Parts = UInt8[Tensor, "n k l"] | Likely  # or labels, 255 where unknown


class Labels(nn.Embedding):
    """A vector for each part that is told apart, and one for what is unknown."""

    def __init__(self, kind: str) -> None:
        self.kinds = _KINDS[kind].tolist()
        super().__init__(max(self.kinds) + 2, PLANES)

    def forward(self, input: Likely) -> Float[Tensor, "n p k l"]:
        """The mean of the vectors, as planes."""
        unknown = self.weight[-1]
        known = self.weight[self.kinds] - unknown
        return torch.einsum("npyx,pk->nkyx", input, known) + unknown.view(-1, 1, 1)


def likely_of(labels: UInt8[Tensor, "n h w"]) -> Likely:
    """How likely each part is where labels say it: 1 or 0; all 0 where a label says nothing."""
    kinds = torch.arange(len(PARTS), dtype=torch.uint8, device=labels.device)
    return (labels[:, None] == kinds.view(-1, 1, 1)).float()


def told_of(logits: Float[Tensor, "n 19 h w"]) -> Likely:
    """What a guess is told as: each part by its chance, a little surer than it was, and organs,
    where they are the likeliest, for certain. A net that is told of half an eye paints half an
    eye."""
    likely, labels = (SURER * logits.float()).softmax(1), logits.argmax(1).to(torch.uint8)
    certain = torch.from_numpy(IS_ORGAN).to(logits.device)[labels.long()]
    return torch.where(certain[:, None], likely_of(labels), likely)


def steered_by(labels: Labels | None, points: bool) -> tuple[str, ...]:
    """The optional inputs that steer such a net."""
    return (*(("parts",) if labels else ()), *(("points",) if points else ()))


def plane_count(labels: Labels | None, points: bool) -> int:
    """How many planes steer such a net."""
    return (PLANES if labels else 0) + (len(LANDMARK_GROUPS) if points else 0)


def planes_of(
    picture: Float[Tensor, "n 3 h w"],
    labels: Labels | None,
    parts: Parts | None,
    takes_points: bool,
    points: Float[Tensor, "n 68 2"] | None,
) -> Float[Tensor, "n p h w"] | None:
    """The planes that tell what belongs where; None for a net that is told nothing.

    The picture may be larger than the parts' map, and is unknown there.
    """
    planes: list[Tensor] = []
    count, _, height, width = picture.shape
    if labels is not None:
        likely = picture.new_zeros(count, len(PARTS), height, width)
        if parts is not None:
            told = parts if parts.ndim == 4 else likely_of(parts)
            likely[..., : told.shape[-2], : told.shape[-1]] = told
        planes.append(labels(likely))
    if takes_points:
        if points is None:
            points = picture.new_full((count, 68, 2), torch.nan)
        planes.append(marks(points.to(picture), picture))
    return torch.cat(planes, 1) if planes else None


def marks(
    points: Float[Tensor, "n 68 2"], like: Float[Tensor, "n c h w"]
) -> Float[Tensor, "n 8 h w"]:
    """A small blob where each landmark is, a plane for each group, as large as the pictures `like`;
    none for those that are NaN."""
    height, width = like.shape[-2:]
    across = torch.arange(width, device=points.device, dtype=points.dtype) + 0.5
    down = torch.arange(height, device=points.device, dtype=points.dtype) + 0.5
    x, y = points.unbind(-1)
    columns = torch.exp(-0.5 * ((across - x[..., None]) / _BLOB) ** 2).nan_to_num(0.0)
    rows = torch.exp(-0.5 * ((down - y[..., None]) / _BLOB) ** 2).nan_to_num(0.0)
    planes = [
        rows[:, list(group)].transpose(1, 2) @ columns[:, list(group)]
        for group in LANDMARK_GROUPS.values()
    ]
    return torch.stack(planes, 1)
