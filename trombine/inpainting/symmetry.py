"""The hidden half of a face by the half that is seen, as sharp as the picture is.

A net paints a large face in 128 pixels, which hold no lashes, pores or hair. What is hidden on one
side of a face is often seen on the other. So each hidden pixel gets what is at its place on the
other side, by a smooth map that takes landmarks to their partners, as light as the net painted it,
since light comes from one side.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from scipy.interpolate import RBFInterpolator
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

from trombine.core.conventions import MIRRORED_LANDMARK, MIRRORED_PART, PART_INDEX
from trombine.core.tiles import Box, cut
from trombine.faces import WINDOW, Face
from trombine.inpainting.damaged import Damaged, middles
from trombine.inpainting.windows import Area, Window
from trombine.io.color import LUMA

# Lengths in sides of a face's frame (docs/log/repair.md).
_TONE: Final = 0.06  # what is coarser is the net's, what is finer the other side's
_FADE: Final = 0.04  # over which it begins at the rim, and ends where the other side is hidden
_BESIDE: Final = (0.05, 0.15)  # from the head: what is farther behind it is not mirrored
_RIM: Final = 0.15  # round the hole, in which tones are compared, too
_STIFF: Final = 0.05  # of the map: landmarks are read with errors
_TURNED: Final = 0.5  # of the wider half's width: what is narrower says little of the other
_HALVES: Final = (slice(0, 3), slice(14, 17))  # landmarks beside the eyes
_BEHIND: Final = [PART_INDEX["background"], PART_INDEX["cloth"]]
_LEAST: Final = 0.02  # of a tone's neighbours: where fewer can be compared it stays nearly as it is

Places = Float64[np.ndarray, "n 2"]
Plane = Float64[np.ndarray, "h w"]


def is_frontal(face: Face) -> bool:
    """Whether both halves of a face are wide enough to show what the other is like."""
    nose = face.points[27:29].mean(0)
    widths = [np.linalg.norm(face.points[half].mean(0) - nose) for half in _HALVES]
    return bool(min(widths) > _TURNED * max(widths))


def paint_by_other_side(damaged: Damaged, face: Face, area: Area) -> None:
    """Paint the area of a face, which a net has painted, as its other side is where that is seen.

    The landmarks and parts of the face are those of what the net painted.
    """
    side = face.frame.side
    box = area.box.grown(round(_RIM * side), *damaged.size)
    shape = box.height, box.width
    rows, columns = np.mgrid[box.top : box.bottom, box.left : box.right]
    inside = area.within(box)
    there = other_side(face, box)
    is_seen, colours = _seen(damaged, there)
    is_seen, colours = is_seen.reshape(shape), colours.reshape(*shape, 3)
    parts = _parts(face, middles(rows.ravel(), columns.ravel())).reshape(shape)
    mirrored = MIRRORED_PART[_parts(face, there)].reshape(shape)

    painted = damaged.known(box)
    alike = is_seen & (parts == mirrored) & (painted[..., 3] > 0)
    lighter = (painted[..., :3] - colours) @ np.array(LUMA, np.float32)
    colours += _coarse(lighter, alike, side)[..., None]
    share = np.minimum(_depth(inside) / (_FADE * side), 1)
    share *= np.minimum(_depth(is_seen) / (_FADE * side), 1)
    behind = np.isin(parts, _BEHIND) & np.isin(mirrored, _BEHIND)
    share *= np.interp(_depth(behind) / side, _BESIDE, (1, 0))
    mixed = painted[..., :3] + share[..., None].astype(np.float32) * (colours - painted[..., :3])
    damaged.put(box, inside, mixed)


def other_side(face: Face, box: Box) -> Places:
    """The place on a face's other side of each pixel of a box, row by row."""
    points, side = face.points.astype(np.float64), face.frame.side
    to_other = RBFInterpolator(points, points[MIRRORED_LANDMARK], smoothing=_STIFF * side)
    step = max(side / WINDOW, 1.0)  # the map is smooth
    down, across = (np.arange(0, length + step, step) for length in (box.height, box.width))
    grid = np.stack(np.meshgrid(across + box.left, down + box.top), -1).reshape(-1, 2)
    coarse = to_other(grid).reshape(len(down), len(across), 2)
    at = (np.mgrid[: box.height, : box.width] + 0.5) / step
    return np.stack([map_coordinates(coarse[..., xy], at, order=1).ravel() for xy in (0, 1)], 1)


def _seen(
    damaged: Damaged, places: Places
) -> tuple[Bool[np.ndarray, "n"], Float32[np.ndarray, "n 3"]]:
    """Which places the picture shows, outside of its hole, and the colours there."""
    ends = np.array(damaged.size)[::-1]
    left, top = (places.min(0) - 2).astype(int).clip(0, ends - 1).tolist()
    right, bottom = (places.max(0) + 3).astype(int).clip([left + 1, top + 1], ends).tolist()
    box = Box(top=top, left=left, bottom=bottom, right=right)
    known = damaged.known(box)
    kept = (known[..., 3] > 0) & ~cut(damaged.hole, box)
    at = [places[:, 1] - top - 0.5, places[:, 0] - left - 0.5]
    share = map_coordinates(kept.astype(np.float32), at, order=1, cval=0)
    planes = [map_coordinates(known[..., c], at, order=3, mode="nearest") for c in range(3)]
    return share > 0.999, np.stack(planes, 1).astype(np.float32)


def _parts(face: Face, places: Places) -> Int64[np.ndarray, "n"]:
    """The parts at places of the picture; background beyond the face's window."""
    own = np.floor(Window.of_frame(face.frame).to_window(places)).astype(np.int64)
    inside = ((own >= 0) & (own < WINDOW)).all(1)
    x, y = own.clip(0, WINDOW - 1).T
    return np.where(inside, face.parts[y, x], 0).astype(np.int64)


def _depth(inside: Bool[np.ndarray, "h w"]) -> Plane:
    """How far each pixel is from those that are not inside."""
    return np.asarray(distance_transform_edt(inside))


def _coarse(
    gaps: Float32[np.ndarray, "h w"], counted: Bool[np.ndarray, "h w"], side: float
) -> Float32[np.ndarray, "h w"]:
    """The coarse part of gaps between tones, by those pixels that are counted."""
    step = max(round(side / WINDOW), 1)
    height, width = counted.shape
    planes = np.stack([gaps * counted, counted])
    planes = np.pad(planes, ((0, 0), (0, -height % step), (0, -width % step)))
    small = planes.reshape(2, planes.shape[1] // step, step, -1, step).mean((2, 4))
    spread = _TONE * side / step
    total, count = gaussian_filter(small, (0, spread, spread))
    at = (np.mgrid[:height, :width] + 0.5) / step - 0.5
    means = map_coordinates(total / np.maximum(count, _LEAST), at, order=1, mode="nearest")
    return means.astype(np.float32)
