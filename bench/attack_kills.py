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

from attack_targets import SETTINGS
from table import Row, at_least, at_most

FOREIGN: Final = {"notes.txt": b"mine\n", ".hidden": b"mine too\n", "mine.part": b"no part\n"}
_POLL: Final = 0.001  # seconds between two looks at the folder
_TRIES: Final = 4  # for a kill that comes before the command is done
_HANGS: Final = 300.0  # seconds
_RUN_VARIES: Final = ("*clock.jsonl", "*index.html", "*.lock", "*film.mp4")


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A command that writes files, and what it needs."""

    command: str
    needs: tuple[str, ...] = ()
    before: str = ""  # a command that makes an older result, which is then replaced
    varies: tuple[str, ...] = ()  # files that hold times
    into: str = ""  # a folder of the output in which others may have files


_FACES: Final = "data world --count 6 --size 48 --workers 2"
_SMALL: Final = f"{SETTINGS} --pictures 24"

VERBS: Final[dict[str, Verb]] = {
    "upscale, png": Verb(
        command="upscale world --model upscale-fast-x2 --sheet -o out",
        needs=("world",),
        into="out",
    ),
    "upscale, bmp": Verb(
        command="upscale bitmaps --model upscale-fast-x2 -o out", needs=("bitmaps",), into="out"
    ),
    "upscale --overwrite": Verb(
        command="upscale bitmaps --model upscale-fast-x2 --sheet --overwrite -o out",
        needs=("bitmaps",),
        before="upscale bitmaps --model upscale-fast-x2 --sheet -x 3 -o out",
        into="out",
    ),
    "read": Verb(
        command="read world --write-parts --write-points --json -o out",
        needs=("world",),
        into="out",
    ),
    "data world": Verb(command=f"{_FACES} -o out", into="out"),
    "data world --pack": Verb(command=f"{_FACES} --pack -o out"),
    "data leaves": Verb(command="data leaves --count 12 --size 64 --workers 2 -o out", into="out"),
    "data leaves --pack": Verb(command="data leaves --count 12 --size 64 --pack -o out"),
    "data fractals": Verb(
        command="data fractals --count 8 --size 96 --workers 2 -o out", into="out"
    ),
    "data fractals --pack": Verb(
        command="data fractals --count 8 --size 96 --workers 2 --pack -o out"
    ),
    "data world --overwrite": Verb(
        command=f"{_FACES} --overwrite -o out",
        before="data world --count 6 --size 32 --workers 1 -o out",
        into="out",
    ),
    "data masks": Verb(command="data masks --count 12 --size 64 --workers 2 -o out", into="out"),
    "data prepare": Verb(
        command="data prepare world --size 64 --workers 2 -o out", needs=("world",)
    ),
    "data prepare --overwrite": Verb(
        command="data prepare world --size 64 --workers 2 --overwrite -o out",
        needs=("world",),
        before="data prepare world --size 32 --workers 1 -o out",
    ),
    "replay": Verb(
        command="replay world enlarged --inputs world -o out", needs=("world", "enlarged")
    ),
    "train": Verb(
        command=f"train upscale-fast-x2 {_SMALL} -o out", needs=("leaves",), varies=_RUN_VARIES
    ),
    "sweep": Verb(
        command=f"sweep upscale-fast-x2 --grid lr=1e-3,2e-3 {_SMALL} -o out",
        needs=("leaves",),
        varies=_RUN_VARIES,
    ),
    "models import": Verb(
        command="models import old.pth --net residual:width=4,depth=2,factor=2 --task upscale"
        " -o out/new.safetensors",
        needs=("old.pth",),
        into="out",
    ),
    "models export": Verb(
        command="models export model.safetensors --onnx -o out/new.onnx",
        needs=("model.safetensors",),
        into="out",
    ),
    "runs compare": Verb(
        command="runs compare runs/first runs/second -o out/two.html", needs=("runs",), into="out"
    ),
}


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


_TRAIN: Final = f"train upscale-fast-x2 {SETTINGS} --pictures 8"
_PICKLED: Final = """
import torch
from trombine.weights import load
torch.save(load("model.safetensors").net.state_dict(), "old.pth")
"""
_BITMAPS: Final = """
from pathlib import Path
from trombine.images import read, write
Path("bitmaps").mkdir()
for path in Path("world").glob("*.png"):
    write(Path("bitmaps", f"{path.stem}.bmp"), read(path))
"""
_LARGE: Final = """
from pathlib import Path
for path in sorted(Path("enlarged").iterdir()):  # names that no other picture has
    path.rename(path.with_name(f"large-{path.name}"))
"""
_MODEL: Final = "import shutil; shutil.copy('runs/first/best.safetensors', 'model.safetensors')"
# How what the verbs work on is made: what it is made from, commands, and a text for Python.
MADE: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...], str]]] = {
    "world": ((), ("data world --count 4 --size 32 --workers 1 -o world",), ""),
    "leaves": ((), ("data leaves --count 12 --size 32 --workers 1 --pack -o leaves",), ""),
    "enlarged": (("world",), ("upscale world --model upscale-fast-x2 -o enlarged",), _LARGE),
    "bitmaps": (("world",), (), _BITMAPS),
    "runs": (("leaves",), (f"{_TRAIN} -o runs/first", f"{_TRAIN} --lr 1e-3 -o runs/second"), ""),
    "model.safetensors": (("runs",), (), _MODEL),
    "old.pth": (("model.safetensors",), (), _PICKLED),
}


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
        for _ in range(_TRIES):
            fresh(verb, material, place)
            before = contents(place)
            share = (number + chance.random()) / kills
            moment = by_events(share * events) if number % 2 else by_time(share * seconds)
            if killed(verb, place, moment, alone=number % 3 == 2):
                count.kills += 1
                judge(verb, place, before, wanted, count)
                break
            seconds *= 0.8
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
        gone = name not in now and not _is_set_aside(name, data, now)
        if gone or (name in now and now[name] not in (data, wanted.get(name))):
            note(count, "lost", f"{name} is {'gone' if gone else 'changed'} after the kill")
    said = run_to_the_end(verb, place)
    after = contents(place)
    for name, data in wanted.items():
        if any(fnmatch(name, pattern) for pattern in verb.varies):
            continue
        if name not in after:
            note(count, "lost", f"{name} is not there after the second run ({said})")
        elif after[name] != data:
            note(count, "differ", f"{name} has other bytes after the second run ({said})")
    for name in sorted(after.keys() - wanted.keys()):
        if not any(fnmatch(name, pattern) for pattern in verb.varies):
            note(count, "parts", f"{name} is left ({said})")


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
