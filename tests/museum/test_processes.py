"""Threads, caches, signals and workers: what may happen to a process, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread

import pytest
import torch

from trombine.__main__ import main
from trombine.data.filling import fill_folder
from trombine.data.made import Maker
from trombine.events import Notice
from trombine.lock import is_locked, locked
from trombine.nets import NETS, build

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
    call = [sys.executable, "-B", "-W", "error", "-m", "mine"]
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


def test_ctrl_c_before_the_handlers_are_there_shows_no_traceback(start: Start) -> None:
    """In the first instant the process ends by the signal itself, which a shell shows as 130."""
    code = WHILE_IMPORTED.replace("MODULE", "trombine.signals").replace("NUMBER", "2")
    done = start(code, "--version")
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


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
