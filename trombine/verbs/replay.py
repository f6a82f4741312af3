"""Make a picture's bytes again, from the record of provenance that it carries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from trombine.events import Event, Notice
from trombine.memory import enough
from trombine.provenance import differences, digest, dumps, find_inputs, shortened
from trombine.refusal import InputError, about, shown
from trombine.verbs.batch import batch, expand, into

# Who makes a verb's picture again: remake(record, inputs) -> the bytes of its file, where inputs
# gives the path of each input by its name. Written as text, so that replay loads one verb only.
REMAKE: Final = {
    "world": "trombine.data.asked:remake",
    "leaves": "trombine.data.asked:remake",
    "fractals": "trombine.data.asked:remake",
    "masks": "trombine.verbs.masks:remake",
    "upscale": "trombine.upscaling.asked:remake",
    "read": "trombine.readings.asked:remake",
}
# What a verb's record must hold, and of which kind: its seed and its options, no more and no less.
HOLDS: Final[Mapping[str, Mapping[str, type]]] = {
    "world": {"seed": int, "size": int, "style": str},
    "leaves": {"seed": int, "size": int},
    "fractals": {"seed": int, "size": int},
    "masks": {"seed": int, "size": int, "families": str},
    "upscale": {
        "picture": str,
        "enlarge": str,
        "model": str,
        "tile": int,
        "format": str,
        "shows": str,
        "truth": str,
    },
    "read": {"picture": str, "model": str, "faces": str, "enlarge": int, "shows": str},
}
_KIND: Final = {int: "a whole number from 0 on", str: "a text"}
_LARGEST: Final = 2**63 - 1
_NAMED: Final = 5  # a notice names this many versions


@dataclass(frozen=True, kw_only=True)
class ReplayRequest:
    """Make the same bytes again, from what a picture says of itself.

    Every picture that trombine writes carries a record of what determines its pixels. On the
    machine that made it, and with the same versions, the same bytes come out; where versions
    differ, replay says which.
    """

    pictures: tuple[Path, ...]
    """The pictures to make again, or folders of them."""
    output: Path
    """The file to write, or for several pictures the folder."""
    inputs: Path | None = None
    """The folder with the files that the pictures were made from, if there were any."""
    overwrite: bool = False
    """Make again what is there."""


def run(request: ReplayRequest) -> Iterator[Event]:
    """Make each picture again."""
    from trombine.images import own_suffix

    sources = expand(request.pictures)
    plan = into(request.output, sources, own_suffix)

    def work(source: Path, output: Path) -> Iterator[Event]:
        yield from _replay(source, output, request.inputs)

    yield from batch(
        sources,
        plan,
        work,
        overwrite=request.overwrite,
        beside=_beside,
        also_read=_read_for(sources, request.inputs),
    )


def _beside(output: Path) -> list[Path]:
    """The record of an output whose format has no room for one."""
    from trombine.codecs import BESIDE
    from trombine.codecs.beside import place
    from trombine.images import SUFFIXES

    return [place(output)] if SUFFIXES.get(output.suffix.lower()) in BESIDE else []


def _read_for(sources: list[Path], inputs: Path | None) -> Iterator[Path]:
    """The files that these pictures are made again from, as their records name them."""
    from trombine.images import read_provenance

    for source in sources if inputs is not None else ():
        with suppress(InputError):  # which its work will say
            record = read_provenance(source) or {}
            yield from (Path(inputs or "", name) for name in record.get("inputs", {}))


def _replay(source: Path, output: Path, inputs: Path | None) -> Iterator[Event]:
    from trombine.images import (
        SUFFIXES,
        check_beside,
        format_in,
        format_of,
        own_suffix,
        read_provenance,
        write_encoded,
    )

    record = read_provenance(source)
    if record is None:
        raise InputError("has no record of how it was made", "name one that has", path=source)
    ending = own_suffix(source)
    if SUFFIXES.get(output.suffix.lower()) != SUFFIXES.get(ending.lower()):
        what = f"is made again as it is, and {shown(output)} ends otherwise"
        raise InputError(what, f"let it end in {shown(ending)}", path=source)
    check_beside(output)
    if changed := differences(record):
        text = f"was made with other versions ({_first(changed)}); the bytes may differ"
        yield Notice(source, text)
    data = _data(source, record, inputs)
    if format_in(data) != format_of(output):  # anyone may have edited the record
        what = "has a record of a picture of another format than it has itself"
        raise InputError(what, "make the picture anew", path=source)
    write_encoded(output, data, record)
    if sha256(data).hexdigest() != digest(source):
        text = "other bytes came out than this file has: it was changed, or made elsewhere"
        yield Notice(source, text)


def _first(changed: list[str]) -> str:
    more = f" and {len(changed) - _NAMED:,} more" if len(changed) > _NAMED else ""
    return ", ".join(changed[:_NAMED]) + more


def _data(source: Path, record: Mapping[str, Any], inputs: Path | None) -> bytes:
    """The bytes of the picture that the record describes; an InputError where it cannot be."""
    from trombine.data.made import MakeError

    try:
        remake = _remaker(record)
        _check_kinds(record)
        dumps(record)  # the picture made again is to carry it
        with enough(source), about(source):
            return remake(record, find_inputs(record, inputs))
    except InputError:
        raise
    except Exception as error:  # what a stranger's record does to a verb, there is no list of
        why = str(error) if isinstance(error, MakeError) else f"{type(error).__name__}: {error}"
        what = f"has a record that cannot be followed ({shortened(why, 200)})"
        raise InputError(what, "make the picture anew", path=source) from error


def _check_kinds(record: Mapping[str, Any]) -> None:
    """Refuse a record that does not hold what its verb writes: it was edited or made up."""
    verb = record["verb"]
    wanted = HOLDS.get(verb)
    if wanted is None:
        return
    held = dict(record.get("options", {}))
    held |= {"seed": record["seed"]} if "seed" in record else {}
    for name, kind in wanted.items():
        value = held.pop(name, None)
        # The exact type: True is an int too.
        if type(value) is not kind or (isinstance(value, int) and not 0 <= value <= _LARGEST):
            is_now = "nothing" if value is None else shortened(repr(value))
            raise InputError(f"its record gives {is_now} as {name}, not {_KIND[kind]}")
    if held:
        names = shortened(", ".join(sorted(held)))
        raise InputError(f"its record gives {names}, which {verb} does not take")


def _remaker(record: Mapping[str, Any]) -> Callable[[Mapping[str, Any], Mapping[str, Path]], bytes]:
    place = REMAKE.get(record["verb"])
    if place is None:
        verb = shortened(record["verb"])
        raise InputError(f"was made by {verb}, which this trombine cannot repeat", "update it")
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
