"""What an enlarger should learn from, how large it should be, and for how long: the study.

Each row trains a net and says by how much it is better than bicubic. Rows of one table take about
the same CPU-minutes. What is chosen is chosen by leaves and faces of choosing seeds and by
scikit-image's coffee and rocket; astronaut, chelsea and Set5 are reported, and nothing is chosen by
them. docs/upscale-study.md has the tables and what follows from them.

    python bench/upscale_study.py                       all rows that the result lacks
    python bench/upscale_study.py leaves-60 faces       these, whether it has them or not
    python bench/upscale_study.py --at-once 2           two rows at a time

All rows together take some CPU-hours. One that was stopped goes on where it was: the trainings lie
in runs/study/, what is known of them in bench/results/upscale-study.json.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from json import dumps, loads
from pathlib import Path
from statistics import fmean
from threading import Lock
from typing import Any, Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from record import keep
from remake import cpu_seconds
from table import ROOT, command, commit, machine
from upscale_pictures import SHARED, Pictures, faces, leaves, photographs, set5
from upscale_quality import measured

from trombine.methods.upscale import of_model
from trombine.weights import Model, load

RUNS: Final = ROOT / "runs" / "study"
RESULT: Final = ROOT / "bench" / "results" / "upscale-study.json"
FIRST: Final = 1_400_000  # the first choosing seed of what is measured on
COUNT: Final = 24  # of leaves, and of faces
CHOOSING: Final = ("coffee", "rocket")
REPORTED: Final = ("astronaut", "chelsea")
CHOOSE: Final = ("leaves", "faces", " and ".join(CHOOSING))  # the names of what is chosen by


@dataclass(frozen=True)
class Study:
    """One row: in which table it stands, and what is trained."""

    table: str
    recipe: str
    settings: str


MANY: Final = "--pictures 40000 --ema 4000"
NET: Final = "--width 64 --depth 8"
GROWN: Final = "--depth 8 --start runs/study/leaves-240/best.safetensors"  # of the same depth


def _data(spec: str, size: int, more: str = "") -> Study:
    """The same net and the same number of windows, from other pictures."""
    settings = f"{NET} {MANY} --data {spec} --size {size} {more}".rstrip()
    return Study("data", "upscale-x2", settings)


def _loss(terms: str) -> Study:
    """The same net and pictures, by another loss."""
    return Study("loss", "upscale-x2", f"{NET} {MANY} {terms}")


def _net(width: int, depth: int, pictures: int) -> Study:
    """Another net, for as many pictures as take it as long."""
    sizes = f"--width {width} --depth {depth}"
    return Study("net", "upscale-x2", f"{sizes} --pictures {pictures} --ema 4000")


def _x4(table: str, recipe: str, pictures: int, more: str = "") -> Study:
    """Enlarging four times."""
    return Study(table, recipe, f"--pictures {pictures} --ema 4000 {more}".rstrip())


STUDIES: Final = {
    "leaves-240": _data("leaves#4000", 240),  # what the others are compared with
    "leaves-60": _data("leaves#20000", 60),
    "leaves-120": _data("leaves#8000", 120),
    "leaves-480": _data("leaves#1500", 480),
    "leaves-1000": _data("leaves#1000", 240),
    "leaves-100": _data("leaves#100", 240),
    "faces": _data("world:photo#4000", 240),
    "drawings": _data("world:anime#4000", 240),
    "fractals": _data("fractals#2000", 240),
    "leaves+faces": _data("leaves#4000+world:photo#4000", 240),
    "leaves+drawings": _data("leaves#4000*3+world:anime#4000", 240),
    "leaves+fractals": _data("leaves#4000*3+fractals#2000", 240),
    "leaves-shrunk": _data("leaves#4000", 240, "--augment zoom:0.5-1+mirror+crop:60"),
    "rescaled": _data("leaves#4000", 240, "--damage shrink:rescaled:2"),
    "l1": _loss("--luma 0"),
    "l2": _loss("--l1 0 --luma 0 --l2 1"),
    "charbonnier": _loss("--l1 0 --charbonnier 1"),
    "luma-8": _loss("--luma 8"),
    "w32-d8": _net(32, 8, 138_000),
    "w48-d8": _net(48, 8, 61_000),
    "w64-d4": _net(64, 4, 72_000),
    "w64-d16": _net(64, 16, 22_500),
    "w96-d8": _net(96, 8, 20_500),
    "half": Study("time", "upscale-x2", f"{NET} --pictures 20000 --ema 4000"),
    "twice": Study("time", "upscale-x2", f"{NET} --pictures 80000 --ema 4000"),
    "upscale-x4": _x4("x4", "upscale-x4", 44_000),
    "srresnet-x4": _x4("x4", "srresnet-x4", 7_100),
    "not-grown": _x4("grown", "upscale-x4", 40_000, "--depth 8"),
    "grown": _x4("grown", "upscale-x4", 40_000, GROWN),
    "grown-frozen": _x4("grown", "upscale-x4", 40_000, f"{GROWN} --freeze head+body"),
    "grown-frozen-half": _x4("grown", "upscale-x4", 40_000, f"{GROWN} --freeze head+body@20000"),
}


def main() -> int:
    """Train what is not there, measure it, keep the result."""
    parser = argparse.ArgumentParser(description="Train enlargers and compare them.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(STUDIES))
    parser.add_argument("--at-once", type=int, default=1, help="rows trained at a time")
    asked = parser.parse_args()
    if unknown := set(asked.rows) - set(STUDIES):
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(STUDIES)}")
    torch.set_num_threads(1)
    lock = Lock()

    def one(name: str) -> bool:
        if failed := train(name):
            print(f"{name}: {failed}", file=sys.stderr, flush=True)
            return False
        with lock:
            add(name)
        return True

    with ThreadPoolExecutor(asked.at_once) as pool:
        return 0 if all(list(pool.map(one, asked.rows or lacking()))) else 1


def known() -> dict[str, dict[str, Any]]:
    """The rows of the result by name."""
    rows = loads(RESULT.read_text())["rows"] if RESULT.exists() else []
    return {row["name"]: row for row in rows}


def lacking() -> list[str]:
    """The rows that the result has not, or has of another training."""
    rows = known()
    return [
        name
        for name, study in STUDIES.items()
        if not asdict(study).items() <= rows.get(name, {}).items()
    ]


def train(name: str) -> str:
    """Train a row to its end; what went wrong, if anything."""
    study = STUDIES[name]
    line = f"trombine train {study.recipe} {study.settings} --threads 1 --no-board"
    call = [sys.executable, "-m", *line.split(), "-o", str(RUNS / name)]
    done = subprocess.run(call, cwd=ROOT, stdout=subprocess.DEVNULL)
    return f"{line} ended with {done.returncode}" if done.returncode else ""


def add(name: str) -> None:
    """Measure a row and put it into the result."""
    rows = known()
    if name not in rows or rows[name]["model"] != load(file_of(name)).hash:
        rows[name] = row_of(name)
    told = {"command": command(), "commit": commit(), "protocol": None, "machine": machine()}
    ordered = [rows[one] for one in STUDIES if one in rows]
    keep(RESULT, dumps({**told, "rows": ordered}, indent=1) + "\n")
    gains = ", ".join(f"{key} {value:.2f}" for key, value in rows[name]["gains"].items())
    print(f"{name}: {rows[name]['minutes']} CPU-minutes; {gains}", flush=True)


def file_of(name: str) -> Path:
    """The weights of a row."""
    return RUNS / name / "best.safetensors"


def row_of(name: str) -> dict[str, Any]:
    """What is known of a row: what was trained, for how long, and its gains over bicubic."""
    model, study = load(file_of(name)), STUDIES[name]
    gains = {one.name: gain(model, one, int(model.card.sizes["factor"])) for one in tests()}
    return {
        "name": name,
        "value": round(fmean(gains[key] for key in CHOOSE), 3),
        "unit": "dB over bicubic, the mean of what is chosen by",
        **asdict(study),
        "model": model.hash,
        "parameters": sum(one.numel() for one in model.net.parameters()),
        "pictures": model.card.pictures,
        "minutes": round(cpu_seconds(RUNS / name) / 60, 1),
        "gains": gains,
    }


def gain(model: Model, pictures: Pictures, factor: int) -> float:
    """Decibels over bicubic, the mean over the pictures; logged where the pictures are public."""
    scores = measured(pictures, factor, {"net": of_model(model)})
    scores.log("net", model.hash, None)
    return round(float(scores.gain("net", "bicubic").mean()), 3)


@cache
def tests() -> tuple[Pictures, ...]:
    """What rows are measured on: what is chosen by first, then what is only reported."""
    seeds = range(FIRST, FIRST + COUNT)
    photos = photographs()
    chosen = (
        leaves(seeds),
        faces(seeds),
        *(only(photos, names) for names in (CHOOSING, REPORTED)),
    )
    return (*chosen, set5()) if (SHARED / "set5").exists() else chosen


def only(pictures: Pictures, names: tuple[str, ...]) -> Pictures:
    """Some of several pictures, as a set of its own."""
    return Pictures(
        name=" and ".join(names),
        spec=f"{pictures.spec}; of these {' and '.join(names)}",
        truths={name: pictures.truths[name] for name in names},
        fingerprint=pictures.fingerprint,
    )


if __name__ == "__main__":
    sys.exit(main())
