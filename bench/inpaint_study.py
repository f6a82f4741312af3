"""What each idea for repairing is worth: nets, channels, losses and masks under one protocol.

    python bench/inpaint_study.py                 the table of what is known; trains nothing
    python bench/inpaint_study.py --run           train and measure the arms that the result lacks
    python bench/inpaint_study.py --run gated l2  these, whether it has them or not
    python bench/inpaint_study.py --run --pictures 200    a trial: as many pictures, nothing is kept

Every arm sees as many pictures, the same ones in the same order with the same holes unless the arm
is about that, and is measured on the same painted faces of choosing seeds. One that was stopped
goes on where it was: the trainings lie in runs/inpaint-study/, what is known of them in
bench/results/inpaint_study.json. docs/inpaint-study.md has the table and what follows from it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from json import dumps, loads
from pathlib import Path
from statistics import fmean
from typing import Any, Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from inpaint import Case, decibels, faces_of, net_alone, smooth, witnessed
from record import keep
from remake import cpu_seconds
from table import ROOT, command, commit, machine

from trombine.weights import Model, load

RUNS: Final = ROOT / "runs" / "inpaint-study"
RESULT: Final = ROOT / "bench" / "results" / "inpaint_study.json"
FIRST: Final = 1_410_000  # the first choosing seed of what is measured on
COUNT: Final = 96  # faces
PICTURES: Final = 8_000  # that an arm learns from
MOST: Final = 10  # CPU-minutes an arm is to take
NET: Final = "painter:width=12,levels=4"
AUTOENCODER: Final = "autoencoder-net"  # the arm whose features another compares by
TIMES: Final = ("alone", "critic_alone", "ramp")  # settings that are shorter in a trial
HOLES: Final = "irregular:10-50"
# What all arms share; an arm's own settings win.
SHARED: Final = {
    "size": "64",
    "ema": "1000",
    "warmup": "400",
    "precision": "float32",
    "threads": "1",
    "log_every": "1000",
    "measure_every": "4000",
    "sample_every": "4000",
    "save_every": "1000",
    "judged": "128",
}
PAINTING: Final = {"real": "none", "grey": "0", "told": "none", "damage": f"hole:{HOLES}"}
NOT_RUN: Final = {
    "vgg": "perceptual distance in VGG16's features (`--perceptual 0.1 --judge vgg16`)",
    "vgg-gram": "the same with Gram matrices (`--gram 10`)",
}


@dataclass(frozen=True)
class Arm:
    """One row: which idea it is about, and what it changes."""

    about: str
    says: str
    net: str = NET
    settings: str = ""  # as for `trombine train`
    recipe: str = "inpaint"

    def call(self, pictures: int) -> dict[str, str]:
        """All settings of its training."""
        words = self.settings.replace("--", "").split()  # no value has dashes of its own
        own = {n.replace("-", "_"): v for n, v in zip(words[::2], words[1::2], strict=True)}
        own |= {n: str(int(own[n]) * pictures // PICTURES) for n in TIMES if n in own}
        if own.get("judge") == AUTOENCODER:
            own["judge"] = str(folder_of(AUTOENCODER, pictures) / "best.safetensors")
        holes = PAINTING if self.recipe != "autoencoder" else {}
        many = {"data": f"world:photo#{pictures // 2}", "pictures": str(pictures)}
        return {"net": self.net, **SHARED, **holes, **many, **own}


def _told(labels: str, points: str) -> str:
    return f"{NET},parts={labels},points={points}"


TOLD: Final = "--told none+both"
ARMS: Final = {
    "base": Arm("base", "plain convolutions, L1, told nothing"),
    **{
        kind: Arm("net", f"{kind} convolutions", f"{NET},convolution={kind}")
        for kind in ("gated", "partial", "dilated")
    },
    "wide": Arm("net", "plain, 20 channels for 12", "painter:width=20,levels=4"),
    **{
        f"wide-{kind}": Arm(
            "net", f"{kind}, 20 channels for 12", f"painter:width=20,levels=4,convolution={kind}"
        )
        for kind in ("gated", "partial", "dilated")
    },
    "two": Arm("net", "two in a row", f"{NET},stages=2"),
    "shuffle": Arm("net", "pixel shuffle for repeated pixels", f"{NET},up=shuffle"),
    "deepfill": Arm("net", "coarse to fine, gated, contextual attention", "deepfill:width=12"),
    "none": Arm("channels", "none, half of the pictures told nothing", NET, TOLD),
    "points": Arm("channels", "landmarks", _told("none", "true"), TOLD),
    "groups": Arm("channels", "parts merged to 8 groups", _told("groups", "false"), TOLD),
    "all": Arm("channels", "all 19 parts", _told("all", "false"), TOLD),
    "both": Arm("channels", "all parts and landmarks", _told("all", "true"), TOLD),
    "l2": Arm("loss", "squared difference for L1", settings="--l1 0 --l2 1"),
    "ssim": Arm("loss", "and 0.1 (1 - SSIM)", settings="--ssim 0.1"),
    "variation": Arm("loss", "and 0.01 total variation", settings="--total-variation 0.01"),
    "reader": Arm(
        "loss",
        "and 0.1 distance of the reader's features",
        settings="--perceptual 0.1 --judge reader --layers first+down.0+down.1",
    ),
    AUTOENCODER: Arm(
        "loss",
        "an autoencoder of faces",
        "autoencoder:width=12,levels=4,depth=16",
        "",
        "autoencoder",
    ),
    "autoencoder": Arm(
        "loss",
        "and 0.1 distance of an autoencoder's features, at three sizes",
        settings=f"--perceptual 0.1 --judge {AUTOENCODER} --layers down.0+down.1+down.2",
    ),
    "read": Arm(
        "loss",
        "and the reader's parts (0.02) and landmarks (1)",
        settings="--read-parts 0.02 --read-points 1",
    ),
    "adversarial": Arm(
        "loss",
        "and a PatchGAN over the last half",
        NET,
        "--critic.width 16 --adversarial 0.01 --alone 4000 --critic-alone 500 --ramp 2000",
        "inpaint-sharp",
    ),
    "huge": Arm("masks", "huge ones", settings="--damage hole:huge"),
    "squares": Arm("masks", "squares", settings="--damage hole:squares"),
    "curriculum": Arm(
        "masks",
        "huge at first, then irregular ones",
        settings=f"--damage hole:huge>{HOLES}@2000-5000",
    ),
    "norm-none": Arm("data", "no normalisation", f"{NET},norm=none"),
    "norm-group": Arm("data", "normalisation of groups", f"{NET},norm=group"),
    "imagenet": Arm("data", "pictures less ImageNet's mean", settings="--space imagenet"),
    "unchanged": Arm("data", "no zoom, mirror, rotation in learning", settings="--augment none"),
    **{
        f"{name}-{seed}": Arm("seed", f"{name}, seed {seed}", net, f"--seed {seed}")
        for name, net in (
            ("base", NET),
            ("gated", f"{NET},convolution=gated"),
            ("partial", f"{NET},convolution=partial"),
        )
        for seed in (1, 2)
    },
}


def main() -> int:
    """Train what is asked for, and print what is known."""
    parser = argparse.ArgumentParser(description="Compare ideas for repairing.")
    parser.add_argument("arms", nargs="*", metavar="ARM", help=", ".join(ARMS))
    parser.add_argument("--run", action="store_true", help="train what is not yet known")
    parser.add_argument("--pictures", type=int, default=PICTURES, help="fewer for a trial")
    asked = parser.parse_args()
    if unknown := set(asked.arms) - set(ARMS):
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(ARMS)}")
    torch.set_num_threads(1)
    failed = run(asked.arms or lacking(asked.pictures), asked.pictures) if asked.run else []
    print(markdown() if asked.pictures == PICTURES else "a trial: nothing is kept")
    return 1 if failed else 0


def run(names: list[str], pictures: int) -> list[str]:
    """Train and measure arms one after the other; the names of those that failed."""
    failed, minutes = [], [row["minutes"] for row in known().values() if "minutes" in row]
    for number, name in enumerate(names):
        each = fmean(minutes) if minutes else MOST * pictures / PICTURES
        print(
            f"{name}: {len(names) - number} to go, {each * (len(names) - number):.0f} CPU-minutes"
        )
        if why := train(name, pictures):
            print(f"{name}: {why}", file=sys.stderr, flush=True)
            failed.append(name)
            continue
        row = row_of(name, pictures)
        minutes.append(row["minutes"])
        if pictures == PICTURES:
            add(row)
        print(dumps(row), flush=True)
    return failed


def known() -> dict[str, dict[str, Any]]:
    """The rows of the result by name."""
    rows = loads(RESULT.read_text())["rows"] if RESULT.exists() else []
    return {row["name"]: row for row in rows}


def lacking(pictures: int = PICTURES) -> list[str]:
    """The arms that the result has not, or has of another training."""
    if pictures != PICTURES:
        return list(ARMS)
    rows = known()
    return [n for n, arm in ARMS.items() if not asdict(arm).items() <= rows.get(n, {}).items()]


def folder_of(name: str, pictures: int) -> Path:
    """Where an arm is trained."""
    return (RUNS if pictures == PICTURES else RUNS.with_name(f"{RUNS.name}-{pictures}")) / name


def train(name: str, pictures: int) -> str:
    """Train an arm to its end; what went wrong, if anything."""
    arm = ARMS[name]
    settings = arm.call(pictures).items()
    words = [word for key, value in settings for word in (f"--{key.replace('_', '-')}", value)]
    call = [sys.executable, "-m", "trombine", "train", arm.recipe, *words, "--no-board"]
    into = ["-o", str(folder_of(name, pictures))]
    done = subprocess.run([*call, *into], cwd=ROOT, stdout=subprocess.DEVNULL)
    return f"its training ended with {done.returncode}" if done.returncode else ""


def add(row: dict[str, Any]) -> None:
    """Put a row into the result."""
    rows = {**known(), row["name"]: row}
    told = {"command": command(), "commit": commit(), "protocol": None, "machine": machine()}
    ordered = [rows[name] for name in ARMS if name in rows]
    keep(RESULT, dumps({**told, "rows": ordered}, indent=1) + "\n")


def row_of(name: str, pictures: int) -> dict[str, Any]:
    """What is known of a trained arm: gains over biharmonic and a witness's distance."""
    folder, arm = folder_of(name, pictures), ARMS[name]
    model = load(folder / "best.safetensors")
    row = {
        "name": name,
        **asdict(arm),
        "model": model.hash,
        "parameters": sum(one.numel() for one in model.net.parameters()),
        "pictures": model.card.pictures,
        "minutes": round(cpu_seconds(folder) / 60, 2),
    }
    if model.card.task != "repair":
        return row
    size, count = int(arm.call(pictures)["size"]), min(COUNT, pictures // 16)
    gain, witness, milliseconds = scored(model, size, count, told=False)
    row |= {"value": gain, "unit": "dB over biharmonic", "witness": witness, "ms": milliseconds}
    if model.net.optional:
        told, nearer, _ = scored(model, size, count, told=True)
        row |= {"told": told, "told_witness": nearer}
    return row


@cache
def cases(size: int, count: int) -> tuple[list[Case], Any]:
    """What is measured on, and biharmonic's decibels of each."""
    chosen = list(faces_of(FIRST, count, size))
    return chosen, decibels(chosen, [smooth(case) for case in chosen])


def scored(model: Model, size: int, count: int, *, told: bool) -> tuple[float, float, float]:
    """Decibels over biharmonic in the hole, the witness's distance, milliseconds a picture."""
    chosen, least = cases(size, count)
    method = net_alone(model, told=told)
    method(chosen[0])
    start = time.process_time()
    results = [method(case) for case in chosen]
    each = 1e3 * (time.process_time() - start) / len(chosen)
    gain = float((decibels(chosen, results) - least).mean())
    return round(gain, 3), round(witnessed(chosen, results), 4), round(each, 1)


# ---------------------------------------------------------------------------------------------
# The table


def markdown() -> str:
    """All arms as the document has them; what is not known yet is –."""
    head = (
        "| arm | about | what is changed | dB | told, dB | witness | told, witness | CPU-min | ms |"
    )
    return "\n".join((head, "| --- " * 9 + "|", *_lines()))


def _lines() -> Iterator[str]:
    rows = known()
    formats = (("value", "+.2f"), ("told", "+.2f"), ("witness", ".3f"), ("told_witness", ".3f"))
    for name, arm in ARMS.items():
        row = rows.get(name, {})
        cells = [
            format(row[key], how) if key in row else "–"
            for key, how in (*formats, ("minutes", ".1f"), ("ms", ".0f"))
        ]
        yield f"| `{name}` | {arm.about} | {arm.says} | {' | '.join(cells)} |"
    for name, says in NOT_RUN.items():
        yield f"| `{name}` | loss | {says} | not run: it needs weights | – | – | – | – | – |"


if __name__ == "__main__":
    sys.exit(main())
