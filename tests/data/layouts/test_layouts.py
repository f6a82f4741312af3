"""Every layout gives back what a folder of it holds, and is known by its files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import numpy as np
import pytest

from trombine.core.errors import InputError
from trombine.data.columns import Columns
from trombine.data.folder import Folder
from trombine.data.layouts import LAYOUTS, layout_of, list_folder
from trombine.data.listing import LOOKED_AT, Record


def test_a_folder_gives_back_what_was_put_in(tiny: ModuleType, kind: str, tmp_path: Path) -> None:
    truth = tiny.MAKERS[kind](tmp_path)
    folder = Folder(tmp_path, truth.size)
    rows = folder.rows(np.arange(len(folder)))
    assert [folder.name(i) for i in range(len(folder))] == list(truth.pixels)
    assert (rows["pictures"] == np.stack(list(truth.pixels.values()))).all()
    _check("vectors", rows, truth.vectors)
    _check("points", rows, truth.points)
    _check("parts", rows, truth.parts)
    _check("splits", rows, truth.splits)
    names = ("", *folder.classes)
    found = [names[label + 1] for label in rows["labels"].tolist()] if folder.classes else None
    assert found == (None if truth.classes is None else list(truth.classes))
    assert folder.vector_names == truth.vector_names


def _check(name: str, rows: Columns, wanted: object) -> None:
    if wanted is None:
        assert name not in rows
    else:
        np.testing.assert_allclose(rows[name], np.asarray(wanted), rtol=1e-6, err_msg=name)


def test_a_folder_is_known_by_its_files(tiny: ModuleType, kind: str, tmp_path: Path) -> None:
    truth, name = tiny.MAKERS[kind](tmp_path), tiny.layout_of(kind)
    assert layout_of(tmp_path) == name
    listing = list_folder(tmp_path)
    assert listing.layout == name and listing.missing == truth.missing
    assert _all(list_folder(tmp_path, name).records) == _all(listing.records)


def _all(records: Sequence[Record]) -> list[str]:
    return [repr(record) for record in records]


def test_no_two_layouts_take_one_folder_but_by_their_order(
    tiny: ModuleType, kind: str, tmp_path: Path
) -> None:
    """Only what takes any folder, and folders of train and test, overlap with others."""
    tiny.MAKERS[kind](tmp_path)
    known = {name for name, layout in LAYOUTS.items() if layout.find(tmp_path)}
    assert known - {"plain"} in ({tiny.layout_of(kind)}, set())


SCANDIR = os.scandir


class Counted:
    """os.scandir, which counts the entries that are taken from it."""

    taken: ClassVar[list[int]] = []

    def __init__(self, folder: Path) -> None:
        self.entries = SCANDIR(folder)
        self.taken.append(0)

    def __enter__(self) -> Counted:
        return self

    def __exit__(self, *_: object) -> None:
        self.entries.close()

    def __iter__(self) -> Counted:
        return self

    def __next__(self) -> os.DirEntry[str]:
        entry = next(self.entries)
        self.taken[-1] += 1
        return entry


@pytest.mark.parametrize("name", ["x{}.txt", "{}_2001.jpg", "{}_1_1_20170116174525125.jpg"])
def test_recognising_looks_at_few_files(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2 * LOOKED_AT):
        (tmp_path / name.format(number)).touch()
    monkeypatch.setattr(os, "scandir", Counted)
    Counted.taken.clear()
    layout_of(tmp_path)
    assert 0 < max(Counted.taken) <= LOOKED_AT and len(Counted.taken) < 40


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name not in ("plain", "imagefolder")])
def test_what_a_named_layout_lacks_is_said(name: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(InputError) as caught:
        list_folder(tmp_path, name)
    assert str(caught.value) == f"{tmp_path}: is not of the layout {name}; {LAYOUTS[name].about}"


def test_an_unknown_layout_is_answered_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="cannot be read as 'celebb'; a layout is one of"
    ) as caught:
        list_folder(tmp_path, "celebb")
    assert all(name in str(caught.value) for name in LAYOUTS)


def test_no_folder_and_no_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no pictures"):
        list_folder(tmp_path)
    (tmp_path / "a.png").write_text("a file")
    with pytest.raises(InputError, match="is not a folder"):
        list_folder(tmp_path / "a.png")


def test_the_table_says_what_each_is(tiny: ModuleType) -> None:
    assert all(layout.about for layout in LAYOUTS.values())
    assert {tiny.layout_of(kind) for kind in tiny.MAKERS} == set(LAYOUTS)


def test_hidden_files_are_left_out_and_circles_end(tiny: ModuleType, tmp_path: Path) -> None:
    tiny.pictures(tmp_path, ["a.png", ".thumbnails/a.png", ".b.png"])
    (tmp_path / "jpg").write_text("no picture")
    (tmp_path / "round").symlink_to(tmp_path)
    assert [record.name for record in list_folder(tmp_path).records] == ["a.png"]
