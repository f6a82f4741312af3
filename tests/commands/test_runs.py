"""`runs list` and `runs show`: in words, by name and by path."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from trombine import runs_list, runs_show
from trombine.commands.runs import COLUMNS
from trombine.core.errors import InputError
from trombine.runs.folder import RunFolder


@pytest.fixture(scope="module")
def home(made: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs in its folder runs, and what is none."""
    home = tmp_path_factory.mktemp("home")
    made.upscale(home / "runs" / "fine", lines=20)
    made.adversarial(home / "runs" / "anime", lines=20)
    (home / "runs" / "notes").mkdir()
    return home


@pytest.fixture
def there(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(home)
    return home


def test_list_says_what_each_run_is(there: Path) -> None:
    lines = runs_list().summary.splitlines()
    assert lines[0].split() == [*COLUMNS[:-1], "last", "change"]
    assert len(lines) == 3 and lines[1].startswith("anime  generate    world:1-20000/anime")
    assert "120,000 of 240,000" in lines[1] and "stopped by an alarm (collapse)" in lines[1]
    assert "200,000 of 200,000  PSNR 30.85" in lines[2] and "finished" in lines[2]
    assert len({line.index("world:") for line in lines[1:]}) == 1


def test_a_run_that_is_trained_now_is_running(there: Path) -> None:
    folder = RunFolder(there / "runs" / "fine")
    clock = folder.clocks.read_bytes()
    with folder.alone():
        folder.clock({"event": "resumed", "pictures": 200_000})
        assert "  running  " in runs_list().summary
        assert "state  running" in runs_show(Path("fine")).summary
    assert "  running  " not in runs_list().summary
    folder.clocks.write_bytes(clock)


def test_one_bad_run_does_not_hide_the_others(made: ModuleType, tmp_path: Path) -> None:
    made.upscale(tmp_path / "good", lines=2)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "recipe.json").write_text("{")
    result = runs_list(tmp_path)
    assert result.notices[0].startswith(f"{tmp_path}/bad/recipe.json: ")
    assert "good" in result.summary


@pytest.fixture
def with_sweep(made: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a sweep of two runs, and a run, in its folder runs."""
    for name in ("wide/lr=1e-3", "wide/lr=2e-3", "alone"):
        made.upscale(tmp_path / "runs" / name, lines=2)
    (tmp_path / "runs" / "wide" / "index.html").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("with_sweep")
def test_the_runs_of_a_sweep_are_listed() -> None:
    lines = runs_list().summary.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["alone", "wide/lr=1e-3", "wide/lr=2e-3"]
    said = runs_show(Path("wide/lr=2e-3")).summary
    assert said.startswith("lr=2e-3: upscale-x2")


@pytest.mark.usefixtures("with_sweep")
@pytest.mark.parametrize("sweep", ["wide", "runs/wide"])
def test_show_says_how_a_sweep_is_listed(sweep: str) -> None:
    with pytest.raises(InputError, match=r"is a folder of runs; trombine runs list runs/wide$"):
        runs_show(Path(sweep))


@pytest.mark.usefixtures("with_sweep")
def test_show_tells_of_a_last_batch_that_reached_beyond() -> None:
    folder = RunFolder(Path("runs/alone"))
    folder.write_recipe({"recipe": "r", "settings": {"pictures": 64}})
    folder.log.unlink()
    folder.append({"kind": "end", "pictures": 1064})
    said = runs_show(Path("alone")).summary
    assert "finished, 1,064 pictures seen" in said
    assert "1,064 of 64" not in runs_list().summary


def test_show_tells_and_writes_the_page(there: Path) -> None:
    page = there / "runs" / "fine" / "index.html"
    page.unlink(missing_ok=True)
    result = runs_show(Path("fine"))
    assert result.written == (Path("runs/fine/index.html"), Path("runs/fine/film.gif"))
    title, *lines = result.summary.splitlines()
    said = dict(line.split(maxsplit=1) for line in lines)
    assert page.exists() and title == "fine: upscale-x2"
    assert said["state"] == "finished, 200,000 of 200,000 pictures seen"
    assert said["best"] == "PSNR 30.85 dB, after 170,000 pictures (protocol 9f2c51d08a3e)"
    assert said["cost"] == "200,000 pictures, CPU time 39 minutes, wall time 20 minutes"
    assert said["again"] == "trombine train upscale-x2 -o runs/fine"
    assert said["page"] == "runs/fine/index.html" and said["film"] == "runs/fine/film.gif"
    with Image.open(there / "runs" / "fine" / "film.gif") as film:
        assert (film.format, getattr(film, "n_frames", 1)) == ("GIF", 6)


def test_show_says_which_alarm_it_was(there: Path) -> None:
    said = runs_show(Path("runs/anime")).summary
    assert "after 60,000 pictures: discriminator has won, its loss is 1% of that" in said
    assert "stopped by an alarm (collapse), 120,000 of 240,000 pictures seen" in said


def test_what_is_no_run_is_said_in_a_line(there: Path) -> None:
    with pytest.raises(InputError, match=r"^nowhere: does not exist; trombine runs list"):
        runs_show(Path("nowhere"))
    with pytest.raises(InputError, match=r"^runs/notes: is no run"):
        runs_show(Path("runs/notes"))
