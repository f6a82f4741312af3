"""Where packs are written: nothing of anybody else's is touched there."""

from __future__ import annotations

import shutil
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from trombine.data.made import Maker
from trombine.data.pack import Pack, part_of
from trombine.data.packing import write_pack
from trombine.refusal import InputError, OutputError

LEAVES = Maker(kind="leaves", size=16)


def write(path: Path, count: int) -> None:
    list(write_pack(path, LEAVES, first_seed=0, count=count, workers=1))


def replace(path: Path) -> None:
    list(write_pack(path, LEAVES, first_seed=9, count=2, workers=1, overwrite=True))


def test_a_strangers_part_and_old_are_left_alone(tmp_path: Path) -> None:
    """The names that come to mind for one's own folders, too."""
    path = tmp_path / "pack"
    write(path, count=2)
    for name in ("pack.old", "pack.part"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.txt").write_text("mine")
    says = r"pack\.part: is in the way and is not a pack that was begun; move it away"
    with pytest.raises(OutputError, match=says):
        replace(path)
    assert (tmp_path / "pack.part" / "mine.txt").read_text() == "mine"
    shutil.rmtree(tmp_path / "pack.part")
    replace(path)
    assert (tmp_path / "pack.old" / "mine.txt").read_text() == "mine"
    assert sorted(found.name for found in tmp_path.iterdir()) == ["pack", "pack.old"]


def test_a_begun_pack_with_a_strangers_file_is_left_alone(tmp_path: Path) -> None:
    with closing(write_pack(tmp_path / "pack", LEAVES, first_seed=0, count=9, workers=1)) as events:
        list(islice(events, 4))
    part = part_of(tmp_path / "pack")
    (part / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="is in the way"):
        write(tmp_path / "pack", count=2)
    assert (part / "mine.txt").read_text() == "mine"


def test_a_pack_with_a_strangers_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pack"
    write(path, count=2)
    (path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files beside the pack"):
        replace(path)
    assert (path / "notes.txt").read_text() == "mine"


def test_a_part_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "pack.part").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="is in the way"):
        write(tmp_path / "pack", count=2)
    assert (tmp_path / "pack.part").is_symlink()


def test_a_link_stays_and_leads_to_the_pack(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "disk")
    write(link, count=2)
    assert link.is_symlink() and len(Pack(link)) == len(Pack(tmp_path / "disk")) == 2
    assert sorted(found.name for found in tmp_path.iterdir()) == ["disk", "link"]


@pytest.mark.parametrize("name", [".", "..", "sub/.."])
def test_the_folder_one_is_in_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "here" / "sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(OutputError, match=r"is the folder that you are in.*name a new folder"):
        write(Path(name), count=2)
    assert [found.name for found in tmp_path.iterdir()] == ["here"]


def test_a_place_that_cannot_be_is_one_line_that_names_what_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    wrong = {
        tmp_path / "file" / "pack": "is in what is not a folder",
        tmp_path / ("n" * 300): "too",
    }
    for path, says in wrong.items():
        with pytest.raises(OutputError, match=says) as caught:
            write(path, count=2)
        assert str(caught.value).startswith(f"{path}: ")
