"""What each idea for restyling without pairs is worth, beside floors and the same net on pairs.

    python research/restyle_study.py [--run] [ARM ...]     study.py says what else it takes

Photo faces to anime, of 64 pixels but for arms whose names end in 128. What learns without pairs is
never told which drawing is whose: it sees the same people in other orders, or photographs of some
people and drawings of others. All are measured on the same faces of choosing seeds, whose drawings
are the truth.
docs/log/restyle.md has the table and what follows from it.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Final

import numpy as np
import torch
from bench_path import ROOT
from study import PLAIN, Arm, Row, Study
from torch import Tensor

from trombine.data.source import source
from trombine.eval.methods import restyle_by
from trombine.eval.restoration import judged
from trombine.models import Model

FIRST: Final = 1_430_000  # the first choosing seed of what is measured on
COUNT: Final = 96
SIZE: Final = 64
SHARED: Final = {
    **PLAIN,
    "precision": "auto",
    "size": str(SIZE),
    "pictures": "4000",
    "width": "16",
    "ema": "1000",
    "measure_every": "2000",
    "sample_every": "2000",
    "save_every": "500",
}
APART: Final = "--data world:photo#4000 --other world:anime#4000-7999"  # nobody is in both
ALIKE: Final = (
    "--data world:photo#4000 --other world:anime#4000"  # the same people, in other orders
)


def _arm(table: str, says: str, recipe: str, settings: str = APART) -> Arm:
    return Arm(table=table, recipe=recipe, settings=settings, says=says)


PAIRS: Final = "--data world:photo+anime#4000 --batch 4 --soft 2400 --cycle 800 --warmup 200"
ARMS: Final = {
    "cyclegan": _arm("the same people", "CycleGAN", "restyle-cyclegan", ALIKE),
    "dilated": _arm(
        "the same people",
        "CycleGAN, dilated convolutions",
        "restyle-cyclegan",
        f"{ALIKE} --dilation 2",
    ),
    "ugatit": _arm("the same people", "U-GAT-IT", "restyle-ugatit", ALIKE),
    "cut": _arm("the same people", "CUT", "restyle-cut", ALIKE),
    "cut-others": _arm("other people", "CUT", "restyle-cut"),
    "pairs": _arm(
        "pairs",
        "the net that ships, narrower, on pairs",
        "restyle",
        f"{PAIRS} --net.size 64",
    ),
    **{
        f"cut-{seed}": _arm(
            "the same people", f"CUT, seed {seed}", "restyle-cut", f"{ALIKE} --seed {seed}"
        )
        for seed in (1, 2)
    },
    "cut-128": _arm("128 px", "CUT", "restyle-cut", f"{ALIKE} --size 128"),
    "pairs-128": _arm("128 px", "on pairs", "restyle", f"{PAIRS} --net.size 128 --size 128"),
}


def measured(arm: Arm, model: Model, trial: bool) -> Row:
    """What comes out of photographs, against the drawings."""
    photos, truth = reference(12 if trial else COUNT, int(STUDY.settings(arm)["size"]))
    method = restyle_by(str(model.path))
    return scores(torch.cat([method(some, style="anime") for some in photos.split(16)]), truth)


def scores(results: Tensor, truth: Tensor) -> Row:
    """The means of what judges say."""
    rows = [judged(result, one)["whole"] for result, one in zip(results, truth, strict=True)]
    means = {
        name: round(float(np.mean([row[name] for row in rows if name in row])), 4)
        for name in ("PSNR", "SSIM", "witness", "landmarks", "parts")
    }
    return {"value": means["PSNR"], "unit": "dB", **means}


@cache
def reference(count: int, size: int) -> tuple[Tensor, Tensor]:
    """Photographs and the drawings of the same faces."""
    pairs = source(f"world:photo+anime#{count}", size, first_seed=FIRST)
    batch = pairs.batch(np.arange(count))
    assert batch.pair is not None
    return batch.pictures(), batch.pair.pictures()


STUDY: Final = Study(
    runs="restyle-study",
    result=ROOT / "bench" / "results" / "restyle-study.json",
    arms=ARMS,
    measure=measured,
    shared=SHARED,
    columns={
        "PSNR, dB": ("PSNR", ".2f"),
        "SSIM": ("SSIM", ".3f"),
        "witness": ("witness", ".3f"),
        "landmarks": ("landmarks", ".3f"),
        "parts": ("parts", ".2f"),
        "CPU-min": ("minutes", ".1f"),
    },
    minutes=10,
)

if __name__ == "__main__":
    sys.exit(STUDY.main())
