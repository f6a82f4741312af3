"""Masks of a run: keyed by place, mixed by weight, moved from one family to another."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
import torch
from scipy import stats

from trombine.core.conventions import LANDMARK_GROUPS, PART_INDEX, check_hole
from trombine.core.rng import Rng
from trombine.data.augment import Augment, augmented
from trombine.data.augment import drawn as drawn_changes
from trombine.data.masks import draw_mask, draw_masks, mask, parse, parse_mix
from trombine.data.masks.draw import _draw, _stage_at
from trombine.data.source import source
from trombine.world import face, paint

SIZE = 24


def chance(seed: int, places: range | list[int], rollbacks: int = 0) -> Rng:
    return Rng(seed=seed, places=np.array(places, np.int64), rollbacks=rollbacks)


def drawn(spec: str, places: range | list[int], rollbacks: int = 0) -> torch.Tensor:
    return draw_masks(spec, chance(5, places, rollbacks), size=SIZE)


def is_left_half(holes: torch.Tensor) -> np.ndarray:
    left = torch.from_numpy(mask("half:left", 0, SIZE)).float()
    return (holes[:, 0] == left).all(dim=(1, 2)).numpy()


def test_they_are_holes_of_a_batch_of_pictures() -> None:
    holes = drawn("irregular+parts", range(6))
    assert holes.shape == (6, 1, SIZE, SIZE) and holes.dtype == torch.float32
    check_hole(holes, torch.zeros(6, 3, SIZE, SIZE))
    assert all(0 < hole.sum() < hole.numel() for hole in holes)


@pytest.mark.parametrize("spec", ["irregular*2+squares+text+half+parts", "huge>squares@5-30"])
def test_a_mask_depends_on_its_place_alone(spec: str) -> None:
    """Not on where a slice begins, how long it is, or in which order places are asked for."""
    whole = drawn(spec, range(40))
    assert torch.equal(drawn(spec, range(11, 29)), whole[11:29])
    assert torch.equal(drawn(spec, [30, 2, 2, 17]), whole[[30, 2, 2, 17]])
    assert torch.equal(draw_masks(parse(spec), chance(5, range(40)), size=SIZE), whole)


@pytest.mark.parametrize("spec", ["irregular", "parts:eyes"])
def test_what_is_measured_on_has_masks_of_its_own(spec: str) -> None:
    """Not those of the first pictures that were learned from."""
    learned = chance(5, range(12))
    fixed = draw_masks(spec, learned.fold_in("fixed"), size=SIZE)
    assert not torch.equal(fixed, draw_masks(spec, learned, size=SIZE))
    assert torch.equal(fixed, draw_masks(spec, learned.fold_in("fixed"), size=SIZE))


def test_a_mask_over_the_eyes_follows_the_augmented_picture() -> None:
    """Also when left and right have changed places: drawn from the parts as they then are."""
    places = np.arange(8)
    faces = source("world:photo#8", 64).batch(places)
    run, augment = Rng(seed=1, places=places), Augment.parse("mirror+shift:0.2+rotate:20")
    found = augmented(faces, augment, run)
    changes = drawn_changes(augment, (64, 64), run)
    assert 0 < changes.mirrored.sum() < 8
    assert found.parts is not None and found.points is not None
    for name in ("left_eye", "right_eye"):
        eye = found.points.numpy()[:, list(LANDMARK_GROUPS[name])].mean(1)
        parts = found.parts.numpy()
        holes = draw_masks(f"parts:{name}", run, size=64, parts=parts)[:, 0]
        seen = 0
        for hole, (x, y), labels in zip(holes.numpy(), eye, parts, strict=True):
            if (labels == PART_INDEX[name]).sum() >= 6:
                middle = np.argwhere(hole > 0).mean(0)[::-1] + 0.5
                assert np.hypot(*(middle - (x, y))) < 4
                seen += 1
        assert seen >= 4


def test_parts_are_those_of_each_picture() -> None:
    parts = np.stack([paint(face(seed), SIZE, "photo").parts for seed in range(3)])
    holes = draw_masks("parts:face", chance(1, range(3)), size=SIZE, parts=parts)
    for number in range(3):
        alone = chance(1, [number])
        own = _draw(parse_mix("parts:face"), alone, (SIZE, SIZE), parts[number]).hole
        assert np.array_equal(holes[number, 0].numpy() > 0, own)


def test_a_mix_follows_its_weights() -> None:
    """Chi-square over 1,000 places."""
    mix = parse_mix("half:left*5+half:top*3+half:right*2")
    weights = np.array([term.weight for term in mix])
    chosen = [chance(9, [place]).choice("mask: family", weights) for place in range(1000)]
    counts = np.bincount(chosen, minlength=3)
    assert stats.chisquare(counts, 1000 * weights / 10).pvalue > 0.001


def test_a_mask_is_the_same_alone_and_in_a_mix() -> None:
    mix = parse_mix("irregular:20-30*2+squares+half:top,left+scratches+text+parts:nose")
    families = set()
    for seed in range(40):
        one = draw_mask(mix, seed, SIZE)
        families.add(one.family)
        assert np.array_equal(one.hole, mask(one.family, seed, SIZE))
        assert one.share == round(one.hole.sum() / SIZE**2, 6) and one.term == one.family
        assert np.array_equal(one.pixels > 0, one.hole) and set(np.unique(one.pixels)) == {0, 255}
    assert families == {
        "irregular:20-30",
        "squares",
        "half:top,left",
        "scratches",
        "text",
        "parts:nose",
    }


# Curricula


def test_a_curriculum_is_one_family_before_and_another_after() -> None:
    spec = "half:right>half:left@100-300"
    assert not is_left_half(drawn(spec, range(101))).any()  # at 100 the chance is still 0
    assert is_left_half(drawn(spec, range(300, 400))).all()
    assert is_left_half(drawn(spec, [10**12])).all()


def test_between_them_the_chance_grows_evenly() -> None:
    """Counted in eight parts of the move, within 4.5 standard deviations each."""
    first, length = 1000, 4000
    masks = parse(f"half:right>half:left@{first}-{first + length}")
    places = np.arange(first, first + length)
    new = np.array(
        [_stage_at(masks, chance(2, [place])) is masks.stages[1] for place in places.tolist()]
    )
    expected = (places - first) / length
    for part in np.split(np.arange(length), 8):
        spread = sqrt((expected[part] * (1 - expected[part])).sum())
        assert abs(new[part].sum() - expected[part].sum()) < 4.5 * spread
    at = Rng(seed=2, places=places).uniforms("mask: stage") * length < places - first
    assert np.array_equal(new, at)


def test_a_run_is_measured_on_what_a_curriculum_ends_with() -> None:
    """Its first pictures have masks of the first stage, those it is measured on never."""
    masks = parse("half:right>half:left@1000")
    assert _stage_at(masks, chance(0, [3])) is masks.stages[0]
    assert _stage_at(masks, chance(0, [3]).fold_in("fixed")) is masks.stages[1]
