"""How much the witness's verdicts depend on which witness it is.

    python bench/witness.py FILE [--first-seed N] [--count M] [--json]

FILE is another witness, which shares neither painted seeds, width, portraits nor labels with reader
and witness; docs/log/read.md names the command that makes it. Both judge the same pictures: holes
repaired, faces enlarged, photographs drawn, faces generated. Distances are of features: 0 is the
same, 1 unrelated. Nothing learned from these seeds, and no test picture is used.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from unittest.mock import patch

import numpy as np
import torch
from generate import PAINTED, SIDE, gaussian_of_pixels, real_faces
from inpaint import BINS, default, faces_of, net_alone, smooth
from jaxtyping import Float32, Float64
from restyle_pairs import drawn_by, painted
from scipy.stats import rankdata
from table import Row, report

import trombine
from trombine.core.computing import cores, in_turn
from trombine.core.conventions import to_picture, to_pixels
from trombine.data.resize import enlarge, shrink
from trombine.eval import witness
from trombine.eval.fidelity import frechet
from trombine.eval.methods import TASKS
from trombine.generation.by_net import Inventing, model_of
from trombine.models import loaded

FIRST: Final = 5_000_000
FACTOR: Final = 4
SETS: Final = 10  # times as many generated faces: a Fréchet distance takes many

Pictures = Float32[torch.Tensor, "n 3 h w"]
Results = Mapping[str, Pictures]  # by method; the first is the floor
Rows = Iterator[Row]


def repaired(seeds: range) -> tuple[Pictures, Results]:
    """Painted faces, and what stands in their holes by method."""
    cases = list(faces_of(seeds.start, len(seeds) // len(BINS) * len(BINS)))
    model = loaded("inpaint", task="repair")
    methods = {
        "biharmonic": smooth,
        "the net, told nothing": net_alone(model, told=False),
        "default": default("inpaint"),
    }
    made = {name: torch.stack([method(case) for case in cases]) for name, method in methods.items()}
    return torch.stack([case.truth for case in cases]), made


def enlarged(seeds: range) -> tuple[Pictures, Results]:
    """Painted faces, and what is made of them after they were shrunk."""
    truths = painted(seeds, "photo")
    small = [shrink(truth, FACTOR) for truth in truths]
    made: dict[str, list[torch.Tensor]] = {"bicubic": [enlarge(one, FACTOR) for one in small]}
    for name, sharpness in (("upscale-x4", 0.0), ("sharpness 1", 1.0)):
        made[name] = trombine.upscale(small, scale=FACTOR, model="upscale", sharpness=sharpness)
    return truths, {name: torch.stack(some) for name, some in made.items()}


def drawn(seeds: range) -> tuple[Pictures, Results]:
    """Faces painted as anime, and photographs of them by method."""
    photos = painted(seeds, "photo")
    methods = {
        "the photograph": TASKS["restyle"].baselines["input"],
        "colour transfer": TASKS["restyle"].baselines["colour transfer"],
        "restyle": TASKS["restyle"].net("restyle"),
    }
    made = {
        name: drawn_by(method, photos, style="anime", source="photo")
        for name, method in methods.items()
    }
    return painted(seeds, "anime"), made


PAIRS: Final[Mapping[str, Callable[[range], tuple[Pictures, Results]]]] = {
    "repaired": repaired,
    "enlarged": enlarged,
    "drawn as anime": drawn,
}


def pair_rows(about: str, truths: Pictures, results: Results, judges: Sequence[Path | str]) -> Rows:
    """Distances from the truth beside the floor's, by each judge; whether they agree."""
    found = [_distances(truths, results, judge) for judge in judges]
    floor, *others = results
    for name in others:
        shares = [float(each[name].mean() / each[floor].mean()) for each in found]
        for who, share in zip(("witness", "other"), shares, strict=True):
            yield Row(f"{about}: {name} beside {floor}, by the {who}", share, "times")
    both = [rankdata(np.concatenate([each[name] for name in results])) for each in found]
    alike = float(np.corrcoef(*both)[0, 1])
    yield Row(f"{about}: distances of both", alike, "rank correlation")


def _distances(
    truths: Pictures, results: Results, judge: Path | str
) -> dict[str, Float64[np.ndarray, "n"]]:
    with patch.object(witness, "WITNESS", judge):
        theirs = witness.seen(truths).features
        return {
            name: witness.distance(theirs, witness.seen(made).features).numpy()
            for name, made in results.items()
        }


def generated_rows(style: str, seeds: range, judges: Sequence[Path | str]) -> Rows:
    """Fréchet distances above that of real faces, beside a Gaussian of pixels'."""
    inventing = Inventing(path=model_of(style, ""), size=SIDE, truncation=1.0, asked={})
    gaussian = gaussian_of_pixels(list(seeds), style=style, size=PAINTED, crop=SIDE)
    sets = {
        "real": real_faces(seeds, style),
        "others": real_faces([seed + len(seeds) for seed in seeds], style),
        "generated": list(in_turn(inventing.pixels, seeds, cores())),
        "gaussian": list(map(to_pixels, gaussian)),
    }
    for who, judge in zip(("witness", "other"), judges, strict=True):
        with patch.object(witness, "WITNESS", judge):
            features = {
                name: witness.seen(torch.stack(list(map(to_picture, some)))).features.double()
                for name, some in sets.items()
            }
        far = {
            name: frechet(some.numpy(), features["real"].numpy())
            for name, some in features.items()
            if name != "real"
        }
        share = (far["generated"] - far["others"]) / (far["gaussian"] - far["others"])
        yield Row(f"generate-{style}: beside a Gaussian, by the {who}", share, "of its distance")


def main() -> int:
    """Every verdict, by both."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--first-seed", type=int, default=FIRST)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    judges = (witness.WITNESS, args.file)
    seeds = range(args.first_seed, args.first_seed + args.count)
    many = range(args.first_seed, args.first_seed + SETS * args.count)
    rows = [
        *(
            row
            for about, made in PAIRS.items()
            for row in pair_rows(about, *made(seeds), judges=judges)
        ),
        *(row for style in ("anime", "photo") for row in generated_rows(style, many, judges)),
    ]
    return report(rows, json=args.json)


if __name__ == "__main__":
    sys.exit(main())
