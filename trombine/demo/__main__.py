"""`python -m trombine.demo [-o FOLDER]`: make the page, say how to open it and what to try next."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from trombine.refusal import InputError, shown


def main() -> None:
    """Make the page; print how to open it, and what to try next."""
    options = _parse_options()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported, below
    from trombine.demo.amounts import Demo
    from trombine.demo.build import NEXT, build

    demo = Demo(folder=options.output)
    if options.first_seed is not None:
        demo = Demo(folder=options.output, first_seed=options.first_seed)
    start = time.perf_counter()

    def say(words: str) -> None:
        print(f"{time.perf_counter() - start:6.1f} s  {words}", flush=True)

    try:
        say("the first time, painters are compiled: a minute in which little is said")
        path = build(demo, say)
    except InputError as error:
        print(shown(str(error)), file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    programs = Path(sys.executable).parent
    if programs.is_relative_to(Path.cwd()):
        programs = programs.relative_to(Path.cwd())
    print(f"\nThe page: {shown(path)}\nTo open it:\n")
    print(
        f"  {shown(programs / 'python')} -m webbrowser {path.resolve().as_uri()}\n\nTo try next:\n"
    )
    for line, what in NEXT.items():
        print(f"  {shown(programs / line)}\n      {what}")


def _parse_options() -> argparse.Namespace:
    words = argparse.ArgumentParser(prog="python -m trombine.demo", description="Make one page.")
    words.add_argument("-o", "--output", type=Path, default=Path("demo"), help="folder of the page")
    words.add_argument("--first-seed", type=int, help="of the faces shown; 1000000 if not given")
    return words.parse_args()


if __name__ == "__main__":
    main()
