"""What the shipped nets make of small pictures: a photograph, a face and a drawing, measured.

What bicubic and Lanczos alone make of them at more factors is in enlarging.py.
"""

from __future__ import annotations

from io import BytesIO
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from PIL import Image

from trombine.conventions import to_picture, to_pixels
from trombine.data.degrade import crop_to_multiple, shrink
from trombine.demo.amounts import Demo
from trombine.demo.enlarging import as_batch
from trombine.demo.numbers import numbers_table
from trombine.measures import Figure, Protocol, figure, log_evaluation, psnr_y, ssim
from trombine.methods import methods
from trombine.pages import Html, Page, compare, fold, grid, note
from trombine.upscaling.in_memory import enlarged_value
from trombine.upscaling.names import named
from trombine.world import face, paint

Pixels = UInt8[np.ndarray, "_ _ 3"]  # small and large ones meet here
Batch = Float32[torch.Tensor, "n 3 _ _"]
Picture = Float32[torch.Tensor, "3 _ _"]
Place = tuple[float, float]  # down and across, as shares of the picture

FACTORS: Final = (2, 4)
DRAWN: Final = ("anime", "cartoon", "sketch")
# What stands in each table beside bicubic and Lanczos.
FOR_FACES: Final = ("upscale",)
FOR_DRAWINGS: Final = ("upscale", "upscale-drawings")
PERSON: Final = 258  # after the first seed: the one at the top of the page
FACE_SIDE: Final = 208  # pixels of the photograph at the top of the page, from its upper border
FACE_LEFT: Final = 124  # where it begins
BAD: Final = 30  # quality of a JPEG
ZOOM: Final = 3  # a detail is this part of a side, and shown as large as the whole


def add_upscaling(demo: Demo, page: Page) -> None:
    """The nets that come with trombine beside bicubic: to look at, then in numbers."""
    people, drawings = upscaling_protocol(demo, "faces"), upscaling_protocol(demo, "drawings")
    faces = [paint(face(seed), demo.measured_size, "photo").pixels for seed in people.seeds]
    drawn = [
        paint(face(seed), demo.measured_size, DRAWN[number % len(DRAWN)]).pixels
        for number, seed in enumerate(drawings.seeds)
    ]
    photo, person, drawing = _examples(demo)
    page.section(
        "Enlarging with a net",
        "Nets that come with trombine enlarge two and four times. They learned from what this"
        " program paints itself, never from a photograph (only the one for damaged pictures saw"
        " portraits, too). Drawings have a net of their own, which"
        " trombine upscale takes by itself when a picture is one.\n\n"
        "Each picture was made smaller and enlarged again, by bicubic (left of the slider) and by"
        " a net (right). After it comes a detail, three times larger.",
        _sliders(*photo),
        _more_sliders(demo.portrait),
        _sliders(*drawing),
        fold("A painted face", _sliders(*person)),
        numbers_table(people, measured(people, as_batch(faces), FOR_FACES), "Faces, enlarged"),
        numbers_table(
            drawings, measured(drawings, as_batch(drawn), FOR_DRAWINGS), "Drawings, enlarged"
        ),
        note(
            "The photograph comes with scikit-image; it is here to look at, not to measure. The"
            " faces and drawings are painted."
        ),
    )


def opening() -> Html:
    """A photograph's face, four times as large by bicubic and by a net: the top of the page."""
    small = shrink(photograph(FACE_SIDE, left=FACE_LEFT), 2)[None]
    bicubic, net = (
        to_pixels(method(small, factor=4)[0])
        for method in methods("upscale", "bicubic", "upscale").values()
    )
    alt = "a photograph enlarged four times"
    return compare(bicubic, net, names=("bicubic", "trombine upscale"), alt=alt)


def upscaling_protocol(demo: Demo, pictures: str) -> Protocol:
    """What the numbers for "faces" or "drawings" are measured on."""
    first = demo.first_seed + 500
    sources = {"faces": "world:photo", "drawings": f"world:{', '.join(DRAWN)} in turn"}
    return Protocol(
        name=f"Enlarging {pictures} with nets",
        pictures=sources[pictures],
        seeds=range(first, first + demo.measured),
        size=demo.measured_size,
        degradations=("shrunk as MATLAB's bicubic imresize, rounded to 8 bits",),
        measures=tuple(
            f"{measure} at {factor} times" for measure in ("PSNR-Y", "SSIM") for factor in FACTORS
        ),
    )


def measured(protocol: Protocol, truth: Batch, families: tuple[str, ...]) -> list[Figure]:
    """Bicubic, Lanczos and the nets at both factors; logged if the protocol says so."""
    compared = methods("upscale", "bicubic", "Lanczos", *families)
    figures = []
    for factor in FACTORS:
        small = shrink(truth, factor)
        for name, method in compared.items():
            guess = method(small, factor=factor)
            values = {"PSNR-Y": psnr_y(truth, guess, border=factor), "SSIM": ssim(truth, guess)}
            figures += [
                figure(protocol, name, f"{measure} at {factor} times", value)
                for measure, value in values.items()
            ]
    log_evaluation(protocol, None, figures)
    return figures


# ---------------------------------------------------------------------------------------------
# To look at


def _examples(demo: Demo) -> list[tuple[Picture, str, str, Place]]:
    """Pictures with what they show, the family of nets for them, and where the eyes are."""
    person, size = face(demo.first_seed + PERSON), demo.portrait
    drawn = to_picture(paint(person, size, "anime").pixels)
    return [
        (photograph(size), "a photograph", "upscale", (0.3, 0.42)),
        (to_picture(paint(person, size, "photo").pixels), "a painted face", "upscale", (0.49, 0.5)),
        (drawn, "a painted drawing", "upscale-drawings", (0.5, 0.5)),
    ]


def _more_sliders(size: int) -> Html:
    """A photograph from soft to sharp, and a small bad JPEG, each four times as large."""
    small = shrink(photograph(size), 4)
    soft, sharp = (
        to_pixels(enlarged_value(small, "x4", "upscale", sharpness=sharpness))
        for sharpness in (0.0, 1.0)
    )
    file = BytesIO()
    Image.fromarray(to_pixels(small)).save(file, "JPEG", quality=BAD)
    bad = to_picture(np.asarray(Image.open(file)))
    bicubic = to_pixels(methods("upscale", "bicubic")["bicubic"](bad[None], factor=4)[0])
    mended = to_pixels(enlarged_value(bad, "x4", "auto"))
    names, jpeg = ("--sharpness 0", "--sharpness 1"), f"a JPEG of quality {BAD}"
    sliders = [
        compare(soft, sharp, names=names, alt="a photograph, soft and sharp"),
        compare(bicubic, mended, names=("bicubic", "trombine upscale"), alt=jpeg),
    ]
    title = f"A photograph four times larger: soft or sharp, and from {jpeg}"
    return grid(sliders, columns=2, on_phone=1, title=title)


def photograph(size: int, left: int = 60) -> Picture:
    """The upper part of a photograph that a dependency brings along, as it was taken."""
    from skimage.data import astronaut

    cut = np.ascontiguousarray(astronaut()[:size, left : left + size])
    return crop_to_multiple(to_picture(cut), max(FACTORS))


def _sliders(truth: Picture, about: str, family: str, eyes: Place) -> Html:
    """One picture at both factors: all of it, and the eyes."""
    sliders = []
    for factor in FACTORS:
        small = shrink(truth, factor)
        pair = [
            to_pixels(method(small[None], factor=factor)[0])
            for method in methods("upscale", "bicubic", family).values()
        ]
        names, alt = ("bicubic", named(family, factor)), f"{about} enlarged {factor} times"
        sliders.append(compare(pair[0], pair[1], names=names, alt=alt))
        height, width = (side // ZOOM for side in pair[0].shape[:2])
        top, left = (
            round((ZOOM * share - 0.5) * side)
            for share, side in zip(eyes, (height, width), strict=True)
        )
        details = [pixels[top : top + height, left : left + width] for pixels in pair]
        sliders.append(compare(*details, names=names, alt=f"a detail of {alt}", crisp=True))
    title = f"{about[0].upper()}{about[1:]}, 2 and 4 times larger"
    return grid(sliders, columns=2, on_phone=1, title=title)
