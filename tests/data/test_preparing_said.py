"""What `data prepare` says: of what it leaves out, of what it finds, and of what is in the way."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trombine.data import journal, pack_writer
from trombine.data.decoding import PrepareOptions
from trombine.data.pack import Pack, part_of
from trombine.data.preparing import prepare_pack
from trombine.events import Done, Event, Notice
from trombine.refusal import InputError, OutputError

OPTIONS = PrepareOptions(size=16)


def fill(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((16, 16, 3), 9 * number, np.uint8)).save(path)
    return folder


def prepare(
    folder: Path,
    path: Path,
    wanted: PrepareOptions = OPTIONS,
    *,
    overwrite: bool = False,
    layout: str = "",
) -> list[Event]:
    return list(prepare_pack(folder, path, wanted, overwrite=overwrite, layout=layout))


def notices(folder: Path) -> list[str]:
    found = prepare(folder, folder.with_name("pack"))
    return [event.text for event in found if isinstance(event, Notice)]


def summary(events: list[Event]) -> str:
    assert isinstance(events[-1], Done)
    return events[-1].summary


def test_pictures_that_a_description_does_not_name_are_counted(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", "1.png", "2.png", "b/3.png", "parts/1.png")
    line = {"file_name": "./1.png", "parts_file_name": "parts/1.png"}
    (folder / "metadata.jsonl").write_text(json.dumps(line) + "\n")
    fill(folder, "parts/1.png")  # all 0, as a map of labels may be
    said = "2 pictures of the folder are not in metadata.jsonl, and are left out"
    assert notices(folder) == [said]
    assert len(Pack(tmp_path / "pack")) == 1
    (folder / "2.png").unlink()
    shutil.rmtree(tmp_path / "pack")
    (folder / "metadata.jsonl").unlink()
    (folder / "metadata.csv").write_text("file_name\n1.png\nparts/1.png\ngone.png\n")
    assert notices(folder) == [
        "1 picture named in metadata.csv is not there",
        "1 picture of the folder is not in metadata.csv, and is left out",
    ]


def test_the_parts_of_a_set_are_described_each_by_its_file(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", "train/1.png", "train/2.png", "test/1.png")
    (folder / "train/metadata.csv").write_text("file_name\n1.png\n3.png\n")
    (folder / "test/metadata.csv").write_text("file_name\n1.png\n")
    which = "test/metadata.csv or train/metadata.csv"
    assert notices(folder) == [
        "1 picture named in train/metadata.csv is not there",
        f"1 picture of the folder is not in {which}, and is left out",
    ]


def test_the_table_that_names_what_is_not_there_is_named(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", "img_align_celeba/1.png", "img_align_celeba/2.png")
    row = " 1" * 10
    (folder / "list_landmarks_align_celeba.txt").write_text(f"1.png{row}\n2.png{row}\n")
    (folder / "list_eval_partition.txt").write_text("1.png 0\n2.png 0\n3.png 0\n4.png 1\n")
    assert notices(folder) == ["2 pictures named in list_eval_partition.txt are not there"]


def test_what_lies_beside_the_folder_of_a_set_is_counted(tmp_path: Path) -> None:
    folder = fill(
        tmp_path / "in",
        *("celeba/img_align_celeba/1.png", "lfw/A_B/A_B_0001.png", "lfw/C_D/C_D_0001.png"),
    )
    assert notices(folder) == [
        "2 pictures beside the folder celeba are left out, for it is a set (celeba); name each"
        " folder by itself"
    ]
    shutil.rmtree(folder / "lfw")
    assert not notices(folder)


def test_a_set_in_several_folders_is_not_beside_itself(tmp_path: Path) -> None:
    names = [f"{part}/26_0_2_2017010402310242{i}.jpg" for i, part in enumerate(("part1", "part2"))]
    assert not notices(fill(tmp_path / "in", *names))


def test_a_picture_beside_class_folders_is_pointed_at(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", "cat/1.png", "dog/1.png", "dog/2.png", "3.png")
    said = "1 picture lies beside the class folders, so there are no classes"
    assert notices(folder) == [said]
    (folder / "3.png").unlink()
    shutil.rmtree(tmp_path / "pack")
    assert not notices(folder)
    assert Pack(tmp_path / "pack").classes == ("cat", "dog")


def differing(folder: Path, path: Path, wanted: PrepareOptions = OPTIONS, layout: str = "") -> str:
    with pytest.raises(InputError) as caught:
        prepare(folder, path, wanted, layout=layout)
    assert str(caught.value).endswith("; choose another name, or --overwrite")
    return str(caught.value)


def test_another_pack_says_in_what(tmp_path: Path) -> None:
    folder, path = fill(tmp_path / "in", "1.png", "2.png"), tmp_path / "pack"
    prepare(folder, path)
    said = differing(folder, path, PrepareOptions(size=32, crop="none", choose=7))
    assert "is another pack: it is of 16 px, and 32 px are asked for; its crop is centre" in said
    assert "it has 5 % to choose by, and 7 are asked for;" in said
    assert "judge by" not in said and "files" not in said
    assert "its folder was read as plain, and is read as imagefolder" in differing(
        folder, path, layout="imagefolder"
    )
    fill(folder, "1.png", "2.png", "3.png")
    assert ": it was made of 2 pictures, and now there are 3; c" in differing(folder, path)
    (folder / "3.png").unlink()
    (folder / "2.png").rename(folder / "4.png")
    assert ": files of the folder have changed, or what its tables say; c" in differing(
        folder, path
    )


def test_numbers_of_pictures_are_in_words(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", "1.png", "2.png")
    (folder / "2.png").write_bytes(b"no picture")
    said = summary(prepare(folder, tmp_path / "pack"))
    assert "a pack of 1 picture of 16 px (plain); 1 left out, listed in" in said
    again = summary(prepare(folder, tmp_path / "pack"))
    assert again.endswith("was there (1 left out, see skipped.jsonl)")


def test_nothing_is_left_of_a_pack_that_cannot_be(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", "1.png")
    (folder / "1.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match="holds no picture that can be used"):
        prepare(folder, tmp_path / "pack")
    assert not part_of(tmp_path / "pack").exists()


def test_what_goes_on_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "NOTE_SECONDS", 0.0)
    folder, path = fill(tmp_path / "in", *(f"{i}.png" for i in range(6))), tmp_path / "pack"
    with closing(prepare_pack(folder, path, OPTIONS)) as events:
        list(islice(events, 4))  # the start and three pictures
    found = [event for event in prepare(folder, path) if isinstance(event, Notice)]
    assert found == [Notice(file=path, text="goes on where it was stopped: 3 of 6 were there")]


def test_a_stopped_overwrite_goes_when_the_old_pack_is_wanted(tmp_path: Path) -> None:
    folder, path = fill(tmp_path / "in", "1.png", "2.png", "3.png"), tmp_path / "pack"
    prepare(folder, path)
    with closing(prepare_pack(folder, path, PrepareOptions(size=32), overwrite=True)) as events:
        list(islice(events, 2))
    assert part_of(path).is_dir()
    assert "was there" in summary(prepare(folder, path))
    assert not part_of(path).exists() and Pack(path).size == 16
    part_of(path).mkdir()
    (part_of(path) / "mine.txt").write_text("mine")
    prepare(folder, path)
    assert (part_of(path) / "mine.txt").exists()


def test_a_pack_is_said_to_be_one(tmp_path: Path) -> None:
    prepare(fill(tmp_path / "in", "1.png"), tmp_path / "pack")
    said = f"{tmp_path / 'pack'}: is a pack already; use it as pack:{tmp_path / 'pack'}"
    with pytest.raises(InputError, match=re.escape(said)):
        prepare(tmp_path / "pack", tmp_path / "another")


def test_a_disk_that_is_full_names_what_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, value: object) -> None:
        raise OutputError("cannot be written, the disk is full", "free some space", path=path)

    folder = fill(tmp_path / "in", "1.png")
    monkeypatch.setattr(pack_writer, "write_bytes", full)
    with pytest.raises(OutputError) as caught:
        prepare(folder, tmp_path / "pack")
    message = f"{tmp_path / 'pack'}: cannot be written, the disk is full; free some space"
    assert str(caught.value) == message
