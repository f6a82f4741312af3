"""Where packs are written: nothing of anybody else's is touched there."""

from __future__ import annotations

from pathlib import Path

import pytest

from trombine.data.made import Maker
from trombine.data.pack import Pack
from trombine.data.packing import write_pack
from trombine.refusal import InputError

LEAVES = Maker(kind="leaves", size=16)


def write(path: Path, count: int) -> None:
    list(write_pack(path, LEAVES, first_seed=0, count=count, workers=1))


def replace(path: Path) -> None:
    list(write_pack(path, LEAVES, first_seed=9, count=2, workers=1, overwrite=True))


def test_a_pack_with_a_strangers_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pack"
    write(path, count=2)
    (path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files beside the pack"):
        replace(path)
    assert (path / "notes.txt").read_text() == "mine"


def test_a_link_stays_and_leads_to_the_pack(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "disk")
    write(link, count=2)
    assert link.is_symlink() and len(Pack(link)) == len(Pack(tmp_path / "disk")) == 2
    assert sorted(found.name for found in tmp_path.iterdir()) == ["disk", "link"]
