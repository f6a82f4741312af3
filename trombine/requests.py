"""What a verb is asked: a frozen dataclass whose fields say their own limits.

The command line, the function and the help page all go by these: a value is refused here, when the
request is made, and the limit stands in the field's help.
"""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from types import UnionType
from typing import (
    Any,
    Final,
    Protocol,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    runtime_checkable,
)

from trombine.refusal import InputError, shown

# Options that have a short name.
SHORT: Final = {"output": "-o", "factor": "-x", "gif": "-g", "mosaic": "-m"}
# And those whose opposite, which is usual, has a name.
OPPOSITE: Final = {"whole": "--face"}


@runtime_checkable  # for the tests' check of annotations
class Limit(Protocol):
    """What a field may be; as text it is what stands after "is" in a refusal."""

    remedy: str

    def allows(self, value: object) -> bool:
        """Whether a field may have this value."""
        ...


@dataclass(frozen=True)
class Integer:
    """A whole number within bounds, or one of a few words."""

    least: int = 1
    most: int | None = None
    words: tuple[str, ...] = ()
    remedy: str = ""

    def allows(self, value: object) -> bool:
        """Also a number in digits, where words may be given too."""
        number = integer(value) if self.words else value
        if value in self.words and isinstance(value, str):
            return True
        if not isinstance(number, Integral) or isinstance(number, bool):
            return False
        return self.least <= int(number) <= (int(number) if self.most is None else self.most)

    def __str__(self) -> str:
        most = "or more" if self.most is None else f"to {_spelled(self.most)}"
        number = f"a whole number, {_spelled(self.least)} {most}"
        return f"{', '.join(self.words)}, or {number}" if self.words else number


def _spelled(number: int) -> str:
    return f"{number:,}" if number >= 10_000 else str(number)


@dataclass(frozen=True)
class Number:
    """A number within bounds."""

    least: float
    most: float
    remedy: str = ""

    def allows(self, value: object) -> bool:
        """Also a whole number; nothing is within NaN."""
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return self.least <= value <= self.most

    def __str__(self) -> str:
        return f"a number, {self.least:g} to {self.most:g}"


@dataclass(frozen=True)
class Choice:
    """One of a few values."""

    values: tuple[Any, ...]
    remedy: str = ""

    def allows(self, value: object) -> bool:
        """True is 1 and 2.0 is 2 to Python; neither is meant."""
        return any(type(value) is type(choice) and value == choice for choice in self.values)

    def __str__(self) -> str:
        *most, last = filter(None, map(str, self.values))
        return f"{', '.join(most)} or {last}" if most else last


class Request:
    """What a verb is asked. A program may give anything, so all fields are checked."""

    def __post_init__(self) -> None:
        """Refuse what a field cannot be."""
        hints = get_type_hints(type(self), include_extras=True)
        for field in dataclasses.fields(self):  # pyright: ignore[reportArgumentType]
            _check(field.name, hints[field.name], getattr(self, field.name))


def described(request: Any) -> dict[str, str]:
    """What a request says of each of its fields, by its name, in one line, with its limit."""
    from docstring_parser import parse_from_object

    texts: dict[str, str] = {}
    for kind in reversed(request.__mro__):
        if dataclasses.is_dataclass(kind):
            params = parse_from_object(kind).params
            texts |= {
                param.arg_name: " ".join((param.description or "").split()) for param in params
            }
    hints = get_type_hints(request, include_extras=True)
    names = [field.name for field in dataclasses.fields(request) if field.name in texts]
    return {name: _with_limit(texts[name], limit_of(hints[name])) for name in names}


def _with_limit(text: str, limit: Limit | None) -> str:
    """A field's help, in which its limit stands."""
    plain = str(limit).removeprefix("a whole number, ").removeprefix("a number, ")
    if limit is None or plain in text or plain == "1 or more":
        return text
    return f"{text.removesuffix('.')}: {plain}."


def integer(value: object) -> int | None:
    """A whole number, given as one or in digits, no more of them than a sound one has."""
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.isdecimal() and len(value) <= 7:
        return int(value)
    return None


def limit_of(hint: Any) -> Limit | None:
    """The limit in a field's type, if it has one."""
    return next(
        (item for item in getattr(hint, "__metadata__", ()) if hasattr(item, "allows")), None
    )


_KINDS: Final = {Path: "a path", str: "a text", bool: "true or false"}


def _check(name: str, hint: Any, value: object) -> None:
    kinds, limit = _kinds(hint), limit_of(hint)
    if value is None and type(None) in kinds:
        return
    option = SHORT.get(name) or f"--{name.strip('_').replace('_', '-')}"
    if limit is not None:
        if not limit.allows(value):
            raise InputError(f"{option} is {limit}, not {quoted(value)}", limit.remedy)
    elif (expected := [kind for kind in kinds if kind in _KINDS]) and not isinstance(
        value, tuple(kinds)
    ):
        listed = " or ".join(_KINDS[kind] for kind in expected)
        raise InputError(f"{option} is {listed}, not {quoted(value)}")


def _kinds(hint: Any) -> Sequence[Any]:
    """The types that a field may have."""
    if hasattr(hint, "__metadata__"):
        hint = get_args(hint)[0]
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return [get_origin(kind) or kind for kind in kinds]


def quoted(value: object) -> str:
    """What was given, in a line of ours; Python writes no number of thousands of digits."""
    try:
        return shown(reprlib.repr(value))
    except ValueError:
        return "one so large"
