"""Augmentation against scipy's affine_transform, a brute force, and the world's own truth."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from trombine.core.conventions import LANDMARK_GROUPS, PART_INDEX
from trombine.core.rng import Rng
from trombine.data.augment import Augment, Changes, augmented, changed, drawn
from trombine.data.columns import Batch
from trombine.data.source import source
from trombine.world import Face, face, paint

SIZE = 64
PLACES = np.arange(6, dtype=np.int64)
TEXTS = (
    "rotate:30",
    "zoom:1.5",
    "zoom:0.6-0.9",
    "shift:0.2",
    "zoom:0.7-1.4+shift:0.1+mirror+rotate:40+colour:0.2",
)


@pytest.fixture(scope="module")
def faces() -> Batch:
    return source("world:photo#6", SIZE).batch(PLACES)


def changes_of(text: str) -> Changes:
    return drawn(Augment.parse(text), (SIZE, SIZE), Rng(seed=2, places=PLACES))


def as_scipy(plane: np.ndarray, picture: np.ndarray, order: int) -> np.ndarray:
    """A plane through a map of x, y from pixels' corners, by scipy's of rows, columns, centres."""
    linear, offset = np.linalg.inv(picture[:, :2])[::-1, ::-1], picture[::-1, 2]
    start = linear @ (0.5 - offset) - 0.5
    offset: Any = start  # scipy says a number, and takes one for each axis too
    return ndimage.affine_transform(plane, linear, offset, order=order, mode="reflect")


# --- samples ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", TEXTS)
def test_parts_are_scipys(text: str, faces: Batch) -> None:
    """Places that fall between two pixels, to the last bit, may go to either."""
    changes = replace(changes_of(text), mirrored=np.zeros(6, bool))  # labels as they are
    found = changed(faces, changes).parts
    assert faces.parts is not None and found is not None
    for row, picture in enumerate(changes.maps):
        wanted = as_scipy(faces.parts[row].numpy(), picture, order=0)
        assert (found[row].numpy() != wanted).mean() < 1e-3


def keys(t: float) -> float:
    """Keys's cubic with a = -1/2, as the paper of 1981 has it."""
    t = abs(t)
    if t <= 1:
        return 1.5 * t**3 - 2.5 * t**2 + 1
    return -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2 if t < 2 else 0.0


def brute(pixels: np.ndarray, picture: np.ndarray, tint: np.ndarray, i: int, j: int) -> np.ndarray:
    """One sample by its definition: a sum over a mirrored plane of all pixels near enough."""
    linear = np.linalg.inv(picture[:, :2])
    wide = max(1.0, math.sqrt(abs(np.linalg.det(linear))))
    x, y = linear @ (np.array([j + 0.5, i + 0.5]) - picture[:, 2])
    border = 2 * SIZE
    plane = np.pad(pixels.astype(float), ((border, border), (border, border), (0, 0)), "symmetric")
    total, colour = 0.0, np.zeros(3)
    for row in range(math.floor(y) - 6, math.floor(y) + 7):
        for column in range(math.floor(x) - 6, math.floor(x) + 7):
            weight = keys((row + 0.5 - y) / wide) * keys((column + 0.5 - x) / wide)
            total += weight
            colour += weight * plane[row + border, column + border]
    changed_colour = tint @ [*(colour / total / 255), 1]
    return np.clip(np.floor(255 * changed_colour + 0.5), 0, 255)


@pytest.mark.parametrize("text", TEXTS)
def test_samples_are_the_definitions(text: str, faces: Batch) -> None:
    changes = changes_of(text)
    found = changed(faces, changes).pixels.numpy()
    chance, worst = np.random.default_rng(0), []
    for row in range(3):
        pixels = faces.pixels[row].numpy()
        for i, j in [(0, 0), (SIZE - 1, 3), *chance.integers(0, SIZE, (20, 2)).tolist()]:
            wanted = brute(pixels, changes.maps[row], changes.tints[row], i, j)
            worst.append(np.abs(found[row, i, j] - wanted).max())
    assert max(worst) <= 1  # on the edge of rounding
    assert np.mean(np.array(worst) > 0) < 0.05


@pytest.mark.parametrize("factor", [0.5, 0.75])
def test_what_shrinks_is_antialiased_as_pillow_does_it(factor: float, faces: Batch) -> None:
    """A smaller face is Pillow's, away from the border, which each continues in its own way."""
    side = round(SIZE * factor)
    maps = np.tile([[factor, 0, 0], [0, factor, 0]], (6, 1, 1))
    still = drawn(Augment(), (SIZE, SIZE), Rng(seed=0, places=PLACES))
    shrunk = changed(faces, replace(still, maps=maps, zooms=np.full(6, factor)))
    inner = slice(4, side - 4)
    for row in range(3):
        image = Image.fromarray(faces.pixels[row].numpy())
        wanted = np.asarray(image.resize((side, side), Image.Resampling.BICUBIC)).astype(int)
        found = shrunk.pixels[row, :side, :side].numpy().astype(int)
        assert np.abs(found - wanted)[inner, inner].max() <= 2


# --- truth --------------------------------------------------------------------------------------

EYES = {"left_eye": PART_INDEX["left_eye"], "right_eye": PART_INDEX["right_eye"]}


def bare(number: int) -> Face:
    """A face with nothing over its eyes, and open ones."""
    return replace(
        face(number), glasses=0.0, hat=0.0, fringe=0.0, lid_open=0.9, squint=0.0, eye_size=1.0,
        yaw=0.1, roll=0.1,
    )  # fmt: skip


def painted(people: list[Face], size: int = SIZE) -> Batch:
    found = [paint(person, size, "photo") for person in people]
    return Batch(
        indices=np.arange(len(people), dtype=np.int64),
        pixels=torch.from_numpy(np.stack([one.pixels for one in found])),
        parts=torch.from_numpy(np.stack([one.parts for one in found])),
        points=torch.from_numpy(np.stack([one.points for one in found]).astype(np.float32)),
        visible=torch.from_numpy(np.stack([one.visible for one in found])),
    )


def middles(parts: torch.Tensor, label: int) -> np.ndarray:
    """The middle of a part, x and y in pixels."""
    rows, columns = np.nonzero(parts.numpy() == label)
    return np.array([columns.mean(), rows.mean()]) + 0.5


@pytest.mark.parametrize("text", ["mirror", "zoom:0.8-1.2+shift:0.05+mirror+rotate:25"])
def test_landmarks_stay_with_the_parts(text: str) -> None:
    """The middle of the eye's landmarks is that of its label, before and after, left and right."""
    people = painted([bare(number) for number in range(12)], 96)
    places = np.arange(12, dtype=np.int64)
    found = augmented(people, Augment.parse(text), Rng(seed=4, places=places))
    mirrored = drawn(Augment.parse(text), (96, 96), Rng(seed=4, places=places)).mirrored
    assert 0 < mirrored.sum() < 12
    for batch in (people, found):
        assert batch.parts is not None and batch.points is not None
        for parts, points in zip(batch.parts, batch.points.numpy(), strict=True):
            for name, label in EYES.items():
                here = points[list(LANDMARK_GROUPS[name])].mean(0)
                apart = np.linalg.norm(here - middles(parts, label))
                assert apart < 1.5, f"{name}: {apart:.1f} pixels"


def test_a_mirrored_face_is_the_face_of_the_other_side() -> None:
    """Painted with the mirrored numbers, the world's own truth is that of the mirrored picture."""
    person = bare(3)
    other = replace(
        person,
        yaw=-person.yaw,
        roll=-person.roll,
        gaze_x=-person.gaze_x,
        parting=-person.parting,
        light_turn=-person.light_turn,
        centre_x=-person.centre_x,
    )
    there, wanted = painted([person] * 2, 128), painted([other], 128)
    mirrored, augment = [True, False], Augment(mirror=True)
    chances = (Rng(seed=seed, places=PLACES[:2]) for seed in range(99))
    chance = next(c for c in chances if drawn(augment, (128, 128), c).mirrored.tolist() == mirrored)
    found = augmented(there, augment, chance)
    assert found.points is not None and wanted.points is not None
    assert found.parts is not None and wanted.parts is not None
    apart = (found.points - wanted.points).norm(dim=-1)
    assert apart[0].max() < 1.0 and apart[1].max() > 8
    assert (found.parts[0] == wanted.parts[0]).float().mean() > 0.97
    inner = wanted.parts[0] == EYES["left_eye"]
    assert (found.parts[0][inner] == EYES["left_eye"]).float().mean() > 0.8


def test_points_are_moved_by_the_map_itself() -> None:
    """A dot painted at a point is where the point then is, to a fraction of a pixel."""
    chance = np.random.default_rng(0)
    points = chance.uniform(20, 44, (6, 68, 2)).astype(np.float32)
    ys, xs = np.mgrid[:SIZE, :SIZE] + 0.5
    first = points[:, 30, None, None]  # the tip of the nose, which no mirror renames
    dots = np.exp(-((xs - first[..., 0]) ** 2 + (ys - first[..., 1]) ** 2) / 8)
    pixels = torch.from_numpy(np.round(255 * dots).astype(np.uint8))[..., None].repeat(1, 1, 1, 3)
    batch = Batch(
        indices=PLACES, pixels=pixels, points=torch.from_numpy(points),
        visible=torch.ones(6, 68, dtype=torch.bool),
    )  # fmt: skip
    text = "zoom:0.8-1.2+shift:0.1+mirror+rotate:40"
    found = augmented(batch, Augment.parse(text), Rng(seed=4, places=PLACES))
    assert found.points is not None
    for row in range(6):
        weights = found.pixels[row, ..., 0].numpy().astype(float)
        weights[weights < 8] = 0  # what rounding makes of the dot's edge
        place = np.array([(weights * xs).sum(), (weights * ys).sum()]) / weights.sum()
        assert np.linalg.norm(place - found.points[row, 30].numpy()) < 0.05
