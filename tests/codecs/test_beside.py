"""The record of a BMP, in a file beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trombine.codecs.beside import place
from trombine.images import read, read_provenance, write, write_encoded
from trombine.provenance import record

PIXELS = np.random.default_rng(4).integers(0, 256, (5, 7, 3), np.uint8)
RECORD = record("world", {"size": 64, "style": "photo"}, seed=7)


def test_it_is_read_back_and_names_its_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.bmp"
    write(path, PIXELS, provenance=RECORD)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.bmp", "a.bmp.json"]
    assert read_provenance(path) == read(path).provenance == RECORD
    before = place(path).read_bytes()
    write_encoded(path, path.read_bytes(), RECORD)
    assert place(path).read_bytes() == before


def test_a_picture_that_was_changed_since_has_none(tmp_path: Path) -> None:
    path = tmp_path / "a.bmp"
    write(path, PIXELS, provenance=RECORD)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert read_provenance(path) is None
    assert read(path).provenance is None


def test_a_picture_without_one_removes_an_older_one(tmp_path: Path) -> None:
    path = tmp_path / "a.bmp"
    write(path, PIXELS, provenance=RECORD)
    write(path, PIXELS)
    assert list(tmp_path.iterdir()) == [path]
    assert read_provenance(path) is None
