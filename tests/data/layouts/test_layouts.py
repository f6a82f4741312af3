"""Every layout gives back what a folder of it holds, and is known by its files."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from trombine.core.errors import InputError
from trombine.data.columns import Columns
from trombine.data.layouts import LAYOUTS, list_folder
from trombine.data.reading import Folder


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
    """Only what takes any folder, and folders of train and test, overlap with others."""
    truth, name = tiny.MAKERS[kind](tmp_path), tiny.layout_of(kind)
    listing = list_folder(tmp_path)
    assert (listing.layout, listing.lost) == (name, truth.missing)
    assert repr(list_folder(tmp_path, name).records) == repr(listing.records)
    known = {name for name, layout in LAYOUTS.items() if layout.find(tmp_path)}
    assert known - {"plain"} in ({tiny.layout_of(kind)}, set())


def test_what_is_no_layout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(InputError) as caught:
        list_folder(tmp_path, "lfw")
    assert str(caught.value) == f"{tmp_path}: is not of the layout lfw; {LAYOUTS['lfw'].about}"
    with pytest.raises(InputError, match=r"cannot be read as 'celebb'; a layout is one of .*lfw"):
        list_folder(tmp_path, "celebb")


def test_no_folder_and_no_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no pictures"):
        list_folder(tmp_path)
    (tmp_path / "a.png").write_text("a file")
    with pytest.raises(InputError, match="is not a folder"):
        list_folder(tmp_path / "a.png")


def test_hidden_files_are_left_out_and_circles_end(tiny: ModuleType, tmp_path: Path) -> None:
    tiny.pictures(tmp_path, ["a.png", ".thumbnails/a.png", ".b.png"])
    (tmp_path / "jpg").write_text("no picture")
    (tmp_path / "round").symlink_to(tmp_path)
    assert [record.name for record in list_folder(tmp_path).records] == ["a.png"]
