"""What is damaged in a run, or strangely named, is said in one line, and hides nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
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
    state,
    swept,
    trained,
)

from trombine import runs_compare, runs_list, runs_show, sweep
from trombine.events import Notice
from trombine.refusal import InputError, OutputError
from trombine.runs.folder import RunFolder
from trombine.training.loop import Order, train
from trombine.weights import read_card

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


def show_all(home: Path, bad: Path) -> None:
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
        except InputError as error:
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
    show_all(home, bad.path)


@pytest.mark.parametrize("name", ["event", "pictures", "seconds", "cpu", "when"])
def test_damaged_lines_of_a_clock_hide_nothing(name: str, home: Path) -> None:
    """Values of a wrong type, size or depth in a clock stop no verb, and hide no other run."""
    bad = RunFolder(home / "bad")
    line = bad.clock_entries()[-1]
    with bad.clocks.open("a") as file:
        file.writelines(f"{planted(line, [name], token)}\n" for token in TOKENS)
    show_all(home, bad.path)


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
        show_all(home, bad.path)
        resumed(replace(finished, folder=bad.path))
    at = recipe
    for name in path[:-1]:
        at = at[name]
    del at[path[-1]]
    bad.write_recipe(recipe)
    show_all(home, bad.path)
    resumed(replace(finished, folder=bad.path))


def resumed(request: Order) -> None:
    """Go on with a run, or be refused in a line with nothing lost; the clock counts each try."""
    before = {**state(request.folder), "clock.jsonl": b""}
    for change in (False, True):
        try:
            trained(replace(request, change=change))
        except InputError as error:
            line = str(error)
            assert "\n" not in line and line.isprintable()
            assert {**state(request.folder), "clock.jsonl": b""} == before


def test_a_recipe_that_is_no_object_is_said_in_a_line(home: Path, finished: Order) -> None:
    """A recipe.json that is no JSON, or not an object, or empty, is refused in one line."""
    bad = RunFolder(home / "bad")
    for text in ("", "{", "[]", "7", "[" * 100_000, "\0" * 100, '"\xff"'):
        bad.recipe.write_bytes(text.encode("latin-1"))
        show_all(home, bad.path)
        with pytest.raises(InputError, match=r"recipe\.json: is (no JSON object|empty); "):
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
    show_all(home, home / "bad")
    with suppress(InputError):
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
    show_all(home, home / "bad")


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
        with pytest.raises((OutputError, InputError), match=r"not made by trombine|is an input"):
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
    with pytest.raises(OutputError, match="was not made by trombine runs compare"):
        runs_compare(first=home / "good", second=home / "bad", output=home / "page.html")
    assert (home / "bad" / "log.jsonl").read_bytes() == before


def test_a_sweep_writes_its_page_over_no_other(home: Path) -> None:
    """A sweep is refused a folder whose index.html it did not write, and a folder that is a run."""
    (home / "site").mkdir()
    page = home / "site" / "index.html"
    page.write_text("<!doctype html><p>Home</p>")
    before = state(home)
    strangers = {home / "site": "was not made by trombine", home / "good": "is a run"}
    for folder, message in strangers.items():
        with pytest.raises(InputError, match=message):
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
