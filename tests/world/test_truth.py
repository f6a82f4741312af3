"""Whether what the world says of a face is so: landmarks on their parts, labels at any size,
paint where the labels say.

Looks at finished pictures and labels alone, not at the curves they were made from: distances to
parts are measured on the label map, and that paint and labels agree is seen by painting a face
twice, with the colour of one thing changed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from functools import cache
from typing import Final

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from skimage.measure import points_in_poly

from trombine.core.conventions import LANDMARK_GROUPS, PART_INDEX
from trombine.world import STYLES, Face, face, paint

# Some faces with what is rare: a hat, a turned head, dark glasses, a wide open mouth.
SEEDS: Final = (2_000_001, 2_000_005)
SIZE: Final = 256
FINE: Final = 512  # for landmarks: a drawn lip is thinner than a pixel of 256
REACH: Final = 4  # pixels that soft edges and a style's ink reach past a label, at SIZE
# Where two edges run within a third of a pixel, one may show through the other's smoothing though
# no label has room between them, and a pencil strays: this share of a picture's pixels.
STRAY: Final = 0.001

# The parts that a group of landmarks lies on. A beard is hair, and a chin may be under it.
ON: Final[dict[str, tuple[str, ...]]] = {
    "jaw": ("skin", "hair", "nose", "mouth", "lower_lip", "upper_lip", "right_brow", "left_brow",
            "right_eye", "left_eye"),
    "right_brow": ("right_brow",),
    "left_brow": ("left_brow",),
    "nose": ("nose",),
    "right_eye": ("right_eye",),
    "left_eye": ("left_eye",),
    "outer_lips": ("upper_lip", "lower_lip"),
    "inner_lips": ("upper_lip", "lower_lip", "mouth"),
}  # fmt: skip

# One thing changed; the parts that may change with it; the parts of which most must.
# Light passes a clear lens, so what lies behind glasses changes with the skin.
CHANGES: Final[dict[str, tuple[dict[str, float], tuple[str, ...], tuple[str, ...]]]] = {
    "iris": ({"iris": 0.0}, ("left_eye", "right_eye", "glasses"), ()),
    "lips": (
        {"lipstick": 1.0, "lipstick_hue": 0.9},
        ("upper_lip", "lower_lip"),
        ("upper_lip", "lower_lip"),
    ),
    "hair": (
        {"hair_dye": 1.0, "hair_hue": 0.6, "hair_light": 0.5},
        ("hair", "left_brow", "right_brow", "glasses"),
        ("hair",),
    ),
    "skin": (
        {"tone": 0.5},
        ("skin", "nose", "neck", "left_ear", "right_ear", "left_eye", "right_eye", "left_brow",
         "right_brow", "upper_lip", "lower_lip", "mouth", "glasses"),
        ("skin", "nose"),
    ),
}  # fmt: skip


def distance_to(places: np.ndarray) -> np.ndarray:
    """How far each pixel's centre is from the nearest of these places, in pixels."""
    return np.asarray(distance_transform_edt(~places))


def any_of(parts: np.ndarray, names: Iterable[str]) -> np.ndarray:
    """Where the label is one of these."""
    return np.isin(parts, [PART_INDEX[name] for name in names])


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", SEEDS)
def test_landmarks_lie_on_their_parts_and_labels_are_those_of_any_size(
    seed: int, style: str
) -> None:
    """Visible ones to a fiftieth of the face's width, those of eyes, nose and mouth within jaw and
    brows; at three times the size every third pixel has the same centre."""
    person = face(seed)
    painted = paint(person, FINE, style)
    for group, names in ON.items():
        away = distance_to(any_of(painted.parts, names))
        for i in LANDMARK_GROUPS[group]:
            if painted.visible[i]:
                column, row = np.clip(painted.points[i].astype(int), 0, FINE - 1)
                assert away[row, column] <= 0.02 * 2 * person.scale * FINE, i
    # Brows are drawn as a middle line; what hangs on it is the face below.
    brows = painted.points[26:16:-1] - [0, 0.02 * FINE]
    ring = np.concatenate([painted.points[LANDMARK_GROUPS["jaw"]], brows])
    assert points_in_poly(painted.points[27:], ring).all()
    small, large = (paint(person, size, style).parts for size in (64, 192))
    assert (small == large[1::3, 1::3]).mean() >= 0.999


@cache
def bare(seed: int) -> Face:
    """A face without what has two colours at once: painted lids, hair that shows skin."""
    gone = ("eye_makeup", "lipstick", "hair_dye", "stubble", "beard", "moustache")
    person = face(seed)
    length = max(person.hair_length, 0.12)
    return dataclasses.replace(person, **dict.fromkeys(gone, 0.0), hair_length=length)


@cache
def plain(seed: int, style: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Its pixels and parts, and the parts at three times the size, by which a sliver narrower than
    a pixel is not overlooked."""
    painted, fine = (paint(bare(seed), size, style) for size in (SIZE, 3 * SIZE))
    return painted.pixels, painted.parts, fine.parts


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("what", CHANGES)
def test_paint_is_where_the_labels_say(what: str, style: str) -> None:
    """A face is painted twice, with one colour changed; the pictures differ there alone."""
    fields, allowed, expected = CHANGES[what]
    followed = []
    for seed in SEEDS:
        person, (pixels, parts, fine) = bare(seed), plain(seed, style)
        if what == "iris":
            fields = {"iris": 0.0 if person.iris > 0.5 else 1.0}
        if what == "skin":
            fields = {"tone": 0.1 if person.tone > 0.5 else 0.9}
        after = paint(dataclasses.replace(person, **fields), SIZE, style).pixels
        differs = (pixels != after).any(axis=-1)
        there = any_of(fine, allowed).reshape(SIZE, 3, SIZE, 3).any(axis=(1, 3))
        assert (differs & (distance_to(np.asarray(there)) > REACH)).sum() <= STRAY * SIZE**2
        must = any_of(parts, expected)
        followed.append(differs[must].mean() if must.any() else 1.0)
    assert np.mean(followed) >= 0.4


@pytest.mark.parametrize("style", STYLES)
def test_the_colour_of_the_iris_is_seen_in_the_eyes_and_nowhere_else(style: str) -> None:
    """An iris is too small a share of an eye for the rule above of how much must follow."""
    person = face(50, glasses=0.0, lid_open=0.8, fringe=0.0, hair_length=0.15)
    brown, blue = (paint(dataclasses.replace(person, iris=iris), 256, style) for iris in (0.0, 1.0))
    eyes = any_of(brown.parts, ("left_eye", "right_eye"))
    changed = (brown.pixels != blue.pixels).any(axis=-1)
    assert changed[eyes].mean() > 0.1
    assert not changed[distance_to(eyes) > 3].any()
