"""What single layouts do with what is odd, broken or hostile."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from trombine.core.errors import InputError
from trombine.data.layouts import list_folder
from trombine.data.listing import PART_FILES, read_table
from trombine.data.reading import Folder


def refusal(path: Path, layout: str = "") -> str:
    with pytest.raises(InputError) as caught:
        list_folder(path, layout)
    message = str(caught.value)
    assert message.isprintable() and str(path) in message
    return message


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_celeba_numbers_people_by_size(tiny: ModuleType, tmp_path: Path) -> None:
    tiny.celeba(tmp_path)
    assert list_folder(tmp_path).classes == ("3", "12", "10177")


def test_what_no_table_says_is_unknown(tiny: ModuleType, tmp_path: Path) -> None:
    tiny.celeba(tmp_path)
    tiny.pictures(tmp_path, ["Img/img_align_celeba/000012.jpg"])
    record = list_folder(tmp_path).records[-1]
    assert (record.label, record.split, record.vector) == (-1, -1, None)
    row = Folder(tmp_path, 16).rows(np.array([4]))
    assert np.isnan(row["vectors"]).all() and row["labels"] == -1


def test_no_layout_follows_a_table_out_of_the_folder(tiny: ModuleType, tmp_path: Path) -> None:
    """A name with .. is of no picture that is there."""
    tiny.picture(tmp_path / "secret.jpg")
    home = tmp_path / "home"
    tiny.celeba(home)
    table = home / "Eval/list_eval_partition.txt"
    table.write_text(table.read_text() + "../../secret.jpg 0\n")
    listing = list_folder(home)
    assert all("secret" not in record.name for record in listing.records)


def test_the_masks_are_joined_in_the_official_order(tiny: ModuleType, tmp_path: Path) -> None:
    tiny.celebamask(tmp_path)
    assert list(PART_FILES) == tiny.PART_FILES.split() and len(PART_FILES) == 18
    masks = list_folder(tmp_path).records[-1].sides[0].masks
    start = "CelebAMask-HQ/CelebAMask-HQ-mask-anno/1/02001_"
    assert masks[:2] == ((1, f"{start}skin.png"), (2, f"{start}nose.png"))
    assert [label for label, _ in masks] == sorted(label for label, _ in masks)


def test_whose_left_is_meant_is_measured(tiny: ModuleType, tmp_path: Path) -> None:
    tiny.celebamask(tmp_path / "person")
    tiny.celebamask(tmp_path / "picture", picture_sides=True)
    tiny.celebamask_joined(tmp_path / "joined")
    swapped = {
        name: list_folder(tmp_path / name).records[0].sides[0].swapped
        for name in ("person", "picture", "joined")
    }
    assert swapped == {"person": False, "picture": True, "joined": False}
    for path in (tmp_path / "joined/CelebAMask-HQ-mask").iterdir():
        with Image.open(path) as found:
            labels = np.asarray(found)
        exchanged = np.array([0, 1, 2, 3, 5, 4, 7, 6, *range(8, 19)], np.uint8)[labels]
        Image.fromarray(exchanged).save(path)
    folder = Folder(tmp_path / "joined", 32)
    assert (
        folder.rows(np.array([1]))["parts"][0][12, 18:24] == 4
    ).all()  # its right: person's left


FFHQ_WRONG = {
    "cut off": lambda text: text[: len(text) // 2],
    "few points": lambda text: '{"0": {"category": "training", "image": {"face_landmarks": [1]}}}',
}


@pytest.mark.parametrize("wrong", FFHQ_WRONG)
def test_a_broken_ffhq_json_is_refused_in_one_line(
    tiny: ModuleType, tmp_path: Path, wrong: str
) -> None:
    tiny.ffhq(tmp_path)
    path = tmp_path / "ffhq-dataset-v2.json"
    path.write_text(FFHQ_WRONG[wrong](path.read_text()))
    assert f"{path.name}: cannot be read (" in refusal(tmp_path)


def test_ffhq_without_its_json_and_at_full_size(tiny: ModuleType, tmp_path: Path) -> None:
    truth = tiny.ffhq(tmp_path)
    (tmp_path / "thumbnails128x128").rename(tmp_path / "images1024x1024")
    points = list_folder(tmp_path).records[0].sides[0].points
    np.testing.assert_allclose(points, truth.points[0] * 8, rtol=1e-6)
    (tmp_path / "ffhq-dataset-v2.json").unlink()
    record = list_folder(tmp_path).records[0]
    assert record.sides[0].points is None and record.split == -1


UTK = {
    "26_0_2_20170104023102422.jpg": [26, 0, 2],
    "26_0_2_20170104023102422.jpg.chip.jpg": [26, 0, 2],
    "55_0_0_20170116232725357jpg.chip.jpg": [55, 0, 0],
    "24_0_1_20170116220224657 .jpg": [24, 0, 1],
    "61_3_20170109150557335.jpg.chip.jpg": [61, None, None],
    "53__0_20170116184028385.jpg": [53, None, 0],
    "44_1__20170116235150272.jpg": [44, 1, None],
    "holiday.jpg": [None, None, None],
}


def test_utkface_reads_the_names_that_the_set_has(tiny: ModuleType, tmp_path: Path) -> None:
    tiny.pictures(tmp_path, list(UTK))
    listing = list_folder(tmp_path, "utkface")
    vectors = {record.name: record.vector for record in listing.records}
    for name, wanted in UTK.items():
        found = vectors[name]
        numbers = [None] * 3 if found is None else [None if n != n else n for n in found]
        assert numbers == wanted, name


def test_train_and_test_of_a_and_b_are_unpaired_too(tiny: ModuleType, tmp_path: Path) -> None:
    tiny.pictures(tmp_path, ["train/A/1.png", "train/B/1.png", "test/A/1.png"])
    by_name, by_files = list_folder(tmp_path, "unpaired"), list_folder(tmp_path)
    assert by_files.layout == "imagefolder" and by_name.classes == by_files.classes == ("A", "B")
    assert sorted(map(repr, by_name.records)) == sorted(map(repr, by_files.records))


CSV_WRONG = {
    "outside": ("file_name,a\n../a.png,1\n", "cannot be read (../a.png is not the name"),
    "short": ("file_name,a\na.png\n", "has a row with more or fewer cells"),
    "no names": ("picture,a\na.png,1\n", "has no column file_name"),
    "all lost": ("file_name\nlost.png\n", "names no picture that is there"),
}


@pytest.mark.parametrize("wrong", CSV_WRONG)
def test_a_broken_metadata_csv_is_refused_in_one_line(
    tiny: ModuleType, tmp_path: Path, wrong: str
) -> None:
    text, says = CSV_WRONG[wrong]
    tiny.pictures(tmp_path, ["a.png"])
    (tmp_path / "metadata.csv").write_text(text)
    assert says in refusal(tmp_path)


def test_a_description_of_all_parts_gives_their_splits(tiny: ModuleType, tmp_path: Path) -> None:
    tiny.pictures(tmp_path, ["train/a.png", "val/a.png", "c.png"])
    names = ("val/a.png", "c.png", "train/a.png")
    lines = "".join(json.dumps({"file_name": name}) + "\n" for name in names)
    (tmp_path / "metadata.jsonl").write_text(lines)
    assert [r.split for r in list_folder(tmp_path).records] == [1, -1, 0]
    (tmp_path / "metadata.jsonl").unlink()
    (tmp_path / "metadata.csv").write_text("file_name,label\n" + "".join(f"{n},x\n" for n in names))
    listing = list_folder(tmp_path)
    assert [(r.split, r.label) for r in listing.records] == [(1, 0), (-1, 0), (0, 0)]


def pictures_with(folder: Path, lists: dict[str, str]) -> Path:
    """Four pictures, and texts beside them."""
    folder.mkdir()
    for number in range(4):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / f"{number}.png")
    for name, text in lists.items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("lists", "splits"),
    [
        ({}, None),
        ({"test.txt": "1.png\n\n  3.png", "val.txt": "0.png"}, [1, 2, 0, 2]),
        ({"train.txt": "2.png\n", "test.txt": "1.png"}, [-1, 2, 0, -1]),
        ({"test.txt": "1.png\nall the others are for training\n"}, None),
    ],
)
def test_lists_beside_pictures_say_what_they_are_for(
    lists: dict[str, str], splits: list[int] | None, tmp_path: Path
) -> None:
    records = list_folder(pictures_with(tmp_path / "set", lists), "plain").records
    assert [record.split for record in records] == (splits or [-1] * 4)


# Text tables


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


FORMS = {
    "official": ("t.txt", "2\na b \nx.jpg -1  1\ny.jpg  2.5 3\n", ("a", "b")),
    "no head": ("t.txt", "x.jpg -1 1\ny.jpg\t2.5\t3", ()),
    "byte order mark": ("t.csv", "\ufeffimage_id,a,b\nx.jpg,-1,1\ny.jpg,2.5,3", ("a", "b")),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read(form: str, tmp_path: Path) -> None:
    name, text, columns = FORMS[form]
    table = read_table(write(tmp_path / name, text))
    assert table.rows == {"x.jpg": [-1, 1], "y.jpg": [2.5, 3]} and table.columns == columns


BROKEN = {
    "letters": (
        "t.txt",
        "x 1 2\ny 1 b\n",
        "cannot be read (could not convert string to float: 'b'",
    ),
    "cut off": ("t.txt", "3\na\nx 1\ny 2\n", "is not a whole table"),
    "no text": ("t.txt", "x 1\ny\udcff 1\n", "cannot be read"),
}


@pytest.mark.parametrize("wrong", BROKEN)
def test_a_broken_table_is_refused_in_one_line(wrong: str, tmp_path: Path) -> None:
    name, text, says = BROKEN[wrong]
    with pytest.raises(InputError) as caught:
        read_table(write(tmp_path / name, text))
    message = str(caught.value)
    assert f"{tmp_path / name}: {says}" in message and message.isprintable()
