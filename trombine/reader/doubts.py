"""What speaks against a reading: landmarks that contradict the parts, a turn beyond the learned.

Landmarks and parts are read by the same net, but by different layers. Where a brow's landmarks lie
on the forehead, the parts say so, however sure the landmarks are of themselves.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch

from trombine.conventions import LANDMARK_GROUPS, PART_INDEX
from trombine.reader.faces import Face

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


def doubts(face: Face) -> tuple[str, ...]:
    """What speaks against the reading, in words; empty where nothing does."""
    labels = face.logits.argmax(0)
    contradicted = [name.replace("_", " ") for name in _SAME if _apart(face, labels, name) > _APART]
    if not contradicted:
        return ()
    return (f"landmarks and parts disagree about the {' and the '.join(contradicted)}",)


def sure_style(face: Face, *, drawn: bool) -> str | None:
    """The style, where it is sure and agrees with whether the picture looks drawn."""
    style = max(face.style, key=lambda name: face.style[name])
    is_sure = face.style[style] >= _SURE_STYLE and (style == "photo") != drawn
    return style if is_sure else None


def beyond(name: str, value: float) -> bool:
    """Whether a turn is as far as the reader can tell: the true one may be any beyond."""
    return abs(value) >= 0.95 * FURTHEST.get(name, np.inf)


def _apart(face: Face, labels: torch.Tensor, group: str) -> float:
    """How far the middles of a group's landmarks and of its parts are from each other, as a share
    of the face; 0 where there are too few pixels of the parts. `labels`: of the face's window."""
    chosen = torch.isin(labels, torch.tensor([PART_INDEX[part] for part in _SAME[group]]))
    if chosen.sum() < _LEAST:
        return 0.0
    rows, columns = torch.nonzero(chosen, as_tuple=True)
    middle = torch.stack([columns, rows], 1).double().mean(0, keepdim=True) + 0.5
    of_parts = face.frame.to_picture(middle)[0].numpy()
    of_points = face.points[list(LANDMARK_GROUPS[group])].mean(0)
    return float(np.linalg.norm(of_parts - of_points)) / face.size
