"""Every verb that writes files, killed at many moments and run again to its end.

A kill comes when so many files or parts of files have appeared, or after a random while; it takes
the whole group of processes, or the first alone, whose workers are then orphans. Whatever was there
before must still be there, and the same command again must end with the bytes of one that was left
alone, with no part of a file beside them.
"""

from __future__ import annotations

import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from attack_verbs import MADE, VERBS, Verb
from table import Row, at_least, at_most

FOREIGN: Final = {"notes.txt": b"mine\n", ".hidden": b"mine too\n", "mine.part": b"no part\n"}
_POLL: Final = 0.001  # seconds between two looks at the folder
_TRIES: Final = 12  # for a kill that comes before the command is done
_HANGS: Final = 300.0  # seconds


@dataclass
class Count:
    """What became of the kills of a verb."""

    kills: int = 0
    lost: int = 0
    differ: int = 0
    parts: int = 0
    notes: list[str] = field(default_factory=list)


def kill_rows(place: Path, names: list[str], kills: int, first_seed: int) -> list[Row]:
    """Kill each verb so often; the rows of all."""
    material = place / "material"
    material.mkdir(parents=True)
    total, rows = Counter[str](), list[Row]()
    for name in names:
        count = attack(VERBS[name], material, place / "trial", kills, random.Random(first_seed))
        for note in count.notes:
            print(f"{name}: {note}", file=sys.stderr)
        rows.append(Row(f"  {name}", count.kills, "kills"))
        total.update(kills=count.kills, lost=count.lost, differ=count.differ, parts=count.parts)
    return [
        at_least("kills", total["kills"], "kills", kills * len(names)),
        *rows,
        at_most("files lost", total["lost"], "files", 0),
        at_most("files that differ", total["differ"], "files", 0),
        at_most("parts of files left", total["parts"], "files", 0),
    ]


def make_material(folder: Path, name: str) -> None:
    """What a verb works on, and what that is made from."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / name).exists():
        return
    needs, commands, text = MADE[name]
    for other in needs:
        make_material(folder, other)
    lines = [line(command) for command in commands]
    lines += [[sys.executable, "-c", text]] if text else []
    for words in lines:
        subprocess.run(words, cwd=folder, check=True, stdout=-3, stderr=-3)


def line(command: str) -> list[str]:
    return [sys.executable, "-m", "trombine", *shlex.split(command)]


def attack(verb: Verb, material: Path, place: Path, kills: int, chance: random.Random) -> Count:
    """Run a verb undisturbed, then kill it so often, each time in a fresh folder."""
    count = Count()
    fresh(verb, material, place)
    start, looks = time.perf_counter(), Looks(place)
    run_to_the_end(verb, place, looks)
    seconds, events = time.perf_counter() - start, looks.events
    wanted = contents(place)
    for number in range(kills):
        share = (number + chance.random()) / kills
        for _ in range(_TRIES):
            fresh(verb, material, place)
            before = contents(place)
            moment = by_events(share * events) if number % 2 else by_time(share * seconds)
            if killed(verb, place, moment, alone=number % 3 == 2):
                count.kills += 1
                judge(verb, place, before, wanted, count)
                break
            share *= 0.8  # it was done before: kill it earlier
    shutil.rmtree(place)
    return count


def fresh(verb: Verb, material: Path, place: Path) -> None:
    """A folder with what the verb needs, somebody's files, and an older result."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for name in verb.needs:
        make_material(material, name)
        if (material / name).is_dir():
            shutil.copytree(material / name, place / name)
        else:
            shutil.copy(material / name, place / name)
    if verb.before:
        kept = material.parent / f"before-{abs(hash(verb.before))}"
        if not kept.exists():
            subprocess.run(line(verb.before), cwd=place, check=True, stdout=-3, stderr=-3)
            shutil.copytree(place / "out", kept)
        else:
            shutil.copytree(kept, place / "out")
    for folder in {place, place / verb.into}:
        folder.mkdir(exist_ok=True)
        for name, data in FOREIGN.items():
            (folder / name).write_bytes(data)


# Runs ----------------------------------------------------------------------------------------

Moment = Callable[[int, float], bool]  # of events seen and seconds passed


def by_events(number: float) -> Moment:
    return lambda events, _: events >= max(1, number)


def by_time(after: float) -> Moment:
    return lambda _, seconds: seconds >= after


class Looks:
    """Counts the files that appear or grow in a folder."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._known: dict[str, tuple[int, int]] = {}
        self.events = 0
        self.look()
        self.events = 0

    def look(self) -> int:
        """How many events there were until now."""
        for path, held in _listed(self._place):
            if self._known.get(path) != held:
                self._known[path] = held
                self.events += 1
        return self.events


def _listed(folder: Path | str) -> Iterator[tuple[str, tuple[int, int]]]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                state = entry.stat(follow_symlinks=False)
                yield entry.path, (state.st_ino, 0 if entry.is_dir() else state.st_size)
            if entry.is_dir(follow_symlinks=False):
                yield from _listed(entry.path)


def begun(verb: Verb, place: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        line(verb.command),
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def run_to_the_end(verb: Verb, place: Path, looks: Looks | None = None) -> str:
    """Run the command as it is; what it printed of errors."""
    with begun(verb, place) as process:
        done = threading.Event()

        def watch() -> None:
            while looks and not done.is_set():
                looks.look()
                time.sleep(_POLL)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            _, errors = process.communicate(timeout=_HANGS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise SystemExit(f"trombine {verb.command}: hangs") from None
        finally:
            done.set()
            thread.join()
    return f"{process.returncode}: {errors.decode(errors='replace')[-300:]}"


def killed(verb: Verb, place: Path, moment: Moment, *, alone: bool) -> bool:
    """Kill the command at a moment; False where it was done before."""
    looks, start = Looks(place), time.perf_counter()
    process = begun(verb, place)
    try:
        while process.poll() is None:
            if moment(looks.look(), time.perf_counter() - start):
                os.kill(process.pid, signal.SIGKILL) if alone else os.killpg(
                    process.pid, signal.SIGKILL
                )
                break
            time.sleep(_POLL)
        process.wait()
        if alone:
            _wait_for_orphans(process.pid)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.stderr:
            process.stderr.close()
    return process.returncode == -signal.SIGKILL


def _wait_for_orphans(group: int) -> None:
    """Workers whose parent is gone end by themselves, soon."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)


# What is there afterwards --------------------------------------------------------------------


def judge(
    verb: Verb, place: Path, before: dict[str, bytes], wanted: dict[str, bytes], count: Count
) -> None:
    """Look at what the kill left, run again, and compare."""
    now = contents(place)
    for name, data in before.items():
        if name in verb.replaces:
            continue
        gone = name not in now and not _is_set_aside(name, data, now)
        if gone or (name in now and now[name] not in (data, wanted.get(name))):
            note(count, "lost", f"{name} is {'gone' if gone else 'changed'} after the kill")
    end = run_to_the_end(verb, place)
    after = contents(place)
    for name, data in wanted.items():
        if any(fnmatch(name, pattern) for pattern in verb.varies):
            continue
        if name not in after:
            note(count, "lost", f"{name} is not there after the second run ({end})")
        elif after[name] != data:
            note(count, "differ", f"{name} has other bytes after the second run ({end})")
    for name in sorted(after.keys() - wanted.keys()):
        if not any(fnmatch(name, pattern) for pattern in verb.varies):
            note(count, "parts", f"{name} is left ({end})")


def note(count: Count, what: str, text: str) -> None:
    setattr(count, what, getattr(count, what) + 1)
    count.notes.append(text)


def _is_set_aside(name: str, data: bytes, now: dict[str, bytes]) -> bool:
    """Whether the bytes of an older result lie beside, as between two renames of a pack."""
    last = name.rpartition("/")[2]
    return any(held == data and other.rpartition("/")[2] == last for other, held in now.items())


def contents(place: Path) -> dict[str, bytes]:
    """Every file and empty folder of a folder, by its name."""
    paths = [path for path in place.rglob("*") if path.is_file() or not any(path.iterdir())]
    return {
        str(path.relative_to(place)): path.read_bytes() if path.is_file() else b"folder"
        for path in paths
        if not path.name.endswith(".lock")
    }
