"""One picture repaired: its hole, its steering, what is written beside it.

Where a hole is by a colour, parts or scratches is found in masks.py, by a mask in io/holes.py; how
it is painted in repairing.py; the verb is commands/inpaint.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Bool

from trombine.core.devices import CPU
from trombine.core.errors import shortened
from trombine.core.progress import Tick
from trombine.core.texts import counted
from trombine.core.tiles import Box, bounds
from trombine.faces.reading import PictureReading, points_json
from trombine.inpainting.faces import whole_map
from trombine.inpainting.masks import (
    STRONG,
    Where,
    grown,
    hole_of_colour,
    hole_of_parts,
    hole_of_scratches,
    hole_of_transparency,
)
from trombine.inpainting.repairing import Repair, faces_as_painted, repaired, varies
from trombine.inpainting.steering import steering_of
from trombine.io.batch import Made
from trombine.io.doors import Source
from trombine.io.holes import Hole, hole_in
from trombine.io.image import Labels, Picture, as_seen
from trombine.io.sheets import Cell, Sheet, centred, fitting, overview
from trombine.io.video import Frames
from trombine.models import Model
from trombine.models.pipelines import repairer

MODEL: Final = "inpaint"
SEVERAL: Final = "inpaint-diffusion"  # gives another answer for each seed
# Outputs: of several answers the first is the picture, and a program gets all as tries.
PICTURE, SHEET, TRIES, PARTS, POINTS, MASK = "picture", "sheet", "tries", "parts", "points", "mask"
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
    where: Where = field(default_factory=Where)  # of pictures without a mask
    grow: int = 0
    hair: Mapping[str, float] = field(default_factory=dict)  # fields of the face world
    seed: int = 0
    num_samples: int = 1
    device: str = CPU


def inpaint_picture(source: Source, tick: Tick, *, options: Inpainting) -> Made:
    """The repaired picture, and what else is wanted of it."""
    image = source.picture
    size = image.height, image.width
    hole, model = hole_of(source, options), repairer(options.model, options.device)
    steering = replace(steering_of(source), hair=options.hair, own_hair=hole.own_hair)
    start = time.perf_counter()
    shown = image.opaque(hole.mask) if hole.reveals else image
    seeds = seeds_of(model, options)
    given: dict[str, Any] = {"steering": steering, "device": options.device, "tick": tick}
    repairs = [repaired(shown, hole.mask, model, seed=seed, **given) for seed in seeds]
    repairs = [replace(one, image=replace(one.image, profile=image.profile)) for one in repairs]
    seconds, repair = time.perf_counter() - start, repairs[0]
    windows = counted(repair.windows, "window")
    done = f"{counted(len(repair.colours), 'pixel')} in {windows}, painted in {seconds:.2f} s"
    title = f"{shortened(source.name)}: {shortened(Path(options.model).name)}"
    makers: dict[str, Callable[[], Any]] = {
        PARTS: lambda: Labels(numbers=whole_map(repair.faces, steering, size)),
        POINTS: lambda: _points(source.name, repair, shown, options.device),
        MASK: lambda: np.uint8(255) * hole.mask,
        SHEET: lambda: _sheet(image, hole.mask, dict(zip(seeds, repairs, strict=True)), title),
        TRIES: lambda: [one.image for one in repairs],
        PICTURE: lambda: Frames(frames=(repair.image,)),
    }
    return Made(
        files={name: make() for name, make in makers.items() if name in source.wanted},
        model="+".join([model.hash, *(net.hash for net in repair.nets)]),
        notices=(
            *(*hole.notices, *repair.notices, *_same_again(model, options)),
            *((NO_HAIR,) if _is_of_hair(options) and not repair.has_hair else ()),
        ),
        facts=model.path.stem,
        details=(model.described, *(net.described for net in repair.nets), done),
    )


def hole_of(source: Source, options: Inpainting) -> Hole:
    """The hole that a mask or the options say, grown as they say."""
    image, where = source.picture, options.where
    size = image.height, image.width
    if opened := source.sides.get("mask"):
        hole = hole_in(opened, size, "painted")
    elif where.parts:
        hole = hole_of_parts(image, where.parts, options.device)
    elif where.colour:
        hole = Hole(mask=hole_of_colour(image, where.colour))
    elif where.scratches:
        hole = Hole(mask=np.zeros(size, bool))
    else:
        hole = Hole(mask=hole_of_transparency(image), reveals=True)
    if where.scratches:
        hidden, strong = grown(hole.mask, options.grow), where.scratches == STRONG
        found = hole_of_scratches(image, hidden, strong=strong)
        hole = replace(hole, mask=hole.mask | found.mask, notices=(*hole.notices, *found.notices))
    return replace(hole, mask=grown(hole.mask, options.grow))


def seeds_of(model: Model, options: Inpainting) -> list[int]:
    """The seeds of as many answers as the model can give; hair styles are as many as one wants."""
    is_drawn = _is_of_hair(options) and options.model == MODEL
    count = options.num_samples if varies(model) or is_drawn else 1
    return [options.seed + number for number in range(count)]


def _is_of_hair(options: Inpainting) -> bool:
    return "hair" in options.where.parts


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
