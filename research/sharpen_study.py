"""What makes enlarged pictures look sharp, and what is learned without sharp ones: the study.

Rows of `x4` and `ways` are SRGAN's net, a fifteenth of its size: first by squares, then against a
discriminator, each with what the row is about changed. Rows of `unseen` learn from small pictures
alone. docs/log/enlarge.md has the tables and what follows from them.

    python research/sharpen_study.py [--run] [ROW ...]     study.py says what else it takes
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from bench_path import ROOT
from study import PLAIN, Arm, Row, Study
from upscale_pictures import Pictures, faces, leaves, photographs
from upscale_quality import floors
from upscale_sharp import MEASURES, compared
from upscale_study import CHOOSING, FIRST, only

from trombine.data.resize import crop_to_multiple, shrink
from trombine.eval.methods import of_model
from trombine.models import Model

COUNT: Final = 12  # of leaves, and of faces
RUNS: Final = "sharpen-study"
RESULT: Final = ROOT / "bench" / "results" / "sharpen-study.json"
WITH_CRITIC: Final = 9_000  # windows
SMALL: Final = "--net srresnet:width=24,blocks=5,kernel=5,factor=4,norm={}"
CRITIC: Final = "--critic.width 16 --critic.hidden 128 --critic.norm {}"
BEGUN: Final = f"--start runs/{RUNS}/{{}}/best.safetensors"
# As before the record's remedies: the discriminator has won when it comes, and comes at once.
BARE: Final = "--real-label 1 --pool 0 --critic-alone 3000 --ramp 1 --clip 0 --adversarial 0.1"
DRAWN: Final = ("bare", "gentle")  # by figures.py
CURVES: Final = ("critic", "against", "off")  # of losses: of these rows alone
SHARED: Final = {
    **PLAIN,
    "data": "leaves#2000*2+world:photo#1000",
    "size": "192",
    "batch": "8",
    "log_every": "200",
    "ema": "2000",
    "warmup": "400",
    "measure_every": "2000",
    "sample_every": "4000",
    "save_every": "2000",
    "judged": "32",
}


def _soft(settings: str, says: str, recipe: str = "srresnet-x4", pictures: int = 16_000) -> Arm:
    """By the picture alone: what the others begin with."""
    more = f"--pictures {pictures} --augment mirror+crop:96"
    return Arm(table="x4", recipe=recipe, settings=f"{settings} {more}", says=says)


def _sharp(table: str, settings: str, says: str, *, norm: str = "batch", soft: str = "soft") -> Arm:
    """Against a discriminator, from `soft` on, in SRGAN's way but for what the settings say."""
    sizes = f"{SMALL.format('spectral' if soft == 'soft-spectral' else 'none')} "
    begun = f"{BEGUN.format(soft)} --alone 1 --worst 3 --pictures {WITH_CRITIC}"
    return Arm(
        table=table,
        recipe="srgan-x4",
        settings=f"{sizes}{CRITIC.format(norm)} {begun} {settings}".strip(),
        says=says,
    )


def _patches(arm: Arm) -> Arm:
    """The same against the discriminator of upscale-sharp-x4, which judges patches."""
    settings = arm.settings.replace(
        "--critic.hidden 128 --critic.norm batch", "--critic.norm spectral"
    )
    return replace(arm, recipe="upscale-sharp-x4", settings=settings)


def _unseen(factor: int, settings: str, says: str) -> Arm:
    """From small pictures alone, by a net of 32 channels and 8 steps."""
    crop = {2: 120, 4: 192}[factor]
    windows = {2: 10_000, 4: 6_000}[factor]
    net = f"--net residual:width=32,depth=8,factor={factor} --augment mirror+crop:{crop}"
    return Arm(
        table="unseen",
        recipe=f"upscale-unseen-x{factor}",
        settings=f"{net} --lr 2e-3 --pictures {windows} {settings}".strip(),
        says=says,
    )


def _seen(factor: int) -> Arm:
    """The same net, windows and loss, from small pictures and their large ones."""
    arm = _unseen(factor, "--luma 0", "the large ones too")
    return Arm(
        table="unseen",
        recipe=f"upscale-fast-x{factor}",
        settings=arm.settings,
        says=arm.says,
    )


# What makes upscale-sharp-x4, whose discriminator judges patches, like srgan-x4 but for that.
LIKE_SRGAN: Final = "--l1 0 --luma 0 --l2 1 --perceptual 0.02 --critic logistic --r1 0 --lr 4e-4"
ALL: Final = (
    "--real-label 0.9 --pool 0.01 --critic-alone 1000 --ramp 5000 --clip 1 --adversarial 0.001"
)
ROWS: Final = {
    "soft": _soft(f"{SMALL.format('none')} --l1 0 --luma 0 --l2 1 --lr 1e-3", "by squares alone"),
    "soft-spectral": _soft(
        f"{SMALL.format('spectral')} --l1 0 --luma 0 --l2 1 --lr 1e-3",
        "the same with spectral norm in the net",
    ),
    "bare": _sharp("x4", BARE, "a discriminator that has won, at once, held back by nothing"),
    "label": _sharp("x4", BARE.replace("label 1", "label 0.9"), "`bare`, labels of .9"),
    "spectral": _sharp("x4", BARE, "`bare`, spectral norm in the discriminator", norm="spectral"),
    "spectral-both": _sharp(
        "x4", BARE, "`bare`, spectral norm in both nets", norm="spectral", soft="soft-spectral"
    ),
    "replay": _sharp("x4", BARE.replace("pool 0", "pool 0.01"), "`bare`, old pictures: 1 %"),
    "gradients": _sharp("x4", f"{BARE} --gradient-norm 1", "`bare`, each gradient 1 long"),
    "early": _sharp("x4", BARE.replace("alone 3000", "alone 1"), "`bare`, before it has won"),
    "ramp": _sharp("x4", BARE.replace("ramp 1", "ramp 5000"), "`bare`, its weight slowly rising"),
    "gentle": _sharp(
        "x4",
        BARE.replace("adversarial 0.1", "adversarial 0.001"),
        "`bare`, its weight .001, the paper's",
    ),
    "srgan": _sharp("ways", ALL, "labels of .9, old pictures, a ramp, .001: as the recipe"),
    "no-features": _sharp("ways", f"{ALL} --perceptual 0", "`srgan` without features"),
    "one-layer": _sharp("ways", f"{ALL} --layers down.1", "`srgan`, features of one layer"),
    "relativistic": _sharp(
        "ways",
        f"{ALL.replace('label 0.9', 'label 1')} --critic relativistic",
        "`srgan`, a relativistic discriminator",
    ),
    "patches": _patches(_sharp("ways", f"{ALL} {LIKE_SRGAN}", "`srgan`, a judge of patches")),
    "seen-x2": _seen(2),
    "measured-x2": _unseen(2, "--smaller 0 --between 0", "shrunk again, it is as it was"),
    "smaller-x2": _unseen(
        2, "--measured 0 --between 0", "small ones are the truth of smaller ones"
    ),
    "both-x2": _unseen(2, "--between 0", "these two"),
    "unseen-x2": _unseen(2, "", "these two and a scale between"),
    "seen-x4": _seen(4),
    "smaller-x4": _unseen(
        4, "--measured 0 --between 0", "small ones are the truth of smaller ones"
    ),
    "unseen-x4": _unseen(4, "", "that, shrunk again as it was, and a scale between"),
}


def measured_by(arm: Arm, model: Model, trial: bool) -> Row:
    """How near and how sharp its pictures are, and how its training went."""
    name = next(name for name, one in ROWS.items() if one == arm)
    how = {} if trial else course(STUDY.folder(name) / "log.jsonl")
    if name not in DRAWN:
        how = {key: value for key, value in how.items() if key not in CURVES}
    tested = tests()[:1] if trial else tests()
    found = {one.name: looked_at(one, model) for one in tested}
    return {
        "value": round(fmean(rows["gain"] for rows in found.values()), 3),
        "unit": "dB over bicubic, the mean of leaves, faces, and coffee and rocket",
        **{name: round(fmean(rows[name] for rows in found.values()), 3) for name in MEASURES},
        "on": found,
        **how,
    }


def looked_at(pictures: Pictures, model: Model) -> dict[str, float]:
    """The means over pictures, each shrunk and enlarged by the net, beside bicubic."""
    factor = int(model.card.sizes["factor"])
    net, bicubic = of_model(model), floors(factor)["bicubic"]
    rows: list[dict[str, float]] = []
    for whole in pictures.truths.values():
        truth = crop_to_multiple(whole.expand(3, -1, -1), factor)
        small = shrink(truth, factor)
        row = compared(truth, net(small[None], factor=factor)[0], factor)
        floor = compared(truth, bicubic(small), factor)
        rows.append({**row, "gain": row["PSNR-Y"] - floor["PSNR-Y"]})
    return {name: round(fmean(row[name] for row in rows), 4) for name in rows[0]}


def course(log: Path) -> dict[str, Any]:
    """How a training against a discriminator went: its losses, the net's spikes.

    A spike is a log line in which the net's squared error is more than five times its least; the
    swing is the mean change of its adversarial loss from line to line, as a share of its mean.
    """
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    trained = {line["pictures"]: line["values"] for line in lines if line["kind"] == "train"}

    def curve(*names: str) -> list[tuple[int, float]]:
        return [
            (n, round(values[name], 5))
            for n, values in trained.items()
            for name in names
            if name in values
        ]

    judged = curve("critic/logistic", "critic/relativistic")
    against = curve("sharpen/adversarial")
    if not (judged and against):
        return {}
    off, losses = curve("alone/l2", "sharpen/l2"), [loss for _, loss in against]
    least = min(loss for _, loss in off)
    changes = [abs(b - a) for a, b in pairwise(losses)]
    return {
        "critic": judged,
        "against": against,
        "off": off,
        "lowest": min(loss for _, loss in judged),
        "end": round(fmean(loss for _, loss in judged[-10:]), 4),
        "spikes": sum(loss > 5 * least for _, loss in off),
        "swing": round(fmean(changes) / max(fmean(map(abs, losses)), 1e-9), 3),
    }


@cache
def tests() -> tuple[Pictures, ...]:
    """Leaves and faces of choosing seeds, and two of scikit-image's photographs."""
    seeds = range(FIRST, FIRST + COUNT)
    return leaves(seeds), faces(seeds), only(photographs(), CHOOSING)


STUDY: Final = Study(
    runs=RUNS,
    result=RESULT,
    arms=ROWS,
    measure=measured_by,
    shared=SHARED,
    columns={
        "over bicubic": ("value", ".2f"),
        "witness": ("witness", ".3f"),
        "edges": ("edges", ".2f"),
        "grid": ("grid", ".2f"),
        "D lowest": ("lowest", ".3f"),
        "D at the end": ("end", ".3f"),
        "spikes": ("spikes", "d"),
        "swing": ("swing", ".2f"),
        "CPU-min": ("minutes", ".1f"),
    },
    minutes=6,
)

if __name__ == "__main__":
    sys.exit(STUDY.main())
