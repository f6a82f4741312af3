"""`data prepare` of folders that are not as they should be, or change under its hands."""

from __future__ import annotations

import filecmp
import json
import os
import resource
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trombine.data import decoding
from trombine.data.columns import Row
from trombine.data.decoding import PrepareOptions
from trombine.data.listing import Listing, Record
from trombine.data.pack import Pack, part_of
from trombine.data.preparing import prepare_pack
from trombine.data.reading import Crop
from trombine.events import Done, Event, Notice, Skipped
from trombine.refusal import InputError, OutputError

SIZE = 40  # from which on pictures are written beside the writer (preparing._LARGE)
OPTIONS = PrepareOptions(size=SIZE)


def fill(folder: Path, count: int, bad: tuple[int, ...] = ()) -> Path:
    """A folder of that many pictures, of which these are none."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(count)
    for number in range(count):
        path = folder / f"{number:02d}.png"
        Image.fromarray(rng.integers(0, 256, (SIZE, SIZE, 3), np.uint8)).save(path)
        if number in bad:
            path.write_bytes(path.read_bytes()[:60])
    return folder


def prepare(folder: Path, path: Path, workers: int = 1) -> list[Event]:
    return list(prepare_pack(folder, path, OPTIONS, workers=workers))


def done(events: list[Event]) -> Done:
    assert isinstance(events[-1], Done)
    return events[-1]


def same(left: Path, right: Path) -> bool:
    names = sorted(path.name for path in left.iterdir())
    assert names == sorted(path.name for path in right.iterdir())
    return sorted(filecmp.cmpfiles(left, right, names, shallow=False)[0]) == names


BAD = [(), (0,), (0, 1), (7,), (6, 7), tuple(range(1, 8)), tuple(range(7))]


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_stop_loses_nothing_whichever_are_bad(tmp_path: Path, bad: tuple[int, ...]) -> None:
    folder = fill(tmp_path / "in", 8, bad)
    prepare(folder, tmp_path / "whole")
    Pack(tmp_path / "whole").verify()
    for stop in range(1, 18):
        path = tmp_path / f"stopped-{stop}"
        with closing(prepare_pack(folder, path, OPTIONS)) as events:
            list(islice(events, stop))
        begun = part_of(path) / "begun.json"
        noted = begun.read_text().splitlines()[1:] if begun.exists() else None
        again = done(prepare(folder, path))
        assert noted is None or again.kept == sum(not json.loads(line)[2] for line in noted), stop
        assert same(tmp_path / "whole", path), stop


@pytest.mark.parametrize("lacking", [1, 100, SIZE * SIZE * 3])
def test_a_disk_that_is_full_within_the_last_row_is_noticed(tmp_path: Path, lacking: int) -> None:
    """The system writes what there is room for, and that is no error."""
    folder = fill(tmp_path / "in", 8)
    prepare(folder, tmp_path / "whole")
    room = (tmp_path / "whole/pictures.npy").stat().st_size - lacking
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(OutputError, match="cannot be written"):
            prepare(folder, tmp_path / "pack")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    prepare(folder, tmp_path / "pack")
    Pack(tmp_path / "pack").verify()
    assert same(tmp_path / "whole", tmp_path / "pack")


def test_a_picture_that_goes_while_it_is_read_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fill(tmp_path / "in", 4)
    kept = decoding.read_row

    def read_row(folder: Path, listing: Listing, record: Record, size: int, crop: Crop) -> Row:
        row = kept(folder, listing, record, size, crop)
        if record.name == "02.png":
            (folder / record.name).unlink()
        return row

    monkeypatch.setattr(decoding, "read_row", read_row)
    events = prepare(folder, tmp_path / "pack")
    gone = [event for event in events if isinstance(event, Skipped)]
    assert [(event.file.name, event.why) for event in gone] == [
        ("02.png", "does not exist; check the name")
    ]
    assert len(Pack(tmp_path / "pack")) == 3


def test_links_that_lead_nowhere_are_left_out_and_circles_end(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", 2)
    fill(tmp_path / "other", 3)
    (folder / "itself.png").symlink_to("itself.png")
    (folder / "gone.png").symlink_to("nowhere.png")
    (folder / "round").symlink_to(".")
    (folder / "out").symlink_to("../other")
    (folder / ".hidden.png").write_bytes(b"no picture")
    events = prepare(folder, tmp_path / "pack")
    left_out = {event.file.name: event.why for event in events if isinstance(event, Skipped)}
    assert left_out == {
        "itself.png": "is a link that leads to itself; name the file itself",
        "gone.png": "is a link to a file that is gone; name the file itself",
    }
    assert len(Pack(tmp_path / "pack")) == 5


def test_a_pack_in_its_own_folder_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for name, count in (("train", 4), ("test", 3)):
        fill(folder / name, count)
    prepare(folder, tmp_path / "outside")
    with closing(prepare_pack(folder, folder / "pack", OPTIONS)) as events:
        list(islice(events, 7))
    assert done(prepare(folder, folder / "pack")).kept > 0
    assert same(tmp_path / "outside", folder / "pack")
    assert done(prepare(folder, folder / "pack")).written == 0
    assert Pack(folder / "pack").columns["splits"].tolist() == [2] * 3 + [0] * 4


NAMES = (b"a\nb", b"\xff\xfe", "\u2028\x85".encode(), b"\x1b[31m", b'"q\\', "é 日".encode())


def test_names_of_any_bytes_are_kept(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", 1)
    data = (folder / "00.png").read_bytes()
    for name in NAMES:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name + b".png")).write_bytes(data)
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name + b".jpg")).write_bytes(b"none")
    found = done(prepare(folder, tmp_path / "pack"))
    assert (found.written, found.skipped) == (1 + len(NAMES), len(NAMES))
    pack = Pack(tmp_path / "pack")
    pack.verify()
    names = {pack.name(row) for row in range(len(pack))}
    assert len(names) == 1 + len(NAMES) and all(name.isprintable() for name in names)
    assert {"a\\nb.png", "\\xff\\xfe.png"} <= names
    lines = (tmp_path / "pack/names.jsonl").read_bytes().splitlines()
    assert {os.fsencode(json.loads(line)) for line in lines} == {
        b"00.png",
        *(name + b".png" for name in NAMES),
    }


def test_more_processes_than_pictures(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", 1)
    prepare(folder, tmp_path / "one")
    prepare(folder, tmp_path / "three", workers=3)
    Pack(tmp_path / "three").verify()
    assert same(tmp_path / "one", tmp_path / "three")


def test_a_pack_that_is_there_says_what_it_holds(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", 8, bad=(3, 4))
    assert done(prepare(folder, tmp_path / "pack")).written == 6
    assert done(prepare(folder, tmp_path / "pack")).kept == 6
    (folder / "05.png").unlink()
    with pytest.raises(InputError, match="is another pack"):
        prepare(folder, tmp_path / "pack")


def test_pictures_that_tables_name_and_nobody_has_are_counted(tmp_path: Path) -> None:
    fill(tmp_path / "in/img_align_celeba", 2)
    lines = "".join(f"{number:02d}.png 0\n" for number in range(5))
    (tmp_path / "in/list_eval_partition.txt").write_text(lines)
    notice = prepare(tmp_path / "in", tmp_path / "pack")[1]
    assert isinstance(notice, Notice)
    assert notice.text == "3 pictures named in list_eval_partition.txt are not there"
