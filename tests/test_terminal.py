"""What a command says: lines, a bar on a terminal, -q and -v, exit codes, Ctrl-C."""

from __future__ import annotations

import json
import logging
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trombine import terminal
from trombine.__main__ import is_for_people, main
from trombine.core.errors import InputError
from trombine.core.progress import Progress, Result, log
from trombine.io.image import save_picture
from trombine.terminal import follow

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A small picture, photo.png, in the folder that commands are run in."""
    rows, columns = np.mgrid[:40, :48]
    waves = [np.sin(rows / 3 + columns / 5 + phase) * 100 + 127 for phase in (0, 1, 2)]
    save_picture(tmp_path / "photo.png", np.stack(waves, axis=2).astype(np.uint8))
    return tmp_path / "photo.png"


def test_results_are_named_as_they_are_written(photo: Path, command: Command) -> None:
    """The file, its size in pixels, the net and the seconds; details with -v, nothing with -q."""
    words = ("upscale", "photo.png", "--model", "upscale-fast", "--overwrite", "-o", "large.png")
    done = command(*words)
    assert done.stdout == "1 picture written\n"
    line = r"trombine: large\.png: 96 x 80, upscale-fast-x2, \d+\.\d\d s\n"
    assert re.fullmatch(line, done.stderr)
    done = command("-v", *words)
    assert re.search(r"upscale-fast-x2 \(residual, \w{12}\) from /", done.stderr)
    assert re.search(r"\d+\.\d\d s in all\n$", done.stderr)
    done = command(*words, "-q")
    assert (done.stdout, done.stderr) == ("", "")


def test_quiet_keeps_errors_and_what_is_to_be_printed(photo: Path, command: Command) -> None:
    done = command(
        *["upscale", "-q", "photo.png", "gone.png", "--model", "upscale-fast", "-o", "out"]
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "trombine: skipped gone.png: does not exist; check the name\n"
    done = command("read", "photo.png", "--json", "-q")
    assert json.loads(done.stdout)["width"] == 48 and done.stderr == ""


def test_messages_are_lines_and_what_files_put_into_them_is_written_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def call(progress: Progress) -> Result:
        progress(1, 2, "pictures")
        log.debug("a net")
        log.info("b.png: 2 x 3")
        log.warning("odd\nname\x1b[31m")
        log.error("skipped c.png")
        return Result(summary="2 written", written=(Path("b.png"),), skipped={Path("c"): "bad"})

    said = ["b.png: 2 x 3", r"odd\nname\x1b[31m", "skipped c.png"]
    for options, lines, out in (
        ({}, said, "2 written\n"),
        ({"verbose": True}, ["a net", *said], "2 written\n"),
        ({"quiet": True}, said[2:], ""),
    ):
        assert follow(call, **options) == 1
        seen = capsys.readouterr()
        wanted = [f"trombine: {line}" for line in lines]
        assert seen.err.splitlines()[: len(wanted)] == wanted and seen.out == out
    assert log.propagate and not any(isinstance(h, logging.StreamHandler) for h in log.handlers)


def test_long_work_without_a_terminal_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(terminal, "SILENCE", 0.5)

    def call(progress: Progress) -> None:
        progress(0, 4, "photo.jpg")
        time.sleep(1.5)
        progress(1, 4, "photo.jpg")
        time.sleep(1.5)

    follow(call)
    first, second = capsys.readouterr().err.splitlines()[:2]
    assert re.fullmatch(r"trombine: photo\.jpg: at work for \d s", first)
    assert re.fullmatch(r"trombine: photo\.jpg: 25% done, about \d s left", second)
    follow(call, quiet=True)
    assert capsys.readouterr().err == ""


def test_progress_never_goes_back_but_where_a_phase_begins() -> None:
    work = terminal._Work()
    shares = []
    for done, total in ((0.25, 2), (1, 2), (0.75, 2), (1.5, 2), (2, 2), (0, 2), (1, 2), (3, 9)):
        work.step(done, total, "pictures")
        shares.append(work.done / work.total)
    assert shares == [0.125, 0.5, 0.5, 0.75, 1, 0, 0.5, 1 / 3]


def test_a_bar_is_drawn_on_a_terminal_and_the_output_stays_clean(photo: Path) -> None:
    words = ["upscale", "photo.png", "-x", "16", "--tile", "16", "-o", "large.png"]
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        [sys.executable, "-m", "trombine", *words],
        cwd=photo.parent,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    ) as process:
        os.close(theirs)
        screen = b""
        while piece := _read(ours):
            screen += piece
        assert process.stdout is not None
        assert process.stdout.read() == "1 picture written\n"
    os.close(ours)
    plain = re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", screen.decode())
    shares = [int(share) for share in re.findall(r"photo\.png.*?(\d+)%", plain)]
    assert shares == sorted(shares) and shares
    assert "trombine: large.png: 768 x 640, " in plain


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 1 << 16)
    except OSError:  # so Linux says that the last has closed it
        return b""


def test_ctrl_c_and_sigterm_leave_nothing_half_written(photo: Path) -> None:
    words = [sys.executable, "-m", "trombine", "upscale", "photo.png", "-x", "16", "--tta"]
    words += ["--tile", "16", "-o"]
    processes = {
        (kind, code): subprocess.Popen(
            [*words, f"out/{code}.png"], cwd=photo.parent, stderr=subprocess.PIPE, text=True
        )
        for kind, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143))
    }
    time.sleep(8)  # of the 40 s that it takes: by then it is at work on a busy machine too
    for (kind, code), process in processes.items():
        assert process.poll() is None
        process.send_signal(kind)
        _, said = process.communicate(timeout=60)
        assert process.returncode == code and "Traceback" not in said
    assert not (photo.parent / "out").exists() or not list((photo.parent / "out").iterdir())


# How a command ends


def test_idle_threads_sleep_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    for before, after in (("ACTIVE", "ACTIVE"), (None, "PASSIVE")):
        monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
        if before:
            monkeypatch.setenv("OMP_WAIT_POLICY", before)
        main(["--version"])
        assert os.environ["OMP_WAIT_POLICY"] == after


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (InputError("two\nlines"), 2, "trombine: two lines\n"),
        (OSError(28, "No space left on device"), 2, "trombine: no space left on device\n"),
        (MemoryError(), 1, "memory"),
        (KeyboardInterrupt(), 130, "stopped; the same command again does what is missing"),
    ],
)
def test_an_error_for_people_is_one_line(
    error: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_: object) -> int:
        raise error

    monkeypatch.setattr("trombine.__main__.run", fail)
    assert main(["doctor"]) == code
    (line,) = capsys.readouterr().err.splitlines(keepends=True)
    assert said in line


def test_a_fault_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_for_people(KeyError("x")) and not is_for_people(AssertionError())

    def fail(_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr("trombine.__main__.run", fail)
    with pytest.raises(ZeroDivisionError):
        main(["doctor"])


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    line = f"set -o pipefail; {sys.executable} -m trombine doctor | head -n 1"
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
