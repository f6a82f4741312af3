"""Streams, memory and sizes: what a machine has little of, and how a command says so."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from trombine import read, upscale
from trombine.__main__ import main
from trombine.batch import loop
from trombine.codecs import Frames, Video
from trombine.data import workers
from trombine.memory import ran_out
from trombine.readings import making as readings
from trombine.upscaling import making

Start = Callable[..., subprocess.CompletedProcess[str]]
Shell = Callable[..., subprocess.CompletedProcess[bytes]]

# --- streams that take little, or nothing -------------------------------------------------------


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """`shell("doctor >&-")`: a line of bash in which `trombine` is this one."""

    def run(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
        command = f'trombine() {{ {sys.executable} -W error -m trombine "$@"; }}; {line}'
        paths = os.pathsep.join(sys.path[1:])
        return subprocess.run(
            ["bash", "-c", f"set -o pipefail; {command}"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": paths} | environment,
            capture_output=True,
            timeout=300,
        )

    return run


def picture(path: Path, side: int = 24) -> Path:
    """A small picture at a path, whatever its name."""
    with path.open("wb") as file:
        Image.radial_gradient("L").resize((side, side)).convert("RGB").save(file, "PNG")
    return path


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("words", ["--help", "upscale --help", "doctor", "models list"])
def test_any_encoding_takes_all_that_is_said(shell: Shell, encoding: str, words: str) -> None:
    """A terminal that is not UTF-8 shows help, tables and lines, their odd letters as numbers."""
    done = shell(f"trombine {words}", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode(encoding)


def test_letters_that_a_stream_lacks_are_numbers(instead: Start) -> None:
    """What is said on an ASCII terminal loses no word for a dash in it."""
    body = """
print("3 × 4 – … " + chr(0xDCE9))
print("3 × 4 – …", file=sys.stderr)
"""
    done = instead(body, PYTHONIOENCODING="ascii")
    assert done.stdout == "3 \\xd7 4 \\u2013 \\u2026 \\udce9\n"
    assert done.stderr == "3 \\xd7 4 \\u2013 \\u2026\n"


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_names_that_are_not_utf_8_are_done_in_every_verb(
    shell: Shell, tmp_path: Path, encoding: str
) -> None:
    """A file's name may hold any byte: it is read and written, or refused in one line; what is
    written is named in another."""
    (tmp_path / "pics").mkdir()
    picture(tmp_path / "pics" / os.fsdecode(b"n\xe9.png"))
    n, d = "$'pics/n\\xe9.png'", "$'d\\xff'"
    lines = {
        f"upscale {n} -o {d}": 0,
        f"replay {d}/* --inputs pics -o {d}2": 0,
        f"read {n}": 0,
        f"read {n} --json -o {d}3": 0,
        f"data prepare pics --size 16 -o {d}4": 0,
        f"data leaves --count 1 --size 16 -o {d}5": 0,
        f"models show {n}": 2,
        f"runs show {d}": 2,
        f"{n}": 2,
    }
    if encoding == "utf-8":  # in which less goes wrong: what writes, what is made again, what reads
        lines = dict(islice(lines.items(), 3))
    for line, code in lines.items():
        done = shell(f"trombine {line}", PYTHONIOENCODING=encoding)
        assert done.returncode == code, (line, done.stderr)
        assert b"Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) <= 2, (line, done.stderr)
    assert (tmp_path / os.fsdecode(b"d\xff") / os.fsdecode(b"n\xe9.png")).exists()


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_closed_streams_lose_nothing(shell: Shell, tmp_path: Path, closed: str) -> None:
    """Without an output or an error stream the same files are written, with the same code."""
    picture(tmp_path / "in.png")
    done = shell(f"trombine upscale in.png -o out.png {closed}")
    assert done.returncode == 0
    named = b"trombine: out.png: 48 x 48, " if closed == ">&-" else b""
    assert done.stderr.startswith(named) and len(done.stderr.splitlines()) == bool(named)
    with Image.open(tmp_path / "out.png") as made:
        assert made.size == (48, 48)
    assert shell(f"trombine upscale none.png -o two.png {closed}").returncode == 2
    assert shell(f"trombine nonsense {closed}").returncode == 2


def test_a_file_never_gets_the_number_of_a_closed_stream(instead: Start, tmp_path: Path) -> None:
    """A library that complains on stream 2 does not write into a picture."""
    closed = "import os\nfor number in (1, 2):\n    os.close(number)\n"
    instead("open('opened', 'w').write(str(os.open('x', 64)))", before=closed)
    assert int((tmp_path / "opened").read_text()) > 2


REFUSES_LATE = """
import sys
import trombine.cli
from trombine.__main__ import main

def refuse(words):
    print("as far as it came")
    raise OSError("odd")

trombine.cli.run = refuse
sys.argv = ["trombine"]
sys.exit(main())
"""


def test_a_full_disk_behind_the_output_is_one_line(shell: Shell) -> None:
    """What cannot be written down is said, once, and does not hide what else is said."""
    done = shell("trombine --version >/dev/full")
    assert (done.returncode, done.stderr) == (2, b"trombine: no space left on device\n")
    done = shell(f"{sys.executable} -c '{REFUSES_LATE}' >/dev/full", PYTHONUNBUFFERED="")
    assert (done.returncode, done.stderr) == (2, b"trombine: odd\n")


def test_who_stops_reading_complaints_stops_no_work(shell: Shell, tmp_path: Path) -> None:
    """With the error stream in a pipe that is closed, all pictures are done all the same."""
    names = [picture(tmp_path / f"{number}.png").name for number in range(3)]
    command = f"trombine read {names[0]} {names[1]} {names[2]} -o out"
    done = shell(f"{command} 2> >(exec 0<&-; sleep 0); wait $!")
    assert done.returncode == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names


# --- memory that ends ------------------------------------------------------------------------

OVER = 1 << 50  # bytes: no machine has so many


def as_torch_says(*_: object, **__: object) -> None:
    torch.empty(OVER, dtype=torch.uint8)


def as_numpy_says(*_: object, **__: object) -> None:
    np.empty(OVER, np.uint8)


def as_python_says(*_: object, **__: object) -> None:
    bytearray(OVER)


@pytest.mark.parametrize("ends", [as_torch_says, as_numpy_says, as_python_says])
@pytest.mark.parametrize("side", [24, 300])  # several at once, and one by one
def test_memory_that_ends_skips_the_picture_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: Callable[..., None], side: int
) -> None:
    """A picture too large for the machine is named in one line; the others are enlarged."""
    large = picture(tmp_path / "a.png", side + 8)
    small = picture(tmp_path / "b.png", side)
    real = making._enlarged

    def enlarged(frames: Frames, *rest: Any, **options: Any) -> Frames | Video:
        if frames.first.width == side + 8:
            ends()
        return real(frames, *rest, **options)

    monkeypatch.setattr(making, "_enlarged", enlarged)
    result = upscale(pictures=(large, small), output=tmp_path / "out", model="upscale-fast")
    assert [path.name for path in result.written] == ["b.png"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.png"]
    assert [skipped.file for skipped in result.skipped] == [large]
    why = result.skipped[0].why
    assert why.startswith("takes more memory than there is; ") and "smaller tile" in why
    assert "\n" not in why


def test_memory_that_ends_while_reading_skips_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`read` names the picture in one line, whether it prints or writes."""
    large, small = picture(tmp_path / "a.png", 32), picture(tmp_path / "b.png")
    real = readings.read_faces

    def read_faces(pixels: Any, *rest: Any, **options: Any) -> Any:
        if pixels.shape[-1] == 32:
            as_torch_says()
        return real(pixels, *rest, **options)

    monkeypatch.setattr(readings, "read_faces", read_faces)
    for output in (None, tmp_path / "out"):
        result = read(pictures=(large, small), output=output)
        assert [skipped.file for skipped in result.skipped] == [large]
        assert result.skipped[0].why.startswith("takes more memory than there is; ")


@pytest.mark.parametrize("ends", [as_torch_says, as_numpy_says, as_python_says])
def test_memory_that_ends_anywhere_else_is_one_line(
    ends: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A command for which there is too little memory says so, and what to do, and ends with 1."""
    monkeypatch.setattr("trombine.cli.run", ends)
    assert main(["doctor"]) == 1
    line = capsys.readouterr().err
    assert line.startswith("trombine: takes more memory than there is; ")
    assert line.count("\n") == 1


def test_another_fault_is_no_lack_of_memory() -> None:
    """An error that is a bug keeps its traceback."""
    assert not any(map(ran_out, (RuntimeError("sizes differ"), ValueError("out of memory"))))


# --- more than the machine has -----------------------------------------------------------------


def test_more_workers_than_cores_are_as_many_as_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--workers 100000` starts no process more than there is a core for."""
    started = []

    def processes(_: object, items: range, count: int, __: int) -> list[int]:
        started.append(count)
        return list(items)

    monkeypatch.setattr(workers, "_in_processes", processes)
    assert list(workers.in_order(abs, range(3), 100_000)) == [0, 1, 2]
    assert started == [max(2, workers.cores())]


def test_more_threads_than_cores_are_as_many_as_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`upscale --threads 100000` starts no thread more than there is a core for."""
    counts = []
    real = loop.batch

    def counted(*arguments: Any, at_once: int, **options: Any) -> Any:
        counts.append(at_once)
        return real(*arguments, at_once=at_once, **options)

    monkeypatch.setattr("trombine.batch.making.batch", counted)
    source = picture(tmp_path / "a.png")
    upscale(pictures=(source,), output=tmp_path / "b.png", model="upscale-fast", threads=100_000)
    assert counts == [workers.cores()]


@pytest.mark.parametrize(
    "words",
    [
        "data world --count 1 --size 1000000 -o out",
        "data masks --count 1 --size 1000000 -o out",
        "data leaves --count 3000000000 -o out",
        "train upscale-fast-x2 --data leaves#100 --threads 100000 --dry-run",
        "train upscale-fast-x2 --data leaves#100 --devices 100000 --dry-run",
        "train upscale-fast-x2 --data leaves#100 --batch 1000000000 --dry-run",
        "train upscale-fast-x2 --data leaves#100 --size 1000000 --dry-run",
        "train upscale-fast-x2 --data leaves#100 --width 1000000 --dry-run",
    ],
)
def test_sizes_beyond_all_machines_are_refused(
    words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A size, count or batch that no machine has room for is refused before anything is begun."""
    monkeypatch.chdir(tmp_path)
    assert main(words.split()) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not list(tmp_path.iterdir())
