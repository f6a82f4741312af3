"""What an enlarger should learn from, how large it should be, and for how long: the study.

Each row trains a net and says by how much it is better than bicubic. Rows of one table take about
the same CPU-minutes. What is chosen is chosen by leaves and faces of choosing seeds and by
scikit-image's coffee and rocket; astronaut, chelsea and Set5 are reported, and nothing is chosen by
them. docs/log/enlarge.md has the tables and what follows from them.

    python research/upscale_study.py [--run] [ROW ...]     study.py says what else it takes
"""

from __future__ import annotations

import sys
from functools import cache
from statistics import fmean
from typing import Final

from bench_path import ROOT
from study import Arm, Row, Study
from upscale_pictures import SHARED, Pictures, faces, leaves, photographs, set5
from upscale_quality import measured

from trombine.eval.methods import of_model
from trombine.models import Model

FIRST: Final = 1_400_000  # the first choosing seed of what is measured on
COUNT: Final = 24  # of leaves, and of faces
CHOOSING: Final = ("coffee", "rocket")
REPORTED: Final = ("astronaut", "chelsea")
CHOOSE: Final = ("leaves", "faces", " and ".join(CHOOSING))  # the names of what is chosen by


MANY: Final = "--pictures 40000 --ema 4000"
NET: Final = "--width 64 --depth 8"
GROWN: Final = "--depth 8 --start runs/study/leaves-240/best.safetensors"  # of the same depth


def _data(spec: str, size: int, more: str = "") -> Arm:
    """The same net and the same number of windows, from other pictures."""
    settings = f"{NET} {MANY} --data {spec} --size {size} {more}".rstrip()
    return Arm(table="data", recipe="upscale-x2", settings=settings)


def _loss(terms: str) -> Arm:
    """The same net and pictures, by another loss."""
    return Arm(table="loss", recipe="upscale-x2", settings=f"{NET} {MANY} {terms}")


def _net(width: int, depth: int, pictures: int, table: str = "net") -> Arm:
    """Another net, for as many pictures as take it as long."""
    sizes = f"--width {width} --depth {depth}"
    return Arm(
        table=table, recipe="upscale-x2", settings=f"{sizes} --pictures {pictures} --ema 4000"
    )


def _x4(table: str, recipe: str, pictures: int, more: str = "") -> Arm:
    """Enlarging four times."""
    return Arm(
        table=table, recipe=recipe, settings=f"--pictures {pictures} --ema 4000 {more}".rstrip()
    )


ROWS: Final = {
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
    "half": _net(64, 8, 20_000, "time"),
    "twice": _net(64, 8, 80_000, "time"),
    "upscale-x4": _x4("x4", "upscale-x4", 44_000),
    "not-grown": _x4("grown", "upscale-x4", 40_000, "--depth 8"),
    "grown": _x4("grown", "upscale-x4", 40_000, GROWN),
    "grown-frozen": _x4("grown", "upscale-x4", 40_000, f"{GROWN} --freeze head+body"),
    "grown-frozen-half": _x4("grown", "upscale-x4", 40_000, f"{GROWN} --freeze head+body@20000"),
}


def measured_by(_row: Arm, model: Model, trial: bool) -> Row:
    """Its gains over bicubic."""
    chosen = tests()[:2] if trial else tests()
    gains = {one.name: gain(model, one, int(model.card.sizes["factor"])) for one in chosen}
    return {
        "value": round(fmean(gains[key] for key in CHOOSE if key in gains), 3),
        "unit": "dB over bicubic, the mean of what is chosen by",
        "gains": gains,
    }


def gain(model: Model, pictures: Pictures, factor: int) -> float:
    """Decibels over bicubic, the mean over the pictures."""
    scores = measured(pictures, factor, {"net": of_model(model)})
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
        truths={name: pictures.truths[name] for name in names},
    )


STUDY: Final = Study(
    runs="study",
    result=ROOT / "bench" / "results" / "upscale-study.json",
    arms=ROWS,
    measure=measured_by,
    shared={"threads": "1"},
    columns={
        "chosen by": ("value", ".2f"),
        **{name: (f"gains.{name}", ".2f") for name in (*CHOOSE, "Set5")},
        "CPU-min": ("minutes", ".1f"),
    },
    minutes=12,
)

if __name__ == "__main__":
    sys.exit(STUDY.main())
