"""Filling a folder: what is kept, what is made, and what a stop leaves behind."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from trombine.data import filling, made
from trombine.data.filling import fill_folder
from trombine.data.made import Maker, Sample
from trombine.data.packing import write_pack
from trombine.events import Done, Notice, Started
from trombine.files import write_bytes
from trombine.images import encode_png
from trombine.lock import locked
from trombine.refusal import OutputError

PHOTO = Maker(kind="world", styles=("photo",), size=16)
OTHERS = [
    Maker(kind="world", styles=("anime",), size=16),
    Maker(kind="world", styles=("photo",), size=24),
]


def fill(
    folder: Path,
    maker: Maker = PHOTO,
    count: int = 4,
    first_seed: int = 0,
    overwrite: bool = False,
) -> Done:
    events = fill_folder(
        folder, maker, first_seed=first_seed, count=count, workers=1, overwrite=overwrite
    )
    done = list(events)[-1]
    assert isinstance(done, Done)
    return done


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
    assert (done.written, done.kept) == (2, 2)
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


@pytest.mark.parametrize("name", ["000002.png", "parts/000002.png"])
def test_a_strangers_file_is_not_taken_for_ours(tmp_path: Path, name: str) -> None:
    """Nor touched, nor described, and nothing is painted beside it."""
    for data in (b"mine", encode_png(np.zeros((16, 16, 3), np.uint8))):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
        with pytest.raises(OutputError, match=f"{name}: is there and was not made by this"):
            fill(tmp_path)
        assert files(tmp_path) == {name: data}


@pytest.mark.parametrize("maker", [PHOTO, Maker(kind="leaves", size=16)], ids=str)
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_pictures_is_not_filled(tmp_path: Path, maker: Maker, overwrite: bool) -> None:
    """Its metadata.jsonl would hide them from whoever reads the folder."""
    (tmp_path / "p00.JPG").write_bytes(b"mine")
    says = "holds p00.JPG, which this command did not make and would hide; choose another folder"
    with pytest.raises(OutputError, match=f"{tmp_path}: {says}"):
        fill(tmp_path, maker, overwrite=overwrite)
    assert files(tmp_path) == {"p00.JPG": b"mine"}


def test_other_files_are_no_reason_to_refuse(tmp_path: Path, whole: dict[str, bytes]) -> None:
    """Notes, what a killed writer of ours left, and what was put into a folder of ours later."""
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / ".trombine-0123456789ab.part.png").write_bytes(b"half")
    fill(tmp_path, count=2)
    (tmp_path / "sheet.png").write_bytes(b"mine")
    fill(tmp_path)
    assert files(tmp_path).items() >= whole.items()


def test_a_leaf_is_no_face(tmp_path: Path) -> None:
    fill(tmp_path, Maker(kind="leaves", size=16))
    (tmp_path / "metadata.jsonl").unlink()
    with pytest.raises(OutputError, match="was not made by this command"):
        fill(tmp_path)


@pytest.mark.parametrize("name", ["000002.png", "parts/000002.png"])
def test_what_only_takes_the_name_does_not_count(
    tmp_path: Path, whole: dict[str, bytes], name: str
) -> None:
    fill(tmp_path)
    (tmp_path / name).write_bytes(b"")  # as a full disk may leave it
    fill(tmp_path)
    assert files(tmp_path) == whole
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    for overwrite in (False, True):
        with pytest.raises(OutputError, match="is a folder where a picture is to be"):
            fill(tmp_path, overwrite=overwrite)


def test_our_own_pictures_without_lines_are_made_again(
    tmp_path: Path, whole: dict[str, bytes]
) -> None:
    """As a kill leaves them, or an overwriting of another size that was stopped."""
    fill(tmp_path, OTHERS[1])
    (tmp_path / "metadata.jsonl").unlink()
    assert fill(tmp_path).written == 4
    assert files(tmp_path) == whole


@pytest.mark.parametrize("killed", [False, True])
def test_a_stopped_overwriting_is_gone_on_with(
    tmp_path: Path, whole: dict[str, bytes], killed: bool
) -> None:
    fill(tmp_path, OTHERS[1])
    events = fill_folder(tmp_path, PHOTO, first_seed=0, count=4, workers=1, overwrite=True)
    with closing(events):
        list(islice(events, 1 + 2 + 2))
        left = files(tmp_path)
    if killed:
        shutil.rmtree(tmp_path)
        for name, data in left.items():
            write_bytes(tmp_path / name, data)
    done = fill(tmp_path)  # the two that are there, and of the other size the two that are not
    assert done.kept == 2
    assert files(tmp_path) == whole


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_other_pictures_are_not_mixed_in(tmp_path: Path, other: Maker) -> None:
    folder = tmp_path / "faces"
    fill(folder)
    before = files(folder)
    says = "16 px, not of 24" if other.size == 24 else "of the style photo, not anime"
    cure = "; choose another folder, or make all anew with --overwrite"
    with pytest.raises(OutputError, match=f"describes faces .*{says}{cure}"):
        fill(folder, other)
    with pytest.raises(OutputError, match=says):  # one would stay as it is
        fill(folder, other, count=3, overwrite=True)
    assert files(folder) == before
    fill(folder, other, overwrite=True)
    fill(tmp_path / "new", other)
    assert files(folder) == files(tmp_path / "new")


KINDS = {
    "faces": PHOTO,
    "leaves": Maker(kind="leaves", size=16),
    "pairs": Maker(kind="world", styles=("photo", "anime"), size=16),
    "other pairs": Maker(kind="world", styles=("photo", "sketch"), size=16),
}


@pytest.mark.parametrize("left", KINDS)
def test_another_kind_is_not_written_over(tmp_path: Path, left: str) -> None:
    """Else files of the old kind would lie among the new."""
    fill(tmp_path, KINDS[left], count=1)
    before = files(tmp_path)
    for right in KINDS.keys() - {left}:
        for overwrite in (False, True):
            with pytest.raises(OutputError, match="of another kind than is asked for; choose"):
                fill(tmp_path, KINDS[right], count=1, overwrite=overwrite)
    assert files(tmp_path) == before


def test_a_pack_is_not_filled(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    list(write_pack(pack, PHOTO, first_seed=0, count=1, workers=1))
    before = files(pack)
    with pytest.raises(OutputError, match="is a pack; choose another folder, or say --pack"):
        fill(pack, overwrite=True)
    assert files(pack) == before


ODD = {
    "a stranger's": b'{"file_name": "a.jpg", "text": "mine"}',
    "like ours": b'{"file_name": "a.jpg", "seed": 0, "size": 16, "style": "photo"}',
    "no UTF-8": b'{"file_name": "\xff.jpg"}',
    "a list for a seed": b'{"file_name": "a.jpg", "seed": [1]}',
    "text for a seed": b'{"file_name": "000000.png", "seed": "zz", "size": 16, "style": "photo"}',
    "deep": b"[" * 100_000,
    "a number": b"5",
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_something_else_is_refused(tmp_path: Path, odd: str, overwrite: bool) -> None:
    (tmp_path / "metadata.jsonl").write_bytes(ODD[odd] + b"\n")
    with pytest.raises(OutputError, match="of another kind") as caught:
        fill(tmp_path, overwrite=overwrite)
    assert "\n" not in str(caught.value)
    assert files(tmp_path) == {"metadata.jsonl": ODD[odd] + b"\n"}


def test_a_place_that_cannot_be_is_one_line_that_names_what_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    wrong = {
        tmp_path / "file": "is a file; name a folder",
        tmp_path / "file" / "sub": "is in what is not a folder; choose another folder",
        tmp_path / ("n" * 300): "has too long a name; choose a shorter one",
    }
    for folder, says in wrong.items():
        with pytest.raises(OutputError) as caught:
            fill(folder)
        assert str(caught.value) == f"{folder}: {says}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "ro").mkdir(mode=0o555)
    with pytest.raises(OutputError, match="ro/new: may not be written; choose another folder"):
        fill(tmp_path / "ro" / "new")


TWO = """
import sys
from pathlib import Path
from trombine.data.filling import fill_folder
from trombine.data.made import Maker
photo = Maker(kind="world", styles=("photo",), size=16)
list(fill_folder(Path(sys.argv[1]), photo, first_seed=int(sys.argv[2]), count=2, workers=1))
"""


def test_two_who_fill_one_folder_lose_no_line(tmp_path: Path, whole: dict[str, bytes]) -> None:
    with locked(tmp_path / filling.LOCK):  # both have looked before either goes on
        both = [
            subprocess.Popen([sys.executable, "-c", TWO, str(tmp_path), first])
            for first in ("0", "2")
        ]
        time.sleep(3)
        assert [process.poll() for process in both] == [None, None]
    assert [process.wait(timeout=600) for process in both] == [0, 0]
    assert files(tmp_path) == whole


def test_who_waits_says_so(tmp_path: Path, whole: dict[str, bytes]) -> None:
    events = fill_folder(tmp_path, PHOTO, first_seed=0, count=4, workers=1)
    with locked(tmp_path / filling.LOCK):
        assert isinstance(next(events), Started)
        notice = next(events)
        assert isinstance(notice, Notice) and "another process" in notice.text
    assert isinstance(list(events)[-1], Done)
    assert files(tmp_path) == whole


def test_a_closed_run_leaves_a_whole_folder(tmp_path: Path, whole: dict[str, bytes]) -> None:
    """Two of four: their files and lines are there, and nothing else is."""
    events = fill_folder(tmp_path, PHOTO, first_seed=0, count=4, workers=1)
    with closing(events):
        list(islice(events, 1 + 2 + 2))
    names = {"000000.png", "000001.png"}
    assert files(tmp_path).keys() == {"metadata.jsonl", *names, *(f"parts/{n}" for n in names)}
    told = (tmp_path / "metadata.jsonl").read_text().splitlines()
    assert [json.loads(line)["seed"] for line in told] == [0, 1]
    done = fill(tmp_path)
    assert (done.written, done.kept) == (2, 2)
    assert files(tmp_path) == whole


def test_a_killed_run_is_gone_on_with(
    tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a kill leaves it: pictures, a journal whose last line is torn, and no metadata."""
    fill(tmp_path)
    (tmp_path / "metadata.jsonl").unlink()
    lines = whole["metadata.jsonl"].splitlines(keepends=True)
    (tmp_path / filling.JOURNAL).write_bytes(lines[0] + lines[1] + lines[2][:100])
    painted: list[int] = []
    original = Maker.make

    def painting(maker: Maker, seed: int) -> Sample:
        painted.append(seed)
        return original(maker, seed)

    monkeypatch.setattr(Maker, "make", painting)
    fill(tmp_path)
    assert painted == [2, 3]
    assert files(tmp_path) == whole


def test_the_journal_of_other_pictures_is_refused(tmp_path: Path, whole: dict[str, bytes]) -> None:
    """Killed before it had a metadata.jsonl, and then asked for another size."""
    (tmp_path / filling.JOURNAL).write_bytes(whole["metadata.jsonl"])
    with pytest.raises(OutputError, match="16 px, not of 24"):
        fill(tmp_path, OTHERS[1])


def test_a_full_disk_is_one_line_and_can_be_gone_on_with(
    tmp_path: Path, whole: dict[str, bytes]
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, hard))  # bytes: a picture has more
    try:
        with pytest.raises(OutputError, match="cannot be written") as caught:
            fill(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(caught.value)
    assert not [name for name in files(tmp_path) if "part" in Path(name).name]
    fill(tmp_path)
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
