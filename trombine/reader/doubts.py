"""What speaks against a reading: landmarks that contradict the parts, a turn beyond the learned.

Landmarks and parts are read by the same net, but by different layers. Where a brow's landmarks lie
on the forehead, the parts say so, however sure the landmarks are of themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32

from trombine.conventions import LANDMARK_GROUPS, PART_INDEX
from trombine.reader.frames import Frame

Points = Float32[np.ndarray, "68 2"]

# Groups of landmarks, and the parts whose pixels have about the same middle.
_SAME: Final = {
    "left_eye": ("left_eye",),
    "right_eye": ("right_eye",),
    "left_brow": ("left_brow",),
    "right_brow": ("right_brow",),
    "nose": ("nose",),
    "outer_lips": ("mouth", "upper_lip", "lower_lip"),
}
_APART: Final = 0.1  # of the box; in sound readings at most .084 (docs/log.md)
_LEAST: Final = 12  # pixels of a part in the window; of fewer the middle says nothing
FURTHEST: Final = {"yaw": 0.34, "pitch": 0.2}  # radians: as far as the painted faces turn
_SURE_STYLE: Final = 0.9


def doubts(points: Points, labels: torch.Tensor, frame: Frame, size: float) -> tuple[str, ...]:
    """What speaks against the reading of a face of this size, in words; empty where nothing does.

    `labels`: the parts in the window that the frame says.
    """
    contradicted = [
        name.replace("_", " ")
        for name in _SAME
        if _apart(points, labels, frame, name) > _APART * size
    ]
    if not contradicted:
        return ()
    return (f"landmarks and parts disagree about the {' and the '.join(contradicted)}",)


def sure_style(likely: Mapping[str, float], *, drawn: bool) -> str | None:
    """The style, where it is sure and agrees with whether the picture looks drawn."""
    style = max(likely, key=lambda name: likely[name])
    is_sure = likely[style] >= _SURE_STYLE and (style == "photo") != drawn
    return style if is_sure else None


def beyond(name: str, value: float) -> bool:
    """Whether a turn is as far as the reader can tell: the true one may be any beyond."""
    return abs(value) >= 0.95 * FURTHEST.get(name, np.inf)


def _apart(points: Points, labels: torch.Tensor, frame: Frame, group: str) -> float:
    """How far the middles of a group's landmarks and of its parts are from each other, in pixels;
    0 where there are too few pixels of the parts."""
    chosen = torch.isin(labels, torch.tensor([PART_INDEX[part] for part in _SAME[group]]))
    if chosen.sum() < _LEAST:
        return 0.0
    rows, columns = torch.nonzero(chosen, as_tuple=True)
    middle = torch.stack([columns, rows], 1).double().mean(0, keepdim=True) + 0.5
    of_parts = frame.to_picture(middle)[0].numpy()
    of_points = points[list(LANDMARK_GROUPS[group])].mean(0)
    return float(np.linalg.norm(of_parts - of_points))
