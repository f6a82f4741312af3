"""`data prepare`: a pack of a folder is the folder's pictures, however it was made."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from trombine.core.errors import InputError
from trombine.core.progress import Result
from trombine.data.columns import SPLITS, split_share
from trombine.data.pack import Pack
from trombine.data.painting import Maker, paint_folder
from trombine.data.prepare import PrepareOptions, prepare_pack
from trombine.data.reading import Folder
from trombine.data.source import source
from trombine.data.split import split

SIZE = 40
OPTIONS = PrepareOptions(size=SIZE)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Forty pictures of several sizes and formats, in subfolders."""
    folder = tmp_path / "pictures"
    rng = np.random.default_rng(3)
    for number in range(40):
        ending = ("jpg", "png", "webp")[number % 3]
        path = folder / f"{'ab'[number % 2]}" / f"{number:02d}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (20 + number, 60 - number, 3), np.uint8)
        Image.fromarray(pixels).save(path)
    return folder


def prepare(folder: Path, path: Path, wanted: PrepareOptions = OPTIONS, **options: Any) -> Result:
    return prepare_pack(folder, path, wanted, **options)


def spoil(folder: Path) -> list[str]:
    """Break the first, the last and two pictures in the middle; their names."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    bad = [paths[0], paths[17], paths[18], paths[-1]]
    for path in bad:
        path.write_bytes(path.read_bytes()[:60])
    return [path.relative_to(folder).as_posix() for path in bad]


def test_a_pack_holds_what_the_folder_gives(pictures: Path, tmp_path: Path) -> None:
    steps: list[tuple[float, float, str]] = []
    done = prepare(pictures, tmp_path / "pack", progress=lambda *step: steps.append(step))
    folder, pack = Folder(pictures, SIZE), Pack(tmp_path / "pack")
    assert len(pack) == len(folder) == 40
    everything = np.arange(40, dtype=np.int64)
    given = folder.rows(everything)
    for name in given:
        assert np.array_equal(pack.columns[name], given[name]), name
    assert [pack.name(i) for i in range(40)] == [folder.name(i) for i in range(40)]
    assert pack.classes == ("a", "b")
    assert steps == [(32, 40, "pictures"), (40, 40, "pictures")]
    assert done.summary == f"{tmp_path / 'pack'}: a pack of 40 pictures of 40 px (plain)"
    assert prepare(pictures, tmp_path / "pack").kept == 40
    prepare(pictures, tmp_path / "squeezed", PrepareOptions(size=SIZE, crop="none"))
    with Image.open(pictures / pack.name(0)) as first:
        whole = first.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    assert np.array_equal(Pack(tmp_path / "squeezed").columns["pictures"][0], np.asarray(whole))


def test_bad_pictures_are_listed_and_left_out(pictures: Path, tmp_path: Path) -> None:
    bad = spoil(pictures)
    done = prepare(pictures, tmp_path / "pack")
    assert list(done.skipped) == [pictures / name for name in bad]
    pack = Pack(tmp_path / "pack")
    listed = [
        json.loads(line) for line in (tmp_path / "pack" / "skipped.jsonl").read_text().splitlines()
    ]
    assert [line["file"] for line in listed] == bad
    assert all(line["why"].startswith(("is cut off", "is not a picture")) for line in listed)
    folder = Folder(pictures, SIZE)
    good = [i for i in range(40) if folder.name(i) not in bad]
    assert [pack.name(i) for i in range(36)] == [folder.name(i) for i in good]
    given = folder.rows(np.array(good, np.int64))
    assert np.array_equal(pack.columns["pictures"], given["pictures"])
    assert np.array_equal(pack.columns["labels"], given["labels"])
    assert "4 left out, listed in skipped.jsonl" in done.summary


def test_what_a_picture_is_for_is_decided_by_its_bytes(pictures: Path, tmp_path: Path) -> None:
    wanted = PrepareOptions(size=SIZE, choose=30, test=30)
    prepare(pictures, tmp_path / "pack", wanted)
    pack = Pack(tmp_path / "pack")
    for row in range(40):
        share = split_share(hashlib.sha256((pictures / pack.name(row)).read_bytes()).digest())
        wanted_split = "test" if share < 30 else "choose" if share < 60 else "train"
        assert SPLITS[pack.columns["splits"][row]] == wanted_split
    assert set(pack.columns["splits"].tolist()) == {0, 1, 2}
    other = tmp_path / "other"  # other names, another folder
    other.mkdir()
    for path in pictures.rglob("*.*"):
        (other / f"z{path.name}").write_bytes(path.read_bytes())
    prepare(other, tmp_path / "other-pack", wanted)
    again = Pack(tmp_path / "other-pack")
    by_name = {Path(again.name(i)).name[1:]: int(again.columns["splits"][i]) for i in range(40)}
    for row in range(40):
        assert by_name[Path(pack.name(row)).name] == pack.columns["splits"][row]


def test_a_spec_names_a_split_and_training_leaves_the_test_alone(
    pictures: Path, tmp_path: Path
) -> None:
    prepare(pictures, tmp_path / "pack", PrepareOptions(size=SIZE, choose=30, test=30))
    pack = Pack(tmp_path / "pack")
    splits = pack.columns["splits"]
    for number, name in enumerate(SPLITS):
        opened = source(f"pack:{tmp_path / 'pack'}@{name}", SIZE)
        rows = np.flatnonzero(splits == number)
        assert [opened.name(i) for i in range(len(opened))] == [
            pack.name(row) for row in rows.tolist()
        ]
    learned, measured = split(f"pack:{tmp_path / 'pack'}", SIZE, 100)
    names = {learned.name(i) for i in range(len(learned))}
    assert names == {pack.name(row) for row in np.flatnonzero(splits == 0).tolist()}
    chosen = {measured.name(i) for i in range(len(measured))}
    assert chosen == {pack.name(row) for row in np.flatnonzero(splits == 1).tolist()}
    with pytest.raises(InputError, match="none of its pictures is for this use"):
        source(f"folder:{pictures}@test", SIZE)


def test_nothing_to_read_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match="holds no picture that can be used"):
        prepare(tmp_path / "bad", tmp_path / "pack")
    assert not (tmp_path / "pack").exists()


def test_pairs_keep_both_sides_and_all_truth(tmp_path: Path) -> None:
    maker = Maker(kind="world", styles=("photo", "anime"), size=48)
    paint_folder(tmp_path / "pairs", maker, first_seed=5, count=3, workers=1)
    prepare(tmp_path / "pairs", tmp_path / "pack", PrepareOptions(size=48))
    pack = Pack(tmp_path / "pack")
    for row in range(3):
        for name, cell in maker.make(5 + row).row.items():
            assert np.array_equal(pack.columns[name][row], cell), name
        assert pack.columns["seeds"][row] == 5 + row


# What is said of the folder


def fill(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((16, 16, 3), 9 * number, np.uint8)).save(path)
    return folder


LOST = "named and not there, or there and not named"


def notices(folder: Path) -> list[str]:
    found = prepare(folder, folder.with_name("pack"), PrepareOptions(size=16)).notices
    return [text.removeprefix(f"{folder}: ") for text in found]


def test_pictures_that_a_description_does_not_name_are_counted(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", "1.png", "2.png", "b/3.png", "parts/1.png")
    line = {"file_name": "./1.png", "parts_file_name": "parts/1.png"}
    (folder / "metadata.jsonl").write_text(json.dumps(line) + "\n")
    fill(folder, "parts/1.png")  # all 0, as a map of labels may be
    assert notices(folder) == [f"2 pictures are left out: {LOST}"]
    assert len(Pack(tmp_path / "pack")) == 1
    (folder / "2.png").unlink()
    shutil.rmtree(tmp_path / "pack")
    (folder / "metadata.jsonl").unlink()
    (folder / "metadata.csv").write_text("file_name\n1.png\nparts/1.png\ngone.png\n")
    assert notices(folder) == [f"2 pictures are left out: {LOST}"]
    (folder / "b/3.png").unlink()
    shutil.rmtree(tmp_path / "pack")
    assert notices(folder) == [f"1 picture is left out: {LOST}"]
    fill(folder, "gone.png")
    shutil.rmtree(tmp_path / "pack")
    assert notices(folder) == []


@pytest.mark.parametrize("crop", ["centre", "tiles"])
def test_a_name_that_no_file_can_have_is_left_out(crop: str, tmp_path: Path) -> None:
    folder, long = fill(tmp_path / "in", "1.png"), "x" * 300 + ".png"
    lines = [{"file_name": name} for name in ("1.png", long)]
    (folder / "metadata.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = prepare(folder, tmp_path / "pack", PrepareOptions(size=16, crop=crop))
    assert list(done.skipped) == [folder / long] and len(Pack(tmp_path / "pack")) == 1
