"""Pictures of faces cut out as a Frame says: turned upright, as large as is wanted, truth and all.

Outside the picture it is mirrored at its edge, as augment.py does.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from trombine.data.proportions import straight
from trombine.devices import CPU

if TYPE_CHECKING:
    from trombine.reader import Frame

Maps = Float64[np.ndarray, "1 2 3"]
READER: Final = "reader"  # that finds the faces


def face_frame(pixels: UInt8[np.ndarray, "h w 3"], device: str = CPU) -> Frame | None:
    """Where the largest face of a picture stands with its eyes in their places; None without."""
    from trombine.conventions import to_picture
    from trombine.reader import read_faces
    from trombine.weights import loaded

    reader = loaded(READER, task="read", device=device)
    faces = read_faces(to_picture(pixels), reader, largest=True)
    return faces[0].aligned() if faces else None


def framed(
    pixels: UInt8[np.ndarray, "h w 3"], frame: Frame, size: int
) -> UInt8[np.ndarray, "s s 3"]:
    """What the frame shows, bicubic and widened where it shrinks."""
    from trombine.data.kernel_resample import resample

    result = np.empty((1, size, size, 3), np.uint8)
    plain = np.concatenate([np.eye(3), np.zeros((3, 1))], 1)[None]
    shrinks = np.array([max(frame.side / size, 1.0)])
    resample(
        np.ascontiguousarray(pixels)[None], _map(frame, size), straight(1), shrinks, plain, result
    )
    return result[0]


def framed_parts(
    parts: UInt8[np.ndarray, "h w"], frame: Frame, size: int, times: float = 1.0
) -> UInt8[np.ndarray, "s s"]:
    """The labels at the middles of the new pixels; `times` as many pixels as the picture has."""
    from trombine.data.kernel_resample import nearest

    result = np.empty((1, size, size), np.uint8)
    nearest(np.ascontiguousarray(parts)[None], _map(frame, size) * times, straight(1), result)
    return result[0]


def framed_points(
    points: Float32[np.ndarray, "k 2"], frame: Frame, size: int
) -> Float32[np.ndarray, "k 2"]:
    """Points of the picture as points of what the frame shows."""
    linear, offset = _map(frame, size)[0, :, :2], _map(frame, size)[0, :, 2]
    return ((points.astype(np.float64) - offset) @ np.linalg.inv(linear).T).astype(np.float32)


def _map(frame: Frame, size: int) -> Maps:
    """From places of the new picture to those of the old."""
    cos, sin = math.cos(frame.angle), math.sin(frame.angle)
    linear = np.array([[cos, -sin], [sin, cos]]) * frame.side / size
    middle = np.array([frame.x, frame.y]) - linear @ [size / 2, size / 2]
    return np.concatenate([linear, middle[:, None]], 1)[None]
