"""The card of a model: what it does, which net it is, what it was trained on, how good it is.

It is JSON in the header of the model's file (file.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, get_origin, get_type_hints

from trombine import __version__
from trombine.core.errors import InputError, said
from trombine.core.texts import from_json
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
    digest: str = ""  # of the tensors: file.py sets it; "" in a file from before there was one
    format: int = FORMAT


def dumps(card: Card) -> str:
    """One line of ASCII, the same for the same card."""
    return json.dumps(asdict(card), sort_keys=True, allow_nan=False)


def loads(text: str) -> Card:
    """The card that this text is of; an InputError says why there is none."""
    try:
        fields = {"digest": "", "start": "", **from_json(text)}  # which came later
        if "plain" in fields and "task" not in fields:  # as runs/checkpoints.py writes it
            problem = "is a checkpoint, for a training to go on from"
            raise InputError(problem, "the model is best.safetensors in the run's folder")
        if fields["format"] > FORMAT:
            problem = f"was written by a newer trombine (format {fields['format']})"
            raise InputError(problem, "update trombine")
        for name, kind in get_type_hints(Card).items():
            wanted = list if name == "scores" else get_origin(kind) or kind
            if not isinstance(fields[name], wanted):
                raise TypeError(f"{name} is {type(fields[name]).__name__}")
        scores = [Score(**{**one, "value": float(one["value"])}) for one in fields["scores"]]
        return Card(**{**fields, "scores": tuple(scores)})
    except InputError:
        raise
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        problem = f"its card cannot be read ({said(error)})"
        raise InputError(problem, "ask for the file again where it came from") from error
