"""What a training has made is not lost, and what it learned from is what it goes on with."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_runs import (
    TINY,
    changes,
    each_is_better,
    finished_run,
    flags,
    order,
    pictures,
    refused,
    state,
    swept,
    trained,
)

from trombine import data_prepare
from trombine.data import contents as looking
from trombine.data.contents import contents_of
from trombine.data.source import source
from trombine.data.split import split
from trombine.data.workers import cores
from trombine.runs.folder import RunFolder
from trombine.training import loop, writer
from trombine.training.loop import Order

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module", autouse=True)
def better() -> Iterator[None]:
    with each_is_better():
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Order:
    """A run that is over, not to be touched."""
    return finished_run(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def run(finished: Order, tmp_path: Path) -> Order:
    """A copy of it."""
    shutil.copytree(finished.folder, tmp_path / "run")
    return replace(finished, folder=tmp_path / "run")


# --- a run whose checkpoints are gone ------------------------------------------------------------


GONE = "has best.safetensors of a training, and no whole checkpoint to go on from; put its check"


def test_a_run_without_its_checkpoints_is_refused_and_kept(run: Order) -> None:
    """A run whose checkpoints were removed is refused in one line, and all of it stays."""
    shutil.rmtree(run.folder / "checkpoints")
    refused(run, GONE)


def test_a_run_whose_checkpoints_are_not_mounted_is_refused_and_kept(run: Order) -> None:
    """A run whose folder of checkpoints is a link to nothing is refused, and all of it stays."""
    shutil.rmtree(run.folder / "checkpoints")
    (run.folder / "checkpoints").symlink_to(run.folder.parent / "not" / "mounted")
    refused(run, GONE)


def test_a_run_with_damaged_checkpoints_alone_is_refused_and_kept(run: Order) -> None:
    """A run without any whole checkpoint is refused, and the damaged ones keep their names."""
    for path in (run.folder / "checkpoints").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    refused(run, GONE)
    for path in (run.folder / "checkpoints").iterdir():
        path.rename(path.with_name(f"{path.name}.damaged"))
    refused(run, GONE)


@pytest.mark.parametrize("kept", ["log.jsonl", "best.safetensors", "samples"])
def test_whatever_is_there_of_a_run_is_kept(kept: str, run: Order) -> None:
    """A log, a model or samples of a run are each enough to refuse to begin it anew."""
    shutil.rmtree(run.folder / "checkpoints")
    for path in run.folder.iterdir():
        if path.name not in (kept, "recipe.json"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    refused(run, r"of a training, and no whole checkpoint to go on from; .*give another -o$")


def test_a_model_that_cannot_be_read_is_kept(run: Order) -> None:
    """A damaged model of a run is not taken for one that is worth nothing."""
    shutil.rmtree(run.folder / "checkpoints")
    (run.folder / "log.jsonl").unlink()
    shutil.rmtree(run.folder / "samples")
    (run.folder / "best.safetensors").write_bytes(b"damaged")
    refused(run, GONE)


def test_a_refused_training_erases_no_run(run: Order) -> None:
    """A training that is refused for its pictures leaves the run that is in its folder."""
    shutil.rmtree(run.folder / "checkpoints")
    for path in ("best.safetensors", "log.jsonl"):
        (run.folder / path).unlink()
    shutil.rmtree(run.folder / "samples")  # nothing that training made is left but the page
    few = pictures(run.folder.parent / "few", 2)
    before = state(run.folder)
    other = order(run.folder, f"folder:{few}")
    with pytest.raises(ValueError, match="has 2 pictures"):
        trained(other)
    assert state(run.folder) == before


def test_a_dry_run_says_that_a_run_would_be_refused(run: Order) -> None:
    """What training would refuse for want of checkpoints, a dry run says."""
    from trombine.training.expect import expectation

    shutil.rmtree(run.folder / "checkpoints")
    assert GONE in expectation(run)


def test_checkpoints_that_are_lost_while_it_runs_cost_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new run whose checkpoints vanish, and which cannot save, keeps its model and its log."""
    data = pictures(tmp_path / "faces")
    request = order(tmp_path / "run", f"folder:{data}")

    def lost(*_: object, **__: object) -> None:
        shutil.rmtree(request.folder / "checkpoints")
        raise ZeroDivisionError

    monkeypatch.setattr(loop, "_end", lost)
    with pytest.raises(ZeroDivisionError):
        trained(request)
    assert {"best.safetensors", "log.jsonl"} <= {path.name for path in request.folder.iterdir()}


@pytest.mark.parametrize("last", ["recipe", "log", "model"])
def test_a_run_that_was_killed_before_its_first_step_is_begun_again(
    last: str, finished: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was killed before its first checkpoint has nothing to lose, and begins again."""
    request = replace(finished, folder=tmp_path / "run")
    where = {"recipe": (writer.RunWriter, "log_start"), "log": (writer.RunWriter, "_keep")}
    with monkeypatch.context() as killed, pytest.raises(BrokenPipeError):
        killed.setattr(RunFolder, "discard", lambda *_, **__: None)  # as a killed process does
        killed.setattr(*where.get(last, (writer.RunWriter, "save")), broken)
        trained(request)
    assert (request.folder / "recipe.json").exists()
    assert (request.folder / "best.safetensors").exists() == (last == "model")
    trained(request)
    for name in ("best.safetensors", "log.jsonl"):
        assert (request.folder / name).read_bytes() == (finished.folder / name).read_bytes()


def broken(*_: object) -> Iterator[Any]:
    raise BrokenPipeError
    yield


def test_a_folder_that_was_there_stays(tmp_path: Path) -> None:
    """A training that is refused removes what it made, and not the empty folder it was given."""
    (tmp_path / "run").mkdir()
    few = pictures(tmp_path / "few", 2)
    with pytest.raises(ValueError, match="has 2 pictures"):
        trained(order(tmp_path / "run", f"folder:{few}"))
    assert list((tmp_path / "run").iterdir()) == []


def test_a_sweep_keeps_a_run_whose_checkpoints_are_gone(tmp_path: Path) -> None:
    """A sweep names a run that is not over and has lost its checkpoints, and trains the others."""
    data = pictures(tmp_path / "faces")
    swept(tmp_path / "s", data, "width=4,6")
    first = RunFolder(tmp_path / "s" / "width=4")
    shutil.rmtree(first.checkpoints)
    lines = first.log.read_bytes().splitlines(keepends=True)
    first.log.write_bytes(b"".join(lines[:-1]))  # it was stopped before its end
    shutil.rmtree(tmp_path / "s" / "width=6")
    before = state(first.path)
    (skipped,) = swept(tmp_path / "s", data, "width=4,6").skipped
    assert skipped.file == first.path and "no whole checkpoint to go on from" in skipped.why
    assert state(first.path) == before and RunFolder(tmp_path / "s" / "width=6").best.exists()


def test_of_two_processes_one_says_that_a_run_is_kept(run: Order, command: Command) -> None:
    """Where two processes are to train, one line is said, and the run is kept."""
    if cores() < 2:
        pytest.skip("this machine has one core")
    for path in (run.folder / "checkpoints").iterdir():
        path.write_bytes(b"")  # which is seen once both have begun
    before = state(run.folder)
    words = [*flags({**TINY, "devices": "2"}), "--data", run.recipe.data, "--change", "--no-board"]
    done = command("train", "upscale-fast-x2", *words, "-o", run.folder)
    assert done.returncode == 2 and state(run.folder) == before, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("trombine: ")]
    assert len(lines) == 1 and GONE in lines[0], done.stderr
    assert "Traceback" not in done.stderr


# --- training pictures that were changed in place ------------------------------------------------


OTHERS = r"has other pictures than those it was begun with \(under the same names\); put them back"


@pytest.fixture
def own(tmp_path: Path) -> tuple[Order, Path]:
    """A run that is over and its pictures, which may be changed."""
    data = pictures(tmp_path / "faces")
    request = order(tmp_path / "run", f"folder:{data}")
    trained(request)
    return request, data


def learned_last(spec: str) -> str:
    """A picture that is learned from: no run is measured on it."""
    learned, _ = split(spec, 16, 2)
    return learned.name(len(learned) - 1)


@pytest.mark.parametrize("times", ["new", "as before"])
def test_a_picture_rewritten_under_its_name_is_noticed(
    times: str, own: tuple[Order, Path], tmp_path: Path
) -> None:
    """A picture of a folder that was rewritten, of the same size in bytes, is noticed on resume."""
    request, data = own
    path = data / learned_last(f"folder:{data}")
    before = path.stat()
    path.write_bytes((pictures(tmp_path / "others", seed=2) / path.name).read_bytes())
    assert path.stat().st_size == before.st_size
    if times == "as before":
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    refused(request, OTHERS)
    assert "data" in changes(request)


def test_a_copy_of_the_pictures_is_no_change(own: tuple[Order, Path]) -> None:
    """Pictures that were copied, to another disk say, have other times and are no others."""
    request, data = own
    data.rename(data.with_name("aside"))
    shutil.copytree(data.with_name("aside"), data)
    for path in data.iterdir():
        os.utime(path, (1e9, 1e9))
    trained(request)
    assert changes(request) == {"pictures": 24}


def test_a_truth_rewritten_under_its_name_is_noticed(tmp_path: Path) -> None:
    """What is known of a picture, in a file of its own or in a list, is part of what is learned."""
    data = pictures(tmp_path / "sorted" / "a", 6).parent
    pictures(data / "b", 6, seed=3)
    kept = contents(f"folder:{data}")
    assert contents(f"folder:{data}") == kept
    (data / "a").rename(data / "c")  # the same files, of other classes
    assert contents(f"folder:{data}") != kept


def contents(spec: str) -> str:
    events = contents_of({"data": source(spec, 16)})
    while True:
        try:
            next(events)
        except StopIteration as end:
            return end.value["data"]


def test_looking_again_at_a_folder_reads_none_of_its_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are read once; then their sizes and times say that they are those that were read."""
    data = pictures(tmp_path / "faces")
    monkeypatch.setattr(looking, "_SETTLED", -(10**12))  # these files were written just now
    monkeypatch.setenv("TROMBINE_CACHE", str(tmp_path / "cache"))
    kept = contents(f"folder:{data}")
    with monkeypatch.context() as blind:
        blind.setattr(looking, "_hash", lambda _: 1 / 0)
        assert contents(f"folder:{data}") == kept
    (only,) = (tmp_path / "cache" / "contents").iterdir()
    only.write_text("damaged")
    assert contents(f"folder:{data}") == kept


def test_files_written_just_now_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Times too coarse to tell two writings apart hide nothing: such files are read each time."""
    data = pictures(tmp_path / "faces")
    monkeypatch.setenv("TROMBINE_CACHE", str(tmp_path / "cache"))
    contents(f"folder:{data}")
    assert not (tmp_path / "cache" / "contents").exists()


def test_a_pack_rewritten_with_the_same_names_is_noticed(tmp_path: Path) -> None:
    """A pack that was made again of other pictures, with the same names, is noticed on resume."""
    data, pack = pictures(tmp_path / "faces", suffix=".png"), tmp_path / "pack"

    def packed() -> None:
        wanted = {"size": 16, "choose": 0, "test": 0, "workers": 1, "overwrite": True}
        data_prepare(folder=data, output=pack, **wanted)

    packed()
    request = order(tmp_path / "run", f"pack:{pack}")
    trained(request)
    packed()
    trained(request)
    path = data / learned_last(f"pack:{pack}")
    path.write_bytes(
        (pictures(tmp_path / "others", seed=2, suffix=".png") / path.name).read_bytes()
    )
    packed()
    refused(request, OTHERS)


def test_a_run_of_an_older_trombine_goes_on(run: Order) -> None:
    """A run that was begun before contents were kept is not refused for want of them."""
    folder = RunFolder(run.folder)
    recipe = folder.read_recipe()
    del recipe["data"]["data"]["contents"]
    folder.write_recipe(recipe)
    trained(run)
    assert changes(run) == {"pictures": 24}
