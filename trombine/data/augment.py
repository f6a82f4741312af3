"""Pictures changed by chance, and their truth with them: `zoom:1.3+mirror+rotate:15+colour:0.1`.

    zoom:Z     larger by a factor between 1 and Z, even in its logarithm; zoom:A-Z: between A and Z
    shift:S    to each side by up to S of the picture's width
    mirror     half of the pictures; left and right parts, landmarks and points change places
    rotate:D   by up to D degrees to either side
    faces:F    other proportions: brows, noses, mouths and jaws as real people have them, by up to
               F of the way from those that the world paints (proportions.py)
    morph:M    a share M of photographed faces of which points are known is mixed, each with another
               one of the batch, in shape and in samples (morphs.py)
    colour:C   brightness, contrast and saturation each by a factor between 1 - C and 1 + C, hue by
               up to 60 C degrees to either side
    crop:N     then a window of N x N pixels of it, anywhere; of a smaller picture all
    none       nothing

All geometry of a picture is one affine map, after the bend of `faces` where landmarks are known.
Its samples are computed once, by the bicubic that `degrade` shrinks with (widened where the picture
gets smaller, so that it does not alias). What is outside is the picture mirrored at its edge, which
near a face shows a second head: why zoom:Z only enlarges, and moderate numbers do best. Parts move
by the same map, each pixel taking the nearest label. Landmarks and points are moved by the map
itself and are exact, after a bend within a part of a pixel; those that leave the picture are no
longer visible. Both sides of a pair change in the same way. Where a map is exact (mirror, crop,
zoom 1, no turn) the very samples come back.

The numbers of a vector, labels and seeds stay as they are: whether a mirrored face keeps its yaw is
for who learns it to know (`check_augment` refuses what it knows not to). The loops over
samples are in kernel_resample.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64, Int64, UInt8
from pydantic import ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass as options
from torch import Tensor

from trombine.core.conventions import MIRRORED_LANDMARK, MIRRORED_PART
from trombine.core.errors import InputError, first_of, shown
from trombine.core.grammar import pieces
from trombine.core.rng import Rng
from trombine.data.columns import Batch
from trombine.data.kernel_resample import nearest, resample
from trombine.data.morphs import morphed
from trombine.data.proportions import Bends, Reaches, bends, reaches, reshaped, straight
from trombine.io.color import LUMA

NONE: Final = "none"
_WRITTEN: Final = (
    "write zoom:1.3+shift:0.05+mirror+rotate:15+faces:1+morph:0.5+colour:0.1+crop:64, any of them"
)
_HUE: Final = math.pi / 3  # radians of hue to 1 of colour
_LABELS: Final = np.arange(256, dtype=np.uint8)  # 255, unknown, stays as well
_Factor = Annotated[float, Field(ge=0.25, le=2)]
MIRRORED_LABEL: Final = np.concatenate([MIRRORED_PART, _LABELS[len(MIRRORED_PART) :]])

Maps = Float64[np.ndarray, "n 2 3"]


@options(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Augment:
    """By how much pictures are changed; what is left out is not."""

    zoom: tuple[_Factor, _Factor] = (1.0, 1.0)  # the least factor and the largest
    shift: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    mirror: bool = False
    rotate: Annotated[float, Field(ge=0, le=180)] = 0.0
    faces: Annotated[float, Field(ge=0, le=1.5)] = 0.0
    morph: Annotated[float, Field(ge=0, le=1)] = 0.0
    colour: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    crop: Annotated[int, Field(ge=0, le=2**14)] = 0

    @classmethod
    def parse(cls, text: str) -> Augment:
        """The changes that this text spells, none of them for `none` or ""; raises InputError."""
        found = pieces(text, {}) if text not in ("", NONE) else []
        changes: dict[str, Any] = {piece.name: piece.value.strip() for piece in found}
        if "zoom" in changes:
            low, dash, high = changes["zoom"].partition("-")
            changes["zoom"] = (low, high) if dash else ("1", low)
        if any(piece.body == "mirror" for piece in found):
            changes["mirror"] = True
        if len(changes) < len(found):
            raise InputError(f"augment: a change is there twice in {shown(text)}; give each once")
        try:
            return cls(**changes)
        except ValidationError as error:
            raise InputError(f"augment {shown(first_of(error))}; {_WRITTEN}") from error


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What becomes of each picture of a batch."""

    maps: Maps  # from a place of the old picture, x and y in pixels, to one of the new
    shape: tuple[int, int]  # height and width of the new pictures
    zooms: Float64[np.ndarray, "n"]
    mirrored: Bool[np.ndarray, "n"]
    tints: Float64[np.ndarray, "n 3 4"]  # from old R, G, B in [0, 1], and 1, to the new
    reaches: Reaches | None = None  # of proportions; None: they stay


def augmented(batch: Batch, augment: Augment, chance: Rng) -> Batch:
    """The batch, changed, and its truth with it."""
    height, width = batch.pixels.shape[1:3]
    if augment.morph:
        batch = morphed(batch, augment.morph, chance.fold_in("morph"))
    return changed(batch, drawn(augment, (height, width), chance))


# What is drawn


def drawn(augment: Augment, shape: tuple[int, int], chance: Rng) -> Changes:
    """The changes of pictures of this height and width: a function of each place alone."""
    chance = chance.fold_in("augment")

    def even(purpose: str, reach: float) -> Float64[np.ndarray, "n"]:
        """A number within ± reach for each place."""
        return reach * (2 * chance.uniforms(purpose) - 1)

    def corners(axis: str, room: int) -> Float64[np.ndarray, "n"]:
        """Where the window begins, a whole pixel from 0 to `room`, for each place."""
        return np.floor(chance.uniforms(f"crop {axis}") * (room + 1))

    height, width = shape
    least, most = (math.log(factor) for factor in augment.zoom)
    zooms = np.exp((least + most) / 2 + even("zoom", (most - least) / 2))
    mirrored = (even("mirror", 1.0) < 0) & augment.mirror
    linear = turns(even("rotate", math.radians(augment.rotate))) * zooms[:, None, None]
    linear[mirrored, :, 0] *= -1  # mirrored first, then turned
    centre = np.array([width, height]) / 2
    shifts = np.stack([even("shift x", augment.shift), even("shift y", augment.shift)], 1) * width
    offsets = centre + shifts - linear @ centre
    cut = (min(height, augment.crop or height), min(width, augment.crop or width))
    if cut != shape:
        offsets -= np.stack([corners("x", width - cut[1]), corners("y", height - cut[0])], 1)
    tints = _tints(*(even(f"colour {name}", augment.colour) for name in _COLOURS))
    maps = np.concatenate([linear, offsets[:, :, None]], 2)
    faces = reaches(augment.faces, chance.fold_in("faces")) if augment.faces else None
    return Changes(maps=maps, shape=cut, zooms=zooms, mirrored=mirrored, tints=tints, reaches=faces)


_COLOURS: Final = ("brightness", "contrast", "saturation", "hue")


def turns(angles: Float64[np.ndarray, "n"]) -> Float64[np.ndarray, "n 2 2"]:
    """Rotations; y points down, so a positive one is clockwise in the picture."""
    cos, sin = np.cos(angles), np.sin(angles)
    return np.stack([np.stack([cos, -sin], 1), np.stack([sin, cos], 1)], 1)


def _tints(
    brightness: Float64[np.ndarray, "n"],
    contrast: Float64[np.ndarray, "n"],
    saturation: Float64[np.ndarray, "n"],
    hue: Float64[np.ndarray, "n"],
) -> Float64[np.ndarray, "n 3 4"]:
    """Hue turned round the axis of greys, then saturation, contrast, brightness: one map each."""
    luma = np.broadcast_to(LUMA, (3, 3))  # the same grey for R, G and B
    saturated = luma + (1 + saturation)[:, None, None] * (np.eye(3) - luma)
    colours = saturated @ _hues(hue * _HUE)
    bright = (1 + brightness)[:, None, None]
    scaled = bright * (1 + contrast)[:, None, None] * colours
    lifts = np.broadcast_to(bright * (-contrast / 2)[:, None, None], (len(hue), 3, 1))
    return np.concatenate([scaled, lifts], 2)


def _hues(angles: Float64[np.ndarray, "n"]) -> Float64[np.ndarray, "n 3 3"]:
    """Rotations of R, G, B round (1, 1, 1) by Rodrigues' formula: greys stay."""
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    sin, versine = np.sin(angles)[:, None, None], 1 - np.cos(angles)[:, None, None]
    return np.eye(3) + sin * cross + versine * (cross @ cross)


# What becomes of a batch


def changed(batch: Batch, changes: Changes) -> Batch:
    """The batch after these changes, both sides of pairs alike."""
    height, width = changes.shape
    back = inverse(changes.maps)
    points, visible = batch.points, batch.visible
    bent = straight(len(batch))
    if points is not None and changes.reaches is not None:
        old = points.numpy().astype(np.float64)
        new = reshaped(old, changes.reaches)
        bent = bends(old, new, (batch.pixels.shape[1], batch.pixels.shape[2]))
        points = torch.from_numpy(new.astype(np.float32))
    if points is not None:
        points = _moved(points, changes)
    if visible is not None:
        moved = permuted(visible.numpy(), changes.mirrored, MIRRORED_LANDMARK)
        if points is not None:  # those that are not known are nowhere
            moved &= ((points.numpy() >= 0) & (points.numpy() < [width, height])).all(-1)
        visible = torch.from_numpy(moved)
    return replace(
        batch,
        pixels=_resampled(batch.pixels, back, bent, changes),
        parts=None if batch.parts is None else _relabelled(batch.parts, back, bent, changes),
        points=points,
        visible=visible,
        pair=None if batch.pair is None else changed(batch.pair, changes),
    )


def inverse(maps: Maps) -> Maps:
    """From places of the new picture to those of the old."""
    linear = np.linalg.inv(maps[:, :, :2])
    return np.concatenate([linear, -linear @ maps[:, :, 2:]], 2)


def _resampled(
    pixels: UInt8[Tensor, "n h w 3"], back: Maps, bent: Bends, changes: Changes
) -> UInt8[Tensor, "n k l 3"]:
    old = np.ascontiguousarray(pixels.numpy())
    new = np.empty((len(old), *changes.shape, 3), np.uint8)
    tints = changes.tints * [1, 1, 1, 255]  # samples, not [0, 1]
    resample(old, back, bent, np.maximum(1 / changes.zooms, 1), tints, new)
    return torch.from_numpy(new)


def _relabelled(
    parts: UInt8[Tensor, "n h w"], back: Maps, bent: Bends, changes: Changes
) -> UInt8[Tensor, "n k l"]:
    old = np.ascontiguousarray(parts.numpy())
    new = np.empty((len(old), *changes.shape), np.uint8)
    nearest(old, back, bent, new)
    new[changes.mirrored] = MIRRORED_LABEL[new[changes.mirrored]]
    return torch.from_numpy(new)


def _moved(points: Float32[Tensor, "n 68 2"], changes: Changes) -> Float32[Tensor, "n 68 2"]:
    """Points through the map, each under the name of what it is now; unknown ones stay so."""
    linear, offsets = changes.maps[:, :, :2], changes.maps[:, :, 2]
    moved = points.numpy().astype(np.float64) @ linear.transpose(0, 2, 1) + offsets[:, None]
    named = permuted(moved, changes.mirrored, MIRRORED_LANDMARK)
    return torch.from_numpy(named.astype(np.float32))


def permuted(
    cells: np.ndarray, mirrored: Bool[np.ndarray, "n"], partners: Int64[np.ndarray, "k"]
) -> np.ndarray:
    """Rows of mirrored pictures with left and right exchanged."""
    result = cells.copy()
    result[mirrored] = cells[mirrored][:, partners]
    return result


# ---------------------------------------------------------------------------------------------
# What vectors say that is no longer true of a changed picture

_FRAMED: Final = ("centre_x", "centre_y")
UNTRUE: Final = {
    "zoom": ("scale", *_FRAMED),
    "shift": _FRAMED,
    "mirror": ("yaw", "roll", "gaze_x", "light_turn", "parting", "centre_x", *"abcdxy"),
    "rotate": ("roll", "gaze_x", "gaze_y", "light_turn", "light_height", *_FRAMED),
    "faces": (
        *("cheeks", "cheekbones", "jaw_width", "chin_length", "chin_width", "eye_size"),
        *("brow_height", "nose_length", "nose_width", "mouth_width", "mouth_height"),
        *("upper_lip", "lower_lip", "smile", "mouth_open", "brow_raise", "lid_open", "squint"),
    ),
    "colour": (
        *("tone", "undertone", "ruddy", "iris", "iris_light", "lip_red", "lipstick"),
        *("lipstick_hue", "hair_light", "hair_red", "hair_grey", "hair_hue", "light_warm"),
        *("exposure", "glasses_hue", "hat_hue", "hat_light", "cloth_hue", "cloth_grey"),
        *("cloth_light", "ground_hue", "ground_grey", "ground_light", "palette"),
    ),
    "morph": (),  # the mean of both, which is what the numbers become
    "crop": ("scale", *_FRAMED),
}


def check_augment(augment: Augment, learned: Sequence[str]) -> None:
    """Refuse augmentation that makes numbers untrue that are learned from the pictures' vectors."""
    for change, names in UNTRUE.items():
        invalid = [name for name in learned if name in names]
        if invalid and getattr(augment, change) != getattr(Augment(), change):
            raise InputError(
                f"augment {change} changes the {' and '.join(invalid)} of a picture, and its"
                f" vector says what it was; leave {change} out"
            )
