"""Threads, signals, caches, streams and memory: what a machine may do to a command, and its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from trombine import read, upscale
from trombine.__main__ import main
from trombine.codecs import Frames
from trombine.data import workers
from trombine.data.filling import fill_folder
from trombine.data.made import Maker
from trombine.events import Notice
from trombine.lock import is_locked, locked
from trombine.memory import ran_out
from trombine.nets import NETS, build
from trombine.readings import asked as readings
from trombine.upscaling import work
from trombine.verbs import upscale as upscale_verb

# --- one seed, one net, in any number of threads --------------------------------------------------


def alike(first: torch.nn.Module, second: torch.nn.Module) -> bool:
    ours, theirs = first.state_dict(), second.state_dict()
    return list(ours) == list(theirs) and all(torch.equal(ours[key], theirs[key]) for key in ours)


@pytest.mark.parametrize("name", NETS)
def test_one_seed_is_one_net_whatever_other_threads_draw(name: str) -> None:
    """A seed gives the net that torch's global generator would, which stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(3)
        expected = NETS[name]()
    over = Event()

    def draw() -> None:
        while not over.is_set():
            torch.rand(64)

    other = Thread(target=draw)
    other.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            nets = list(pool.map(lambda _: build(name, {}, seed=3), range(8)))
    finally:
        over.set()
        other.join()
    assert all(alike(net, expected) for net in nets)
    before = torch.get_rng_state()
    build(name, {}, seed=3)
    assert torch.equal(before, torch.get_rng_state())


def test_building_never_touches_the_global_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    """A net with spectral norm, which draws as well, needs nothing of what all threads share."""
    monkeypatch.setattr(torch.random, "fork_rng", None)
    state = torch.get_rng_state()
    sizes = {"width": 4, "size": 16, "norm": "spectral"}
    first, second = (build("dcgan_discriminator", sizes, seed=5) for _ in range(2))
    assert alike(first, second)
    assert torch.equal(state, torch.get_rng_state())


# --- a cache that cannot be used ------------------------------------------------------------------

DOUBLED = """
from trombine.world.compiled import kernel

@kernel
def doubled(x):
    return x + x

assert doubled(2.0) == 4.0
print(doubled.stats.cache_path)
"""


def compiled(folder: Path, cache: Path) -> str:
    """Where a painter, compiled in a fresh process, is kept; `None` where it is not."""
    (folder / "mine.py").write_text(DOUBLED)
    environment = os.environ | {"TROMBINE_CACHE": str(cache)}
    call = [sys.executable, "-W", "error", "-m", "mine"]
    done = subprocess.run(call, cwd=folder, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_painters_are_compiled_where_no_cache_can_be_and_leave_nothing(tmp_path: Path) -> None:
    """A file where the cache's folder would be: it works, and nothing is put beside the code."""
    cache = tmp_path / "cache"
    cache.write_text("a file")
    assert compiled(tmp_path, cache) == "None"
    assert {path.name for path in tmp_path.rglob("*")} == {"cache", "mine.py"}


def test_torn_files_of_the_cache_are_written_anew(tmp_path: Path) -> None:
    """What a full disk or a lost power left of the cache is compiled again, not stumbled over."""
    folder = Path(compiled(tmp_path, tmp_path / "cache"))
    files = {path: path.read_bytes() for path in folder.iterdir()}
    assert len(files) == 2
    for torn in files:
        torn.write_bytes(files[torn][:5])
        compiled(tmp_path, tmp_path / "cache")
        assert {path: len(path.read_bytes()) for path in folder.iterdir()} == {
            path: len(data) for path, data in files.items()
        }


def test_one_process_at_a_time_adds_to_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that compile at once never give one number to two codes."""
    from numba.core.caching import FunctionCache

    from trombine.world.kernel_noise import clamp

    cache, alone = clamp._cache, []
    lock = Path(cache.cache_path) / f"{cache._impl.filename_base}.lock"
    monkeypatch.setattr(FunctionCache, "save_overload", lambda *_: alone.append(is_locked(lock)))
    cache.save_overload(None, None)
    assert (alone, is_locked(lock)) == ([True], False)


def test_a_cache_that_cannot_be_written_is_one_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Painting goes on without a cache, and says once how to have one."""
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setenv("TROMBINE_CACHE", str(tmp_path / "cache"))
    leaves = Maker(kind="leaves", size=16)
    events = list(fill_folder(tmp_path / "out", leaves, first_seed=0, count=2, workers=1))
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert len(notices) == 1
    assert "until TROMBINE_CACHE names a folder that can be" in notices[0]


def test_a_disk_without_locks_lets_nobody_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a network disk that has no locks the work is done without them."""
    import errno
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with locked(tmp_path / "lock"):
        pass


# --- Ctrl-C and SIGTERM while a command starts ------------------------------------------------

STOPPED = "trombine: stopped; the same command again does what is missing\n"
SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}

# In front of the program's own modules: sends a signal while MODULE is imported, and aborts, as
# C++ would, where that raises an error there.
WHILE_IMPORTED = """
import os, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "MODULE":
            sys.meta_path.remove(self)
            try:
                os.kill(os.getpid(), NUMBER)
                sum(range(10))
            except BaseException:
                os.abort()

sys.meta_path.insert(0, Finder())
"""

Start = Callable[..., subprocess.CompletedProcess[str]]
Shell = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """`start(code, "doctor")`: the command in a fresh process that runs `code` before all else."""

    def run(code: str, words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "first").mkdir(exist_ok=True)
        (tmp_path / "first" / "sitecustomize.py").write_text(code)
        paths = os.pathsep.join([str(tmp_path / "first"), *sys.path[1:]])
        return subprocess.run(
            [sys.executable, "-m", "trombine", *words.split()],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": paths} | environment,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("cyclopts", "--help"),
        ("cyclopts.core", "upscale --help"),
        ("trombine.verbs.doctor", "doctor"),
        ("torch", "doctor"),
        ("torch.nn", "train upscale-fast-x2 --data leaves#100 --dry-run"),
        ("numpy", "data world --count 2 --size 16 -o out"),
    ],
)
def test_a_signal_within_an_import_waits_for_its_end(
    start: Start, number: signal.Signals, module: str, words: str
) -> None:
    """A command that is stopped while it starts ends with 130 or 143 and one line, always."""
    code = WHILE_IMPORTED.replace("MODULE", module).replace("NUMBER", str(int(number)))
    done = start(code, words)
    assert (done.returncode, done.stderr) == (SIGNALS[number], STOPPED)


IN_A_WORKER = """
import os, signal, sys

if "--multiprocessing-fork" in sys.orig_argv:
    os.kill(os.getpid(), signal.SIGINT)
"""


def test_ctrl_c_never_reaches_a_worker_that_starts(start: Start) -> None:
    """A terminal sends Ctrl-C to the workers too; they print nothing, and their parent decides."""
    done = start(IN_A_WORKER, "data world --count 2 --size 16 --workers 2 -o out")
    assert (done.returncode, done.stderr) == (0, "")


HALF_STARTED = """
import os, signal
from multiprocessing import util

spawn = util.spawnv_passfds

def spawn_and_be_interrupted(*arguments):
    number = spawn(*arguments)
    if "--multiprocessing-fork" in arguments[1]:
        os.kill(os.getpid(), signal.SIGINT)
    return number

util.spawnv_passfds = spawn_and_be_interrupted
"""


def test_a_worker_is_started_whole_or_not_at_all(start: Start) -> None:
    """Stopped between a worker's start and what it is told, the command ends without a traceback
    of the worker."""
    done = start(HALF_STARTED, "data world --count 2 --size 16 --workers 2 -o out")
    assert (done.returncode, done.stderr) == (130, STOPPED)


# The command `doctor` does this instead, whatever it is.
INSTEAD = """
import os, signal, sys, time

def instead(words):
BODY

import trombine.cli
trombine.cli.run = instead
"""


@pytest.fixture
def instead(start: Start) -> Start:
    """`instead(lines)`: a command that runs these lines."""

    def run(body: str) -> subprocess.CompletedProcess[str]:
        lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
        return start(INSTEAD.replace("BODY", lines), "doctor")

    return run


def test_an_interrupt_that_python_cannot_raise_is_raised_again(instead: Start) -> None:
    """Ctrl-C within a `__del__`, whose errors Python prints and forgets, stops the command too."""
    body = """
class Held:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        sum(range(10))
Held()
time.sleep(60)
"""
    done = instead(body)
    assert (done.returncode, done.stderr) == (130, STOPPED)


def test_a_second_signal_of_either_kind_breaks_nothing(instead: Start) -> None:
    """SIGTERM after Ctrl-C, or the other way round, does not stop the removal of what is half
    written."""
    for first, second in ((2, 15), (15, 2), (15, 15)):
        body = f"""
try:
    os.kill(os.getpid(), {first})
    time.sleep(60)
finally:
    os.kill(os.getpid(), {second})
    print("removed")
"""
        done = instead(body)
        assert (done.returncode, done.stderr) == (128 + first, STOPPED)
        assert done.stdout == "removed\n"


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_after_the_last_line_is_too_late(instead: Start, number: signal.Signals) -> None:
    """A command whose work is done ends with 0, whatever arrives while Python clears up."""
    body = f"""
import atexit
atexit.register(os.kill, os.getpid(), {int(number)})
return 0
"""
    done = instead(body)
    assert (done.returncode, done.stderr) == (0, "")


def test_who_ignores_ctrl_c_goes_on_ignoring_it(start: Start) -> None:
    """A command that a shell runs behind others does not end by the Ctrl-C that is for them."""
    code = WHILE_IMPORTED.replace("MODULE", "cyclopts").replace("NUMBER", "2")
    ignoring = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    assert start(ignoring + code, "--version").returncode == 0


def test_a_program_that_calls_main_keeps_its_handlers() -> None:
    """Called with words, a command leaves signals to the program that calls it."""
    before = [signal.getsignal(number) for number in SIGNALS]
    assert main(["--version"]) == 0
    assert [signal.getsignal(number) for number in SIGNALS] == before


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


def test_letters_that_a_stream_lacks_are_numbers(start: Start) -> None:
    """What is said on an ASCII terminal loses no word for a dash in it."""
    body = """
    print("3 × 4 – … " + chr(0xDCE9))
    print("3 × 4 – …", file=sys.stderr)
"""
    done = start(INSTEAD.replace("BODY", body), "doctor", PYTHONIOENCODING="ascii")
    assert done.stdout == "3 \\xd7 4 \\u2013 \\u2026 \\udce9\n"
    assert done.stderr == "3 \\xd7 4 \\u2013 \\u2026\n"


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_names_that_are_not_utf_8_are_done_in_every_verb(
    shell: Shell, tmp_path: Path, encoding: str
) -> None:
    """A file's name may hold any byte: it is read and written, or refused in one line."""
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
    for line, code in lines.items():
        done = shell(f"trombine {line}", PYTHONIOENCODING=encoding)
        assert done.returncode == code, (line, done.stderr)
        assert b"Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) <= 1, (line, done.stderr)
    assert (tmp_path / os.fsdecode(b"d\xff") / os.fsdecode(b"n\xe9.png")).exists()


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_closed_streams_lose_nothing(shell: Shell, tmp_path: Path, closed: str) -> None:
    """Without an output or an error stream the same files are written, with the same code."""
    picture(tmp_path / "in.png")
    done = shell(f"trombine upscale in.png -o out.png {closed}")
    assert (done.returncode, done.stderr) == (0, b"")
    with Image.open(tmp_path / "out.png") as made:
        assert made.size == (48, 48)
    assert shell(f"trombine upscale none.png -o two.png {closed}").returncode == 2
    assert shell(f"trombine nonsense {closed}").returncode == 2


def test_a_file_never_gets_the_number_of_a_closed_stream(start: Start, tmp_path: Path) -> None:
    """A library that complains on stream 2 does not write into a picture."""
    code = "import os\nfor number in (1, 2):\n    os.close(number)\n"
    check = INSTEAD.replace("BODY", "    open('opened', 'w').write(str(os.open('x', 64)))")
    start(code + check, "doctor")
    assert int((tmp_path / "opened").read_text()) > 2


def test_a_full_disk_behind_the_output_is_one_line(shell: Shell) -> None:
    """What cannot be written down is said, once."""
    done = shell("trombine --version >/dev/full")
    assert (done.returncode, done.stderr) == (2, b"trombine: no space left on device\n")


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
    real = work.enlarged

    def enlarged(frames: Frames, *rest: Any, **options: Any) -> Frames:
        if frames.frames[0].width == side + 8:
            ends()
        return real(frames, *rest, **options)

    monkeypatch.setattr(work, "enlarged", enlarged)
    result = upscale(pictures=(large, small), output=tmp_path / "out", model="upscale-fast")
    assert [path.name for path in result.written] == ["b.png"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.png"]
    assert [skipped.file for skipped in result.skipped] == [large]
    why = result.skipped[0].why
    assert why.startswith("takes more memory than there is; ") and "--tile" in why
    assert "\n" not in why


def test_memory_that_ends_while_reading_skips_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`read` names the picture in one line, whether it prints or writes."""
    large, small = picture(tmp_path / "a.png", 32), picture(tmp_path / "b.png")
    real = readings.read_as

    def read_as(image: Any, *rest: Any) -> Any:
        if image.width == 32:
            as_torch_says()
        return real(image, *rest)

    monkeypatch.setattr(readings, "read_as", read_as)
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
    real = upscale_verb.batch

    def counted(*arguments: Any, at_once: int, **options: Any) -> Any:
        counts.append(at_once)
        return real(*arguments, at_once=at_once, **options)

    monkeypatch.setattr(upscale_verb, "batch", counted)
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


# --- workers that die ------------------------------------------------------------------------

DEAD_AT_START = """
import os, sys

if "--multiprocessing-fork" in sys.orig_argv:
    os.kill(os.getpid(), 9)
"""


def test_a_worker_that_dies_while_it_starts_is_one_line(start: Start, tmp_path: Path) -> None:
    """A worker that the system killed ends the command with a line, and what was done is kept."""
    done = start(DEAD_AT_START, "data leaves --count 4 --size 16 --workers 2 -o out")
    assert done.returncode == 2
    assert done.stderr.startswith("trombine: a worker process ended by itself")
    assert done.stderr.count("\n") == 1
    done = start("", "data leaves --count 4 --size 16 --workers 2 -o out")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list((tmp_path / "out").glob("*.png"))) == 4
