"""Shuffled batches from a pack, against a torch DataLoader over a folder of JPEGs.

Both give the same pictures (leaves, which have the detail of photographs) in batches of 32, as
uint8 samples and as float32 pictures. The pack is read through `batches`, as a training does, in
one process. The DataLoader decodes with Pillow, without transforms, in one process, which the goal
is about, and with a worker for each core; what starts its workers is not counted. All take turns
in one run.

    python bench/data.py [--count 2048] [--first-seed 0] [--rounds 9] [--json]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
import torch
from PIL import Image
from table import Row, at_least, interleaved, options, ratio_of_medians, report
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from trombine.core.computing import cores
from trombine.data.pack import Pack
from trombine.data.painting import Maker, paint_pack
from trombine.data.source import batches, source

SIZES = 64, 128  # pixels a side
BATCH = 32
GOAL = 50.0  # times as many pictures a second
QUALITY = 90  # of the JPEGs


class Jpegs(Dataset[Tensor]):
    """A folder of JPEGs, the way tutorials read one; `float32` makes pictures of the samples."""

    def __init__(self, folder: Path, float32: bool) -> None:
        self.paths = sorted(folder.glob("*.jpg"))
        self.float32 = float32

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        with Image.open(self.paths[index]) as picture:
            pixels = torch.from_numpy(np.array(picture))
        return pixels.permute(2, 0, 1).float().div_(255) if self.float32 else pixels


def main() -> int:
    """Measure, print, and say whether the goals were met."""
    arguments = options(__doc__, count=2048, first_seed=0, rounds=9)
    torch.set_num_threads(1)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            here = Path(folder) / str(size)
            prepare(here, size, arguments.first_seed, arguments.count)
            rows += compare(here, size, arguments.rounds, float32=False)
            rows += compare(here, size, arguments.rounds, float32=True)
    return report(rows, json=arguments.json)


def prepare(folder: Path, size: int, first_seed: int, count: int) -> None:
    """The same pictures as a pack and as JPEGs."""
    leaves = Maker(kind="leaves", size=size)
    paint_pack(folder / "pack", leaves, first_seed=first_seed, count=count, workers=cores())
    (folder / "jpegs").mkdir()
    for index, pixels in enumerate(Pack(folder / "pack").columns["pictures"]):
        name = folder / "jpegs" / f"{first_seed + index:06d}.jpg"
        Image.fromarray(pixels).save(name, quality=QUALITY)


def compare(folder: Path, size: int, rounds: int, float32: bool) -> list[Row]:
    """The rows of one size: what each loader gives, and how many times more the pack does."""
    about = f"{size} px {'float32' if float32 else 'uint8'}"
    loaders = {workers: jpeg_loader(folder, workers, float32) for workers in (0, cores())}
    measures: dict[str, Callable[[], float]] = {
        f"JPEGs, {workers} workers" if workers else "JPEGs": lambda loader=loader: rate(loader)
        for workers, loader in loaders.items()
    }
    measures["pack"] = lambda: pack_rate(folder, size, float32)
    found = interleaved(measures, rounds)
    rows = [Row(f"{about}: {name}", median(found[name]), "pictures/s") for name in measures]
    for name in list(measures)[:-1]:
        ratio = ratio_of_medians(found["pack"], found[name])
        what = f"{about}: pack against {name}"
        goal = name == "JPEGs" and not float32
        rows.append(at_least(what, ratio, "times", GOAL) if goal else Row(what, ratio, "times"))
    return rows


def jpeg_loader(folder: Path, workers: int, float32: bool) -> DataLoader[Tensor]:
    """The DataLoader of the comparison; its workers stay from round to round."""
    return DataLoader(
        Jpegs(folder / "jpegs", float32),
        batch_size=BATCH,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )


def pack_rate(folder: Path, size: int, float32: bool) -> float:
    """Pictures a second from the pack, over some rounds of all of them."""
    opened = source(f"pack:{folder / 'pack'}", size)
    endless = batches(opened, seed=0, size=BATCH)
    count = 8 * len(opened) // BATCH
    wanted = (batch.pictures() if float32 else batch.pixels for batch in endless)
    return rate(islice(wanted, count))


def rate(loaded: Iterable[Tensor]) -> float:
    """Pictures a second, from the first batch on: what starts the loader is not counted."""
    iterator = iter(loaded)
    next(iterator)
    start, pictures = time.perf_counter(), 0
    for batch in iterator:
        pictures += len(batch)
    return pictures / (time.perf_counter() - start)


if __name__ == "__main__":
    sys.exit(main())
