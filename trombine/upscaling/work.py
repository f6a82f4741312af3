"""One picture or film from file to file: read, enlarged, written with its record, and told of.

How a picture goes through nets is in pictures.py, what a record holds in asked.py; what is done
with many files in verbs/upscale.py.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from trombine.codecs import BESIDE, Frames, lost
from trombine.codecs.beside import place
from trombine.events import Event, Notice, Picture, Tick, ticked
from trombine.images import (
    FILM_SUFFIXES,
    Image,
    check_beside,
    format_of,
    holds_others,
    not_followed,
    read,
    read_frames,
    read_provenance,
    size_of,
    write,
    write_frames,
)
from trombine.provenance import check_unchanged, digests_of
from trombine.refusal import InputError, shown
from trombine.upscaling.asked import (
    AUTO,
    DRAWINGS,
    PHOTOGRAPHS,
    SHEET,
    Asked,
    enlarged,
    model_file,
    model_for,
    otherwise,
    record_of,
    scored,
    sheet,
    sides,
    title_of,
    way_for,
)
from trombine.upscaling.ways import Way, way_to

SHEET_ENDING: Final = ".sheet.png"
_ELSEWHERE: Final = "choose another -o, or add --overwrite"
# Pictures of up to this many pixels are worked on several at once, each by one thread: that is
# faster than all threads for each of them in turn (docs/log.md).
LIGHT: Final = 1 << 16
# Pixels that a side may have in a format; an AVIF with more can be written, but not read.
MOST_A_SIDE: Final = {"WEBP": 16383, "JPEG": 65500, "GIF": 65535, "AVIF": 32768}


@dataclass(frozen=True, kw_only=True)
class Job:
    """One picture or film, and what is asked for it."""

    source: Path
    output: Path
    asked: Asked  # its model may be AUTO
    truth: Path | None
    sheet: bool
    overwrite: bool


def work_on(job: Job, *, threads: int) -> Iterator[Event]:
    """Enlarge one picture or film, write it and its sheet, and say what should be known of it."""
    digests = digests_of(_files(job))
    small = _read(job)
    _check_there(job)
    asked = yield from _asked(job, small)
    way = _way(job, small, asked)
    truth = _truth(job, small, way)
    check_unchanged(digests)
    format = format_of(job.output)
    made = record_of(job.source, small, way, asked, format=format, digests=digests)
    is_kept = _is_kept(job, made)
    if holds_others(job.source):
        yield Notice(job.source, "holds more pictures than one; the first is enlarged")
    if small.frames[0].unfollowed:
        yield Notice(job.source, not_followed(small.frames[0]))

    def enlarge(tick: Tick) -> Frames:
        def percent(done: int, of: int) -> None:
            tick(100 * done // of, 100)

        try:
            return enlarged(small, way, asked, threads=threads, tick=percent)
        except InputError as error:
            what, _, remedy = str(error).partition("; ")
            raise InputError(f"cannot be enlarged by {what}", remedy, path=job.source) from error

    result = yield from ticked("percent", enlarge)
    if job.sheet:  # before the result, so that a result that is there has its sheet
        yield _sheet(job, small, result, truth, way, asked, digests)
    if not is_kept:
        _write(job.output, result, made)
        yield from _lost(job.output, result, format)
    if truth is not None:
        yield _scores(job, small, result, truth)


def _files(job: Job) -> list[Path]:
    """What the result is made from."""
    files = (job.source, model_file(job.asked.model), job.truth)
    return [path for path in files if path is not None]


def _read(job: Job) -> Frames:
    """What is in the file; refused where the output cannot hold it."""
    film = read_frames(job.source)
    if len(film.frames) > 1 and job.output.suffix.lower() not in FILM_SUFFIXES:
        what = f"is a film of {len(film.frames):,} frames, and {shown(job.output)} holds one"
        raise InputError(what, "let it end in .gif or .webp", path=job.source)
    return film


def is_done(job: Job) -> bool:
    """Whether what is asked for is there already, made from this input as it is now."""
    return all(path.exists() and not why for path, why in _unlike(job))


def _check_there(job: Job) -> None:
    """Refuse to write over what is somebody's, or was made otherwise."""
    check_beside(job.output)
    if job.overwrite:
        return
    for path, why in _unlike(job):
        if path.exists() and why:
            raise InputError(f"is there, and {why}", _ELSEWHERE, path=path)


def _unlike(job: Job) -> Iterator[tuple[Path, str]]:
    """The output and its sheet, and what keeps each from being what is asked for."""
    yield job.output, otherwise(_record(job.output), job.source, job.asked)
    if job.sheet:
        path = sheet_beside(job.output)
        yield path, otherwise(_record(path), job.source, job.asked, SHEET, job.truth)


def _record(output: Path) -> dict[str, Any] | None:
    """The record of a file that may be anything."""
    try:
        return read_provenance(output)
    except InputError:
        return None


def _asked(job: Job, small: Frames) -> Generator[Event, None, Asked]:
    """What is asked with the model that is taken; said where it is not the usual one."""
    if job.asked.model != AUTO:
        return job.asked
    model = model_for(small)
    if model == DRAWINGS:
        by = f"enlarged by {DRAWINGS} (--model {PHOTOGRAPHS} takes the other)"
        yield Notice(job.source, f"looks like a drawing: {by}")
    return replace(job.asked, model=model)


def _way(job: Job, small: Frames, asked: Asked) -> Way:
    """The nets and the size, or a line that says why there is no such size."""
    try:
        way = way_for(small, asked)
    except InputError as error:
        raise InputError(error.what, error.remedy, path=job.source) from error
    _check_sides(job, way)
    return way


def _check_sides(job: Job, way: Way) -> None:
    """Refuse a result that the output's format cannot hold, before it is made."""
    height, width = way.size
    most = MOST_A_SIDE.get(format_of(job.output), max(way.size))
    if max(way.size) > most:
        suffix = shown(job.output.suffix)
        what = f"would become {width:,} x {height:,}, and {suffix} holds at most {most:,} a side"
        raise InputError(
            what, "choose a smaller size, or for a picture .png or .tif", path=job.source
        )


def holds(format: str, source: Path, asked: Asked) -> bool:
    """Whether a format is large enough for what is made of a picture."""
    if format not in MOST_A_SIDE:
        return True
    model = PHOTOGRAPHS if asked.model == AUTO else asked.model  # the size is the same by any
    factor, box = sides(asked.enlarge)
    try:
        size = way_to(*size_of(source), factor=factor, box=box, model=model).size
    except InputError:  # which its work will say
        return True
    return max(size) <= MOST_A_SIDE[format]


def _is_kept(job: Job, made: dict[str, Any]) -> bool:
    """Whether the output is there, and only its sheet is missing."""
    if job.overwrite or not job.output.exists():
        return False
    if read_provenance(job.output) != made:
        what = "is there, and was made otherwise than its sheet would be"
        raise InputError(what, _ELSEWHERE, path=job.output)
    return True


def _write(output: Path, result: Frames, made: dict[str, Any]) -> None:
    if len(result.frames) == 1:
        write(output, result.frames[0], provenance=made)
    else:
        write_frames(output, result.frames, result.durations, loops=result.loops, provenance=made)


def _lost(output: Path, result: Frames, format: str) -> Iterator[Notice]:
    """What the format does not hold of the result, if anything."""
    losses = next(filter(None, (lost(frame, format) for frame in result.frames)), None)
    if losses:
        text = f"does not hold all of the result: {', '.join(losses)}; {_better(result)} would"
        yield Notice(output, text)


def _better(result: Frames) -> str:
    """The formats that hold all of a result."""
    first, *others = result.frames
    if others:
        return ".webp"
    if first.unfollowed:
        return ".png"
    return ".tif" if first.space == "CMYK" else ".png or .tif"


# ---------------------------------------------------------------------------------------------
# The truth, and the sheet


def beside(output: Path, *, sheet: bool) -> Iterator[Path]:
    """What is written with an output: its sheet, and the record that a BMP has no room for."""
    if sheet:
        yield sheet_beside(output)
    if format_of(output) in BESIDE:
        yield place(output)


def sheet_beside(output: Path) -> Path:
    """Where the sheet of an output is."""
    return output.with_name(f"{output.stem}{SHEET_ENDING}")


def _truth(job: Job, small: Frames, way: Way) -> Image | None:
    """What the result should look like; refused where it has another size."""
    if job.truth is None:
        return None
    if len(small.frames) > 1:
        raise InputError("is a film, and has no truth", "leave --truth out", path=job.source)
    truth = read(job.truth)
    if (truth.height, truth.width) != way.size:
        height, width = way.size
        what = f"is {truth.width} x {truth.height}, and the result would be {width} x {height}"
        raise InputError(what, "name one of that size as --truth, or none", path=job.truth)
    return truth


def _sheet(
    job: Job,
    small: Frames,
    result: Frames,
    truth: Image | None,
    way: Way,
    asked: Asked,
    digests: Mapping[Path, str],
) -> Picture:
    """Write the sheet."""
    path = sheet_beside(job.output)
    made = record_of(
        job.source,
        small,
        way,
        asked,
        format="PNG",
        digests=digests,
        shows=SHEET,
        truth=job.truth,
    )
    write(path, sheet(small, result, truth, title_of(job.source.name, way)), provenance=made)
    return Picture(path, path.name)


def _scores(job: Job, small: Frames, result: Frames, truth: Image) -> Notice:
    """How near the result is to the truth, and bicubic for comparison."""
    said = [f"{n} {s.psnr:.2f} dB, {s.ssim:.4f}" for n, s in scored(small, result, truth).items()]
    what = f"PSNR-Y and SSIM-Y: {'; '.join(said)}" if said else "is too small to be measured"
    return Notice(job.output, what)


def is_light(source: Path) -> bool:
    """Whether a picture is so small that several are enlarged at once; a film never is."""
    try:
        height, width = size_of(source)
    except InputError:  # which its work will say
        return True
    return height * width <= LIGHT and source.suffix.lower() not in FILM_SUFFIXES
