"""How fast nets run over large pictures, and in how much memory: functions for bench/upscale.py.

What runs is trombine/models/running.py; it is compared with plain torch: the same net as it is,
with slopes, on the whole picture, with two threads. Nets need not have learnt anything for that.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from json import dumps, loads
from math import log
from pathlib import Path
from statistics import linear_regression, median

import torch
from PIL import Image
from table import ROOT, cpu_seconds, interleaved, ratio_of_medians

from trombine.models.running import enlarged, prepare
from trombine.nets import Net, build

THREADS = 2
LARGE = (750, 1000)  # high and wide: 12 megapixels at x4
SIDES = (200, 400, 800)


def times_faster(net: Net, plain: Net, side: int, rounds: int = 5) -> float:
    """How many times faster a net is, as it is run here, than a net in plain torch: by medians."""
    prepare(net)  # as pipelines.py does with whatever it loads
    picture = _picture(side, side)
    torch.set_num_threads(THREADS)
    times = interleaved(
        {
            "plain": partial(_seconds, partial(plain, picture[None])),
            "ours": partial(_seconds, partial(enlarged, net, picture, threads=THREADS)),
        },
        rounds,
    )
    return ratio_of_medians(times["plain"], times["ours"])


def apart(net: Net, side: int) -> float:
    """How far what is made here is from what plain torch makes of the whole picture."""
    picture = _picture(side, side)
    wanted = net(picture[None])[0].detach().clamp(0, 1)
    return float((enlarged(net, picture, threads=THREADS) - wanted).abs().max())


def twelve_megapixels(model: str = "upscale-x4") -> tuple[float, float, float]:
    """Of a fresh process that makes 4000 x 3000 pixels, files included: seconds, how many times the
    CPU-seconds of Pillow's bicubic of the same, and peak MiB."""
    height, width = LARGE
    program = f"import upscale_speed; upscale_speed.command_line({model!r}, {height}, {width})"
    done = _fresh(program)
    return done["seconds"], done["times"], done["mebibytes"]


def command_line(model: str, height: int, width: int) -> None:
    """Run `trombine upscale` on a picture of this size as a child, and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "small.png"
        pixels = (255 * _picture(height, width)).byte().permute(1, 2, 0).numpy()
        Image.fromarray(pixels).save(source)
        output = Path(folder) / "large.png"
        words = ["upscale", str(source), "-x", "4", "--model", model.removesuffix("-x4")]
        command = [sys.executable, "-m", "trombine", *words, "-o", str(output)]
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds = time.perf_counter() - start
        with Image.open(output) as made:
            assert made.size == (4 * width, 4 * height)
        plain = cpu_seconds(partial(by_pillow, source, output, 4))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    times, peak = (used.ru_utime + used.ru_stime) / plain, used.ru_maxrss / 1024
    print(dumps({"seconds": seconds, "times": times, "mebibytes": peak}))


def by_pillow(source: Path, output: Path, factor: int) -> None:
    """Read a picture, enlarge it by bicubic interpolation and write it, all by Pillow."""
    with Image.open(source) as picture:
        size = (factor * picture.width, factor * picture.height)
        picture.convert("RGB").resize(size, Image.Resampling.BICUBIC).save(output)


def linearity(net: Net | None = None, rounds: int = 3) -> tuple[float, float]:
    """The exponent of seconds against pixels, 1 where time is linear, and its steepest step.

    The first is the slope through all sizes. From one tile to many is a step of its own: tiles
    overlap, and a picture that is one tile has no overlap.
    """
    net = net or build("residual", {"width": 32, "depth": 8, "factor": 4})
    measures = {
        str(side): partial(_seconds, partial(enlarged, net, _picture(side, side), threads=THREADS))
        for side in SIDES
    }
    times = [median(found) for found in interleaved(measures, rounds).values()]
    pixels, seconds = [2 * log(side) for side in SIDES], [log(time) for time in times]
    steps = (
        (late - early) / (large - small)
        for (small, large), (early, late) in zip(pairwise(pixels), pairwise(seconds), strict=True)
    )
    return linear_regression(pixels, seconds).slope, max(steps)


def several_at_once(net: Net, side: int = 64, count: int = 24, rounds: int = 5) -> float:
    """How many times faster small pictures are, two at once by one thread each, than in turn."""
    from concurrent.futures import ThreadPoolExecutor

    prepare(net)
    pictures = [_picture(side, side) for _ in range(count)]

    def in_turn() -> None:
        for picture in pictures:
            enlarged(net, picture, threads=THREADS)

    def at_once() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(partial(enlarged, net, threads=1), pictures))

    both = {"in turn": partial(_seconds, in_turn), "at once": partial(_seconds, at_once)}
    times = interleaved(both, rounds)
    return ratio_of_medians(times["in turn"], times["at once"])


def _picture(height: int, width: int) -> torch.Tensor:
    """A smooth picture with some noise, so that its file is neither tiny nor as large as can be."""
    down, across = torch.linspace(0, 9, height)[:, None], torch.linspace(0, 7, width)
    waves = torch.stack([torch.sin(down * across / (k + 1)) for k in range(3)])
    noise = torch.rand(waves.shape, generator=torch.Generator().manual_seed(0))
    return 0.5 + 0.4 * waves + 0.05 * (noise - 0.5)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _fresh(program: str) -> dict[str, float]:
    """What a program prints, run in a new process, so that its memory is its own."""
    found = os.environ.get("PYTHONPATH")
    paths = os.pathsep.join([str(ROOT / "bench"), str(ROOT), *([found] if found else [])])
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return loads(done.stdout)
