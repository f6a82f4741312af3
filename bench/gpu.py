"""How near commands on a graphics card come to their nets, beside plain torch in the same run.

    python bench/gpu.py                  on the card; sized for four minutes
    python bench/gpu.py --device cpu     the same rows at small sizes, to see that all of it runs

It needs no network.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

import engine
import numpy as np
import torch
from table import Row, at_least, at_most, interleaved, ratio_of_medians, report

import trombine
from trombine.commands.options import Device
from trombine.core.computing import cores
from trombine.core.devices import prepare, resolve
from trombine.io.image import load_picture, save_picture
from trombine.models import loaded
from trombine.recipes import Recipe, with_settings
from trombine.training.config import Machine, choose
from trombine.training.material import feed_of, prepare_material, step_of
from trombine.training.methods import find, objective_of
from trombine.training.step import advance
from trombine.world import face, paint

FACES = 3  # of the picture that is restyled, repaired and read


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much each row does."""

    large: tuple[int, int]  # of the picture that is enlarged four times
    files: int
    side: int  # of each file
    rounds: int
    steps: int
    recipes: Mapping[str, Mapping[str, str]]  # what is trained, and with which settings


_FEW: Final = {"size": "64", "batch": "2"}
ON_CARD: Final = Sizes(
    large=(1250, 1600),
    files=200,
    side=512,
    rounds=5,
    steps=60,
    recipes={
        "dcgan": {"size": "64", "batch": "256", "data": "world:anime#4000"},
        "upscale-x4": {"data": "leaves#300"},
        "restyle-cyclegan": {
            "size": "128",
            "data": "world:photo#1000",
            "other": "world:anime#1000",
        },
    },
)
ON_PROCESSOR: Final = Sizes(
    large=(60, 80),
    files=4,
    side=64,
    rounds=1,
    steps=2,
    recipes={
        "dcgan": {**_FEW, "data": "world:anime#40"},
        "upscale-x4": {"data": "leaves#20", "batch": "2"},
        "restyle-cyclegan": {**_FEW, "data": "world:photo#40", "other": "world:anime#40"},
    },
)


def main() -> int:
    """Time all rows; 1 unless every one meets its goal."""
    parser = argparse.ArgumentParser(description="Time commands and trainings on a graphics card.")
    parser.add_argument("--device", default="cuda", choices=("cuda", "mps", "cpu"))
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    prepare(resolve(asked.device))
    sizes = ON_PROCESSOR if asked.device == "cpu" else ON_CARD
    return report(list(measure(asked.device, sizes)), json=asked.json)


def measure(device: Device, sizes: Sizes) -> Iterator[Row]:
    """All rows; their names say which card it was."""
    card = torch.cuda.get_device_name() if device == "cuda" else device
    with tempfile.TemporaryDirectory() as folder:
        yield function_beside_net(device, sizes, card)
        yield folder_beside_files(device, sizes, card, Path(folder))
        yield from card_beside_processor(device, sizes, card, Path(folder))
    yield from trainings(device, sizes, card)


def seconds(work: Callable[[], object], device: str) -> float:
    """How long something takes until the card has done it, too."""
    start = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def function_beside_net(device: Device, sizes: Sizes, card: str) -> Row:
    """`trombine.upscale` of a picture in memory over its net alone, in float32."""
    pixels = np.random.default_rng(0).integers(0, 256, (*sizes.large, 3), np.uint8)
    net = loaded("upscale-x4", task="upscale", device=device).net.eval()
    planes = torch.rand(1, 3, *sizes.large, device=device)

    def alone() -> None:
        with torch.inference_mode():
            net(planes)

    ours = partial(trombine.upscale, pixels, scale=4, model="upscale-x4", device=device)
    works = {"net": alone, "function": ours}
    times = interleaved(
        {name: partial(seconds, w, device) for name, w in works.items()}, sizes.rounds
    )
    ratio = ratio_of_medians(times["function"], times["net"])
    return at_most(
        f"upscale x4 of {np.prod(sizes.large) / 1e6:.1f} MP / net ({card})", ratio, "x", 1.5
    )


def folder_beside_files(device: Device, sizes: Sizes, card: str, folder: Path) -> Row:
    """`trombine upscale` of a folder over decoding and encoding its files with as many threads."""
    source = folder / "in"
    for seed in range(sizes.files):
        save_picture(source / f"{seed}.png", paint(face(seed), sizes.side, "photo").pixels)
    files, runs = sorted(source.iterdir()), iter(range(1000))
    save_picture(
        folder / "large.png", np.repeat(np.repeat(load_picture(files[0]).samples, 2, 0), 2, 1)
    )
    large = load_picture(folder / "large.png")

    def plain() -> None:
        target = folder / f"plain{next(runs)}"

        def one(path: Path) -> None:
            load_picture(path)
            save_picture(target / path.name, large)

        with ThreadPoolExecutor(cores()) as pool:
            list(pool.map(one, files))

    def ours() -> None:
        output = folder / f"ours{next(runs)}"
        trombine.upscale(source, scale=2, model="upscale-x2", output=output, device=device)

    works = {"plain": plain, "ours": ours}
    times = interleaved({name: partial(seconds, w, device) for name, w in works.items()}, 1)
    ratio = ratio_of_medians(times["ours"], times["plain"])
    return at_most(f"upscale of {sizes.files} files / decode and encode ({card})", ratio, "x", 1.3)


def card_beside_processor(device: Device, sizes: Sizes, card: str, folder: Path) -> Iterator[Row]:
    """A picture of three faces, by the card over the processor of the same machine."""
    faces = [paint(face(seed), sizes.side, "photo").pixels for seed in range(FACES)]
    pixels = np.concatenate(faces, axis=1)
    mask = np.zeros(pixels.shape[:2], np.uint8)
    mask[sizes.side // 2 : sizes.side // 2 + sizes.side // 8] = 255
    save_picture(folder / "mask.png", mask)
    verbs: dict[str, Callable[[Device], object]] = {
        "restyle": lambda on: trombine.restyle(pixels, to="anime", model="restyle", device=on),
        "inpaint": lambda on: trombine.inpaint(pixels, mask=folder / "mask.png", device=on),
        "read": lambda on: trombine.read(pixels, device=on),
    }
    for name, verb in verbs.items():
        works = {
            on: partial(seconds, partial(verb, on), on) for on in dict.fromkeys((device, "cpu"))
        }
        times = interleaved(works, sizes.rounds)
        ratio = ratio_of_medians(times[device], times["cpu"])
        yield at_most(f"{name} of {FACES} faces / processor ({card})", ratio, "x", 0.5)


def trainings(device: str, sizes: Sizes, card: str) -> Iterator[Row]:
    """Steps a second of the loop over those of the plainest loop in the same precision; and the
    share of its time in which the loop waits for pictures."""
    for name, changes in sizes.recipes.items():
        common = {"threads": str(min(8, cores())), "device": device, "warmup": "0"}
        recipe = with_settings(find(name), {**common, **changes})
        prepare_material(recipe, objective_of(recipe).streams)
        machine = choose(recipe)
        loops = {"ours": engine.loop(recipe, machine), "plain": engine.PLAIN[name](recipe, machine)}
        steps = {n: partial(seconds, partial(next, loop), device) for n, loop in loops.items()}
        times = interleaved(steps, sizes.steps, warm=3)
        ratio = ratio_of_medians(times["plain"], times["ours"])
        label = f"{name} {recipe.size} px batch {recipe.batch}, {machine.precision}"
        yield at_least(f"{label}: loop / plain loop ({card})", ratio, "x", 0.95)
        yield Row(f"{label}: steps a second ({card})", 1 / median(times["ours"]), "steps")
        share = waiting(recipe, machine, sizes.steps, device)
        yield at_most(f"{label}: share that waits for pictures ({card})", share, "", 0.05)


def waiting(recipe: Recipe, machine: Machine, steps: int, device: str) -> float:
    """The share of a training's time in which it waits for pictures."""
    plan, state, material = engine.begun(recipe, machine)
    feed, waited = feed_of(plan, state, material), list[float]()

    def step() -> None:
        start = time.perf_counter()
        batch = next(feed)
        waited.append(time.perf_counter() - start)
        advance(state, plan, step_of(plan, state, material, batch))

    warm = 3
    for _ in range(warm):
        step()
    total = seconds(lambda: [step() for _ in range(steps)], device)
    return sum(waited[warm:]) / total


if __name__ == "__main__":
    sys.exit(main())
