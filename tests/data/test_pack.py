"""Packs: what is read is what was painted, however often the writing was stopped."""

from __future__ import annotations

import filecmp
import json
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from trombine.data.made import Maker, make_all
from trombine.data.pack import INDEX, Pack, part_of
from trombine.data.pack_writer import PackWriter
from trombine.data.packing import write_pack
from trombine.events import Done, Event, Progress, Started
from trombine.refusal import InputError

PAIRS = Maker(kind="world", styles=("photo", "anime"), size=16)
LEAVES = Maker(kind="leaves", size=16)
COUNT = 12


def write(path: Path, maker: Maker = LEAVES, count: int = COUNT, workers: int = 1) -> list[Event]:
    return list(write_pack(path, maker, first_seed=100, count=count, workers=workers))


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
    for row, sample in enumerate(make_all(PAIRS, range(100, 100 + COUNT), 1)):
        held = {name: column[row] for name, column in pack.columns.items()}
        for prefix, side in zip(("", "pair_"), sample.sides, strict=True):
            assert (held.pop(f"{prefix}pictures") == side.pixels).all()
            assert (held.pop(f"{prefix}parts") == side.parts).all()
            assert (held.pop(f"{prefix}points") == side.points).all()
            assert (held.pop(f"{prefix}visible") == side.visible).all()
        assert (held.pop("vectors") == sample.vector).all()
        assert held.pop("seeds") == sample.seed
        assert not held
    assert pack.vector_names == PAIRS.vector_names
    pack.verify()


def test_numpy_alone_reads_a_pack(whole: Path) -> None:
    pictures = np.load(whole / "pictures.npy", mmap_mode="r")
    assert (pictures[3] == LEAVES.make(103).sides[0].pixels).all()


def test_a_batch_is_its_pictures(whole: Path) -> None:
    pack = Pack(whole)
    indices = np.array([5, 0, 11, 5, 2], np.int64)
    expected = np.stack([LEAVES.make(100 + index).sides[0].pixels for index in indices.tolist()])
    batch = pack.batch(indices)
    assert (batch == expected).all()
    assert batch.flags.writeable and batch.flags.owndata  # a copy, not the mapping
    with pytest.raises(IndexError):
        pack.batch(np.array([COUNT], np.int64))


def test_the_number_of_workers_leaves_no_trace(tmp_path: Path, whole: Path) -> None:
    write(tmp_path / "two", workers=2)
    assert same(whole, tmp_path / "two")


def test_events_count_the_pictures(tmp_path: Path) -> None:
    events = write(tmp_path / "pack", count=3)
    assert events[0] == Started(total=3, unit="leaves")
    assert events[1:-1] == [Progress(done=i, total=3, unit="leaves") for i in (1, 2, 3)]
    done = events[-1]
    assert isinstance(done, Done) and (done.written, done.kept) == (3, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["pack"]  # no lock, no part


def test_a_stopped_writer_is_gone_on_with(tmp_path: Path, whole: Path) -> None:
    path = tmp_path / "pack"
    with closing(write_pack(path, LEAVES, first_seed=100, count=COUNT, workers=1)) as events:
        list(islice(events, 1 + 5))  # five pictures
    with pytest.raises(InputError, match="is not finished; run the command that makes it again"):
        Pack(path)
    done = write(path)[-1]
    assert isinstance(done, Done) and (done.written, done.kept) == (COUNT - 5, 5)
    assert same(whole, path)
    assert not part_of(path).exists()


KILLED = """
import sys
from pathlib import Path
from trombine.data import journal, packing
from trombine.data.made import Maker
journal.NOTE_SECONDS = 0
leaves = Maker(kind="leaves", size=16)
for event in packing.write_pack(Path(sys.argv[1]), leaves, first_seed=100, count=12, workers=1):
    print(event, flush=True)
    if getattr(event, "done", 0) == 7:
        sys.stdin.read()  # wait here to be killed
"""


def test_a_killed_writer_is_gone_on_with(tmp_path: Path, whole: Path) -> None:
    path = tmp_path / "pack"
    command = [sys.executable, "-c", KILLED, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "done=7" in line:
                process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not path.exists()
    done = write(path)[-1]
    assert isinstance(done, Done) and done.kept == 7
    assert same(whole, path)


def stopped(path: Path) -> Path:
    """The folder of a pack of which half the rows are there."""
    with closing(write_pack(path, LEAVES, first_seed=100, count=COUNT, workers=1)) as events:
        list(islice(events, 1 + COUNT // 2))
    return part_of(path)


def test_a_pack_that_is_there_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "pack"
    write(path)
    before = (path / "pictures.npy").stat()
    done = write(path)[-1]
    assert isinstance(done, Done) and (done.written, done.kept) == (0, COUNT)
    assert (path / "pictures.npy").stat().st_mtime_ns == before.st_mtime_ns


def test_another_pack_is_replaced_only_when_told(tmp_path: Path, whole: Path) -> None:
    path = tmp_path / "pack"
    write(path, PAIRS, count=2)
    with pytest.raises(InputError, match="another pack"):
        write(path)
    list(write_pack(path, LEAVES, first_seed=100, count=COUNT, workers=1, overwrite=True))
    assert same(whole, path)
    assert [found.name for found in tmp_path.iterdir()] == ["pack"]


def test_what_is_no_pack_is_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="is not a pack; choose another name"):
        list(write_pack(folder, LEAVES, first_seed=0, count=1, workers=1, overwrite=True))
    assert (folder / "mine.txt").read_text() == "mine"


def test_a_pack_pickles_small(whole: Path) -> None:
    data = pickle.dumps(Pack(whole))
    assert len(data) < 1000
    assert (
        pickle.loads(data).batch(np.array([1], np.int64)) == Pack(whole).columns["pictures"][1]
    ).all()


def cut(path: Path) -> None:
    data = (path / "pictures.npy").read_bytes()
    (path / "pictures.npy").write_bytes(data[:-1])


def change_index(path: Path, key: str, value: object) -> None:
    index = json.loads((path / INDEX).read_text())
    index[key] = value
    (path / INDEX).write_text(json.dumps(index))


def other_shape(path: Path) -> None:
    np.save(path / "pictures.npy", np.zeros((COUNT, 8, 8, 3), np.uint8))


HARMS: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut": (cut, "pictures.npy: is damaged"),
    "empty": (lambda path: (path / "pictures.npy").write_bytes(b""), "is damaged"),
    "pickled": (lambda path: (path / "seeds.npy").write_bytes(pickle.dumps([1])), "is damaged"),
    "missing": (lambda path: (path / "seeds.npy").unlink(), "seeds.npy: is missing"),
    "other": (other_shape, "not what index.json says"),
    "torn index": (lambda path: (path / INDEX).write_text('{"format": 1'), "cannot be read"),
    "foreign index": (lambda path: (path / INDEX).write_text('["a", "b"]'), "cannot be read"),
    "newer": (lambda path: change_index(path, "format", 2), "is a pack of format 2"),
    "no hash": (lambda path: change_index(path, "about", {}) or None, ""),
    "no columns": (lambda path: change_index(path, "columns", {}), "do not fit together"),
    "odd column": (
        lambda path: change_index(
            path, "columns", {"x": {"dtype": "O", "shape": [], "sha256": ""}}
        ),
        "does not know",
    ),
    "no pack": (lambda path: (path / INDEX).unlink(), "is not a pack"),
}
del HARMS["no hash"]


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


def test_no_pack_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist; check the name"):
        Pack(tmp_path / "nowhere")


def test_verify_finds_one_changed_byte(tmp_path: Path) -> None:
    path = tmp_path / "pack"
    write(path, count=3)
    data = bytearray((path / "pictures.npy").read_bytes())
    data[-1] ^= 1
    (path / "pictures.npy").write_bytes(data)
    with pytest.raises(InputError, match=r"pictures.npy: has changed"):
        Pack(path).verify()


def test_the_hash_names_the_content(tmp_path: Path, whole: Path) -> None:
    write(tmp_path / "again")
    write(tmp_path / "fewer", count=3)
    assert Pack(tmp_path / "again").hash == Pack(whole).hash != Pack(tmp_path / "fewer").hash


SMALL = {"pictures": (4, 4, 3)}


def test_a_writer_refuses_what_does_not_fit(tmp_path: Path) -> None:
    with PackWriter(tmp_path / "pack", count=2, about={}, shapes=SMALL) as writer:
        writer.add({"pictures": np.zeros((4, 4, 3), np.uint8)})
        for wrong in (np.zeros((5, 4, 3), np.uint8), np.zeros((4, 4, 3), np.float32)):
            with pytest.raises(ValueError, match=r"is no cell of pictures\.npy"):
                writer.add({"pictures": wrong})
        with pytest.raises(ValueError, match="1 pictures of 2"):
            writer.finish()
