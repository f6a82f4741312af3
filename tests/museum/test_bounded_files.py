"""What damaged files of our own, and tables that come with sets, can make of the process.

Each room has a file that once ended in a traceback or was believed; it is now one line that names
the file and the cure. Pictures are in test_bounded_inputs.py.
"""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trombine import images, weights
from trombine.data.layouts import list_folder
from trombine.data.made import Maker
from trombine.data.pack import INDEX, Pack
from trombine.data.packing import write_pack
from trombine.data.reading import read_row
from trombine.refusal import InputError

RNG = np.random.default_rng(7)
PIXELS = RNG.integers(0, 256, (24, 30, 3), np.uint8)


def one_line(error: BaseException, *words: str) -> str:
    """What an error says, which is one line with these words."""
    text = str(error)
    assert len(text.splitlines()) == 1 and len(text) < 600
    for word in words:
        assert word in text, text
    return text


# --- damaged files of our own -------------------------------------------------------------------


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of two painted faces; for reading only."""
    path = tmp_path_factory.mktemp("sound") / "pack"
    maker = Maker(kind="world", styles=("sketch",), size=16)
    list(write_pack(path, maker, first_seed=0, count=2, workers=1))
    return path


@pytest.fixture
def pack(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "pack"))


def with_head(path: Path, head: str, version: bytes = b"\x01\0") -> None:
    """Another head for a .npy file, before the same numbers."""
    data = path.read_bytes()
    numbers = data[10 + int.from_bytes(data[8:10], "little") :]
    text = head.encode("latin1") + b"\n"
    path.write_bytes(b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + numbers)


HEADS = {
    "huge": "{'descr': '|u1', 'fortran_order': False, 'shape': (9999999999, 16, 16, 3), }",
    "beyond": "{'descr': '|u1', 'fortran_order': False, 'shape': (10" + "0" * 40 + ", 16), }",
    "negative": "{'descr': '|u1', 'fortran_order': False, 'shape': (-2, 16, 16, 3), }",
    "objects": "{'descr': '|O', 'fortran_order': False, 'shape': (2, 16, 16, 3), }",
    "columns first": "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 16, 16, 3), }",
    "letters": "{'descr': '<U4', 'fortran_order': False, 'shape': (2, 16, 16, 3), }",
    "torn": "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 16,",
    "deep": "(" * 9000,
    "odd": "{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 16L, 16L, 3L), '\\d': 1}",
}


@pytest.mark.parametrize("head", HEADS)
def test_a_column_of_a_pack_with_another_head_is_refused(head: str, pack: Path) -> None:
    """Whatever the head of a .npy file claims, it is one line that names the file and the cure."""
    with_head(pack / "pictures.npy", HEADS[head])
    with pytest.raises(InputError) as error:
        Pack(pack)
    one_line(error.value, "pictures.npy: is damaged", "make it again with --overwrite")


def test_a_column_of_another_version_or_length_is_refused(pack: Path) -> None:
    """A head of another version, and numbers that were cut or added, are refused."""
    file = pack / "pictures.npy"
    whole = file.read_bytes()
    for data in (b"\x93NUMPY\x09\0" + whole[8:], whole[:-1], whole + b"\0", whole[:5], b""):
        file.write_bytes(data)
        with pytest.raises(InputError) as error:
            Pack(pack)
        one_line(error.value, "pictures.npy", "--overwrite")
    file.write_bytes(whole)
    assert len(Pack(pack)) == 2


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("about", None),
        ("about", [1]),
        ("about", {"vector_names": 3}),
        ("about", {"classes": [1, 2]}),
        ("hash", {}),
        ("names", "x"),
        ("columns", {"pictures": 3}),
        ("columns", {"pictures": {"dtype": "uint8", "shape": "x", "sha256": ""}}),
        ("columns", {"pictures": {"dtype": "uint8", "shape": [2, [16]], "sha256": ""}}),
        ("columns", {"../pictures": {"dtype": "uint8", "shape": [2], "sha256": ""}}),
    ],
)
def test_an_index_of_another_shape_is_refused(key: str, value: object, pack: Path) -> None:
    """What index.json says is of the right kind, or refused when the pack is opened."""
    index = json.loads((pack / INDEX).read_text())
    (pack / INDEX).write_text(json.dumps({**index, key: value}))
    with pytest.raises(InputError) as error:
        Pack(pack)
    one_line(error.value, str(pack), "--overwrite")


def test_an_index_that_is_nested_too_deeply_is_refused(pack: Path) -> None:
    """A deep nest in index.json is one line."""
    (pack / INDEX).write_text("[" * 100_000)
    with pytest.raises(InputError) as error:
        Pack(pack)
    one_line(error.value, INDEX, "cannot be read")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("parts", 19),
        ("parts", 254),
        ("points", np.inf),
        ("points", np.nan),
        ("vectors", -np.inf),
    ],
)
def test_truth_that_cannot_be_meant_is_refused(name: str, value: float, pack: Path) -> None:
    """Labels that are none, and infinite or half unknown points, do not get into training."""
    file = pack / f"{name}.npy"
    numbers = np.load(file)
    numbers[(1, *([0] * (numbers.ndim - 1)))] = value
    np.save(file, numbers)
    opened = Pack(pack)
    with pytest.raises(InputError) as error:
        opened.rows(np.array([0, 1]))
    one_line(error.value, file.name, "--overwrite")
    assert opened.rows(np.array([0])), "the other picture is sound"


def test_truth_of_which_nothing_is_known_is_read(pack: Path) -> None:
    """What is written for unknown parts and points stays readable, and can be shown."""
    from trombine.objectives.read import coloured

    for name, value in (("parts", 255), ("points", np.nan)):
        numbers = np.load(pack / f"{name}.npy")
        numbers[1] = value
        np.save(pack / f"{name}.npy", numbers)
    rows = Pack(pack).rows(np.array([0, 1]))
    shown = coloured(torch.rand(2, 3, 16, 16), torch.from_numpy(rows["parts"]))
    assert shown.shape == (2, 3, 16, 16) and bool(shown.isfinite().all())


def lines(folder: Path, **more: Any) -> Path:
    """A folder of one picture with a line of metadata."""
    folder.mkdir()
    images.write(folder / "a.png", images.image_of(PIXELS))
    line = json.dumps({"file_name": "a.png", **more})
    (folder / "metadata.jsonl").write_text(line + "\n")
    return folder


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 1e300, 10**400, "x", None])
def test_points_of_a_folder_that_are_no_numbers_are_refused(wrong: object, tmp_path: Path) -> None:
    """Landmarks that are infinite, or no numbers, are one line with the file that has them."""
    folder = lines(tmp_path / "set", landmarks=[[1.0, 1.0]] * 67 + [[wrong, 1.0]])
    listing = list_folder(folder)
    with pytest.raises(InputError) as error:
        read_row(folder, listing, listing.records[0], 16)
    one_line(error.value, "metadata.jsonl", "mend it")


@pytest.mark.parametrize("label", [19, 200, 255])
def test_a_map_of_labels_that_are_none_is_refused(label: int, tmp_path: Path) -> None:
    """A parts map with a label above 18, 255 too, is one line that names it."""
    folder = lines(tmp_path / "set", parts_file_name="p.png")
    parts = np.zeros(PIXELS.shape[:2], np.uint8)
    parts[3, 3] = label
    images.write(folder / "p.png", images.image_of(parts))
    listing = list_folder(folder)
    with pytest.raises(InputError) as error:
        read_row(folder, listing, listing.records[0], 16)
    one_line(error.value, "p.png", "labels below 19")


def celeba(folder: Path, **tables: str) -> Path:
    (folder / "img_align_celeba").mkdir(parents=True)
    images.write(folder / "img_align_celeba" / "000001.jpg", images.image_of(PIXELS))
    for name, text in tables.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


POINTS = "list_landmarks_align_celeba"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list_attr_celeba", "9" * 5000 + "\na b\n000001.jpg 1 -1\n"),
        (POINTS, f"000001.jpg {'1 ' * 9}1e999\n"),
        (POINTS, f"000001.jpg {'1 ' * 9}1e30\n"),
        ("identity_CelebA", "000001.jpg 9999999999999999999999\n"),
        ("identity_CelebA", f"000001.jpg {'9' * 5000}\n"),
        ("list_eval_partition", "000001.jpg inf\n"),
    ],
)
def test_a_table_of_absurd_numbers_is_refused(name: str, text: str, tmp_path: Path) -> None:
    """A list of CelebA that begins with 5,000 digits, or holds such numbers, names its line."""
    with pytest.raises(InputError) as error:
        list_folder(celeba(tmp_path / "set", **{name: text}))
    one_line(error.value, name, "in line 1", "copy it again")


def test_a_count_of_pictures_of_5000_digits_is_refused(tmp_path: Path) -> None:
    """LFW's table of people is read with the same bound."""
    person = tmp_path / "lfw" / "A_B"
    person.mkdir(parents=True)
    images.write(person / "A_B_0001.jpg", images.image_of(PIXELS))
    (tmp_path / "peopleDevTrain.txt").write_text("1\nA_B\t" + "9" * 5000 + "\n")
    with pytest.raises(InputError) as error:
        list_folder(tmp_path)
    one_line(error.value, "peopleDevTrain.txt", "line 2")


def test_numbers_of_pictures_beyond_all_are_passed_over(tmp_path: Path) -> None:
    """A picture whose name is a number of thirty digits is not one of CelebAMask-HQ's."""
    folder = tmp_path / "CelebA-HQ-img"
    folder.mkdir()
    for name in ("0.jpg", "9" * 30 + ".jpg"):
        images.write(folder / name, images.image_of(PIXELS))
    listing = list_folder(tmp_path, "celebamask-hq")
    assert [record.name for record in listing.records] == ["CelebA-HQ-img/0.jpg"]


def test_an_infinite_number_of_a_table_is_refused(tmp_path: Path) -> None:
    """A number beyond all numbers in metadata.csv or metadata.jsonl is one line."""
    folder = lines(tmp_path / "one", face={"age": 1e400})
    with pytest.raises(InputError) as error:
        list_folder(folder)
    one_line(error.value, "metadata.jsonl")
    (folder / "metadata.jsonl").unlink()
    (folder / "metadata.csv").write_text("file_name,age\na.png,1e400\n")
    with pytest.raises(InputError) as error:
        list_folder(folder)
    one_line(error.value, "metadata.csv", "infinite")


@pytest.mark.parametrize(
    "header",
    [
        {"head.weight": {"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]}},
        {"head.weight": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}},
        {"head.weight": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 8]}},
        {"head.weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 2**63]}},
        {"head.weight": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}},
        {"head.weight": {"dtype": "X9", "shape": [2], "data_offsets": [0, 8]}},
        {"__metadata__": {"trombine": {"a": []}}},
        {"__metadata__": [1]},
        {"__metadata__": {"trombine": "[" * 100_000}},
        {"__metadata__": {"trombine": "3"}},
    ],
)
def test_a_header_of_a_model_that_cannot_be_is_refused(
    header: dict[str, Any], tmp_path: Path
) -> None:
    """Offsets, shapes and cards that cannot be are one line that names the model's file."""
    text, path = json.dumps(header).encode(), tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(8))
    with pytest.raises(InputError) as error:
        weights.load(path)
    one_line(error.value, str(path), ";")
