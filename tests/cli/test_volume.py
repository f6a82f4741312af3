"""-q and -v: less and more of what a command says, for every verb."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from trombine.commands import VERBS
from trombine.console import follow
from trombine.events import Detail, Done, Notice, Picture, Skipped

Command = Callable[..., subprocess.CompletedProcess[str]]
Shell = Callable[[str], subprocess.CompletedProcess[str]]
EVENTS = (
    Detail(Path("a.png"), "a net of tiles"),
    Notice(Path("a.png"), "holds more pictures than one"),
    Picture(Path("b.png"), "b.png", "2 x 3, upscale-x2, 0.10 s"),
    Picture(Path("c.png"), "c.png"),
)


def test_results_are_named_as_they_are_written(picture: Path, shell: Shell) -> None:
    """Each result has a line: its file, its size in pixels, the net and the seconds."""
    done = shell("trombine upscale photo.png --model upscale-fast -o large.png")
    assert done.stdout == "1 picture written\n"
    assert re.fullmatch(
        r"trombine: large\.png: 96 x 80, upscale-fast-x2, \d+\.\d\d s\n", done.stderr
    )


@pytest.mark.parametrize("words", ["-q upscale", "upscale -q", "--quiet upscale"])
def test_quiet_says_nothing_of_what_goes_well(words: str, picture: Path, shell: Shell) -> None:
    """With -q, before or after the verb, only errors are said: they and the exit code are left."""
    done = shell(f"trombine {words} photo.png gone.png --model upscale-fast -o out")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "trombine: skipped gone.png: does not exist; check the name\n"
    assert (picture.parent / "out" / "photo.png").exists()


def test_quiet_keeps_what_is_to_be_printed(picture: Path, shell: Shell) -> None:
    """With -q what a command is asked to print, JSON or a list, is printed and nothing else."""
    done = shell("trombine read photo.png --json -q")
    assert json.loads(done.stdout)["width"] == 48
    assert done.stderr == ""
    assert shell("trombine -q models list").stdout.startswith("model ")


def test_verbose_says_nets_their_files_tiles_and_seconds(picture: Path, shell: Shell) -> None:
    """With -v a command says which net from which file works in which tiles, and how long."""
    done = shell("trombine -v upscale photo.png --model upscale-fast --tile 32 -o large.png")
    assert re.search(r"upscale-fast-x2 \(residual, \w{12}\) from /", done.stderr)
    assert "zoo/upscale-fast-x2.safetensors, in tiles of 32 pixels" in done.stderr
    assert re.search(r"enlarged in \d+\.\d\d s by \d+ thread", done.stderr)
    assert re.search(r"\d+\.\d\d s in all\n$", done.stderr)
    assert done.stdout == "1 picture written\n"


def test_verbose_leaves_json_as_it_is(picture: Path, shell: Shell) -> None:
    """What -v adds goes to the error stream: the JSON on the output is the same."""
    quiet, loud = (shell(f"trombine read {word} photo.png --json") for word in ("-q", "-v"))
    assert loud.stdout == quiet.stdout
    assert "trombine: reader (reader, " in loud.stderr


def test_each_volume_shows_its_events(capsys: pytest.CaptureFixture[str]) -> None:
    """Details and files of which nothing is known are said with -v alone, nothing with -q."""
    well = Done("2 made", written=2, skipped=0, kept=0)
    follow([*EVENTS, well])
    usual = capsys.readouterr()
    assert usual.out == "2 made\n"
    assert usual.err.splitlines() == [
        "trombine: a.png: holds more pictures than one",
        "trombine: b.png: 2 x 3, upscale-x2, 0.10 s",
    ]
    follow([*EVENTS, well], verbose=True)
    loud = capsys.readouterr().err.splitlines()
    assert loud[0] == "trombine: a.png: a net of tiles"
    assert loud[3] == "trombine: c.png"
    assert loud[4].endswith(" s in all")
    bad = Skipped(Path("d.png"), "is empty; copy it again")
    assert follow([*EVENTS, bad, Done("2 made", 2, 1, 0)], quiet=True) == 1
    assert capsys.readouterr() == ("", "trombine: skipped d.png: is empty; copy it again\n")


@pytest.mark.parametrize("line", VERBS)
def test_every_verb_takes_both(line: str, command: Command) -> None:
    """Every help page has -q and -v, and both may stand anywhere before it."""
    group, _, verb = line.rpartition(" ")
    words = f"-q {group} -v {verb}".split()
    assert "--quiet -q" in (page := command(*words, "--help").stdout)
    assert "--verbose -v" in page


@pytest.mark.parametrize("words", ["doctor -qv", "doctor -v -q", "-q upscale a.png --verbose"])
def test_less_and_more_at_once_is_refused(words: str, command: Command) -> None:
    """-q and -v together are refused in one line."""
    done = command(*words.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "trombine: -q and -v ask for less and for more; give one of them\n"


def test_a_training_says_which_nets_and_checkpoints_with_v(tmp_path: Path, shell: Shell) -> None:
    """With -v train says which net learns, from which weights, and when it saves."""
    line = "trombine train upscale-fast-x2 --data leaves#20 --size 32 --pictures 16 -o run"
    done = shell(f"{line} --no-board -v")
    assert (
        "trombine: run: net: residual:width=32,depth=8,factor=2, 78,348 parameters" in done.stderr
    )
    assert "trombine: run: begins with random weights" in done.stderr
    assert "trombine: run: saved at 16 pictures" in done.stderr
    assert re.search(r"trombine: run/best.safetensors: PSNR [\d.]+, after", done.stderr)


LOOKS = """
import gc, sys
from trombine.__main__ import main
import trombine.verbs.doctor as doctor
from trombine.events import Done
doctor.run = lambda request: iter([Done(f"collecting: {gc.isenabled()}", 0, 0, 0)])
sys.argv = ["trombine", "doctor"]
sys.exit(main())
"""


def test_garbage_is_collected_while_a_verb_runs(tmp_path: Path) -> None:
    """Collection waits for the first page only: whatever a verb makes is freed as usual."""
    words = [sys.executable, "-c", LOOKS]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "collecting: True\n"


def test_the_first_page_loads_only_what_it_shows(tmp_path: Path) -> None:
    """--help loads neither what writes completions nor the limits of requests: it starts faster."""
    code = "import sys; from trombine.__main__ import main; main(['--help']); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    loaded = done.stdout.splitlines()[-1].split()
    assert "cyclopts.completion.install" not in loaded
    assert "trombine.requests" not in loaded
