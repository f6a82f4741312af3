"""`inpaint`: what is under a mask, painted anew. The work on one is in inpainting/inpaint.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from pydantic import Field

from trombine.commands import options as opt
from trombine.core.devices import resolve
from trombine.core.errors import InputError
from trombine.core.progress import Tick
from trombine.inpainting.hair import hair_in
from trombine.inpainting.inpaint import (
    MASK,
    MODEL,
    PARTS,
    POINTS,
    SHEET,
    Inpainting,
    Sidecars,
    inpaint_file,
    inpaint_held,
)
from trombine.inpainting.masks import colour_of, labels_of
from trombine.io.batch import Made, each, find, sidecars
from trombine.io.convert import is_held
from trombine.io.video import SourceFile
from trombine.models import shipped
from trombine.models.hub import known, located
from trombine.models.pipelines import index_of, repairer

Mask = Annotated[
    Path | Any | None,
    Field(union_mode="left_to_right"),
    Parameter(n_tokens=1, converter=lambda _, tokens: Path(tokens[0].value), metavar="PATH"),
]
"""A path, or a picture that the program holds."""


@opt.verb
def inpaint(
    pictures: opt.Pictures,
    *,
    output: opt.Output = None,
    mask: Mask = None,
    mask_is: Annotated[
        Literal["auto", "white", "black", "transparent"], Parameter(show_choices=False)
    ] = "auto",
    mask_part: str = "",
    mask_colour: str = "",
    scratches: bool = False,
    grow: Annotated[int, opt.limits(0, 1000), opt.WHOLE] = 0,
    attributes: str = "",
    model: str | Path = MODEL,
    num_samples: Annotated[int, opt.limits(1, 16), opt.WHOLE] = 1,
    seed: Annotated[int, opt.limits(0, 2**32 - 17), opt.WHOLE] = 0,
    sheet: bool = False,
    overwrite: opt.Overwrite = False,
    recursive: opt.Recursive = False,
    suffix: opt.Suffix = "",
    format: opt.Format = "",
    quality: opt.Quality = 95,
    strip: opt.Strip = False,
    parts: Annotated[Path | None, Parameter(group=opt.MORE)] = None,
    points: Annotated[Path | None, Parameter(group=opt.MORE)] = None,
    write_parts: Annotated[bool, Parameter(group=opt.MORE)] = False,
    write_points: Annotated[bool, Parameter(group=opt.MORE)] = False,
    write_mask: Annotated[bool, Parameter(group=opt.MORE)] = False,
    device: opt.Device = "auto",
    cluster: opt.Cluster = "",
    progress: opt.Progress = None,
) -> Any:
    """Repair what is under a mask: faces, and whatever else is damaged or in the way.

    For example:
      trombine inpaint photo.jpg --scratches -o repaired.png
      trombine inpaint photo.jpg --mask-part eyes,mouth -o new.png

    Parameters
    ----------
    mask
        A picture of where the hole is, or a folder of such.
    mask_is
        The hole in it: white, black, transparent. [auto]
    mask_part
        Parts of faces to paint anew, as in eyes,mouth.
    mask_colour
        What you painted over, as in magenta or #ff00ff.
    scratches
        Find scratches, dust, creases, torn corners too.
    grow
        How many pixels to add round the hole. [0]
    attributes
        Of another hair style: hair_length=.6, fringe=1.
    model
        inpaint, inpaint-diffusion, lama, or a file. [inpaint]
    num_samples
        How many answers to show on a sheet, 1 to 16. [1]
    seed
        Of what is random in an answer. [0]
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
    arguments = locals()
    if sum(map(bool, (mask is not None, mask_part, mask_colour))) > 1:
        spelled = "--mask, --mask-part and --mask-colour"
        raise InputError(f"{spelled} each say where the hole is", "give one of them")
    if mask_is != "auto" and mask is None:
        raise InputError("--mask-is says what of a mask is the hole", "give --mask too")
    if mask_part:
        labels_of(mask_part)
    if mask_colour:
        colour_of(mask_colour)
    if asked := hair_in(attributes):
        if not (mask is not None or "hair" in (labels_of(mask_part) if mask_part else ())):
            raise InputError("--attributes are of hair", "give --mask-part hair, or --mask")
        if model != MODEL:
            raise InputError("--attributes are for the model inpaint", "leave --model out")
    options = Inpainting(
        model=model if model in shipped() else index_of(model) or Path(located(known(model))),
        mask_is=mask_is,
        mask_part=mask_part,
        mask_colour=mask_colour,
        scratches=scratches,
        grow=grow,
        hair=asked,
        seed=seed,
        num_samples=num_samples,
        device=resolve(device),
    )
    repairer(options.model, options.device)  # a wrong one is an error, whatever the pictures are
    if is_held(pictures):
        return inpaint_held(pictures, mask, options, Sidecars(parts=parts, points=points))
    if not isinstance(mask, Path | None):
        raise InputError("a mask in memory is for pictures in memory", "give it as a file")
    paths = opt.paths_of(pictures)
    file = options.model if isinstance(options.model, Path) else None
    sources = find(paths, recursive=recursive)
    masks = sidecars(sources, mask, "mask")
    maps = sidecars(sources, parts, "parts", PARTS)
    landmarks = sidecars(sources, points, "points", POINTS)
    wanted = {
        PARTS: write_parts,
        POINTS: write_points,
        MASK: write_mask,
        SHEET: sheet or num_samples > 1,
        "": True,
    }
    endings = tuple(end for end, is_wanted in wanted.items() if is_wanted)

    def work(source: SourceFile, target: Path, tick: Tick) -> Made:
        path = source.path
        if mask is not None and path not in masks:
            raise InputError("has no mask of its name", "add one to the folder of --mask")
        given = Sidecars(mask=masks.get(path), parts=maps.get(path), points=landmarks.get(path))
        return inpaint_file(source, options, tick, given, endings)

    per_picture = {"mask": None, "mask_is": "auto", "parts": None, "points": None}
    return each(
        paths,
        work,
        inpaint,
        arguments | {"model": options.model} | per_picture,
        endings=endings,
        beside=".inpaint",
        reads=filter(None, (*masks.values(), *maps.values(), *landmarks.values(), file)),
        cluster=cluster,
        progress=progress,
    )
