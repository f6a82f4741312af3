"""`upscale`: pictures and films made larger by nets that add what enlarging leaves out.

How one picture is enlarged is in upscaling/making.py; here is what is asked for and refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from trombine.batch.inputs import expand
from trombine.batch.making import Making
from trombine.batch.requests import PicturesRequest
from trombine.devices import CPU, DEVICES, resolve
from trombine.events import Event
from trombine.memory import RELIEF
from trombine.refusal import InputError, shown
from trombine.requests import Choice, Integer, Number, integer
from trombine.upscaling import MOST_TIMES

POLARITIES: Final = ("auto", "white", "black", "transparent")
DEFAULT_FACTOR: Final = 2
_SIZES: Final = f"--size takes any size, up to {MOST_TIMES} times as large"


@dataclass(frozen=True, kw_only=True)
class UpscaleRequest(PicturesRequest):
    """Enlarge pictures and films, sharper than interpolation does.

    Depth, mode, transparency and colour profile stay as they are. The same command again does only
    what is missing; what is there and was made otherwise is left alone, and said.
    """

    output: Path | None = None
    """The file to write, or for several pictures the folder; unless given, photo.x2.png beside
    photo.png."""
    factor: Annotated[int | None, Integer(1, MOST_TIMES, remedy=_SIZES)] = None
    """How many times as wide and high, 2 to 16; 2 unless given. 8 is 4 times, then 2 times. 1
    removes noise and JPEG's blocks, and keeps the size."""
    size: str | None = None
    """WIDTHxHEIGHT, as in 1920x1080, in place of a factor: as large as fits in it."""
    model: str | Path = "auto"
    """upscale, upscale-fast, upscale-drawings or upscale-wild, or a .safetensors file, or somebody
    else's .pth (extra foreign), here or on the hub, hub:OWNER/NAME/FILE (extra hub); auto takes
    upscale, for drawings upscale-drawings, for JPEGs and noise upscale-wild."""
    sharpness: Annotated[float, Number(0, 1)] = 0.0
    """0 to 1: photographs look as sharp as real ones do, by detail that the net invents; 0 is
    nearest to the truth. .5 is between them."""
    hole: Path | None = None
    """A mask of what was repaired, or a folder of masks with the pictures' names: there the net for
    damaged pictures works, outside all stays as without."""
    mask_is: Annotated[str, Choice(POLARITIES)] = "auto"
    """What of that mask was repaired: white, black or transparent; auto guesses, and says so."""
    best: bool = False
    """The mean over the picture turned and mirrored in all eight ways: nearer to the truth, and
    eight times as long."""
    tile: Annotated[int | str, Integer(16, 1_000_000, words=("auto",))] = "auto"
    """The side of the tiles that are computed one at a time: smaller ones take less memory."""
    sheet: bool = False
    """Write NAME.sheet.png beside each output: the input, bicubic, the result, and the truth."""
    report: bool = False
    """Write NAME.report.png and NAME.report.json beside each output: what the net invented. Takes
    nine times as long."""
    truth: Path | None = None
    """The true large picture, to measure the result against: a picture of the result's size, or
    a folder with pictures of the same names."""
    threads: Annotated[int | None, Integer()] = None
    """How many threads work: by default one for each core, and never more. The bytes are the
    same."""
    device: Annotated[str, Choice(DEVICES)] = CPU
    """auto, cpu, cuda or mps: where nets are computed. A graphics card is faster, and its bytes are
    not always those of the processor."""


def run(request: UpscaleRequest) -> Iterator[Event]:
    """Enlarge every picture whose output is not there."""
    from trombine.batch.inputs import Companions
    from trombine.batch.making import Target
    from trombine.data.workers import cores
    from trombine.upscaling.making import (
        AUTO,
        NUMBERS,
        REPORT,
        RESULT,
        SHEET,
        ending,
        is_light,
    )
    from trombine.upscaling.names import is_shipped
    from trombine.weights.hub import located

    device, enlarge = resolve(request.device), _enlarge(request)
    sources = expand(request.pictures, recursive=request.recursive)
    truths = Companions.of(sources, request.truth, "truth")
    holes = Companions.of(sources, request.hole, "hole")
    if request.mask_is != "auto" and request.hole is None:
        raise InputError("--mask-is says what of a mask was repaired", "give --hole too")
    options = {
        "enlarge": enlarge,
        "mask_is": request.mask_is if request.hole else "auto",
        "sharpness": _sharpness(request),
        "best": request.best,
        "tile": integer(request.tile) or 0,
    }
    is_named = request.model == AUTO or is_shipped(request.model)
    model = str(request.model) if is_named else Path(located(request.model))
    threads = min(request.threads or cores(), cores())
    wanted = {
        SHEET: request.sheet,
        REPORT: request.report,
        NUMBERS: request.report,
        RESULT: True,
    }
    yield from making().run(
        request,
        lambda source: Target.of(
            source,
            options,
            model=model,
            truth=truths.by_source.get(source),
            hole=holes.by_source.get(source),
        ),
        shows=[shows for shows, is_wanted in wanted.items() if is_wanted],
        ending=lambda source: ending(source, enlarge, model),
        beside=f".{enlarge}",
        companions=holes if request.hole else truths,
        threads=threads,
        device=device,
        light=is_light,
        relief=f"{RELIEF}, or give a smaller --tile or fewer --threads",
    )


def of_image(image: object, request: UpscaleRequest) -> object:
    """A picture that a program holds, enlarged, as the same kind; of a path a Pillow image."""
    from trombine.upscaling.in_memory import enlarged_value

    return enlarged_value(
        image,
        _enlarge(request),
        request.model,
        tile=integer(request.tile),
        threads=request.threads,
        device=resolve(request.device),
        best=request.best,
        sharpness=_sharpness(request),
    )


def making() -> Making:
    """How files are enlarged, and made again."""
    from trombine.upscaling.making import UPSCALE

    return UPSCALE


def _enlarge(request: UpscaleRequest) -> str:
    """How large the result is to be, as a record says it; there must be such a model."""
    from trombine.upscaling.making import AUTO
    from trombine.upscaling.pipelines import nets_of

    model, size = request.model, request.size
    there = (DEFAULT_FACTOR,) if model == AUTO else nets_of(model)
    usual = DEFAULT_FACTOR if DEFAULT_FACTOR in there else max(there)
    if size is None:
        return f"x{request.factor or usual}"
    if request.factor is not None:
        raise InputError("-x and --size both say how large; give one of them")
    plain = re.sub(r"\s*[xX×]\s*", "x", size.strip())
    if not re.fullmatch(r"[1-9]\d{0,5}x[1-9]\d{0,5}", plain):
        raise InputError(f"--size is WIDTHxHEIGHT, as in 1920x1080, not {shown(size)}")
    return plain


def _sharpness(request: UpscaleRequest) -> float:
    """How sharp it is to look, which is refused where no net for photographs is at work."""
    from trombine.upscaling.making import AUTO, PHOTOGRAPHS

    if request.sharpness and request.model not in (AUTO, PHOTOGRAPHS):
        raise InputError(f"--sharpness is of --model {PHOTOGRAPHS}; leave one of both out")
    if request.sharpness and request.factor == 1:
        raise InputError("--sharpness is for enlarging, and -x 1 cleans; leave one of both out")
    return float(request.sharpness)
