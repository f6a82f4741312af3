"""What is told of a picture where no file is written: a line for each of its faces."""

from __future__ import annotations

from math import degrees
from typing import Any, Final

from trombine.core.errors import shown
from trombine.core.texts import aligned
from trombine.faces.doubts import beyond

_WORTH: Final = "  (age, sex, skin, hair and beard are guesses, learned from painted faces)"
_COLUMNS: Final = ("yaw", "pitch", "roll", "smile", "mouth_open", "lid_open", "glasses", "hat")
_TURNS: Final = ("yaw", "pitch", "roll")
_GUESSED: Final = ("masculine", "age", "tone", "hair_light", "beard")


def table(value: dict[str, Any]) -> str:
    """A line for the picture, and one for each of its faces; see as_json in reading.py."""
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
