"""Files that a kill left behind, and what a file that is replaced keeps: a promise a test.

Kills are real: a process of its own, or one that ends itself by SIGKILL at a chosen place.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trombine import data_world, lock, upscale
from trombine.batch.inputs import into
from trombine.batch.loop import batch
from trombine.batch.result import drain
from trombine.codecs.beside import place
from trombine.data.pack import Pack
from trombine.events import Event
from trombine.files import atomic, clear_parts, is_part, write_bytes
from trombine.images import read_provenance, write
from trombine.provenance import record
from trombine.refusal import OutputError
from trombine.runs.folder import RunFolder


def picture(path: Path, seed: int = 0, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, np.random.default_rng(seed).integers(0, 256, (10, 12, 3), np.uint8), **options)
    return path


def everything(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by name."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(files)}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def enlarged(source: Path, output: Path, **options: Any) -> list[Event]:
    from trombine.verbs.upscale import UpscaleRequest, run

    options = {"model": "upscale-fast", **options}
    return list(run(UpscaleRequest(pictures=(source,), output=output, **options)))


# A BMP and its record

KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
import numpy as np
from trombine import upscale
from trombine.images import write

honest, counted = Path.replace, []

def replace(self, target):
    counted.append(target)
    if len(counted) > int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
    return honest(self, target)

Path.replace = replace
upscale(pictures="in.bmp", model="upscale-fast", output="out.bmp", overwrite=sys.argv[2] == "over")
"""


@pytest.mark.parametrize("done", [0, 1])
@pytest.mark.parametrize("over", ["", "over"])
def test_a_bmp_that_was_stopped_is_finished(done: int, over: str, tmp_path: Path) -> None:
    """Killed before, or between, picture and record: the same command finishes both."""
    source, output = picture(tmp_path / "in.bmp"), tmp_path / "out.bmp"
    upscale(pictures=(source,), model="upscale-fast", output=output)
    wanted = everything(tmp_path)
    if over:
        upscale(pictures=(source,), model="upscale-fast", factor=3, output=output, overwrite=True)
    else:
        output.unlink()
        place(output).unlink()
    words = [sys.executable, "-c", KILLED_WHILE_WRITING, str(done), over]
    assert subprocess.run(words, cwd=tmp_path, timeout=300).returncode == -signal.SIGKILL
    assert any(map(is_part, names(tmp_path)))
    upscale(pictures=(source,), model="upscale-fast", output=output, overwrite=bool(over))
    assert everything(tmp_path) == wanted
    assert read_provenance(output) is not None


def test_a_full_disk_leaves_an_older_bmp_with_its_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the picture does not fit, an older picture keeps its record."""
    made = record("noise", {}, seed=1)
    picture(tmp_path / "a.bmp", provenance=made)
    before = everything(tmp_path)

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("trombine.codecs.beside.flush", full)
        with pytest.raises(OutputError, match="the disk is full"):
            picture(tmp_path / "a.bmp", seed=2, provenance=record("noise", {}, seed=2))
    assert everything(tmp_path) == before
    assert read_provenance(tmp_path / "a.bmp") == made


# Parts of files

WRITES_AND_WAITS = """
import sys
from trombine.files import atomic

with atomic(sys.argv[1]) as part:
    part.write_bytes(b"whole")
    print("written", flush=True)
    sys.stdin.read()
"""


class Writer:
    """A process that has written a part, and waits."""

    def __init__(self, path: Path) -> None:
        words = [sys.executable, "-c", WRITES_AND_WAITS, str(path)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(words, **pipes)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "written\n"

    def kill(self) -> None:
        """End it as nothing can be cleaned up after."""
        self.process.kill()
        self._close()

    def finish(self) -> int:
        """Let it end by itself."""
        return self._close()

    def _close(self) -> int:
        self.process.communicate(timeout=600)
        return self.process.returncode


def test_what_a_killed_process_was_writing_is_removed(tmp_path: Path) -> None:
    """The next command that writes into a folder removes the parts that nobody writes."""
    Writer(tmp_path / "a.png").kill()
    (tmp_path / ".trombine-0123456789ab.part.png").write_bytes(b"of an older version")
    assert len(names(tmp_path)) == 3 and all(map(is_part, names(tmp_path)))
    write_bytes(tmp_path / "b.png", b"other")
    assert names(tmp_path) == ["b.png"]


def test_what_another_process_is_writing_stays(tmp_path: Path) -> None:
    """Nobody removes the part that a living process writes; it becomes whole."""
    living, dead = Writer(tmp_path / "a.png"), Writer(tmp_path / "b.png")
    dead.kill()
    clear_parts(tmp_path)
    (stem,) = {name.partition(".part")[0] for name in names(tmp_path) if ".part" in name}
    assert names(tmp_path) == [f"{stem}.lock", f"{stem}.part.png"]
    assert living.finish() == 0
    assert everything(tmp_path) == {"a.png": b"whole"}


def test_what_another_thread_is_writing_stays(tmp_path: Path) -> None:
    """A process that clears a folder leaves what it writes there itself."""
    with atomic(tmp_path / "a.png") as part:
        part.write_bytes(b"whole")
        clear_parts(tmp_path)
        assert part.exists()
    assert everything(tmp_path) == {"a.png": b"whole"}


def test_without_locks_parts_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk has no locks, nobody can tell whether a part is being written: it stays."""

    def none(*arguments: object) -> None:
        raise OSError(95, "Operation not supported")

    with monkeypatch.context() as patch:
        patch.setattr(lock.fcntl, "flock", none)
        with atomic(tmp_path / "a.png") as part:
            part.write_bytes(b"whole")
            clear_parts(tmp_path)
            assert part.exists()
    assert everything(tmp_path) == {"a.png": b"whole"}


def test_a_lock_that_was_taken_for_left_behind_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may clear the folder between the moments a lock is made and is held."""
    honest, cleared = lock._wait, []

    def late(file: Any) -> None:
        if not cleared:
            clear_parts(tmp_path)
            cleared.append(not Path(file.name).exists())
        honest(file)

    monkeypatch.setattr(lock, "_wait", late)
    with atomic(tmp_path / "a.png") as part:
        part.write_bytes(b"whole")
        clear_parts(tmp_path)
    assert cleared == [True]
    assert everything(tmp_path) == {"a.png": b"whole"}


def test_a_batch_in_which_all_is_there_clears_its_folder(tmp_path: Path) -> None:
    """A command that keeps every output removes what a killed one left beside them."""
    source = picture(tmp_path / "a.png")
    out = tmp_path / "out"
    picture(out / "a.png")
    Writer(out / "b.png").kill()
    plan = into(out, [source], lambda source: ".png")
    assert drain(batch([source], plan, lambda source, output: ())).kept == 1
    assert names(out) == ["a.png"]


def test_a_folder_of_pictures_and_a_run_are_cleared(tmp_path: Path) -> None:
    """What a killed painter, or a killed training, left half written is removed."""
    data_world(count=1, size=16, style="photo", output=tmp_path / "faces")
    Writer(tmp_path / "faces" / "000001.png").kill()
    data_world(count=1, size=16, style="photo", output=tmp_path / "faces")
    assert not any(map(is_part, names(tmp_path / "faces")))
    run = RunFolder(tmp_path / "run")
    for folder in (run.path, run.samples, run.checkpoints):
        folder.mkdir()
        Writer(folder / "x.png").kill()
    with run.alone():
        parts = [path for path in run.path.rglob("*") if is_part(path.name)]
    assert parts == []


def pack(folder: Path, **options: Any) -> Path:
    data_world(count=2, size=16, style="photo", output=folder, pack=True, **options)
    return folder


def test_a_pack_whose_replacement_was_killed_is_there(tmp_path: Path) -> None:
    """Killed while a pack takes another's place: one of the two is there, and nothing beside."""
    path = pack(tmp_path / "p")
    aside = tmp_path / f".trombine-{sha256(b'p').hexdigest()[:12]}.old"
    path.rename(aside)  # after the first of the two renames, without the second
    pack(path)
    assert len(Pack(path)) == 2 and names(tmp_path) == ["p"]
    shutil.copytree(path, aside)  # before the old one was removed
    pack(path)
    assert len(Pack(path)) == 2 and names(tmp_path) == ["p"]
    path.rename(tmp_path / "p.part")  # whole, and without its name
    kept = data_world(count=2, size=16, style="photo", output=path, pack=True).kept
    assert kept == 2 and names(tmp_path) == ["p"]


def test_a_begun_pack_with_a_part_is_still_known(tmp_path: Path) -> None:
    """A pack whose writer was killed inside begun.json is gone on with."""
    pack(tmp_path / "p")
    (tmp_path / "p").rename(tmp_path / "p.part")
    shutil.copyfile(tmp_path / "p.part" / "index.json", tmp_path / "p.part" / "begun.json")
    Writer(tmp_path / "p.part" / "begun.json").kill()
    pack(tmp_path / "p")
    assert names(tmp_path) == ["p"] and not any(map(is_part, names(tmp_path / "p")))


# Permissions


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("bits", [0o600, 0o640, 0o444, 0o755])
def test_a_file_that_is_replaced_keeps_its_permissions(bits: int, tmp_path: Path) -> None:
    """--overwrite leaves a file as private, or as public, as it was."""
    source, output = picture(tmp_path / "a.png"), tmp_path / "b.png"
    enlarged(source, output)
    output.chmod(bits)
    (tmp_path / "link.png").symlink_to(output)
    enlarged(source, tmp_path / "link.png", factor=3, overwrite=True)
    assert mode(output) == bits and (tmp_path / "link.png").is_symlink()
    made = read_provenance(output)
    assert made is not None and made["options"]["enlarge"] == "x3"


def test_while_it_is_replaced_nobody_else_may_read_it(tmp_path: Path) -> None:
    """The part of a private file is as private."""
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(0o600)
    with atomic(tmp_path / "a") as part:
        assert mode(part) == 0o600


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    """What the umask says, as with other programs."""
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "a", b"new")
    finally:
        os.umask(before)
    assert mode(tmp_path / "a") == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone gives files away")
def test_root_leaves_a_file_to_its_owner(tmp_path: Path) -> None:
    """A file that root replaces still belongs to its owner and group."""
    write_bytes(tmp_path / "a", b"old")
    os.chown(tmp_path / "a", 65534, 65533)
    write_bytes(tmp_path / "a", b"new")
    there = (tmp_path / "a").stat()
    assert (there.st_uid, there.st_gid, (tmp_path / "a").read_bytes()) == (65534, 65533, b"new")


def test_a_group_that_cannot_be_kept_gets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one group was allowed is not allowed to another; nothing is refused for it."""
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(0o664)
    if os.geteuid() == 0:
        os.chown(tmp_path / "a", -1, 65533)
    there = (tmp_path / "a").stat()

    def refused(*arguments: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refused)
    write_bytes(tmp_path / "a", b"new")
    same = there.st_gid == (tmp_path / "a").stat().st_gid
    assert mode(tmp_path / "a") == (0o664 if same else 0o604)
