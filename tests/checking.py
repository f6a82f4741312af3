"""Annotations checked at run time, as jaxtyping's `jaxtyped` with beartype does, in less time.

`jaxtyped` writes two functions for each that is decorated, at once, and binds the arguments of
each call. That was a third of what collecting the tests takes, and a quarter of the tests
themselves. Here a function is first looked at when it is first called; beartype checks it as it
is; and a scope for the names of axes is opened only where an annotation has some.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import is_dataclass
from functools import wraps
from types import CodeType, FunctionType
from typing import Any, ForwardRef, NamedTuple, get_args, get_type_hints

import jaxtyping
from beartype import BeartypeConf, beartype
from beartype.door import die_if_unbearable
from jaxtyping import AbstractArray, jaxtyped

CONF = BeartypeConf(is_pep484_tower=True)  # an int will do for a float, as it does for pyright


def install() -> None:
    """Have every function of trombine that is imported from now on check its annotations."""
    jaxtyping.install_import_hook("trombine", "checking.checked")
    jaxtyping.jaxtyped = _hook  # which the import hook writes above each function and class


def _hook(*, typechecker: Callable[..., Any]) -> Callable[..., Any]:
    """What stands above a function: the check alone, without what `jaxtyped` puts round it."""
    return typechecker


def checked(thing: Any) -> Any:
    """The function, or a dataclass's `__init__`, with arguments and result checked."""
    if isinstance(thing, type):
        init = vars(thing).get("__init__")
        # One with __wrapped__ was written by hand, and is checked as a function.
        if is_dataclass(thing) and init and not hasattr(init, "__wrapped__"):
            thing.__init__ = checked(init)
        return thing
    if not isinstance(thing, FunctionType) or inspect.iscoroutinefunction(thing):
        return jaxtyped(thing, typechecker=beartype(conf=CONF))
    if not thing.__annotations__:
        return thing
    return _within(thing) if "<locals>" in thing.__qualname__ else _first(thing)


def _first(function: FunctionType) -> Callable[..., Any]:
    """A function that stays: compiled by beartype at its first call."""
    ready: list[Callable[..., Any]] = []

    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if not ready:
            ready.append(_compiled(function))
        return ready[0](*args, **kwargs)

    return wrapped


def _compiled(function: FunctionType) -> Callable[..., Any]:
    if inspect.isgeneratorfunction(function):  # whose result is the generator, unlike beartype's
        return jaxtyped(function, typechecker=beartype(conf=CONF))
    hints = _hints(function)
    same = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    same.__kwdefaults__, same.__annotations__ = function.__kwdefaults__, dict(hints)
    same.__qualname__, same.__module__ = function.__qualname__, function.__module__
    inner: Callable[..., Any] = beartype(conf=CONF)(same)
    if not any(map(_has_axes, hints.values())):
        return inner

    def scoped(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with jaxtyped("context"):
            return inner(*args, **kwargs)

    return scoped


class Seen(NamedTuple):
    """What all functions made by one piece of code share."""

    signature: inspect.Signature
    hints: Mapping[str, Any]
    axes: bool


_SEEN: dict[CodeType, Seen] = {}


def _within(function: FunctionType) -> Callable[..., Any]:
    """A function that is made anew at each call of another: checked without writing code."""

    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        signature, hints, axes = _SEEN.get(function.__code__) or _look(function)
        with jaxtyped("context") if axes else nullcontext():
            for name, value in signature.bind(*args, **kwargs).arguments.items():
                for one in _values(value, signature.parameters[name]):
                    die_if_unbearable(one, hints.get(name, Any), conf=CONF)
            result = function(*args, **kwargs)
            die_if_unbearable(result, hints.get("return", Any), conf=CONF)
        return result

    return wrapped


def _look(function: FunctionType) -> Seen:
    hints = _hints(function)
    seen = Seen(inspect.signature(function), hints, any(map(_has_axes, hints.values())))
    return _SEEN.setdefault(function.__code__, seen)


def _values(value: Any, parameter: inspect.Parameter) -> Iterable[Any]:
    """What a parameter was given: several values for `*words` and `**options`."""
    if parameter.kind is parameter.VAR_POSITIONAL:
        return value
    return value.values() if parameter.kind is parameter.VAR_KEYWORD else (value,)


def _hints(function: FunctionType) -> dict[str, Any]:
    """Its annotations as objects; Any where one names what is imported for pyright alone."""
    try:
        return get_type_hints(function, include_extras=True)
    except NameError:
        return {name: _hint(text, function) for name, text in function.__annotations__.items()}


def _hint(text: Any, function: FunctionType) -> Any:
    def of() -> None: ...

    of.__annotations__ = {"return": text}
    try:
        return get_type_hints(of, function.__globals__, include_extras=True)["return"]
    except NameError:
        return Any


def _has_axes(hint: Any) -> bool:
    if isinstance(hint, list | tuple):
        return any(map(_has_axes, hint))
    if isinstance(hint, str | ForwardRef):
        return True  # who knows
    if isinstance(hint, type) and issubclass(hint, AbstractArray):
        return True
    return any(map(_has_axes, get_args(hint)))
