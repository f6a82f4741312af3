"""Whether a shipped model is what its card says: its command, run again, gives the same file.

The smallest one takes less than ten minutes of one core. On a machine whose arithmetic is another
(a processor without bf16, another torch), other bytes come out; the program then says what differs:
fields of the card, and by how much the weights and the results.

    python bench/remake.py                  the smallest
    python bench/remake.py upscale-x2       another, which may take hours
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from shutil import rmtree
from typing import Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from table import ROOT, Row, at_most, report

from trombine.runs.folder import RunFolder
from trombine.runs.log import cost
from trombine.weights import Model, load, shipped

RUNS: Final = ROOT / "runs" / "remade"


def main() -> int:
    """Train again, compare; 0 if the bytes are the shipped ones."""
    parser = argparse.ArgumentParser(description="Train a shipped model again and compare.")
    parser.add_argument("name", nargs="?", default=smallest(), choices=sorted(shipped()))
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    minutes = retrain(asked.name)
    rows = compared(asked.name, shipped()[asked.name], RUNS / asked.name / "best.safetensors")
    about = f"{asked.name}: CPU-minutes of training"
    short = asked.name == smallest()
    rows.append(at_most(about, minutes, "minutes", 10) if short else Row(about, minutes, "minutes"))
    return report(rows, json=asked.json)


def smallest() -> str:
    """The shipped model that is trained soonest: of the fewest pictures times parameters."""
    return min(shipped(), key=lambda name: _work(load(name)))


def _work(model: Model) -> int:
    return int(model.card.settings["pictures"]) * sum(one.numel() for one in model.net.parameters())


def retrain(name: str) -> float:
    """Run the card's command from the start; the CPU-minutes of its training, without painting."""
    words = shlex.split(load(name).card.command)
    folder = RUNS / name
    rmtree(folder, ignore_errors=True)
    call = [sys.executable, "-m", *words, "--no-board", "-o", str(folder)]
    print(shlex.join(words), file=sys.stderr, flush=True)
    subprocess.run(call, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return cpu_seconds(folder) / 60


def cpu_seconds(folder: Path) -> float:
    """What a run has computed for, as its clock says: all of its processes together."""
    return cost(RunFolder(folder).clock_entries()).cpu


def compared(name: str, ours: Path, made: Path) -> list[Row]:
    """Whether the bytes are the same, and if not, in what they differ."""
    same = ours.read_bytes() == made.read_bytes()
    rows = [at_most(f"{name}: files that differ", int(not same), "files", 0)]
    if same:
        return rows
    old, new = load(ours), load(made)
    was, now = asdict(old.card), asdict(new.card)
    for field in was:
        if was[field] != now[field]:
            print(f"{name}: {field} was {was[field]}, and is {now[field]}", file=sys.stderr)
    return rows + _weights(name, old, new)


def _weights(name: str, old: Model, new: Model) -> list[Row]:
    """By how much weights and results of two models differ, where they are the same net."""
    before, after = old.net.state_dict(), new.net.state_dict()
    if {key: one.shape for key, one in before.items()} != {k: t.shape for k, t in after.items()}:
        return []
    furthest = max(float((before[key] - after[key]).abs().max()) for key in before)
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    result = float((old(picture) - new(picture)).abs().max())
    return [
        Row(f"{name}: largest difference of a weight", furthest, ""),
        Row(f"{name}: largest difference of a result", 255 * result, "levels of 255"),
    ]


if __name__ == "__main__":
    sys.exit(main())
