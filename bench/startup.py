"""How long help pages take beside a bare program of the same library, and beside its import alone.

The bare program has one command and does nothing; what trombine takes beyond it is what trombine
adds: its own modules and the length of its help page. What the first page takes beyond an import
is all that it costs. They run in turn, each in a fresh process with compiled modules, and the
middle values are compared.

    python bench/startup.py [--rounds N] [--json]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from table import ROOT, Row, at_most, interleaved, ratio_of_medians, report

from trombine.commands import VERBS

GOAL = 1.5
BARE = '''
from cyclopts import App

app = App(name="bare", version="1")


@app.command
def greet(name: str, *, times: int = 1) -> None:
    """Say hello.

    Parameters
    ----------
    name:
        To whom.
    times:
        How often.
    """
    print(f"hello {name}\\n" * times)


app()
'''
# Every page a user can ask for, and the bare program's page of the same kind.
IMPORT = "import cyclopts, rich"
PAGES = {"--help": "--help"} | {f"{line} --help": "greet --help" for line in VERBS}


def main() -> int:
    """Measure every page; 1 unless each is within the goal."""
    parser = argparse.ArgumentParser(description="Time the help pages.")
    parser.add_argument("--rounds", type=int, default=15, help="runs of each page")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "bare.py"
        program.write_text(BARE)
        times = {page: compare(page, program, arguments.rounds) for page in PAGES}
    return report([*ratios(times), *seconds(times)], json=arguments.json)


Times = dict[str, list[float]]


def compare(page: str, program: Path, rounds: int) -> Times:
    """Seconds of trombine's page and of the bare one, for the first page of the import too."""
    ours = [sys.executable, "-m", "trombine", *page.split()]
    bare = [sys.executable, str(program), *PAGES[page].split()]
    environment = with_compiled_modules(program.parent)
    commands = {"ours": ours, "bare": bare}
    if page == "--help":
        commands["import"] = [sys.executable, "-c", IMPORT]
    measures = {name: partial(wall_seconds, c, environment) for name, c in commands.items()}
    return interleaved(measures, rounds, warm=2)


def wall_seconds(command: Sequence[str], environment: dict[str, str]) -> float:
    """One run, from start to end."""
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


def with_compiled_modules(folder: Path) -> dict[str, str]:
    """This environment, but Python keeps what it compiles, in a folder of this run alone."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return environment | {"PYTHONPYCACHEPREFIX": str(folder / "compiled")}


def ratios(times: dict[str, Times]) -> list[Row]:
    """How many times as long each page takes as the bare one, and the first as the import."""
    first = times["--help"]
    beside_import = ratio_of_medians(first["ours"], first["import"])
    return [
        *(
            at_most(
                f"trombine {page}", ratio_of_medians(both["ours"], both["bare"]), "times bare", GOAL
            )
            for page, both in times.items()
        ),
        at_most(f"trombine --help, beside {IMPORT}", beside_import, "times the import", GOAL),
    ]


def seconds(times: dict[str, Times]) -> list[Row]:
    """The times behind the first page's ratios."""
    return [
        Row(f"{name}, --help", 1000 * statistics.median(taken), "ms")
        for name, taken in times["--help"].items()
    ]


if __name__ == "__main__":
    sys.exit(main())
