"""Files of our own, changed by what they hold, and every command that reads them.

The commands run in other processes, several mutants in each, through the console entry, as one
types them. Whatever is no exit code of trombine's, no line of its own, or takes too much, is a
fault; the process is then a fresh one for the next mutant.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Final, Protocol, TextIO

from attack_material import make_material
from attack_targets import TARGETS, Target, call, chance_of, target_of
from distort import change_words, distort
from fuzz import peak, reset_peak
from table import Row, at_least, at_most

from trombine.__main__ import is_for_people
from trombine.__main__ import main as trombine

MEMORY: Final = 1500.0  # MB above what a process holds that has loaded torch
SECONDS: Final = 10.0  # for one command
TRACEBACK, CRASH, LINE, LOSS = "traceback", "crash", "line", "loss"
_CHILDREN: Final = resource.RUSAGE_CHILDREN
_HANGS: Final = 60.0  # seconds after which a command is ended
_ROOM: Final = 14 << 30  # bytes of address space: beyond it memory is refused, not the machine ill
# What a command that is refused may write all the same: when it ran, and pages of what is there.
_MAY_CHANGE: Final = ("clock.jsonl", "index.html", ".lock", ".part.lock")
_PROGRAM: Final = Path(__file__).with_name("attack.py")


@dataclass(kw_only=True)
class Outcome:
    """What became of one mutant under all commands that read it."""

    index: int
    kind: str
    change: str = ""
    faults: list[tuple[str, str, str]] = field(default_factory=list)  # sort, what, command
    refused: int = 0
    commands: int = 0
    megabytes: float = 0.0  # the most that a command took above the process's own
    seconds: float = 0.0  # of the processor, that the slowest command took
    waited: float = 0.0  # seconds on the clock, on a machine that may have other work


# Mutants: the process that counts ------------------------------------------------------------


def mutant_rows(place: Path, arguments: argparse.Namespace) -> list[Row]:
    """Make the sound files, let other processes attack, and sum up."""
    material = place / "material"
    material.mkdir()
    before = Path.cwd()
    os.chdir(material)
    try:
        make_material(material)
    finally:
        os.chdir(before)
    return sums(list(attempts(material, arguments)), arguments.count)


def complain(outcome: Outcome) -> None:
    """Say what was wrong, as soon as it is known."""
    about = f"{outcome.index} ({outcome.kind}, {outcome.change})"
    for sort, what, command in outcome.faults:
        print(f"{about}: {sort}: {what} [trombine {shorter(command)}]", file=sys.stderr, flush=True)
    if outcome.megabytes > MEMORY or outcome.seconds > SECONDS:
        took = f"{outcome.megabytes:.0f} MB, {outcome.seconds:.1f} s"
        print(f"{about}: {took}", file=sys.stderr, flush=True)


def shorter(command: str) -> str:
    return command if len(command) < 200 else f"{command[:200]}..."


def sums(outcomes: Sequence[Outcome], count: int) -> list[Row]:
    """The goals for the mutants."""
    sorts = Counter(sort for outcome in outcomes for sort, _, _ in outcome.faults)
    kinds = Counter(outcome.kind for outcome in outcomes)
    return [
        at_least("mutants", len(outcomes), "files", count),
        *(Row(f"  {kind}", number, "files") for kind, number in sorted(kinds.items())),
        Row("commands that were given one", sum(o.commands for o in outcomes), "commands"),
        Row("  of which refused it in a line", sum(o.refused for o in outcomes), "commands"),
        at_most("tracebacks", sorts[TRACEBACK], "commands", 0),
        at_most("crashes and hangs", sorts[CRASH], "commands", 0),
        at_most("lines that are none, or hold marks", sorts[LINE], "commands", 0),
        at_most("files lost or changed by a refusal", sorts[LOSS], "commands", 0),
        at_most("most memory, above torch's", max(o.megabytes for o in outcomes), "MB", MEMORY),
        at_most("longest command, processor time", max(o.seconds for o in outcomes), "s", SECONDS),
        Row("  on the clock", max(o.waited for o in outcomes), "s"),
    ]


def attempts(material: Path, arguments: argparse.Namespace) -> Iterator[Outcome]:
    """What became of each mutant: several processes, each with every so-manieth of them."""
    several = max(1, min(arguments.workers, arguments.count))
    with ThreadPoolExecutor(several) as pool:
        shares = pool.map(lambda n: share(material, arguments, n, several), range(several))
        yield from chain.from_iterable(shares)


def share(material: Path, arguments: argparse.Namespace, start: int, step: int) -> list[Outcome]:
    """One process after the other: a mutant that brings one down, or to a fault, is its last."""
    outcomes: list[Outcome] = []
    index = start
    while index < arguments.count:
        for outcome in watched(material, arguments, index, step):
            complain(outcome)
            outcomes.append(outcome)
            index += step
    return outcomes


def watched(
    material: Path, arguments: argparse.Namespace, index: int, step: int
) -> Iterator[Outcome]:
    """What a process says of its mutants, and what became of the one at which it ended."""
    begun: dict[str, str] = {}
    with started(material, arguments, index, step) as process:
        assert process.stdout is not None
        for line in process.stdout:
            message = json.loads(line)
            if "begun" in message:
                begun = message
                continue
            yield Outcome(**message)
            begun, index = {}, index + step
    if begun:
        outcome = Outcome(index=index, kind=target_of(index).kind, change=begun["change"])
        outcome.faults.append((CRASH, f"ended with {process.returncode}", begun["begun"]))
        yield outcome
    elif process.returncode:
        raise SystemExit(f"bench/attack.py: a process ended with {process.returncode}")


def started(
    material: Path, arguments: argparse.Namespace, index: int, step: int
) -> subprocess.Popen[str]:
    numbers = ["--child", str(index), str(step), str(arguments.count)]
    numbers += ["--first-seed", str(arguments.first_seed), "--material", str(material)]
    numbers += ["--keep", str(arguments.keep.resolve())] if arguments.keep else []
    command = [sys.executable, str(_PROGRAM), *numbers]
    surroundings = os.environ | {"PYTHONIOENCODING": "utf-8:strict"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=surroundings)


# Mutants: the process that reads them --------------------------------------------------------


def work(arguments: argparse.Namespace) -> None:
    """Make mutants and run their commands until one is at fault; a line of JSON for each."""
    resource.setrlimit(resource.RLIMIT_AS, (_ROOM, _ROOM))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    load_libraries()
    with tempfile.TemporaryDirectory() as folder:
        streams = Streams(Path(folder))
        try:
            attempt_all(arguments, Path(folder), streams)
        finally:
            streams.close()


def attempt_all(arguments: argparse.Namespace, folder: Path, streams: Words) -> None:
    """Every mutant of this process, or those until one is at fault."""
    start, step, count = arguments.child
    own = peak()
    for index in range(start, count, step):
        place = folder / f"{index}"
        outcome = attempt(arguments, index, place, streams, own)
        streams.say(asdict(outcome))
        if outcome.faults and arguments.keep:
            shutil.copytree(place, arguments.keep / f"{index}", symlinks=True)
        shutil.rmtree(place)
        if outcome.faults:
            return


def load_libraries() -> None:
    """Load what commands load, so that it is not counted as what a mutant costs."""
    import trombine.readings.making
    import trombine.training.loop
    import trombine.upscaling.making
    import trombine.weights  # noqa: F401


class Words(Protocol):
    """Where a process's words go."""

    def say(self, message: object) -> None:
        """Something for the process that counts."""

    def take(self) -> tuple[str, str]:
        """What a command has written to its two streams since the last time."""
        ...


class Streams:
    """Where this process's words go: a command's into files, its own to the parent.

    Files, and the descriptors themselves, since libraries in C know nothing of sys.stderr.
    """

    def __init__(self, folder: Path) -> None:
        self._parent: TextIO = os.fdopen(os.dup(1), "w")
        self._errors = os.dup(2)
        self._files = [(folder / name).open("w+b", buffering=0) for name in ("out", "err")]
        for number, file in enumerate(self._files, 1):
            os.dup2(file.fileno(), number)

    def say(self, message: object) -> None:
        print(json.dumps(message), file=self._parent, flush=True)

    def close(self) -> None:
        """Let this process's own errors be seen again."""
        os.dup2(self._errors, 2)

    def take(self) -> tuple[str, str]:
        """What was written since the last time."""
        sys.stdout.flush()
        sys.stderr.flush()
        texts: list[str] = []
        for file in self._files:
            file.seek(0)
            texts.append(file.read().decode("utf-8", "surrogateescape"))
            file.truncate(0)
            file.seek(0)
        return texts[0], texts[1]


def attempt(
    arguments: argparse.Namespace, index: int, place: Path, streams: Words, own: float
) -> Outcome:
    """One mutant, and all commands that read its kind, each on the same files."""
    target, chance = target_of(index), chance_of(arguments.first_seed, index)
    clean = place / "clean"
    name, change = prepare(arguments.material, target, chance, clean)
    outcome = Outcome(index=index, kind=target.kind, change=change)
    for number, pattern in enumerate(target.commands):
        here = place / f"{number}"
        shutil.copytree(clean, here, symlinks=True)
        words = [name if word == "{}" else word for word in shlex.split(pattern)]
        words = [f"{word}{Path(name).suffix}" if word == "again" else word for word in words]
        streams.say({"begun": pattern, "change": f"{change} {name}"[:200]})
        before = contents(here)
        reset_peak()
        start, ticks = time.perf_counter(), processor_time()
        signal.setitimer(signal.ITIMER_REAL, _HANGS)  # then the system ends the process
        os.chdir(here)
        code, fault = run(words)
        os.chdir(place)
        signal.setitimer(signal.ITIMER_REAL, 0)
        outcome.seconds = max(outcome.seconds, processor_time() - ticks)
        outcome.waited = max(outcome.waited, time.perf_counter() - start)
        outcome.megabytes = max(outcome.megabytes, peak() - own)
        outcome.commands += 1
        outcome.refused += code == 2
        faults = [fault] if fault else list(faults_in(code, *streams.take()))
        faults += [(LOSS, what) for what in lost(before, here, words[0])] if code == 2 else []
        streams.take()
        outcome.faults += [(sort, what, pattern) for sort, what in faults]
    return outcome


def processor_time() -> float:
    """Seconds that this process and those it has started and waited for have worked."""
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def prepare(material: Path, target: Target, chance: Any, clean: Path) -> tuple[str, str]:
    """Copy what the commands need, and change the file: its name, and in words what was done."""
    clean.mkdir(parents=True)
    if target.format == "words":
        text = target.files[int(chance.integers(len(target.files)))]
        copy(material, target.needs, clean)
        return change_words(text, chance) or "-", "words"
    paths = sorted(path for pattern in target.files for path in material.glob(pattern))
    path = paths[int(chance.integers(len(paths)))]
    name = path.relative_to(material).as_posix()
    copy(material, (*target.needs, name), clean)
    others = [
        other
        for one in TARGETS
        if one.format != "words"
        for pattern in one.files
        for other in material.glob(pattern)
    ]
    return name, distort(clean / name, target.format, chance, others)


def copy(material: Path, names: Sequence[str], clean: Path) -> None:
    for name in names:
        source, target = material / name, clean / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


def run(words: list[str]) -> tuple[int, tuple[str, str] | None]:
    """Run a command here: its exit code, and what should not have happened."""
    try:
        return (call(words) if words[0].startswith("@") else trombine(words)), None
    except BaseException as error:
        if words[0].startswith("@") and isinstance(error, Exception) and is_for_people(error):
            print(f"trombine: {error}", file=sys.stderr)
            return 2, None
        last = traceback.extract_tb(error.__traceback__)[-1]
        ours = [f for f in traceback.extract_tb(error.__traceback__) if "/trombine/" in f.filename]
        places = dict.fromkeys(f"{Path(f.filename).name}:{f.lineno}" for f in (*ours[-1:], last))
        return 1, (TRACEBACK, f"{shorter(repr(error))} in {', '.join(places)}")


def faults_in(code: int, out: str, errors: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the words of a command that ended by itself."""
    lines = errors.splitlines()
    if code not in (0, 1, 2):
        yield LINE, f"ended with {code}"
    if code == 2 and not lines:
        yield LINE, "refused without a word"
    for line in lines:
        if not line.startswith("trombine: ") or not line.isprintable():
            yield LINE, f"{line[:200]!r}"
            break
    marks = [letter for letter in out if not letter.isprintable() and letter != "\n"]
    if marks:
        yield LINE, f"prints {marks[0]!r}"


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, but for those that may change."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(_MAY_CHANGE)
    }


def lost(before: dict[str, bytes], folder: Path, verb: str) -> Iterator[str]:
    """Files that a command has removed or changed though it refused to work.

    A training that ends early has gone on with its files until then.
    """
    after = contents(folder)
    for name, data in before.items():
        if name not in after:
            yield f"{name} is gone"
        elif after[name] != data and verb not in ("train", "sweep"):
            yield f"{name} was changed"
