"""Eyes, brows, nose, mouth and glasses under a hole, with the lines that the face world draws.

A net paints a large face in 128 pixels, where an eye has eight. The person of the world who looks
like the painted face (restyling/portrait.py) has lids, lashes and lips at any size: what is fine in
their painting is put in place of what is fine in the net's. Coarse tones and all colours stay.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import torch
from scipy.ndimage import binary_dilation, distance_transform_edt, gaussian_filter

from trombine.core.conventions import LANDMARK_GROUPS, MIRRORED_LANDMARK, PART_INDEX
from trombine.core.tiles import cut
from trombine.faces import Face, read_faces
from trombine.inpainting.damaged import Damaged
from trombine.inpainting.windows import Area, Window
from trombine.io.color import LUMA
from trombine.metrics.drawing import is_drawing
from trombine.models import Model
from trombine.restyling.portrait import character_of, cutout, style_by_looks

# Lengths in sides of a face's frame (docs/log/repair.md).
_FINE: Final = 0.02  # what is finer is the painting's
_FADE: Final = 0.025  # over which it begins, at the hole's rim and round an organ
_SEEN: Final = 1.6  # what of the picture is looked at
_STYLE: Final = "photo"
_ORGANS: Final = [
    PART_INDEX[name]
    for name in (
        *("left_eye", "right_eye", "left_brow", "right_brow", "nose", "glasses"),
        *("mouth", "upper_lip", "lower_lip"),
    )
]
_NOT_THE_JAW: Final = slice(LANDMARK_GROUPS["jaw"].stop, 68)


def hides_organs(damaged: Damaged, face: Face, *, has_twin: bool) -> bool:
    """Whether the hole hides a landmark of eyes, brows, nose or mouth; where the other side of the
    face `has_twin` landmarks, on both sides."""
    ends = np.array(damaged.size)[::-1] - 1
    columns, rows = np.floor(face.points).astype(int).clip(0, ends).T
    hidden = damaged.hole[rows, columns]
    if has_twin:
        hidden &= hidden[MIRRORED_LANDMARK]
    return bool(hidden[_NOT_THE_JAW].any())


def draw_organs(damaged: Damaged, face: Face, area: Area, reader: Model) -> None:
    """Draw the organs in the area of a face that a net has painted, if its face is fitted well."""
    side = face.frame.side
    box = Window.of_frame(replace(face.frame, side=_SEEN * side)).reach(*damaged.size)
    planes = damaged.known(box)[..., :3]
    picture = torch.from_numpy(np.ascontiguousarray(planes.transpose(2, 0, 1)))
    found, pixels = read_faces(picture, reader, largest=True), (255 * planes).round()
    pixels = pixels.astype(np.uint8)
    if not found or is_drawing(pixels) or style_by_looks(found[0], pixels) != _STYLE:
        return
    character = character_of(picture, found[0], _STYLE)
    if not character.fits:
        return
    drawn, rows, columns = cutout(character, _STYLE).inside(box.height, box.width)
    organs = np.zeros((box.height, box.width), bool)
    organs[rows, columns] = np.isin(drawn.parts, _ORGANS)
    light = planes @ np.array(LUMA, np.float32)
    painting = light.copy()
    painting[rows, columns] += drawn.colours @ np.array(LUMA, np.float32)
    painting[rows, columns] -= drawn.opacity * light[rows, columns]
    gap = painting - light
    fine = gap - gaussian_filter(gap, _FINE * side)

    mine = area.box.shared(box)
    if mine is None:
        return
    inside = np.zeros_like(organs)
    cut(inside, mine.within(box))[...] = cut(area.inside, mine.within(area.box))
    fade = _FADE * side
    near = binary_dilation(organs, iterations=max(round(fade / 2), 1))
    share = np.minimum(np.asarray(distance_transform_edt(inside)) / fade, 1)
    share *= gaussian_filter(near.astype(np.float32), fade / 2)
    made = planes + (share * fine)[..., None].astype(np.float32)
    y, x = np.nonzero(inside)
    damaged.paint(y + box.top, x + box.left, made[inside].clip(0, 1))
