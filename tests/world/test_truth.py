"""Whether what the world says of a face is so: landmarks on their parts, labels at any size,
paint where the labels say.

Looks at finished pictures and labels alone, not at the curves they were made from: distances to
parts are measured on the label map, and that paint and labels agree is seen by painting a face
twice, with the colour of one thing changed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Final

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from trombine.core.conventions import LANDMARK_GROUPS, PART_INDEX
from trombine.world import STYLES, Face, Painted, face, paint

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


def off_part(painted: Painted, face_width: float) -> np.ndarray:
    """How far each visible landmark is from the parts of its group, in face widths; NaN for
    hidden ones. A landmark's pixel counts as far as its centre is."""
    size = painted.parts.shape[0]
    found = np.full(68, np.nan)
    for group, names in ON.items():
        away = distance_to(any_of(painted.parts, names))
        for i in LANDMARK_GROUPS[group]:
            if painted.visible[i]:
                column, row = np.clip(painted.points[i].astype(int), 0, size - 1)
                found[i] = away[row, column] / face_width
    return found


def outside_own_face(painted: Painted) -> int:
    """How many landmarks of eyes, nose and mouth lie outside the polygon of jaw and brows."""
    jaw = painted.points[LANDMARK_GROUPS["jaw"]]
    brows = painted.points[26:16:-1]
    # Brows are drawn as a middle line; what hangs on it is the face below.
    ring = np.concatenate([jaw, brows - [0, 0.02 * painted.parts.shape[0]]])
    inner = painted.points[27:]
    return int((~np.array([_inside(point, ring) for point in inner])).sum())


def _inside(point: np.ndarray, ring: np.ndarray) -> bool:
    """Whether a ray from the point to the right crosses the ring an odd number of times."""
    (x, y), before = point, np.roll(ring, 1, axis=0)
    crosses = (ring[:, 1] > y) != (before[:, 1] > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = ring[:, 0] + (y - ring[:, 1]) / (before[:, 1] - ring[:, 1]) * (
            before[:, 0] - ring[:, 0]
        )
    return bool((crosses & (at > x)).sum() % 2)


def label_agreement(person: Face, style: str, size: int = 64) -> float:
    """Share of pixels whose label is the same at three times the size, whose every third pixel
    has the same centre."""
    small = paint(person, size, style).parts
    large = paint(person, 3 * size, style).parts
    return float((small == large[1::3, 1::3]).mean())


def bare(person: Face) -> Face:
    """The face without what has two colours at once: painted lids, hair that shows skin."""
    return dataclasses.replace(
        person,
        eye_makeup=0.0,
        lipstick=0.0,
        hair_dye=0.0,
        stubble=0.0,
        beard=0.0,
        moustache=0.0,
        hair_length=max(person.hair_length, 0.12),
    )


def _away(person: Face, style: str, names: Iterable[str]) -> np.ndarray:
    """How far each pixel is from the nearest place with one of these labels, in pixels. Labels of
    three times the size are asked, so that a sliver narrower than a pixel is not overlooked."""
    fine = any_of(paint(bare(person), 3 * SIZE, style).parts, names)
    coarse = np.asarray(fine.reshape(SIZE, 3, SIZE, 3).any(axis=(1, 3)))
    return distance_to(coarse)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Change:
    """What became of a picture when one colour changed."""

    strayed: int  # pixels that changed outside the labels and their reach
    followed: float  # share of the pixels that should change that did


def change(person: Face, style: str, what: str) -> Change:
    """Paint a face twice, with one colour changed, and see where the two differ."""
    fields, allowed, expected = CHANGES[what]
    if what == "iris":
        fields = {"iris": 0.0 if person.iris > 0.5 else 1.0}
    if what == "skin":
        fields = {"tone": 0.1 if person.tone > 0.5 else 0.9}
    before = paint(bare(person), SIZE, style)
    after = paint(dataclasses.replace(bare(person), **fields), SIZE, style)
    differs = (before.pixels != after.pixels).any(axis=-1)
    far = _away(person, style, allowed) > REACH
    must = any_of(before.parts, expected)
    followed = float(differs[must].mean()) if must.any() else 1.0
    return Change(strayed=int((differs & far).sum()), followed=followed)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", SEEDS)
def test_landmarks_lie_on_their_parts_and_labels_are_those_of_any_size(
    seed: int, style: str
) -> None:
    person = face(seed)
    painted = paint(person, FINE, style)
    assert np.isfinite(painted.points).all()
    assert np.nanmax(off_part(painted, 2 * person.scale * FINE)) <= 0.02
    assert outside_own_face(painted) == 0
    assert label_agreement(person, style) >= 0.999


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("what", CHANGES)
def test_paint_is_where_the_labels_say(what: str, style: str) -> None:
    seen = [change(face(seed), style, what) for seed in SEEDS]
    assert max(one.strayed for one in seen) <= STRAY * SIZE**2
    assert np.mean([one.followed for one in seen]) >= 0.4


@pytest.mark.parametrize("style", STYLES)
def test_the_colour_of_the_iris_is_seen_in_the_eyes_and_nowhere_else(style: str) -> None:
    """An iris is too small a share of an eye for the rule above of how much must follow."""
    person = face(50, glasses=0.0, lid_open=0.8, fringe=0.0, hair_length=0.15)
    brown, blue = (paint(dataclasses.replace(person, iris=iris), 256, style) for iris in (0.0, 1.0))
    eyes = np.isin(brown.parts, [PART_INDEX["left_eye"], PART_INDEX["right_eye"]])
    changed = (brown.pixels != blue.pixels).any(axis=-1)
    assert changed[eyes].mean() > 0.1
    assert not changed[distance_to(eyes) > 3].any()
