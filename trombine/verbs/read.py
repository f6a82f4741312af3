"""`read`: where faces are, and what is where in each.

How one picture is read is in readings/making.py; here is what is asked for and refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from trombine.batch.inputs import expand, left_alone, raw_left_alone
from trombine.batch.loop import survey
from trombine.batch.making import Making
from trombine.batch.requests import FilesRequest
from trombine.devices import CPU, DEVICES
from trombine.events import Detail, Event
from trombine.refusal import InputError
from trombine.requests import Choice

if TYPE_CHECKING:
    from trombine.readings.making import PictureReading


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
    write_cutout: bool = False
    """Write NAME.cutout.png beside each sheet: the picture without its background, which is
    transparent; heads and what they wear are opaque. Of a picture without faces there is none."""
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
    wrong of real ones: see docs/reader.md."""
    enlarge: bool = False
    """Enlarge small faces by trombine's nets before they are read."""
    model: str | Path = "reader"
    """The reader, or a .safetensors file that train has made."""
    device: Annotated[str, Choice(DEVICES)] = CPU
    """auto, cpu, cuda or mps: where nets are computed. A graphics card is faster, and its numbers
    are not always those of the processor."""


def run(request: ReadRequest) -> Iterator[Event]:
    """Read every picture; those whose sheets are there are left out."""
    from trombine.data.workers import cores
    from trombine.readings.making import (
        CUTOUT,
        FIELDS,
        PARTS,
        POINTS,
        SHEET,
        device_for,
        target_for,
    )
    from trombine.readings.table import report
    from trombine.weights import loaded

    writes = request.write_parts or request.write_cutout or request.write_points
    if request.output is None and writes:
        raise InputError(
            "--write-parts, --write-cutout and --write-points write files; say where with -o"
        )
    device = device_for(request.model, request.device)
    if request.output is None:
        if not request.recursive:
            yield from left_alone(request.pictures, can_recurse=True)
        yield from raw_left_alone(request.pictures, recursive=request.recursive)
        sources = expand(request.pictures, recursive=request.recursive)
        yield Detail(None, loaded(request.model, task="read", device=device).described)
        choices = {"enlarge": request.enlarge, "traits": request.traits, "as_lines": request.json}
        yield from survey(
            sources,
            lambda source: report(
                source, request.model, faces=request.faces, device=device, **choices
            ),
            at_once=cores() if device == CPU else 1,
            can_recurse=True,
        )
        return
    beside = {
        PARTS: request.write_parts,
        CUTOUT: request.write_cutout,
        POINTS: request.write_points,
        FIELDS: request.json,
    }
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
    from trombine.readings.in_memory import read_value
    from trombine.readings.making import device_for

    return read_value(
        image,
        request.model,
        faces=request.faces,
        enlarge=request.enlarge,
        traits=request.traits,
        device=device_for(request.model, request.device),
    )


def making() -> Making:
    """How files are made of what is read, and made again."""
    from trombine.readings.making import READ

    return READ
