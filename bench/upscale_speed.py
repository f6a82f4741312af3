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
from functools import partial
from json import dumps, loads
from pathlib import Path

import torch
from PIL import Image
from table import ROOT, cpu_seconds, interleaved, ratio_of_medians, seconds

from trombine.models.running import enlarged, prepare
from trombine.nets import Net

THREADS = 2
LARGE = (750, 1000)  # high and wide: 12 megapixels at x4


def times_faster(net: Net, plain: Net, side: int, rounds: int = 5) -> float:
    """How many times faster a net is, as it is run here, than a net in plain torch: by medians."""
    prepare(net)  # as pipelines.py does with whatever it loads
    picture = _picture(side, side)
    torch.set_num_threads(THREADS)
    times = interleaved(
        {
            "plain": partial(seconds, partial(plain, picture[None])),
            "ours": partial(seconds, partial(enlarged, net, picture, threads=THREADS)),
        },
        rounds,
    )
    return ratio_of_medians(times["plain"], times["ours"])


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
        taken = seconds(lambda: subprocess.run(command, check=True, capture_output=True))
        with Image.open(output) as made:
            assert made.size == (4 * width, 4 * height)
        plain = cpu_seconds(partial(by_pillow, source, output, 4))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    times, peak = (used.ru_utime + used.ru_stime) / plain, used.ru_maxrss / 1024
    print(dumps({"seconds": taken, "times": times, "mebibytes": peak}))


def by_pillow(source: Path, output: Path, factor: int) -> None:
    """Read a picture, enlarge it by bicubic interpolation and write it, all by Pillow."""
    with Image.open(source) as picture:
        size = (factor * picture.width, factor * picture.height)
        picture.convert("RGB").resize(size, Image.Resampling.BICUBIC).save(output)


def _picture(height: int, width: int) -> torch.Tensor:
    """A smooth picture with some noise, so that its file is neither tiny nor as large as can be."""
    down, across = torch.linspace(0, 9, height)[:, None], torch.linspace(0, 7, width)
    waves = torch.stack([torch.sin(down * across / (k + 1)) for k in range(3)])
    noise = torch.rand(waves.shape, generator=torch.Generator().manual_seed(0))
    return 0.5 + 0.4 * waves + 0.05 * (noise - 0.5)


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
