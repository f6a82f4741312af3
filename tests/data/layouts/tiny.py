"""Tiny folders in every layout, as their projects ship them, with what was put into each.

`MAKERS[name](folder)` fills an empty folder and says what is in it; `layout_of(name)` is the
layout that it is of. Loaded by the tests beside, and by those that make packs of folders.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIZE = 16  # of a picture, unless its maker says otherwise
NAN = float("nan")
ATTRIBUTES = ("5_o_Clock_Shadow", "Male", "Smiling", "Young")
POINTS = "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y"
POINTS += " rightmouth_x rightmouth_y"
PART_FILES = "skin nose eye_g l_eye r_eye l_brow r_brow l_ear r_ear mouth u_lip l_lip hair hat"
PART_FILES += " ear_r neck_l neck cloth"


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What a folder holds, in the order in which it is listed; what is None is in none."""

    pixels: dict[str, np.ndarray]  # by the pictures' names, as another program decodes them
    size: int = SIZE
    classes: Sequence[str] | None = None  # of each picture; "" where there is none
    splits: Sequence[int] | None = None
    vectors: np.ndarray | None = None
    vector_names: tuple[str, ...] = ()
    points: np.ndarray | None = None  # N x 68 x 2
    parts: np.ndarray | None = None  # N x size x size
    missing: int = 0
    extra: Any = None  # what a maker needs further


def picture(path: Path, size: int = SIZE) -> np.ndarray:
    """Write a picture that nobody else has, and return what Pillow reads back."""
    path.parent.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng([*path.name.encode(), len(path.parts)])
    pixels = chance.integers(0, 256, (size, size, 3), np.uint8)
    suffix = path.suffix.lower()
    Image.fromarray(pixels).save(path, "JPEG" if suffix in (".jpg", ".jpeg") else None)
    with Image.open(path) as found:
        return np.asarray(found.convert("RGB"))


def pictures(folder: Path, names: Sequence[str], size: int = SIZE) -> dict[str, np.ndarray]:
    return {name: picture(folder / name, size) for name in names}


def write(path: Path, *lines: str, end: str = "\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(line + end for line in lines).encode())


def _celeba_truth(folder: Path, start: str) -> Truth:
    names = [f"{i:06d}.jpg" for i in (1, 2, 3, 10)]
    pixels = pictures(folder, [start + name for name in names])
    vectors = np.array([[0, 1, 0, 1], [1, 1, 1, 1], [0, 0, 0, 0], [1, 0, 1, 0]], np.float64)
    return Truth(
        pixels=pixels,
        classes=("12", "3", "12", "10177"),
        splits=(0, 1, 2, 0),
        vectors=vectors,
        vector_names=ATTRIBUTES,
        missing=1,
        extra=[*names, "000011.jpg"],
    )


def celeba(folder: Path) -> Truth:
    """The official download: text tables in Anno/ and Eval/; one picture was lost."""
    truth = _celeba_truth(folder, "Img/img_align_celeba/")
    rows = _celeba_rows(truth)
    anno = folder / "Anno"
    names = " ".join(ATTRIBUTES)
    write(anno / "list_attr_celeba.txt", "5", names + " ", *(_spaced(r) for r in rows["attr"]))
    points = [_spaced(row) for row in rows["points"]]
    write(anno / "list_landmarks_align_celeba.txt", "5", POINTS + " ", *points, end="\r\n")
    write(anno / "identity_CelebA.txt", *(" ".join(row) for row in rows["people"]))
    write(folder / "Eval/list_eval_partition.txt", *(" ".join(row) for row in rows["splits"]))
    return truth


def celeba_kaggle(folder: Path) -> Truth:
    """Kaggle's: .csv tables, the pictures' folder inside itself, nothing about people."""
    truth = _celeba_truth(folder, "img_align_celeba/img_align_celeba/")
    rows, heads = _celeba_rows(truth), {"attr": ATTRIBUTES, "points": POINTS.split()}
    files = {"attr": "attr", "points": "landmarks_align", "splits": "eval_partition"}
    for key, file in files.items():
        head = ("image_id", *heads.get(key, ("partition",)))
        write(
            folder / f"list_{file}_celeba.csv".replace("partition_celeba", "partition"),
            *(",".join(row) for row in (head, *rows[key])),
        )
    return replace(truth, classes=None)


def _celeba_rows(truth: Truth) -> dict[str, list[list[str]]]:
    """The rows of CelebA's tables; the last picture of each is the lost one."""
    assert truth.vectors is not None
    signs = (2 * truth.vectors - 1).astype(int).tolist()
    cells = {
        "attr": [*signs, [1] * len(ATTRIBUTES)],
        "points": [list(range(10))] * 5,
        "splits": [*([split] for split in truth.splits or ()), [2]],
        "people": [*([who] for who in truth.classes or ()), ["3"]],
    }
    return {
        key: [[name, *map(str, row)] for name, row in zip(truth.extra, rows, strict=True)]
        for key, rows in cells.items()
    }


def _spaced(row: Sequence[str]) -> str:
    """A row as CelebA aligns them."""
    return row[0] + "".join(f" {cell:>2}" for cell in row[1:])


def celebamask(folder: Path, picture_sides: bool = False) -> Truth:
    """The official download: a file for each part, half the pictures' size; two folders of them.

    With `picture_sides` l_ is what lies on the left of the picture; the truth is the same.
    """
    truth, home = _celebamask_truth(folder, "CelebAMask-HQ/"), folder / "CelebAMask-HQ"
    for number, parts in truth.extra.items():
        masks = home / f"CelebAMask-HQ-mask-anno/{int(number) // 2000}"
        masks.mkdir(parents=True, exist_ok=True)
        for label, name in enumerate(PART_FILES.split(), 1):
            # The skin goes on below what is drawn over it.
            mask = parts > 0 if name == "skin" else parts == label
            if mask.any():
                other = {"l": "r", "r": "l"}[name[0]] + name[1:] if name[1:2] == "_" else name
                sided = name[2:] in ("eye", "brow", "ear") and picture_sides
                grey = Image.fromarray(mask.astype(np.uint8) * 255)
                file = masks / f"{int(number):05d}_{other if sided else name}.png"
                grey.convert("RGB" if label % 2 else "L").save(file)
    return truth


def celebamask_joined(folder: Path) -> Truth:
    """The maps joined before, no folder around it."""
    truth = _celebamask_truth(folder, "")
    (folder / "CelebAMask-HQ-mask").mkdir()
    for number, parts in truth.extra.items():
        Image.fromarray(parts).save(folder / f"CelebAMask-HQ-mask/{number}.png")
    return truth


def _celebamask_truth(folder: Path, start: str) -> Truth:
    """Pictures of 32 px, tables, and (in extra) the parts by the pictures' numbers, 16 px."""
    home, numbers = folder / start, (0, 2, 10, 2001)
    names = [f"{start}CelebA-HQ-img/{number}.jpg" for number in numbers]
    vectors = np.array([[1, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 0, 1]], np.float64)
    signs = (2 * vectors - 1).astype(int).tolist()
    rows = [f"{n}.jpg  " + " ".join(map(str, s)) for n, s in zip(numbers, signs, strict=True)]
    names_line = " ".join(ATTRIBUTES)
    write(home / "CelebAMask-HQ-attribute-anno.txt", "4", names_line, *rows)
    originals = [f"{n:<8}{5 * n:<12}{5 * n + 1:06d}.jpg" for n in numbers]
    write(home / "CelebA-HQ-to-CelebA-mapping.txt", "idx     orig_idx    orig_file", *originals)
    splits = (2, 0, 1, 0)
    official = [f"{5 * n + 1:06d}.jpg {s}" for n, s in zip(numbers, splits, strict=True)]
    write(home / "list_eval_partition.txt", "000003.jpg 0", *official)
    parts = np.stack([_parts(shift) for shift in range(4)])
    return Truth(
        pixels=pictures(folder, names, 32),
        size=32,
        splits=splits,
        vectors=vectors,
        vector_names=ATTRIBUTES,
        parts=parts.repeat(2, 1).repeat(2, 2),
        extra=dict(zip(map(str, numbers), parts, strict=True)),
    )


def _parts(shift: int) -> np.ndarray:
    """A face of 16 px: hair, skin, mouth, and the person's left eye and brow on the right."""
    parts = np.zeros((16, 16), np.uint8)
    parts[2:14, 2:14] = 1
    parts[1:4, 2:14] = 13
    parts[6, 9:12], parts[6, 4:7] = 4, 5
    parts[5, 9:12], parts[5, 4:7] = 6, 7
    parts[7:10, 7 + shift % 2] = 2
    parts[11, 5 : 10 + shift % 2] = 10
    return parts


def lfw(folder: Path) -> Truth:
    """The official download, and the lists of people beside it; one picture was lost."""
    truth = _lfw(folder, "lfw/")
    write(folder / "peopleDevTrain.txt", "2", "Ann_Lee\t2", "Cy_Wu\t1")
    write(folder / "peopleDevTest.txt", "1", "Bo_De-Niro\t2")
    return replace(truth, splits=(0, 0, 2, 0), missing=1)


def _lfw(folder: Path, start: str) -> Truth:
    people = ("Ann_Lee", "Ann_Lee", "Bo_De-Niro", "Cy_Wu")
    numbers = (1, 2, 1, 1)
    names = [f"{start}{who}/{who}_{n:04d}.jpg" for who, n in zip(people, numbers, strict=True)]
    return Truth(pixels=pictures(folder, names), classes=people)


def ffhq(folder: Path) -> Truth:
    """Thumbnails in folders of a thousand, and the JSON file; one picture was lost."""
    names = [f"thumbnails128x128/{n // 1000:02d}000/{n:05d}.png" for n in (0, 1, 1002)]
    pixels = pictures(folder, names, 128)
    points = np.random.default_rng(1).uniform(0, 1024, (4, 68, 2)).round(2)
    categories = ("training", "training", "validation", "validation")
    entries = {
        str(number): {
            "category": category,
            "metadata": {"photo_title": 'a "title" {with} [all], of: it \\', "author": "Jörg"},
            "image": {"pixel_size": [1024, 1024], "face_landmarks": cells.tolist()},
            "thumbnail": {"file_path": "../../elsewhere.png", "pixel_size": [128, 128]},
            "in_the_wild": {"face_landmarks": (2 * cells).tolist()},
        }
        for number, category, cells in zip((0, 1, 1002, 7), categories, points, strict=True)
    }
    (folder / "ffhq-dataset-v2.json").write_text(json.dumps(entries, indent=1))
    splits = (0, 0, 1)
    return Truth(pixels=pixels, size=128, splits=splits, points=points[:3] / 8, missing=1)


def utkface(folder: Path) -> Truth:
    """Some names lack a number, as some of the set's do."""
    found = {
        "1_0_4_20170109150557335": (1, 0, 4),
        "26_1_2_20170104023102422": (26, 1, 2),
        "39_1_20170116174525125": (39, NAN, NAN),
        "53__0_20170116184028385": (53, NAN, 0),
    }
    every = [*found, "116_0_0_20170120134921760"]
    names = [f"UTKFace/{name}.jpg.chip.jpg" for name in every]
    return Truth(
        pixels=pictures(folder, names),
        vectors=np.array([*found.values(), (116, 0, 0)], np.float64),
        vector_names=("age", "gender", "race"),
    )


def anime(folder: Path) -> Truth:
    names = ["images/7_2000.jpg", "images/31_2019.jpg", "images/46651_2008.jpg"]
    years = np.array([[2000.0], [2019], [2008]])
    return Truth(pixels=pictures(folder, names), vectors=years, vector_names=("year",))


def simpsons(folder: Path) -> Truth:
    """The characters' folders alone."""
    names = [
        "bart_simpson/pic_0000.jpg",
        "homer_simpson/pic_0002.jpg",
        "homer_simpson/pic_0010.jpg",
    ]
    classes = ("bart_simpson", "homer_simpson", "homer_simpson")
    return Truth(pixels=pictures(folder, names), classes=classes)


def simpsons_kaggle(folder: Path) -> Truth:
    """Kaggle's: the set once more inside itself, and a test set."""
    start, test = "simpsons_dataset/", "kaggle_simpson_testset/kaggle_simpson_testset/"
    names = [f"{start}bart_simpson/pic_0000.jpg", f"{start}homer_simpson/pic_0001.jpg"]
    again = [f"{start}{name}" for name in names]
    tested = [f"{test}bart_simpson_0.jpg", f"{test}homer_simpson_12.jpg"]
    pictures(folder, again)
    classes = ("bart_simpson", "homer_simpson") * 2
    return Truth(pixels=pictures(folder, names + tested), classes=classes, splits=(0, 0, 2, 2))


def flickr(folder: Path) -> Truth:
    """The original two archives; one picture of the lists is in neither."""
    names = ["1000_a0.jpg", "1001_b1.jpg", "1002_c2.jpg", "1003_d3.jpg"]
    texts = folder / "Flickr8k_text"
    write(texts / "Flickr8k.token.txt", *(f"{name}#0\tA dog , running ." for name in names))
    write(texts / "Flickr_8k.trainImages.txt", names[0], "2258277193_586949ec62.jpg")
    write(texts / "Flickr_8k.devImages.txt", names[1])
    write(texts / "Flickr_8k.testImages.txt", names[2])
    pixels = pictures(folder, [f"Flicker8k_Dataset/{name}" for name in names])
    return Truth(pixels=pixels, splits=(0, 1, 2, -1), missing=1)


def unpaired(folder: Path) -> Truth:
    names = ["trainA/2.jpg", "trainA/a.png", "testA/1.jpg", "trainB/1.jpg", "testB/x/3.jpg"]
    return Truth(
        pixels=pictures(folder, names), classes=("A", "A", "A", "B", "B"), splits=(0, 0, 2, 0, 2)
    )


def people(folder: Path) -> Truth:
    """Two people, one with points; what is for tests the folder says."""
    names = ["a_calm.png", "a_glad.png", "b.png"]
    found = np.full((3, 68, 2), NAN)
    found[0] = np.arange(136).reshape(68, 2) / 10
    write(folder / "a_calm.points.txt", *(f"{x} {y}" for x, y in found[0]))
    write(folder / "people.csv", "person,age,gender", "a,31,female", "b,NA,male", "c,8,male")
    write(folder / "test.txt", "b.png")
    return Truth(
        pixels=pictures(folder, names),
        classes=("a", "a", "b"),
        splits=(0, 0, 2),
        vectors=np.array([[31, 0], [31, 0], [NAN, 1]]),
        vector_names=("age", "masculine"),
        points=found,
    )


def pairs(folder: Path) -> Truth:
    """Before and after; one picture has no other side."""
    pixels = pictures(folder, ["input/1.png", "input/2.jpg"])
    pictures(folder, ["target/1.jpg", "target/2.png", "target/3.png"])
    return Truth(pixels=pixels, missing=1)


def imagefolder(folder: Path) -> Truth:
    """Folders of classes in folders of parts of the set."""
    names = ["test/dog/1.png", "train/cat/a/2.png", "train/dog/2.png", "validation/cat/1.png"]
    return Truth(
        pixels=pictures(folder, names), classes=("dog", "cat", "dog", "cat"), splits=(2, 0, 0, 1)
    )


def imagefolder_csv(folder: Path) -> Truth:
    """A metadata.csv of somebody's, with captions over several lines; one picture was lost."""
    rows = [
        ("file_name", "age", "text", "label", "score"),
        ("b/1.png", "31", 'a "quoted",\nlong text', "cat", "0.5"),
        ("a.png", "7", "", "dog", ""),
        ("lost.png", "8", "lost", "eel", "1e3"),
    ]
    with (folder / "metadata.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return Truth(
        pixels=pictures(folder, ["b/1.png", "a.png"]),
        classes=("cat", "dog"),
        vectors=np.array([[31, 0.5], [7, NAN]]),
        vector_names=("age", "score"),
        missing=1,
    )


def imagefolder_parts(folder: Path) -> Truth:
    """A description in each part of the set: of somebody's, with more than trombine knows."""
    pixels = pictures(folder, ["test/x.png", "train/1.png", "train/0.png"])
    line = {"text": "a face", "objects": {"bbox": [[1, 2, 3, 4]]}}
    for part, names in {"test": ["x.png"], "train": ["1.png", "0.png"]}.items():
        lines = (json.dumps({"file_name": name} | line) for name in names)
        write(folder / part / "metadata.jsonl", *lines)
    return Truth(pixels=pixels, splits=(2, 0, 0))


def plain(folder: Path) -> Truth:
    return Truth(pixels=pictures(folder, ["a.jpg", "b/1.png", "b/c/2.tif"]))


Maker = Callable[[Path], Truth]
MAKERS: dict[str, Maker] = {
    "celebamask-hq": celebamask,
    "celebamask-hq joined": celebamask_joined,
    "celeba": celeba,
    "celeba kaggle": celeba_kaggle,
    "lfw": lfw,
    "lfw alone": lambda folder: _lfw(folder, ""),
    "ffhq": ffhq,
    "utkface": utkface,
    "anime-faces": anime,
    "simpsons": simpsons,
    "simpsons kaggle": simpsons_kaggle,
    "flickr8k": flickr,
    "people": people,
    "pairs": pairs,
    "unpaired": unpaired,
    "imagefolder": imagefolder,
    "imagefolder csv": imagefolder_csv,
    "imagefolder parts": imagefolder_parts,
    "plain": plain,
}


def layout_of(name: str) -> str:
    """The layout that the folder of this maker is of."""
    return name.partition(" ")[0]
