"""The record of a BMP, in a file beside it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from trombine.codecs.beside import place
from trombine.images import read, read_provenance, write, write_encoded
from trombine.provenance import LONGEST, record
from trombine.refusal import InputError, OutputError

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


@pytest.mark.parametrize("held", [b"{}", b"[1", b"my notes", b'{"sha256":"","mine":1}', b""])
@pytest.mark.parametrize("made", [RECORD, None])
def test_the_file_of_somebody_else_is_left_alone(
    held: bytes, made: dict[str, object] | None, tmp_path: Path
) -> None:
    path = tmp_path / "a.bmp"
    place(path).write_bytes(held)
    with pytest.raises(InputError, match="lies where the record of the picture goes"):
        write(path, PIXELS, provenance=made)
    assert place(path).read_bytes() == held and not path.exists()
    path.write_bytes(b"")
    write(tmp_path / "b.bmp", PIXELS)
    (tmp_path / "b.bmp").rename(path)
    assert read_provenance(path) is None and read(path).provenance is None


def test_where_the_picture_cannot_be_written_neither_is(tmp_path: Path) -> None:
    (tmp_path / "a.bmp").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        write(tmp_path / "a.bmp", PIXELS, provenance=RECORD)
    assert [p.name for p in tmp_path.iterdir()] == ["a.bmp"]


def test_a_record_beside_is_trusted_as_little_as_one_inside(tmp_path: Path) -> None:
    path = tmp_path / "a.bmp"
    write(path, PIXELS, provenance=RECORD)
    held = json.loads(place(path).read_text())
    place(path).write_text(json.dumps(held | {"trombine": {"verb": "world", "format": 99}}))
    assert read(path).provenance is None
    with pytest.raises(InputError, match="newer trombine; update this one"):
        read_provenance(path)
    place(path).write_text(json.dumps(held | {"trombine": "x" * (LONGEST + 300)}))
    assert read_provenance(path) is None
    place(path).write_text("[" * 100_000)
    assert read_provenance(path) is None
