"""`read`: where faces are, and what is where in each.

How one picture is read is in readings/making.py; here is what is asked for, and what is told of a
picture where no file is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import degrees
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from trombine.batch.inputs import expand, left_alone, raw_left_alone
from trombine.batch.loop import survey
from trombine.batch.making import Making
from trombine.batch.requests import FilesRequest
from trombine.devices import CPU, DEVICES, resolve
from trombine.events import Description, Detail, Event, Notice
from trombine.memory import enough
from trombine.refusal import InputError, about, shown
from trombine.requests import Choice

if TYPE_CHECKING:
    from trombine.readings.making import PictureReading

WORTH: Final = "  (age, sex, skin, hair and beard are guesses, learned from painted faces)"


@dataclass(frozen=True, kw_only=True)
class ReadRequest(FilesRequest):
    """Find the faces of pictures, and read what is where in each.

    It does not recognise people: it says where a face is, not whose.
    With -o parts and landmarks are drawn over each picture; without it a table says what was found,
    and no file is written.
    """

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
    faces: Annotated[str, Choice(("all", "largest"))] = "all"
    """all or largest: only the largest face of each picture."""
    traits: bool = False
    """Guess age, sex, skin, hair and beard too. They were learned from painted faces, and are often
    wrong of real ones: docs/reader.md says how often."""
    enlarge: bool = False
    """Enlarge small faces by trombine's nets before they are read."""
    model: str | Path = "reader"
    """The reader, or a .safetensors file that train has made."""
    device: Annotated[str, Choice(DEVICES)] = CPU
    """auto, cpu, cuda or mps: where nets are computed. A graphics card is faster, and its numbers
    are not always those of the processor."""


def run(request: ReadRequest) -> Iterator[Event]:
    """Read every picture; those whose sheets are there are left out."""
    from trombine.readings.making import FIELDS, PARTS, POINTS, SHEET, target_for
    from trombine.weights import loaded

    if request.output is None and (request.write_parts or request.write_points):
        raise InputError("--write-parts and --write-points write files; say where with -o")
    device = _checked_device(request)
    if request.output is None:
        if not request.recursive:
            yield from left_alone(request.pictures, can_recurse=True)
        yield from raw_left_alone(request.pictures, recursive=request.recursive)
        sources = expand(request.pictures, recursive=request.recursive)
        yield Detail(None, loaded(request.model, task="read", device=device).described)
        yield from survey(
            sources, lambda source: _report(request, source, device), can_recurse=True
        )
        return
    beside = {PARTS: request.write_parts, POINTS: request.write_points, FIELDS: request.json}
    options = {
        "faces": request.faces,
        "enlarge": int(request.enlarge),
        "traits": int(request.traits),
    }
    yield from making().run(
        request,
        lambda source: target_for(options, source, request.model),
        shows=(*(shows for shows, is_wanted in beside.items() if is_wanted), SHEET),
        ending=lambda source: ".png",
        device=device,
    )


def of_image(image: object, request: ReadRequest) -> PictureReading | list[PictureReading]:
    """What is read of a picture that a program holds; of a tensor of several a list."""
    from trombine.conversion import singles

    if (several := singles(image)) is not None:
        return [_reading_of(one, request) for one in several]
    return _reading_of(image, request)


def _reading_of(image: object, request: ReadRequest) -> PictureReading:
    from trombine.conversion import image_from, naming
    from trombine.readings.making import LARGEST, as_known, read_picture

    device = _checked_device(request)
    picture = image_from(image, first=True)
    with naming(image):
        reading = read_picture(
            picture,
            request.model,
            largest=request.faces == LARGEST,
            small=request.enlarge,
            device=device,
        )
    return reading if request.traits else as_known(reading)


def _checked_device(request: ReadRequest) -> str:
    """The device that is meant, once the model is known to be a reader."""
    from trombine.reader import fields_of
    from trombine.weights import loaded

    device = resolve(request.device)
    try:
        fields_of(loaded(request.model, task="read", device=device))
    except InputError as error:
        if error.path is not None:
            raise
        remedy = "give a file as trombine train reader makes it"
        raise InputError(error.problem, remedy, path=request.model) from error
    return device


def making() -> Making:
    """How files are made of what is read, and made again."""
    from trombine.readings.making import READ

    return READ


def _report(request: ReadRequest, source: Path, device: str) -> Iterator[Event]:
    """A table, or a line of JSON, of one picture."""
    from trombine.images import not_followed, read_source
    from trombine.readings.making import LARGEST, NO_FACE, as_json, read_picture

    with enough(source), about(source):
        file = read_source(source)
        image = file.film.first
        if file.more_pictures:
            yield Notice(source, "holds more pictures than one; only the first is taken")
        if image.unfollowed:
            yield Notice(source, not_followed(image))
        largest = request.faces == LARGEST
        reading = read_picture(
            image, request.model, largest=largest, small=request.enlarge, device=device
        )
    if request.json and not reading.faces:  # the table says so itself
        yield Notice(source, NO_FACE)
    value = as_json(str(source), reading, traits=request.traits)
    yield Description(source, json.dumps(value) if request.json else _table(value), value)


_COLUMNS: Final = ("yaw", "pitch", "roll", "smile", "mouth_open", "lid_open", "glasses", "hat")
_TURNS: Final = ("yaw", "pitch", "roll")
_GUESSED: Final = ("masculine", "age", "tone", "hair_light", "beard")


def _table(value: dict[str, Any]) -> str:
    """A line for the picture, and one for each of its faces."""
    faces = value["faces"]
    count = f"{len(faces)} face{'' if len(faces) == 1 else 's'}"
    head = f"{shown(value['picture'])} ({value['width']} x {value['height']}): {count}"
    if not faces:
        return head
    known = faces[0].get("traits", {}) | faces[0]["moment"]
    columns = [name for name in (*_COLUMNS, *_GUESSED) if name in known]
    rows = [["left", "top", "right", "bottom", "likely", "style", *columns, "unsure"]]
    for face in faces:
        fields = face.get("traits", {}) | face["moment"]
        box = [f"{side:.0f}" for side in face["box"]]
        numbers = [_number(name, fields[name]) for name in columns]
        unsure = "; ".join(face["unsure"]) or "-"
        rows.append([*box, f"{face['likely']:.2f}", face["style"] or "-", *numbers, unsure])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    notes = [WORTH] if "traits" in faces[0] else []
    return "\n".join([head, *(f"  {line}" for line in lines), *notes])


def _number(name: str, value: float) -> str:
    """A field of a table, turns in degrees; one as far as the reader can tell is more than that."""
    from trombine.reader.doubts import beyond

    if name not in _TURNS:
        return f"{value:.2f}"
    more = (">" if value > 0 else "<") if beyond(name, value) else ""
    return f"{more}{degrees(value):.0f}°"
