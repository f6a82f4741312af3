"""`replay`: files made again by their records, and compared."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from trombine import data_leaves, data_masks, data_world, replay, upscale
from trombine.core.errors import InputError
from trombine.io.image import load_picture, read_record, save_picture


def leaves(folder: Path) -> Path:
    data_leaves(count=2, size=32, output=folder)
    return folder / "000000.png"


def test_what_is_painted_is_made_again(tmp_path: Path) -> None:
    """Each kind of painted picture, of a pair too, by the function and options in its file."""
    leaves(tmp_path / "leaves")
    data_world(count=1, first_seed=5, size=32, style="photo+anime", output=tmp_path / "pair")
    data_masks(count=1, size=32, output=tmp_path / "masks")
    for path in (
        "leaves/000001.png",
        "pair/photo/000005.png",
        "pair/anime/000005.png",
        "masks/000000.png",
    ):
        assert replay(tmp_path / path).summary == f"{tmp_path / path}: the same pixels"


def test_a_picture_that_was_changed_is_said(tmp_path: Path) -> None:
    path = leaves(tmp_path)
    changed = load_picture(path).samples.copy()
    changed[3, 4] ^= 8
    save_picture(path, changed, record=read_record(path))
    assert replay(path).summary.endswith("0.10% of the samples differ, by at most 8")
    save_picture(path, changed[:20], record=read_record(path))
    assert "another size or mode" in replay(path).summary


def test_inputs_are_found_by_name_and_by_what_they_hold(tmp_path: Path) -> None:
    source = leaves(tmp_path / "in")
    upscale(source, model="upscale-fast", output=tmp_path / "b.png")
    with pytest.raises(InputError, match=r"000000\.png: is not there; name its folder with --inp"):
        replay(tmp_path / "b.png")
    assert replay(tmp_path / "b.png", inputs=tmp_path / "in").summary.endswith("the same pixels")
    save_picture(source, np.zeros((32, 32, 3), np.uint8))
    with pytest.raises(InputError, match="is not the file that the record names"):
        replay(tmp_path / "b.png", inputs=tmp_path / "in")


def test_what_was_made_is_kept_where_it_is_asked_for(tmp_path: Path) -> None:
    source = leaves(tmp_path / "in")
    kept = replay(source, output=tmp_path / "again.png")
    assert kept.written == (tmp_path / "again.png",)
    assert (tmp_path / "again.png").read_bytes() == source.read_bytes()
    with pytest.raises(InputError, match="is there; add --overwrite"):
        replay(source, output=tmp_path / "again.png")
    with pytest.raises(InputError, match="is an input, and would be written over"):
        replay(source, output=source, overwrite=True)
    several = replay(tmp_path / "in", output=tmp_path / "all")
    assert len(several.written) == 2 and several.summary.count("the same pixels") == 2


def test_a_file_without_a_record_and_one_of_another_version(tmp_path: Path) -> None:
    good, plain = leaves(tmp_path), np.zeros((8, 8, 3), np.uint8)
    save_picture(tmp_path / "none.png", plain)
    save_picture(tmp_path / "odd.png", plain, record={"function": "system", "options": {}})
    options = {"count": 1, "lustre": 'é "~"'}  # text that names no file
    old = {"function": "data_leaves", "options": options, "version": "9.9"}
    save_picture(tmp_path / "old.png", plain, record=old)
    done = replay([good, *(tmp_path / f"{name}.png" for name in ("none", "odd", "old"))])
    said = {path.stem: why for path, why in done.skipped.items()}
    assert (
        "has no record of how it was made" in said["none"] and said["none"][-9:] == said["odd"][-9:]
    )
    assert "lustre" in said["old"]
    assert done.summary == f"{good}: the same pixels"


@pytest.mark.parametrize("options", [{"pictures": "{}"}, {"scale": 2, "reference": ["{}"]}])
def test_a_record_that_names_a_file_elsewhere_is_refused(
    tmp_path: Path, options: dict[str, object]
) -> None:
    """Anybody may write a record; what it leads to may be the private file of who replays it."""
    private = str(leaves(tmp_path / "private"))
    named = json.loads(json.dumps(options).replace("{}", private))
    path = leaves(tmp_path / "open")
    save_picture(path, load_picture(path).samples, record={"function": "upscale", "options": named})
    with pytest.raises(InputError, match=r"000000\.png: has a record that names a folder"):
        replay(path)
