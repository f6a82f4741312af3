"""The card of a model: what it does, which net it is, what it was trained on, how good it is.

It is JSON in the header of the model's file (file.py). Read from a file it is a stranger's text:
every field is checked, and nothing is believed that the tensors do not confirm (model.py).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NoReturn

from trombine import __version__
from trombine.nets import Size
from trombine.provenance import shortened
from trombine.refusal import InputError
from trombine.texts import from_json

FORMAT: Final = 1
LONGEST: Final = 1_000_000  # letters of a card


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
    digest: str = ""  # of the tensors: file.py sets it; "" in a file from before there was one
    format: int = FORMAT


def dumps(card: Card) -> str:
    """One line of ASCII, the same for the same card."""
    return json.dumps(asdict(card), sort_keys=True, allow_nan=False)


def loads(text: str) -> Card:
    """The card that this text is of; an InputError says why there is none."""
    fields = {"digest": "", "start": "", **_parsed(text)}  # which came later
    if "plain" in fields and "task" not in fields:  # as runs/checkpoints.py writes it
        problem = "is a checkpoint, for a training to go on from"
        raise InputError(f"{problem}; the model is best.safetensors in the run's folder")
    version = fields.get("format")
    if type(version) is int and version > FORMAT:
        raise InputError(f"was written by a newer trombine (format {version}); update trombine")
    _check_fields(fields, _FIELDS, "its card")
    _check_values(fields)
    scores = tuple(_score(score) for score in fields["scores"])
    return Card(**{**fields, "scores": scores})


def _parsed(text: str) -> dict[str, Any]:
    try:
        if len(text) > LONGEST:
            raise ValueError("too long")
        fields = from_json(text, parse_constant=_no_number)
    except ValueError as error:
        raise _damaged("its card is not JSON") from error
    if not isinstance(fields, dict):
        raise _damaged("its card is no JSON object")
    return fields


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _damaged(problem: str) -> InputError:
    return InputError(f"{problem}; ask for the file again where it came from")


_FIELDS: Final[Mapping[str, type]] = {
    "task": str,
    "net": str,
    "sizes": dict,
    "recipe": str,
    "settings": dict,
    "data": str,
    "pictures": int,
    "start": str,
    "scores": list,
    "licence": str,
    "command": str,
    "version": str,
    "about": str,
    "digest": str,
    "format": int,
}
_SCORE: Final[Mapping[str, type]] = {"measure": str, "value": float, "protocol": str}
_JSON: Final = {str: "a text", int: "a whole number", float: "a number", dict: "an object"}


def _check_fields(fields: Mapping[str, Any], expected: Mapping[str, type], whose: str) -> None:
    """Refuse a field that is missing, unknown, or of another type than is wanted."""
    for name, kind in expected.items():
        if name not in fields:
            raise _damaged(f"{whose} lacks {name}")
        if type(fields[name]) not in ((int, float) if kind is float else (kind,)):
            raise _damaged(f"{whose} gives as {name} what is not {_JSON.get(kind, 'a list')}")
    if surplus := fields.keys() - expected.keys():
        raise _damaged(f"{whose} has the field {shortened(min(surplus))}, which is unknown")


def _check_values(fields: Mapping[str, Any]) -> None:
    """Refuse numbers that cannot be, and sizes that are none."""
    if not 0 <= fields["pictures"] < 2**63 or fields["format"] < 1:
        raise _damaged("its card counts below zero, or beyond all pictures")
    for name, value in fields["sizes"].items():
        if type(value) not in (int, float, str, bool) or value in (math.inf, -math.inf):
            raise _damaged(f"its card gives as size {shortened(name)} what is none")


def _score(fields: object) -> Score:
    if not isinstance(fields, dict):
        raise _damaged("its card gives as score what is not an object")
    _check_fields(fields, _SCORE, "a score in its card")
    try:
        value = float(fields["value"])
    except OverflowError:  # a whole number of hundreds of digits
        value = math.inf
    if not math.isfinite(value):
        raise _damaged("a score in its card is not finite")
    return Score(measure=fields["measure"], value=value, protocol=fields["protocol"])
