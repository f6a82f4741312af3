"""What enlarging without a net makes of small pictures, measured.

With nets: upscaling.py.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from trombine.conventions import to_picture, to_pixels
from trombine.data.degrade import shrink
from trombine.demo.amounts import Demo
from trombine.measures import Figure, Protocol, figure, log_evaluation, psnr_y
from trombine.methods import methods
from trombine.pages import Page, Plot, Series, grid, note, picture, plots
from trombine.world import face, paint

Pixels = UInt8[np.ndarray, "h w 3"]
Batch = Float32[torch.Tensor, "n 3 h w"]

FACTORS: Final = (2, 3, 4, 8)


def add_enlarging(demo: Demo, page: Page) -> None:
    """Faces and leaves made four times smaller and large again, beside the truth."""
    from trombine.world.leaves import leaves  # compiles for seconds when first called

    of_people = enlarging_protocol(demo, "world:photo")
    of_shapes = enlarging_protocol(demo, "leaves")
    seeds, size = of_people.seeds, demo.measured_size
    people = as_batch([paint(face(seed), size, "photo").pixels for seed in seeds])
    shapes = as_batch([leaves(seed, size) for seed in seeds])
    page.section(
        "Enlarging without a net",
        "Each picture was made four times smaller as papers do it (bicubic, as MATLAB) and"
        " enlarged again. Bicubic and Lanczos cannot add what is gone: lashes, strands of hair"
        " and the edges of leaves stay soft.\n\nPSNR-Y is the papers' measure: luma only, a"
        " border as wide as the factor left out.",
        grid([*_row(people[0], "face"), *_row(shapes[0], "leaves")], columns=4),
        plots(
            by_factor(of_people, people, "Faces at four factors"),
            by_factor(of_shapes, shapes, "Leaves at four factors"),
        ),
        note(
            f"{of_people.describe()} For leaves: protocol {of_shapes.hash}. Bars are 95 % intervals"
            " of the mean."
        ),
    )


def enlarging_protocol(demo: Demo, pictures: str) -> Protocol:
    """What the numbers for one kind of pictures are measured on."""
    first = demo.first_seed + 500
    return Protocol(
        name=f"Enlarging {'faces' if pictures.startswith('world') else pictures}",
        pictures=pictures,
        seeds=range(first, first + demo.measured),
        size=demo.measured_size,
        degradations=("shrunk as MATLAB's bicubic imresize, rounded to 8 bits",),
        measures=tuple(f"PSNR-Y at {factor} times" for factor in FACTORS),
    )


def as_batch(pictures: list[Pixels]) -> Batch:
    """Pixels as one tensor."""
    return torch.stack([to_picture(pixels) for pixels in pictures])


def by_factor(protocol: Protocol, truth: Batch, title: str) -> Plot:
    """PSNR-Y of each method at each factor."""
    series, logged = [], []
    for name, method in methods("upscale").items():
        figures = []
        for factor, measure in zip(FACTORS, protocol.measures, strict=True):
            guess = method(shrink(truth, factor), factor=factor)
            value = psnr_y(truth, guess, border=factor)
            figures.append(figure(protocol, name, measure, value))
        logged += figures
        series.append(_series(name, figures))
    log_evaluation(protocol, None, logged)
    return Plot(
        title=title,
        x_label="times smaller",
        y_label="PSNR-Y, dB",
        series=tuple(series),
        categories=tuple(str(factor) for factor in FACTORS),
    )


def _series(method: str, figures: list[Figure]) -> Series:
    return Series(
        name=method,
        x=range(len(figures)),
        y=[item.mean for item in figures],
        low=[item.low for item in figures],
        high=[item.high for item in figures],
        mark="points",
    )


def _row(truth: Float32[torch.Tensor, "3 h w"], about: str) -> list[str]:
    small = shrink(truth, 4)
    rows = {
        "A quarter of the size": to_pixels(small),
        **{
            f"Enlarged by {name}": to_pixels(method(small[None], factor=4)[0])
            for name, method in methods("upscale", "bicubic", "Lanczos").items()
        },
        "What was there": to_pixels(truth),
    }
    return [
        picture(pixels, f"{name}: {about}", caption=name, crisp=name.startswith("A quarter"))
        for name, pixels in rows.items()
    ]
