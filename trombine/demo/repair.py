"""What repair without a net makes of damaged faces, measured."""

from __future__ import annotations

import io

import numpy as np
import torch
from jaxtyping import Bool, UInt8
from PIL import Image
from skimage.restoration import inpaint_biharmonic

from trombine.conventions import to_picture
from trombine.data.masks import mask
from trombine.demo.amounts import Demo
from trombine.demo.numbers import numbers_table
from trombine.measures import Figure, Protocol, figure, log_evaluation, psnr, ssim
from trombine.pages import Page, grid, picture
from trombine.world import face, paint

Pixels = UInt8[np.ndarray, "h w 3"]
Hole = Bool[np.ndarray, "h w"]

MEASURES = ("PSNR in the hole", "PSNR", "SSIM")
GREY = np.array([178, 174, 168], np.uint8)  # how a hole is shown
HOLES = "irregular:10-20,inside"  # as data/masks/spec.py says
EXAMPLES = 3  # faces on the page, of those measured


def add_repair(demo: Demo, page: Page) -> None:
    """Faces with strokes missing, filled smoothly, beside the truth."""
    protocol = repair_protocol(demo)
    size, seeds = demo.measured_size, protocol.seeds
    truths = [paint(face(seed), size, "photo").pixels for seed in seeds]
    holes = [mask(HOLES, seed, size) for seed in seeds]
    filled = {
        "mean colour": [fill_mean(*pair) for pair in zip(truths, holes, strict=True)],
        "biharmonic": [fill_biharmonic(*pair) for pair in zip(truths, holes, strict=True)],
        "truth as JPEG 95": [
            np.where(hole[..., None], as_jpeg(truth), truth)
            for truth, hole in zip(truths, holes, strict=True)
        ],
    }
    figures = [
        result
        for name, guesses in filled.items()
        for result in _measure(protocol, name, truths, guesses, holes)
    ]
    log_evaluation(protocol, None, figures)
    pictures = []
    for number in range(min(EXAMPLES, len(truths))):
        pictures += _row(truths[number], holes[number], filled["biharmonic"][number], seeds[number])
    page.section(
        "Repair without a net",
        "Strokes and blobs, a tenth to a fifth of the picture, were taken out of each face, and"
        " what was under them is guessed from what is around: by the mean colour, and by the"
        " smoothest surface that fits (biharmonic)."
        "\n\nSkin and background come back; eyes do not. That is the floor a trained net stands"
        " on. The last row of the table is a ceiling: the truth itself, as a JPEG of"
        " quality 95.",
        grid(pictures, columns=4),
        numbers_table(protocol, figures),
    )


def repair_protocol(demo: Demo) -> Protocol:
    """What the numbers of this section are measured on."""
    first = demo.first_seed + 400
    return Protocol(
        name="Repairing faces",
        pictures="world:photo",
        seeds=range(first, first + demo.measured),
        size=demo.measured_size,
        degradations=(f"masks of the family {HOLES}, of the same seeds",),
        measures=MEASURES,
    )


def fill_mean(truth: Pixels, hole: Hole) -> Pixels:
    """The hole in the mean colour of what is kept."""
    filled = truth.copy()
    filled[hole] = np.round(truth[~hole].mean(axis=0)).astype(np.uint8)
    return filled


def fill_biharmonic(truth: Pixels, hole: Hole) -> Pixels:
    """The hole as the biharmonic surface through what is kept (scikit-image)."""
    surface = inpaint_biharmonic(truth / 255, hole, channel_axis=-1)
    filled = np.round(np.clip(surface, 0, 1) * 255).astype(np.uint8)
    return np.where(hole[..., None], filled, truth)


def as_jpeg(pixels: Pixels) -> Pixels:
    """The picture after a JPEG of quality 95."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95, subsampling=0)
    return np.asarray(Image.open(buffer))


def _measure(
    protocol: Protocol, name: str, truths: list[Pixels], guesses: list[Pixels], holes: list[Hole]
) -> list[Figure]:
    truth, guess = (torch.stack([to_picture(p) for p in side]) for side in (truths, guesses))
    hole = torch.tensor(np.stack(holes))[:, None].float()
    values = (psnr(truth, guess, hole), psnr(truth, guess), ssim(truth, guess))
    pairs = zip(MEASURES, values, strict=True)
    return [figure(protocol, name, measure, value) for measure, value in pairs]


def _row(truth: Pixels, hole: Hole, repaired: Pixels, seed: int) -> list[str]:
    damaged = truth.copy()
    damaged[hole] = GREY
    about = f"the face of seed {seed}"
    return [
        picture(damaged, f"Damaged: {about}", caption="A face with strokes missing"),
        picture(
            fill_mean(truth, hole),
            f"Filled by the mean: {about}",
            caption="Filled with the mean colour",
        ),
        picture(repaired, f"Repaired smoothly: {about}", caption="Filled smoothly (biharmonic)"),
        picture(truth, f"The truth: {about}", caption="What was there"),
    ]
