"""One picture or film enlarged: which model, which size, a sheet, a report, scores.

pipelines.py chooses nets and size, pictures.py runs a picture through them; the verb is
commands/upscale.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Float32, UInt8

from trombine.core.devices import CPU
from trombine.core.errors import InputError, shortened
from trombine.core.progress import Tick
from trombine.faces.faces import read_faces
from trombine.faces.fields import sure_style
from trombine.faces.frames import samples_of
from trombine.io.batch import Made
from trombine.io.color import LUMA
from trombine.io.doors import Source
from trombine.io.holes import Hole, hole_in
from trombine.io.image import FILM_SUFFIXES, VIDEO_SUFFIXES, Picture, as_seen, size_of
from trombine.io.video import Frames, Video
from trombine.metrics.drawing import is_drawing
from trombine.models import Model, loaded
from trombine.superres.damage import damage_of
from trombine.superres.pictures import How, enlarged_film, enlarged_image, spread
from trombine.superres.pipelines import (
    CLEANING,
    KEPT,
    USUAL,
    Choice,
    Pipeline,
    Scale,
    blend,
    mixes,
    plan_pipeline,
    resolve,
)
from trombine.superres.report import Similarity, report_of, scores, standard_sheet

AUTO: Final = "auto"  # by what a picture looks like: one of the next three, or a blend
PHOTOGRAPHS: Final = USUAL
DRAWINGS: Final = "upscale-drawings"
WILD: Final = CLEANING
PICTURE, SHEET, REPORT, NUMBERS, SCORES = "picture", "sheet", "report", "numbers", "scores"
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
    model: Choice | None = None  # None: by what a picture looks like
    sharpness: float = 0.0
    tta: bool = False
    tile: int | None = None
    threads: int | None = None
    device: str = CPU
    half: bool = False  # in half precision, where a net allows it
    grain: bool = False  # as How has it
    strength: Float32[np.ndarray, "h w"] | None = None

    def how(self, tick: Tick | None = None) -> How:
        """How nets run."""
        return How(
            tile=self.tile,
            threads=self.threads,
            half=self.half,
            grain=self.grain,
            strength=self.strength,
            tick=tick,
        )


def enlarge(source: Source, tick: Tick, *, options: Enlargement) -> Made:
    """The picture or film enlarged, a sheet or report of that, and how near it is to a truth."""
    film = source.film
    options = replace(options, threads=1) if source.together else options
    options = replace(options, strength=_strength(source))
    model, notices = _model_of(film, options)
    pipeline = pipeline_for(film, options, model)
    _check_size(pipeline.size, source.format)
    true = _truth(source, pipeline)
    mask, second = _hole(source), ()
    start = time.perf_counter()
    result = _enlarged(film, pipeline, options, tick)
    if mask is not None:
        result, second = _with_hole(film, result, mask, options, tick)
    seconds = time.perf_counter() - start
    models = (*pipeline.every_model, *filter(None, (pipeline.faces,)), *second)
    nets = " and ".join(dict.fromkeys(model.path.stem for model in models))
    files = dict[str, Any]()
    near: Mapping[str, Similarity] | None = None
    if true is not None:
        near = scores(as_seen(source.picture), as_seen(_first_of(result)), as_seen(true))
        files[SCORES] = {name: score._asdict() for name, score in near.items()}
    name = shortened(source.name)
    if SHEET in source.wanted:
        pixels = as_seen(source.picture), as_seen(_first_of(result))
        true_pixels = None if true is None else as_seen(true)
        files[SHEET] = standard_sheet(*pixels, true_pixels, f"{name}: {nets}", near or {})
    if REPORT in source.wanted:
        title = f"{name}: what {nets} invented"
        files[REPORT], numbers = report_of(source.picture, _first_of(result), title)
        files[NUMBERS] = {"picture": source.name, **numbers}
    return Made(
        files=files | {PICTURE: result},
        model="+".join(dict.fromkeys(model.hash for model in models)),
        chosen={"model": model.name},
        notices=(*notices, *(mask.notices if mask else ()), *_measured(near)),
        facts=nets,
        details=(
            *dict.fromkeys(net.described for net in models),
            f"enlarged in {seconds:.2f} s",
        ),
    )


def _check_size(size: tuple[int, int], format: str) -> None:
    height, width = size
    if max(size) > (most := MOST_A_SIDE.get(format, max(size))):
        problem = f"would become {width:,} x {height:,}, and {format} holds at most {most:,} a side"
        raise InputError(problem, "choose a smaller size, or --format png")


def _strength(source: Source) -> Float32[np.ndarray, "h w"] | None:
    """How much of the nets' work counts at each pixel: that of a mask, white all, black none."""
    opened, picture = source.sides.get("strength"), source.picture
    if opened is None:
        return None
    mask = opened.value
    if (mask.height, mask.width) != (picture.height, picture.width):
        sizes = (
            f"{mask.width} x {mask.height}, and the picture is {picture.width} x {picture.height}"
        )
        with opened.naming():
            raise InputError(f"is {sizes}", "give a mask of the picture's size")
    return np.ascontiguousarray((mask.rgb() @ np.array(LUMA, np.float32)).clip(0, 1))


def _hole(source: Source) -> Hole | None:
    opened, picture = source.sides.get("hole"), source.picture
    if opened is None:
        return None
    return hole_in(opened, (picture.height, picture.width), "taken for repaired")


def _with_hole(
    film: Frames | Video, result: Frames | Video, hole: Hole, options: Enlargement, tick: Tick
) -> tuple[Frames | Video, tuple[Model, ...]]:
    """The result with what was repaired enlarged by the net for damaged pictures; and its nets.

    What a repair gets wrong is like noise, which that net removes (docs/log). Every sample
    outside is that of the result.
    """
    if not hole.mask.any():
        return result, ()
    pipeline = pipeline_for(film, replace(options, sharpness=0.0), resolve(WILD))
    inside, outside = _first_of(_enlarged(film, pipeline, options, tick)), _first_of(result)
    where = spread(hole.mask, pipeline.size)[..., None]
    image = replace(outside, samples=np.where(where, inside.samples, outside.samples))
    return Frames(frames=(image,)), pipeline.every_model


def pipeline_for(film: Frames | Video, options: Enlargement, model: Choice) -> Pipeline:
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


def model_for(film: Frames | Video, scale: Scale, sharpness: float = 0.0) -> tuple[Choice, str]:
    """The nets for what a picture, or the first of a film, looks like; and why.

    The reason is empty where nothing is to be said: for photographs, and of what is only cleaned.
    """
    first = film.first
    alpha, pixels = first.alpha(), first.rgb_pixels()
    if scale == 1:
        return blend(KEPT, WILD, damage_of(pixels, first.quantization).share_cleaned), ""
    visible = None if alpha is None else alpha >= 0.5  # fainter colours may be any
    if is_drawing(pixels, visible, in_doubt=lambda: _shows_drawn_face(pixels)):
        return resolve(DRAWINGS), "looks like a drawing"
    damage = damage_of(pixels, first.quantization)
    is_mixed = mixes((first.height, first.width), scale, sharpness)
    model = blend(PHOTOGRAPHS, WILD, damage.share_mixed if is_mixed else damage.share)
    return model, "" if model.name == PHOTOGRAPHS else str(damage)


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


def _model_of(film: Frames | Video, options: Enlargement) -> tuple[Choice, tuple[str, ...]]:
    """The nets, and what is to be said of the choice."""
    if options.model is not None:
        return options.model, ()
    model, reason = model_for(film, options.scale, options.sharpness)
    if model.name == KEPT:
        said = "shows no damage by JPEG or noise, and stays as it is"
        return model, (f"{said}; --model {WILD} cleans it all the same",)
    if not reason:
        return model, ()
    if model.name == DRAWINGS:
        does, other = "its lines and flat colours are kept clean", "takes it for a photograph"
    else:
        does, other = "that is cleaned", "keeps it"
    chosen = f"{reason}: {does}; --model {PHOTOGRAPHS} {other}"
    is_dull = options.sharpness and model.name == DRAWINGS
    return model, (chosen, *((f"{DRAWINGS} has no --sharpness",) if is_dull else ()))


def _truth(source: Source, pipeline: Pipeline) -> Picture | None:
    """What the result should look like; refused where it has another size."""
    opened = source.sides.get("truth")
    if opened is None:
        return None
    truth = opened.value
    if (truth.height, truth.width) != pipeline.size:
        height, width = pipeline.size
        problem = f"is {truth.width} x {truth.height}, and the result would be {width} x {height}"
        with opened.naming():
            raise InputError(problem, "name one of that size as --truth, or none")
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


def _measured(near: Mapping[str, Similarity] | None) -> Iterator[str]:
    """How near the result and bicubic are to the truth."""
    if near is not None:
        parts = [f"{name} {score.psnr:.2f} dB, {score.ssim:.4f}" for name, score in near.items()]
        yield f"PSNR-Y and SSIM-Y: {'; '.join(parts)}" if parts else "too small to measure"
