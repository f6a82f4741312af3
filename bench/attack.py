"""Attacks on what must not be lost: damaged files of our own, kills, interrupts while starting.

Mutants: files of every kind that trombine writes and reads itself, changed by what they hold
(distort.py), are given to every command that reads them (attack_targets.py); each must be used or
refused in one line, in bounded memory and time, and a refusal must lose nothing. Kills: every verb
that writes files is killed at many moments (attack_kills.py); the same command again must end with
the bytes of one left alone. Interrupts: a command is stopped while it starts, and must end with
130 or 143.

    python bench/attack.py [--count 2000] [--kills 5] [--interrupts 300] [--first-seed 0]
        [--only mutants kills interrupts] [--keep FOLDER] [--json]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from attack_kills import VERBS, kill_rows
from attack_mutants import mutant_rows, work
from interrupts import interrupts, is_right
from table import Row, at_least, at_most, report

from trombine.data.workers import cores

GROUPS: Final = ("mutants", "kills", "interrupts")
_BATCHES: Final = 20  # of interrupts, some of which come when a command is done


def main() -> int:
    """Attack, print, and say whether the goals were met."""
    arguments = parse()
    if arguments.child is not None:
        work(arguments)
        return 0
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if "mutants" in arguments.only:
            rows += mutant_rows(place, arguments)
        if "kills" in arguments.only:
            rows += kill_rows(
                place / "kills", arguments.verbs, arguments.kills, arguments.first_seed
            )
        if "interrupts" in arguments.only:
            rows += interrupt_rows(arguments.interrupts, arguments.first_seed)
    return report(rows, json=arguments.json)


def interrupt_rows(count: int, first_seed: int) -> list[Row]:
    """So many commands that were stopped before they were done, and how they ended."""
    stopped = early = wrong = 0
    for batch in range(_BATCHES):
        for delay, number, code, errors in interrupts(count - stopped, first_seed + batch):
            if not is_right(number, code, errors):
                wrong += 1
                print(f"{number} after {delay:.2f} s: {code}: {errors[-400:]}", file=sys.stderr)
            elif code == 128 + number:
                stopped += 1
            elif code:
                early += 1
        if stopped >= count:
            break
    return [
        at_least("interrupts while starting, ended with 130 or 143", stopped, "interrupts", count),
        at_most("  that end otherwise", wrong, "interrupts", 0),
        Row("  more that end Python, before the first line of trombine", early, "interrupts"),
    ]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=2000, help="mutants")
    parser.add_argument("--kills", type=int, default=5, help="of each verb")
    parser.add_argument("--interrupts", type=int, default=300)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", default=list(GROUPS), choices=GROUPS)
    parser.add_argument("--verbs", nargs="+", default=list(VERBS), choices=list(VERBS))
    parser.add_argument("--workers", type=int, default=cores(), help="processes for the mutants")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="save the mutants that fail")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", type=int, nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--material", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
