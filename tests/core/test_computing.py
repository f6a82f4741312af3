"""Work in several processes: results in order, errors that reach the caller, nobody left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import pytest
from processes import alive, until

from trombine.core.computing import WorkerError, ahead, cores, in_processes


def square(number: int) -> int:
    return number * number


def fail_at_three(number: int) -> int:
    if number == 3:
        raise KeyError("three")
    return number


def die_at_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def threads(_: int) -> tuple[int, str]:
    os.kill(os.getpid(), signal.SIGINT)  # a terminal sends it to the workers too
    return os.getpid(), os.environ["OMP_NUM_THREADS"]


def pid_slowly(_: int) -> int:
    time.sleep(0.1)
    return os.getpid()


def test_results_come_in_order_from_single_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert list(in_processes(square, range(50), 2, at_once=4)) == [n * n for n in range(50)]
    found = list(in_processes(threads, range(4), 2))
    assert os.getpid() not in {pid for pid, _ in found}
    assert {count for _, count in found} == {"1"} and os.environ["OMP_NUM_THREADS"] == "7"


def test_little_work_starts_no_process() -> None:
    assert list(in_processes(pid_slowly, range(3), None)) == [os.getpid()] * 3
    assert list(in_processes(pid_slowly, range(3), 1)) == [os.getpid()] * 3
    assert 1 <= cores() <= (os.cpu_count() or 1)


def test_an_error_in_a_worker_is_the_callers() -> None:
    with pytest.raises(KeyError, match="three"):
        list(in_processes(fail_at_three, range(9), 2))
    with pytest.raises(WorkerError, match="a worker process was killed"):
        list(in_processes(die_at_three, range(9), 2))


UNGUARDED = """
import sys
from pathlib import Path
from trombine.data.painting import paint_pack
from trombine.data.painting import Maker
paint_pack(Path(sys.argv[1]), Maker(kind="leaves", size=16), first_seed=0, count=30, workers=2)
"""


def test_a_script_without_a_guard_is_told_and_does_not_hang(tmp_path: Path) -> None:
    """Its workers come to the same call, and the lock is their parent's."""
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED)
    command = [sys.executable, str(script), str(tmp_path / "out")]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert answer.returncode == 1
    assert answer.stderr.rstrip().endswith("below such a line, or ask for one worker")


ORPHANS = """
import sys
sys.path[:0] = sys.argv[1:]
from test_computing import pid_slowly
from trombine.core.computing import in_processes
for pid in in_processes(pid_slowly, range(1000), 2):
    print(pid, flush=True)
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")
def test_workers_do_not_outlive_a_killed_parent() -> None:
    command = [sys.executable, "-c", ORPHANS, *map(str, Path(__file__).parents[:2])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        workers = {int(parent.stdout.readline()) for _ in range(8)}
        parent.kill()
    assert len(workers) == 2
    until(lambda: not any(alive(pid) for pid in workers))


def test_what_is_made_ahead_comes_in_order_and_one_ahead() -> None:
    made: list[int] = []

    def endless() -> Iterator[int]:
        for number in count():
            made.append(number)
            yield number

    coming = ahead(endless())
    assert list(islice(coming, 5)) == [0, 1, 2, 3, 4]
    coming.close()
    assert made == list(range(6))


def test_an_error_of_what_is_made_ahead_comes_in_its_place() -> None:
    coming = ahead(map(fail_at_three, count()))
    assert list(islice(coming, 3)) == [0, 1, 2]
    with pytest.raises(KeyError, match="three"):
        next(coming)
