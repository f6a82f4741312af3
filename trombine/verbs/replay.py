"""Make a picture's bytes again, from the record of provenance that it carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from trombine.batch.inputs import expand, into
from trombine.batch.loop import batch
from trombine.batch.making import Remaker
from trombine.commands import VERBS
from trombine.events import Event, Notice, Picture
from trombine.memory import enough, ran_out
from trombine.provenance import (
    REMAKE,
    differences,
    digest,
    find_inputs,
    not_followed,
    shortened,
)
from trombine.refusal import InputError, about, shown
from trombine.requests import Request

_NAMED: Final = 5  # a notice names this many versions


@dataclass(frozen=True, kw_only=True)
class ReplayRequest(Request):
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
    from trombine.images import record_beside

    record = record_beside(output)
    return [] if record is None else [record]


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
        problem = f"is made again as it is, and {shown(output)} ends otherwise"
        raise InputError(problem, f"let it end in {shown(ending)}", path=source)
    check_beside(output)
    if changed := differences(record):
        text = f"was made with other versions ({_first(changed)}); the bytes may differ"
        yield Notice(source, text)
    data = _data(source, record, inputs)
    if format_in(data) != format_of(output):  # anyone may have edited the record
        problem = "has a record of a picture of another format than it has itself"
        raise InputError(problem, REMAKE, path=source)
    write_encoded(output, data, record)
    same = sha256(data).hexdigest() == digest(source)
    if not same:
        text = "other bytes came out than this file has: it was changed, or made elsewhere"
        yield Notice(source, text)
    yield Picture(output, output.name, "the same bytes" if same else "other bytes")


def _first(changed: list[str]) -> str:
    more = f" and {len(changed) - _NAMED:,} more" if len(changed) > _NAMED else ""
    return ", ".join(changed[:_NAMED]) + more


def _data(source: Path, record: Mapping[str, Any], inputs: Path | None) -> bytes:
    """The bytes of the picture that the record describes; an InputError where it cannot be."""
    with enough(source), about(source):
        maker = _maker(record)
        files = find_inputs(record, inputs)
        try:
            return maker.remake(record, files)
        except InputError:
            raise
        except Exception as error:  # there is no list of what a stranger's record may lead to
            if ran_out(error):
                raise
            raise not_followed(error) from error


def _maker(record: Mapping[str, Any]) -> Remaker:
    """The verb that made a file, by its name in the record."""
    name = record["verb"]
    if name in {verb.module for verb in VERBS.values()}:
        module = import_module(f"trombine.verbs.{name}")
        if hasattr(module, "making"):
            return module.making()
    raise InputError(
        f"was made by {shortened(name)}, which this trombine cannot repeat", "update it"
    )
