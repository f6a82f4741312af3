"""What repairing nets are told of what belongs where: planes of parts and of landmarks."""

from __future__ import annotations

from typing import Final, final

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor, nn

from trombine.conventions import GROUP_OF_PART, GROUPS, LANDMARK_GROUPS, PARTS

LABELS: Final = ("none", "groups", "all")  # of parts that are told apart
PLANES: Final = 12  # what a label of the parts is spread over
UNKNOWN: Final = 255  # the label of a pixel of which nothing is known
# What each label is to the net; the last is what is unknown.
_EACH: Final = np.minimum(np.arange(256), len(PARTS))
_GROUPED: Final = np.concatenate([GROUP_OF_PART, np.full(256 - len(PARTS), len(GROUPS))]).astype(
    int
)
_BLOB: Final = 1.2  # pixels: the standard deviation of a landmark's mark


@final
class Labels(nn.Embedding):
    """A vector for each part that is told apart, and one for what is unknown."""

    def __init__(self, kind: str) -> None:
        table = {"groups": _GROUPED, "all": _EACH}[kind]
        super().__init__(int(table[-1]) + 1, PLANES)
        self.table = table

    def forward(self, input: Int64[Tensor, "n h w"]) -> Float[Tensor, "n p h w"]:
        """The vectors of labels, as planes."""
        kinds = torch.from_numpy(self.table).to(input.device)[input]
        return super().forward(kinds).movedim(-1, 1)


def steered_by(labels: Labels | None, points: bool) -> tuple[str, ...]:
    """The optional inputs that steer such a net."""
    return (*(("parts",) if labels else ()), *(("points",) if points else ()))


def plane_count(labels: Labels | None, points: bool) -> int:
    """How many planes steer such a net."""
    return (PLANES if labels else 0) + (len(LANDMARK_GROUPS) if points else 0)


def planes_of(
    picture: Float[Tensor, "n 3 h w"],
    labels: Labels | None,
    parts: UInt8[Tensor, "n k l"] | None,
    takes_points: bool,
    points: Float[Tensor, "n 68 2"] | None,
) -> Float[Tensor, "n p h w"] | None:
    """The planes that tell what belongs where; None for a net that is told nothing.

    The picture may be larger than the parts' map, and is unknown there.
    """
    planes: list[Tensor] = []
    count, _, height, width = picture.shape
    if labels is not None:
        told = torch.full((count, height, width), UNKNOWN, device=picture.device)
        if parts is not None:
            told[:, : parts.shape[-2], : parts.shape[-1]] = parts.to(told)
        planes.append(labels(told))
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
