"""What speaks against a reading: a face that is not all there to be seen, landmarks that contradict
the parts, a turn beyond the learned.

Of what is hidden or outside the picture, landmarks are guessed, and say that they may be far off.
Landmarks and parts are read by the same net, but by different layers. Where a brow's landmarks lie
on the forehead, the parts say so, however sure the landmarks are of themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from trombine.core.conventions import LANDMARK_GROUPS, PARTS
from trombine.faces.fields import TURNS
from trombine.faces.frames import Frame

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
# The group of each label, by its place there; the last is of parts that are in none.
_GROUP_OF: Final = np.array(
    [
        next((k for k, parts in enumerate(_SAME.values()) if part.name in parts), len(_SAME))
        for part in PARTS
    ]
)
_APART: Final = 0.1  # of the box; in sound readings at most .084 (docs/log/read.md)
_LEAST: Final = 12  # pixels of a part in the window; of fewer the middle says nothing
_SURE_STYLE: Final = 0.9
_OUTSIDE: Final = 0.05  # of the landmarks' box: of faces that are all there at most .005
# Much is hidden where this part of the landmarks may be off by more than so much of the window. Of
# faces of which half is covered it always is; of those that are as they are painted never.
_MUCH: Final = 0.25
_UNSEEN: Final = 0.011


def doubts(
    points: Points,
    errors: Float32[np.ndarray, "68"],
    labels: UInt8[np.ndarray, "128 128"],
    frame: Frame,
    *,
    size: float,
    outside: float,
    is_beyond: bool,
) -> tuple[str, ...]:
    """What speaks against the reading of a face, in words; empty where nothing does.

    Its landmarks, by how much each may be off, its parts and their frame, how large it is, and how
    much of the landmarks' box lies outside the picture; lengths are in pixels of the picture.
    """
    doubtful: list[str] = []
    if outside > _OUTSIDE:
        doubtful.append("a part of it is outside the picture")
    if np.quantile(errors, 1 - _MUCH) > _UNSEEN * frame.side:
        doubtful.append("much of it is hidden or blurred")
    if is_beyond:
        doubtful.append("turned as far as the reader can tell")
    apart = _apart(points, labels, frame).items()
    contradicted = [name.replace("_", " ") for name, far in apart if far > _APART * size]
    if contradicted:
        doubtful.append(f"landmarks and parts disagree about the {' and the '.join(contradicted)}")
    return tuple(doubtful)


def sure_style(likely: Mapping[str, float], *, drawn: bool) -> str | None:
    """The style, where it is sure and agrees with whether the picture looks drawn."""
    style = max(likely, key=lambda name: likely[name])
    is_sure = likely[style] >= _SURE_STYLE and (style == "photo") != drawn
    return style if is_sure else None


def beyond(name: str, value: float) -> bool:
    """Whether a turn is as far as the reader can tell: the true one may be any beyond."""
    return abs(value) >= 0.95 * TURNS.get(name, np.inf)


def _apart(points: Points, labels: UInt8[np.ndarray, "128 128"], frame: Frame) -> dict[str, float]:
    """How far the middles of each group's landmarks and of its parts are from each other, in
    pixels; 0 where there are too few pixels of the parts."""
    groups, (rows, columns) = _GROUP_OF[labels].ravel(), np.indices(labels.shape)
    counts, *sums = (
        np.bincount(groups, weights, len(_SAME) + 1)
        for weights in (None, columns.ravel(), rows.ravel())
    )
    middles = np.stack(sums, 1) / np.maximum(counts, 1)[:, None] + 0.5
    of_parts = frame.to_picture(torch.from_numpy(middles)).numpy()
    return {
        name: float(np.linalg.norm(of_parts[group] - points[list(LANDMARK_GROUPS[name])].mean(0)))
        if counts[group] >= _LEAST
        else 0.0
        for group, name in enumerate(_SAME)
    }
