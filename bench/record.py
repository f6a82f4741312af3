"""Run the programs of bench/ one after the other and keep what they found in bench/results/.

    python bench/record.py              all of them: what `make bench` does
    python bench/record.py data         only these
    python bench/record.py --old        those whose result is older than the code that it measures:
                                        stopped and given again it goes on with what is left

A result is the program's own JSON, which names command, commit and machine, and the minutes it
took; README.md and docs/ quote it (fill_figures.py). It is kept when a goal was missed too, and
then the exit code is 1.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
import time
from functools import cache
from json import JSONDecodeError, dumps, loads
from pathlib import Path

from evaluations import CHANGES
from table import ROOT, Row, as_table, commit

# In this order: the short ones first.
PROGRAMS = (
    "data",
    "resume",
    "engine",
    "studio",
    "reader",
    "reader_speed",
    "reader_people",
    "choices",
    "scratches",
    "inpaint",
    "inpaint_passes",
    "steering",
    "originality",
    "fidelity",
    "generate",
    "generators",
    "portrait",
    "restyle",
    "microscope",
    "upscale_hole",
    "cluster",
    "upscale_command",
    "upscale",
)


DATA = ("trombine/models/zoo", "trombine/eval/protocols")  # that programs load


def main() -> int:
    """Run what was named; 0 if every row of every program met its goal."""
    parser = argparse.ArgumentParser(description="Run and keep the results.")
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help=", ".join(PROGRAMS))
    parser.add_argument("--old", action="store_true", help="those that are older than the code")
    parser.add_argument("--list", action="store_true", help="name them, and run nothing")
    args = parser.parse_args()
    programs = args.programs or PROGRAMS
    if unknown := set(programs) - set(PROGRAMS):
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(PROGRAMS)}")
    if args.old:
        programs = [name for name in programs if is_old(name)]
    if args.list:
        print(*programs, sep="\n")
        return 0
    refuse_changes(parser)
    met = [record(name) for name in programs]
    return 0 if all(met) else 1


def refuse_changes(parser: argparse.ArgumentParser) -> None:
    """End the program where the code that would run differs from its commit."""
    if commit().endswith(CHANGES):
        parser.error("the code differs from its commit, which each result names: commit it first")


def record(name: str, root: Path = ROOT) -> bool:
    """Run one program, keep its JSON, print its table; whether it met its goals."""
    print(f"\nbench/{name}.py", flush=True)
    command = [sys.executable, f"bench/{name}.py", "--json"]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True)
    minutes = round((time.perf_counter() - start) / 60, 1)
    try:
        result = loads(done.stdout)
    except JSONDecodeError:
        print(f"it printed no JSON and ended with {done.returncode}")
        return False
    kept = dumps({"minutes": minutes, **result}, indent=1) + "\n"
    keep(root / "bench" / "results" / f"{name}.json", kept)
    print(as_table([Row(**row) for row in result["rows"]]))
    return done.returncode == 0


def is_old(name: str, root: Path = ROOT) -> bool:
    """Whether there is no result, or a file that its program imports has changed since its commit;
    also where that commit is not known."""
    path = root / "bench" / "results" / f"{name}.json"
    if not path.exists():
        return True
    commit = loads(path.read_text())["commit"]
    files = [str(file.relative_to(root)) for file in sorted(imported(name.replace("-", "_"), root))]
    command = ["git", "diff", "--quiet", commit, "HEAD", "--", *files, *DATA]
    return subprocess.run(command, cwd=root, stderr=subprocess.DEVNULL).returncode != 0


def imported(name: str, root: Path = ROOT) -> set[Path]:
    """The files of bench/, research/ and trombine/ that a program imports, itself too."""
    found = set[Path]()
    waiting = [root / folder / f"{name}.py" for folder in ("bench", "research")]
    while waiting:
        file = waiting.pop()
        if file in found or not file.is_file():
            continue
        found.add(file)
        for module in _modules(file.read_text()):
            place = Path(*module.split("."))
            for home in (root, root / "bench", root / "research"):
                waiting += [home / place.with_suffix(".py"), home / place / "__init__.py"]
    return found


@cache
def _modules(source: str) -> list[str]:
    """What a source text imports, by its whole name."""
    names = list[str]()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def keep(path: Path, text: str) -> None:
    """Write by renaming: a result is whole or the one before."""
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(path)


if __name__ == "__main__":
    sys.exit(main())
