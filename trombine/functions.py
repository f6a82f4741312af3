"""The verbs as functions: each takes what its request takes, and returns what became of it.

    result = data_world(count=4, size=128, output="faces")
    result.written      # the files that were made

A function runs the verb's generator to its end. Who wants to see it work, to draw a bar of their
own, runs the generator: `for event in trombine.verbs.world.run(request)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, get_args, get_type_hints

from trombine.events import Event
from trombine.verbs import doctor as doctor_verb
from trombine.verbs import replay as replay_verb
from trombine.verbs import world as world_verb
from trombine.verbs.batch import Result, drain

Fields = ParamSpec("Fields")
Request = TypeVar("Request")


def _function(
    request: Callable[Fields, Request], run: Callable[[Request], Iterator[Event]]
) -> Callable[Fields, Result]:
    """A function that takes the fields of a request, by name; a path may be given as text."""

    @wraps(request, updated=())
    def verb(*unnamed: Fields.args, **fields: Fields.kwargs) -> Result:
        return drain(run(request(*unnamed, **with_paths(request, fields))))

    return verb


def with_paths(request: type | Callable[..., object], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request, with a path wherever it wants one and text was given.

    Where it wants several, one alone will do.
    """
    hints = get_type_hints(request)
    return {name: _as_path(hints.get(name), value) for name, value in fields.items()}


def _as_path(hint: Any, value: Any) -> Any:
    """What was given for a field of this type, with paths for text."""
    if hint == tuple[Path, ...]:
        several = (value,) if isinstance(value, str | Path) else value
        return tuple(Path(one) for one in several)
    if isinstance(value, str) and Path in (hint, *get_args(hint)):
        return Path(value)
    return value


data_world = _function(world_verb.WorldRequest, world_verb.run)
data_leaves = _function(world_verb.LeavesRequest, world_verb.run)
replay = _function(replay_verb.ReplayRequest, replay_verb.run)
doctor = _function(doctor_verb.DoctorRequest, doctor_verb.run)
