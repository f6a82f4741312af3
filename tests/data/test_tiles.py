"""Pictures cut into squares at their own size."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trombine.core.errors import InputError
from trombine.data.columns import split_share
from trombine.data.pack import Pack
from trombine.data.prepare import PrepareOptions, prepare_pack
from trombine.data.source import source
from trombine.data.split import split
from trombine.training.config import streams_of
from trombine.training.methods import RECIPES

SIZE = 16


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Twelve pictures of noise, 50 x 37 to 61 x 48."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    rng = np.random.default_rng(5)
    for number in range(12):
        pixels = rng.integers(0, 256, (37 + number, 50 + number, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02d}.png")
    return folder


def test_squares_are_the_pictures_pixels(photographs: Path) -> None:
    """Every square of every picture is there once, none overlapping another, none resized."""
    squares = source(f"tiles:{photographs}", SIZE)
    item = 0
    for path in sorted(photographs.iterdir()):
        pixels = np.asarray(Image.open(path))
        rows, columns = (side // SIZE for side in pixels.shape[:2])
        top, left = ((side % SIZE) // 2 for side in pixels.shape[:2])
        for number in range(rows * columns):
            y, x = top + number // columns * SIZE, left + number % columns * SIZE
            cell = squares.take(np.array([item]))["pictures"][0]
            assert np.array_equal(cell, pixels[y : y + SIZE, x : x + SIZE])
            assert squares.name(item) == path.name
            item += 1
    assert item == len(squares)


def test_no_photograph_is_learned_from_and_measured_on(photographs: Path) -> None:
    """All squares of a picture have the same use."""
    learned, measured = split(f"tiles:{photographs}", SIZE, 16)
    files = [{part.name(index) for index in range(len(part))} for part in (learned, measured)]
    assert files[0]
    assert files[1]
    assert not files[0] & files[1]


def test_a_changed_folder_is_cut_anew(photographs: Path) -> None:
    """What was cut before is not taken for what the folder holds now."""
    before = source(f"tiles:{photographs}", SIZE).take(np.array([0]))["pictures"]
    Image.new("RGB", (50, 37), "red").save(photographs / "00.png")
    after = source(f"tiles:{photographs}", SIZE).take(np.array([0]))["pictures"]
    assert not np.array_equal(before, after)
    assert (after == (255, 0, 0)).all()


def test_turned_photographs_are_cut_upright(tmp_path: Path) -> None:
    """A camera's orientation is obeyed before the picture is cut."""
    pixels = np.random.default_rng(1).integers(0, 256, (16, 48, 3), np.uint8)
    exif = Image.Exif()
    exif[274] = 6  # turned by 90 degrees clockwise
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    squares = source(f"tiles:{tmp_path}", SIZE)
    upright = np.rot90(pixels, -1)
    joined = np.concatenate(squares.take(np.arange(3))["pictures"])
    assert np.array_equal(joined, upright)


def test_bad_and_small_ones_are_left_out(photographs: Path, tmp_path: Path) -> None:
    """A picture in which no square fits is left out; one that cannot be read is named as well."""
    Image.new("RGB", (15, 200)).save(photographs / "narrow.png")
    (photographs / "torn.png").write_bytes((photographs / "00.png").read_bytes()[:200])
    options = PrepareOptions(size=SIZE, crop="tiles")
    done = prepare_pack(photographs, tmp_path / "pack", options)
    assert {file.name for file in done.skipped} == {"torn.png"}
    pack = Pack(tmp_path / "pack")
    assert not {"narrow.png", "torn.png"} & {pack.name(row) for row in range(len(pack))}


def test_too_few_squares_say_how_many_pictures_are_too_small(tmp_path: Path) -> None:
    for name, side in (("a", 16), ("b", 15), ("c", 15)):
        Image.new("RGB", (side, 40)).save(tmp_path / f"{name}.png")
    said = "2 of 3 pictures are smaller than a tile of 16 x 16 pixels; the others make 2 tiles, and"
    with pytest.raises(InputError, match=f"{said} it takes 5 or more .* give a smaller --size"):
        split(f"tiles:{tmp_path}", SIZE, 4)


def test_enlargers_learn_from_folders_at_their_own_size() -> None:
    """A folder: of an enlarger's recipe is cut into squares; other kinds stay."""
    recipe = replace(RECIPES["upscale-x2"], data="folder:own*0.5+leaves#10")
    assert streams_of(recipe, ("data",)) == {"data": "tiles:own*0.5+leaves#10"}
    reader = replace(RECIPES["reader"], data="folder:own")
    assert streams_of(reader, ("data",)) == {"data": "folder:own"}


@pytest.mark.parametrize("count", [1, 8])
def test_of_few_photographs_whole_ones_are_held_out(photographs: Path, count: int) -> None:
    """Where no picture is sorted by its bytes to choose by, all squares of some are held out."""
    options = PrepareOptions(size=SIZE)
    for path in sorted(photographs.iterdir()):
        if split_share(sha256(path.read_bytes()).digest()) < options.test + options.choose:
            path.unlink()
    assert len(list(photographs.iterdir())) >= 6
    learned, measured = split(f"tiles:{photographs}", SIZE, count)
    files = [{part.name(index) for index in range(len(part))} for part in (learned, measured)]
    assert files[1]
    assert not files[0] & files[1]
