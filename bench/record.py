"""Run the programs of bench/ one after the other and keep what they found in bench/results/.

    python bench/record.py              all of them: what `make bench` does
    python bench/record.py data         only these

A result is the program's own JSON, which names command, commit and machine; README.md and docs/
quote it (fill_figures.py). It is kept when a goal was missed too, and then the exit code is 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from json import JSONDecodeError, dumps, loads
from pathlib import Path

from table import ROOT, Row, as_table

# In this order: the short ones first.
PROGRAMS = (
    "data",
    "resume",
    "engine",
    "studio",
    "reader",
    "reader_speed",
    "choices",
    "scratches",
    "inpaint",
    "steering",
    "originality",
    "generate",
    "samplers",
    "portrait",
    "restyle",
    "microscope",
    "upscale_hole",
    "cluster",
    "upscale_command",
    "upscale",
)


def main() -> int:
    """Run what was named; 0 if every row of every program met its goal."""
    parser = argparse.ArgumentParser(description="Run and keep the results.")
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help=", ".join(PROGRAMS))
    programs = parser.parse_args().programs or PROGRAMS
    if unknown := set(programs) - set(PROGRAMS):
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(PROGRAMS)}")
    met = [record(name) for name in programs]
    return 0 if all(met) else 1


def record(name: str, root: Path = ROOT) -> bool:
    """Run one program, keep its JSON, print its table; whether it met its goals."""
    print(f"\nbench/{name}.py", flush=True)
    command = [sys.executable, f"bench/{name}.py", "--json"]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True)
    try:
        result = loads(done.stdout)
    except JSONDecodeError:
        print(f"it printed no JSON and ended with {done.returncode}")
        return False
    keep(root / "bench" / "results" / f"{name}.json", dumps(result, indent=1) + "\n")
    print(as_table([Row(**row) for row in result["rows"]]))
    return done.returncode == 0


def keep(path: Path, text: str) -> None:
    """Write by renaming: a result is whole or the one before."""
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(path)


if __name__ == "__main__":
    sys.exit(main())
