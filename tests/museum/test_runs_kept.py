"""What a training has made is not lost, and what is wrong with a run is said in one line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trombine.data import contents as looking
from trombine.data.contents import contents_of
from trombine.data.source import source
from trombine.data.split import split
from trombine.data.workers import cores
from trombine.events import Notice
from trombine.files import OutputError, PictureError
from trombine.functions import data_prepare, runs_compare, runs_list, runs_show, sweep
from trombine.images import write
from trombine.recipes import find, with_settings
from trombine.runs.folder import RunFolder
from trombine.training import loop, story
from trombine.training.loop import Order, TrainingError, train
from trombine.verbs.batch import Result
from trombine.weights import read_card

Command = Callable[..., subprocess.CompletedProcess[str]]

TINY = {
    "size": "16",
    "pictures": "16",
    "batch": "4",
    "width": "4",
    "depth": "1",
    "judged": "2",
    "faces": "2",
    "precision": "float32",
    "log_every": "4",
    "sample_every": "8",
    "measure_every": "8",
    "save_every": "8",
}


def pictures(folder: Path, count: int = 10, *, seed: int = 0, suffix: str = ".bmp") -> Path:
    """Noise: files of one size, whatever the seed."""
    for number in range(count):
        pixels = np.random.default_rng((seed, number)).integers(0, 256, (16, 16, 3), np.uint8)
        write(folder / f"{number:02d}{suffix}", pixels)
    return folder


def order(run: Path, data: str, **settings: str) -> Order:
    recipe = with_settings(find("upscale-fast-x2"), {**TINY, "data": data, **settings})
    return Order(name="upscale-fast-x2", recipe=recipe, folder=run, board=False, command="made up")


def trained(request: Order) -> list[str]:
    """Train; what was said."""
    return [event.text for event in train(request) if isinstance(event, Notice)]


def state(folder: Path) -> dict[str, bytes]:
    """Every file with its bytes, but for the lock, which is empty."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.fixture(scope="module", autouse=True)
def better() -> Iterator[None]:
    """Each model is the best so far, so that the last is kept, however little such runs learn."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(story, "_is_better", lambda *_, **__: True)
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Order:
    """A run that is over, not to be touched."""
    home = tmp_path_factory.mktemp("finished")
    request = order(home / "run", f"folder:{pictures(home / 'faces')}")
    trained(request)
    assert read_card(home / "run" / "best.safetensors").pictures == 16
    return request


@pytest.fixture
def run(finished: Order, tmp_path: Path) -> Order:
    """A copy of it."""
    shutil.copytree(finished.folder, tmp_path / "run")
    return replace(finished, folder=tmp_path / "run")


# --- a run whose checkpoints are gone ------------------------------------------------------------


def refused(request: Order, message: str) -> None:
    """A training that is refused in one line, and touches nothing."""
    before = state(request.folder)
    with pytest.raises((TrainingError, PictureError), match=message) as error:
        trained(request)
    assert "\n" not in str(error.value)
    assert state(request.folder) == before


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
    where = {"recipe": (story.Writer, "starts"), "log": (story.Writer, "_keep")}
    with monkeypatch.context() as killed, pytest.raises(BrokenPipeError):
        killed.setattr(RunFolder, "discard", lambda *_, **__: None)  # as a killed process does
        killed.setattr(*where.get(last, (story.Writer, "save")), broken)
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


def swept(output: Path, data: Path, grid: str) -> Result:
    shared = {**TINY, "data": f"folder:{data}"}
    settings = tuple(f"{name}={value}" for name, value in shared.items() if name != "width")
    return sweep(recipe="upscale-fast-x2", grid=(grid,), settings=settings, output=output)


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


def flags(settings: Mapping[str, str]) -> list[str]:
    pairs = [(f"--{name.replace('_', '-')}", value) for name, value in settings.items()]
    return [word for pair in pairs for word in pair]


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


def changes(request: Order) -> dict[str, Any]:
    """Which settings the log calls changed, once more pictures are asked for under --change."""
    recipe = with_settings(request.recipe, {"pictures": "24"})
    trained(replace(request, change=True, recipe=recipe))
    entries = RunFolder(request.folder).entries()
    (line,) = [entry for entry in entries if entry["kind"] == "change"]
    return line["settings"]


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


# --- checkpoints that cannot be read -------------------------------------------------------------


def to_folder(path: Path) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def to_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere.safetensors")


def to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def to_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def to_deep(path: Path) -> None:
    """A header that is nested too deep to be read."""
    card = json.dumps({"__metadata__": {"trombine": "[" * 100_000}}).encode()
    path.write_bytes(len(card).to_bytes(8, "little") + card)


@pytest.mark.parametrize("damage", [to_folder, to_link, to_itself, to_pipe, to_deep])
def test_a_newest_checkpoint_that_cannot_be_read_is_set_aside(
    damage: Callable[[Path], None], run: Order, finished: Order
) -> None:
    """A newest checkpoint that is a folder, a broken link or damage is named and set aside, the one
    before it used, and the run ends with the bytes it had."""
    before, newest = sorted((run.folder / "checkpoints").iterdir())
    damage(newest)
    events = list(train(run))
    (notice,) = [event for event in events if isinstance(event, Notice) and event.file]
    assert notice.file == newest.with_name(f"{newest.name}.damaged")
    assert "the one before it is used" in notice.text
    assert before.is_file() and notice.file and os.path.lexists(notice.file)
    for name in ("best.safetensors", "log.jsonl", f"checkpoints/{newest.name}"):
        assert (run.folder / name).read_bytes() == (finished.folder / name).read_bytes()


def test_an_older_checkpoint_that_is_a_folder_stops_no_run(run: Order) -> None:
    """What is in the place of an older checkpoint, and is no file, is left where it is."""
    folder = run.folder / "checkpoints" / "000000004.safetensors"
    folder.mkdir()
    changes(run)
    assert folder.is_dir()


# --- a run's own files, damaged ------------------------------------------------------------------

TOKENS = (
    *("null", "true", "[]", "{}", '"x"', "-5", "NaN", "1e999", "1e308", "1" + "0" * 400),
    *("9" * 5000, "[" * 20_000, "[" * 300 + "]" * 300, '{"a": {"b": [1, {"c": null}]}}'),
    '"\\ud800\\u0000\\u001b[31m"',
)


def planted(value: Any, path: Sequence[str], token: str) -> str:
    """JSON with this token in one place."""
    whole = json.loads(json.dumps(value))
    at = whole
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = "@"
    return json.dumps(whole).replace('"@"', token)


def told(home: Path, bad: Path) -> None:
    """All verbs over a damaged run: the others are listed, and nothing but lines is said."""
    lines = [runs_list(folder=home).summary, *(one.text for one in runs_list(folder=home).notices)]
    assert "good" in lines[0]
    for verb in (
        lambda: runs_show(run=bad),
        lambda: runs_compare(first=home / "good", second=bad, output=home / "both.html"),
        lambda: runs_compare(first=bad, second=home / "good", output=home / "both.html"),
    ):
        try:
            lines.append(verb().summary)
        except PictureError as error:
            assert "\n" not in str(error)
            lines.append(str(error))
    assert all(letter.isprintable() or letter == "\n" for line in lines for letter in line)


@pytest.fixture
def home(finished: Order, tmp_path: Path) -> Path:
    """A folder with a good run and one that may be damaged."""
    for name in ("good", "bad"):
        shutil.copytree(finished.folder, tmp_path / "runs" / name)
    return tmp_path / "runs"


LOGGED = (("kind",), ("pictures",), ("values",), ("values", "PSNR"), ("best",), ("protocol",))


@pytest.mark.parametrize("place", range(len(LOGGED)))
def test_damaged_lines_of_a_log_hide_nothing(place: int, home: Path) -> None:
    """Values of a wrong type, size or depth in a log stop no verb, and hide no other run."""
    bad = RunFolder(home / "bad")
    (line,) = [e for e in bad.entries() if e["kind"] == "measure" and e["pictures"] == 8]
    lines = [planted(line, LOGGED[place], token) for token in TOKENS]
    for kind in ("alarm", "phase", "rollback", "change"):
        entry = {"kind": kind, "pictures": 8, "to": 4, "settings": {"lr": 1}, "did": "stopped"}
        names = ("pictures", "to", "settings", "did")
        lines += [planted(entry, [name], token) for name in names for token in TOKENS[place::6]]
    whole = bad.log.read_text()
    bad.log.write_text(whole + "".join(f"{one}\n" for one in lines))
    told(home, bad.path)


@pytest.mark.parametrize("name", ["event", "pictures", "seconds", "cpu", "when"])
def test_damaged_lines_of_a_clock_hide_nothing(name: str, home: Path) -> None:
    """Values of a wrong type, size or depth in a clock stop no verb, and hide no other run."""
    bad = RunFolder(home / "bad")
    line = bad.clock_entries()[-1]
    with bad.clocks.open("a") as file:
        file.writelines(f"{planted(line, [name], token)}\n" for token in TOKENS)
    told(home, bad.path)


KEPT = (
    *(
        ("recipe",),
        ("settings",),
        ("settings", "pictures"),
        ("settings", "nets"),
        ("settings", "lr"),
    ),
    *(("resolved",), ("resolved", "threads"), ("resolved", "precision"), ("data",)),
    *(("data", "data"), ("data", "data", "contents"), ("start",), ("protocol",), ("command",)),
)


@pytest.mark.parametrize("path", KEPT, ids=".".join)
def test_a_damaged_recipe_is_said_in_a_line(
    path: tuple[str, ...], home: Path, finished: Order
) -> None:
    """A recipe.json that lacks something, or has it of another type, is refused in one line, or
    does no harm; and it hides no other run."""
    bad = RunFolder(home / "bad")
    recipe = bad.read_recipe()
    for token in TOKENS[KEPT.index(path) % 3 :: 3]:
        bad.recipe.write_text(planted(recipe, path, token))
        told(home, bad.path)
        resumed(replace(finished, folder=bad.path))
    at = recipe
    for name in path[:-1]:
        at = at[name]
    del at[path[-1]]
    bad.write_recipe(recipe)
    told(home, bad.path)
    resumed(replace(finished, folder=bad.path))


def resumed(request: Order) -> None:
    """Go on with a run, or be refused in a line with nothing lost; the clock counts each try."""
    before = {**state(request.folder), "clock.jsonl": b""}
    for change in (False, True):
        try:
            trained(replace(request, change=change))
        except (TrainingError, PictureError) as error:
            line = str(error)
            assert "\n" not in line and line.isprintable()
            assert {**state(request.folder), "clock.jsonl": b""} == before


def test_a_recipe_that_is_no_object_is_said_in_a_line(home: Path, finished: Order) -> None:
    """A recipe.json that is no JSON, or not an object, or empty, is refused in one line."""
    bad = RunFolder(home / "bad")
    for text in ("", "{", "[]", "7", "[" * 100_000, "\0" * 100, '"\xff"'):
        bad.recipe.write_bytes(text.encode("latin-1"))
        told(home, bad.path)
        with pytest.raises(PictureError, match=r"recipe\.json: is (no JSON object|empty); "):
            trained(replace(finished, folder=bad.path))


@pytest.mark.parametrize(
    "name", ["log.jsonl", "clock.jsonl", "best.safetensors", "samples", "checkpoints", "index.html"]
)
@pytest.mark.parametrize("damage", [to_folder, to_link, to_itself, to_pipe])
def test_files_of_a_run_that_are_none_are_said_in_a_line(
    name: str, damage: Callable[[Path], None], home: Path, finished: Order
) -> None:
    """A file of a run that is a folder, a broken link or a pipe stops no other run's listing, and
    nothing waits for it."""
    bad = home / "bad" / name
    if bad.is_dir():
        shutil.rmtree(bad)
        bad.write_bytes(b"")
    damage(bad)
    told(home, home / "bad")
    with suppress(TrainingError, PictureError):
        trained(replace(finished, folder=home / "bad"))


def test_samples_that_are_no_pictures_are_left_out(home: Path) -> None:
    """Samples and fixed rows that are folders, pipes, bombs, truncated or text are left out."""
    samples = home / "bad" / "samples"
    whole = next(samples.glob("fixed-*.png"))
    data = whole.read_bytes()
    to_folder(whole)
    os.mkfifo(samples / "000000001.png")
    (samples / "fixed-pipe.png").mkdir()
    for number, text in enumerate((b"", b"text", data[:50], data[:-30], bomb(), bomb(0)), 2):
        (samples / f"{number:09d}.png").write_bytes(text)
        (samples / f"fixed-{number}.png").write_bytes(text)
    told(home, home / "bad")


def bomb(side: int = 60_000) -> bytes:
    """A PNG of so many pixels squared, in a few bytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = zlib.crc32(name + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + name + content + check

    head = side.to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def test_a_sweep_names_a_damaged_run_and_trains_the_others(tmp_path: Path) -> None:
    """A run of a sweep whose recipe.json is damaged is skipped and named, and the others go on."""
    data = pictures(tmp_path / "faces")
    damaged = {"width=4": "{", "width=8": "7"}
    for number, nets in enumerate(("[1]", '{"net": "::"}', '{"net": [1]}')):
        text = f'{{"recipe": "upscale-fast-x2", "settings": {{"nets": {nets}}}}}'
        damaged[f"earlier {number}"] = text
    for name, text in damaged.items():
        folder = tmp_path / "s" / name
        (folder / "checkpoints").mkdir(parents=True)
        (folder / "checkpoints" / "000000008.safetensors").write_bytes(b"")
        (folder / "recipe.json").write_text(text)
    result = swept(tmp_path / "s", data, "width=4,6,8")
    assert [one.file.name for one in result.skipped] == ["width=4", "width=8"]
    assert all("is no JSON object" in one.why for one in result.skipped)
    assert (tmp_path / "s" / "width=6" / "best.safetensors").exists()


# --- pages that are written over something -------------------------------------------------------


def test_a_comparison_is_written_over_no_other_file(home: Path) -> None:
    """`runs compare -o FILE` writes over a page that it wrote itself, and over nothing else."""
    letter = home / "letter.html"
    letter.write_text("<!doctype html><p>Dear</p>")
    mine = (letter, home / "good" / "index.html", home / "bad" / "log.jsonl")
    for path in mine:
        before = path.read_bytes()
        with pytest.raises(OutputError, match="is there, and no page of two runs; give another -o"):
            runs_compare(first=home / "good", second=home / "bad", output=path)
        assert path.read_bytes() == before
    for output in (None, home / "both.html"):
        for _ in range(2):
            (page,) = runs_compare(first=home / "good", second=home / "bad", output=output).written
            assert page.read_text().startswith("<!doctype html>")


def test_a_comparison_is_written_through_no_link_over_another_file(home: Path) -> None:
    """Nor is a file written over that a link leads to."""
    (home / "page.html").symlink_to(home / "bad" / "log.jsonl")
    before = (home / "bad" / "log.jsonl").read_bytes()
    with pytest.raises(OutputError, match="is there, and no page of two runs"):
        runs_compare(first=home / "good", second=home / "bad", output=home / "page.html")
    assert (home / "bad" / "log.jsonl").read_bytes() == before


def test_a_sweep_writes_its_page_over_no_other(home: Path) -> None:
    """A sweep is refused a folder whose index.html it did not write, and a folder that is a run."""
    (home / "site").mkdir()
    page = home / "site" / "index.html"
    page.write_text("<!doctype html><p>Home</p>")
    before = state(home)
    for folder, message in ((home / "site", "no page of trombine"), (home / "good", "is a run")):
        with pytest.raises(PictureError, match=message):
            sweep(recipe="upscale-fast-x2", grid=("lr=1,2",), output=folder)
    assert state(home) == before


# --- names that are not UTF-8 --------------------------------------------------------------------

CAFE = os.fsdecode(b"caf\xe9")


def test_a_run_and_its_pictures_may_have_names_that_are_not_utf_8(tmp_path: Path) -> None:
    """A run is trained, gone on with, shown, compared and swept whose folder, and whose pictures'
    folder and files, have names that are no UTF-8."""
    data = pictures(tmp_path / CAFE)
    (data / "00.bmp").rename(data / f"{CAFE}.bmp")
    request = replace(order(tmp_path / "runs" / CAFE, f"folder:{data}"), board=True)
    trained(request)
    trained(request)
    assert RunFolder(request.folder).read_recipe()["settings"]["data"] == f"folder:{data}"
    other = order(tmp_path / "runs" / "other", f"folder:{data}")
    trained(other)
    assert "caf\\xe9" in runs_list(folder=tmp_path / "runs").summary
    shown = runs_show(run=request.folder)
    assert "caf\\xe9" in shown.summary
    (page,) = runs_compare(first=request.folder, second=other.folder).written
    for path in (*shown.written, page):
        assert "caf\\xe9" in path.read_text(encoding="utf-8")
    output = tmp_path / f"sweep {CAFE}"
    assert swept(output, data, "width=4").skipped == ()
    assert (output / "index.html").exists()
    card = read_card(request.folder / "best.safetensors")
    assert card.settings["data"] == f"folder:{data}"


def test_names_that_are_not_utf_8_on_the_command_line(tmp_path: Path, command: Command) -> None:
    """The same from the command line, with TensorBoard or without it."""
    data = pictures(tmp_path / CAFE)
    words = flags(TINY)
    run = command("train", "upscale-fast-x2", "--data", f"folder:{data}", *words, "-o", f"r/{CAFE}")
    assert run.returncode == 0 and "Traceback" not in run.stderr, run.stderr
    run = command("runs", "show", f"r/{CAFE}")
    assert run.returncode == 0 and "Traceback" not in run.stderr, run.stderr
