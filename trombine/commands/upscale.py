"""`upscale`: pictures and films enlarged by nets. The work on one is in superres/enlarge.py."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, Unpack

from cyclopts import Parameter

from trombine.commands import options as opt
from trombine.core.calls import Files, Recorded
from trombine.core.computing import cores
from trombine.core.devices import resolve as resolve_device
from trombine.core.errors import InputError, shown
from trombine.core.memory import RELIEF
from trombine.io.batch import run
from trombine.io.doors import Side
from trombine.io.holes import mask_side
from trombine.models.hub import located
from trombine.superres import MOST_TIMES
from trombine.superres.enlarge import (
    AUTO,
    NUMBERS,
    PHOTOGRAPHS,
    PICTURE,
    REPORT,
    SCORES,
    SHEET,
    WILD,
    Enlargement,
    enlarge,
    is_light,
)
from trombine.superres.pipelines import Choice, is_shipped, resolve

_USUAL_SCALE = 2


def _is_known(model: str) -> bool:
    return model == AUTO or is_shipped(model)


@opt.verb
def upscale(
    pictures: opt.Pictures,
    *,
    output: opt.Output = None,
    scale: Annotated[
        int | None, opt.limits(1, MOST_TIMES), opt.WHOLE, Parameter(alias="-x"), opt.RECORDED
    ] = None,
    size: Annotated[str | None, opt.RECORDED] = None,
    model: Annotated[str | Path, Recorded(_is_known)] = AUTO,
    sharpness: Annotated[float, opt.limits(0, 1), opt.RECORDED] = 0.0,
    grain: opt.Flag = False,
    strength: opt.Side = None,
    tta: opt.Flag = False,
    sheet: opt.Flag = False,
    truth: Annotated[opt.Side, Parameter(group=opt.MORE)] = None,
    report: Annotated[opt.Flag, Parameter(group=opt.MORE)] = False,
    hole: Annotated[opt.Side, Parameter(group=opt.MORE)] = None,
    tile: Annotated[
        int | None, opt.limits(16), opt.WHOLE, Parameter(group=opt.MORE), opt.RECORDED
    ] = None,
    threads: opt.Threads = None,
    precision: Annotated[
        Literal["auto", "float32"], Parameter(group=opt.MORE, show_choices=False), opt.RECORDED
    ] = "auto",
    progress: opt.Progress = None,
    **files: Unpack[opt.FileOptions],
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
    grain
        Give back the grain of film or paper.
    strength
        A mask of how much is done: white all.
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
    tile
        The side of tiles; smaller ones take less memory.
    precision
        On a GPU: auto, half where that is exact; or float32.
    """
    if sharpness and (model not in (AUTO, PHOTOGRAPHS, WILD) or scale == 1):
        raise InputError(f"--sharpness is for enlarging by {PHOTOGRAPHS} or {WILD}; leave it out")
    choice = None if model == AUTO else resolve(located(model))
    target, shared = _target(scale, size, choice), Files(**files)
    device = resolve_device(shared.device)
    options = Enlargement(
        scale=target,
        model=choice,
        sharpness=sharpness,
        grain=grain,
        tta=tta,
        tile=tile,
        threads=min(threads or (1 if shared.cluster else cores()), cores()),
        device=device,
        half=device == "cuda" and precision == "auto",
    )
    outputs = {
        PICTURE: True,
        SHEET: sheet,
        REPORT: report,
        NUMBERS: report,
        SCORES: truth is not None,
    }
    return run(
        partial(enlarge, options=options),
        wanted=[name for name, is_wanted in outputs.items() if is_wanted],
        # The truth changes the sheet alone.
        sides=(
            Side(option="truth", value=truth, is_recorded=sheet),
            Side(option="strength", value=strength),
            mask_side("hole", hole),
        ),
        beside=f".x{target}" if isinstance(target, int) else ".{}x{}".format(*target),
        reads=[model] if isinstance(model, Path) else (),
        films=True,
        at_once=options.threads or 1,
        light=partial(is_light, device=device),
        relief=f"{RELIEF}, or give a smaller --tile or fewer --threads",
    )


def _target(scale: int | None, size: str | None, choice: Choice | None) -> int | tuple[int, int]:
    """How many times as large, or the box to fit in; there must be such a model."""
    there = choice.by_factor if choice else {}
    if size is None:
        return scale or (_USUAL_SCALE if _USUAL_SCALE in there or not there else max(there))
    if scale is not None:
        raise InputError("-x and --size both say how large; give one of them")
    box = re.fullmatch(r"\s*([1-9]\d{0,5})\s*[xX×]\s*([1-9]\d{0,5})\s*", size)
    if box is None:
        raise InputError(f"--size is WIDTHxHEIGHT, as in 1920x1080, not {shown(size)}")
    return int(box[1]), int(box[2])
