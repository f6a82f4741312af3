"""Numbers of pictures that augmentation makes untrue: vectors do not change with the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trombine.core.errors import InputError
from trombine.data.augment import Augment

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
