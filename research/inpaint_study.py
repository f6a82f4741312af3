"""What each idea for repairing is worth: nets, channels, losses and masks under one protocol.

    python research/inpaint_study.py [--run] [ARM ...]     study.py says what else it takes

Every arm sees as many pictures, the same ones in the same order with the same holes unless the arm
is about that, and is measured on the same painted faces of choosing seeds. Those whose names end
in 128 see and repair 128 pixels, all others 64. docs/log/repair.md has the table and what
follows from it.
"""

from __future__ import annotations

import sys
import time
from functools import cache
from typing import Any, Final

import torch
from bench_path import ROOT
from inpaint import Case, Method, decibels, faces_of, net_alone, smooth, witnessed
from study import PLAIN, Arm, Row, Study

from trombine.models import Model
from trombine.nets.samplers import repaint
from trombine.nets.schedules import Flow

FIRST: Final = 1_410_000  # the first choosing seed of what is measured on
COUNT: Final = 96  # faces
SIZE: Final = 64
RUNS: Final = "inpaint-study"
NET: Final = "painter:width=12,levels=4"
WIDE: Final = "painter:width=20,levels=4"
HOLES: Final = "irregular:10-50"
FEATURES: Final = f"runs/{RUNS}/autoencoder-net/best.safetensors"
# What all arms share; an arm's own settings win.
SHARED: Final = {
    **PLAIN,
    "size": str(SIZE),
    "data": "world:photo#4000",
    "pictures": "8000",
    "ema": "1000",
    "warmup": "400",
    "measure_every": "4000",
    "sample_every": "4000",
    "save_every": "1000",
}
PAINTING: Final = f"--real none --window 0 --grey 0 --told none --damage hole:{HOLES}"


def _arm(table: str, says: str, net: str = NET, more: str = "", recipe: str = "inpaint") -> Arm:
    """Of what is given twice in its settings the last counts."""
    painting = "" if recipe == "autoencoder" else f"{PAINTING} "
    if recipe in ("inpaint", "inpaint-sharp"):
        painting += "--organs 0 "
    return Arm(
        table=table, recipe=recipe, settings=f"--net {net} {painting}{more}".strip(), says=says
    )


def _told(labels: str, points: str) -> str:
    return f"{NET},parts={labels},points={points}"


TOLD: Final = "--told none+both"
READER: Final = "--perceptual 0.1 --judge reader --layers first+down.0+down.1"
ARMS: Final = {
    "base": _arm("base", "plain convolutions, L1, without conditions"),
    **{
        kind: _arm("net", f"{kind} convolutions", f"{NET},convolution={kind}")
        for kind in ("gated", "partial", "dilated")
    },
    "wide": _arm("net", "plain, 20 channels for 12", WIDE),
    **{
        f"wide-{kind}": _arm("net", f"{kind}, 20 channels for 12", f"{WIDE},convolution={kind}")
        for kind in ("gated", "partial", "dilated")
    },
    "two": _arm("net", "two in a row", f"{NET},stages=2"),
    "shuffle": _arm("net", "pixel shuffle for repeated pixels", f"{NET},up=shuffle"),
    "none": _arm("channels", "none, half of the pictures without conditions", NET, TOLD),
    "points": _arm("channels", "landmarks", _told("none", "true"), TOLD),
    "groups": _arm("channels", "parts merged to 8 groups", _told("groups", "false"), TOLD),
    "all": _arm("channels", "all 19 parts", _told("all", "false"), TOLD),
    "both": _arm("channels", "all parts and landmarks", _told("all", "true"), TOLD),
    "diffusion-2": _arm(
        "method",
        "noise taken away in 2 steps, given picture and hole",
        "diffusion_painter:width=20,levels=3,steps=2",
        "--start none",
        "inpaint-diffusion",
    ),
    "repaint": Arm(
        table="method",
        recipe="flow",
        settings="--net denoiser:width=24,levels=3 --batch 16 --judged 32",
        says="RePaint: a denoiser that knows no holes, 20 steps, each four of them four times",
    ),
    "l2": _arm("loss", "squared difference for L1", more="--l1 0 --l2 1"),
    "ssim": _arm("loss", "and 0.1 (1 - SSIM)", more="--ssim 0.1"),
    "variation": _arm("loss", "and 0.01 total variation", more="--total-variation 0.01"),
    "reader": _arm(
        "loss",
        "and 0.1 distance of the reader's features",
        more=READER,
    ),
    "autoencoder-net": _arm(
        "loss",
        "an autoencoder of faces",
        "autoencoder:width=12,levels=4,depth=16",
        "",
        "autoencoder",
    ),
    "autoencoder": _arm(
        "loss",
        "and 0.1 distance of an autoencoder's features, at three sizes",
        more=f"--perceptual 0.1 --layers down.0+down.1+down.2 --judge {FEATURES}",
    ),
    "read": _arm(
        "loss",
        "and the reader's parts (0.02) and landmarks (1)",
        more="--read-parts 0.02 --read-points 1",
    ),
    "adversarial": _arm(
        "loss",
        "and a PatchGAN over the last half",
        NET,
        "--critic.width 16 --adversarial 0.01 --alone 4000 --critic-alone 500 --ramp 2000",
        "inpaint-sharp",
    ),
    "huge": _arm("masks", "huge ones", more="--damage hole:huge"),
    "squares": _arm("masks", "squares", more="--damage hole:squares"),
    "curriculum": _arm(
        "masks",
        "huge at first, then irregular ones",
        more=f"--damage hole:huge>{HOLES}@2000-5000",
    ),
    "norm-none": _arm("data", "no normalisation", f"{NET},norm=none"),
    "norm-group": _arm("data", "normalisation of groups", f"{NET},norm=group"),
    "imagenet": _arm("data", "pictures less ImageNet's mean", more="--space imagenet"),
    "unchanged": _arm("data", "no zoom, mirror, rotation in learning", more="--augment none"),
    **{
        f"{name}-{seed}": _arm("seed", f"{name}, seed {seed}", net, f"--seed {seed}")
        for name, net in (
            ("base", NET),
            ("gated", f"{NET},convolution=gated"),
            ("partial", f"{NET},convolution=partial"),
            ("wide", WIDE),
        )
        for seed in (1, 2)
    },
    **{
        f"{name}-{seed}": _arm("seed", f"{name}, seed {seed}", net, f"{TOLD} --seed {seed}")
        for name, net in (("groups", _told("groups", "false")), ("all", _told("all", "false")))
        for seed in (1, 2)
    },
    **{
        f"{name}-128": _arm("128 px", says, net, f"{more} --size 128".strip())
        for name, says, net, more in (
            ("base", "plain convolutions, L1, without conditions", NET, ""),
            ("wide", "20 channels for 12", WIDE, ""),
            ("gated", "gated convolutions", f"{NET},convolution=gated", ""),
            ("reader", "and 0.1 distance of the reader's features", NET, READER),
            ("none", "channels: none, half of the pictures without conditions", NET, TOLD),
            ("points", "channels: landmarks", _told("none", "true"), TOLD),
            ("groups", "channels: parts merged to 8 groups", _told("groups", "false"), TOLD),
            ("all", "channels: all 19 parts", _told("all", "false"), TOLD),
            ("both", "channels: all parts and landmarks", _told("all", "true"), TOLD),
        )
    },
}


@cache
def cases(count: int, size: int) -> tuple[list[Case], Any]:
    """What is measured on, and biharmonic's decibels of each."""
    chosen = list(faces_of(FIRST, count, size))
    return chosen, decibels(chosen, [smooth(case) for case in chosen])


def measured(arm: Arm, model: Model, trial: bool) -> Row:
    """Gains over biharmonic and a witness's distance."""
    chosen = cases(12 if trial else COUNT, int(STUDY.settings(arm)["size"]))
    if model.card.task == "denoise":
        return scored(repainted(model), *chosen)
    if model.card.task != "repair":
        return {}
    row = scored(net_alone(model, told=False), *chosen)
    if model.net.optional:
        told = scored(net_alone(model, told=True), *chosen)
        row |= {"told": told["value"], "told_witness": told["witness"]}
    return row


def repainted(model: Model) -> Method:
    """RePaint, of a net that says by flow matching what is noise in a picture."""

    def method(case: Case) -> torch.Tensor:
        chance, known = torch.Generator().manual_seed(0), 2 * case.truth[None] - 1

        def draw(_number: int, shape: tuple[int, ...]) -> torch.Tensor:
            return torch.randn(shape, generator=chance)

        walk = repaint(
            model.net,
            Flow(),
            draw(0, known.shape),
            known=known,
            hole=case.hole[None],
            draw=draw,
            steps=20,
            jump=4,
            times=4,
            limit=1,
        )
        *_, last = walk
        return (last[0] + 1) / 2

    return method


def scored(method: Method, chosen: list[Case], least: Any) -> Row:
    """Decibels over biharmonic in the hole, the witness's distance, milliseconds a picture."""
    method(chosen[0])
    start = time.process_time()
    results = [method(case) for case in chosen]
    each = 1e3 * (time.process_time() - start) / len(chosen)
    return {
        "value": round(float((decibels(chosen, results) - least).mean()), 3),
        "unit": "dB over biharmonic",
        "witness": round(witnessed(chosen, results), 4),
        "ms": round(each, 1),
    }


STUDY: Final = Study(
    runs=RUNS,
    result=ROOT / "bench" / "results" / "inpaint-study.json",
    arms=ARMS,
    measure=measured,
    shared=SHARED,
    columns={
        "dB": ("value", "+.2f"),
        "conditioned, dB": ("told", "+.2f"),
        "witness": ("witness", ".3f"),
        "conditioned, witness": ("told_witness", ".3f"),
        "CPU-min": ("minutes", ".1f"),
        "ms": ("ms", ".0f"),
    },
    not_run={
        "vgg": (
            "perceptual distance in VGG16's features (`--perceptual 0.1 --judge vgg16`)",
            "it needs weights",
        ),
        "vgg-gram": ("the same with Gram matrices (`--gram 10`)", "it needs weights"),
    },
)

if __name__ == "__main__":
    sys.exit(STUDY.main())
