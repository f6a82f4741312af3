"""One file enlarged as it is asked for: which model, which way, the record, the same bytes again.

What a record says is all that determines the bytes: what was asked, the models, the inputs. How
sizes and nets are found is in ways.py, how a picture goes through them in pictures.py, what is done
with many files in verbs/upscale.py.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import UInt8

from trombine import codecs
from trombine.codecs import Frames
from trombine.images import Image, as_seen, encode_png, read, read_frames
from trombine.provenance import digest, not_followed, record, shortened
from trombine.refusal import InputError
from trombine.upscaling.drawing import is_drawing
from trombine.upscaling.pictures import enlarged_film, enlarged_image
from trombine.upscaling.running import LEAST_TILE, resolved_tile
from trombine.upscaling.sheet import Score, scores, standard_sheet
from trombine.upscaling.ways import Way, families, way_to
from trombine.weights import shipped

AUTO: Final = "auto"  # by what a picture looks like: one of the next two
PHOTOGRAPHS: Final = "upscale"
DRAWINGS: Final = "upscale-drawings"
RESULT, SHEET = "result", "sheet"
_FACTOR: Final = re.compile(r"x(\d{1,3})")
_BOX: Final = re.compile(r"(\d{1,6})x(\d{1,6})")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How a picture is to be enlarged."""

    enlarge: str  # "x3", or "1920x1080" for what fits in there
    model: str | Path  # a family of shipped nets, one of them, or a file
    tile: int | None = None  # pixels a side; None: as running.py chooses


def sides(enlarge: str) -> tuple[int | None, tuple[int, int] | None]:
    """The factor, or the width and height, that a text asks for; a ValueError if it is neither."""
    if found := _FACTOR.fullmatch(enlarge):
        return int(found[1]), None
    if found := _BOX.fullmatch(enlarge):
        return None, (int(found[1]), int(found[2]))
    raise ValueError(f"{enlarge} is neither a factor nor a size")


def model_for(film: Frames) -> str:
    """The family of nets for what a picture, or the first of a film, looks like."""
    first = film.frames[0]
    alpha = first.alpha()
    visible = None if alpha is None else alpha >= 0.5  # fainter colours may be any
    return DRAWINGS if is_drawing(first.rgb_pixels(), visible) else PHOTOGRAPHS


def way_for(film: Frames, asked: Asked) -> Way:
    """The nets and the size; an InputError or an InputError where there is no way."""
    factor, box = sides(asked.enlarge)
    first = film.frames[0]
    return way_to(
        *(first.height, first.width),
        factor=factor,
        box=box,
        model=asked.model,
        frames=len(film.frames),
    )


def enlarged(
    film: Frames,
    way: Way,
    asked: Asked,
    *,
    threads: int | None = None,
    tick: Callable[[int, int], None] | None = None,
) -> Frames:
    """The film; or, of one frame, the picture."""
    first, *others = film.frames
    if others:
        return enlarged_film(film, way, tile=asked.tile, threads=threads, tick=tick)
    image = enlarged_image(first, way, tile=asked.tile, threads=threads, tick=tick)
    return Frames(frames=(image,))


def sheet(
    small: Frames, result: Frames, truth: Image | None, title: str
) -> UInt8[np.ndarray, "h w 3"]:
    """The standard sheet of a picture, or of a film's first frame."""
    known = None if truth is None else as_seen(truth)
    return standard_sheet(as_seen(small.frames[0]), as_seen(result.frames[0]), known, title)


def scored(small: Frames, result: Frames, truth: Image) -> dict[str, Score]:
    """How near bicubic and the result are to the truth; empty where it is too small to say."""
    return scores(as_seen(small.frames[0]), as_seen(result.frames[0]), as_seen(truth))


def title_of(name: str, way: Way) -> str:
    """What stands on a sheet: the picture's name, and what enlarged it."""
    models = " and ".join(dict.fromkeys(model.path.stem for model in way.models))
    return f"{shortened(name)}: {models}"


# ---------------------------------------------------------------------------------------------
# The record, and the same bytes again

# What a record that was edited leads to: sizes, pixels or words that a step cannot do.
_NOT_FOLLOWED: Final = (ValueError, OSError, RuntimeError, MemoryError, struct.error)


def record_of(
    source: Path,
    film: Frames,
    way: Way,
    asked: Asked,
    *,
    format: str,
    digests: Mapping[Path, str],
    shows: str = RESULT,
    truth: Path | None = None,
) -> dict[str, Any]:
    """What determines the bytes of the result, or of its sheet; `digests` is of the files read."""
    inputs = {source.name: digests[source]}
    model = model_file(asked.model)
    called = str(asked.model) if model is None else _called(model, source, "model")
    if model is not None:
        inputs[called] = digests[model]
    if truth is not None:
        inputs[_called(truth, source, "truth")] = digests[truth]
    options = {
        "picture": source.name,
        "enlarge": asked.enlarge,
        "model": called,
        "tile": asked.tile or 0,
        "format": format,
        "shows": shows,
        "truth": "" if truth is None else _called(truth, source, "truth"),
    }
    return record(
        "upscale",
        options,
        inputs=inputs,
        model=_hashes(way),
        resolved={"tile": _tiles(film.frames[0], way, asked.tile)},
        needs=("torch", "scipy"),
    )


def otherwise(
    made: Mapping[str, Any] | None,
    source: Path,
    asked: Asked,
    shows: str = RESULT,
    truth: Path | None = None,
) -> str:
    """What keeps a file with this record from being the one that is asked for; empty if it is.

    The tile does not count: no pixel differs by more than rounding. Nor does the hash of a shipped
    net: a newer trombine need not make all results again.
    """
    if made is None:
        return "trombine did not make it"
    options = made.get("options", {})
    model = model_file(asked.model)
    called = str(asked.model) if model is None else _called(model, source, "model")
    models = (PHOTOGRAPHS, DRAWINGS) if asked.model == AUTO else (called,)
    beside = "" if truth is None else _called(truth, source, "truth")
    wanted = ("upscale", shows, source.name, asked.enlarge, beside)
    named = [options.get(name) for name in ("shows", "picture", "enlarge", "truth")]
    if (made["verb"], *named) != wanted or options.get("model") not in models:
        return f"was made otherwise ({_said(made)})"
    files = {source.name: source} | ({} if model is None else {called: model})
    files |= {} if truth is None else {beside: truth}
    then = made.get("inputs", {})
    changed = [name for name, path in files.items() if then.get(name) != digest(path)]
    return f"was made from another {shortened(changed[0])}" if changed else ""


def _said(made: Mapping[str, Any]) -> str:
    """How a file was made, in a few words: x2 of a.png by upscale."""
    options = made.get("options", {})
    names = ("enlarge", "picture", "model")
    if made["verb"] != "upscale" or not all(name in options for name in names):
        return f"by {shortened(made['verb'])}"
    enlarge, picture, model = (shortened(str(options[name])) for name in names)
    sheet = "sheet of " if options.get("shows") == SHEET else ""
    return f"{sheet}{enlarge} of {picture} by {model}"


def _is_shipped(model: str | Path) -> bool:
    """Whether a model is named by what every trombine has, and not by a file."""
    return isinstance(model, str) and (model in families() or model in shipped())


def model_file(model: str | Path) -> Path | None:
    """The file of a model that is no shipped one."""
    return None if model == AUTO or _is_shipped(model) else Path(model)


def _called(path: Path, source: Path, what: str) -> str:
    """What a record calls a truth or a model, which may be named as the picture elsewhere is."""
    return path.name if path.name != source.name else f"{what}-{path.name}"


def _hashes(way: Way) -> str:
    return "+".join(dict.fromkeys(model.hash for model in way.models))


def _tiles(image: Image, way: Way, tile: int | None) -> list[int]:
    """The tile that each net of the way worked in."""
    found, height, width = [], image.height, image.width
    for model in way.models:
        found.append(resolved_tile(model.in_rgb, height, width, tile))
        height, width = height * model.net.factor, width * model.net.factor
    return found


def encoded(result: Frames, format: str, made: dict[str, Any]) -> bytes:
    """The bytes of a file that holds the result and, where the format can, its record."""
    first, *others = result.frames
    if others:
        return codecs.encode_frames(result, format, provenance=made)
    return codecs.encode(first, format, provenance=None if format in codecs.BESIDE else made)


def remake(made: Mapping[str, Any], inputs: Mapping[str, Path]) -> bytes:
    """The file that this record is of, made again from its inputs; anyone may have edited it."""
    try:
        return _made_again(made, inputs)
    except _NOT_FOLLOWED as error:
        raise not_followed(error) from error


def _made_again(made: Mapping[str, Any], inputs: Mapping[str, Path]) -> bytes:
    options = made["options"]
    source, truth = _input(options["picture"], inputs), _truth(options, inputs)
    asked, film = _asked(options, inputs), read_frames(source)
    way = way_for(film, asked)
    known = None if truth is None else read(truth)
    _check_kind(options, film, way, known)
    _check_models(made, way)
    result = enlarged(film, way, asked)
    if options["shows"] == RESULT:
        return encoded(result, options["format"], dict(made))
    pixels = sheet(film, result, known, title_of(source.name, way))
    return encode_png(pixels, dict(made))


def _check_kind(options: Mapping[str, Any], film: Frames, way: Way, truth: Image | None) -> None:
    """Refuse what no file of ours is, before the work that would come to nothing."""
    format, moves = options["format"], len(film.frames) > 1
    if options["shows"] == SHEET and format != "PNG":
        raise ValueError(f"a sheet as {format} is no file")
    if options["shows"] == RESULT and moves and format not in codecs.FILMS:
        raise ValueError(f"a film as {format} is no file")
    if truth is not None and (options["shows"] == RESULT or moves):
        raise ValueError("only the sheet of a picture has a truth")
    if truth is not None and (truth.height, truth.width) != way.size:
        height, width = way.size
        size = f"{truth.width} x {truth.height}"
        raise ValueError(f"its truth is {size}, and the result would be {width} x {height}")


def _check_models(made: Mapping[str, Any], way: Way) -> None:
    """Refuse to go on with other models than the record's: other pixels would come out."""
    here, then = _hashes(way), shortened(str(made.get("model")))
    if here != then:
        name = shortened(made["options"]["model"])
        version = shortened(str(made.get("versions", {}).get("trombine", "unknown")))
        raise InputError(
            f"was made by another {name} ({then}) than the one here ({here})",
            f"replay it with the trombine that made it, version {version}",
        )


def _asked(options: Mapping[str, Any], inputs: Mapping[str, Path]) -> Asked:
    """What a record asks for. Its model is a shipped one or among its inputs, no file else."""
    model, tile = options["model"], options["tile"]
    if 0 < tile < LEAST_TILE:
        raise ValueError(f"tiles have {LEAST_TILE} pixels or more a side, not {tile}")
    if options["format"] not in codecs.FORMATS or options["shows"] not in (RESULT, SHEET):
        raise ValueError(f"{options['shows']} as {options['format']} is no file")
    own = model in inputs and model not in (options["picture"], options["truth"])
    named = model if _is_shipped(model) and not own else _input(model, inputs)
    return Asked(enlarge=options["enlarge"], model=named, tile=tile or None)


def _truth(options: Mapping[str, Any], inputs: Mapping[str, Path]) -> Path | None:
    return _input(options["truth"], inputs) if options["truth"] else None


def _input(name: str, inputs: Mapping[str, Path]) -> Path:
    if name not in inputs:
        raise ValueError(f"{name} is not among its inputs")
    return inputs[name]
