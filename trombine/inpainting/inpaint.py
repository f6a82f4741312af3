"""One picture repaired: its hole, its steering, what is written beside it.

Where a hole is by a colour, parts or scratches is found in masks.py, how it is painted in
repairing.py; the verb is commands/inpaint.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Bool

from trombine.core.devices import CPU
from trombine.core.errors import InputError, shortened
from trombine.core.progress import Tick
from trombine.core.texts import counted
from trombine.core.tiles import Box, bounds
from trombine.faces.reading import PictureReading, points_json
from trombine.inpainting.faces import whole_map
from trombine.inpainting.masks import (
    colour_of,
    grown,
    hole_of_colour,
    hole_of_parts,
    hole_of_scratches,
    hole_of_transparency,
    labels_of,
)
from trombine.inpainting.repairing import Repair, faces_as_painted, repaired, varies
from trombine.inpainting.steering import Steering, steering_of
from trombine.io.batch import Content, Made
from trombine.io.convert import of_held, picture_from, singles
from trombine.io.holes import AUTO, WHITE, Hole, masked
from trombine.io.image import Labels, Picture, as_seen, picture_of
from trombine.io.sheets import Cell, Sheet, centred, fitting, overview
from trombine.io.video import Frames, SourceFile
from trombine.models import Model
from trombine.models.pipelines import repairer

MODEL: Final = "inpaint"
SEVERAL: Final = "inpaint-diffusion"  # gives another answer for each seed
# Ends of further outputs.
SHEET, PARTS, POINTS, MASK = ".sheet.png", ".parts.png", ".points.json", ".mask.png"
NO_HAIR: Final = (
    "no hair style was drawn, but a smooth one painted: it is for faces of photographs that look"
    " ahead, by the model inpaint, without --parts and --points"
)
CELL: Final = 360  # pixels of a sheet's cells
_COLUMNS: Final = 5  # in a row
_LEAST: Final = 64  # pixels of what is shown round a hole


@dataclass(frozen=True, kw_only=True)
class Inpainting:
    """How pictures are repaired."""

    model: str | Path = MODEL
    mask_is: str = AUTO
    mask_part: str = ""
    mask_colour: str = ""
    scratches: bool = False
    grow: int = 0
    hair: Mapping[str, float] = field(default_factory=dict)  # fields of the face world
    seed: int = 0
    num_samples: int = 1
    device: str = CPU


@dataclass(frozen=True, kw_only=True)
class Sidecars:
    """What is given of one picture; a mask may be held by the program."""

    mask: Path | Picture | None = None
    parts: Path | None = None
    points: Path | None = None


def inpaint_file(
    source: SourceFile,
    options: Inpainting,
    tick: Tick,
    given: Sidecars = Sidecars(),
    endings: Sequence[str] = ("",),
) -> Made:
    """The repaired picture, and what else is to be written of it."""
    image, name = source.film.first, source.path.name
    size = image.height, image.width
    hole, model = hole_of(image, given.mask, options), repairer(options.model, options.device)
    steering = steering_of(given.parts, given.points, size)
    start = time.perf_counter()
    seeds = seeds_of(model, options)
    repairs = [_repaired(image, hole, model, steering, seed, options, tick) for seed in seeds]
    seconds, repair = time.perf_counter() - start, repairs[0]
    makers: dict[str, Callable[[], Content]] = {
        PARTS: lambda: Labels(numbers=whole_map(repair.faces, steering, size)),
        POINTS: lambda: _points(name, repair, _revealed(image, hole), options.device),
        MASK: lambda: picture_of(np.uint8(255) * hole.mask),
        SHEET: lambda: _sheet(image, hole.mask, dict(zip(seeds, repairs, strict=True)), title),
        "": lambda: Frames(frames=(repair.image,)),
    }
    title = f"{shortened(name)}: {shortened(Path(options.model).name)}"
    files = {name: value for name, value in vars(given).items() if value is not None}
    return Made(
        files={end: make() for end, make in makers.items() if end in endings},
        model="+".join([model.hash, *(net.hash for net in repair.nets)]),
        chosen=files | ({} if hole.polarity == AUTO else {"mask_is": hole.polarity}),
        notices=(
            *(*hole.notices, *repair.notices, *_same_again(model, options)),
            *((NO_HAIR,) if _is_of_hair(options) and not repair.has_hair else ()),
        ),
        facts=model.path.stem,
        details=_details(model, repair, seconds),
    )


def inpaint_picture(picture: Picture, options: Inpainting, given: Sidecars = Sidecars()) -> Picture:
    """A picture that a program holds, repaired."""
    model, hole = repairer(options.model, options.device), hole_of(picture, given.mask, options)
    steering = steering_of(given.parts, given.points, (picture.height, picture.width))
    return _repaired(picture, hole, model, steering, options.seed, options).image


def inpaint_held(value: Any, mask: Any, options: Inpainting, given: Sidecars = Sidecars()) -> Any:
    """What a program holds, repaired, as the same kind; of several with a mask each, or one for
    all.

    A mask is a path, or held as a picture is; of booleans, true is the hole.
    """
    if str(getattr(mask, "dtype", "")).endswith("bool"):
        options = replace(options, mask_is=WHITE)
    several = value if isinstance(value, list | tuple) else singles(value)
    own = isinstance(mask, list | tuple) or getattr(mask, "ndim", 0) == 4
    if own and (several is None or len(several) != len(mask)):
        count = 1 if several is None else len(several)
        raise InputError(f"there are {len(mask)} masks, and pictures: {count}")
    masks = iter(mask) if own else repeat(mask)
    return of_held(
        value,
        lambda one: inpaint_picture(one, options, replace(given, mask=_mask_of(next(masks)))),
    )


def _mask_of(value: Any) -> Path | Picture | None:
    """A mask, as a file's name or a picture; booleans are black and white."""
    if value is None or isinstance(value, str | Path):
        return value if value is None else Path(value)
    if isinstance(value, torch.Tensor):
        value = value.float() if value.dtype == torch.bool else value
        return picture_from(value[None] if value.ndim == 2 else value)
    is_bool = isinstance(value, np.ndarray) and value.dtype == bool
    return picture_from(value.astype(np.uint8) * np.uint8(255) if is_bool else value)


def hole_of(image: Picture, mask: Path | Picture | None, options: Inpainting) -> Hole:
    """The hole that the options say, grown as they say."""
    if mask is not None:
        hole = masked((image.height, image.width), mask, options.mask_is, "painted")
    elif options.mask_part:
        hole = hole_of_parts(image, options.mask_part, options.device)
    elif options.mask_colour:
        hole = Hole(mask=hole_of_colour(image, colour_of(options.mask_colour)))
    elif options.scratches:
        hole = Hole(mask=np.zeros((image.height, image.width), bool))
    else:
        hole = Hole(mask=hole_of_transparency(image), reveals=True)
    if options.scratches:
        found = hole_of_scratches(image, grown(hole.mask, options.grow))
        hole = replace(hole, mask=hole.mask | found.mask, notices=(*hole.notices, *found.notices))
    return replace(hole, mask=grown(hole.mask, options.grow))


def seeds_of(model: Model, options: Inpainting) -> list[int]:
    """The seeds of as many answers as the model can give; hair styles are as many as one wants."""
    is_drawn = _is_of_hair(options) and options.model == MODEL
    count = options.num_samples if varies(model) or is_drawn else 1
    return [options.seed + number for number in range(count)]


def _is_of_hair(options: Inpainting) -> bool:
    return "hair" in (labels_of(options.mask_part) if options.mask_part else ())


def _repaired(
    image: Picture,
    hole: Hole,
    model: Model,
    steering: Steering,
    seed: int,
    options: Inpainting,
    tick: Tick | None = None,
) -> Repair:
    repair = repaired(
        _revealed(image, hole),
        hole.mask,
        model,
        steering=replace(steering, hair=options.hair, own_hair=hole.own_hair),
        seed=seed,
        device=options.device,
        tick=tick,
    )
    return replace(repair, image=replace(repair.image, profile=image.profile))


def _revealed(image: Picture, hole: Hole) -> Picture:
    return image.opaque(hole.mask) if hole.reveals else image


def _points(name: str, repair: Repair, image: Picture, device: str) -> Mapping[str, Any]:
    pixels = np.broadcast_to(np.uint8(0), (image.height, image.width, 3))
    faces = faces_as_painted(repair, image, device=device)
    return points_json(name, PictureReading(pixels=pixels, faces=faces))


def _sheet(
    image: Picture, hole: Bool[np.ndarray, "h w"], repairs: Mapping[int, Repair], title: str
) -> Cell:
    """The picture and each answer by its seed: two rows for each five, whole and round the hole."""
    columns = {"input": as_seen(image)} | {
        f"seed {seed}" if len(repairs) > 1 else "result": as_seen(repair.image)
        for seed, repair in repairs.items()
    }
    names, rows, titles = list(columns), [], []
    whole = Box(top=0, left=0, bottom=hole.shape[0], right=hole.shape[1])
    near = bounds(hole) or whole
    near = near.grown(max(near.height, near.width, _LEAST) // 2, *hole.shape)
    views = {"whole": whole} if near == whole else {"whole": whole, "the hole": near}
    for start in range(0, len(names), _COLUMNS):
        some = names[start : start + _COLUMNS]
        for view, box in views.items():
            parts = (columns[name][box.top : box.bottom, box.left : box.right] for name in some)
            size = fitting((box.height, box.width), CELL)
            rows.append([centred(overview(part, size), (CELL, CELL)) for part in parts])
            titles.append(view if start == 0 else ", ".join(some))
    return Sheet(
        rows=rows,
        title=title,
        row_titles=titles if len(rows) > 1 else (),
        column_titles=names[:_COLUMNS],
    ).pixels()


def _same_again(model: Model, options: Inpainting) -> tuple[str, ...]:
    if len(seeds_of(model, options)) == options.num_samples:
        return ()
    text = f"{model.path.stem} gives the same answer each time, so there is one"
    return (f"{text}; --model {SEVERAL} gives others",)


def _details(model: Model, repair: Repair, seconds: float) -> tuple[str, ...]:
    """Which nets from which files, in how many windows, and how long they took."""
    pixels = counted(int(np.count_nonzero(repair.hole)), "pixel")
    done = f"{pixels} in {counted(repair.windows, 'window')}, painted in {seconds:.2f} s"
    return (model.described, *(net.described for net in repair.nets), done)
