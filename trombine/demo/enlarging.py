"""What enlarging without a net makes of small pictures, measured."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from trombine.conventions import to_picture, to_pixels
from trombine.data.degrade import Kernel, enlarge, shrink
from trombine.demo.amounts import Demo
from trombine.demo.numbers import numbers_table
from trombine.demo.repair import as_jpeg
from trombine.measures import Figure, Protocol, figure, log_evaluation, psnr, psnr_y, ssim
from trombine.pages import Page, Plot, Series, compare, grid, note, picture, plots
from trombine.world import face, paint

Pixels = UInt8[np.ndarray, "h w 3"]
Batch = Float32[torch.Tensor, "n 3 h w"]

FACTORS: Final = (2, 3, 4, 8)
MEASURES: Final = ("PSNR-Y", "PSNR", "SSIM")
METHODS: Final[dict[str, Kernel]] = {
    "nearest pixel": "nearest",
    "bicubic": "bicubic",
    "Lanczos": "lanczos",
}


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
        " and the edges of leaves stay soft.\n\nPSNR-Y is the papers' measure: luma only, the"
        " border of four pixels left out.",
        grid([*_row(people[0], "face"), *_row(shapes[0], "leaves")], columns=4),
        grid([_face_slider(demo), _leaves_slider(demo)], columns=2, on_phone=1),
        numbers_table(of_people, measured(of_people, people), "Faces, enlarged 4 times"),
        numbers_table(of_shapes, measured(of_shapes, shapes), "Leaves, enlarged 4 times"),
        plots(
            _by_factor(at_factors(of_people), people, "Faces at four factors"),
            _by_factor(at_factors(of_shapes), shapes, "Leaves at four factors"),
        ),
        note(
            f"{at_factors(of_people).describe()} For leaves: protocol"
            f" {at_factors(of_shapes).hash}. Bars are 95 % intervals of the mean."
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
        degradations=("shrunk 4 times as MATLAB's bicubic imresize, rounded to 8 bits",),
        measures=MEASURES,
    )


def at_factors(protocol: Protocol) -> Protocol:
    """The same pictures at all four factors, a measure for each."""
    return replace(
        protocol,
        name=f"{protocol.name}, by factor",
        degradations=("shrunk as MATLAB's bicubic imresize, rounded to 8 bits",),
        measures=tuple(f"PSNR-Y at {factor} times" for factor in FACTORS),
    )


def measured(protocol: Protocol, truth: Batch) -> list[Figure]:
    """All methods on one kind of pictures, and the ceiling; logged if the protocol says so."""
    small = shrink(truth, 4)
    made = {name: enlarge(small, 4, kernel=kernel) for name, kernel in METHODS.items()}
    made["truth as JPEG 95"] = as_batch([as_jpeg(to_pixels(one)) for one in truth])
    figures = []
    for name, guess in made.items():
        values = (psnr_y(truth, guess, border=4), psnr(truth, guess), ssim(truth, guess))
        pairs = zip(MEASURES, values, strict=True)
        figures += [figure(protocol, name, measure, value) for measure, value in pairs]
    log_evaluation(protocol, None, figures)
    return figures


def as_batch(pictures: list[Pixels]) -> Batch:
    """Pixels as one tensor."""
    return torch.stack([to_picture(one) for one in pictures])


def _by_factor(protocol: Protocol, truth: Batch, title: str) -> Plot:
    """PSNR-Y of each method at each factor."""
    series, logged = [], []
    for method, kernel in METHODS.items():
        figures = []
        for factor, measure in zip(FACTORS, protocol.measures, strict=True):
            guess = enlarge(shrink(truth, factor), factor, kernel=kernel)
            value = psnr_y(truth, guess, border=factor)
            figures.append(figure(protocol, method, measure, value))
        logged += figures
        series.append(_series(method, figures))
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
        y=[one.mean for one in figures],
        low=[one.low for one in figures],
        high=[one.high for one in figures],
        mark="points",
    )


def _row(truth: Float32[torch.Tensor, "3 h w"], about: str) -> list[str]:
    small = shrink(truth, 4)
    made = {
        "A quarter of the size": to_pixels(small),
        "Enlarged by bicubic": to_pixels(enlarge(small, 4)),
        "Enlarged by Lanczos": to_pixels(enlarge(small, 4, kernel="lanczos")),
        "What was there": to_pixels(truth),
    }
    return [
        picture(pixels, f"{name}: {about}", caption=name, crisp=name.startswith("A quarter"))
        for name, pixels in made.items()
    ]


def _face_slider(demo: Demo) -> str:
    """A larger face than those measured, so that it can be looked at."""
    return _slider(paint(face(demo.first_seed + 501), demo.portrait, "photo").pixels, "a face")


def _leaves_slider(demo: Demo) -> str:
    from trombine.world.leaves import leaves

    return _slider(leaves(demo.first_seed + 501, demo.portrait), "leaves")


def _slider(pixels: Pixels, about: str) -> str:
    blurred = to_pixels(enlarge(shrink(to_picture(pixels), 4), 4))
    names = ("Enlarged by bicubic", "What was there")
    return compare(blurred, pixels, names=names, alt=f"{about} enlarged 4 times")
