"""The card of a model: what it does, which net it is, what it was trained on, how good it is.

It is JSON in the header of the model's file (file.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, field
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass
from pydantic_core import from_json

from trombine import __version__
from trombine.core.errors import InputError, said
from trombine.nets import Size

FORMAT: Final = 1


@dataclass(frozen=True, kw_only=True)
class Score:
    """How good the model is by one measure, under the protocol of this hash."""

    measure: str
    value: float
    protocol: str


@dataclass(frozen=True, kw_only=True)
class Card:
    """All that is known of a model besides its weights."""

    task: str  # one of TASKS
    net: str  # one of NETS
    sizes: Mapping[str, Size]
    recipe: str = ""  # its name; "" where no recipe of trombine made the model
    settings: Mapping[str, Any] = field(default_factory=dict)  # the whole resolved recipe, as JSON
    data: str = ""  # the spec of the pictures that it has learnt from
    pictures: int = 0  # seen in training
    start: str = ""  # hash of the model that its net began with, where the settings name one
    scores: tuple[Score, ...] = ()
    licence: str = ""
    command: str = ""  # that made it
    version: str = __version__  # of trombine, that wrote it
    about: str = ""  # what people should know
    format: int = FORMAT


def dumps(card: Card) -> str:
    """One line of ASCII, the same for the same card."""
    return json.dumps(asdict(card), sort_keys=True, allow_nan=False)


def loads(text: str) -> Card:
    """The card that this text is of; an InputError says why there is none."""
    try:
        fields = dict(from_json(text))
        form = int(fields.get("format", FORMAT))
    except (TypeError, ValueError) as error:
        raise InputError(f"its card cannot be read ({said(error)})") from error
    if "plain" in fields and "task" not in fields:  # as runs/checkpoints.py writes it
        problem = "is a checkpoint, for a training to go on from"
        raise InputError(problem, "the model is best.safetensors in the run's folder")
    if form > FORMAT:
        raise InputError(f"was written by a newer trombine (format {form})", "update trombine")
    try:
        return TypeAdapter(Card).validate_python(fields)
    except ValueError as error:
        raise InputError(f"its card cannot be read ({said(error)})") from error
