"""Damaged files of every format: each is read or refused in one line, in bounded memory and time.

Every file goes through all that opens pictures: `read`, with and without `least`, `read_frames`,
`read_provenance` and `output_suffix`. This happens in a process of its own, so that a decoder that
crashes, hangs or takes too much memory is seen, and its file is named; `--keep` saves such files.

    python bench/fuzz.py [--count 2000] [--first-seed 0] [--keep FOLDER] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from mutants import mutant, sound_files
from table import Row, at_least, at_most, report

from trombine.images import output_suffix, read, read_frames, read_provenance
from trombine.refusal import InputError

MEMORY: Final = 1000.0  # MB, for the whole process
SECONDS: Final = 10.0  # for opening a file once
_ROOM: Final = 8 << 30  # bytes of address space: beyond it memory is refused, not the machine ill

READERS: Final[dict[str, Callable[[Path], object]]] = {
    "read": read,
    "read, reduced": lambda path: read(path, least=8),
    "read_frames": read_frames,
    "read_provenance": read_provenance,
    "output_suffix": output_suffix,
}

_HANGS: Final = 2 * SECONDS * len(READERS)  # a process that takes longer is ended


@dataclass(frozen=True, kw_only=True)
class Found:
    """What became of one file."""

    index: int
    name: str
    read: bool = False  # else refused
    fault: str = ""  # what should not have happened
    megabytes: float = 0.0  # the process's peak meanwhile
    seconds: float = 0.0  # what the slowest way to open it took


def main() -> int:
    """Damage, read, print, and say whether the goals were met."""
    arguments = parse()
    if arguments.child is not None:
        return child(arguments.first_seed, arguments.child, arguments.count)
    found = list(attempts(arguments.first_seed, arguments.count))
    for one in (one for one in found if is_bad(one)):
        what = one.fault or f"{one.megabytes:.0f} MB, {one.seconds:.1f} s"
        print(f"{one.index} ({one.name}): {what}", file=sys.stderr)
        if arguments.keep:
            keep(arguments.keep, arguments.first_seed, one.index)
    return report(rows(found, arguments.count), json=arguments.json)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=2000, help="files")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="save the files that fail")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def rows(found: list[Found], count: int) -> list[Row]:
    """The goals."""
    faults = [one.fault for one in found]
    well = sum(not fault for fault in faults)
    return [
        at_least("files read or refused in one line", well, "files", count),
        Row("  of which read", sum(one.read for one in found), "files"),
        Row("formats", len({one.name for one in found}), "kinds"),
        at_most("tracebacks", sum("line" in fault for fault in faults), "files", 0),
        at_most("crashes and hangs", sum("ended" in fault for fault in faults), "files", 0),
        at_most("peak memory", max(one.megabytes for one in found), "MB", MEMORY),
        at_most("slowest file", max(one.seconds for one in found), "s", SECONDS),
    ]


def is_bad(one: Found) -> bool:
    return bool(one.fault) or one.megabytes > MEMORY or one.seconds > SECONDS


def keep(folder: Path, first_seed: int, index: int) -> None:
    """Save the file, and the sound one it was."""
    folder.mkdir(parents=True, exist_ok=True)
    name, data = mutant(sound_files(), first_seed, index)
    (folder / f"{first_seed}-{index}-{name.replace(' ', '_')}").write_bytes(data)


def attempts(first_seed: int, count: int) -> Iterator[Found]:
    """What became of each file; where the process ends, the next one goes on after that file."""
    index = 0
    while index < count:
        name = ""
        with _started(first_seed, index, count) as process:
            assert process.stdout is not None
            for line in process.stdout:
                said = json.loads(line)
                if isinstance(said, str):  # the name of the file that is read now
                    name = said
                    continue
                yield Found(**said)
                index += 1
        if index < count:
            yield Found(index=index, name=name, fault=f"ended with {process.returncode}")
            index += 1


def _started(first_seed: int, index: int, count: int) -> subprocess.Popen[str]:
    numbers = ["--first-seed", str(first_seed), "--count", str(count), "--child", str(index)]
    command = [sys.executable, str(Path(__file__)), *numbers]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def child(first_seed: int, start: int, count: int) -> int:
    """Read the files from `start` on, and say what became of each, a line of JSON a file."""
    resource.setrlimit(resource.RLIMIT_AS, (_ROOM, _ROOM))
    files = sound_files()
    with tempfile.TemporaryDirectory() as folder:
        for index in range(start, count):
            name, data = mutant(files, first_seed, index)
            say(name)
            path = Path(folder) / "mutant"
            path.write_bytes(data)
            signal.setitimer(signal.ITIMER_REAL, _HANGS)  # then the system ends the process
            say(asdict(attempt(path, index, name)))
            signal.setitimer(signal.ITIMER_REAL, 0)
    return 0


def say(what: object) -> None:
    print(json.dumps(what), flush=True)


def attempt(path: Path, index: int, name: str) -> Found:
    """Open one file in every way."""
    reset_peak()
    times = [time.perf_counter()]
    outcomes: dict[str, tuple[bool, str]] = {}
    for reader, opens in READERS.items():
        outcomes[reader] = outcome(lambda opens=opens: opens(path))
        times.append(time.perf_counter())
    faults = [f"{reader}: {fault}" for reader, (_, fault) in outcomes.items() if fault]
    return Found(
        index=index,
        name=name,
        read=outcomes["read"][0],
        fault="; ".join(faults),
        megabytes=peak(),
        seconds=max(later - earlier for earlier, later in pairwise(times)),
    )


def outcome(opens: Callable[[], Any]) -> tuple[bool, str]:
    """Whether the file was read, and what is wrong with how it was refused."""
    try:
        opens()
    except InputError as error:
        line = str(error)
        return False, "" if line.isprintable() else f"several lines, or marks: {line!r}"
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return False, f"{error!r} in {Path(last.filename).name}, line {last.lineno}"
    return True, ""


def reset_peak() -> None:
    """Let the system forget how much memory was ever held, where it can."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak() -> float:
    """The most memory held since `reset_peak`, or ever, in MB."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    except (OSError, IndexError):
        held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return held / (1 << 20 if sys.platform == "darwin" else 1 << 10)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
