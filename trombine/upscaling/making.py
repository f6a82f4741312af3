"""One picture or film enlarged as its options say: which model, which size, a sheet, scores.

pipelines.py chooses nets and size, pictures.py runs a picture through them, batch/making.py has
files, records and replay.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import UInt8

from trombine.batch.contents import JSON
from trombine.batch.making import (
    FORMAT,
    PICTURE,
    Job,
    Making,
    Output,
    Product,
)
from trombine.devices import CPU
from trombine.holes import POLARITIES, Hole, masked
from trombine.io.image import (
    FILM_SUFFIXES,
    FORMATS,
    VIDEO_SUFFIXES,
    Picture,
    as_seen,
    film_suffix,
    load_picture,
    output_suffix,
    size_of,
)
from trombine.io.video import FILMS, VIDEOS, Frames, Video, lost_by_video
from trombine.provenance import shortened
from trombine.refusal import InputError
from trombine.upscaling.damage import damage_of
from trombine.upscaling.drawing import is_drawing
from trombine.upscaling.names import BLEND, KEPT, is_shipped
from trombine.upscaling.pictures import enlarged_film, enlarged_image, spread
from trombine.upscaling.pipelines import CLEANING, USUAL, Pipeline, blend, plan_pipeline
from trombine.upscaling.report import Report, report_of
from trombine.upscaling.running import LEAST_TILE, resolved_tile
from trombine.upscaling.sheet import scores, standard_sheet
from trombine.weights import Model, loaded

AUTO: Final = "auto"  # by what a picture looks like: one of the next three, or a blend
PHOTOGRAPHS: Final = USUAL
DRAWINGS: Final = "upscale-drawings"
WILD: Final = CLEANING
CLEANED: Final = "x1"  # as large as it is
AUTOMATIC: Final = (PHOTOGRAPHS, DRAWINGS, WILD, KEPT)
RESULT, SHEET, REPORT, NUMBERS = "result", "sheet", "report", "numbers"
HOLDS: Final[Mapping[str, type]] = {
    PICTURE: str,
    "enlarge": str,  # "x3", or "1920x1080" for what fits in there
    "model": str,  # a family of shipped nets, one of them, or a file
    "hole": str,  # a mask of what was repaired
    "mask_is": str,
    "sharpness": float,  # how far from upscale to upscale-sharp
    "best": bool,  # the mean over eight turned and mirrored pictures
    "tile": int,  # pixels a side; 0: as running.py chooses
    FORMAT: str,
    "shows": str,
    "truth": str,  # on a sheet only
}
PRODUCTS: Final = (
    Product(shows=SHEET, ending=".sheet.png", format="PNG"),
    Product(shows=REPORT, ending=".report.png", format="PNG", without=("truth",)),
    Product(shows=NUMBERS, ending=".report.json", format=JSON, without=("truth",)),
    Product(shows=RESULT, without=("truth",)),
)
# Pictures of up to this many pixels are worked on several at once, each by one thread: that is
# faster than all threads for each of them in turn (docs/log.md).
LIGHT: Final = 1 << 16
# Pixels that a side may have in a format; an AVIF with more can be written, but not read.
MOST_A_SIDE: Final = {"WEBP": 16383, "JPEG": 65500, "GIF": 65535, "AVIF": 32768}
_FACTOR: Final = re.compile(r"x(\d{1,3})")
_BOX: Final = re.compile(r"(\d{1,6})x(\d{1,6})")


def make(job: Job) -> Output:
    """The enlarged picture or film, its sheet, and how near both are to a truth."""
    film, options = job.source.film, job.options
    model, notices = _model_of(job)
    pipeline = pipeline_for(
        film,
        options["enlarge"],
        model,
        device=job.device,
        best=options["best"],
        sharpness=options["sharpness"],
    )
    _check_format(film, pipeline, job)
    truth = _truth(film, pipeline, job)
    hole, second = _hole(film, job), ()
    start = time.perf_counter()
    result = _enlarged(film, pipeline, job)
    if hole is not None:
        result, second = _with_hole(film, result, hole, job)
    seconds = time.perf_counter() - start
    contents: dict[str, object] = {RESULT: result}
    nets = tuple(dict.fromkeys(step.path.stem for step in (*pipeline.every_model, *second)))
    tiles = _tiles(film.first, pipeline, options["tile"])
    if SHEET in job.shows:
        title = f"{shortened(job.source.path.name)}: {' and '.join(nets)}"
        truth_pixels = None if truth is None else as_seen(truth)
        pixels = as_seen(film.first), as_seen(_first_of(result))
        contents[SHEET] = standard_sheet(*pixels, truth_pixels, title)
    if job.shows & {REPORT, NUMBERS}:
        report = _report(job, film, result, pipeline, nets)
        contents |= {REPORT: report.sheet, NUMBERS: report.numbers}
    return Output(
        contents=contents,
        model="+".join(dict.fromkeys(step.hash for step in (*pipeline.every_model, *second))),
        resolved={"tile": tiles},
        chosen={
            **({} if isinstance(model, Path) else {"model": model}),
            **({} if hole is None else {"mask_is": hole.polarity}),
        },
        notices=(
            *notices,
            *(hole.notices if hole else ()),
            *_remarks(film, result, truth, options[FORMAT]),
        ),
        nets=nets,
        details=_details(pipeline, tiles, job.threads, seconds),
    )


def _hole(film: Frames | Video, job: Job) -> Hole | None:
    """What of a picture was repaired, where that is said."""
    path = job.file("hole")
    if path is None:
        return None
    if film.count > 1 or isinstance(film, Video):
        raise InputError("is a film, and has no hole", "leave --hole out")
    size = film.first.height, film.first.width
    return masked(size, path, job.options["mask_is"], "taken for repaired")


def _with_hole(
    film: Frames | Video, result: Frames | Video, hole: Hole, job: Job
) -> tuple[Frames | Video, tuple[Model, ...]]:
    """The result with what was repaired enlarged by the net for damaged pictures; and its nets.

    What a repair gets wrong is like noise, which that net removes (docs/log.md). Every sample
    outside is that of the result.
    """
    if not hole.mask.any():
        return result, ()
    best = job.options["best"]
    pipeline = pipeline_for(film, job.options["enlarge"], WILD, device=job.device, best=best)
    inside, outside = _first_of(_enlarged(film, pipeline, job)), _first_of(result)
    where = spread(hole.mask, pipeline.size)[..., None]
    image = replace(outside, samples=np.where(where, inside.samples, outside.samples))
    return Frames(frames=(image,)), pipeline.every_model


def _report(
    job: Job, film: Frames | Video, result: Frames | Video, pipeline: Pipeline, nets: Sequence[str]
) -> Report:
    """What was invented in a picture, or in the first of a film."""
    name = job.source.path.name
    report = report_of(
        film.first,
        _first_of(result),
        pipeline,
        f"{shortened(name)}: what {' and '.join(nets)} invented",
        tile=job.options["tile"] or None,
        threads=job.threads,
        tick=job.tick,
    )
    return replace(report, numbers={"picture": name, **report.numbers})


def _details(
    pipeline: Pipeline, tiles: Sequence[int], threads: int | None, seconds: float
) -> tuple[str, ...]:
    """Which nets, from which files, in which tiles, and how long they took."""
    nets = zip(pipeline.every_model, tiles, strict=True)
    lines = dict.fromkeys(f"{net.described}, in tiles of {tile} pixels" for net, tile in nets)
    by = "all threads" if threads is None else f"{threads} thread{'' if threads == 1 else 's'}"
    return (*lines, f"enlarged in {seconds:.2f} s by {by}")


def equivalent(name: str, recorded: object, target: object) -> bool:
    """Whether a result with the recorded option is as good as one with the target's.

    The tile does not count: no pixel differs by more than rounding. Of `auto` any choice is.
    """
    if name == "model" and target == AUTO:
        return isinstance(recorded, str) and recorded.partition("+")[0] in AUTOMATIC
    if name == "mask_is" and target == AUTO:
        return recorded in POLARITIES
    return name == "tile" or recorded == target


def ending(source: Path, enlarge: str, model: str | Path) -> str:
    """How the name of what is made of a file ends; a still GIF's colours outgrow GIF."""
    if suffix := film_suffix(source):
        return suffix
    suffix = output_suffix(source)
    large = holds(FORMATS[suffix.lower()], source, enlarge, model)
    return suffix if suffix.lower() != ".gif" and large else ".png"


def sides(enlarge: str) -> tuple[int | None, tuple[int, int] | None]:
    """The factor, or the width and height, that a text asks for; an InputError if it is neither."""
    if match := _FACTOR.fullmatch(enlarge):
        return int(match[1]), None
    if match := _BOX.fullmatch(enlarge):
        return None, (int(match[1]), int(match[2]))
    raise InputError(f"{enlarge} is neither a factor nor a size")


def pipeline_for(
    film: Frames | Video,
    enlarge: str,
    model: str | Path,
    *,
    device: str = CPU,
    best: bool = False,
    sharpness: float = 0.0,
) -> Pipeline:
    """The nets and the size; an InputError where no pipeline leads to it."""
    factor, box = sides(enlarge)
    size = film.first.height, film.first.width
    frames = film.count if isinstance(film, Frames) else 1  # a video's are held one at a time
    options: dict[str, Any] = {"factor": factor, "box": box, "model": model, "device": device}
    options["sharpness"] = sharpness
    return replace(plan_pipeline(*size, **options, frames=frames), best=best)


def model_for(film: Frames | Video, enlarge: str) -> tuple[str, str]:
    """The family of nets for what a picture, or the first of a film, looks like; and why.

    The reason is empty where nothing is to be said: for photographs, and of what is only cleaned.
    """
    first = film.first
    alpha, pixels = first.alpha(), first.rgb_pixels()
    if enlarge == CLEANED:
        return blend(KEPT, WILD, damage_of(pixels, first.quantization).share_cleaned), ""
    visible = None if alpha is None else alpha >= 0.5  # fainter colours may be any
    if is_drawing(pixels, visible, in_doubt=lambda: _shows_drawn_face(pixels)):
        return DRAWINGS, "looks like a drawing"
    damage = damage_of(pixels, first.quantization)
    model = blend(PHOTOGRAPHS, WILD, damage.share)
    return model, "" if model == PHOTOGRAPHS else str(damage)


def _shows_drawn_face(pixels: UInt8[np.ndarray, "h w 3"]) -> bool:
    """Whether the reader is sure that the largest face is drawn. It alone would not do: of real
    people it says cartoon or sketch, too; but those do not look like drawings otherwise."""
    from trombine.reader.doubts import sure_style
    from trombine.reader.faces import read_faces
    from trombine.reader.frames import samples_of

    faces = read_faces(samples_of(pixels), loaded("reader", task="read"), largest=True)
    return any(sure_style(face.styles, drawn=True) for face in faces)


def holds(format: str, source: Path, enlarge: str, model: str | Path) -> bool:
    """Whether a format is large enough for what is made of a picture."""
    if format not in MOST_A_SIDE:
        return True
    factor, box = sides(enlarge)
    named = PHOTOGRAPHS if model == AUTO else model  # the size is the same by any
    try:
        size = plan_pipeline(*size_of(source), factor=factor, box=box, model=named).size
    except InputError:  # which its work will say
        return True
    return max(size) <= MOST_A_SIDE[format]


def is_light(source: Path) -> bool:
    """Whether a picture is so small that several are enlarged at once; a film never is."""
    try:
        height, width = size_of(source)
    except InputError:  # which its work will say
        return True
    moves = source.suffix.lower() in (*FILM_SUFFIXES, *VIDEO_SUFFIXES)
    return height * width <= LIGHT and not moves


def _model_of(job: Job) -> tuple[str | Path, tuple[str, ...]]:
    """A family, a shipped net or a file, and what is to be said of the choice."""
    name = job.options["model"]
    if file := job.file("model", known=(name,) if is_shipped(name) else (AUTO,)):
        return file, ()
    if name != AUTO:
        return name, ()
    model, reason = model_for(job.source.film, job.options["enlarge"])
    if model == KEPT:
        said = "shows no damage by JPEG or noise, and stays as it is"
        return model, (f"{said}; --model {WILD} cleans it all the same",)
    if not reason:
        return model, ()
    told = _sharpness_told(model) if job.options["sharpness"] else ""
    return model, (_chosen(model, reason), *filter(None, (told,)))


def _sharpness_told(model: str) -> str:
    """What is to be said of --sharpness where a net other than the usual one is at work, too."""
    if model in (DRAWINGS, WILD):
        return f"{model} has no --sharpness"
    if blended := BLEND.fullmatch(model):
        share = 1 - float(blended["share"])
        return f"{blended['second']} has no --sharpness, which counts {share:.0%} here"
    return ""


def _chosen(model: str, reason: str) -> str:
    """Which net was chosen and why, and what the usual one would do."""
    if model == DRAWINGS:
        does, other = "its lines and flat colours are kept clean", "takes it for a photograph"
    else:
        does = "that is removed" if model == WILD else "that is removed in part"
        other = "leaves it in"
    return f"{reason}: {does} (by {model}); --model {PHOTOGRAPHS} {other}"


def _check_format(film: Frames | Video, pipeline: Pipeline, job: Job) -> None:
    """Refuse a result that the format of its file cannot hold, before it is made."""
    tile, format = job.options["tile"], job.options[FORMAT]
    if 0 < tile < LEAST_TILE:
        raise InputError(f"has tiles of {tile} pixels a side, and {LEAST_TILE} are the fewest")
    if RESULT not in job.shows:
        return
    check_format(film, format)
    height, width = pipeline.size
    most = MOST_A_SIDE.get(format, max(pipeline.size))
    if max(pipeline.size) > most:
        problem = f"would become {width:,} x {height:,}, and {format} holds at most {most:,} a side"
        raise InputError(problem, "choose a smaller size, or for a picture .png or .tif")


def check_format(film: Frames | Video, format: str) -> None:
    """Refuse a film for a format of pictures, and a picture for one of films: an InputError."""
    is_film = film.count > 1 or isinstance(film, Video)
    if is_film and format not in (*FILMS, *VIDEOS):
        problem = f"is a film of {film.count:,} frames, and {format} holds one"
        raise InputError(problem, "let it end in .mp4, .webm, .gif or .webp")
    if film.count == 1 and isinstance(film, Frames) and format in VIDEOS:
        raise InputError(f"is a picture, and {format} holds films", "let it end in .png or .jpg")


def _truth(film: Frames | Video, pipeline: Pipeline, job: Job) -> Picture | None:
    """What the result should look like; refused where it has another size."""
    path = job.file("truth", "measured against")
    if path is None:
        return None
    if film.count > 1 or isinstance(film, Video):
        raise InputError("is a film, and has no truth", "leave --truth out")
    truth = load_picture(path)
    if (truth.height, truth.width) != pipeline.size:
        height, width = pipeline.size
        problem = f"is {truth.width} x {truth.height}, and the result would be {width} x {height}"
        raise InputError(problem, "name one of that size as --truth, or none", path=path)
    return truth


def _enlarged(film: Frames | Video, pipeline: Pipeline, job: Job) -> Frames | Video:
    tile = job.options["tile"] or None
    if isinstance(film, Video):
        return replace(film, size=pipeline.size, work=lambda frame: _frame(frame, pipeline, job))
    try:
        if film.count > 1:
            return enlarged_film(film, pipeline, tile=tile, threads=job.threads, tick=job.tick)
        image = enlarged_image(film.first, pipeline, tile=tile, threads=job.threads, tick=job.tick)
        return Frames(frames=(image,))
    except InputError as error:
        problem, _, remedy = str(error).partition("; ")
        raise InputError(f"cannot be enlarged by {problem}", remedy) from error


def _frame(frame: Picture, pipeline: Pipeline, job: Job) -> Picture:
    """A frame of a video enlarged."""
    return enlarged_image(frame, pipeline, tile=job.options["tile"] or None, threads=job.threads)


def _first_of(result: Frames | Video) -> Picture:
    """The first frame of a result; of a video's it is not there yet."""
    if isinstance(result, Frames) or result.work is None:
        return result.first
    return result.work(result.first)


def _remarks(
    film: Frames | Video, result: Frames | Video, truth: Picture | None, format: str
) -> Iterator[str]:
    """What is to be said of a result."""
    if truth is not None:
        yield _scored(film, result, truth)
    if isinstance(film, Video):
        yield from lost_by_video(film, format)


def _scored(film: Frames | Video, result: Frames | Video, truth: Picture) -> str:
    """How near bicubic and the result are to the truth."""
    measured = scores(as_seen(film.first), as_seen(_first_of(result)), as_seen(truth))
    parts = [f"{name} {score.psnr:.2f} dB, {score.ssim:.4f}" for name, score in measured.items()]
    return f"PSNR-Y and SSIM-Y: {'; '.join(parts)}" if parts else "is too small to be measured"


def _tiles(image: Picture, pipeline: Pipeline, tile: int) -> list[int]:
    """The tile that each net of the pipeline worked in."""
    tiles, height, width = [], image.height, image.width
    for model in pipeline.models:
        tiles.append(resolved_tile(model.in_rgb, height, width, tile or None))
        height, width = height * model.net.factor, width * model.net.factor
    return tiles + (_tiles(image, pipeline.second, tile) if pipeline.second else [])


UPSCALE: Final = Making(
    verb="upscale",
    holds=HOLDS,
    usual={"sharpness": 0.0, "best": False, "hole": "", "mask_is": AUTO},
    make=make,
    needs=("torch", "scipy"),
    products=PRODUCTS,
    films=True,
    equivalent=equivalent,
)
