"""Locks: one holder at a time, though the file goes and comes."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from trombine.lock import LockedError, alone, is_locked, locked


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


def test_alone_does_not_wait_and_says_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.lock"
    with alone(path), pytest.raises(LockedError) as found, alone(path):
        pass
    assert found.value.holder == os.getpid()
    assert path.read_text() == "" and not is_locked(path)


def test_who_only_asks_keeps_nobody_out(tmp_path: Path) -> None:
    """While another asks and asks, the lock is always had."""
    path, stop = tmp_path / "a.lock", threading.Event()
    path.write_text("")

    def ask() -> None:
        while not stop.is_set():
            is_locked(path)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(100):
            with alone(path):
                pass
    finally:
        stop.set()
        asking.join()
