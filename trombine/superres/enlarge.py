"""One picture or film enlarged: which model, which size, a sheet, a report, scores.

pipelines.py chooses nets and size, pictures.py runs a picture through them; the verb is
commands/upscale.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import UInt8

from trombine.core.devices import CPU
from trombine.core.errors import InputError, shortened
from trombine.core.progress import Tick
from trombine.faces.faces import read_faces
from trombine.faces.fields import sure_style
from trombine.faces.frames import samples_of
from trombine.io.batch import Content, Made
from trombine.io.holes import Hole, masked
from trombine.io.image import (
    FILM_SUFFIXES,
    VIDEO_SUFFIXES,
    Picture,
    as_seen,
    format_of,
    load_picture,
    size_of,
)
from trombine.io.video import FILMS, VIDEOS, Frames, SourceFile, Video, lost_by_video
from trombine.metrics.drawing import is_drawing
from trombine.models import Model, loaded
from trombine.superres.damage import damage_of
from trombine.superres.pictures import How, enlarged_film, enlarged_image, spread
from trombine.superres.pipelines import CLEANING, KEPT, USUAL, Pipeline, Scale, blend, plan_pipeline
from trombine.superres.report import Similarity, report_of, scores, standard_sheet

AUTO: Final = "auto"  # by what a picture looks like: one of the next three, or a blend
PHOTOGRAPHS: Final = USUAL
DRAWINGS: Final = "upscale-drawings"
WILD: Final = CLEANING
SHEET, REPORT, NUMBERS = ".sheet.png", ".report.png", ".report.json"  # ends of further outputs
# Pictures of up to this many pixels are worked on several at once, each by one thread: that is
# faster than all threads for each of them in turn (docs/log/enlarge.md).
LIGHT: Final = 1 << 16
_LIGHT_ON_CARD: Final = 1 << 22  # there other threads read and write files meanwhile
# Pixels that a side may have in a format; an AVIF with more can be written, but not read.
MOST_A_SIDE: Final = {"WEBP": 16383, "JPEG": 65500, "GIF": 65535, "AVIF": 32768}


@dataclass(frozen=True, kw_only=True)
class Enlargement:
    """How pictures are enlarged."""

    scale: Scale
    model: str | Path = AUTO
    sharpness: float = 0.0
    tta: bool = False
    tile: int | None = None
    threads: int | None = None
    device: str = CPU
    half: bool = False  # in half precision, where a net allows it
    sheet: bool = False
    report: bool = False
    mask_is: str = AUTO

    def how(self, tick: Tick | None = None) -> How:
        """How nets run."""
        return How(tile=self.tile, threads=self.threads, half=self.half, tick=tick)


def enlarge(
    source: SourceFile,
    target: Path,
    options: Enlargement,
    tick: Tick,
    *,
    truth: Path | None = None,
    hole: Path | None = None,
) -> Made:
    """The enlarged picture or film, its sheet, and how near both are to a truth."""
    film, format = source.film, format_of(target)
    model, notices = _model_of(film, options)
    pipeline = pipeline_for(film, options, model)
    check_format(film, format)
    height, width = pipeline.size
    if max(pipeline.size) > (most := MOST_A_SIDE.get(format, max(pipeline.size))):
        problem = f"would become {width:,} x {height:,}, and {format} holds at most {most:,} a side"
        raise InputError(problem, "choose a smaller size, or --format png")
    true = _truth(film, pipeline, truth)
    mask, second = _hole(film, hole, options.mask_is), ()
    start = time.perf_counter()
    result = _enlarged(film, pipeline, options, tick)
    if mask is not None:
        result, second = _with_hole(film, result, mask, options, tick)
    seconds = time.perf_counter() - start
    files: dict[str, Content] = {}
    models = (*pipeline.every_model, *filter(None, (pipeline.faces,)), *second)
    nets = tuple(dict.fromkeys(model.path.stem for model in models))
    name = shortened(source.path.name)
    true_pixels = None if true is None else as_seen(true)
    near: Mapping[str, Similarity] | None = None
    if true_pixels is not None:
        near = scores(as_seen(film.first), as_seen(_first_of(result)), true_pixels)
    if options.sheet:
        pixels = as_seen(film.first), as_seen(_first_of(result))
        title = f"{name}: {' and '.join(nets)}"
        files[SHEET] = standard_sheet(*pixels, true_pixels, title, near or {})
    if options.report:
        title = f"{name}: what {' and '.join(nets)} invented"
        sheet, numbers = report_of(film.first, _first_of(result), title)
        files |= {REPORT: sheet, NUMBERS: {"picture": source.path.name, **numbers}}
    files[""] = result
    return Made(
        files=files,
        model="+".join(dict.fromkeys(model.hash for model in models)),
        chosen={
            "model": model,
            **({"truth": truth} if truth and options.sheet else {}),
            **({} if hole is None or mask is None else {"hole": hole, "mask_is": mask.polarity}),
        },
        notices=(*notices, *(mask.notices if mask else ()), *_remarks(film, near, format)),
        facts=" and ".join(nets),
        details=(
            *dict.fromkeys(net.described for net in models),
            f"enlarged in {seconds:.2f} s",
        ),
    )


def enlarge_picture(picture: Picture, options: Enlargement) -> Picture:
    """A picture that a program holds, enlarged."""
    film = Frames(frames=(picture,))
    model = model_for(film, options.scale)[0] if options.model == AUTO else options.model
    pipeline = pipeline_for(film, options, model)
    return enlarged_image(picture, pipeline, options.how())


def _hole(film: Frames | Video, path: Path | None, mask_is: str) -> Hole | None:
    if path is None:
        return None
    _check_still(film, "hole")
    size = film.first.height, film.first.width
    return masked(size, path, mask_is, "taken for repaired")


def _check_still(film: Frames | Video, option: str) -> None:
    if film.count > 1 or isinstance(film, Video):
        raise InputError(f"is a film, and has no {option}", f"leave --{option} out")


def _with_hole(
    film: Frames | Video, result: Frames | Video, hole: Hole, options: Enlargement, tick: Tick
) -> tuple[Frames | Video, tuple[Model, ...]]:
    """The result with what was repaired enlarged by the net for damaged pictures; and its nets.

    What a repair gets wrong is like noise, which that net removes (docs/log). Every sample
    outside is that of the result.
    """
    if not hole.mask.any():
        return result, ()
    pipeline = pipeline_for(film, replace(options, sharpness=0.0), WILD)
    inside, outside = _first_of(_enlarged(film, pipeline, options, tick)), _first_of(result)
    where = spread(hole.mask, pipeline.size)[..., None]
    image = replace(outside, samples=np.where(where, inside.samples, outside.samples))
    return Frames(frames=(image,)), pipeline.every_model


def pipeline_for(film: Frames | Video, options: Enlargement, model: str | Path) -> Pipeline:
    """The nets and the size; an InputError where no pipeline leads to it."""
    pipeline = plan_pipeline(
        film.first.height,
        film.first.width,
        options.scale,
        model=model,
        device=options.device,
        sharpness=options.sharpness,
        frames=film.count if isinstance(film, Frames) else 1,  # a video's are held one at a time
    )
    return replace(pipeline, best=options.tta)


def model_for(film: Frames | Video, scale: Scale) -> tuple[str, str]:
    """The family of nets for what a picture, or the first of a film, looks like; and why.

    The reason is empty where nothing is to be said: for photographs, and of what is only cleaned.
    """
    first = film.first
    alpha, pixels = first.alpha(), first.rgb_pixels()
    if scale == 1:
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
    faces = read_faces(samples_of(pixels), loaded("reader", task="read"), largest=True)
    return any(sure_style(face.styles, drawn=True) for face in faces)


def is_light(source: Path, device: str = CPU) -> bool:
    """Whether a picture is so small that several are enlarged at once; a film never is."""
    try:
        height, width = size_of(source)
    except InputError:  # which its work will say
        return True
    moves = source.suffix.lower() in (*FILM_SUFFIXES, *VIDEO_SUFFIXES)
    return height * width <= (LIGHT if device == CPU else _LIGHT_ON_CARD) and not moves


def _model_of(film: Frames | Video, options: Enlargement) -> tuple[str | Path, tuple[str, ...]]:
    """A family, a shipped net or a file, and what is to be said of the choice."""
    if options.model != AUTO:
        return options.model, ()
    model, reason = model_for(film, options.scale)
    if model == KEPT:
        said = "shows no damage by JPEG or noise, and stays as it is"
        return model, (f"{said}; --model {WILD} cleans it all the same",)
    if not reason:
        return model, ()
    if model == DRAWINGS:
        does, other = "its lines and flat colours are kept clean", "takes it for a photograph"
    else:
        does, other = "that is cleaned", "keeps it"
    chosen = f"{reason}: {does}; --model {PHOTOGRAPHS} {other}"
    dull = (f"{model} has no --sharpness",) if options.sharpness and model == DRAWINGS else ()
    return model, (chosen, *dull)


def check_format(film: Frames | Video, format: str) -> None:
    """Refuse a film for a format of pictures, and a picture for one of films: an InputError."""
    is_film = film.count > 1 or isinstance(film, Video)
    if is_film and format not in (*FILMS, *VIDEOS):
        problem = f"is a film of {film.count:,} frames, and {format} holds one"
        raise InputError(problem, "let it end in .mp4, .webm, .gif or .webp")
    if film.count == 1 and isinstance(film, Frames) and format in VIDEOS:
        raise InputError(f"is a picture, and {format} holds films", "let it end in .png or .jpg")


def _truth(film: Frames | Video, pipeline: Pipeline, path: Path | None) -> Picture | None:
    """What the result should look like; refused where it has another size."""
    if path is None:
        return None
    _check_still(film, "truth")
    truth = load_picture(path)
    if (truth.height, truth.width) != pipeline.size:
        height, width = pipeline.size
        problem = f"is {truth.width} x {truth.height}, and the result would be {width} x {height}"
        raise InputError(problem, "name one of that size as --truth, or none", path=path)
    return truth


def _enlarged(
    film: Frames | Video, pipeline: Pipeline, options: Enlargement, tick: Tick
) -> Frames | Video:
    if isinstance(film, Video):
        how = options.how()
        return replace(
            film, size=pipeline.size, work=lambda frame: enlarged_image(frame, pipeline, how)
        )
    try:
        if film.count > 1:
            return enlarged_film(film, pipeline, options.how(tick))
        return Frames(frames=(enlarged_image(film.first, pipeline, options.how(tick)),))
    except InputError as error:
        problem, _, remedy = str(error).partition("; ")
        raise InputError(f"cannot be enlarged by {problem}", remedy) from error


def _first_of(result: Frames | Video) -> Picture:
    """The first frame of a result; of a video's it is not there yet."""
    if isinstance(result, Frames) or result.work is None:
        return result.first
    return result.work(result.first)


def _remarks(
    film: Frames | Video, near: Mapping[str, Similarity] | None, format: str
) -> Iterator[str]:
    """What is to be said of a result: how near it and bicubic are to the truth, what is lost."""
    if near is not None:
        parts = [f"{name} {score.psnr:.2f} dB, {score.ssim:.4f}" for name, score in near.items()]
        yield f"PSNR-Y and SSIM-Y: {'; '.join(parts)}" if parts else "is too small to be measured"
    if isinstance(film, Video):
        yield from lost_by_video(film, format)
