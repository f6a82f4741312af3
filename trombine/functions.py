"""The verbs as functions: each takes what its request takes, and returns what became of it.

    result = data_world(count=4, size=128, output="faces")
    result.written      # the files that were made

What works in processes works in one unless it is told otherwise, and the command in as many as
there are cores: more than one imports the script again in each, which must then keep its work
under `if __name__ == "__main__":`.

A function runs the verb's generator to its end. Who wants to see it work, to draw a bar of their
own, runs the generator: `for event in trombine.verbs.world.run(request)`.
"""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from numbers import Integral
from pathlib import Path
from textwrap import TextWrapper
from typing import Any, Final, ParamSpec, TypeVar, get_args, get_type_hints

from trombine.batch.result import Result, drain
from trombine.commands import VERBS
from trombine.events import Event
from trombine.files import check_name
from trombine.requests import described

Fields = ParamSpec("Fields")
Request = TypeVar("Request")


def _function(
    name: str, request: Callable[Fields, Request], run: Callable[[Request], Iterator[Event]]
) -> Callable[Fields, Result]:
    """A function that takes the fields of a request, by name; a path may be given as text."""

    def verb(*unnamed: Fields.args, **fields: Fields.kwargs) -> Result:
        return drain(run(request(*unnamed, **converted(request, fields))))

    verb.__name__ = verb.__qualname__ = name
    verb.__module__ = "trombine"
    verb.__doc__ = _help(request)
    vars(verb)["__signature__"] = inspect.signature(request).replace(return_annotation=Result)
    return verb


def _help(request: Callable[..., object]) -> str:
    """What the request says of itself and of each of its fields, for help()."""
    lines = TextWrapper(79, "    ", "        ", break_on_hyphens=False)
    fields = (lines.fill(f"{name}: {text}") for name, text in described(request).items())
    return "\n".join([inspect.getdoc(request) or "", "", "Arguments, by name:", *fields])


def converted(request: type | Callable[..., object], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request, each of the type that it wants; a TypeError says which is not.

    Text is a path where a path is wanted; where several are, one alone will do. One process works
    unless it is told otherwise.
    """
    hints = get_type_hints(request)
    values = {name: _as_hinted(name, hints.get(name), value) for name, value in fields.items()}
    if "workers" in hints and values.get("workers") is None:
        values["workers"] = 1
    return values


_EXPECTED: Final = {
    int: "a whole number",
    str: "a text",
    bool: "True or False",
    Path: "a path, or text",
    tuple[Path, ...]: "a path, or several",
    tuple[str, ...]: "NAME=VALUE texts, or a mapping of names to values",
}


def _as_hinted(name: str, hint: Any, value: Any) -> Any:
    """What was given for a field of this type; a name that is no field passes."""
    optional = type(None) in get_args(hint)
    kind = get_args(hint)[0] if optional else hint
    if kind not in _EXPECTED or (optional and value is None):
        return value
    result = _as_kind(kind, value)
    if result is None:
        raise TypeError(f"{name} is {_EXPECTED[kind]}, not {reprlib.repr(value)}")
    for path in result if isinstance(result, tuple) else (result,):
        if isinstance(path, Path):
            check_name(path)
    return result


def _as_kind(kind: Any, value: Any) -> Any:
    """The value as this kind, or None where it is another."""
    if kind is int:  # NumPy's whole numbers too; True is none
        return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else None
    if kind is Path:
        return Path(value) if isinstance(value, str | Path) else None
    if kind == tuple[Path, ...]:
        return _as_paths(value)
    if kind == tuple[str, ...]:
        return _as_texts(value)
    return value if isinstance(value, kind) else None


def _as_texts(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, Mapping):
        return tuple(f"{name}={_as_value(item)}" for name, item in value.items())
    if isinstance(value, str):
        return (value,)
    several = list(value) if isinstance(value, Iterable) else [value]
    return tuple(several) if all(isinstance(item, str) for item in several) else None


def _as_value(value: Any) -> str:
    """What is given for a name as its text; of several values as a sweep's grid has them.

    Commas stand between them, or semicolons where a value, a net, has commas of its own.
    """
    if isinstance(value, Iterable) and not isinstance(value, str):
        several = [str(item) for item in value]
        return (";" if any("," in item for item in several) else ",").join(several)
    return str(value)


def _as_paths(value: Any) -> tuple[Path, ...] | None:
    if isinstance(value, str | Path):
        return (Path(value),)
    several = list(value) if isinstance(value, Iterable) else [value]
    paths = tuple(Path(item) for item in several if isinstance(item, str | Path))
    return paths if len(paths) == len(several) else None


@cache
def function(line: str) -> Callable[..., Result]:
    """The function of a line of VERBS."""
    verb = VERBS[line]
    module = import_module(f"trombine.verbs.{verb.module}")
    return _function(line.replace(" ", "_"), getattr(module, verb.request), module.run)
