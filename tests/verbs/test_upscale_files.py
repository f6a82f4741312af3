"""Enlarge: which files are read and written, under which names, and what stops at one of them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from trombine.events import Notice
from trombine.io.image import Picture, format_of, load_picture, read_record, save_picture, size_of
from trombine.refusal import InputError
from trombine.upscaling import making
from trombine.verbs.upscale import UpscaleRequest

pytestmark = pytest.mark.usefixtures("photographs")


# What is read is not written over


@pytest.mark.parametrize("truth", ["truths", "truths/a.png"])
def test_a_truth_is_never_written_over(truth: str, tmp_path: Path, kit: ModuleType) -> None:
    source = kit.photo(tmp_path / "in")
    there = kit.photo(tmp_path / "truths", height=40, width=48)
    before = there.read_bytes()
    with pytest.raises(InputError, match=r"truths/a\.png: is an input, and would be written over"):
        kit.events(source, output=tmp_path / "truths", truth=tmp_path / truth, overwrite=True)
    sheet = kit.photo(tmp_path / "truths", "b.sheet.png", height=40, width=48)
    with pytest.raises(InputError, match=r"b\.sheet\.png: is an input"):
        kit.events(source, output=tmp_path / "truths" / "b.png", truth=sheet, sheet=True)
    assert there.read_bytes() == before


# Truths


def test_a_truth_that_is_not_there_is_said_so(tmp_path: Path, kit: ModuleType) -> None:
    sources = [kit.photo(tmp_path / "in", name) for name in ("a.png", "b.png")]
    for gone in (tmp_path / "gone", tmp_path / ("g" * 300)):
        with pytest.raises(InputError, match=r"(g|gone): does not exist; "):
            kit.events(*sources, output=tmp_path / "out", truth=gone)
    assert not (tmp_path / "out").exists()


def test_of_two_truths_with_one_name_the_one_with_the_same_ending(
    tmp_path: Path, kit: ModuleType
) -> None:
    source = kit.photo(tmp_path / "in")
    for name in ("a.png", "a.tif"):
        kit.photo(tmp_path / "truths", name, height=40, width=48)
    kit.events(source, output=tmp_path / "b.png", truth=tmp_path / "truths", sheet=True)
    made = read_record(tmp_path / "b.sheet.png")
    assert made is not None and made["options"]["truth"] == "truth-a.png"
    (tmp_path / "truths" / "a.png").rename(tmp_path / "truths" / "a.bmp")
    with pytest.raises(InputError, match=r"a\.bmp and .*a\.tif could each be the truth of .*a"):
        kit.events(source, output=tmp_path / "c.png", truth=tmp_path / "truths")


# Names


# Files that change while they are read


def test_of_several_pictures_in_a_file_the_first_is_enlarged_and_that_is_said(
    tmp_path: Path, kit: ModuleType
) -> None:
    first = load_picture(kit.photo(tmp_path)).samples
    pictures = [Pillow.fromarray(first), Pillow.fromarray(np.ascontiguousarray(first[::-1]))]
    source = tmp_path / "pages.tif"
    pictures[0].save(source, save_all=True, append_images=pictures[1:])
    events = kit.events(source, output=tmp_path / "large.tif")
    said = [event.text for event in events if isinstance(event, Notice)]
    assert said == ["holds more pictures than one; only the first is taken"]
    kit.events(tmp_path / "a.png", output=tmp_path / "alone.tif")
    assert np.array_equal(
        load_picture(tmp_path / "large.tif").samples, load_picture(tmp_path / "alone.tif").samples
    )


# What is there


def test_only_what_was_made_so_is_kept(tmp_path: Path, kit: ModuleType) -> None:
    """Anything else that is there is left alone, and said."""
    source, other, out = kit.photo(tmp_path), kit.photo(tmp_path, "b.png", seed=5), tmp_path / "e"
    out = out.with_suffix(".png")
    kit.events(source, output=out)
    before = out.read_bytes()
    assert kit.events(source, output=out, tile=20, threads=2)[-1].kept == 1
    made_so = f"{out}: is there, and was made otherwise ("
    for file, options in [
        (source, {"factor": 4}),
        (source, {"model": "upscale-fast"}),
        (other, {}),
    ]:
        said = kit.why(kit.events(file, output=out, **options))
        assert said.startswith(made_so) and said.endswith("; choose another -o, or add --overwrite")
    film = kit.film(tmp_path / "film.gif")
    assert kit.why(kit.events(film, output=out)).startswith(made_so)
    source.write_bytes(other.read_bytes())
    said = kit.why(kit.events(source, output=out))
    assert said.startswith(f"{out}: is there, and was made from another a.png; ")
    assert out.read_bytes() == before
    heard = kit.events(source, output=out, overwrite=True)
    assert heard[-1].written == 1 and kit.events(source, output=out)[-1].kept == 1


def test_a_model_trained_on_makes_another_picture(tmp_path: Path, kit: ModuleType) -> None:
    source, out = kit.photo(tmp_path), tmp_path / "b.png"
    mine = kit.model_file(tmp_path / "mine.safetensors", factor=2)
    kit.events(source, output=out, model=mine)
    assert kit.events(source, output=out, model=mine)[-1].kept == 1
    kit.model_file(mine, factor=3)
    said = kit.why(kit.events(source, output=out, model=mine, factor=2))
    assert said.startswith(f"{out}: is there, and was made from another mine.safetensors; ")


# What a format is large enough for


def strip(folder: Path, name: str, width: int) -> Path:
    """One row, which makes a long result of few pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    grey = np.full((1, width, 3), 90, np.uint8)
    save_picture(folder / name, Picture(samples=grey))
    return folder / name


@pytest.mark.parametrize("name", ["b.webp", "b.jpg", "b.gif", "b.avif"])
def test_a_result_that_its_format_cannot_hold_is_refused_before_it_is_made(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kit: ModuleType
) -> None:
    most = making.MOST_A_SIDE[format_of(Path(name))]
    made: list[object] = []
    monkeypatch.setattr(making, "_enlarged", lambda *_, **__: made.append(1))
    source = strip(tmp_path, "a.png", most // 2 + 1)
    said = kit.why(kit.events(source, output=tmp_path / name))
    assert said == (
        f"would become {2 * (most // 2 + 1):,} x 2, and {format_of(Path(name))} holds at most"
        f" {most:,} a side; choose a smaller size, or for a picture .png or .tif"
    )
    assert not made


@pytest.mark.parametrize("format", ["WEBP", "JPEG", "GIF", "AVIF"])
def test_a_format_does_hold_so_many_pixels_a_side(format: str, tmp_path: Path) -> None:
    most = making.MOST_A_SIDE[format]
    path = strip(tmp_path, f"a.{format.lower()}", most)
    assert load_picture(path).width == most
    with pytest.raises(InputError, match=r"cannot hold|is cut short"):
        load_picture(strip(tmp_path, f"b.{format.lower()}", 2 * most + 1))


def test_where_nobody_named_a_format_one_is_taken_that_is_large_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kit: ModuleType
) -> None:
    monkeypatch.setitem(making.MOST_A_SIDE, "WEBP", 60)
    save_picture(tmp_path / "a.webp", kit.pixels())
    kit.events(tmp_path / "a.webp", output=tmp_path / "two")
    kit.events(tmp_path / "a.webp", output=tmp_path / "four", factor=4)
    kit.events(tmp_path / "a.webp", output=tmp_path / "box", size="999x50")
    assert size_of(tmp_path / "two" / "a.webp") == (40, 48)
    assert size_of(tmp_path / "four" / "a.png") == (80, 96)
    assert size_of(tmp_path / "box" / "a.webp") == (50, 60)


# Numbers that cannot be


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tile": 10**20}, "--tile is auto, or a whole number, 16 to 1,000,000, not 1000000000"),
        ({"tile": "9" * 5000}, "--tile is auto, or a whole number, 16 to 1,000,000, not '9999"),
        ({"tile": 10**5000}, "--tile is auto, or a whole number, 16 to 1,000,000, not one so la"),
        ({"tile": True}, "--tile is auto, or a whole number, 16 to 1,000,000, not True"),
        ({"tile": 16.0}, "--tile is auto, or a whole number, 16 to 1,000,000, not 16.0"),
        ({"factor": 10**5000}, "-x is a whole number, 1 to 16, not one so large; --size"),
        ({"threads": -(10**5000)}, "--threads is a whole number, 1 or more, not one so large"),
        ({"model": None}, "--model is a text or a path, not None"),
        ({"model": 5}, "--model is a text or a path, not 5"),
    ],
)
def test_what_a_program_may_give(
    options: dict[str, Any], said: str, tmp_path: Path, kit: ModuleType
) -> None:
    """Put in later: the tests check types where a request is made, which users' programs do not."""
    request = UpscaleRequest(pictures=(kit.photo(tmp_path),), output=tmp_path / "b.png")
    for name, value in options.items():
        object.__setattr__(request, name, value)
    with pytest.raises(InputError) as error:
        request.__post_init__()
    assert str(error.value).startswith(said) and len(str(error.value)) < 200
