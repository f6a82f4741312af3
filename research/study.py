"""A study: arms that are trained alike, measured alike, and kept in one result.

Each program that has one (`*_study.py`) is called alike:

    python research/NAME_study.py                  the table of what is known; trains nothing
    python research/NAME_study.py --run            train and measure the arms that the result lacks
    python research/NAME_study.py --run ARM ...    these, whether it has them or not
    python research/NAME_study.py --run --at-once 2        two arms at a time
    python research/NAME_study.py --run --pictures 200     a trial: so many an arm, nothing is kept

An arm that was stopped goes on where it was: trainings lie in runs/, what is known of them in
bench/results/.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from json import dumps, loads
from pathlib import Path
from threading import Lock
from typing import Any, Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from bench_path import ROOT
from evaluations import begin, log_uses
from record import keep, refuse_changes
from table import command, commit, machine

from trombine.models import Model, load
from trombine.runs.folder import RunFolder
from trombine.runs.log import cost

# Settings that count pictures: shorter in a trial.
TIMES: Final = ("pictures", "alone", "critic_alone", "ramp", "coded", "soft", "cycle", "ema")
# What arms that are measured at their end share, whatever they are about.
PLAIN: Final = {
    "precision": "float32",
    "threads": "1",
    "log_every": "1000",
    "judged": "128",
}
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One training: in which part of the study it stands, and what is tried."""

    table: str
    recipe: str
    settings: str  # as for `trombine train`, those that all arms share left out
    says: str = ""


@dataclass(frozen=True, kw_only=True)
class Study:
    """Arms, and how each is measured."""

    runs: str  # the folder of their trainings, below runs/
    result: Path
    arms: Mapping[str, Arm]
    measure: Callable[[Arm, Model, bool], Row]  # of a trained arm; whether this is a trial
    columns: Mapping[str, tuple[str, str]]  # head of a column: key in a row, a.b within, and format
    shared: Mapping[str, str] = field(default_factory=dict)  # settings; an arm's own win
    minutes: float = 10  # CPU-minutes that an arm is to take
    not_run: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # what is tried, why not

    def main(self) -> int:
        """Train what is asked for, and print what is known."""
        parser = argparse.ArgumentParser(description="Compare trainings.")
        parser.add_argument("arms", nargs="*", metavar="ARM", help=", ".join(self.arms))
        parser.add_argument("--run", action="store_true", help="train what is not yet known")
        parser.add_argument("--at-once", type=int, default=1, help="arms trained at a time")
        parser.add_argument("--pictures", type=int, help="of each arm: a trial, nothing is kept")
        asked = parser.parse_args()
        if unknown := set(asked.arms) - set(self.arms):
            parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(self.arms)}")
        torch.set_num_threads(1)
        if asked.run and not asked.pictures:
            refuse_changes(parser)
            begin(commit())
        names = asked.arms or (list(self.arms) if asked.pictures else self.lacking())
        failed = self.run(names, asked.pictures, asked.at_once) if asked.run else []
        print("a trial: nothing is kept" if asked.pictures else self.markdown())
        return 1 if failed else 0

    def run(self, names: list[str], pictures: int | None, at_once: int = 1) -> list[str]:
        """Train and measure arms; the names of those that failed."""
        failed, waiting, lock = [], list(names), Lock()

        def one(name: str) -> None:
            left = self.minutes * len(waiting)
            print(f"{name}: {len(waiting)} to go, some {left:.0f} CPU-minutes", flush=True)
            why = self.train(name, pictures)
            with lock:
                waiting.remove(name)
                if why:
                    print(f"{name}: {why}", file=sys.stderr, flush=True)
                    failed.append(name)
                    return
                row = self.row(name, pictures)
                if not pictures:
                    self.add(row)
                    log_uses(command(), [(name, row["value"])])
                print(dumps(row), flush=True)

        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(one, names))
        return failed

    def known(self) -> dict[str, Row]:
        """The rows of the result by name."""
        rows = loads(self.result.read_text())["rows"] if self.result.exists() else []
        return {row["name"]: row for row in rows}

    def lacking(self) -> list[str]:
        """The arms that the result has not, or has of another training."""
        rows, shared = self.known(), dict(self.shared)

        def is_of_it(row: Row, arm: Arm) -> bool:
            own = (row.get("recipe"), row.get("settings")) == (arm.recipe, arm.settings)
            return own and row.get("shared", shared) == shared  # old rows do not say

        return [name for name, arm in self.arms.items() if not is_of_it(rows.get(name, {}), arm)]

    def folder(self, name: str, pictures: int | None = None) -> Path:
        """Where an arm is trained."""
        return ROOT / "runs" / (f"{self.runs}-{pictures}" if pictures else self.runs) / name

    def settings(self, arm: Arm, pictures: int | None = None) -> dict[str, str]:
        """All settings of an arm's training; in a trial its times and its data are shorter."""
        words = arm.settings.split()
        names = [word.removeprefix("--").replace("-", "_") for word in words[::2]]
        found = {**self.shared, **dict(zip(names, words[1::2], strict=True))}
        if not pictures:
            return found
        share = pictures / int(found["pictures"])
        short = {
            name: str(max(round(int(found[name]) * share), 1)) for name in TIMES if name in found
        }
        place = (f"runs/{self.runs}/", f"runs/{self.runs}-{pictures}/")  # of another arm's weights
        found = {name: value.replace(*place) for name, value in (found | short).items()}
        if "data" in found:
            fewer = re.sub(
                r"#(\d+)", lambda n: f"#{max(round(int(n[1]) * share), 48)}", found["data"]
            )
            found["data"] = fewer
        return found

    def train(self, name: str, pictures: int | None = None) -> str:
        """Train an arm to its end; what went wrong, if anything."""
        arm = self.arms[name]
        settings = self.settings(arm, pictures).items()
        words = [word for key, value in settings for word in (f"--{key.replace('_', '-')}", value)]
        call = [sys.executable, "-m", "trombine", "train", arm.recipe, *words, "--no-tensorboard"]
        into = ["-o", str(self.folder(name, pictures))]
        done = subprocess.run([*call, *into], cwd=ROOT, stdout=subprocess.DEVNULL)
        return f"its training ended with {done.returncode}" if done.returncode else ""

    def row(self, name: str, pictures: int | None = None) -> Row:
        """What is known of a trained arm."""
        folder, arm = self.folder(name, pictures), self.arms[name]
        model = load(folder / "best.safetensors")
        return {
            "name": name,
            **asdict(arm),
            "shared": dict(self.shared),
            "model": model.hash,
            "parameters": sum(one.numel() for one in model.net.parameters()),
            "pictures": model.card.pictures,
            "minutes": round(cost(RunFolder(folder).clock_entries()).cpu / 60, 2),
            **self.measure(arm, model, pictures is not None),
        }

    def add(self, row: Row) -> None:
        """Put a row into the result."""
        rows = {**self.known(), row["name"]: row}
        told = {"command": command(), "commit": commit(), "machine": machine()}
        ordered = [rows[name] for name in self.arms if name in rows]
        keep(self.result, dumps({**told, "rows": ordered}, indent=1) + "\n")

    def markdown(self) -> str:
        """All arms as a document has them; what is not known yet is –."""
        heads = ("arm", "about", "what is tried", *self.columns)
        return "\n".join((_line(heads), _line("---" for _ in heads), *self._lines()))

    def _lines(self) -> Iterator[str]:
        rows = self.known()
        for name, arm in self.arms.items():
            row = rows.get(name, {})
            cells = (_cell(row, *column) for column in self.columns.values())
            yield _line((f"`{name}`", arm.table, arm.says or arm.settings, *cells))
        for name, (says, why) in self.not_run.items():
            yield _line(
                (f"`{name}`", "", says, f"not run: {why}", *("–" for _ in self.columns))[:-1]
            )


def _cell(row: Row, key: str, how: str) -> str:
    value: Any = row
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return "–" if value is None else format(value, how)


def _line(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"
