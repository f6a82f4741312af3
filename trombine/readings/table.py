"""What is told of a picture where no file is written: a line for each of its faces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import degrees
from pathlib import Path
from typing import Any, Final

from trombine.events import Description, Event, Notice
from trombine.io.video import read_source
from trombine.memory import enough
from trombine.reader.doubts import beyond
from trombine.readings.making import LARGEST, NO_FACE, read_picture
from trombine.readings.making import as_json as json_of
from trombine.refusal import about, shown
from trombine.texts import aligned

_WORTH: Final = "  (age, sex, skin, hair and beard are guesses, learned from painted faces)"


def report(
    source: Path,
    model: str | Path,
    *,
    faces: str,
    enlarge: bool,
    traits: bool,
    as_lines: bool,
    device: str,
) -> Iterator[Event]:
    """A table, or a line of JSON, of one picture."""
    with enough(source), about(source):
        file = read_source(source)
        image = file.film.first
        if file.more_pictures:
            yield Notice(source, "holds more pictures than one; only the first is taken")
        reading = read_picture(image, model, largest=faces == LARGEST, small=enlarge, device=device)
    if as_lines and not reading.faces:  # the table says so itself
        yield Notice(source, NO_FACE)
    value = json_of(str(source), reading, traits=traits)
    yield Description(source, json.dumps(value) if as_lines else _table(value), value)


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
    notes = [_WORTH] if "traits" in faces[0] else []
    return "\n".join([head, *(f"  {line}" for line in aligned(rows, right=True)), *notes])


def _number(name: str, value: float) -> str:
    """A field of a table, turns in degrees; one as far as the reader can tell is more than that."""
    if name not in _TURNS:
        return f"{value:.2f}"
    more = (">" if value > 0 else "<") if beyond(name, value) else ""
    return f"{more}{degrees(value):.0f}°"
