"""The parts of a whole picture: what was read in windows of 128 pixels, at the picture's own size.

Where the picture is at hand its own pixels say where edges run: `refiner` goes from a window to
twice its size, and again, until it has as many pixels as the picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, cast

import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8
from scipy.ndimage import binary_fill_holes
from torch import Tensor

from trombine.core.conventions import PART_INDEX
from trombine.faces.faces import Face, below_brows, labels_of, lit
from trombine.faces.frames import WINDOW, Samples, crop_windows, sample_window
from trombine.models import loaded
from trombine.models.tasks import check_finite
from trombine.nets.blocks import fused
from trombine.nets.faces import Refiner

REFINER: Final = "refiner"
_LARGEST: Final = 4 * WINDOW  # pixels of a window, as the refiner learned from
_ENOUGH: Final = 1.4  # times as many pixels as a window has may be left unseen
_ROWS: Final = 256  # of a picture that are labelled at once


def parts_map(
    faces: Sequence[Face], height: int, width: int, *, picture: Samples | None = None
) -> UInt8[np.ndarray, "h w"]:
    """The parts of a whole picture; where faces overlap, the smaller lies over the larger. With the
    picture they follow its edges."""
    full = np.zeros((height, width), np.uint8)
    picture = None if picture is None else lit(picture)
    for face in sorted(faces, key=lambda face: -face.frame.side):
        logits = face.logits if picture is None else refined(picture, face)
        labels, inside, left, top = _labels(face, logits, height, width)
        # The net takes moustaches, folds and shadows for background: what a face goes all round,
        # between its jaw and its brows, is skin.
        between = below_brows(face.points - (left, top), labels.shape)
        labels[(labels == 0) & between & binary_fill_holes(labels != 0)] = PART_INDEX["skin"]
        region = full[top : top + labels.shape[0], left : left + labels.shape[1]]
        mine = inside & (labels != 0)
        region[mine] = labels[mine]
    return full


def refined(picture: Samples, face: Face) -> Float32[Tensor, "p s s"]:
    """The logits of a face's parts in its window, at as many times its pixels as the picture has:
    one, two or four. Where there are no more, nothing is to be seen that was not read.

    A dark picture is to be lit before, as the reader lights it.
    """
    net = fused(cast(Refiner, loaded(REFINER, task="refine").net))
    with torch.inference_mode():
        logits, side = face.logits[None].float(), WINDOW
        while _ENOUGH * side < face.frame.side and side < _LARGEST:
            side *= 2
            window = crop_windows(picture, [face.frame], side)
            logits = net(window, parts=logits.softmax(1)).float()
            check_finite(logits)
    return logits[0]


def _labels(
    face: Face, logits: Float32[Tensor, "p s s"], height: int, width: int
) -> tuple[UInt8[np.ndarray, "k l"], Bool[np.ndarray, "k l"], int, int]:
    """The labels of the rectangle round a face's window, which of them the window knows, and
    the rectangle's left and top."""
    frame = face.frame
    reach = frame.side * (abs(math.cos(frame.angle)) + abs(math.sin(frame.angle))) / 2
    left, right = (min(max(round(frame.x + s * reach), 0), width) for s in (-1, 1))
    top, bottom = (min(max(round(frame.y + s * reach), 0), height) for s in (-1, 1))
    labels = np.zeros((bottom - top, right - left), np.uint8)
    inside = np.zeros(labels.shape, bool)
    across = torch.arange(left, right, dtype=torch.float64) + 0.5
    for start in range(top, bottom, _ROWS):
        down = torch.arange(start, min(start + _ROWS, bottom), dtype=torch.float64) + 0.5
        grid = torch.stack(torch.meshgrid(across, down, indexing="xy"), -1)
        own = frame.to_window(grid.reshape(-1, 2))
        rows, shape = slice(start - top, start - top + len(down)), grid.shape[:2]
        labels[rows] = labels_of(sample_window(logits.float(), own).unflatten(1, shape)).numpy()
        inside[rows] = ((2 * own / WINDOW - 1).abs() <= 1).all(1).view(shape).numpy()
    return labels, inside, left, top
