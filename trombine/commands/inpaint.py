"""`inpaint`: what is under a mask, painted anew. The work on one is in inpainting/inpaint.py."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Unpack

from cyclopts import Parameter

from trombine.commands import options as opt
from trombine.core.calls import Files, Recorded
from trombine.core.devices import resolve
from trombine.core.errors import InputError
from trombine.inpainting.hair import hair_in
from trombine.inpainting.inpaint import (
    MASK,
    MODEL,
    PARTS,
    PICTURE,
    POINTS,
    SHEET,
    TRIES,
    Inpainting,
    inpaint_picture,
)
from trombine.inpainting.masks import Where, check_named, where_in
from trombine.inpainting.steering import steering_sides
from trombine.io.batch import run
from trombine.io.holes import mask_side
from trombine.models import shipped
from trombine.models.hub import known, located
from trombine.models.pipelines import index_of, repairer


def _is_words(mask: str) -> bool:
    return where_in(mask) is not None


@opt.verb
def inpaint(
    pictures: opt.Pictures,
    *,
    output: opt.Output = None,
    mask: Annotated[opt.Side, Recorded(_is_words)] = None,
    grow: Annotated[int, opt.limits(0, 1000), opt.WHOLE, opt.RECORDED] = 0,
    attributes: Annotated[str, opt.RECORDED] = "",
    model: Annotated[str | Path, Recorded(lambda name: name in shipped())] = MODEL,
    num_samples: Annotated[int, opt.limits(1, 16), opt.WHOLE, opt.RECORDED] = 1,
    seed: Annotated[int, opt.limits(0, 2**32 - 17), opt.WHOLE, opt.RECORDED] = 0,
    sheet: opt.Flag = False,
    parts: Annotated[opt.Side, Parameter(group=opt.MORE)] = None,
    points: Annotated[opt.Side, Parameter(group=opt.MORE)] = None,
    write_parts: Annotated[opt.Flag, Parameter(group=opt.MORE)] = False,
    write_points: Annotated[opt.Flag, Parameter(group=opt.MORE)] = False,
    write_mask: Annotated[opt.Flag, Parameter(group=opt.MORE)] = False,
    progress: opt.Progress = None,
    **files: Unpack[opt.FileOptions],
) -> Any:
    """Repair what is under a mask: faces, and whatever else is damaged or in the way.

    For example:
      trombine inpaint photo.jpg --mask scratches -o repaired.png
      trombine inpaint photo.jpg --mask eyes,mouth -o new.png

    Parameters
    ----------
    mask
        What to paint: a picture of it, or a folder of such;
        parts, as in eyes,mouth; a colour, as in "#ff00ff";
        scratches, scratches=strong. Else what is transparent.
    grow
        How many pixels to add round the hole. [0]
    attributes
        A hair style to draw: long hair, fringe=1.
    model
        inpaint, inpaint-diffusion, lama, or a file. [inpaint]
    num_samples
        How many answers to show on a sheet, 1 to 16. [1]
    seed
        Another seed gives another answer, where one is drawn. [0]
    sheet
        Write NAME.sheet.png too: before and after.
    parts
        Labels to paint by, as read --write-parts makes them.
    points
        Landmarks to paint by, as read --write-points does.
    write_parts
        Write NAME.parts.png too: the parts it was painted by.
    write_points
        Write NAME.points.json too: landmarks of the result.
    write_mask
        Write NAME.mask.png too: where the hole was, white.
    """
    where = where_in(mask) if isinstance(mask, str) else None
    if isinstance(mask, str) and where is None:
        check_named(mask)
    asked = hair_in(attributes)
    if asked and (where is None if mask is None else where and "hair" not in where.parts):
        raise InputError("--attributes are of hair", "give --mask hair, or a mask")
    if asked and model != MODEL:
        raise InputError("--attributes are for the model inpaint", "leave --model out")
    net = model if model in shipped() else index_of(model) or Path(located(known(model)))
    options = Inpainting(
        model=net,
        where=where or Where(),
        grow=grow,
        hair=asked,
        seed=seed,
        num_samples=num_samples,
        device=resolve(Files(**files).device),
    )
    repairer(options.model, options.device)  # a wrong one is an error, whatever the pictures are
    outputs = {
        PICTURE: True,
        SHEET: sheet or num_samples > 1,
        TRIES: num_samples > 1,
        PARTS: write_parts,
        POINTS: write_points,
        MASK: write_mask,
    }
    return run(
        partial(inpaint_picture, options=options),
        wanted=[name for name, is_wanted in outputs.items() if is_wanted],
        sides=(
            mask_side("mask", None if where else mask, is_needed=True),
            *steering_sides(parts, points),
        ),
        chosen={"model": net},
        beside=".inpaint",
        reads=[net] if isinstance(net, Path) else (),
    )
