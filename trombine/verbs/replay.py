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
from trombine.io.files import write_bytes
from trombine.memory import enough, ran_out
from trombine.provenance import (
    differences,
    digest,
    find_inputs,
    not_followed,
    read,
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
    sources = expand(request.pictures)
    plan = into(request.output, sources, _suffix)

    def work(source: Path, output: Path) -> Iterator[Event]:
        yield from _replay(source, output, request.inputs)

    yield from batch(
        sources,
        plan,
        work,
        overwrite=request.overwrite,
        also_read=_read_for(sources, request.inputs),
    )


def _suffix(path: Path) -> str:
    """How a file's name ends, or would if it told the format of the bytes."""
    from trombine.io.image import SUFFIX_OF, read_head

    return path.suffix or SUFFIX_OF.get(read_head(path).format, "")


def _read_for(sources: list[Path], inputs: Path | None) -> Iterator[Path]:
    """The files that these pictures are made again from, as their records name them."""
    for source in sources if inputs is not None else ():
        with suppress(InputError):  # which its work will say
            record = read(source) or {}
            yield from (Path(inputs or "", name) for name in record.get("inputs", {}))


def _replay(source: Path, output: Path, inputs: Path | None) -> Iterator[Event]:
    from trombine.io.image import FORMATS

    record = read(source)
    if record is None:
        raise InputError("has no record of how it was made", "name one that has", path=source)
    ending = _suffix(source)
    if FORMATS.get(output.suffix.lower()) != FORMATS.get(ending.lower()):
        problem = f"is made again as it is, and {shown(output)} ends otherwise"
        raise InputError(problem, f"let it end in {shown(ending)}", path=source)
    if changed := differences(record):
        text = f"was made with other versions ({_first(changed)}); the bytes may differ"
        yield Notice(source, text)
    data = _data(source, record, inputs)
    write_bytes(output, data)
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
