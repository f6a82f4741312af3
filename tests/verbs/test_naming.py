"""Where results lie and how they are named: beside their pictures, in trees, with a suffix."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import trombine
from trombine.events import Notice, Skipped
from trombine.io.image import read_record
from trombine.refusal import InputError

pytestmark = pytest.mark.usefixtures("photographs")
MODEL = "upscale-fast"


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_without_an_output_it_lies_beside_its_picture(tmp_path: Path, kit: ModuleType) -> None:
    source = kit.photo(tmp_path)
    trombine.upscale(pictures=source, model=MODEL, factor=3)
    assert names(tmp_path) == ["a.png", "a.x3.png"]
    assert trombine.upscale(pictures=source, model=MODEL, factor=3).kept == 1


def test_a_folder_into_itself_twice_is_the_same_command(tmp_path: Path, kit: ModuleType) -> None:
    """Results are no pictures to enlarge; a picture that is named is."""
    for name in ("a.png", "b.png"):
        kit.photo(tmp_path, name)
    first = trombine.upscale(pictures=tmp_path, output=tmp_path, model=MODEL)
    again = trombine.upscale(pictures=tmp_path, output=tmp_path, model=MODEL)
    assert (len(first.written), len(again.written), again.kept) == (2, 0, 2)
    assert names(tmp_path) == ["a.png", "a.x2.png", "b.png", "b.x2.png"]
    trombine.upscale(pictures=tmp_path / "a.x2.png", model=MODEL)
    assert "a.x2.x2.png" in names(tmp_path)


def test_a_suffix(tmp_path: Path, kit: ModuleType) -> None:
    kit.photo(tmp_path / "in")
    trombine.upscale(pictures=tmp_path / "in", output=tmp_path / "o", suffix="_large", model=MODEL)
    assert names(tmp_path / "o") == ["a_large.png"]
    with pytest.raises(InputError, match=r"suffix is a part of a name, not '/\.\./b'"):
        trombine.upscale(pictures=tmp_path / "in", suffix="/../b")


def test_folders_inside_are_taken_too_and_the_tree_is_kept(tmp_path: Path, kit: ModuleType) -> None:
    for name in ("a.png", "b/a.png", "b/c/d.png", ".hidden/e.png"):
        kit.photo(tmp_path / "in" / Path(name).parent, Path(name).name)
    (tmp_path / "in" / "circle").symlink_to(tmp_path / "in")
    done = trombine.upscale(
        pictures=tmp_path / "in", output=tmp_path / "out", recursive=True, model=MODEL
    )
    assert names(tmp_path / "out") == ["a.png", "b/a.png", "b/c/d.png"] and not done.notices
    alone = trombine.upscale(pictures=tmp_path / "in", output=tmp_path / "one", model=MODEL)
    assert names(tmp_path / "one") == ["a.png"]
    assert [one.text for one in alone.notices if isinstance(one, Notice)] == [
        f"pictures in folders inside are left alone: {tmp_path}/in/b, {tmp_path}/in/circle;"
        " recursive=True takes them too"
    ]


def test_reading_takes_folders_inside_too(tmp_path: Path, kit: ModuleType) -> None:
    kit.photo(tmp_path / "in")
    kit.photo(tmp_path / "in" / "b")
    assert len(trombine.read(pictures=tmp_path / "in", recursive=True).found) == 2
    trombine.read(pictures=tmp_path / "in", output=tmp_path / "out", recursive=True)
    assert names(tmp_path / "out") == ["a.png", "b/a.png"]


def test_another_format_and_its_quality(tmp_path: Path, kit: ModuleType) -> None:
    source, out = kit.photo(tmp_path / "in"), tmp_path / "out"

    def made(**options: Any) -> bytes:
        shutil.rmtree(out, ignore_errors=True)
        trombine.upscale(pictures=source, output=out, format="jpg", model=MODEL, **options)
        return (out / "a.jpg").read_bytes()

    usual, small = made(), made(quality=40)
    assert len(small) < len(usual)
    record = read_record(out / "a.jpg") or {}
    assert (record["options"]["format"], record["options"]["quality"]) == ("JPEG", 40)
    trombine.replay(pictures=out / "a.jpg", output=tmp_path / "again.jpg", inputs=source.parent)
    assert (tmp_path / "again.jpg").read_bytes() == small
    heard = kit.events(source, output=out, format="jpg", model=MODEL)
    skipped = next(event for event in heard if isinstance(event, Skipped))
    assert "was made otherwise (quality 40, not as usual)" in skipped.why
    assert kit.events(source, output=out, format="jpg", model=MODEL, quality=40)[-1].kept == 1


def test_a_format_that_the_output_is_not_of(tmp_path: Path, kit: ModuleType) -> None:
    source = kit.photo(tmp_path)
    with pytest.raises(InputError, match='ends otherwise than format="webp"; give one'):
        trombine.upscale(pictures=source, output=tmp_path / "b.png", format="webp")
    with pytest.raises(InputError, match=r"format is png, jpg, .* or webm, not 'heic'"):
        trombine.upscale(pictures=source, output=tmp_path / "b", format="heic")


def test_all_files_of_a_folder_twice_is_the_same_command(tmp_path: Path, kit: ModuleType) -> None:
    """As a shell writes out `F/*`: results whose pictures are named too are not enlarged again."""
    for name in ("a.png", "b.png"):
        kit.photo(tmp_path, name)
    for _ in range(2):
        trombine.upscale(pictures=sorted(tmp_path.iterdir()), output=tmp_path, model=MODEL)
    assert names(tmp_path) == ["a.png", "a.x2.png", "b.png", "b.x2.png"]
    again = trombine.upscale(pictures=sorted(tmp_path.iterdir()), model=MODEL, factor=3)
    assert names(tmp_path) == sorted(
        f"{stem}{end}" for stem in "ab" for end in (".png", ".x2.png", ".x3.png")
    )
    said = [one.text for one in again.notices if one.file is None]
    assert said == [
        "results of pictures that are named too are left out:"
        f" {tmp_path}/a.x2.png, {tmp_path}/b.x2.png"
    ]


@pytest.mark.parametrize("output", [".", "out"])
def test_a_tree_into_itself_twice_is_the_same_command(
    output: str, tmp_path: Path, kit: ModuleType
) -> None:
    """Also where all pictures lie in folders inside, and the results in a folder beside these."""
    kit.photo(tmp_path / "b")
    made = []
    for _ in range(2):
        trombine.upscale(pictures=tmp_path, output=tmp_path / output, recursive=True, model=MODEL)
        made.append(names(tmp_path))
    assert made[0] == made[1] and len(made[0]) == 2
