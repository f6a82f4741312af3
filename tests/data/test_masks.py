"""Masks: how they are written, drawn in a run, what each family promises, and files of them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from trombine.core.conventions import LANDMARK_GROUPS, PART_INDEX
from trombine.core.errors import InputError
from trombine.core.rng import FIRST, Rng
from trombine.data.augment import Augment, augmented
from trombine.data.augment import drawn as drawn_changes
from trombine.data.masks import (
    LABELS,
    MaskStage,
    MaskTerm,
    _draw,
    _resized,
    _stage_at,
    check_folders,
    draw_mask,
    draw_masks,
    draw_parts,
    list_files,
    listing_hash,
    mask,
    parse,
    parse_mix,
    spell,
)
from trombine.data.masks import MARGIN as WIDEST
from trombine.data.source import source
from trombine.world import face, paint

IRREGULAR = MaskTerm(family="irregular", share=(0, 60))
HUGE = MaskTerm(family="huge", share=(50, 80))


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("irregular", IRREGULAR),
        ("irregular:share=30-40", MaskTerm(family="irregular", share=(30, 40))),
        (
            "irregular*0.25",
            MaskTerm(family="irregular", share=(0, 60), weight=0.25),
        ),
        ("squares*2", MaskTerm(family="squares", weight=2)),
        ("half:left,slanted", MaskTerm(family="half", names=("left", "slanted"))),
        ("parts:eyes,mouth", MaskTerm(family="parts", names=("eyes", "mouth"))),
        ("inverted:a+b", MaskTerm(family="inverted", path="a+b")),
        ('files:"a+huge"*2', MaskTerm(family="files", path="a+huge", weight=2)),
        ('files:"a>b@3"', MaskTerm(family="files", path="a>b@3")),
        ("files:a@b", MaskTerm(family="files", path="a@b")),
    ],
)
def test_a_term(text: str, term: MaskTerm) -> None:
    assert parse_mix(text) == (term,)
    assert parse_mix(spell(term)) == (term,)


def test_a_mix() -> None:
    mix = parse_mix("irregular*0.7+squares*0.3+files:a+b+text")
    assert [(term.family, term.weight) for term in mix] == [
        ("irregular", 0.7),
        ("squares", 0.3),
        ("files", 1),
        ("text", 1),
    ]
    assert mix[2].path == "a+b"
    assert parse_mix("+".join(map(spell, mix))) == mix


def test_a_curriculum() -> None:
    masks = parse("squares > huge@1000 > irregular*2+text@50000-200000")
    text = MaskTerm(family="text")
    assert masks == (
        MaskStage(mix=(MaskTerm(family="squares"),)),
        MaskStage(mix=(HUGE,), first=1000, last=1000),
        MaskStage(
            mix=(MaskTerm(family="irregular", share=(0, 60), weight=2), text),
            first=50000,
            last=200000,
        ),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("blobs", "'blobs' is no family of masks; there are irregular"),
        ("squares*-1", r"'squares\*-1' is no family"),
        ("files:", "name the folder, as in files:PATH"),
        ("irregular:30-95", "at most 90"),
        ("half:middle", "'middle' is none of left, right"),
        ("squares>huge", "say when 'huge' comes"),
        ("squares>huge@9>text@5", "one after another"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_line(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


SIZE = 24


def chance(seed: int, places: range | list[int]) -> Rng:
    return Rng(seed=seed, places=np.array(places, np.int64))


def drawn(spec: str, places: range | list[int]) -> torch.Tensor:
    return draw_masks(spec, chance(5, places), size=SIZE)


def is_left_half(holes: torch.Tensor) -> np.ndarray:
    left = torch.from_numpy(mask("half:left", 0, SIZE)).float()
    return (holes[:, 0] == left).all(dim=(1, 2)).numpy()


@pytest.mark.parametrize("spec", ["irregular*2+squares+text+half+parts", "huge>squares@5-30"])
def test_a_mask_depends_on_its_place_alone(spec: str) -> None:
    """Not on where a slice begins, how long it is, or in which order places are asked for."""
    whole = drawn(spec, range(40))
    assert torch.equal(drawn(spec, range(11, 29)), whole[11:29])
    assert torch.equal(drawn(spec, [30, 2, 2, 17]), whole[[30, 2, 2, 17]])


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


def test_a_mask_is_the_same_alone_and_in_a_mix() -> None:
    mix = parse_mix("irregular:20-30*2+squares+half:top,left+scratches+text+parts:nose")
    families = set()
    for seed in range(40):
        one = draw_mask(mix, seed, SIZE)
        families.add(one.family)
        assert np.array_equal(one.hole, mask(one.family, seed, SIZE))
        assert one.share == round(one.hole.sum() / SIZE**2, 6) and one.term == one.family
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


def test_a_run_is_measured_on_what_a_curriculum_ends_with() -> None:
    """Its first pictures have masks of the first stage, those it is measured on never."""
    stages = parse("half:right>half:left@1000")
    assert _stage_at(stages, chance(0, [3])) is stages[0]
    assert _stage_at(stages, chance(0, [3]).fold_in("fixed")) is stages[1]


SHAPES = ("irregular", "huge", "squares", "half", "scratches", "text")
BINS = [f"irregular:{low}-{high}" for low, high in pairwise(range(0, 70, 10))]


def labelled(hole: np.ndarray) -> tuple[np.ndarray, int]:
    """The pieces of a hole by number, and how many there are; corners join."""
    labels = np.zeros(hole.shape, np.int32)
    count = ndimage.label(hole, np.ones((3, 3)), labels)
    return labels, cast(int, count)


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


# Parts


def disc(radius: float) -> np.ndarray:
    reach = int(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return x**2 + y**2 <= radius**2


@pytest.mark.parametrize("name", ["eyes", "hair", "face", "left_eye"])
def test_a_part_is_the_part_grown_by_its_margin(name: str) -> None:
    """Against scipy's dilation by a disc."""
    grown = 0
    for seed in range(6):
        parts = paint(face(seed), 96, "photo").parts
        wanted = np.isin(parts, LABELS[name])
        chance = Rng(seed=seed, places=FIRST)
        hole = draw_parts((name,), chance, 96, 96, parts)
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


SIDE = 64
Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """`folder("name", holes)`: PNG files in which the holes are white, or black."""

    def write(name: str, holes: list[np.ndarray], *, white: bool = True) -> Path:
        place = tmp_path / name
        place.mkdir()
        for number, hole in enumerate(holes):
            Image.fromarray(((hole == white) * 255).astype(np.uint8)).save(
                place / f"{number:03}.png"
            )
        return place

    return write


def strokes(count: int, size: int = SIDE, spec: str = "irregular:10-40") -> list[np.ndarray]:
    return [mask(spec, seed, size) for seed in range(count)]


def test_white_is_the_hole_unless_it_is_inverted(folder: Folder) -> None:
    (hole,) = strokes(1)
    white, black = folder("white", [hole]), folder("black", [hole], white=False)
    assert np.array_equal(mask(f"files:{white}", 3, SIDE), hole)
    assert np.array_equal(mask(f"inverted:{black}", 3, SIDE), hole)
    assert np.array_equal(mask(f"inverted:{white}", 3, SIDE), ~hole)


def test_every_file_comes_and_a_seed_is_one_file(folder: Folder) -> None:
    holes = strokes(5)
    place = folder("masks", holes)
    (place / "notes.txt").write_text("no mask")
    found = [mask(f"files:{place}", seed, SIDE) for seed in range(60)]
    which = [next(i for i, hole in enumerate(holes) if np.array_equal(hole, one)) for one in found]
    assert set(which) == set(range(5)) and max(map(which.count, which)) < 30
    chance = Rng(seed=1, places=np.arange(40))
    run = draw_masks(f"files:{place}", chance, size=SIDE)[:, 0].numpy() > 0
    assert {one.tobytes() for one in run} == {hole.tobytes() for hole in holes}


def test_files_below_and_of_other_modes_are_read(tmp_path: Path) -> None:
    (hole,) = strokes(1)
    (tmp_path / "a" / "b").mkdir(parents=True)
    picture = Image.fromarray(hole.astype(np.uint8) * 255)
    picture.convert("1").save(tmp_path / "a" / "one.png")
    picture.convert("RGB").save(tmp_path / "a" / "b" / "three.bmp")
    assert list_files(str(tmp_path)) == ("a/b/three.bmp", "a/one.png")
    for seed in range(8):
        assert np.array_equal(mask(f"files:{tmp_path}", seed, SIDE), hole)


def test_a_file_is_cropped_to_its_middle_and_resized() -> None:
    hole = np.zeros((40, 80), bool)
    hole[:, :20] = True  # which the crop to a square takes away
    hole[10:30, 30:50] = True
    fitted = _resized(hole, 20, 20)
    assert np.array_equal(np.argwhere(fitted)[[0, -1]], [[5, 5], [14, 14]])
    assert fitted.sum() == 100
    assert np.array_equal(_resized(hole, 40, 80), hole)
    large = _resized(hole, 160, 320)
    assert large.mean() == pytest.approx(hole.mean(), abs=0.01)


# What is refused


@pytest.mark.parametrize(
    ("family", "level", "said"),
    [
        ("files", 0, "holds no hole"),
        ("inverted", 0, "is nothing but hole"),
    ],
)
def test_a_file_of_one_colour_is_refused(
    family: str, level: int, said: str, tmp_path: Path
) -> None:
    Image.fromarray(np.full((SIDE, SIDE), level, np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match=rf"a\.png {said}, which is no mask; take it out"):
        mask(f"{family}:{tmp_path}", 0, SIDE)


def test_a_folder_is_looked_at_anew(tmp_path: Path) -> None:
    Image.fromarray(strokes(1)[0]).save(tmp_path / "a.png")
    mix = parse_mix(f"files:{tmp_path}")
    check_folders(mix)
    before = listing_hash(str(tmp_path))
    check_folders(mix)
    assert listing_hash(str(tmp_path)) == before
    Image.fromarray(~strokes(1)[0]).save(tmp_path / "b.png")
    assert listing_hash(str(tmp_path)) == before
    check_folders(mix)
    assert listing_hash(str(tmp_path)) != before and len(list_files(str(tmp_path))) == 2
