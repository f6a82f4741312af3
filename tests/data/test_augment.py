"""Changes of pictures by chance: how they are written, drawn, and what of a batch changes."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from mirrors import mirror_parts, mirror_points, mirror_visible
from scipy.stats import kstest

from trombine.core.errors import InputError
from trombine.core.rng import Rng
from trombine.data.augment import Augment, Changes, augmented, changed, drawn
from trombine.data.columns import Batch
from trombine.data.source import batches, source

SIZE = 32
WRITTEN = "zoom:0.8-1.3+shift:0.1+mirror+rotate:20+faces:1+colour:0.2"
ALL = Augment.parse(WRITTEN)
PLACES = np.arange(6, dtype=np.int64)


@pytest.fixture(scope="module")
def faces() -> Batch:
    return source("world:photo#6", SIZE).batch(PLACES)


@pytest.fixture(scope="module")
def pairs() -> Batch:
    """The same picture on both sides, so that what is done to them can be compared."""
    found = source("world:photo+anime#6", SIZE).batch(PLACES)
    assert found.pair is not None
    return replace(found, pair=replace(found, pair=None))


def same(a: Batch, b: Batch) -> None:
    for name in ("pixels", "parts", "points", "visible", "vectors", "labels", "seeds"):
        ours, theirs = getattr(a, name), getattr(b, name)
        assert (ours is None) == (theirs is None), name
        if ours is not None:
            torch.testing.assert_close(ours, theirs, rtol=0, atol=0, equal_nan=True)


# --- how it is written --------------------------------------------------------------------------


def test_it_says_what_is_changed() -> None:
    wanted = Augment(zoom=(1, 1.3), mirror=True, rotate=15, colour=0.1, crop=48)
    assert Augment.parse(" mirror + colour:.1 + rotate:15+zoom: 1.3+crop:48") == wanted
    assert Augment.parse("zoom:0.7-0.9").zoom == (0.7, 0.9)
    assert Augment.parse("none") == Augment.parse("") == Augment()


@pytest.mark.parametrize(
    "text", ["none+mirror", "blur", "mirror:2", "mirror+mirror", "zoom:3", "shift:-0.1", "crop:2.5"]
)
def test_what_is_written_wrong_is_refused_in_a_line(text: str) -> None:
    name = text.partition(":")[0].partition("+")[0]
    with pytest.raises(InputError, match=f"augment.*{name}") as error:
        Augment.parse(text)
    assert "\n" not in str(error.value)


# --- what is drawn ------------------------------------------------------------------------------


def much(augment: str, count: int = 4000) -> Changes:
    places = np.arange(count, dtype=np.int64)
    return drawn(Augment.parse(augment), (SIZE, SIZE), Rng(seed=1, places=places))


def evenly(values: np.ndarray, low: float, high: float) -> bool:
    return kstest(values, "uniform", (low, high - low)).pvalue > 0.01


def test_draws_are_spread_as_is_said() -> None:
    changes = much("zoom:0.8-1.3+shift:0.1+rotate:20+mirror")
    assert evenly(np.log(changes.zooms), np.log(0.8), np.log(1.3))
    assert 0.48 < changes.mirrored.mean() < 0.52
    flips = np.where(changes.mirrored, -1, 1)
    linear = changes.maps[:, :, :2] / changes.zooms[:, None, None]
    angles = np.degrees(np.arctan2(linear[:, 0, 1], linear[:, 1, 1]) * -1)
    assert evenly(angles, -20, 20)
    np.testing.assert_allclose(np.linalg.det(linear), flips)
    centres = changes.maps @ [SIZE / 2, SIZE / 2, 1] - SIZE / 2
    for axis in (0, 1):
        assert evenly(centres[:, axis] / SIZE, -0.1, 0.1)
    several = np.stack([np.log(changes.zooms), flips, angles, *centres.T])
    assert np.abs(np.corrcoef(several) - np.eye(5)).max() < 0.06


# --- what becomes of a batch --------------------------------------------------------------------


def test_a_mirror_is_the_conventions(faces: Batch) -> None:
    """To the very sample, and with its truth as conventions.py mirrors it."""
    found = augmented(faces, Augment(mirror=True), Rng(seed=0, places=PLACES))
    mirrored = drawn(Augment(mirror=True), (SIZE, SIZE), Rng(seed=0, places=PLACES)).mirrored
    assert 0 < mirrored.sum() < len(mirrored)
    assert faces.parts is not None and faces.points is not None and faces.visible is not None
    assert found.parts is not None and found.points is not None and found.visible is not None
    for row, flipped in enumerate(mirrored):
        pixels, parts = faces.pixels[row].numpy(), faces.parts[row].numpy()
        points, visible = faces.points[row].numpy(), faces.visible[row].numpy()
        if flipped:
            pixels, parts = pixels[:, ::-1], mirror_parts(parts)
            points, visible = mirror_points(points, SIZE), mirror_visible(visible)
        assert np.array_equal(found.pixels[row], pixels)
        assert np.array_equal(found.parts[row], parts)
        np.testing.assert_allclose(found.points[row], points, atol=1e-5)
        assert np.array_equal(found.visible[row], visible)


def test_a_slice_of_a_batch_is_the_batchs_slice(faces: Batch) -> None:
    whole = augmented(faces, ALL, Rng(seed=3, places=PLACES + 40))
    here = slice(2, 5)
    part = augmented(faces.only(here), ALL, Rng(seed=3, places=PLACES[here] + 40))
    same(part, whole.only(here))
    other = Rng(seed=4, places=PLACES + 40)
    assert not torch.equal(augmented(faces, ALL, other).pixels, whole.pixels)


def test_both_sides_of_a_pair_change_alike(pairs: Batch) -> None:
    found = augmented(pairs, ALL, Rng(seed=3, places=PLACES))
    assert found.pair is not None and not torch.equal(found.pixels, pairs.pixels)
    same(found, found.pair)


def test_what_is_not_known_stays_unknown(faces: Batch) -> None:
    """Rows of a mix: parts 255, points NaN, visible False; and columns that are not there."""
    lost = replace(
        faces,
        parts=torch.full_like(faces.pixels[..., 0], 255),
        points=torch.full((6, 68, 2), torch.nan),
        visible=torch.zeros(6, 68, dtype=torch.bool),
    )
    found = augmented(lost, ALL, Rng(seed=3, places=PLACES))
    same(replace(found, pixels=lost.pixels), lost)
    for name in ("vectors", "seeds", "indices"):
        assert getattr(found, name) is getattr(faces, name)
    bare = Batch(indices=faces.indices, pixels=faces.pixels)
    only = augmented(bare, ALL, Rng(seed=3, places=PLACES))
    same(replace(only, pixels=bare.pixels), bare)
    assert torch.equal(only.pixels, found.pixels)


def test_what_left_the_picture_is_not_visible(faces: Batch) -> None:
    augment = Augment.parse("zoom:1.9-2+shift:0.3")
    seen = replace(faces, visible=torch.ones(6, 68, dtype=torch.bool))
    found = augmented(seen, augment, Rng(seed=3, places=PLACES))
    assert found.points is not None and found.visible is not None
    x, y = found.points.unbind(-1)
    inside = (x >= 0) & (x < SIZE) & (y >= 0) & (y < SIZE)
    assert torch.equal(found.visible, inside)
    assert 0.2 < inside.float().mean() < 0.9
    hidden = augmented(replace(faces, visible=~inside), augment, Rng(seed=3, places=PLACES))
    assert hidden.visible is not None and not (hidden.visible & ~inside).any()


# --- as an option of a source -------------------------------------------------------------------


def test_a_source_changes_its_batches_by_their_places() -> None:
    plain, changing = source("world:photo#6", SIZE), source("world:photo#6", SIZE, augment=WRITTEN)
    assert changing.augment == ALL and plain.augment == Augment()
    several = zip(batches(plain, seed=5, size=4), batches(changing, seed=5, size=4), strict=False)
    for number, (before, after) in enumerate(islice(several, 4)):
        places = np.arange(4 * number, 4 * number + 4, dtype=np.int64)
        same(after, augmented(before, ALL, Rng(seed=5, places=places)))


def test_a_wrong_augmentation_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="augment flip: unexpected"):
        source(f"folder:{tmp_path / 'none'}", SIZE, augment="flip")


# --- windows ------------------------------------------------------------------------------------


def test_a_window_is_a_part_of_the_picture_and_of_its_truth(faces: Batch) -> None:
    crop = Augment.parse("crop:20")
    changes = drawn(crop, (SIZE, SIZE), Rng(seed=3, places=PLACES))
    found = changed(faces, changes)
    assert faces.points is not None and found.points is not None and found.visible is not None
    assert faces.parts is not None and found.parts is not None
    for n, (left, top) in enumerate(-changes.maps[:, :, 2].astype(int)):
        here = (n, slice(top, top + 20), slice(left, left + 20))
        assert torch.equal(found.pixels[n], faces.pixels[here])
        assert torch.equal(found.parts[n], faces.parts[here])
        moved = faces.points[n] - torch.tensor([left, top])
        torch.testing.assert_close(found.points[n], moved)
        inside = ((moved >= 0) & (moved < 20)).all(1)
        assert not (found.visible[n] & ~inside).any()
