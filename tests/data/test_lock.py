"""Locks: one holder at a time, though the file goes and comes."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from trombine.data.lock import is_locked, locked


def test_one_holds_it_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    inside: list[int] = []
    crowds: list[int] = []

    def work(name: int) -> None:
        for _ in range(20):
            with locked(path):
                inside.append(name)
                crowds.append(len(inside))
                time.sleep(0.0005)
                inside.remove(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert crowds == [1] * 120
    assert not path.exists()


def test_it_is_let_go_of_when_the_work_fails(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.lock"
    try:
        with locked(path):
            assert is_locked(path)
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert not is_locked(path) and not path.exists()


def test_a_file_that_nobody_holds_is_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    path.write_text("")  # as a kill leaves it
    assert not is_locked(path)
    with locked(path):
        assert is_locked(path)
