"""What bench/data.py measures of making data: fractals, and packs of folders of JPEGs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image
from table import Row, at_least, at_most, cpu_seconds, interleaved, ratio_of_medians

from trombine.data.filling import fill_folder
from trombine.data.made import Maker
from trombine.data.pack import Pack
from trombine.data.packing import write_pack
from trombine.data.reading import centre, resize
from trombine.data.workers import cores
from trombine.images import read
from trombine.world.fractals import POINTS

HISTOGRAMS = 4.0  # of NumPy's, whose time a fractal may take, files included
FRACTALS = 12_000
PROCESSES = 2  # which the goals are for
SPEEDUP = 1.6  # of two processes over one
WIDE, SMALL = 256, 128  # pixels of the JPEGs, and of what is made of them
SCENES = 200  # pictures of leaves, of which the JPEGs are made: mirrored, turned, in two qualities


def fractal_rows(folder: Path, first_seed: int, count: int) -> list[Row]:
    """How long a published set of fractals takes, for 12,000 of them if fewer are made; and one of
    them, by one process, beside NumPy's histogram of as many points."""
    made = Maker(kind="fractals", size=SMALL)
    next(iter(fill_folder(folder / "warm", made, first_seed=0, count=1, workers=1)), None)
    start = time.perf_counter()
    for _ in fill_folder(
        folder / "fractals", made, first_seed=first_seed, count=count, workers=PROCESSES
    ):
        pass
    seconds = (time.perf_counter() - start) * FRACTALS / count
    shutil.rmtree(folder / "fractals")
    points = np.random.default_rng(first_seed).standard_normal((2, POINTS))
    few = min(count, 200)

    def some() -> None:
        filled = fill_folder(folder / "few", made, first_seed=first_seed, count=few, workers=1)
        for _ in filled:
            pass
        shutil.rmtree(folder / "few")

    def histograms() -> None:
        for _ in range(few):
            np.histogram2d(*points, bins=SMALL)

    found = interleaved(
        {"ours": partial(cpu_seconds, some), "numpy": partial(cpu_seconds, histograms)}, 3
    )
    ratio = ratio_of_medians(found["ours"], found["numpy"])
    return [
        Row(f"{FRACTALS:,} fractals of {SMALL} px, {PROCESSES} processes", seconds, "s"),
        at_most("a fractal beside NumPy's histogram", ratio, "times as long", HISTOGRAMS),
    ]


def prepare_rows(folder: Path, first_seed: int, count: int, rounds: int) -> list[Row]:
    """Packs of JPEGs: one process, several, and the loop that one would write with Pillow."""
    jpegs = folder / "many"
    write_jpegs(jpegs, first_seed, count)
    several = PROCESSES
    measures: dict[str, Callable[[], float]] = {
        "one process": partial(seconds_of, prepared, jpegs, folder / "one", 1),
        f"{several} processes": partial(seconds_of, prepared, jpegs, folder / "many-pack", several),
        "a loop over Pillow": partial(seconds_of, plainly, jpegs, folder / "plain", 1),
    }
    found = interleaved(measures, rounds)
    about = f"prepare {count:,} JPEGs of {WIDE} px"
    rows = [Row(f"{about}: {name}", median(found[name]), "s") for name in measures]
    one, more, plain = (found[name] for name in measures)
    return [
        *rows,
        Row("prepare: reduced decoding against full", likeness(jpegs), "dB"),
        at_least(f"prepare: {several} processes", ratio_of_medians(one, more), "times", SPEEDUP),
        at_least("prepare: one process against Pillow", ratio_of_medians(plain, one), "times", 1.0),
    ]


def likeness(jpegs: Path) -> float:
    """Mean PSNR of what prepare makes of a JPEG against Pillow's full decoding and shrinking."""
    found = []
    for path in sorted(jpegs.glob("*.jpg"))[:SCENES]:
        image = read(path, least=SMALL)
        ours = resize(image.rgb_pixels(), centre(image), SMALL).astype(np.float64)
        with Image.open(path) as picture:
            small = picture.convert("RGB").resize((SMALL, SMALL), Image.Resampling.BICUBIC)
        found.append(10 * np.log10(255**2 / np.square(ours - np.asarray(small)).mean()))
    return float(np.mean(found))


def seconds_of(make: Callable[[Path, Path, int], None], jpegs: Path, out: Path, n: int) -> float:
    """Seconds that making `out` takes; it is removed afterwards."""
    start = time.perf_counter()
    make(jpegs, out, n)
    seconds = time.perf_counter() - start
    shutil.rmtree(out)
    return seconds


def prepared(jpegs: Path, out: Path, workers: int) -> None:
    """The command, all of it: a process imports less from it than from a program like this one."""
    words = ["data", "prepare", jpegs, "--size", SMALL, "--workers", workers, "-o", out]
    command = [sys.executable, "-m", "trombine", *map(str, words)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def plainly(jpegs: Path, out: Path, workers: int) -> None:
    """Each picture decoded whole, shrunk, and put into one array: the least that one would do."""
    out.mkdir()
    paths = sorted(jpegs.glob("*.jpg"))
    shape = (len(paths), SMALL, SMALL, 3)
    array = np.lib.format.open_memmap(out / "pictures.npy", "w+", np.uint8, shape)
    for index, path in enumerate(paths):
        with Image.open(path) as picture:
            small = picture.convert("RGB").resize((SMALL, SMALL), Image.Resampling.BICUBIC)
        array[index] = np.asarray(small)
    array.flush()


def write_jpegs(folder: Path, first_seed: int, count: int) -> None:
    """So many different JPEGs of leaves."""
    pack = folder.with_name("scenes")
    leaves, several = Maker(kind="leaves", size=WIDE), min(SCENES, count)
    for _ in write_pack(pack, leaves, first_seed=first_seed, count=several, workers=cores()):
        pass
    folder.mkdir()
    scenes = Pack(pack).columns["pictures"]
    for index in range(count):
        scene, way = index % several, index // several
        pixels = np.rot90(scenes[scene], way % 4)
        pixels = pixels[:, ::-1] if way // 4 % 2 else pixels
        picture = Image.fromarray(np.ascontiguousarray(pixels))
        picture.save(folder / f"{index:06d}.jpg", quality=95 - way // 8)
