"""Make a picture's bytes again, from the record of provenance that it carries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from trombine.events import Event, Notice
from trombine.files import PictureError, shown, write_bytes
from trombine.provenance import ProvenanceError, differences, digest, find_inputs
from trombine.verbs.batch import batch, expand, into

# Who makes a verb's picture again: remake(record, inputs) -> the bytes of its file, where inputs
# gives the path of each input by its name. Written as text, so that replay loads one verb only.
REMAKE: Final = {
    "world": "trombine.verbs.world:remake",
    "leaves": "trombine.verbs.world:remake",
}


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
    sources = expand(request.pictures)
    plan = into(request.output, sources, lambda source: source.suffix)

    def work(source: Path, output: Path) -> Iterator[Event]:
        yield from _replay(source, output, request.inputs)

    yield from batch(sources, plan, work, overwrite=request.overwrite)


def _replay(source: Path, output: Path, inputs: Path | None) -> Iterator[Event]:
    from trombine.images import read_provenance

    record = read_provenance(source)
    if record is None:
        raise PictureError(source, "has no record of how it was made", "name one that has")
    if output.suffix.lower() != source.suffix.lower():
        what = f"is made again as it is, and {shown(output)} ends otherwise"
        raise PictureError(source, what, f"let it end in {shown(source.suffix)}")
    if changed := differences(record):
        text = f"was made with other versions ({', '.join(changed)}); the bytes may differ"
        yield Notice(source, text)
    try:
        data = _remaker(record)(record, find_inputs(record, inputs))
    except ProvenanceError as error:
        raise PictureError(source, str(error), error.remedy) from error
    write_bytes(output, data)
    if sha256(data).hexdigest() != digest(source):
        text = "other bytes came out than this file has: it was changed, or made elsewhere"
        yield Notice(source, text)


def _remaker(record: Mapping[str, Any]) -> Callable[[Mapping[str, Any], Mapping[str, Path]], bytes]:
    place = REMAKE.get(record["verb"])
    if place is None:
        verb = shown(record["verb"])
        raise ProvenanceError(f"was made by {verb}, which this trombine cannot repeat", "update it")
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
