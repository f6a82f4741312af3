"""`upscale`: pictures and films made larger by nets that add what enlarging leaves out.

How one file is enlarged is in upscaling/; here is what is asked for, what is refused, and what is
said of each file.
"""

from __future__ import annotations

import os
import reprlib
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trombine.events import Event, Notice
from trombine.memory import RELIEF, enough
from trombine.refusal import InputError, shown
from trombine.verbs.batch import batch, expand, into, left_alone

if TYPE_CHECKING:
    from trombine.upscaling.asked import Asked

FACTORS: Final = (2, 3, 4)
DEFAULT_FACTOR: Final = 2
MOST_TIMES: Final = 16  # as in upscaling/ways.py, which takes long to import
MOST_TILE: Final = 1_000_000  # pixels a side: no picture is so large


@dataclass(frozen=True, kw_only=True)
class UpscaleRequest:
    """Enlarge pictures and films, sharper than interpolation does.

    Depth, mode, transparency and colour profile stay as they are. The same command again does only
    what is missing; what is there and was made otherwise is left alone, and said.
    """

    pictures: tuple[Path, ...]
    """The pictures to enlarge, or folders of them."""
    output: Path
    """The file to write, or for several pictures the folder."""
    factor: int | None = None
    """How many times as wide and high: 2, 3 or 4; 2 unless given."""
    size: str | None = None
    """WIDTHxHEIGHT, as in 1920x1080: as large as fits in there, in place of a factor."""
    model: str | Path = "auto"
    """upscale, upscale-fast, upscale-drawings or upscale-wild, or a .safetensors file; auto takes
    upscale, and for drawings upscale-drawings."""
    tile: int | str = "auto"
    """Pixels a side that are worked on at a time: fewer take less memory."""
    sheet: bool = False
    """Write NAME.sheet.png beside each output: the input, bicubic, the result, and the truth."""
    truth: Path | None = None
    """What the result should look like, to be measured against: a picture as large as it, or a
    folder with pictures of the same names."""
    threads: int | None = None
    """How many threads work; as many as there are cores unless given, and no more than that. The
    bytes are the same."""
    overwrite: bool = False
    """Make again what is there."""


def run(request: UpscaleRequest) -> Iterator[Event]:
    """Enlarge every picture whose output is not there."""
    from trombine.data.workers import cores
    from trombine.upscaling.asked import model_file
    from trombine.upscaling.work import Job, beside, is_done, is_light, work_on

    _check(request)
    asked = _asked(request)
    sources = expand(request.pictures)
    plan = into(request.output, sources, lambda source: _ending(source, asked))
    _check_format(request, sources)
    known = _known(request.truth)
    truths = _truths(request.truth, known, sources)
    threads = min(request.threads or cores(), cores())

    def job_of(source: Path, output: Path) -> Job:
        return Job(
            source=source,
            output=output,
            asked=asked,
            truth=truths.get(source),
            sheet=request.sheet,
            overwrite=request.overwrite,
        )

    def work(source: Path, output: Path) -> Iterator[Event]:
        if source not in truths and request.truth is not None:
            yield Notice(source, f"has no truth of its name in {shown(request.truth)}")
        shares = len(sources) > 1 and is_light(source)
        with enough(source, f"{RELIEF}, or give a smaller --tile or fewer --threads"):
            yield from work_on(job_of(source, output), threads=1 if shares else threads)

    yield from left_alone(request.pictures)
    yield from batch(
        sources,
        plan,
        work,
        overwrite=request.overwrite,
        is_there=lambda source, output: is_done(job_of(source, output)),
        beside=lambda output: beside(output, sheet=request.sheet),
        also_read=[*known, *([model] if (model := model_file(asked.model)) else [])],
        at_once=threads,
        light=is_light,
    )


# ---------------------------------------------------------------------------------------------
# What is asked


def _check(request: UpscaleRequest) -> None:
    """Refuse what cannot be; a program may have given anything."""
    if request.factor is not None and request.size is not None:
        raise InputError("-x and --size both say how large; give one of them")
    if request.factor is not None and not _is_one_of(request.factor, FACTORS):
        remedy = f"--size takes any size, up to {MOST_TIMES} times as large"
        raise InputError(f"-x is 2, 3 or 4, not {_said(request.factor)}; {remedy}")
    if request.threads is not None and (type(request.threads) is not int or request.threads < 1):
        raise InputError(f"--threads is a whole number, 1 or more, not {_said(request.threads)}")
    if not isinstance(request.output, Path):
        raise InputError(f"output is a path, not {_said(request.output)}")
    if not isinstance(request.model, str | Path):
        raise InputError(f"model is a name or a path, not {_said(request.model)}")


def _said(given: object) -> str:
    """What was given, in a line of ours; Python writes no number of thousands of digits."""
    try:
        return shown(reprlib.repr(given))
    except ValueError:
        return "one so large"


def _is_one_of(number: object, of: tuple[int, ...]) -> bool:
    return type(number) is int and number in of  # True is 1, and 2.0 is 2


def _asked(request: UpscaleRequest) -> Asked:
    """What is asked of each picture; the model may still be `auto`."""
    from trombine.upscaling.asked import Asked

    factor = _own_factor(request.model)  # in any case: there must be such a model
    enlarge = f"x{request.factor or factor}" if request.size is None else _size(request.size)
    return Asked(enlarge=enlarge, model=request.model, tile=_tile(request.tile))


def _own_factor(model: str | Path) -> int:
    """By how much a named net or file enlarges; of a family 2. An InputError if there is none."""
    from trombine.upscaling.asked import AUTO
    from trombine.upscaling.ways import families, nets_of

    if model in (AUTO, *families()):
        return DEFAULT_FACTOR
    return max(nets_of(model))


def _size(text: str) -> str:
    """A size as it was written."""
    from trombine.upscaling.asked import sides

    try:
        _, box = sides(text)
    except ValueError:
        box = None
    if box is None or min(box) < 1:
        raise InputError(f"--size is WIDTHxHEIGHT, as in 1920x1080, not {shown(text)}")
    return text


def _tile(asked: object) -> int | None:
    """Pixels a side; None for auto."""
    from trombine.upscaling.asked import AUTO
    from trombine.upscaling.running import LEAST_TILE

    if asked == AUTO:
        return None
    side = _number(asked)
    if side is None or not LEAST_TILE <= side <= MOST_TILE:
        what = f"auto, or a whole number, {LEAST_TILE} to {MOST_TILE:,}"
        raise InputError(f"--tile is {what}, not {_said(asked)}")
    return side


def _number(given: object) -> int | None:
    """A whole number, given as one or in digits, no more of them than a sound one has."""
    if isinstance(given, Integral) and not isinstance(given, bool):
        return int(given)
    if isinstance(given, str) and given.isdecimal() and len(given) <= len(str(MOST_TILE)):
        return int(given)
    return None


def _ending(source: Path, asked: Asked) -> str:
    """How the name of what is made of this file ends; a still GIF's colours outgrow GIF."""
    from trombine.images import SUFFIXES, film_suffix, output_suffix
    from trombine.upscaling.work import holds

    if suffix := film_suffix(source):
        return suffix
    suffix = output_suffix(source)
    sound = suffix.lower() != ".gif" and holds(SUFFIXES[suffix.lower()], source, asked)
    return suffix if sound else ".png"


def _check_format(request: UpscaleRequest, sources: list[Path]) -> None:
    """Refuse an ending that is no format."""
    from trombine.images import format_of

    if len(sources) == 1 and request.output.suffix and not request.output.is_dir():
        format_of(request.output)


def _known(truth: Path | None) -> list[Path]:
    """The pictures that are truths: those of a folder, or the one file."""
    if truth is None:
        return []
    if not os.path.lexists(truth):
        raise InputError("does not exist; name a truth that does, or none", path=truth)
    return expand([truth])


def _truths(truth: Path | None, known: list[Path], sources: list[Path]) -> dict[Path, Path]:
    """The truth of each input: the file of the same name in a folder, or the one file."""
    if truth is None:
        return {}
    if not truth.is_dir():
        if len(sources) > 1:
            what = f"is one file, and there are {len(sources)} pictures"
            raise InputError(f"{what}; name a folder as --truth", path=truth)
        return dict.fromkeys(sources, truth)
    there: dict[str, list[Path]] = {}
    for path in known:
        there.setdefault(path.stem, []).append(path)
    return {
        source: _truth(source, there[source.stem]) for source in sources if source.stem in there
    }


def _truth(source: Path, found: list[Path]) -> Path:
    """Of the truths with an input's name, whatever their ending, the one that is meant."""
    if len(found) == 1:
        return found[0]
    same = [path for path in found if path.name == source.name]
    if not same:
        either = " and ".join(shown(path) for path in found)
        what = f"{either} could each be the truth of {shown(source)}"
        raise InputError(f"{what}; leave one of them out")
    return same[0]
