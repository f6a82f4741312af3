"""What is wrong with a set of pictures: `data audit`. How it is found is in judge/audit.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from trombine.events import Description, Done, Event, Notice, Picture, Progress, Started, ticked
from trombine.refusal import shown
from trombine.requests import Integer, Number, Request


@dataclass(frozen=True, kw_only=True)
class AuditRequest(Request):
    """Say what is wrong with a set of pictures, before a net learns from it. Deletes nothing.

    Files that cannot be read; tiny, flat and odd-shaped pictures; those that show no face; the same
    picture twice, mirrored or nearly the same too, above all in two splits.
    """

    folder: Path
    """The folder of pictures, in any layout that data prepare knows."""
    as_: str | None = None
    """The layout, such as celeba or plain, where the wrong one is recognised."""
    output: Path | None = None
    """A page to write, with the pictures."""
    csv: Path | None = None
    """A table to write: a line for each picture."""
    keep_list: Path | None = None
    """A list to write: the names of the pictures to keep, one of each group of doubles."""
    alike: Annotated[float, Number(0.5, 1)] = 0.85
    """The SSIM, at 64 x 64 pixels, from which two pictures are doubles."""
    least: Annotated[int, Integer(1)] = 32
    """Pixels of the shorter side, below which a picture is tiny."""
    longest: Annotated[float, Number(1, 100)] = 2
    """How many times the shorter side the longer one may be."""
    any_subject: bool = False
    """Do not look for faces: for a set of other things."""
    workers: Annotated[int | None, Integer()] = None
    """How many processes look: by default one for each core where that pays."""
    json: bool = False
    """All of it as JSON."""
    overwrite: bool = False
    """Write over files that are there already."""


def run(request: AuditRequest) -> Iterator[Event]:
    """Look at every file, then compare all with all."""
    from trombine.data.columns import SPLITS
    from trombine.data.layouts import list_folder
    from trombine.data.workers import check_start, in_order
    from trombine.io.files import write_bytes
    from trombine.judge import audit, audit_page

    tables = {request.csv: audit_page.csv, request.keep_list: audit_page.keep_list}
    files = {path: content for path, content in tables.items() if path is not None}
    wanted = {request.output: audit_page.page, **files} if request.output is not None else files
    check_start(request.workers)
    listing = list_folder(request.folder, request.as_ or "")
    split_of = {
        view.picture: SPLITS[record.split] if record.split >= 0 else ""
        for record in listing.records
        for view in record.sides
    }
    audit_page.check_outputs(
        request.output, files, request.folder, split_of, overwrite=request.overwrite
    )
    for note in listing.notes:
        yield Notice(request.folder, note)
    limits = audit.Limits(
        least=request.least, longest=request.longest, faces=not request.any_subject
    )
    chunks = audit.chunks(request.folder, list(split_of), list(split_of.values()), limits)
    yield Started(len(split_of), "pictures")
    pictures: list[audit.Checked] = []
    for checked in in_order(audit.check, chunks, request.workers):
        pictures += checked
        yield Progress(len(pictures), len(split_of), "pictures")
    result = yield from ticked(
        "comparisons", lambda tick: audit.compared(pictures, request.alike, tick)
    )
    text = audit_page.as_json(result) if request.json else audit_page.as_text(result)
    yield Description(request.folder, text, audit_page.values_of(result))
    for path, content in wanted.items():
        write_bytes(path, content(request.folder, result).encode())
        yield Picture(path, path.name)
    names = ", ".join(shown(path) for path in wanted)
    summary = "" if request.json else f"written: {names}" if names else ""
    yield Done(summary, written=len(wanted) or len(pictures), skipped=0, kept=0)
