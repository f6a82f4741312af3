"""Windows for a reader: their truth goes with them, and each is a function of its place alone."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from mirrors import mirror_parts, mirror_points
from torch.nn.functional import max_pool2d

from trombine.core.conventions import MIRRORED_LANDMARK, PART_INDEX
from trombine.core.rng import Rng
from trombine.data import staging
from trombine.data.columns import Batch
from trombine.data.staging import Staged, StageOptions, staged
from trombine.world import VECTOR_NAMES, Painted, face, paint, paint_posed

SIDE = 96
NOTHING = StageOptions(
    size=(1.0, 1.0),
    turn=0,
    shift=0,
    grounds=0,
    fronts=0,
    holes=0,
    plain=0,
    none=0,
    grey=0,
    colour=0,
    people=0,
)


MOUTH = [PART_INDEX[name] for name in ("upper_lip", "lower_lip", "mouth")]


@cache
def faces(count: int = 24) -> Batch:
    return batch_of([paint(face(900_000 + seed), SIDE, "photo") for seed in range(count)])


def batch_of(painted: list[Painted]) -> Batch:
    return Batch(
        indices=np.arange(len(painted), dtype=np.int64),
        pixels=torch.from_numpy(np.stack([one.pixels for one in painted])),
        parts=torch.from_numpy(np.stack([one.parts for one in painted])),
        points=torch.from_numpy(np.stack([one.points for one in painted])),
        visible=torch.from_numpy(np.stack([one.visible for one in painted])),
    )


def flat(colour: tuple[int, int, int], count: int = 24) -> Batch:
    """Grounds of one colour."""
    pixels = np.broadcast_to(np.array(colour, np.uint8), (count, SIDE, SIDE, 3)).copy()
    return Batch(indices=np.arange(count, dtype=np.int64), pixels=torch.from_numpy(pixels))


def run(stage: StageOptions, batch: Batch | None = None, *, seed: int = 3) -> Staged:
    batch = batch or faces()
    places = np.arange(len(batch), dtype=np.int64)
    return staged(batch, flat((0, 0, 255), len(batch)), stage, Rng(seed=seed, places=places))


def test_some_are_plain_and_the_others_are_as_they_would_be() -> None:
    some, none = run(StageOptions(plain=0.4)), run(StageOptions(plain=0))
    assert 4 < int(some.plain.sum()) < 16 and not (some.plain & ~some.shows).any()
    for one, other in zip(vars(some).values(), vars(none).values(), strict=True):
        if one is not some.plain:
            assert torch.equal(one[~some.plain], other[~some.plain])


def test_with_nothing_done_it_is_the_face_or_its_mirror_image() -> None:
    found, old = run(NOTHING), faces()
    assert old.parts is not None and old.points is not None and old.visible is not None
    assert 4 < int(found.mirrored.sum()) < 20 and found.shows.all() and found.coloured.all()
    for n, mirrored in enumerate(found.mirrored.tolist()):
        pixels, parts, points = (x[n].numpy() for x in (old.pixels, old.parts, old.points))
        seen = old.visible[n].numpy()
        if mirrored:
            pixels, parts, points = (
                pixels[:, ::-1],
                mirror_parts(parts),
                mirror_points(points, SIDE),
            )
            seen = seen[MIRRORED_LANDMARK]
        assert np.array_equal(found.pixels[n].numpy(), pixels)
        assert np.array_equal(found.parts[n].numpy(), parts)
        np.testing.assert_allclose(found.points[n].numpy(), points, atol=1e-4)
        inside = ((points >= 0) & (points < SIDE)).all(1)
        assert np.array_equal(found.visible[n].numpy(), seen & inside)


def test_landmarks_lie_where_their_pixels_went() -> None:
    """Of pictures whose colours say where each pixel was, each landmark finds its own place."""
    old = faces()
    assert old.points is not None
    down, across = np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij")
    coded = np.stack([across * 2 + 20, down * 2 + 20, np.zeros_like(down)], -1).astype(np.uint8)
    pixels = torch.from_numpy(np.broadcast_to(coded, old.pixels.shape).copy())
    stage = replace(NOTHING, size=(0.5, 1.4), turn=40.0, shift=0.1)
    found = run(stage, replace(old, pixels=pixels))
    checked = 0
    for n in range(len(pixels)):
        points = old.points[n].numpy()
        wanted = points[MIRRORED_LANDMARK] if found.mirrored[n] else points
        for (x, y), (old_x, old_y) in zip(found.points[n].tolist(), wanted.tolist(), strict=True):
            if not (3 < x < SIDE - 3 and 3 < y < SIDE - 3 and 4 < old_x < 92 and 4 < old_y < 92):
                continue
            red, green, blue = found.pixels[n, int(y), int(x)].tolist()
            if blue:  # beyond the old picture's edge
                continue
            # The colour is of the middle of the pixel that the landmark is in.
            assert (
                abs((red - 20) / 2 + 0.5 - old_x) < 2.0
                and abs((green - 20) / 2 + 0.5 - old_y) < 2.0
            )
            checked += 1
    assert checked > 800


def test_busts_are_made_as_large_as_faces() -> None:
    """What stands small in its picture, with shoulders, is staged as what fills it."""
    old = faces()
    assert old.points is not None
    small = replace(old, points=SIDE / 2 + (old.points - SIDE / 2) / 1.6)
    found, usual = run(NOTHING, small), run(NOTHING)
    share = (found.sizes / SIDE).numpy()
    np.testing.assert_allclose(share, 0.5, atol=1e-4)
    off = (found.middles - SIDE / 2) / found.sizes[:, None]
    np.testing.assert_allclose(off, (usual.middles - SIDE / 2) / usual.sizes[:, None], atol=1e-3)


def test_parts_lie_where_their_pixels_went() -> None:
    """Of pictures painted in the colours of their parts, labels are those of the colours."""
    old = faces()
    assert old.parts is not None
    coded = (old.parts[..., None].repeat(1, 1, 1, 3) * 12 + 10).contiguous()
    stage = replace(NOTHING, size=(0.5, 1.4), turn=40.0, shift=0.1)
    found = run(stage, replace(old, pixels=coded))
    plain = ~found.mirrored
    there = (found.pixels[..., 2] < 240) & plain[:, None, None]
    labels = ((found.pixels[..., 0].float() - 10) / 12).round()
    label = found.parts.float()[:, None]
    highest, lowest = max_pool2d(label, 5, 1, 2)[:, 0], -max_pool2d(-label, 5, 1, 2)[:, 0]
    inner = there & (highest == lowest)  # elsewhere colours of two parts are mixed
    assert (labels == found.parts)[inner].float().mean() > 0.999
    assert int(inner.sum()) > 20_000 and int(label[inner[:, None]].unique().numel()) > 6


def test_under_a_thing_nothing_is_seen() -> None:
    plain, found = run(NOTHING), run(replace(NOTHING, fronts=1.0))
    changed = (found.pixels != plain.pixels).any(-1)
    assert changed.any((1, 2)).float().mean() > 0.9
    assert torch.equal(found.parts[~changed], plain.parts[~changed])
    hidden = plain.visible & ~found.visible
    assert hidden.any() and not (found.visible & ~plain.visible).any()
    for n, k in torch.nonzero(hidden).tolist():
        x, y = found.points[n, k].int().tolist()
        around = found.parts[n, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
        assert (around == 0).any()  # a landmark may lie at the thing's edge
    torch.testing.assert_close(found.points, plain.points)


def test_before_mouths_are_masks_hands_and_microphones() -> None:
    """Where the mouth is, wherever the face is and however it is turned; eyes stay in sight."""
    stage = replace(NOTHING, fronts=1.0, held=1.0, size=(0.6, 1.2), turn=40.0)
    found, plain = run(stage), run(replace(stage, fronts=0.0))
    hidden = plain.visible & ~found.visible
    mouths, eyes = hidden[:, 48:68].float().mean(1), hidden[:, 36:48].float().mean(1)
    assert (mouths > 0.9).float().mean() > 0.25, "masks"
    assert (mouths > 0).float().mean() > 0.5
    assert float(eyes.mean()) < 0.05
    assert found.shows.float().mean() > 0.9, "a face with a mask is a face"
    changed = (found.pixels != plain.pixels).any(-1)
    assert (found.parts[changed] == 0).float().mean() > 0.9


def test_other_proportions_and_their_truth() -> None:
    """Labels and landmarks of bent faces agree with one another; profiles are not bent."""
    plain, found = run(NOTHING), run(replace(NOTHING, people=1.0))
    assert found.bent.float().mean() > 0.8 and not plain.bent.any()
    assert not run(replace(NOTHING, people=1.0, plain=1.0)).bent.any()
    apart = (found.points - plain.points).norm(dim=-1)
    assert float(apart[~found.bent].sum()) == 0
    assert float(apart[found.bent][:, [*range(17, 27), 48, 54]].mean()) > 1, "pixels"
    assert float(apart[found.bent][:, 36:48].mean()) < 1, "eyes stay"
    rows = torch.nonzero(found.bent)[:, 0].tolist()
    off = []
    for n in rows:
        mouth = torch.isin(found.parts[n], torch.tensor(MOUTH)).nonzero().flip(-1) + 0.5
        off.append((mouth.mean(0) - found.points[n, 48:60].mean(0)).norm())
    assert float(torch.stack(off).median()) < 0.02 * SIDE
    posed = [paint_posed(seed, SIDE) for seed in range(900_000, 900_030)]
    yaw = VECTOR_NAMES.index("yaw")
    sides = [painted for painted, vector in posed if abs(vector[yaw]) > 0.9]
    assert len(sides) > 2 and not run(replace(NOTHING, people=1.0), batch_of(sides)).bent.any()


def test_under_a_hole_the_truth_stays() -> None:
    plain, found = run(NOTHING), run(replace(NOTHING, holes=1.0))
    assert torch.equal(found.parts, plain.parts) and torch.equal(found.visible, plain.visible)
    share = (found.pixels != plain.pixels).any(-1).float().mean((1, 2))
    assert (share > 0.001).all() and share.mean() < 0.6


def test_windows_without_a_face() -> None:
    batch = faces()
    found = run(replace(NOTHING, none=1.0))
    assert not found.shows.any() and not (found.parts[~found.shows] == 1).any()
    cut = (found.parts == 255).all((1, 2))
    assert (found.parts[~cut] == 0).all() and 2 < int(cut.sum()) < 16
    assert found.pixels.shape == batch.pixels.shape
    usual = [run(StageOptions(), seed=seed).shows.float().mean() for seed in range(6)]
    assert 0.65 < float(torch.stack(usual).mean()) < 0.85


def test_a_cut_goes_through_the_face_wherever_that_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the window's middle it would leave small faces whole, which then are none."""
    drawn = staging._is_drawn
    monkeypatch.setattr(
        staging,
        "_is_drawn",
        lambda chance, what, likely: drawn(chance, what, 0.0 if what == "cut moved" else likely),
    )
    white = replace(faces(), pixels=torch.full_like(faces().pixels, 255))
    small = replace(NOTHING, size=(0.4, 0.5), shift=0.1, none=1.0)
    shares = []
    for seed in range(8):
        found = run(small, white, seed=seed)
        for n in torch.nonzero((found.parts == 255).all((1, 2)))[:, 0].tolist():
            x, y = found.points[n].long().clamp(0, SIDE - 1).unbind(1)
            shares.append(float((found.pixels[n, y, x] == 255).all(-1).float().mean()))
    assert len(shares) > 30 and min(shares) > 0.05 and max(shares) < 0.95


def test_a_window_is_a_function_of_its_place() -> None:
    batch, grounds, stage = faces(), flat((9, 200, 30)), StageOptions()
    places = np.arange(100, 124, dtype=np.int64)
    whole = staged(batch, grounds, stage, Rng(seed=5, places=places))
    some = np.array([3, 17])
    few, behind = batch.only(some), grounds.only(some)
    again = staged(few, behind, stage, Rng(seed=5, places=places[some]))
    for name in ("pixels", "parts", "points", "visible", "shows", "sizes", "turned"):
        assert torch.equal(getattr(again, name), getattr(whole, name)[some]), name
    other = staged(batch, grounds, stage, Rng(seed=6, places=places))
    assert not torch.equal(other.pixels, whole.pixels)
