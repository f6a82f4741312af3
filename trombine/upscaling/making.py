"""One picture or film enlarged as its options say: which model, which size, a sheet, scores.

How sizes and nets are found is in ways.py, how a picture goes through them in pictures.py; files,
records and replay are in batch/making.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from trombine import codecs
from trombine.batch.making import (
    FORMAT,
    PICTURE,
    Made,
    Making,
    Options,
    Product,
    Task,
    Wanted,
    name_file,
)
from trombine.codecs import Frames
from trombine.images import (
    FILM_SUFFIXES,
    SUFFIXES,
    Image,
    as_seen,
    film_suffix,
    output_suffix,
    read,
    size_of,
)
from trombine.provenance import shortened
from trombine.refusal import InputError
from trombine.upscaling.drawing import is_drawing
from trombine.upscaling.pictures import enlarged_film, enlarged_image
from trombine.upscaling.running import LEAST_TILE, resolved_tile
from trombine.upscaling.sheet import scores, standard_sheet
from trombine.upscaling.ways import Way, families, way_to
from trombine.weights import shipped

AUTO: Final = "auto"  # by what a picture looks like: one of the next two
PHOTOGRAPHS: Final = "upscale"
DRAWINGS: Final = "upscale-drawings"
RESULT, SHEET = "result", "sheet"
HOLDS: Final[Mapping[str, type]] = {
    PICTURE: str,
    "enlarge": str,  # "x3", or "1920x1080" for what fits in there
    "model": str,  # a family of shipped nets, one of them, or a file
    "tile": int,  # pixels a side; 0: as running.py chooses
    FORMAT: str,
    "shows": str,
    "truth": str,  # on a sheet only
}
PRODUCTS: Final = (
    Product(shows=SHEET, ending=".sheet.png", format="PNG"),
    Product(shows=RESULT, without=("truth",)),
)
# Pictures of up to this many pixels are worked on several at once, each by one thread: that is
# faster than all threads for each of them in turn (docs/log.md).
LIGHT: Final = 1 << 16
# Pixels that a side may have in a format; an AVIF with more can be written, but not read.
MOST_A_SIDE: Final = {"WEBP": 16383, "JPEG": 65500, "GIF": 65535, "AVIF": 32768}
_FACTOR: Final = re.compile(r"x(\d{1,3})")
_BOX: Final = re.compile(r"(\d{1,6})x(\d{1,6})")


def make(task: Task) -> Made:
    """The enlarged picture or film, its sheet, and how near both are to a truth."""
    film, options = task.source.film, task.options
    model, notices = _model_of(task)
    way = way_for(film, options["enlarge"], model)
    _check_format(film, way, task)
    truth = _truth(film, way, task)
    result = _enlarged(film, way, task)
    contents: dict[str, object] = {RESULT: result}
    if SHEET in task.shows:
        names = " and ".join(dict.fromkeys(one.path.stem for one in way.models))
        title = f"{shortened(task.source.path.name)}: {names}"
        known = None if truth is None else as_seen(truth)
        seen = as_seen(film.frames[0]), as_seen(result.frames[0])
        contents[SHEET] = standard_sheet(*seen, known, title)
    return Made(
        contents=contents,
        model="+".join(dict.fromkeys(one.hash for one in way.models)),
        resolved={"tile": _tiles(film.frames[0], way, options["tile"])},
        chosen={} if isinstance(model, Path) else {"model": model},
        notices=(*notices, *(() if truth is None else (_scored(film, result, truth),))),
    )


def alike(name: str, then: object, wanted: object) -> bool:
    """Whether a result of such an option is as good as one of the wanted.

    The tile does not count: no pixel differs by more than rounding. Of `auto` either choice is.
    """
    if name == "model" and wanted == AUTO:
        return then in (PHOTOGRAPHS, DRAWINGS)
    return name == "tile" or then == wanted


def wanted(options: Options, source: Path, model: str | Path, truth: Path | None) -> Wanted:
    """What is asked for a picture: the options, and the files that they name."""
    files: dict[str, Path] = {}
    is_file = model != AUTO and not is_shipped(model)
    called = name_file(files, Path(model), source, "model") if is_file else str(model)
    beside = "" if truth is None else name_file(files, truth, source, "truth")
    return Wanted(options={**options, "model": called, "truth": beside}, files=files)


def ending(source: Path, enlarge: str, model: str | Path) -> str:
    """How the name of what is made of a file ends; a still GIF's colours outgrow GIF."""
    if suffix := film_suffix(source):
        return suffix
    suffix = output_suffix(source)
    large = holds(SUFFIXES[suffix.lower()], source, enlarge, model)
    return suffix if suffix.lower() != ".gif" and large else ".png"


def sides(enlarge: str) -> tuple[int | None, tuple[int, int] | None]:
    """The factor, or the width and height, that a text asks for; an InputError if it is neither."""
    if found := _FACTOR.fullmatch(enlarge):
        return int(found[1]), None
    if found := _BOX.fullmatch(enlarge):
        return None, (int(found[1]), int(found[2]))
    raise InputError(f"{enlarge} is neither a factor nor a size")


def is_shipped(model: str | Path) -> bool:
    """Whether a model is named by what every trombine has, and not by a file."""
    return isinstance(model, str) and (model in families() or model in shipped())


def way_for(film: Frames, enlarge: str, model: str | Path) -> Way:
    """The nets and the size; an InputError where there is no way."""
    factor, box = sides(enlarge)
    size = film.frames[0].height, film.frames[0].width
    return way_to(*size, factor=factor, box=box, model=model, frames=len(film.frames))


def model_for(film: Frames) -> str:
    """The family of nets for what a picture, or the first of a film, looks like."""
    first = film.frames[0]
    alpha = first.alpha()
    visible = None if alpha is None else alpha >= 0.5  # fainter colours may be any
    return DRAWINGS if is_drawing(first.rgb_pixels(), visible) else PHOTOGRAPHS


def holds(format: str, source: Path, enlarge: str, model: str | Path) -> bool:
    """Whether a format is large enough for what is made of a picture."""
    if format not in MOST_A_SIDE:
        return True
    factor, box = sides(enlarge)
    named = PHOTOGRAPHS if model == AUTO else model  # the size is the same by any
    try:
        size = way_to(*size_of(source), factor=factor, box=box, model=named).size
    except InputError:  # which its work will say
        return True
    return max(size) <= MOST_A_SIDE[format]


def is_light(source: Path) -> bool:
    """Whether a picture is so small that several are enlarged at once; a film never is."""
    try:
        height, width = size_of(source)
    except InputError:  # which its work will say
        return True
    return height * width <= LIGHT and source.suffix.lower() not in FILM_SUFFIXES


def _model_of(task: Task) -> tuple[str | Path, tuple[str, ...]]:
    """A family, a shipped net or a file, and what is to be said of the choice."""
    name = task.options["model"]
    if file := task.file("model"):
        return file, ()
    if name != AUTO:
        if not is_shipped(name):
            raise InputError(f"was made by {shortened(name)}, which is not among its inputs")
        return name, ()
    model = model_for(task.source.film)
    by = f"enlarged by {DRAWINGS} (--model {PHOTOGRAPHS} takes the other)"
    return model, ((f"looks like a drawing: {by}",) if model == DRAWINGS else ())


def _check_format(film: Frames, way: Way, task: Task) -> None:
    """Refuse a result that the format of its file cannot hold, before it is made."""
    tile, format = task.options["tile"], task.options[FORMAT]
    if 0 < tile < LEAST_TILE:
        raise InputError(f"has tiles of {tile} pixels a side, and {LEAST_TILE} are the fewest")
    if RESULT not in task.shows:
        return
    if len(film.frames) > 1 and format not in codecs.FILMS:
        what = f"is a film of {len(film.frames):,} frames, and {format} holds one"
        raise InputError(what, "let it end in .gif or .webp")
    height, width = way.size
    most = MOST_A_SIDE.get(format, max(way.size))
    if max(way.size) > most:
        what = f"would become {width:,} x {height:,}, and {format} holds at most {most:,} a side"
        raise InputError(what, "choose a smaller size, or for a picture .png or .tif")


def _truth(film: Frames, way: Way, task: Task) -> Image | None:
    """What the result should look like; refused where it has another size."""
    path, name = task.file("truth"), task.options["truth"]
    if path is None:
        if name:
            raise InputError(
                f"was measured against {shortened(name)}, which is not among its inputs"
            )
        return None
    if len(film.frames) > 1:
        raise InputError("is a film, and has no truth", "leave --truth out")
    truth = read(path)
    if (truth.height, truth.width) != way.size:
        height, width = way.size
        what = f"is {truth.width} x {truth.height}, and the result would be {width} x {height}"
        raise InputError(what, "name one of that size as --truth, or none", path=path)
    return truth


def _enlarged(film: Frames, way: Way, task: Task) -> Frames:
    first, *others = film.frames
    tile = task.options["tile"] or None
    try:
        if others:
            return enlarged_film(film, way, tile=tile, threads=task.threads, tick=task.tick)
        image = enlarged_image(first, way, tile=tile, threads=task.threads, tick=task.tick)
        return Frames(frames=(image,))
    except InputError as error:
        what, _, remedy = str(error).partition("; ")
        raise InputError(f"cannot be enlarged by {what}", remedy) from error


def _scored(film: Frames, result: Frames, truth: Image) -> str:
    """How near bicubic and the result are to the truth."""
    found = scores(as_seen(film.frames[0]), as_seen(result.frames[0]), as_seen(truth))
    said = [f"{name} {one.psnr:.2f} dB, {one.ssim:.4f}" for name, one in found.items()]
    return f"PSNR-Y and SSIM-Y: {'; '.join(said)}" if said else "is too small to be measured"


def _tiles(image: Image, way: Way, tile: int) -> list[int]:
    """The tile that each net of the way worked in."""
    found, height, width = [], image.height, image.width
    for model in way.models:
        found.append(resolved_tile(model.in_rgb, height, width, tile or None))
        height, width = height * model.net.factor, width * model.net.factor
    return found


UPSCALE: Final = Making(
    verb="upscale",
    holds=HOLDS,
    make=make,
    needs=("torch", "scipy"),
    products=PRODUCTS,
    films=True,
    alike=alike,
)
