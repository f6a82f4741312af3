"""What every program in bench/ prints: one table of rows with goals, or the same rows as JSON.

A program measures, makes rows, and ends with `sys.exit(report(rows, json=args.json))`. The JSON
names the command, the commit and the machine, so that a figure quoted in the documentation can be
traced to the run that gave it (see fill_figures.py). Nothing here measures anything, but for
`interleaved`, the one fair way to compare two things on a machine that is never quiet, and
`cpu_seconds`. A goal is no rate of one machine: it is a ratio to something timed in the same run.
"""

from __future__ import annotations

import argparse
import platform
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from json import dumps
from pathlib import Path
from typing import Any

import evaluations

from trombine.core.computing import cores

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ("trombine", "torch", "numpy", "numba", "scipy", "pillow", "cyclopts")


@dataclass(frozen=True)
class Row:
    """One measured figure: `goal` says what was wanted in words, None where it is only reported."""

    name: str
    value: float
    unit: str
    goal: str | None = None
    ok: bool = True


def at_least(name: str, value: float, unit: str, goal: float) -> Row:
    """A row that is met when `value` is `goal` or more."""
    return Row(name, value, unit, f">= {goal:g}", bool(value >= goal))


def at_most(name: str, value: float, unit: str, goal: float) -> Row:
    """A row that is met when `value` is `goal` or less."""
    return Row(name, value, unit, f"<= {goal:g}", bool(value <= goal))


def report(rows: Sequence[Row], json: bool = False) -> int:
    """Print the rows, as a table or as JSON; return the exit code, 1 unless every row is met. Log
    them where what is kept for tests was measured.

    No rows at all is a failure: a program that measured nothing has shown nothing.
    """
    print(dumps(as_json(rows), indent=1) if json else as_table(rows))
    evaluations.log_uses(command(), [(row.name, row.value) for row in rows])
    return 0 if rows and all(row.ok for row in rows) else 1


def as_json(rows: Sequence[Row]) -> dict[str, object]:
    """The rows, and what is needed to know where they come from."""
    return {
        "command": command(),
        "commit": commit(),
        "machine": machine(),
        "rows": [asdict(row) for row in rows],
    }


def as_table(rows: Sequence[Row]) -> str:
    """The rows in aligned columns, the machine on the last line."""
    head = ("", "value", "unit", "goal", "")
    cells = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(head))]
    lines = [_aligned(line, widths) for line in cells]
    about = ", ".join(f"{name} {value}" for name, value in machine().items())
    return "\n".join([*lines, "", about])


def _cells(row: Row) -> tuple[str, str, str, str, str]:
    verdict = "" if row.goal is None else "met" if row.ok else "MISSED"
    return row.name, figure(row.value), row.unit, row.goal or "", verdict


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    name, value, *rest = line
    padded = [cell.ljust(width) for cell, width in zip(rest, widths[2:], strict=True)]
    return "  ".join([name.ljust(widths[0]), value.rjust(widths[1]), *padded]).rstrip()


def figure(value: float) -> str:
    """A number at about four digits, without an exponent where one can do without."""
    if value == 0 or 0.001 <= abs(value) < 1:
        return f"{value:.3f}"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def options(about: str | None, **defaults: Any) -> argparse.Namespace:
    """What the command line says: --json, --log, and an option for each default, of its type; of a
    table or tuple (--only) some names. A run begins here: its seeds are noted."""
    parser = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    about_log = "where uses of test pictures are logged, instead of bench/evaluations.jsonl"
    parser.add_argument("--log", type=Path, metavar="FILE", help=about_log)
    for name, default in defaults.items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(default, int | float | str):
            help = f"default {default}"
            parser.add_argument(option, type=type(default), default=default, help=help)
        else:
            names = list(default)
            parser.add_argument(option, nargs="+", choices=names, default=names, metavar="NAME")
    given = parser.parse_args()
    evaluations.begin(commit(), given.log)
    if "first_seed" in given:
        evaluations.use_seeds(range(given.first_seed, given.first_seed + given.count))
    return given


def command() -> str:
    """The command that is running, as typed from the repository's root."""
    program = Path(sys.argv[0]).resolve()
    name = program.relative_to(ROOT) if program.is_relative_to(ROOT) else Path(program.name)
    return shlex.join(["python", name.as_posix(), *sys.argv[1:]])


def commit() -> str:
    """The commit of the code that ran; ends in CHANGES where code differed from it."""
    head = _git("rev-parse", "--short=12", "HEAD")
    if not head:
        return "unknown"
    # Results and the documents that quote them are what a run changes; code is what it ran.
    changed = _git("status", "--porcelain", "--", "trombine", "bench/*.py", "pyproject.toml")
    return head + (evaluations.CHANGES if changed else "")


def _git(*arguments: str) -> str:
    """What git says, or nothing where there is no git or no repository."""
    try:
        answer = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    except OSError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def machine() -> Mapping[str, str | int]:
    """What ran: processor, cores this process may use, system, versions. No names, no paths."""
    versions = {name: found for name in LIBRARIES if (found := _version(name))}
    return {
        "cpu": _processor(),
        "cores": cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **versions,
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    """The processor's name; platform.processor() is empty on most Linuxes."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text().splitlines():
            if line.startswith(("model name", "Hardware")):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def interleaved(
    measures: Mapping[str, Callable[[], float]], rounds: int, warm: int = 1
) -> dict[str, list[float]]:
    """What each measure gave in each round, taken in turn: A B, B A, A B, ...

    A machine that is slow for a second is then slow for both, and the order favours neither. The
    first `warm` rounds are thrown away.
    """
    names = list(measures)
    found: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(warm + rounds):
        for name in names if turn % 2 == 0 else reversed(names):
            value = measures[name]()
            if turn >= warm:
                found[name].append(value)
    return found


def seconds(work: Callable[[], object]) -> float:
    """Seconds by the clock that something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def cpu_seconds(work: Callable[[], object]) -> float:
    """Seconds of the processor that something takes in this process, all threads together."""
    start = time.process_time()
    work()
    return time.process_time() - start


def ratio_of_medians(numerator: Sequence[float], denominator: Sequence[float]) -> float:
    """How many times larger the middle of one list is than the middle of the other."""
    return statistics.median(numerator) / statistics.median(denominator)
