"""What people get who run the commands as they are: on JPEGs, on Set5, on large photographs.

    python bench/everyday.py [--only jpegs set5 large speed reading readme] [--json]

Everything goes through files and the functions behind the commands, with their defaults. JPEGs are
test portraits (../shared/data; left out where that is missing) and scikit-image's photographs,
shrunk as MATLAB does, saved by Pillow, enlarged by `auto`, `upscale` and `upscale-wild`.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import skimage.data
import torch
from PIL import Image
from table import ROOT, Row, at_least, at_most, cpu_seconds, report
from upscale_pictures import SHARED, photographs, portraits, set5
from upscale_speed import by_pillow

import trombine
from trombine.conventions import to_picture, to_pixels
from trombine.data.degrade import crop_to_multiple, shrink
from trombine.images import read
from trombine.measures import psnr_y

QUALITIES: Final = (None, 100, 95, 92, 90, 88, 85, 80, 75, 60, 50, 40, 30)  # None: PNG
MODELS: Final = ("auto", "upscale", "upscale-wild")
NEAR: Final = 0.15  # dB, below the better of both nets
SET5: Final = {2: 37.50, 4: 31.66}  # dB, by the command
CROP: Final = 384  # pixels of the truth's middle
PORTRAITS: Final = 8
NATURAL: Final = ("astronaut", "chelsea", "coffee", "rocket", "motorcycle_left", "camera")
LARGE: Final = (4000, 6000)  # height, width: 24 megapixels
MOST_MEMORY: Final = 4.0  # GB, for 24 megapixels twice
PHOTOGRAPH: Final = (3000, 4000)  # height, width: 12 megapixels, as phones make them
TIMES: Final = 30  # the CPU-seconds of Pillow's bicubic, for these twice as large
READING: Final = 0.6  # CPU-seconds a picture beside starting

# What a process of its own runs, so that its memory is its own.
PEAK: Final = """
import resource, sys, trombine
trombine.upscale(pictures=sys.argv[1], output=sys.argv[2], factor=2, model=sys.argv[3])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
"""


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description="Measure what people get.")
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=list(GROUPS))
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for name in arguments.only for row in GROUPS[name](Path(folder))]
    return report(rows, json=arguments.json)


def jpegs(folder: Path) -> Iterator[Row]:
    """By quality: how far `auto` is below the better of both nets, and above bicubic."""
    natural = {name.partition(".")[0]: truth for name, truth in photographs().truths.items()}
    sets = {"photographs": {name: natural[name] for name in NATURAL}}
    if SHARED.is_dir():
        found = portraits().truths
        sets["portraits"] = {name: found[name] for name in list(found)[::12][:PORTRAITS]}
    for name, truths in sets.items():
        for factor in (2, 4):
            yield from _jpegs(folder, name, truths, factor)


def _jpegs(
    folder: Path, name: str, truths: Mapping[str, torch.Tensor], factor: int
) -> Iterator[Row]:
    cut = {
        Path(key).stem: crop_to_multiple(_middle(truth), factor)[None]
        for key, truth in truths.items()
    }
    worst, said = -np.inf, ""
    for quality in QUALITIES:
        small = folder / f"{name} x{factor} {quality}"
        small.mkdir()
        for key, truth in cut.items():
            picture = Image.fromarray(np.squeeze(to_pixels(shrink(truth, factor)[0])))
            if quality is None:
                picture.save(small / f"{key}.png")
            else:
                picture.save(small / f"{key}.jpg", quality=quality)
        scores = {model: _score(small, cut, factor, model) for model in MODELS}
        below = max(scores["upscale"], scores["upscale-wild"]) - scores["auto"]
        quality_text = "PNG" if quality is None else f"quality {quality}"
        for model, score in scores.items():
            yield Row(f"{name} x{factor}, {quality_text}: {model}", score, "dB PSNR-Y")
        if below > worst:
            worst, said = below, quality_text
    yield at_most(f"{name} x{factor}: auto below the better net, worst ({said})", worst, "dB", NEAR)


def _score(small: Path, cut: Mapping[str, torch.Tensor], factor: int, model: str) -> float:
    """The mean PSNR-Y of what the command makes of a folder."""
    made = small.with_name(f"{small.name} by {model}")
    trombine.upscale(pictures=small, output=made, factor=factor, model=model)
    paths = {path.stem: path for path in made.iterdir()}
    scores = [_psnr(paths[key], truth, factor) for key, truth in cut.items()]
    return float(np.mean(scores))


def _psnr(path: Path, truth: torch.Tensor, factor: int) -> float:
    result = to_picture(read(path).samples)[None]
    return float(psnr_y(result.expand_as(truth), truth, border=factor))


def _middle(truth: torch.Tensor) -> torch.Tensor:
    top, left = (max(0, (length - CROP) // 2) for length in truth.shape[-2:])
    return truth[:, top : top + CROP, left : left + CROP]


def of_set5(folder: Path) -> Iterator[Row]:
    """Set5 by the command's default."""
    if not SHARED.is_dir():
        print("Set5 is not there: its rows are left out", file=sys.stderr)
        return
    for factor, goal in SET5.items():
        truths = set5().truths
        cut = {Path(name).stem: crop_to_multiple(truths[name], factor)[None] for name in truths}
        small = folder / f"set5 x{factor}"
        small.mkdir()
        for name, truth in cut.items():
            Image.fromarray(to_pixels(shrink(truth, factor)[0])).save(small / f"{name}.png")
        score = round(_score(small, cut, factor, "auto"), 2)  # as README gives it
        yield at_least(f"Set5 x{factor} by the command", score, "dB PSNR-Y", goal)


def _photograph(path: Path, height: int, width: int) -> None:
    """A JPEG of this size: one photograph again and again."""
    pixels = np.tile(skimage.data.astronaut(), (height // 512 + 1, width // 512 + 1, 1))
    Image.fromarray(pixels[:height, :width]).save(path, quality=97)


def speed(folder: Path, size: tuple[int, int] = PHOTOGRAPH) -> Iterator[Row]:
    """CPU-seconds of `trombine upscale -x 2`, beside those of Pillow's bicubic, files included."""
    source, output = folder / "photograph.jpg", folder / "twice.png"
    _photograph(source, *size)
    plain = min(cpu_seconds(partial(by_pillow, source, folder / "plain.png", 2)) for _ in range(3))
    before = _children()
    words = ["upscale", source, "-x", "2", "-o", output]
    subprocess.run([sys.executable, "-m", "trombine", *words], check=True, capture_output=True)
    used = _children() - before
    about = f"{size[0] * size[1] / 1e6:g} megapixels x2 by the command"
    yield Row(f"{about}: time", used, "CPU-s")
    yield at_most(f"{about}, beside Pillow's bicubic", used / plain, "times its CPU-s", TIMES)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def large(folder: Path) -> Iterator[Row]:
    """A photograph of 24 megapixels, twice as large, in a process of its own."""
    _photograph(folder / "large.jpg", *LARGE)
    began = time.perf_counter()
    command = [sys.executable, "-c", PEAK, folder / "large.jpg", folder / "large.png"]
    done = subprocess.run([*command, "upscale-fast"], capture_output=True, text=True, check=True)
    yield at_most("24 megapixels x2, fast: peak memory", float(done.stdout), "GB", MOST_MEMORY)
    yield Row("24 megapixels x2, fast: time", time.perf_counter() - began, "s")


def reading(folder: Path) -> Iterator[Row]:
    """CPU-seconds of reading a picture whose net is loaded, by its megapixels."""
    face = Image.fromarray(skimage.data.astronaut())
    for side in (800, 1600, 2200):
        path = folder / f"{side}.png"
        face.resize((side, side)).save(path)
        trombine.read(pictures=path)
        times = [cpu_seconds(partial(trombine.read, pictures=path)) for _ in range(3)]
        name = f"read a picture of {side * side / 1e6:.1f} megapixels"
        yield at_most(name, sorted(times)[1], "CPU-s", READING)


def readme(folder: Path) -> Iterator[Row]:
    """The first minutes: each command of the README's first page, its seconds, what it writes."""
    home = folder / "readme"
    (home / "holiday").mkdir(parents=True)
    for name in ("astronaut", "chelsea", "coffee"):
        picture = Image.fromarray(getattr(skimage.data, name)())
        picture.save(home / "holiday" / f"{name}.jpg", quality=90)
    Image.fromarray(skimage.data.astronaut()).save(home / "photo.jpg", quality=90)
    for line in _commands((ROOT / "README.md").read_text()):
        before, began = _files(home), time.perf_counter()
        words = shlex.split(line, comments=True)[1:]
        done = subprocess.run(
            [sys.executable, "-m", "trombine", *words], cwd=home, capture_output=True, text=True
        )
        seconds = time.perf_counter() - began
        new = sorted(_files(home) - before)
        more = f" and {len(new) - 1:,} more" if len(new) > 1 else ""
        unit = f"s, writes {new[0]}{more}" if new else "s, prints"
        ends = "exit code 0" if not done.returncode else f"exit code 0, not {done.returncode}"
        yield Row(f"README: {line}", seconds, unit, ends, done.returncode == 0)


def _commands(text: str) -> list[str]:
    """The commands in blocks of shell, but for what changes the shell itself."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("trombine ") and "--install" not in line]


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


GROUPS: Final = {
    "jpegs": jpegs,
    "set5": of_set5,
    "large": large,
    "speed": speed,
    "reading": reading,
    "readme": readme,
}


if __name__ == "__main__":
    sys.exit(main())
