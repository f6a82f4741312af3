"""A call of a verb: its function, its checked arguments, and what of them a record may hold.

`@verb` (commands/options.py) makes a Call of each call; what writes files asks for it by `current`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Final, Unpack, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class Recorded:
    """In an option's annotation: it changes pixels, so a record holds it, and `replay` takes it.

    Where a text may name a file, a host or a hub, `allows` says which texts are none of these. A
    record may hold no other text of such an option, but the names of files that lie beside it.
    """

    allows: Callable[[str], bool] | None = None


RECORDED: Final = Recorded()


@dataclass(frozen=True, kw_only=True)
class Files:
    """Where results go and how they are written: the options that commands on files share."""

    output: Path | None = None  # a file or a folder; None: beside each picture
    recursive: bool = False
    suffix: str = ""
    overwrite: bool = False
    format: str = ""
    quality: int = 95
    strip: bool = False
    device: str = "auto"
    cluster: str = ""


@dataclass(frozen=True, kw_only=True)
class Option:
    """A parameter of a verb."""

    hint: Any
    default: Any

    @property
    def recorded(self) -> Recorded | None:
        """What a record may hold of it; None: nothing."""
        extras = getattr(self.hint, "__metadata__", ())
        return next((extra for extra in reversed(extras) if isinstance(extra, Recorded)), None)


def kinds_of(hint: Any) -> set[Any]:
    """The plain types within an annotation."""
    inside = get_args(hint)
    return set().union(*map(kinds_of, inside)) if inside else {hint}


@cache
def options_of(function: Callable[..., Any]) -> dict[str, Option]:
    """The parameters of a verb by name, those of its `**files` among them."""
    hints = get_type_hints(function, include_extras=True)
    defaults = {one.name: one.default for one in fields(Files)}
    options = dict[str, Option]()
    for name, parameter in inspect.signature(function).parameters.items():
        if get_origin(hints.get(name)) is Unpack:
            shared = get_type_hints(get_args(hints[name])[0], include_extras=True)
            for one, hint in shared.items():
                options[one] = Option(hint=hint, default=defaults[one])
        elif parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            options[name] = Option(hint=hints.get(name), default=parameter.default)
    return options


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a verb."""

    function: Callable[..., Any]
    arguments: Mapping[str, Any]  # all of them, the defaults too

    @property
    def files(self) -> Files:
        """The options of files among its arguments."""
        names = {one.name for one in fields(Files)} & self.arguments.keys()
        return Files(**{name: self.arguments[name] for name in names})

    def given(self, name: str) -> bool:
        """Whether an argument differs from its default."""
        argument, default = self.arguments.get(name), options_of(self.function)[name].default
        return type(argument) is not type(default) or argument != default

    def changed(self, **chosen: Any) -> tuple[dict[str, Any], dict[str, Path]]:
        """What a record holds of the arguments, but for those that are `chosen` otherwise (None:
        not at all): values that differ from their defaults, and files."""
        merged = {**self.arguments, **chosen}
        arguments = {name: value for name, value in merged.items() if value is not None}
        kept = {
            name: arguments[name]
            for name, option in options_of(self.function).items()
            if option.recorded and name in arguments and arguments[name] != option.default
        }
        files = {name: value for name, value in kept.items() if isinstance(value, Path)}
        return {name: value for name, value in kept.items() if name not in files}, files


_CURRENT: ContextVar[Call] = ContextVar("trombine_call")


def current() -> Call:
    """The call of the verb that is at work."""
    return _CURRENT.get()


@contextmanager
def calling(call: Call) -> Iterator[None]:
    """Inside, `current` gives this call."""
    before = _CURRENT.set(call)
    try:
        yield
    finally:
        _CURRENT.reset(before)
