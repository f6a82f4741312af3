"""How well and how fast the shipped nets enlarge: every figure that trombine upscale promises.

    python bench/upscale.py [--first-seed N] [--count M] [--only GROUP ...] [--json]

Set5 and the portraits are read from ../shared/data beside the repository; where they are missing
their rows are left out, and a line says so. Figures are PSNR-Y, each with its 95 % interval.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
import upscale_speed
from intervals import Figure, share
from table import Row, at_least, at_most, options, report
from upscale_drawings import SIZES as SIZES_PAINTED
from upscale_drawings import wrong_of
from upscale_pictures import (
    SHARED,
    Pictures,
    drawings,
    faces,
    photographs,
    portraits,
    set5,
)
from upscale_quality import (
    WILD,
    Scores,
    bicubic_of_papers,
    measured,
)

import trombine
from trombine.core.conventions import to_pixels
from trombine.eval.methods import of_model
from trombine.metrics import PROTOCOL_SEEDS
from trombine.metrics.drawing import is_drawing
from trombine.models import load
from trombine.nets import build
from trombine.world import STYLES

BICUBIC: Final = {2: 33.66, 4: 28.42}  # published, of Set5
NEAR: Final = 0.02  # dB
SET5: Final = {2: 37.7, 4: 32.05}  # dB, at least
AIMS: Final = {2: {"VDSR": 37.53}, 4: {"VDSR": 31.35, "SRResNet": 32.05}}  # published, of Set5
PORTRAITS: Final = {2: 3.0, 4: 2.6}  # dB over bicubic, as are the next two
FACES: Final = {2: 3.5, 4: 3.0}
DRAWINGS: Final = {2: 4.0, 4: 4.0}
WILD_GAINS: Final = (2.0, 1.2)  # dB over bicubic: faces, photographs
DETECTED: Final = 0.99  # of world pictures
SIDES: Final = (256, 512)  # pixels, of the small pictures that are timed
Rows = Iterator[Row]


# ---------------------------------------------------------------------------------------------
# Nearness to the truth


def set5_rows(seeds: range) -> Rows:
    """Against what papers report."""
    if not there("set5"):
        return
    pictures = set5()
    for factor, goal in SET5.items():
        scores = scored("upscale", pictures, factor)
        about, net = f"Set5 x{factor}", f"upscale-x{factor}"
        found = bicubic_of_papers(pictures, factor)
        wanted = BICUBIC[factor]
        near = abs(found - wanted) <= NEAR
        yield Row(f"{about}: bicubic as in papers", found, "dB", f"{wanted} ± {NEAR}", near)
        yield plain(f"{about}: bicubic in colour", scores.figure("bicubic"))
        yield goal_row(f"{about}: {net}", scores.figure(net), goal)
        for other, published in AIMS[factor].items():
            above = scores.figure(net).mean - published
            yield Row(f"{about}: {net} above {other}, published {published}", above, "dB")
        yield from better_rows(about, scores, net)


def photograph_rows(seeds: range) -> Rows:
    """Better than without a net, on each."""
    pictures = photographs()
    for factor in (2, 4):
        scores = scored("upscale", pictures, factor)
        about, net = f"photographs x{factor}", f"upscale-x{factor}"
        yield plain(f"{about}: {net}", scores.figure(net))
        yield plain(f"{about}: {net} over bicubic", scores.gained(net, "bicubic"))
        yield from better_rows(about, scores, net)


def portrait_rows(seeds: range) -> Rows:
    """Better by so much on average, and better on each."""
    if not there("portraits"):
        return
    pictures = portraits()
    for factor, goal in PORTRAITS.items():
        scores = scored("upscale", pictures, factor)
        about, net = f"portraits x{factor}", f"upscale-x{factor}"
        yield from gain_rows(about, scores, net, goal)
        yield from better_rows(about, scores, net)


def face_rows(seeds: range) -> Rows:
    """Faces of the world."""
    pictures = faces(seeds)
    for factor, goal in FACES.items():
        scores = scored("upscale", pictures, factor)
        yield from gain_rows(f"faces x{factor}", scores, f"upscale-x{factor}", goal)


def best_rows(seeds: range) -> Rows:
    """What the mean of eight adds, through the function that users call."""
    for pictures in (photographs(), faces(seeds)):
        for factor in (2, 4):
            net, best = f"upscale-x{factor}", "upscale --tta"
            ways = {net: of_model(load(net)), best: best_of_eight}
            gained = measured(pictures, factor, ways, over=net).gained(best, net)
            yield plain(f"{pictures.name} x{factor}: {best} over {net}", gained)


def best_of_eight(small: torch.Tensor, *, factor: int) -> torch.Tensor:
    """As the command's --tta, rounded as its files are."""
    return (trombine.upscale(small, scale=factor, model="upscale", tta=True) * 255).round() / 255


def drawing_rows(seeds: range) -> Rows:
    """Drawn faces of the world, with the net for drawings."""
    pictures = drawings(seeds)
    for factor, goal in DRAWINGS.items():
        scores = scored("upscale-drawings", pictures, factor)
        yield from gain_rows(f"drawings x{factor}", scores, f"upscale-drawings-x{factor}", goal)


def wild_rows(seeds: range) -> Rows:
    """Damaged pictures, also against the net that saw none."""
    names = ("upscale-wild-x4", "upscale-x4")
    sets = faces(seeds), photographs()
    for pictures, goal in zip(sets, WILD_GAINS, strict=True):
        scores = scored_by(names, pictures, 4, chain=WILD, over="upscale-x4")
        about = f"{pictures.name} x4, damaged: {names[0]}"
        yield plain(about, scores.figure(names[0]))
        yield goal_row(f"{about} over bicubic", scores.gained(names[0], "bicubic"), goal)
        yield plain(f"{about} over {names[1]}", scores.gained(*names))


def scored(family: str, pictures: Pictures, factor: int) -> Scores:
    """One net's scores: the family's, for this factor."""
    return scored_by((f"{family}-x{factor}",), pictures, factor)


def scored_by(
    names: tuple[str, ...], pictures: Pictures, factor: int, *, chain: str = "", over: str = ""
) -> Scores:
    """Scores of these nets."""
    say(f"{pictures.name} x{factor}, {chain or 'shrunk'}: {', '.join(names)}")
    ways = {name: of_model(load(name)) for name in names}
    return measured(pictures, factor, ways, chain=chain, over=over)


def gain_rows(about: str, scores: Scores, net: str, goal: float) -> Rows:
    """A net's figure, and its mean gain over bicubic, which has a goal."""
    yield plain(f"{about}: {net}", scores.figure(net))
    yield goal_row(f"{about}: {net} over bicubic", scores.gained(net, "bicubic"), goal)


def better_rows(about: str, scores: Scores, net: str) -> Rows:
    """On how many pictures the net is not better, and where it gains least."""
    picture, gain = scores.least_gain(net)
    unit = f"of {len(scores.pictures)}"
    name = f"{about}: pictures that are not better than by bicubic and Lanczos"
    yield at_most(name, scores.not_better(net), unit, 0)
    yield Row(f"{about}: least gain over the better of both, {picture}", gain, "dB")


def plain(name: str, one: Figure) -> Row:
    """A row without a goal."""
    return Row(name, one.mean, unit_of(one))


def goal_row(name: str, one: Figure, goal: float) -> Row:
    """A row that is met when the mean is `goal` or more."""
    return at_least(name, one.mean, unit_of(one), goal)


def unit_of(one: Figure) -> str:
    """Decibels, and the interval."""
    return f"dB ({one.low:.2f} to {one.high:.2f})"


# ---------------------------------------------------------------------------------------------
# Everything else


def detector_rows(seeds: range) -> Rows:
    """Whether drawings are told from photographs: faces of every style, and real photographs."""
    found, count = wrong_of(seeds.start, len(seeds)), len(seeds) * len(SIZES_PAINTED)
    for style in STYLES:
        wrong = found[style]
        assert isinstance(wrong, float)
        one = share(round((1 - wrong) * count), count)
        yield at_least(f"detector: {style} faces told right", one.mean, shares_of(one), DETECTED)
    wrong = found["photographs"]
    assert isinstance(wrong, list)
    yield at_most(f"detector: photographs taken for drawings{among(wrong)}", len(wrong), "", 0)
    if there("set5"):
        truths = set5().truths.items()
        wrong = [name for name, truth in truths if is_drawing(to_pixels(truth))]
        yield at_most(f"detector: Set5 taken for drawings{among(wrong)}", len(wrong), "of 5", 0)


def shares_of(one: Figure) -> str:
    """The unit of a share, and its interval."""
    return f"of pictures ({one.low:.4f} to {one.high:.4f})"


def among(names: list[str]) -> str:
    """Which they are, if there are any."""
    return f": {', '.join(names)}" if names else ""


def speed_rows(seeds: range) -> Rows:
    """Seconds and bytes, beside plain torch."""
    for name in ("upscale-x2", "upscale-x4"):
        net = load(name).in_rgb
        for side in SIDES:
            ratio = upscale_speed.times_faster(net, net, side)
            yield at_least(f"speed: {name} of {side} px against plain torch", ratio, "times", 1.5)
    net = load("upscale-x4").in_rgb
    paper = build("srresnet", {"factor": 4}).eval()
    ratio = upscale_speed.times_faster(net, paper, min(SIDES))
    yield at_least("speed: upscale-x4 against SRResNet in plain torch", ratio, "times", 2)
    seconds, times, mebibytes = upscale_speed.twelve_megapixels("upscale-x4")
    about = "speed: 12 megapixels by trombine upscale -x 4"
    yield Row(f"{about}, time", seconds, "s")
    yield at_most(f"{about}, beside Pillow's bicubic", times, "times its CPU-seconds", 20)
    yield at_most(f"{about}, memory", mebibytes * 2**20 / 1e9, "GB", 1.5)


def there(folder: str) -> bool:
    """Whether a folder of ../shared/data is there; says so where it is not."""
    if (SHARED / folder).is_dir():
        return True
    say(f"skipped: there is no ../shared/data/{folder} beside the repository")
    return False


GROUPS: Final[dict[str, Callable[[range], Rows]]] = {
    "set5": set5_rows,
    "photographs": photograph_rows,
    "portraits": portrait_rows,
    "faces": face_rows,
    "best": best_rows,
    "drawings": drawing_rows,
    "wild": wild_rows,
    "detector": detector_rows,
    "speed": speed_rows,
}


def say(text: str) -> None:
    """A line for who waits; rows come at the end."""
    print(text, file=sys.stderr, flush=True)


def measure(seeds: range, groups: Mapping[str, Callable[[range], Rows]]) -> Rows:
    """The rows of these groups, with a line for each group that says how long it took."""
    for name, rows in groups.items():
        start = time.perf_counter()
        yield from rows(seeds)
        say(f"{name}: {time.perf_counter() - start:.0f} s")


def run(groups: Mapping[str, Callable[[range], Rows]], about: str, *, count: int) -> int:
    """Measure what the command line asks for; 1 unless every row meets its goal."""
    given = options(about, first_seed=PROTOCOL_SEEDS.start, count=count, only=groups)
    seeds = range(given.first_seed, given.first_seed + given.count)
    rows = list(measure(seeds, {name: groups[name] for name in given.only}))
    return report(rows, json=given.json)


def main() -> int:
    """Measure; 1 unless every row meets its goal."""
    return run(GROUPS, __doc__ or "", count=200)


if __name__ == "__main__":
    sys.exit(main())
