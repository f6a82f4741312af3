"""`upscale`: pictures and films enlarged by nets. The work on one is in superres/enlarge.py."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from trombine.commands import options as opt
from trombine.core.computing import cores
from trombine.core.devices import resolve
from trombine.core.errors import InputError, shown
from trombine.core.memory import RELIEF
from trombine.core.progress import Tick
from trombine.io.batch import Made, each, find, sidecars
from trombine.io.convert import is_held, of_held
from trombine.io.video import SourceFile
from trombine.models.hub import located
from trombine.superres import MOST_TIMES
from trombine.superres.enlarge import (
    AUTO,
    NUMBERS,
    PHOTOGRAPHS,
    REPORT,
    SHEET,
    WILD,
    Enlargement,
    enlarge,
    enlarge_picture,
    is_light,
)
from trombine.superres.pipelines import KEPT, is_shipped, nets_of

_USUAL_SCALE = 2


@opt.verb
def upscale(
    pictures: opt.Pictures,
    *,
    output: opt.Output = None,
    scale: Annotated[
        int | None, opt.limits(1, MOST_TIMES), opt.WHOLE, Parameter(alias="-x")
    ] = None,
    size: str | None = None,
    model: str | Path = AUTO,
    sharpness: Annotated[float, opt.limits(0, 1)] = 0.0,
    tta: bool = False,
    sheet: bool = False,
    overwrite: opt.Overwrite = False,
    recursive: opt.Recursive = False,
    suffix: opt.Suffix = "",
    format: opt.Format = "",
    quality: opt.Quality = 95,
    strip: opt.Strip = False,
    truth: Annotated[Path | None, Parameter(group=opt.MORE)] = None,
    report: Annotated[bool, Parameter(group=opt.MORE)] = False,
    hole: Annotated[Path | None, Parameter(group=opt.MORE)] = None,
    mask_is: Annotated[
        Literal["auto", "white", "black", "transparent"],
        Parameter(group=opt.MORE, show_choices=False),
    ] = "auto",
    tile: Annotated[int | None, opt.limits(16), opt.WHOLE, Parameter(group=opt.MORE)] = None,
    threads: opt.Threads = None,
    device: opt.Device = "auto",
    precision: Annotated[
        Literal["auto", "float32"], Parameter(group=opt.MORE, show_choices=False)
    ] = "auto",
    cluster: opt.Cluster = "",
    progress: opt.Progress = None,
) -> Any:
    """Enlarge pictures and films, sharper than interpolation does.

    For example:
      trombine upscale photo.jpg -x 4
      trombine upscale faces -x 2 --sheet --truth truths -o measured

    Parameters
    ----------
    scale
        How many times as large, 1 to 16; 1 cleans. [2]
    size
        As large as fits in WIDTHxHEIGHT, in place of a scale.
    model
        upscale, upscale-fast, -drawings, -wild, or a file. [auto]
    sharpness
        0 is nearest to the truth, 1 invents detail. [0]
    tta
        Average over 8 turned copies: 8 times as slow.
    sheet
        Write NAME.sheet.png too, beside bicubic.
    truth
        The true large picture, or folder, to measure against.
    report
        Write NAME.report.png and .json too: what was invented.
    hole
        A mask of what was repaired: it is enlarged as damaged.
    mask_is
        What of it was repaired: auto, white, black, ... [auto]
    tile
        The side of tiles; smaller ones take less memory.
    precision
        On a GPU: auto, half where that is exact; or float32.
    """
    arguments = locals()
    if sharpness and (model not in (AUTO, PHOTOGRAPHS, WILD) or scale == 1):
        raise InputError(f"--sharpness is for enlarging by {PHOTOGRAPHS} or {WILD}; leave it out")
    if mask_is != AUTO and hole is None:
        raise InputError("--mask-is says what of a mask was repaired", "give --hole too")
    target, where = _target(scale, size, model), resolve(device)
    options = Enlargement(
        scale=target,
        model=model if model == AUTO or is_shipped(model) else Path(located(model)),
        sharpness=sharpness,
        tta=tta,
        tile=tile,
        threads=min(threads or (1 if cluster else cores()), cores()),
        device=where,
        half=where == "cuda" and precision == "auto",
        sheet=sheet,
        report=report,
        mask_is=mask_is,
    )
    if is_held(pictures):
        return of_held(pictures, lambda picture: enlarge_picture(picture, options))
    paths = opt.paths_of(pictures)
    file = options.model if isinstance(options.model, Path) else None
    sources = find(paths, recursive=recursive)
    is_one = len(sources) == 1
    truths, holes = sidecars(sources, truth, "truth"), sidecars(sources, hole, "hole")

    def work(source: SourceFile, output: Path, tick: Tick) -> Made:
        path = source.path
        alone = is_one or not is_light(path, options.device)
        one = options if alone else replace(options, threads=1)
        return enlarge(source, output, one, tick, truth=truths.get(path), hole=holes.get(path))

    return each(
        paths,
        work,
        upscale,
        arguments | {"model": options.model, "truth": None, "hole": None, "mask_is": AUTO},
        endings=("", *((SHEET,) if sheet else ()), *((REPORT, NUMBERS) if report else ())),
        beside=f".x{target}" if isinstance(target, int) else ".{}x{}".format(*target),
        reads=filter(None, (*truths.values(), *holes.values(), file)),
        films=True,
        at_once=options.threads or 1,
        light=partial(is_light, device=options.device),
        relief=f"{RELIEF}, or give a smaller --tile or fewer --threads",
        cluster=cluster,
        progress=progress,
    )


def _target(scale: int | None, size: str | None, model: str | Path) -> int | tuple[int, int]:
    """How many times as large, or the box to fit in; there must be such a model."""
    there = (_USUAL_SCALE,) if model in (AUTO, KEPT) else nets_of(model)
    if size is None:
        return scale or (_USUAL_SCALE if _USUAL_SCALE in there else max(there))
    if scale is not None:
        raise InputError("-x and --size both say how large; give one of them")
    box = re.fullmatch(r"\s*([1-9]\d{0,5})\s*[xX×]\s*([1-9]\d{0,5})\s*", size)
    if box is None:
        raise InputError(f"--size is WIDTHxHEIGHT, as in 1920x1080, not {shown(size)}")
    return int(box[1]), int(box[2])
