"""What each idea for inventing faces is worth: adversaries, codes, noise, and correspondence.

    python research/generate_study.py [--run] [ARM ...]     study.py says what else it takes

Every arm sees as many painted anime faces, of 64 pixels but for those whose names end in 128, the
same ones in the same order, and is measured by the witness, which none has seen, on as many
invented ones of choosing seeds. Arms of fractals say whether a latent comes to mean the numbers by
which pictures are painted. docs/log/generate.md has the table and what follows from it.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Final

import numpy as np
import torch
from bench_path import ROOT
from generate import features, gaussian_of_pixels, sharpness
from generators import denoised as from_noise
from scipy.stats import spearmanr
from study import PLAIN, Arm, Row, Study
from torch import Tensor, nn

from trombine.core.conventions import to_pixels
from trombine.core.rng import Rng
from trombine.data.source import Source, source
from trombine.eval import witness
from trombine.eval.fidelity import frechet
from trombine.eval.witness import in_place
from trombine.generation.interpolation import linear, spherical
from trombine.metrics.reading import IN_PLACE
from trombine.models import Model
from trombine.nets import build
from trombine.nets.samplers import Net, Process
from trombine.nets.spaces import to_space
from trombine.recipes import with_settings
from trombine.training.methods import find
from trombine.training.methods.diffusion import METHODS, Denoise, process_of
from trombine.training.methods.gan import RANGES, as_normals, correspondence

FIRST: Final = 1_420_000  # the first choosing seed of what is measured on
COUNT: Final = 400  # faces, and as many real ones
SIZE: Final = 64
STYLES: Final = ("anime", "photo", "cartoon", "sketch")  # what is measured first
PATHS: Final = {"linear": linear, "spherical": spherical}
PAIRS: Final = 24  # whose paths are walked
ALONG: Final = np.linspace(0, 1, 9)
STEPS: Final = (4, 8, 16, 50)
NUMBERS: Final = ("a", "b", "c", "d")
# Of faces, those that the witness reads of anime with an R2 of .8.
FIELDS: Final = (
    "hat", "yaw", "glasses", "tone", "mouth_open", "masculine", "smile", "hair_grey"
)  # fmt: skip
READ_OF: Final = 5  # times as many faces as are compared: latents are many
LEARNED: Final = 20_000  # fractals from which a net learns to read them
SHARED: Final = {
    **PLAIN,
    "precision": "auto",
    "size": str(SIZE),
    "data": "world:anime#8000",
    "pictures": "24000",
    "batch": "16",
    "width": "16",
    "ema": "2000",
    "measure_every": "6000",
    "sample_every": "12000",
    "save_every": "4000",
}
FRACTALS: Final = "--data fractals#6000"


def _arm(table: str, says: str, recipe: str, settings: str = "") -> Arm:
    return Arm(table=table, recipe=recipe, settings=settings, says=says)


ARMS: Final = {
    "dcgan": _arm("adversary", "DCGAN as in the paper", "dcgan"),
    "dcgan-r1": _arm("adversary", "no batch statistics, relativistic, R1 and R2", "dcgan-r1"),
    "no-penalties": _arm("adversary", "the same without R1 and R2", "dcgan-r1", "--r1 0 --r2 0"),
    "stylegan": _arm("adversary", "the generator by style", "stylegan"),
    "class-gan": _arm(
        "adversary",
        "by style, conditioned on the world's style",
        "class-gan",
        f"--data {'+'.join(f'world:{style}#2000' for style in STYLES)}",
    ),
    "sdpc-gan": _arm("adversary", "the discriminator sees sparse predictive codes", "sdpc-gan"),
    "hsv": _arm("colours", "as dcgan-r1, in hue, saturation and value", "dcgan-r1", "--space hsv"),
    "grey": _arm("colours", "as dcgan-r1, grey, beside real grey ones", "dcgan-r1", "--space grey"),
    "codes": _arm("codes", "auto-encoder, codes to look drawn", "adversarial-autoencoder"),
    "codes-free": _arm(
        "codes", "the same, codes as they come", "adversarial-autoencoder", "--adversarial 0"
    ),
    "codes-ms-ssim": _arm(
        "codes", "MS-SSIM for L1", "adversarial-autoencoder", "--l1 0 --ms-ssim 1"
    ),
    "flow": _arm("noise", "flow matching", "flow"),
    "v": _arm("noise", "v prediction", "diffusion"),
    **{
        f"{name}-{seed}": _arm("seed", f"{name}, seed {seed}", name, f"--seed {seed}")
        for name in ("dcgan-r1", "sdpc-gan", "flow")
        for seed in (1, 2)
    },
    **{
        f"codes-ms-ssim-{seed}": _arm(
            "seed",
            f"codes-ms-ssim, seed {seed}",
            "adversarial-autoencoder",
            f"--l1 0 --ms-ssim 1 --seed {seed}",
        )
        for seed in (1, 2)
    },
    **{
        f"{name}-128": _arm("128 px", f"{name}, faces of 128 pixels", name, "--size 128")
        for name in ("dcgan", "dcgan-r1")
    },
    **{
        f"fractals-{seed}": _arm(
            "latents",
            f"fractals, their numbers matched, seed {seed}",
            "fractal-gan",
            f"{FRACTALS} --seed {seed}",
        )
        for seed in (0, 1, 2)
    },
    "fractals-free": _arm(
        "latents", "the same, nothing matched", "fractal-gan", f"{FRACTALS} --matched 0.000001"
    ),
    "fractals-told": _arm(
        "latents",
        "the same, next to nothing but matched",
        "fractal-gan",
        f"{FRACTALS} --matched 100000",
    ),
}


def measured(arm: Arm, model: Model, trial: bool) -> Row:
    """How far from real what it invents is, and how sound paths through it are."""
    count = 24 if trial else COUNT
    if arm.recipe == "fractal-gan":
        latents = drawn(model, count)
        with torch.no_grad():
            said = reads(240 if trial else LEARNED)(_pictures(model, latents))
        return {
            "correspondence": round(matching(model, count), 3),
            "latents": explained(latents, said, matched=True),
            "by chance": explained(latents.flip(0), said, matched=True),
        }
    settings = STUDY.settings(arm)
    like = (count, int(settings["size"]), settings.get("space") == "grey")
    if model.card.task == "denoise":
        recipe = of_arm(arm)
        process, method = process_of(recipe), METHODS[recipe.process]
        each = {
            steps: scores(denoised(model.net, process, count, steps, method), *like)
            for steps in STEPS
        }
        return {**each[STEPS[-1]], "steps": {str(n): row["value"] for n, row in each.items()}}
    latents = drawn(model, count)
    row = scores(_pictures(model, latents), *like)
    pairs = latents[: 2 * PAIRS].double().numpy()
    for name, blend in PATHS.items():
        ways = (
            blend(one, other, share)
            for one, other in zip(pairs[::2], pairs[1::2], strict=True)
            for share in ALONG[1:-1]
        )
        frames = _pictures(model, torch.from_numpy(np.stack(list(ways))).float())
        row[name] = placed(witness.seen(frames))
    return row | known_of_faces(model, READ_OF * count)


def known_of_faces(model: Model, count: int) -> Row:
    """How much of what is read of invented faces is known from their latents."""
    latents = drawn(model, count)
    read = witness.seen(_pictures(model, latents)).fields
    said = read[:, [witness.field_names().index(name) for name in FIELDS]]
    ways = {"latents": latents, "by chance": latents.flip(0)}
    return {name: explained(way, said, matched=False) for name, way in ways.items()}


def scores(pictures: Tensor, count: int, size: int, grey: bool) -> Row:
    """Of a set: its Fréchet distance above real's, of a Gaussian's; parts in place and sharpness,
    of real's."""
    real, truth, floor, gaussian = reference(count, size, grey)
    seen = witness.seen(pictures)
    above = (frechet(features(seen), features(truth)) - floor) / gaussian
    sharp = [sharpness([to_pixels(one) for one in some]) for some in (pictures, real)]
    return {
        "value": round(above, 4),
        "unit": "Fréchet distance above real's, of a Gaussian's",
        "placed": round(placed(seen) / placed(truth), 3),
        "sharpness": round(sharp[0] / sharp[1], 3),
    }


def placed(seen: witness.Seen) -> float:
    """The share of pictures whose parts are where parts are."""
    return round(float((in_place(seen) >= 1 - IN_PLACE).float().mean()), 3)


@cache
def reference(count: int, size: int, grey: bool) -> tuple[Tensor, witness.Seen, float, float]:
    """Real faces, and what is read of them; the Fréchet distance of others from them, and what a
    Gaussian's is above that."""
    gaussian = gaussian_of_pixels(range(FIRST, FIRST + count), style="anime", size=size)
    real, others = faces(count, size)
    if grey:
        real, others, gaussian = (to_space(some, "grey") for some in (real, others, gaussian))
    read = witness.seen(real)
    truth = features(read)
    floor = frechet(features(witness.seen(others)), truth)
    return real, read, floor, frechet(features(witness.seen(gaussian)), truth) - floor


def faces(count: int, size: int) -> tuple[Tensor, Tensor]:
    """Real faces, and as many others."""
    painted = source(f"world:anime#{2 * count}", size, first_seed=FIRST)
    pictures = painted.batch(np.arange(2 * count)).pictures()
    return pictures[:count], pictures[count:]


def drawn(model: Model, count: int) -> Tensor:
    """Vectors, standard normal; those that also say of which class a picture is say anime."""
    length, classes = (int(model.net.sizes.get(name, 1)) for name in ("latent", "classes"))
    chance = Rng(seed=0, places=np.arange(FIRST, FIRST + count))
    latents = torch.from_numpy(chance.normals("study", (length,))).float()
    if classes > 1:
        latents[:, -classes:] = torch.eye(classes)[0]
    return latents


def _pictures(model: Model, latents: Tensor) -> Tensor:
    return _rounded(torch.cat([model(some) for some in latents.split(32)]))


def of_arm(arm: Arm) -> Denoise:
    """The recipe of an arm that learns to take noise away."""
    recipe = with_settings(find(arm.recipe), STUDY.settings(arm))
    assert isinstance(recipe, Denoise)
    return recipe


def denoised(net: Net, process: Process, count: int, steps: int, method: str) -> Tensor:
    """Pictures from noise; what is drawn on the way is each picture's own, as its noise is."""

    def some(first: int) -> Tensor:
        chance = Rng(seed=0, places=np.arange(first, min(first + 32, FIRST + count)))
        noise = torch.from_numpy(chance.normals("study", (3, SIZE, SIZE))).float()
        return from_noise(net, process, noise, chance, steps=steps, method=method)

    return _rounded(torch.cat([some(first) for first in range(FIRST, FIRST + count, 32)]))


def fractals(count: int) -> tuple[Tensor, Tensor]:
    """Fractals of choosing seeds, and their numbers as latents."""
    return pictures_and_numbers(
        source(f"fractals#{count}", SIZE, first_seed=FIRST), np.arange(count)
    )


def pictures_and_numbers(painted: Source, places: np.ndarray) -> tuple[Tensor, Tensor]:
    """Fractals of these places of a source, and their numbers as latents."""
    batch = painted.batch(places)
    assert batch.vectors is not None
    columns = [painted.vector_names.index(name) for name in NUMBERS]
    ranges = torch.tensor([RANGES[name] for name in NUMBERS], dtype=torch.float64)
    return batch.pictures(), as_normals(batch.vectors[:, columns], ranges).float()


@cache
def reads(count: int) -> nn.Module:
    """A net that has learned from so many fractals to read their numbers, as latents."""
    painted = source(f"fractals#{count}", SIZE)
    net = build("encoder", {"width": 16, "levels": 4, "outputs": len(NUMBERS)})
    optimiser = torch.optim.Adam(net.parameters())
    steps = 1 + count // int(SHARED["batch"])
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=0.002, total_steps=steps)
    for some in np.array_split(np.random.default_rng(0).permutation(count), steps):
        pictures, numbers = pictures_and_numbers(painted, some)
        optimiser.zero_grad()
        (net(pictures) - numbers).square().mean().backward()
        optimiser.step()
        rates.step()
    return net.eval()


def matching(model: Model, count: int) -> float:
    """How often what is made of a fractal's numbers is nearer to it than another fractal is."""
    pictures, latents = fractals(count)
    return correspondence(_pictures(model, latents), pictures)


def explained(latents: Tensor, said: Tensor, *, matched: bool) -> dict[str, float]:
    """How much of the numbers that are read of pictures is known from their latents.

    By rank, each number beside one latent, the mean of all: that of its place where they are
    `matched`, else the one that fits one half best, on the other half. And by the linear map of all
    latents that fits one half best, on the other half: the share of the variance, the interval
    over its pictures.
    """
    numbers, places = said.double().numpy(), latents.double().numpy()
    half = len(places) // 2
    known = np.column_stack([places, np.ones(len(places))])
    through, *_ = np.linalg.lstsq(known[:half], numbers[:half], rcond=None)
    off = numbers[half:] - known[half:] @ through
    spread = numbers[half:] - numbers[half:].mean(0)

    def share(rows: np.ndarray) -> float:
        return float((1 - (off[rows] ** 2).mean(0) / (spread[rows] ** 2).mean(0)).mean())

    every = np.arange(len(off))
    draws = np.random.default_rng(0).integers(0, len(off), (500, len(off)))
    low, high = np.percentile([share(rows) for rows in draws], (2.5, 97.5))
    if matched:
        rank = np.diag(by_rank(numbers, places)).mean()
    else:
        first = by_rank(numbers[:half], places[:half])
        best = np.arange(len(first)), np.abs(first).argmax(1)
        second = by_rank(numbers[half:], places[half:])
        rank = (np.sign(first) * second)[best].mean()
    found = {"rank": rank, "linear": share(every), "low": low, "high": high}
    return {name: round(float(value), 3) for name, value in found.items()}


def by_rank(numbers: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Spearman's correlation of each number with each latent."""
    count = numbers.shape[1]
    return np.asarray(spearmanr(numbers, places)[0])[:count, count:]


def _rounded(pictures: Tensor) -> Tensor:
    """Within [0, 1], as 8 bits hold them."""
    return (pictures.clamp(0, 1) * 255).round() / 255


STUDY: Final = Study(
    runs="generate-study",
    result=ROOT / "bench" / "results" / "generate-study.json",
    arms=ARMS,
    measure=measured,
    shared=SHARED,
    columns={
        "Fréchet": ("value", ".3f"),
        "in place": ("placed", ".2f"),
        "sharpness": ("sharpness", ".2f"),
        "straight": ("linear", ".2f"),
        "circles": ("spherical", ".2f"),
        **{f"{steps} steps": (f"steps.{steps}", ".3f") for steps in STEPS},
        "correspondence": ("correspondence", ".2f"),
        "rank": ("latents.rank", ".2f"),
        "linear": ("latents.linear", ".2f"),
        "pictures": ("pictures", ",d"),
        "CPU-min": ("minutes", ".1f"),
    },
    minutes=6,
)

if __name__ == "__main__":
    sys.exit(STUDY.main())
