"""Faces in damaged photographs, enlarged by a net that learned from faces alone."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from jaxtyping import Float32

from trombine.faces.faces import Face, read_faces
from trombine.models import Model, loaded, running
from trombine.superres.last import resized

# Pixels of the small picture, the longer side of a face: where the net counts for nothing and for
# all. Of large faces it saw painted ones only, and makes them look so (docs/log/enlarge.md).
_SIZES: Final = ((8.0, 14.0, 36.0, 60.0), (0.0, 1.0, 1.0, 0.0))
_WHOLE: Final = 1.15  # of a face's box, hair left out: within this ellipse the net counts wholly
_NONE: Final = 1.75  # beyond this one not at all
_UPRIGHT: Final = 0.7  # radians that a face may lean to a side: the net saw none that lean more

Small = Float32[torch.Tensor, "3 h w"]
Large = Float32[torch.Tensor, "3 h2 w2"]


def with_faces(small: Small, large: Large, model: Model, share: float = 1.0) -> Large:
    """The large picture, its faces in place of those that other nets made.

    Parameters
    ----------
    small
        The picture before it was enlarged, within [0, 1].
    large
        What was made of it, of any larger size; it is changed.
    model
        The net for faces.
    share
        How much of them it makes, as the net for damage has of the whole picture.
    """
    reader = loaded("reader", task="read", device=small.device.type)
    for face in read_faces(small.cpu(), reader):
        weight = float(np.interp(face.size, *_SIZES)) * share * _is_upright(face)
        if weight:
            _put(face, weight, small, large, model)
    return large


def _is_upright(face: Face) -> bool:
    right, left = face.points[36:42].mean(0), face.points[42:48].mean(0)
    return abs(float(np.arctan2(*(left - right)[::-1]))) < _UPRIGHT


def _put(face: Face, weight: float, small: Small, large: Large, model: Model) -> None:
    """One face into the large picture, softly round it. Places are x and y, of small pixels."""
    corners = np.array(face.box, np.float64).reshape(2, 2)
    middle, half = corners.mean(0), np.ptp(corners, axis=0) / 2
    within = np.array(small.shape[:0:-1])
    first = np.maximum(np.floor(middle - _NONE * half), 0).astype(int)
    last = np.minimum(np.ceil(middle + _NONE * half), within).astype(int)
    reach = model.in_rgb.reach or 0  # so that the window's rim is as within the picture
    begin, end = np.maximum(first - reach, 0), np.minimum(last + reach, within)
    made = running.enlarged(model.in_rgb, _cut(small, begin, end).contiguous())
    times = model.net.factor
    made = _cut(made, times * (first - begin), times * (last - begin)).contiguous()
    if bool((small == small[:1]).all()):
        made = made.mean(0, keepdim=True).expand(3, -1, -1)
    scale = np.array(large.shape[:0:-1]) / within
    first, last = (np.rint(corner * scale).astype(int) for corner in (first, last))
    place = _cut(large, first, last)
    x, y = (
        ((np.arange(first[axis], last[axis]) + 0.5) / scale[axis] - middle[axis]) / half[axis]
        for axis in (0, 1)
    )
    share = weight * np.clip((_NONE - np.hypot(x, y[:, None])) / (_NONE - _WHOLE), 0, 1)
    made = resized(made, (place.shape[1], place.shape[2]))
    place.lerp_(made, torch.from_numpy(share.astype(np.float32)).to(place.device))


def _cut(planes: torch.Tensor, first: np.ndarray, last: np.ndarray) -> torch.Tensor:
    """What lies between two corners, x and y."""
    return planes[:, first[1] : last[1], first[0] : last[0]]
