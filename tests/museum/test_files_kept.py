"""Files that were written over, left behind or written wrongly: each test is a promise to the user.

A kill is real where it can be: a process of its own ends itself by SIGKILL at a chosen place.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trombine import data_masks, data_world, lock, replay, upscale, weights
from trombine.__main__ import main
from trombine.codecs.beside import place
from trombine.console import follow
from trombine.data.pack import Pack
from trombine.demo.amounts import Demo
from trombine.demo.build import build as build_demo
from trombine.events import Done, Event, Found, Notice, Skipped
from trombine.files import (
    OutputError,
    PictureError,
    atomic,
    clear_parts,
    is_part,
    printable,
    shown,
    write_bytes,
)
from trombine.images import read_provenance, write
from trombine.nets import build
from trombine.provenance import digest, record
from trombine.runs.folder import RunFolder
from trombine.verbs.batch import BatchError, batch, drain, into
from trombine.verbs.models import ModelsExportRequest, ModelsImportRequest
from trombine.verbs.models import run as models
from trombine.verbs.read import ReadRequest
from trombine.verbs.read import run as read
from trombine.verbs.runs import RunsCompareRequest
from trombine.verbs.runs import run as runs
from trombine.weights import Card

PIXELS = np.random.default_rng(31).integers(0, 256, (10, 12, 3), np.uint8)
EVIL = "\x1b[31mred\rback\u202eleft\x9b"  # a colour, a line begun again, another direction
RAW = ("\x1b", "\r", "\u202e", "\x9b")


def picture(path: Path, seed: int = 0, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, np.random.default_rng(seed).integers(0, 256, (10, 12, 3), np.uint8), **options)
    return path


def model_file(path: Path, about: str = "", **sizes: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    net = build("residual", {"width": 4, "depth": 1, "factor": 2, **sizes}, seed=5)
    weights.save(path, net, Card(task="upscale", net="residual", sizes=net.sizes, about=about))
    return path


def everything(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by name."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(files)}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Every name that leads to one file
NAMES: dict[str, Callable[[Path, Path], object]] = {
    "plain": lambda name, file: None,
    "symlink": lambda name, file: name.symlink_to(file),
    "hard link": lambda name, file: os.link(file, name),
}


# 1. What is read is not written over


@pytest.mark.parametrize("how", NAMES)
def test_replay_never_writes_over_what_pictures_were_made_from(how: str, tmp_path: Path) -> None:
    """The originals in --inputs stay as they are, whatever name leads to them."""
    source = picture(tmp_path / "fa" / "a.png")
    upscale(pictures=source, model="upscale-fast", output=tmp_path / "fb" / "a.png")
    output = tmp_path / "fa" if how == "plain" else tmp_path / "fc"
    output.mkdir(exist_ok=True)
    NAMES[how](output / "a.png", source)
    before = everything(tmp_path)
    for overwrite in (True, False):
        with pytest.raises(BatchError, match=r"a\.png: is an input, and would be written over"):
            replay(
                pictures=tmp_path / "fb", inputs=source.parent, output=output, overwrite=overwrite
            )
    assert everything(tmp_path) == before


def test_replay_into_the_folder_of_its_inputs_can_be_run_again(tmp_path: Path) -> None:
    """Only files that a record names are inputs: what replay wrote beside them is kept."""
    source = picture(tmp_path / "fa" / "a.png")
    upscale(pictures=source, model="upscale-fast", output=tmp_path / "fb" / "large.png")
    words = {"pictures": tmp_path / "fb", "inputs": tmp_path / "fa", "output": tmp_path / "fa"}
    assert [path.name for path in replay(**words).written] == ["large.png"]
    assert replay(**words).kept == 1


@pytest.mark.parametrize("how", NAMES)
def test_models_import_never_writes_over_its_file(how: str, tmp_path: Path) -> None:
    """The checkpoint that is imported stays, whatever name leads to it."""
    net = build("residual", {"width": 4, "depth": 1, "factor": 2}, seed=5)
    file = tmp_path / "x.safetensors"
    torch.save(net.state_dict(), file)
    output = file if how == "plain" else tmp_path / "y.safetensors"
    NAMES[how](output, file)
    before = file.read_bytes()
    request = ModelsImportRequest(
        file=Path(f"{tmp_path}/./x.safetensors"),
        net="residual:width=4,depth=1,factor=2",
        task="upscale",
        output=output,
        overwrite=True,
    )
    with pytest.raises(BatchError, match="is an input, and would be written over"):
        list(models(request))
    assert file.read_bytes() == before


@pytest.mark.parametrize("how", ["symlink", "hard link"])
def test_models_export_never_writes_over_its_model(how: str, tmp_path: Path) -> None:
    """The model that is exported stays, though the output is a link to it."""
    file, output = model_file(tmp_path / "m.safetensors"), tmp_path / "m.onnx"
    NAMES[how](output, file)
    before = file.read_bytes()
    request = ModelsExportRequest(model=str(file), output=output, onnx=True, overwrite=True)
    with pytest.raises(BatchError, match="is an input, and would be written over"):
        list(models(request))
    assert file.read_bytes() == before


def test_upscale_never_writes_over_its_model(tmp_path: Path) -> None:
    """A file given by --model stays, though the output is a link to it."""
    file, output = model_file(tmp_path / "m.safetensors"), tmp_path / "large.png"
    output.symlink_to(file)
    before = file.read_bytes()
    with pytest.raises(BatchError, match="is an input, and would be written over"):
        upscale(
            pictures=picture(tmp_path / "a.png"), model=str(file), output=output, overwrite=True
        )
    assert file.read_bytes() == before


def test_upscale_never_writes_over_a_truth_by_another_name(tmp_path: Path) -> None:
    """A truth stays, though the output is a hard link to it."""
    truth, output = picture(tmp_path / "truths" / "a.png"), tmp_path / "b.png"
    os.link(truth, output)
    with pytest.raises(BatchError, match="is an input, and would be written over"):
        upscale(pictures=picture(tmp_path / "a.png"), truth=truth, output=output, overwrite=True)


def test_read_never_writes_over_its_model(tmp_path: Path) -> None:
    """A reader given by --model stays, though the sheet's name is a link to it."""
    file = tmp_path / "reader.safetensors"
    shutil.copyfile(weights.find("reader"), file)
    (tmp_path / "sheet.png").symlink_to(file)
    before = digest(file)
    request = ReadRequest(
        pictures=(picture(tmp_path / "a.png"),),
        model=file,
        output=tmp_path / "sheet.png",
        overwrite=True,
    )
    with pytest.raises(BatchError, match="is an input, and would be written over"):
        list(read(request))
    assert digest(file) == before


def test_the_record_beside_an_input_is_not_written_over(tmp_path: Path) -> None:
    """The record of a BMP lies in a file beside it, and is read with it."""
    source = picture(tmp_path / "a.bmp", provenance=record("noise", {}, seed=1))
    before = everything(tmp_path)
    request = ReadRequest(
        pictures=(source,), output=tmp_path / "a.bmp.png", json=True, overwrite=True
    )
    with pytest.raises(BatchError, match=r"a\.bmp\.json: is an input"):
        list(read(request))
    assert everything(tmp_path) == before


def test_masks_are_not_drawn_over_those_that_they_are_drawn_from(tmp_path: Path) -> None:
    """A folder of masks stays, though others are drawn into it and replace what is there."""
    folder = tmp_path / "masks"
    data_masks(count=3, size=32, output=folder, family="squares")
    before = everything(folder)
    with pytest.raises(BatchError, match=r"000000\.png: is an input, and would be written over"):
        data_masks(count=3, size=32, output=folder, family=f"files:{folder}", overwrite=True)
    assert everything(folder) == before


def test_a_comparison_never_replaces_a_file_that_is_not_one(tmp_path: Path) -> None:
    """`runs compare -o FILE` writes over its own pages alone."""
    for name in ("a", "b"):
        RunFolder.create(tmp_path / name, {"recipe": "x", "settings": {}}).append({"event": "x"})
    notes = tmp_path / "notes.html"
    notes.write_text("my notes")
    words = {"first": tmp_path / "a", "second": tmp_path / "b"}
    with pytest.raises(OutputError, match="is there and was not made by trombine"):
        list(runs(RunsCompareRequest(**words, output=notes)))
    with pytest.raises(OutputError, match="is there and was not made by trombine"):
        list(runs(RunsCompareRequest(**words, output=tmp_path / "a" / "recipe.json")))
    assert notes.read_text() == "my notes"
    own = RunsCompareRequest(**words, output=tmp_path / "page.html")
    assert [list(runs(own))[-1] for _ in range(2)][1].written == 1
    shutil.copyfile(tmp_path / "page.html", tmp_path / "a" / "index.html")
    with pytest.raises(BatchError, match="is an input, and would be written over"):
        list(runs(RunsCompareRequest(**words, output=tmp_path / "a" / "index.html")))


def test_a_sweep_never_replaces_a_page_of_somebody_else(tmp_path: Path) -> None:
    """The page of a sweep is refused before anything is trained, where an index.html stands."""
    (tmp_path / "index.html").write_text("my page")
    words = ["--grid", "lr=1e-3,1e-4", "--pictures", "16", "-o", str(tmp_path)]
    assert main(["sweep", "upscale-fast-x2", *words]) == 2
    assert everything(tmp_path) == {"index.html": b"my page"}


def test_the_demo_never_replaces_what_it_did_not_make(tmp_path: Path) -> None:
    """A page, and a run, that stand where the demo's would are refused before anything is made."""
    (tmp_path / "index.html").write_text("my page")
    with pytest.raises(OutputError, match="is there and was not made by trombine"):
        build_demo(Demo(folder=tmp_path), lambda line: None)
    (tmp_path / "index.html").unlink()
    RunFolder.create(tmp_path / "run", {"command": "trombine train upscale-x4 -o run"})
    before = everything(tmp_path)
    with pytest.raises(OutputError, match="run: is there and was not made by the demo"):
        build_demo(Demo(folder=tmp_path), lambda line: None)
    assert everything(tmp_path) == before


# 2. What lies beside


def why(heard: list[Event]) -> str:
    (skipped,) = [event for event in heard if isinstance(event, Skipped)]
    assert "\n" not in skipped.why
    return skipped.why


def enlarged(source: Path, output: Path, **options: Any) -> list[Event]:
    from trombine.verbs.upscale import UpscaleRequest, run

    options = {"model": "upscale-fast", **options}
    return list(run(UpscaleRequest(pictures=(source,), output=output, **options)))


@pytest.mark.parametrize("is_output_there", [False, True])
def test_a_sheet_of_somebody_else_is_kept(
    is_output_there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NAME.sheet.png that upscale did not make for this picture is refused before any work."""
    source, output = picture(tmp_path / "a.png"), tmp_path / "b.png"
    if is_output_there:
        enlarged(source, output)
    sheet = picture(tmp_path / "b.sheet.png", seed=3)
    before = everything(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("trombine.upscaling.work.enlarged", None)  # no work is done
        line = why(enlarged(source, output, sheet=True))
    assert line == (
        f"{sheet}: is there, and trombine did not make it; choose another -o, or add --overwrite"
    )
    assert everything(tmp_path) == before
    enlarged(source, output, sheet=True, overwrite=True)
    made = read_provenance(sheet)
    assert made is not None and made["options"]["shows"] == "sheet"


def test_a_sheet_of_another_picture_is_kept(tmp_path: Path) -> None:
    """A sheet of trombine's own is replaced only by one of the same picture, made so."""
    first, other = picture(tmp_path / "a.png"), picture(tmp_path / "o" / "a.png", seed=4)
    enlarged(first, tmp_path / "b.png", sheet=True)
    (tmp_path / "b.png").unlink()
    before = everything(tmp_path)
    line = why(enlarged(other, tmp_path / "b.png", sheet=True))
    assert "b.sheet.png: is there, and was made from another a.png; " in line
    assert "was made otherwise" in why(enlarged(first, tmp_path / "b.png", sheet=True, factor=3))
    assert everything(tmp_path) == before
    enlarged(first, tmp_path / "b.png", sheet=True)  # the same command does what is missing
    assert (tmp_path / "b.png").exists()
    assert (tmp_path / "b.sheet.png").read_bytes() == before["b.sheet.png"]


def test_a_file_where_a_record_goes_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody's b.bmp.json stays, with --overwrite too, and the others of a batch are done."""
    source, output = picture(tmp_path / "a.png"), tmp_path / "b.bmp"
    place(output).write_text("{}")
    with monkeypatch.context() as patch:
        patch.setattr("trombine.upscaling.work.enlarged", None)
        for overwrite in (False, True):
            line = why(enlarged(source, output, overwrite=overwrite))
            assert "b.bmp.json: lies where the record of the picture goes, and is none; " in line
    assert place(output).read_text() == "{}" and not output.exists()


@pytest.mark.parametrize("ending", [".parts.png", ".points.json", ".json"])
def test_what_lies_beside_a_sheet_of_read_is_kept(ending: str, tmp_path: Path) -> None:
    """Parts, points and fields that read did not make of this picture are refused before work."""
    source, there = picture(tmp_path / "a.png"), tmp_path / f"s{ending}"
    there.write_bytes(b'{"mine": 1}')
    wanted = {"write_parts": True, "write_points": True, "json": True}
    request = ReadRequest(pictures=(source,), output=tmp_path / "s.png", **wanted)
    assert f"s{ending}: is there, and trombine did not make it" in why(list(read(request)))
    assert names(tmp_path) == sorted(["a.png", there.name])
    assert there.read_bytes() == b'{"mine": 1}'


# 3. A BMP and its record

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
    upscale(pictures=source, model="upscale-fast", output=output)
    wanted = everything(tmp_path)
    if over:
        upscale(pictures=source, model="upscale-fast", factor=3, output=output, overwrite=True)
    else:
        output.unlink()
        place(output).unlink()
    words = [sys.executable, "-c", KILLED_WHILE_WRITING, str(done), over]
    assert subprocess.run(words, cwd=tmp_path, timeout=300).returncode == -signal.SIGKILL
    assert any(map(is_part, names(tmp_path)))
    upscale(pictures=source, model="upscale-fast", output=output, overwrite=bool(over))
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


# 4. Parts of files

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
        self.process.communicate(timeout=60)
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
    write_bytes(tmp_path / "a.png", b"whole")
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


# 5. Permissions


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


# 6. Formats of what is made again


def misnamed(folder: Path) -> Path:
    """A JPEG with a record, whose name says PNG."""
    source = picture(folder / "a.png")
    enlarged(source, folder / "x.jpg")
    return (folder / "x.jpg").rename(folder / "in" / "x.png")


def test_a_picture_is_made_again_under_the_ending_of_its_bytes(tmp_path: Path) -> None:
    """A JPEG that is called x.png becomes x.jpg, and no file with another name's bytes."""
    (tmp_path / "in").mkdir()
    source = misnamed(tmp_path)
    result = replay(pictures=source, inputs=tmp_path, output=tmp_path / "out")
    assert names(tmp_path / "out") == ["x.jpg"] and result.notices == ()
    assert (tmp_path / "out" / "x.jpg").read_bytes() == source.read_bytes()
    with pytest.raises(PictureError, match=r"y\.png ends otherwise; let it end in \.jpg"):
        replay(pictures=source, inputs=tmp_path, output=tmp_path / "y.png")
    assert replay(pictures=source, inputs=tmp_path, output=tmp_path / "y.jpeg").written
    assert not (tmp_path / "y.png").exists()


def test_a_record_that_names_another_format_is_refused(tmp_path: Path) -> None:
    """A PNG whose record was edited to say JPEG is not made again as JPEG under its name."""
    source = picture(tmp_path / "a.png")
    enlarged(source, tmp_path / "x.png")
    made = read_provenance(tmp_path / "x.png")
    assert made is not None
    made["options"]["format"] = "JPEG"
    write(tmp_path / "x.png", PIXELS, provenance=made)
    with pytest.raises(PictureError, match="has a record of a picture of another format"):
        replay(pictures=tmp_path / "x.png", inputs=tmp_path, output=tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()


# 7. What a terminal is sent


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """All that was printed, of which none reaches a terminal as a command."""
    out, error = capsys.readouterr()
    text = out + error
    assert not [mark for mark in RAW if mark in text]
    return text


def test_a_card_reaches_no_terminal_raw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a model says of itself is printed with its escapes written out."""
    file = model_file(tmp_path / "m.safetensors", about=f"made by {EVIL}")
    assert main(["models", "show", str(file)]) == 0
    assert shown(EVIL) in said(capsys)
    assert main(["models", "show", str(file), "--json"]) == 0
    assert json.loads(said(capsys))["about"] == f"made by {EVIL}"
    assert main(["models", "show", str(file.rename(tmp_path / f"{EVIL}.safetensors"))]) == 0
    assert shown(EVIL) in said(capsys)


def test_a_record_reaches_no_terminal_raw(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A verb, a version and an input that a record names are printed with escapes written out."""
    made = record("world", {"size": 16, "style": EVIL}, seed=1)
    made["versions"] = {EVIL: EVIL, "numpy": EVIL}
    picture(tmp_path / "a.png", provenance=made)
    made = record(EVIL, {}, seed=1, inputs={EVIL: EVIL})
    picture(tmp_path / f"{EVIL}.png", provenance=made)
    paths = [str(tmp_path / "a.png"), str(tmp_path / f"{EVIL}.png")]
    assert main(["replay", *paths, "-o", str(tmp_path / "out")]) == 1
    text = said(capsys)
    assert text.count(shown(EVIL)) >= 4 and "was made with other versions" in text


def test_a_run_reaches_no_terminal_raw(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What recipe.json says is printed with its escapes, and its line breaks, written out."""
    monkeypatch.chdir(tmp_path)
    recipe = {"recipe": f"{EVIL}\nrow", "settings": {"data": EVIL}, "command": f"x\n{EVIL}"}
    RunFolder.create(tmp_path / "runs" / "r", recipe).append({"event": "start"})
    assert main(["runs", "list"]) == 0
    text = said(capsys)
    assert "\\x1b[31mred" in text and len(text.splitlines()) == 2
    assert main(["runs", "show", "r"]) == 0
    assert f"x\\n{shown(EVIL)}" in said(capsys)


def test_every_door_to_the_terminal_writes_escapes_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever an event holds, its line is one line; a summary keeps its own line breaks."""
    events: list[Event] = [
        Notice(Path(EVIL), f"a notice {EVIL}\nwith a line break"),
        Notice(None, EVIL),
        Skipped(Path(EVIL), f"why {EVIL}"),
        Found(Path(EVIL), f"first {EVIL}\nsecond", {}),
        Done(f"first {EVIL}\nsecond", 1, 0, 0),
    ]
    assert follow(events) == 0
    out, error = capsys.readouterr()
    assert not [mark for mark in RAW if mark in out + error]
    assert out.splitlines() == [f"first {shown(EVIL)}", "second"] * 2
    assert len(error.splitlines()) == 3


def test_an_error_reaches_no_terminal_raw(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last line of a command that is refused is one line, with escapes written out."""

    class LoudError(Exception):
        __module__ = "trombine.loud"

    def refuse(arguments: object) -> int:
        raise LoudError(f"first {EVIL}\nsecond")

    monkeypatch.setattr("trombine.cli.run", refuse)
    assert main(["doctor"]) == 2
    assert said(capsys).count("\n") == 1


def test_text_that_is_printable_stays_as_it_is() -> None:
    """Letters of all languages, and line breaks, are no escapes; to write out twice is once."""
    for text in ("Zoë 写真\nmore", "", "\n\n", "a–b … 'c' \\n"):
        assert printable(text) == text
    assert printable(printable(EVIL)) == printable(EVIL) == shown(EVIL)
