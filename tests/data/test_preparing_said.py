"""What `data prepare` says: of what it leaves out, of what it finds, and of what is in the way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from trombine.data.decoding import PrepareOptions
from trombine.data.pack import Pack
from trombine.data.preparing import prepare_pack
from trombine.events import Done, Event, Notice

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
