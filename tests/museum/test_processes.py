"""Threads, signals, caches, streams and memory: what a machine may do to a command, and its end."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread

import pytest
import torch

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
