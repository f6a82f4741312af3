"""Packs: what is read is what was painted, however often the writing was stopped."""

from __future__ import annotations

import filecmp
import json
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trombine.core.errors import InputError
from trombine.core.progress import Result
from trombine.data.pack import INDEX, Pack, part_of, write_pack
from trombine.data.painting import Maker, paint_pack

PAIRS = Maker(kind="world", styles=("photo", "anime"), size=16)
LEAVES = Maker(kind="leaves", size=16)
COUNT = 12


def write(path: Path, maker: Maker = LEAVES, count: int = COUNT, **options: Any) -> Result:
    return paint_pack(path, maker, first_seed=100, count=count, **{"workers": 1, **options})


def same(left: Path, right: Path) -> bool:
    """Whether two folders hold the same files with the same bytes, and no folders."""
    names = sorted(path.name for path in left.iterdir())
    if names != sorted(path.name for path in right.iterdir()):
        return False
    equal, _, _ = filecmp.cmpfiles(left, right, names, shallow=False)
    return sorted(equal) == names


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of leaves that was written in one go; for reading only."""
    path = tmp_path_factory.mktemp("whole") / "leaves"
    write(path)
    return path


def test_a_pack_holds_what_was_painted(tmp_path: Path) -> None:
    write(tmp_path / "pairs", PAIRS)
    pack = Pack(tmp_path / "pairs")
    for place, sample in enumerate(map(PAIRS.make, range(100, 100 + COUNT))):
        row = {**sample.row, "seeds": 100 + place}
        assert row.keys() == pack.columns.keys()
        for name, column in pack.columns.items():
            assert (column[place] == row[name]).all(), name
    assert pack.vector_names == PAIRS.vector_names
    pictures = np.load(tmp_path / "pairs/pictures.npy", mmap_mode="r")  # by NumPy alone
    assert (pictures == pack.columns["pictures"]).all()


def test_a_batch_is_its_pictures(whole: Path) -> None:
    pack = Pack(whole)
    indices = np.array([5, 0, 11, 5, 2], np.int64)
    expected = np.stack([LEAVES.make(100 + index).row["pictures"] for index in indices.tolist()])
    batch = pack.rows(indices)["pictures"]
    assert (batch == expected).all()
    assert batch.flags.writeable and batch.flags.owndata  # a copy, not the mapping
    with pytest.raises(IndexError):
        pack.rows(np.array([COUNT], np.int64))


def test_the_number_of_workers_leaves_no_trace(tmp_path: Path, whole: Path) -> None:
    write(tmp_path / "two", workers=2)
    assert same(whole, tmp_path / "two")


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
import numpy as np
from trombine.data import pack
from trombine.data.pack import Pack

def make(places):
    return [(f"{place}.png", {"pictures": np.full((4, 4, 3), place, np.uint8)}) for place in places]

def write(about):
    pack.write_pack(path, make, about={"of": about}, count=6, shard=2, overwrite=True,
                           shapes={"pictures": (4, 4, 3)})

def counted(original):
    def call(*args, **options):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **options)
    return call

left, path = -1, Path(sys.argv[1]) / "pack"
for module, name in ((os, "replace"), (os, "fsync"), (shutil, "rmtree"), (pack, "_write"),
                     (pack, "_put_in_place"), (Path, "rename"), (Path, "replace"),
                     (Path, "unlink"), (np, "savez"), (np, "load")):
    setattr(module, name, counted(getattr(module, name)))
kills = whole = 0
while True:
    write("old")
    kills += 1
    child = os.fork()
    if not child:
        left = kills
        write("new")
        os._exit(0)
    if not os.waitpid(child, 0)[1]:
        break
    if path.exists():
        assert (Pack(path).columns["pictures"][:, 0, 0, 0] == range(6)).all()
        whole += 1
    write("new")
    assert (Pack(path).columns["pictures"][:, 0, 0, 0] == range(6)).all()
    assert Pack(path).about == {"of": "new"} and os.listdir(sys.argv[1]) == ["pack"], kills
print(kills, whole)
"""


def test_a_killed_writer_leaves_a_whole_pack_or_none(tmp_path: Path) -> None:
    """Killed at each of its steps: what is there opens, and the same command makes the rest."""
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    kills, whole = map(int, ended.stdout.split())
    assert kills > 20 and whole == kills - 2  # of two renames the pack has no name between


def test_whole_shards_are_kept(tmp_path: Path, whole: Path) -> None:
    def stop(done: float, of: float, what: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "pack", count=40, progress=stop)
    with pytest.raises(InputError, match="is not finished; run the command that makes it again"):
        Pack(tmp_path / "pack")
    assert write(tmp_path / "pack", count=40).kept == 16
    write(tmp_path / "whole", count=40)
    assert same(tmp_path / "whole", tmp_path / "pack")
    assert not part_of(tmp_path / "pack").exists()


def test_a_pack_that_is_there_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "pack"
    write(path)
    before = (path / "pictures.npy").stat()
    done = write(path)
    assert (done.written, done.kept) == ((), COUNT) and done.summary.endswith("(was there)")
    assert (path / "pictures.npy").stat().st_mtime_ns == before.st_mtime_ns


def test_another_pack_is_replaced_only_when_told(tmp_path: Path, whole: Path) -> None:
    path = tmp_path / "pack"
    write(path, PAIRS, count=2)
    with pytest.raises(InputError, match="another pack"):
        write(path)
    assert Pack(path).hash != Pack(whole).hash
    write(path, overwrite=True)
    assert same(whole, path) and Pack(path).hash == Pack(whole).hash
    assert [found.name for found in tmp_path.iterdir()] == ["pack"]


def test_what_is_no_pack_is_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="is not a pack; choose another name"):
        write(folder, overwrite=True)
    write(tmp_path / "pack", count=2)
    (tmp_path / "pack/mine.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds other files beside the pack, such as mine\.txt"):
        write(tmp_path / "pack", overwrite=True)
    assert (folder / "mine.txt").read_text() == (tmp_path / "pack/mine.txt").read_text() == "mine"


def test_a_link_stays_and_leads_to_the_pack(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "disk")
    write(link, count=2)
    assert link.is_symlink() and len(Pack(link)) == len(Pack(tmp_path / "disk")) == 2
    assert sorted(found.name for found in tmp_path.iterdir()) == ["disk", "link"]


def cut(path: Path) -> None:
    data = (path / "pictures.npy").read_bytes()
    (path / "pictures.npy").write_bytes(data[:-1])


HARMS: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut": (cut, "pictures.npy: is missing or damaged"),
    "missing": (lambda path: (path / "seeds.npy").unlink(), "seeds.npy: is missing"),
    "other": (
        lambda path: np.save(path / "pictures.npy", np.zeros((COUNT, 8, 8, 3), np.uint8)),
        "not what index.json says",
    ),
    "torn index": (lambda path: (path / INDEX).write_text('{"format": 1'), "cannot be read"),
    "no pack": (lambda path: (path / INDEX).unlink(), "is not a pack"),
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_pack_is_refused_in_one_line(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "pack"
    write(path, count=3)
    do, says = HARMS[harm]
    do(path)
    with pytest.raises(InputError) as caught:
        Pack(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and says in message and "\n" not in message


def named(path: Path) -> Path:
    """A pack of two pictures with names."""
    rows = [(name, {"pictures": np.full((4, 4, 3), 9, np.uint8)}) for name in ("a.png", "b.png")]
    shapes = {"pictures": (4, 4, 3)}
    write_pack(path, lambda places: [rows[p] for p in places], about={}, count=2, shapes=shapes)
    return path


def test_the_index_has_the_hash_of_each_file(tmp_path: Path) -> None:
    path = named(tmp_path / "pack")
    index = json.loads((path / INDEX).read_bytes())
    held = {f"{name}.npy": column["sha256"] for name, column in index["columns"].items()}
    held["names.jsonl"] = index["names"]["sha256"]
    found = {name: sha256((path / name).read_bytes()).hexdigest() for name in held}
    assert held == found and "pictures.npy" in held


def test_names_that_are_too_few_are_refused(tmp_path: Path) -> None:
    path = named(tmp_path / "pack")
    assert [Pack(path).name(number) for number in range(2)] == ["a.png", "b.png"]
    (path / "names.jsonl").write_text('"b.png"\n')
    with pytest.raises(InputError, match=r"names\.jsonl: has 1 names for 2 pictures; make"):
        Pack(path).name(0)
