"""Who stands before an even ground, beside the exact parts of painted people."""

from __future__ import annotations

import numpy as np

from trombine.core.conventions import PART_INDEX
from trombine.data.columns import UNKNOWN
from trombine.data.silhouettes import silhouette
from trombine.world import face, paint

SIDE = 192
LEFT_OUT = UNKNOWN["parts"]
NAMES = ("background", "neck", "cloth", "hair")


def before_a_wall(seed: int, noise: float) -> tuple[np.ndarray, ...]:
    """A painted photograph whose ground is grey, lit from one side; points and parts."""
    painted = paint(face(seed), SIDE, "photo")
    light = 190 + 20 * np.arange(SIDE)[None, :, None] / SIDE
    wall = light + np.random.default_rng(seed).normal(0, noise, (SIDE, SIDE, 3))
    ground = (painted.parts == 0)[..., None]
    pixels = np.where(ground, wall, painted.pixels).clip(0, 255).astype(np.uint8)
    return pixels, painted.points.astype(np.float32), painted.parts


def test_parts_that_are_found_are_true() -> None:
    """Nearly all have the part that was painted, and many are found."""
    count, right = (dict.fromkeys(NAMES, 0) for _ in range(2))
    nothing = np.full((SIDE, SIDE), LEFT_OUT, np.uint8)
    for seed in range(1_240_000, 1_240_012):
        pixels, points, parts = before_a_wall(seed, noise=1.0)
        if (parts == PART_INDEX["hat"]).any():  # which looks like hair here
            continue
        found = silhouette(pixels, points, nothing)
        for name in NAMES:
            ours = found == PART_INDEX[name]
            count[name] += int(ours.sum())
            right[name] += int((ours & (parts == PART_INDEX[name])).sum())
    shares = {name: right[name] / count[name] for name in NAMES}
    assert shares["background"] > 0.99 and shares["cloth"] > 0.8, shares
    assert shares["neck"] > 0.85 and shares["hair"] > 0.85, shares
    assert count["background"] > 12 * 0.1 * SIDE**2 and count["hair"] > 12 * 0.02 * SIDE**2


def test_what_is_known_stays() -> None:
    pixels, points, parts = before_a_wall(1_240_001, noise=1.0)
    organs = np.isin(parts, [PART_INDEX["nose"], PART_INDEX["left_eye"], PART_INDEX["upper_lip"]])
    known = np.where(organs, parts, LEFT_OUT).astype(np.uint8)
    found = silhouette(pixels, points, known)
    assert np.array_equal(found[organs], parts[organs])
    assert (found[~organs] != LEFT_OUT).any()


def test_before_an_uneven_ground_nothing_is_found() -> None:
    pixels, points, _ = before_a_wall(1_240_002, noise=30.0)
    nothing = np.full((SIDE, SIDE), LEFT_OUT, np.uint8)
    assert silhouette(pixels, points, nothing) is nothing


def test_without_a_face_in_the_picture_nothing_is_found() -> None:
    """As where the middle of a picture was cut out, and the face stood beside."""
    pixels, points, _ = before_a_wall(1_240_001, noise=1.0)
    nothing = np.full((SIDE, SIDE), LEFT_OUT, np.uint8)
    assert silhouette(pixels, points + 2 * SIDE, nothing) is nothing
