"""`read`: the faces of pictures, and what is where in them.

How one picture is read is in readings/; here is what is asked for, what is refused, and what is
written or said of each file.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trombine.events import Done, Event, Found, Notice, Progress, Skipped, Started
from trombine.files import write_bytes
from trombine.memory import enough
from trombine.refusal import InputError, shown
from trombine.verbs.batch import batch, expand, into, left_alone, refuse_empty

if TYPE_CHECKING:
    from trombine.readings.asked import Asked, Told

PARTS_ENDING: Final = ".parts.png"
POINTS_ENDING: Final = ".points.json"
JSON_ENDING: Final = ".json"
_ELSEWHERE: Final = "choose another -o, or add --overwrite"


@dataclass(frozen=True, kw_only=True)
class ReadRequest:
    """Find the faces of pictures, and read what is where in each.

    With -o parts and landmarks are drawn over each picture; without it a table says what was found,
    and no file is written.
    """

    pictures: tuple[Path, ...]
    """The pictures to read, or folders of them."""
    output: Path | None = None
    """The sheet to write, a .png file, or for several pictures the folder."""
    write_parts: bool = False
    """Write NAME.parts.png beside each sheet: which of 19 parts each pixel is of."""
    write_points: bool = False
    """Write NAME.points.json beside each sheet: the 68 landmarks of each face, in pixels, and by
    how much each may be off."""
    json: bool = False
    """What was read of each face as JSON: NAME.json beside each sheet, or without -o a line for
    each picture in place of the table."""
    faces: str = "all"
    """all or largest: only the largest face of each picture."""
    enlarge: bool = False
    """Enlarge small faces by trombine's nets before they are read."""
    model: str | Path = "reader"
    """The reader, or a .safetensors file that train has made."""
    overwrite: bool = False
    """Make again what is there."""


def run(request: ReadRequest) -> Iterator[Event]:
    """Read every picture; those whose sheets are there are left out."""
    asked = _asked(request)
    sources = expand(request.pictures)
    if not sources:
        raise InputError("no pictures were named; name files or a folder")
    return (
        _told(request, asked, sources)
        if request.output is None
        else _drawn(request, asked, sources, request.output)
    )


def _asked(request: ReadRequest) -> Asked:
    """What is asked of each picture; there must be such a model."""
    from trombine.reader import fields_of
    from trombine.readings.asked import EVERY, LARGEST, Asked
    from trombine.refusal import InputError
    from trombine.weights import load

    if request.faces not in (EVERY, LARGEST):
        raise InputError(f"--faces is {EVERY} or {LARGEST}, not {shown(str(request.faces))}")
    if request.output is None and (request.write_parts or request.write_points):
        raise InputError("--write-parts and --write-points write files; say where with -o")
    model = load(request.model, task="read")
    try:
        fields_of(model)
    except InputError as error:
        remedy = "give a file as trombine train reader makes it"
        raise InputError(f"{shown(str(request.model))}: {error}; {remedy}") from error
    return Asked(model=request.model, faces=request.faces, enlarge=request.enlarge)


# ---------------------------------------------------------------------------------------------
# Without -o


def _told(request: ReadRequest, asked: Asked, sources: list[Path]) -> Iterator[Event]:
    """A table, or a line of JSON, for each picture."""
    from trombine.readings.asked import as_json

    yield from left_alone(request.pictures)
    yield Started(len(sources), "pictures")
    skipped = 0
    for number, source in enumerate(sources, 1):
        try:
            refuse_empty(source)
            with enough(source):
                found = yield from _read(source, asked)
            value = {**as_json(source, found), "picture": str(source)}  # names may be alike
            yield Found(source, json.dumps(value) if request.json else _table(value), value)
        except InputError as error:
            skipped += 1
            why = error.why if error.path == source else str(error)
            yield Skipped(source, why)
        yield Progress(number, len(sources), "pictures")
    yield Done("", written=len(sources) - skipped, skipped=skipped, kept=0)


_SAID: Final = (  # of the fields, in a table
    "masculine",
    "age",
    "tone",
    "hair_light",
    "beard",
    "smile",
    "yaw",
    "roll",
    "glasses",
    "hat",
)


def _table(value: dict[str, Any]) -> str:
    """A line for the picture, and one for each of its faces."""
    faces = value["faces"]
    many = f"{len(faces)} face{'' if len(faces) == 1 else 's'}"
    head = f"{shown(value['picture'])} ({value['width']} x {value['height']}): {many}"
    if not faces:
        return head
    known = [name for name in _SAID if name in faces[0]["traits"] | faces[0]["moment"]]
    rows = [["left", "top", "right", "bottom", "style", *known]]
    for face in faces:
        fields = face["traits"] | face["moment"]
        style = max(face["style"], key=face["style"].__getitem__)
        box = [f"{side:.0f}" for side in face["box"]]
        rows.append([*box, style, *(f"{fields[name]:.2g}" for name in known)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join([head, *(f"  {line}" for line in lines)])


# ---------------------------------------------------------------------------------------------
# With -o


def _drawn(
    request: ReadRequest, asked: Asked, sources: list[Path], output: Path
) -> Iterator[Event]:
    """A sheet for each picture, and what is wanted beside it."""
    from trombine.provenance import digests_of
    from trombine.readings.asked import model_file, otherwise

    plan = into(output, sources, lambda source: ".png")
    file = model_file(asked.model)
    many: list[int] = []  # faces of each picture that was read

    def is_there(source: Path, sheet: Path) -> bool:
        files = _files(request, sheet).items()
        whole = all(path.exists() for _, path in files)
        return whole and not any(otherwise(path, shows, source, asked) for shows, path in files)

    def work(source: Path, sheet: Path) -> Iterator[Event]:
        if sheet.suffix.lower() != ".png":
            raise InputError("is no name for a sheet", "let it end in .png", path=sheet)
        digests = digests_of([source, *([file] if file else [])])
        for shows, path in _files(request, sheet).items():
            is_theirs = path.exists() and not request.overwrite
            if is_theirs and (why := otherwise(path, shows, source, asked)):
                raise InputError(f"is there, and {why}", _ELSEWHERE, path=path)
        many.append((yield from _write(request, asked, source, sheet, digests)))

    yield from left_alone(request.pictures)
    events = batch(
        sources,
        plan,
        work,
        overwrite=request.overwrite,
        is_there=is_there,
        beside=lambda sheet: [path for path in _files(request, sheet).values() if path != sheet],
        also_read=[file] if file else [],
    )
    for event in events:
        if isinstance(event, Done) and many:
            faces = "1 face" if sum(many) == 1 else f"{sum(many):,} faces"
            event = replace(event, summary=f"{event.summary}; {faces} read")
        yield event


def _files(request: ReadRequest, sheet: Path) -> dict[str, Path]:
    """What is written of a picture, by what it shows; the sheet last, for where it is all is."""
    from trombine.readings.asked import FIELDS, PARTS, POINTS, SHEET

    beside = (
        (request.write_parts, PARTS, PARTS_ENDING),
        (request.write_points, POINTS, POINTS_ENDING),
        (request.json, FIELDS, JSON_ENDING),
    )
    files = {shows: sheet.with_suffix(ending) for wanted, shows, ending in beside if wanted}
    return {**files, SHEET: sheet}


def _write(
    request: ReadRequest, asked: Asked, source: Path, sheet: Path, digests: Mapping[Path, str]
) -> Generator[Event, None, int]:
    """Read a picture, and write what is wanted of it; how many faces it shows."""
    from trombine.provenance import check_unchanged
    from trombine.readings.asked import encoded, record_of

    with enough(source):
        found = yield from _read(source, asked)
        check_unchanged(digests)
        for shows, path in _files(request, sheet).items():
            write_bytes(path, encoded(source, found, record_of(source, asked, shows, digests)))
    return len(found.faces)


def _read(source: Path, asked: Asked) -> Generator[Event, None, Told]:
    """What a file shows; said where it is no face."""
    from trombine.images import holds_others, not_followed, read
    from trombine.readings.asked import read_as
    from trombine.refusal import InputError

    image = read(source)
    if holds_others(source):
        yield Notice(source, "holds more pictures than one; the first is read")
    if image.unfollowed:
        yield Notice(source, not_followed(image))
    try:
        found = read_as(image, asked)
    except InputError as error:
        what, _, remedy = str(error).partition("; ")
        raise InputError(f"cannot be read by {what}", remedy, path=source) from error
    if not found.faces:
        yield Notice(source, "shows no face that trombine would know")
    return found
