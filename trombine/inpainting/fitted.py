"""Eyes, brows, mouth and glasses under a hole, with the lines that the face world draws.

A net paints a large face in 128 pixels, where an eye has eight. The person of the world who looks
like the painted face (restyling/portrait.py) has lids, lashes and lips at any size: what is fine in
their painting is put in place of what is fine in the net's. Coarse tones and all colours stay.
Noses have few lines, and are nearer to the truth as the net paints them (docs/log/repair.md).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, Float64
from scipy.ndimage import distance_transform_edt, gaussian_filter

from trombine.core.conventions import LANDMARK_COUNT, LANDMARK_GROUPS, MIRRORED_LANDMARK, PART_INDEX
from trombine.core.tiles import cut
from trombine.faces import Face, read_faces
from trombine.faces.faces import Least
from trombine.inpainting.damaged import Damaged
from trombine.inpainting.faces import hidden_points
from trombine.inpainting.windows import Area, Window
from trombine.io.color import LUMA
from trombine.metrics.drawing import is_drawing
from trombine.models import Model
from trombine.restyling.portrait import Character, character_of, cutout, style_by_looks

# Lengths in sides of a face's frame (docs/log/repair.md).
_FINE: Final = 0.02  # what is finer is the painting's
_FADE: Final = 0.025  # over which it begins at the hole's rim, and ends round an organ
_SEEN: Final = 1.6  # what of the picture is looked at
_STYLE: Final = "photo"
_THERE: Final = Least(place=0.1, likely=0.02, lost=0.05)  # of a face that is known to be there
_ORGANS: Final = [
    PART_INDEX[name]
    for name in (
        *("left_eye", "right_eye", "left_brow", "right_brow", "glasses"),
        *("mouth", "upper_lip", "lower_lip"),
    )
]
_OTHERS: Final = {*LANDMARK_GROUPS["jaw"], *LANDMARK_GROUPS["nose"]}
_LANDMARKS: Final = [number for number in range(LANDMARK_COUNT) if number not in _OTHERS]


def hides_organs(damaged: Damaged, face: Face, *, has_twin: bool) -> bool:
    """Whether the hole hides a landmark of eyes, brows or mouth; where the other side of the
    face `has_twin` landmarks, on both sides."""
    under = hidden_points(damaged, face.points)
    if has_twin:
        under &= under[MIRRORED_LANDMARK]
    return bool(under[_LANDMARKS].any())


def draw_organs(damaged: Damaged, face: Face, area: Area, reader: Model) -> None:
    """Draw the organs in the area of a face that a net has painted, if its face is fitted well."""
    side = face.frame.side
    view = Window.of_frame(replace(face.frame, side=_SEEN * side)).reach(*damaged.size)
    colours = damaged.known(view)[..., :3]
    middle = np.array([face.frame.x - view.left, face.frame.y - view.top])
    found = fitted_in(colours, middle, reader)
    box = area.box.grown(math.ceil(4 * _FINE * side), *damaged.size).shared(view)
    if found is None or not found[1].fits or box is None:
        return
    drawn, rows, columns = cutout(found[1], _STYLE).inside(view.height, view.width)
    gap, organs = np.zeros(colours.shape[:2], np.float32), np.zeros(colours.shape[:2], bool)
    of_light = np.array(LUMA, np.float32)
    gap[rows, columns] = (
        drawn.colours - drawn.opacity[..., None] * colours[rows, columns]
    ) @ of_light
    organs[rows, columns] = np.isin(drawn.parts, _ORGANS)

    own = box.within(view)
    gap, organs = cut(gap, own), cut(organs, own)
    colours = colours[own.top : own.bottom, own.left : own.right]
    if area.box.shared(box) is None or not organs.any():
        return
    inside = area.within(box)
    fine = gap - gaussian_filter(gap, _FINE * side)
    depth, beside = (np.asarray(distance_transform_edt(one)) for one in (inside, ~organs))
    share = np.minimum(depth / (_FADE * side), 1) * np.clip(1 - beside / (_FADE * side), 0, 1)
    made = colours + (share * fine)[..., None].astype(np.float32)
    damaged.put(box, inside, made)


def fitted_in(
    colours: Float32[np.ndarray, "k l 3"], middle: Float64[np.ndarray, "2"], reader: Model
) -> tuple[Face, Character] | None:
    """The face nearest to this place of a part of a photograph, and the person of the world who
    looks like it; None of a drawing, or without a face."""
    picture = torch.from_numpy(np.ascontiguousarray(colours.transpose(2, 0, 1)))
    found = read_faces(picture, reader, least=_THERE)
    if not found:
        return None
    own = min(found, key=lambda one: float(np.hypot(*(middle - [one.frame.x, one.frame.y]))))
    pixels = (255 * colours).round().astype(np.uint8)
    if is_drawing(pixels) or style_by_looks(own, pixels) != _STYLE:
        return None
    character = character_of(picture, own, _STYLE)
    return own, character
