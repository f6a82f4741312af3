"""One picture repaired as its options say: its hole, its steering, what is written beside it.

How a hole is painted is in repairing.py; files, records and replay are in batch/making.py.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, UInt8

from trombine.batch.contents import JSON
from trombine.batch.making import (
    FORMAT,
    PICTURE,
    Job,
    Making,
    Options,
    Output,
    Product,
    Target,
)
from trombine.devices import CPU
from trombine.holes import AUTO, POLARITIES, Hole, masked
from trombine.inpainting import masks
from trombine.inpainting.faces import whole_map
from trombine.inpainting.repairing import READER, Repair, faces_as_painted, repaired, varies
from trombine.inpainting.sheet import sheet_of
from trombine.inpainting.steering import steering_of
from trombine.io.image import Labels, Picture, as_seen, picture_of
from trombine.io.video import Frames
from trombine.reader import parts_map
from trombine.reader.faces import Face
from trombine.readings.drawing import PALETTE
from trombine.readings.making import PictureReading, points_json, read_picture
from trombine.refusal import InputError, shortened
from trombine.weights import Model, shipped
from trombine.weights.pipelines import index_of, repairer

MODEL: Final = "inpaint"
# What a file shows.
RESULT, SHEET, PARTS, POINTS, HOLE = "result", "sheet", "parts", "points", "hole"
# What says where the hole is.
MASK, PART, COLOUR, SCRATCHES, ALPHA = "mask", "part", "colour", "scratches", "transparency"
GLASSES: Final = "glasses"
_WORN: Final = 0.4  # as the reader says it of glasses: from here on they are worn
_LEAST: Final = {GLASSES: 0.001, "hat": 0.01}  # of a face's window; less is a mistake of its reader
_PART_GROWS: Final = 0.02  # of a face's window: a part's hole covers its rim too

HOLDS: Final[Mapping[str, type]] = {
    PICTURE: str,
    "hole": str,  # one of the five above
    "named": str,  # the parts, or the colour
    "mask": str,  # a file
    "mask_is": str,
    "grow": int,  # pixels
    "parts": str,  # a file
    "points": str,  # a file
    "model": str,
    "seed": int,
    "tries": int,  # on a sheet only
    FORMAT: str,
    "shows": str,
}
PRODUCTS: Final = (
    Product(shows=PARTS, ending=".parts.png", format="PNG", without=("tries",)),
    Product(shows=POINTS, ending=".points.json", format=JSON, without=("tries",)),
    Product(shows=HOLE, ending=".mask.png", format="PNG", without=("tries",)),
    Product(shows=SHEET, ending=".sheet.png", format="PNG"),
    Product(shows=RESULT, without=("tries",)),
)


def make(job: Job) -> Output:
    """The repaired picture, and what else is to be written of it."""
    options, image = job.options, job.source.film.first
    size = image.height, image.width
    model = model_for(job.file("model", known=(MODEL, *shipped())) or options["model"], job.device)
    hole = hole_of(image, options, job.file("mask"), device=job.device)
    told = job.file("parts", "steered by"), job.file("points", "steered by")
    steering = steering_of(*told, size)
    base = image.opaque(hole.mask) if hole.reveals else image
    start = time.perf_counter()
    seeds = seeds_of(model, options["seed"], options["tries"])
    repairs = [
        repaired(
            base, hole.mask, model, steering=steering, seed=seed, device=job.device, tick=job.tick
        )
        for seed in seeds
    ]
    seconds = time.perf_counter() - start
    repair = repairs[0]
    result = replace(repair.image, profile=image.profile)
    makers = {
        RESULT: lambda: Frames(frames=(result,)),
        PARTS: lambda: _map(whole_map(repair.faces, steering, size)),
        POINTS: lambda: points_json(
            job.source.path.name, _reading(faces_as_painted(repair, base, device=job.device), size)
        ),
        HOLE: lambda: picture_of(np.uint8(255) * hole.mask),
        SHEET: lambda: _sheet(job, image, hole.mask, repairs, seeds),
    }
    return Output(
        contents={shows: makers[shows]() for shows in job.shows},
        model="+".join([model.hash, *(net.hash for net in repair.nets)]),
        chosen={} if hole.polarity == AUTO else {"mask_is": hole.polarity},
        notices=(*hole.notices, *repair.notices, *_same_again(model, options["tries"])),
        nets=(model.path.stem,),
        details=_details(model, repair, seconds),
    )


def hole_of(
    image: Picture,
    options: Options,
    mask: Path | Picture | None,
    *,
    device: str = CPU,
) -> Hole:
    """The hole that the options say, grown as they say."""
    size, kind = (image.height, image.width), options["hole"]
    if kind == MASK:
        if mask is None:
            raise InputError("has no mask", "give --mask with a file, or a folder that has it")
        result = masked(size, mask, options["mask_is"], "painted")
    elif kind == COLOUR:
        colour = masks.colour_of(options["named"])
        result = Hole(mask=masks.hole_of_colour(image, colour))
    elif kind == PART:
        result = _hidden(image, options["named"], device)
    elif kind == SCRATCHES:
        from trombine.inpainting.scratches import scratches

        damaged = np.asarray(scratches(image.tensor())).reshape(size) > 0.5
        said = f"{np.count_nonzero(damaged) / damaged.size:.1%} of it is taken for damage"
        result = Hole(mask=damaged, notices=(said,))
    elif kind == ALPHA:
        result = Hole(mask=masks.hole_of_transparency(image), reveals=True)
    else:
        raise InputError(f"its record gives {shortened(kind)} as what says where the hole is")
    return replace(result, mask=masks.grown(result.mask, options["grow"]))


def _hidden(image: Picture, names: str, device: str) -> Hole:
    """Parts of the faces that the reader sees, with their rims."""
    labels = masks.labels_of(names)
    faces = read_picture(image, READER, device=device).faces
    if not faces:
        raise InputError("shows no face, so none of its parts", "give --mask")
    hole = np.zeros((image.height, image.width), bool)
    shown = set[int]()
    for name, numbers in labels.items():
        having = [number for number, face in enumerate(faces) if has(face, name, numbers)]
        if not having:
            raise InputError(f"shows no {name} in its faces", "give --mask")
        for number in having:
            hole |= _part(faces[number], name, numbers, hole.shape)
        shown |= {*having}
    said = f"{', '.join(labels)} of {len(shown)} of {len(faces)} faces"
    return Hole(mask=hole, notices=(said,) if len(faces) > 1 else ())


def has(face: Face, name: str, numbers: tuple[int, ...]) -> bool:
    """Whether a face shows a part. A few pixels of a hat are none; of glasses they may be all
    that is seen of thin rims."""
    pixels = np.count_nonzero(np.isin(face.parts, numbers))
    if name == GLASSES and face.moment.get(GLASSES, 0.0) > _WORN:
        return True
    return bool(pixels > _LEAST.get(name, 0.0) * face.parts.size)


def _part(
    face: Face, name: str, numbers: tuple[int, ...], size: tuple[int, int]
) -> Bool[np.ndarray, "h w"]:
    """A part of a face, with its rim."""
    parts = parts_map([face], *size)
    part = masks.grown(np.isin(parts, numbers), round(face.frame.side * _PART_GROWS))
    if name == GLASSES:  # the eyes that are seen behind them stay
        eyes = masks.grown(np.isin(parts, masks.HIDEABLE["eyes"]), round(0.01 * face.frame.side))
        part |= masks.glasses(face.points, size) & ~eyes
    return part


SEVERAL: Final = "inpaint-diffusion"  # gives another answer for each seed


def model_for(name: str | Path, device: str = CPU) -> Model:
    """The net of this name or in this file, or the pipeline, which must be one that repairs."""
    return repairer(name, device)


def seeds_of(model: Model, seed: int, tries: int) -> list[int]:
    """The seeds of as many answers as the model can give."""
    return [seed + number for number in range(tries)] if varies(model) else [seed]


def _same_again(model: Model, tries: int) -> tuple[str, ...]:
    if tries == 1 or varies(model):
        return ()
    text = f"{model.path.stem} gives the same answer each time, so there is one"
    return (f"{text}; --model {SEVERAL} gives others",)


def target_for(
    options: Options, source: Path, model: str | Path, files: Mapping[str, Path | None]
) -> Target:
    """What is asked for a picture: the options, and the files that they name."""
    is_named = isinstance(model, str) and model in (MODEL, *shipped())
    file = model if is_named else index_of(model) or Path(model)
    return Target.of(source, options, **files, model=file)


def equivalent(name: str, recorded: object, target: object) -> bool:
    """Whether a result with the recorded option is as good as one with the target's."""
    if name == "mask_is" and target == AUTO:
        return recorded in POLARITIES
    return recorded == target


def _map(labels: UInt8[np.ndarray, "h w"]) -> Labels:
    return Labels(numbers=labels, palette=PALETTE)


def _reading(faces: Sequence[Face], size: tuple[int, int]) -> PictureReading:
    return PictureReading(pixels=np.broadcast_to(np.uint8(0), (*size, 3)), faces=faces)


def _sheet(
    job: Job,
    image: Picture,
    hole: Bool[np.ndarray, "h w"],
    repairs: Sequence[Repair],
    seeds: Sequence[int],
) -> UInt8[np.ndarray, "_ _ 3"]:
    several = len(seeds) > 1
    results = {
        f"seed {seed}" if several else "result": as_seen(
            replace(repair.image, profile=image.profile)
        )
        for seed, repair in zip(seeds, repairs, strict=True)
    }
    title = f"{shortened(job.source.path.name)}: {shortened(job.options['model'])}"
    return sheet_of(as_seen(image), hole, results, title)


def _details(model: Model, repair: Repair, seconds: float) -> tuple[str, ...]:
    """Which nets from which files, in how many windows, and how long they took."""
    windows = f"{repair.windows:,} window{'' if repair.windows == 1 else 's'}"
    pixels = int(np.count_nonzero(repair.hole))
    counted = f"{pixels:,} pixels in {windows}, painted in {seconds:.2f} s"
    return (model.described, *(net.described for net in repair.nets), counted)


INPAINT: Final = Making(
    verb="inpaint",
    holds=HOLDS,
    make=make,
    needs=("torch", "scipy"),
    products=PRODUCTS,
    equivalent=equivalent,
)
