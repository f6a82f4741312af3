"""Masks from files: which side is the hole, which file, how it is fitted, NVIDIA's two sets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from trombine.core.errors import InputError
from trombine.core.rng import FIRST, Rng
from trombine.data.masks import (
    check_folders,
    draw_masks,
    listing_hash,
    mask,
    parse_mix,
)
from trombine.data.masks.files import NVIDIA_GROWS, _augmented, _resized, list_files, resolve

SIZE = 64
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


def strokes(count: int, size: int = SIZE, spec: str = "irregular:10-40") -> list[np.ndarray]:
    return [mask(spec, seed, size) for seed in range(count)]


def test_white_is_the_hole_unless_it_is_inverted(folder: Folder) -> None:
    (hole,) = strokes(1)
    white, black = folder("white", [hole]), folder("black", [hole], white=False)
    assert np.array_equal(mask(f"files:{white}", 3, SIZE), hole)
    assert np.array_equal(mask(f"inverted:{black}", 3, SIZE), hole)
    assert np.array_equal(mask(f"inverted:{white}", 3, SIZE), ~hole)


def test_every_file_comes_and_a_seed_is_one_file(folder: Folder) -> None:
    holes = strokes(5)
    place = folder("masks", holes)
    (place / "notes.txt").write_text("no mask")
    found = [mask(f"files:{place}", seed, SIZE) for seed in range(60)]
    which = [next(i for i, hole in enumerate(holes) if np.array_equal(hole, one)) for one in found]
    assert set(which) == set(range(5)) and max(map(which.count, which)) < 30
    chance = Rng(seed=1, places=np.arange(40))
    run = draw_masks(f"files:{place}", chance, size=SIZE)[:, 0].numpy() > 0
    assert {one.tobytes() for one in run} == {hole.tobytes() for hole in holes}


def test_files_below_and_of_other_modes_are_read(tmp_path: Path) -> None:
    (hole,) = strokes(1)
    (tmp_path / "a" / "b").mkdir(parents=True)
    picture = Image.fromarray(hole.astype(np.uint8) * 255)
    picture.convert("1").save(tmp_path / "a" / "one.png")
    picture.convert("RGB").save(tmp_path / "a" / "b" / "three.bmp")
    assert list_files(str(tmp_path)) == ("a/b/three.bmp", "a/one.png")
    for seed in range(8):
        assert np.array_equal(mask(f"files:{tmp_path}", seed, SIZE), hole)


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


# NVIDIA's sets: the training masks are mostly white, and black is the hole; the testing masks
# have 1 to 60 % of white, which is the hole.


def test_its_training_masks_are_grown_and_turned(folder: Folder) -> None:
    holes = strokes(4, 128, "irregular:0-6")
    place = folder("training", holes, white=False)
    found = [mask(f"nvidia:{place}", seed, 128) for seed in range(12)]
    assert len({one.tobytes() for one in found}) == 12
    raw = np.mean([hole.mean() for hole in holes])
    assert 1.3 * raw < np.mean([one.mean() for one in found]) < 0.5
    assert np.array_equal(found[3], mask(f"nvidia:{place}", 3, 128))


def test_a_hole_is_grown_by_a_square_of_9_to_49_pixels() -> None:
    """Of 512: one pixel becomes a square, turned, of that side."""
    hole = np.zeros((512, 512), bool)
    hole[256, 256] = True
    sides = [np.sqrt(_augmented(hole, Rng(seed=seed, places=FIRST)).sum()) for seed in range(40)]
    low, high = NVIDIA_GROWS
    assert low - 1 < min(sides) < low + 8 and high - 8 < max(sides) < high + 1


def test_augmenting_moves_and_turns() -> None:
    hole = np.zeros((256, 256), bool)
    hole[120:136, 60:196] = True
    seen = [_augmented(hole, Rng(seed=seed, places=FIRST)) for seed in range(12)]
    middles = np.array([ndimage.center_of_mass(one) for one in seen])
    assert (middles.std(0) > 5).all() and (abs(middles - 128) < 40).all()
    tall = [np.ptp(np.argwhere(one)[:, 0]) for one in seen]
    assert min(tall) < 90 < 120 < max(tall)


@pytest.mark.parametrize("bin", ["0-10", "50-60"])
def test_one_bin_of_its_testing_set_is_known_as_well(bin: str, folder: Folder) -> None:
    """The last is more white than black, and white is the hole all the same."""
    place = folder("bin", strokes(12, SIZE, f"irregular:{bin}"))
    (term,) = parse_mix(f"nvidia:{place}")
    assert resolve(term, Rng(seed=0, places=FIRST))[0] == "nvidia:testing"
    low, high = (int(edge) / 100 for edge in bin.split("-"))
    assert all(low < mask(f"nvidia:{place}", seed, SIZE).mean() <= high for seed in range(6))


# What is refused


@pytest.mark.parametrize(
    ("family", "level", "said"),
    [
        ("files", 0, "holds no hole"),
        ("inverted", 0, "is nothing but hole"),
        ("nvidia", 0, "holds no hole"),
    ],
)
def test_a_file_of_one_colour_is_refused(
    family: str, level: int, said: str, tmp_path: Path
) -> None:
    Image.fromarray(np.full((SIZE, SIZE), level, np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match=rf"a\.png {said}, which is no mask; take it out"):
        mask(f"{family}:{tmp_path}", 0, SIZE)


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


def test_folders_without_masks_are_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.png").write_bytes(b"no picture")
    for name, said in (
        ("none", "is not a folder"),
        ("empty", "holds no pictures"),
        ("bad", "a.png"),
    ):
        with pytest.raises(InputError, match=said):
            mask(f"files:{tmp_path / name}", 0, SIZE)
