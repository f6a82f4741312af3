"""What nets that invent pictures do after a short training, each alike: do they begin to learn?

    python bench/generators.py [--recipes NAME,NAME] [--pictures 3000] [--count 500] [--json]

Every recipe of a generator learns from painted anime faces of 32 pixels; one of classes from all
styles. Measured is the average net at the end, by `count` pictures of fixed seeds: how much they
differ, beside as many faces that taught nothing; how many samples are black or white; whether every
number of the input vector moves the picture; whether vectors of three tenths of the length give
pictures that are more alike, as truncation says; and the distance from faces by the worse of two
views, where a Gaussian of pixels stands beside. Runs are in runs/generators, and go on where they
were.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

import numpy as np
import torch
from generate import gaussian_of_pixels
from jaxtyping import Float32
from safetensors.torch import load_file
from table import ROOT, Row, at_least, at_most, options, report

from trombine.core.rng import Rng
from trombine.data.source import source
from trombine.eval.views import distance
from trombine.metrics import diversity
from trombine.models import Model, load
from trombine.nets.samplers import Net, Process, sample
from trombine.recipes import with_settings
from trombine.runs.folder import RunFolder, numbered
from trombine.runs.log import cost
from trombine.training.methods import find, objective_of
from trombine.training.methods.diffusion import METHODS, Denoise, process_of

SIDE: Final = 32
FIRST: Final = 1_430_000  # the first seed of the faces that pictures are compared with
FACES: Final = "world:anime#2000"
CLASSES: Final = {"class-gan": "world:photo#500+world:anime#500+world:cartoon#500+world:sketch#500"}
ANIME: Final = 1  # of these classes
SHORT: Final = 0.3  # of a vector's length
RECIPES: Final = (
    *("dcgan", "dcgan-r1", "stylegan", "class-gan", "sdpc-gan", "adversarial-autoencoder"),
    *("flow", "diffusion"),
)
SIZED: Final = ("generator", "discriminator")  # nets whose size is the pictures'
Pictures = Float32[torch.Tensor, "n 3 h w"]
Draw = Callable[[Float32[torch.Tensor, "n k"]], Pictures]


def settings(name: str, pictures: int) -> dict[str, str]:
    """Of a training."""
    sized = [f"{role}.size" for role in find(name).nets if role in SIZED]
    times = dict.fromkeys(("pictures", "measure_every", "sample_every"), str(pictures))
    return {
        "data": CLASSES.get(name, FACES),
        **dict.fromkeys(("size", *sized), str(SIDE)),
        **times,
        "ema": str(pictures // 6),
    }


def trained(name: str, pictures: int) -> RunFolder:
    """The run of a recipe, at its end."""
    folder = RunFolder(ROOT / "runs" / "generators" / f"{name}-{pictures}")
    named = settings(name, pictures).items()
    words = [word for key, value in named for word in (f"--{key.replace('_', '-')}", value)]
    call = [sys.executable, "-m", "trombine", "train", name, *words, "-o", str(folder.path)]
    subprocess.run(call, cwd=ROOT, check=True, stdout=sys.stderr)
    return folder


def at_end(name: str, run: RunFolder) -> Model:
    """The average net at the end of a run, which need not be its best: the first may look better,
    when little was learned."""
    model = load(run.best)
    files = numbered(run.checkpoints, ".safetensors")
    start = f"averages/{objective_of(find(name)).main}/"
    state = {
        key.removeprefix(start): tensor
        for key, tensor in load_file(files[max(files)]).items()
        if key.startswith(start)
    }
    model.net.load_state_dict({**model.net.state_dict(), **state})
    return model


def draws(name: str, model: Model, pictures: int) -> tuple[int, Draw]:
    """How long a model's vectors are, and what makes pictures of them."""
    if model.card.task != "denoise":
        return int(model.net.sizes["latent"]), model
    recipe = with_settings(find(name), settings(name, pictures))
    assert isinstance(recipe, Denoise)
    process, method = process_of(recipe), METHODS[recipe.process]

    def draw(vectors: Float32[torch.Tensor, "n k"]) -> Pictures:
        chance = Rng(seed=0, places=np.arange(len(vectors)))
        noise = vectors.view(-1, 3, SIDE, SIDE)
        return denoised(model.net, process, noise, chance, steps=recipe.steps, method=method)

    return 3 * SIDE * SIDE, draw


def denoised(
    net: Net, process: Process, noise: Pictures, chance: Rng, *, steps: int, method: str
) -> Pictures:
    """Pictures from noise; what is drawn on the way is each picture's own."""

    def draw(number: int, shape: tuple[int, ...]) -> torch.Tensor:
        return torch.from_numpy(chance.normals(f"step {number}", shape[1:])).float()

    *_, last = sample(net, process, noise, steps=steps, method=method, draw=draw)
    return (last + 1) / 2


@cache
def real(count: int) -> Pictures:
    """Faces that taught nothing."""
    return source(f"world:anime#{count}", SIDE, first_seed=FIRST).batch(np.arange(count)).pictures()


def measured(name: str, pictures: int, count: int) -> Iterator[Row]:
    """The rows of a recipe."""
    run = trained(name, pictures)
    model = at_end(name, run)
    length, draw = draws(name, model, pictures)
    classes = int(model.net.sizes.get("classes", 1))
    vectors = torch.from_numpy(Rng(seed=0, places=np.arange(count)).normals("bench", (length,)))
    vectors = vectors.float()
    if classes > 1:
        vectors[:, -classes:] = torch.eye(classes)[ANIME]

    def made(some: Float32[torch.Tensor, "n k"]) -> Pictures:
        with torch.no_grad():
            return torch.cat([draw(part) for part in some.split(50)]).clamp(0, 1)

    drawn, faces = made(vectors), real(count)
    spread = diversity(drawn) / diversity(faces)
    ends = float(((drawn - 0.5).abs() > 0.5 - 0.5 / 255).float().mean())
    yield at_least(f"{name}: differences of its pictures, of faces'", spread, "", 1 / 3)
    yield at_most(f"{name}: black or white samples", 100 * ends, "%", 2)
    if model.card.task != "denoise":
        free = vectors[:4].clone().requires_grad_()
        model.net(free).square().sum().backward()
        assert free.grad is not None
        told = length - (classes if classes > 1 else 0)
        dead = int((free.grad[:, :told].abs().amax(0) == 0).sum())
        yield at_most(f"{name}: numbers of its vector that move nothing", dead, "", 0)
        short = SHORT * vectors
        short[:, told:] = vectors[:, told:]
        alike = diversity(made(short)) / max(diversity(drawn), 1e-9)
        yield at_most(f"{name}: differences where vectors are short, of usual ones", alike, "", 0.8)
    yield Row(f"{name}: distance from faces", distance(drawn, faces), "")
    alarms = [entry for entry in run.entries() if entry["kind"] == "alarm"]
    yield Row(f"{name}: alarms", len(alarms), "")
    yield Row(f"{name}: processor's time", cost(run.clock_entries()).cpu / 60, "minutes")


def main() -> None:
    args = options(__doc__, recipes=",".join(RECIPES), pictures=3000, count=500)
    rows = list[Row]()
    for name in args.recipes.split(","):
        rows += measured(name, args.pictures, args.count)
    gaussian = gaussian_of_pixels(range(FIRST, FIRST + args.count), style="anime", size=SIDE)
    floor = distance(gaussian, real(args.count))
    rows.append(Row("a Gaussian of pixels: distance from faces", floor, ""))
    sys.exit(report(rows, json=args.json))


if __name__ == "__main__":
    main()
