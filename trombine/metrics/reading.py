"""How well a face was read: its parts, its landmarks, whether it is one, its numbers."""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor
from torch.nn.functional import max_pool2d

from trombine.core.conventions import GROUP_OF_PART, GROUPS, LANDMARK_GROUPS, PART_INDEX, PARTS

IN_PLACE: Final = 0.15  # pupils' distances: no organ of a sound face is further off
_NEAR: Final = 2  # pixels: an edge is so near


def overlaps(
    read: UInt8[Tensor, "*s"] | Int64[Tensor, "*s"], true: UInt8[Tensor, "*s"]
) -> tuple[Float[Tensor, "8"], Float[Tensor, "8"]]:
    """Of each group of parts the pixels that are in both maps, and in either.

    Their quotient is the IoU; sums over pictures come before it. Pixels whose truth is no label
    (255) are in none.
    """
    groups = torch.from_numpy(GROUP_OF_PART).long()
    labelled = true < len(PARTS)
    mine, theirs = groups[read[labelled].long()], groups[true[labelled].long()]
    count = len(GROUPS)
    common = torch.bincount(mine[mine == theirs], minlength=count)
    union = torch.bincount(mine, minlength=count) + torch.bincount(theirs, minlength=count) - common
    return common.float(), union.float()


def between_pupils(points: Float[Tensor, "n 68 2"]) -> Float[Tensor, "n"]:
    """The distance of the middles of the eyes."""
    right_eye, left_eye = (
        points[:, list(LANDMARK_GROUPS[eye])].mean(1) for eye in ("right_eye", "left_eye")
    )
    return (right_eye - left_eye).norm(dim=-1)


def point_errors(
    read: Float[Tensor, "n 68 2"], true: Float[Tensor, "n 68 2"]
) -> Float[Tensor, "n 68"]:
    """How far landmarks are off, in parts of the distance between the pupils."""
    return (read.float() - true).norm(dim=-1) / between_pupils(true)[:, None]


_MIDDLES: Final = {
    "right_eye": ("right_eye",),
    "left_eye": ("left_eye",),
    "nose": ("nose",),
    "outer_lips": ("mouth", "upper_lip", "lower_lip"),
}
_LEAST: Final = 4  # pixels that an organ has


def organs_off(
    parts: UInt8[Tensor, "n h w"] | Int64[Tensor, "n h w"], points: Float[Tensor, "n 68 2"]
) -> Float[Tensor, "n 4"]:
    """How far the middles of eyes, nose and mouth are, by their pixels, from where the landmarks
    have them, in distances between the pupils.

    One reading says both, and of a sound face the same. At most 1, as of an organ that is not
    there; 0 of an eye behind a dark lens.
    """
    height, width = parts.shape[-2:]
    y, x = (torch.arange(n, dtype=points.dtype) + 0.5 for n in (height, width))
    results = []
    for group, names in _MIDDLES.items():
        pixels = torch.stack([parts == PART_INDEX[name] for name in names]).any(0)
        count = pixels.sum((1, 2))
        sums = torch.stack([(pixels.sum(1) * x).sum(1), (pixels.sum(2) * y).sum(1)], 1)
        middle = points[:, list(LANDMARK_GROUPS[group])].mean(1)
        off = (sums / count.clamp(min=1)[:, None] - middle).norm(dim=1) / between_pupils(points)
        column, row = (
            middle[:, axis].long().clamp(0, n - 1) for axis, n in ((0, width), (1, height))
        )
        hidden = parts[torch.arange(len(parts)), row, column] == PART_INDEX["glasses"]
        results.append(torch.where(count < _LEAST, (~hidden).float(), off.clamp(max=1)))
    return torch.stack(results, 1)


def auc(positive: Float[Tensor, "n"], negative: Float[Tensor, "m"]) -> float:
    """How often one is above another of the negatives; ties count half."""
    more = (positive[:, None] > negative[None]).double().mean()
    return float(more + (positive[:, None] == negative[None]).double().mean() / 2)


def explained(read: Float[Tensor, "n k"], true: Float[Tensor, "n k"]) -> Float[Tensor, "k"]:
    """R2 of each column: 1 is perfect, 0 is to say the mean of what is true."""
    residual = (read - true).square().mean(0)
    return 1 - residual / true.var(0, correction=0).clamp(min=1e-12)


def near_edges(labels: UInt8[Tensor, "n h w"]) -> Bool[Tensor, "n h w"]:
    """Pixels near which there are two groups of parts."""
    groups = torch.from_numpy(GROUP_OF_PART).to(labels.device)[labels.long()].float()[:, None]
    side = 2 * _NEAR + 1
    high, low = (sign * max_pool2d(sign * groups, side, 1, _NEAR) for sign in (1, -1))
    return (high != low)[:, 0]
