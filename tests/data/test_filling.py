"""Filling a folder: what is kept, what is made, and what a stop leaves behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trombine.data import made
from trombine.data.filling import fill_folder
from trombine.data.made import Maker, Sample
from trombine.progress import Result
from trombine.refusal import OutputError

PHOTO = Maker(kind="world", styles=("photo",), size=16)
OTHERS = [
    Maker(kind="world", styles=("anime",), size=16),
    Maker(kind="world", styles=("photo",), size=24),
]


def fill(folder: Path, maker: Maker = PHOTO, count: int = 4, **options: Any) -> Result:
    asked = {"first_seed": 0, "workers": 1, **options}
    return fill_folder(folder, maker, count=count, **asked)


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its name in it."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the first four photo faces, made in one go."""
    folder = tmp_path_factory.mktemp("whole")
    fill(folder)
    return files(folder)


def test_a_second_run_makes_only_what_is_missing(tmp_path: Path, whole: dict[str, bytes]) -> None:
    fill(tmp_path)
    (tmp_path / "000001.png").unlink()
    (tmp_path / "parts" / "000003.png").unlink()
    stamps = {name: (tmp_path / name).stat().st_mtime_ns for name in ("000000.png", "000003.png")}
    done = fill(tmp_path)
    assert (len(done.written), done.kept) == (2, 2)
    assert done.summary == f"{tmp_path}: 4 faces of 16 px (2 were there)"
    assert files(tmp_path) == whole
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in stamps} == stamps


def test_more_of_the_same_is_added(tmp_path: Path, whole: dict[str, bytes]) -> None:
    fill(tmp_path, count=2, first_seed=2)
    assert fill(tmp_path).kept == 2
    assert files(tmp_path) == whole


def test_a_changed_picture_is_kept_unless_told_otherwise(
    tmp_path: Path, whole: dict[str, bytes]
) -> None:
    fill(tmp_path)
    (tmp_path / "000002.png").write_bytes(b"mine")
    fill(tmp_path)
    assert files(tmp_path) == whole | {"000002.png": b"mine"}
    fill(tmp_path, overwrite=True)
    assert files(tmp_path) == whole


@pytest.mark.parametrize("maker", [PHOTO, Maker(kind="leaves", size=16)], ids=str)
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_pictures_is_not_filled(tmp_path: Path, maker: Maker, overwrite: bool) -> None:
    """Its metadata.jsonl would hide them from whoever reads the folder."""
    (tmp_path / "p00.JPG").write_bytes(b"mine")
    says = "holds p00.JPG, which this command did not make and would hide; choose another folder"
    with pytest.raises(OutputError, match=f"{tmp_path}: {says}"):
        fill(tmp_path, maker, overwrite=overwrite)
    assert files(tmp_path) == {"p00.JPG": b"mine"}


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_other_pictures_are_not_mixed_in(tmp_path: Path, other: Maker) -> None:
    folder = tmp_path / "faces"
    fill(folder)
    before = files(folder)
    says = "of the size 16, not 24" if other.size == 24 else "of the style photo, not anime"
    cure = "; choose another folder, or make all anew with --overwrite"
    with pytest.raises(OutputError, match=f"describes faces .*{says}{cure}"):
        fill(folder, other)
    with pytest.raises(OutputError, match=says):  # one would stay as it is
        fill(folder, other, count=3, overwrite=True)
    assert files(folder) == before
    fill(folder, other, overwrite=True)
    fill(tmp_path / "new", other)
    assert files(folder) == files(tmp_path / "new")


def test_a_stopped_run_leaves_a_whole_folder(tmp_path: Path, whole: dict[str, bytes]) -> None:
    """Two of four: their files and lines are there, and nothing else is."""

    def stop(done: float, of: float, what: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path, progress=stop)
    names = {"000000.png", "000001.png"}
    assert files(tmp_path).keys() == {"metadata.jsonl", *names, *(f"parts/{n}" for n in names)}
    told = (tmp_path / "metadata.jsonl").read_text().splitlines()
    assert [json.loads(line)["seed"] for line in told] == [0, 1]
    done = fill(tmp_path)
    assert (len(done.written), done.kept) == (2, 2)
    assert files(tmp_path) == whole


def test_a_killed_run_is_gone_on_with(
    tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a kill leaves it: pictures, and lines in any order, the last of which is torn."""
    fill(tmp_path)
    lines = whole["metadata.jsonl"].splitlines(keepends=True)
    (tmp_path / "metadata.jsonl").write_bytes(lines[1] + lines[0] + lines[2][:100])
    painted: list[int] = []
    original = Maker.make

    def painting(maker: Maker, seed: int) -> Sample:
        painted.append(seed)
        return original(maker, seed)

    monkeypatch.setattr(Maker, "make", painting)
    fill(tmp_path)
    assert painted == [2, 3]
    assert files(tmp_path) == whole


@pytest.mark.parametrize("line", ["{", "[1]", '{"file_name": "a.png"}', '{"seed": 0, "size": 16}'])
def test_lines_of_somebody_else_stay(tmp_path: Path, line: str) -> None:
    (tmp_path / "metadata.jsonl").write_text(f"{line}\n")
    with pytest.raises(OutputError, match=r"metadata.jsonl: describes (other )?pictures"):
        fill(tmp_path)
    assert files(tmp_path) == {"metadata.jsonl": f"{line}\n".encode()}


def test_a_picture_of_somebody_else_stays(tmp_path: Path, whole: dict[str, bytes]) -> None:
    """One that has the name of a seed whose line is not there; of ours it is made again."""
    (tmp_path / "000001.png").write_bytes(whole["000000.png"])
    (tmp_path / "000002.png").write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"000002.png: is there and was not made by this command"):
        fill(tmp_path)
    fill(tmp_path, overwrite=True)
    assert files(tmp_path) == whole


def test_a_failing_painter_is_named_by_its_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(seed: int) -> None:
        raise ZeroDivisionError("a field\nis zero")

    monkeypatch.setattr(made.trombine.world, "face", fail)
    with pytest.raises(made.MakeError) as caught:
        fill(tmp_path)
    says = "seed 0 of world:photo at 16 px: ZeroDivisionError: a field is zero"
    assert str(caught.value) == says
