"""What each family promises: shares, edges, both kinds of pixel at every size, scaling."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from trombine.core.conventions import GROUP_OF_PART, GROUPS, PART_INDEX, PARTS
from trombine.core.rng import FIRST, Rng
from trombine.data.masks import mask, parse_mix
from trombine.data.masks.shapes import MARGIN as WIDEST
from trombine.data.masks.shapes import draw_parts
from trombine.data.masks.spec import LABELS, USUAL
from trombine.world import face, paint

SHAPES = ("irregular", "huge", "squares", "half", "scratches", "text")
BINS = [f"irregular:{low}-{high}" for low, high in pairwise(range(0, 70, 10))]


def labelled(hole: np.ndarray) -> tuple[np.ndarray, int]:
    """The pieces of a hole by number, and how many there are; corners join."""
    labels = np.zeros(hole.shape, np.int32)
    count = ndimage.label(hole, np.ones((3, 3)), labels)
    return labels, cast(int, count)


def thickness(hole: np.ndarray) -> float:
    """The radius of the largest disc that the hole holds, pixels."""
    return float(np.max(np.asarray(ndimage.distance_transform_edt(hole))))


@pytest.mark.parametrize("spec", [*BINS, "huge", "huge:60-70"])
def test_the_share_lies_in_the_bin(spec: str) -> None:
    (term,) = parse_mix(spec)
    low, high = (edge / 100 for edge in term.share)
    shares = [mask(spec, seed, 48).mean() for seed in range(30)]
    assert all(low < share <= high for share in shares)
    assert max(shares) - min(shares) > 0.6 * (high - max(low, 0.01))  # and is spread over it


@given(
    seed=st.integers(0, 2**31 - 1),
    spec=st.sampled_from([*SHAPES, "irregular:0-1", "irregular:80-90", "half:slanted"]),
    height=st.integers(16, 80),
    width=st.integers(16, 80),
)
def test_every_mask_has_both_kinds_of_pixel(seed: int, spec: str, height: int, width: int) -> None:
    hole = mask(spec, seed, (height, width))
    assert hole.shape == (height, width) and hole.dtype == np.bool_
    assert 0 < hole.sum() < hole.size
    assert np.array_equal(hole, mask(spec, seed, (height, width)))


@pytest.mark.parametrize(("spec", "alike"), [*((s, 0.05) for s in SHAPES), ("parts", 0.02)])
def test_a_seed_is_the_same_mask_at_another_size(spec: str, alike: float) -> None:
    """Sizes agree but for the pixels that an edge goes through; other seeds do not."""
    apart, others = [], []
    for seed in range(8):
        small, large = mask(spec, seed, 96), mask(spec, seed, 192)
        shrunk = large.reshape(96, 2, 96, 2).mean((1, 3))
        apart.append(((shrunk > 0.5) != small).mean())
        others.append((mask(spec, seed + 100, 96) != small).mean())
    assert np.mean(apart) < alike and np.mean(apart) < 0.5 * np.mean(others)


def test_larger_shares_of_a_seed_hold_the_smaller_ones() -> None:
    for seed in range(10):
        holes = [mask(f"irregular:{low}-{low + 10}", seed, 64) for low in (10, 30, 50)]
        assert not any((one & ~two).any() for one, two in pairwise(holes))


def test_irregular_masks_have_strokes_blobs_and_dots() -> None:
    """Some of one piece, some of many; thin ones and thick ones."""
    holes = [mask("irregular:10-30", seed, 128) for seed in range(60)]
    pieces = [labelled(hole)[1] for hole in holes]
    thick = [thickness(hole) for hole in holes]
    assert min(pieces) <= 2 and max(pieces) >= 12
    assert min(thick) < 8 and max(thick) > 14


# Squares and halves


def test_squares_are_squares() -> None:
    """One to six, each within the picture: the smallest box round a lone one is square and full."""
    lone = 0
    for seed in range(80):
        labels, count = labelled(mask("squares", seed, 96))
        assert 1 <= count <= 6
        if count == 1:
            rows, columns = ndimage.find_objects(labels)[0]
            tall, wide = rows.stop - rows.start, columns.stop - columns.start
            if labels[rows, columns].all():
                assert abs(tall - wide) <= 1
                lone += 1
    assert lone > 5


@pytest.mark.parametrize("size", [(16, 16), (17, 21)])
def test_halves(size: tuple[int, int]) -> None:
    rows, columns = np.mgrid[: size[0], : size[1]]
    expected = {
        "left": columns < size[1] // 2,
        "right": columns >= size[1] - size[1] // 2,
        "top": rows < size[0] // 2,
        "bottom": rows >= size[0] - size[0] // 2,
    }
    for side, hole in expected.items():
        assert np.array_equal(mask(f"half:{side}", 5, size), hole)
    found = [mask("half", seed, size) for seed in range(40)]
    for hole in expected.values():
        assert any(np.array_equal(hole, one) for one in found)


def test_a_slanted_half_is_half_of_the_picture() -> None:
    for seed in range(30):
        hole = mask("half:slanted", seed, 64)
        assert 0.49 < hole.mean() <= 0.5
        assert not (hole & hole[::-1, ::-1]).any()  # opposite pixels are on opposite sides


# Parts


def disc(radius: float) -> np.ndarray:
    reach = int(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return x**2 + y**2 <= radius**2


@pytest.mark.parametrize("name", ["eyes", "hair", "face", "left_eye"])
def test_a_part_is_the_part_grown_by_its_margin(name: str) -> None:
    """Against scipy's dilation by a disc."""
    (term,) = parse_mix(f"parts:{name}")
    grown = 0
    for seed in range(6):
        parts = paint(face(seed), 96, "photo").parts
        wanted = np.isin(parts, LABELS[name])
        chance = Rng(seed=seed, places=FIRST)
        hole = draw_parts(term, chance, 96, 96, parts)
        margin = chance.generator("mask: parts").random() * WIDEST * 96
        expected = ndimage.binary_dilation(wanted, disc(margin)) if margin >= 1 else wanted
        expected = np.asarray(ndimage.binary_fill_holes(expected) if name == "face" else expected)
        if wanted.any():
            assert np.array_equal(hole, expected)
            assert not (wanted & ~hole).any()
            grown += int((hole & ~wanted).sum())
        assert np.array_equal(hole, mask(f"parts:{name}", seed, 96))  # that face, if none is given
    assert grown > 0


def test_nothing_within_a_face_is_left_to_tell_of_it() -> None:
    """A moustache, which is labelled hair; of a mask over the skin, eyes and hair stay."""
    parts = np.full((64, 64), PART_INDEX["background"], np.uint8)
    parts[8:56, 8:56] = PART_INDEX["skin"]
    parts[36:46, 20:44] = PART_INDEX["hair"]
    for seed in range(12):
        assert mask("parts:face", seed, 64, parts)[8:56, 8:56].all()
    assert not mask("parts:skin", 1, 64, parts)[41, 32]
    parts[36:64, 20:44] = PART_INDEX["hair"]  # a beard that reaches the border is not enclosed
    assert not mask("parts:face", 1, 64, parts)[60, 32]


def test_names_of_parts() -> None:
    parts = np.arange(len(PARTS), dtype=np.uint8)[None]
    for number, group in enumerate(GROUPS):
        assert np.array_equal(np.isin(parts, LABELS[group]), GROUP_OF_PART[parts] == number)
    for part in PARTS:
        if part.name not in GROUPS:
            assert LABELS[part.name] == (PART_INDEX[part.name],)
    assert PART_INDEX["hair"] not in LABELS["face"] and PART_INDEX["skin"] in LABELS["face"]
    assert set(USUAL) <= set(LABELS)


def test_a_part_that_the_picture_lacks() -> None:
    """The whole face instead; where there is none either, one pixel."""
    parts = np.zeros((32, 32), np.uint8)
    parts[8:24, 10:22] = PART_INDEX["skin"]
    hole = mask("parts:glasses", 4, 32, parts)
    assert hole[8:24, 10:22].all()
    nobody = mask("parts:glasses", 4, 32, np.zeros((32, 32), np.uint8))
    assert nobody.sum() == 1
    everybody = mask("parts:skin", 4, 32, np.full((32, 32), PART_INDEX["skin"], np.uint8))
    assert (~everybody).sum() == 1


def test_parts_that_are_unknown_are_those_of_a_face_of_the_world() -> None:
    unknown = np.full((32, 32), 255, np.uint8)
    assert np.array_equal(mask("parts:eyes", 4, 32, unknown), mask("parts:eyes", 4, 32))


# Scratches and text
