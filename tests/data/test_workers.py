"""Workers: results in order, errors that reach the caller, and nobody left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from trombine.data import workers
from trombine.data.workers import WorkerError, cores, in_order


class BadNumberError(Exception):
    """What a worker raises here."""


def square(number: int) -> int:
    return number * number


def fail_at_three(number: int) -> int:
    if number == 3:
        raise BadNumberError("three")
    return number


def die_at_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def threads(_: int) -> tuple[int, str]:
    return os.getpid(), os.environ["OMP_NUM_THREADS"]


def pid_slowly(_: int) -> int:
    time.sleep(0.2)
    return os.getpid()


def note(item: tuple[str, int]) -> int:
    """Leave a file that says the item was begun."""
    folder, number = item
    (Path(folder) / str(number)).touch()
    time.sleep(0.05)
    return os.getpid()


def interrupted(number: int) -> int:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.05)
    return number


def alive(pid: int) -> bool:
    """Whether a process runs (one that has ended and was not asked for does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(condition: Callable[[], object], seconds: float = 30) -> None:
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, "waited in vain"
        time.sleep(0.02)


def test_one_worker_is_this_process() -> None:
    assert list(in_order(threads, [0], 1)) == [(os.getpid(), os.environ["OMP_NUM_THREADS"])]


def test_results_come_in_order_from_single_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert list(in_order(square, range(50), 2)) == [n * n for n in range(50)]
    found = list(in_order(threads, range(4), 2))
    assert os.getpid() not in {pid for pid, _ in found}
    assert {count for _, count in found} == {"1"}


def test_items_are_asked_for_as_they_are_needed() -> None:
    """A million seeds are not put into a queue at once."""
    asked: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            asked.append(number)
            yield number

    with closing(in_order(square, items(), 2)) as results:
        assert list(islice(results, 3)) == [0, 1, 4]
    assert len(asked) < 20


def test_an_error_in_a_worker_is_the_callers() -> None:
    with pytest.raises(BadNumberError, match="three"):
        list(in_order(fail_at_three, range(9), 2))


def test_a_worker_that_dies_is_told_of_in_one_line() -> None:
    with pytest.raises(WorkerError, match="a worker process ended by itself") as caught:
        list(in_order(die_at_three, range(9), 2))
    assert "\n" not in str(caught.value)


def test_ctrl_c_is_for_the_caller() -> None:
    """A terminal sends it to the workers too, which must not die of it with tracebacks."""
    assert list(in_order(interrupted, range(4), 2)) == [0, 1, 2, 3]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")
def test_closing_begins_no_further_items_and_ends_the_workers(tmp_path: Path) -> None:
    """The items at hand are ended: a worker killed while it sends a result hangs the pool."""
    items = ((str(tmp_path), number) for number in range(1000))
    with closing(in_order(note, items, 2)) as results:
        workers = set(islice(results, 4))
        begun = len(list(tmp_path.iterdir()))
    # At hand are one item a worker, and those that the pool has handed out already.
    after = len(list(tmp_path.iterdir()))
    assert after <= begun + 2 + 3
    assert not any(alive(pid) for pid in workers)
    time.sleep(0.2)
    assert len(list(tmp_path.iterdir())) == after


UNGUARDED = """
import sys
from pathlib import Path
from trombine.data.{module} import {write}
from trombine.data.made import Maker
leaves = Maker(kind="leaves", size=16)
list({write}(Path(sys.argv[1]), leaves, first_seed=0, count=3, workers=2))
"""


@pytest.mark.parametrize("write", ["packing.write_pack", "filling.fill_folder"])
def test_a_script_without_a_guard_is_told_and_does_not_hang(tmp_path: Path, write: str) -> None:
    """Its workers come to the same call, and the lock is their parent's."""
    module, _, function = write.partition(".")
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED.format(module=module, write=function))
    command = [sys.executable, str(script), str(tmp_path / "out")]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert answer.returncode == 1
    assert "put the call below such a line, or ask for one worker" in answer.stderr
    assert answer.stderr.rstrip().endswith("run again, or with one worker")


ORPHANS = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
from test_workers import pid_slowly
from trombine.data.workers import in_order
for pid in in_order(pid_slowly, range(1000), 2):
    print(pid, flush=True)
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")
def test_workers_do_not_outlive_a_killed_parent() -> None:
    command = [sys.executable, "-c", ORPHANS, str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        workers = {int(parent.stdout.readline()) for _ in range(8)}
        parent.kill()
    assert len(workers) == 2
    wait_for(lambda: not any(alive(pid) for pid in workers))


def test_cores_are_at_least_one() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)


def test_little_work_starts_no_process() -> None:
    assert list(in_order(pid_slowly, range(3), None)) == [os.getpid()] * 3


def test_much_work_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it has taken a while: here after the first item."""
    monkeypatch.setattr(workers, "_ALONE", 0.1)
    monkeypatch.setattr(workers, "cores", lambda: 2)
    first, *others = in_order(pid_slowly, range(5), None)
    assert first == os.getpid() and len(others) == 4 and os.getpid() not in others
