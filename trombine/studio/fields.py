"""A form of HTTP to a verb's request: the same fields, limits and words as the command has.

Nothing is listed here by hand: which verbs are served, what their fields are and what each may be
is said by their requests. A field that is a path is a file that is sent; several files for one such
field are a folder. A path by name would be a file of the server's, and is refused.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

from trombine.batch.requests import FilesRequest
from trombine.commands import VERBS
from trombine.functions import converted
from trombine.refusal import InputError
from trombine.requests import Choice, Integer, Number, described, limit_of, quoted

OUTPUT: Final = "output"  # where files go is the server's to say
_NAME: Final = re.compile(r"[^/\\:~]+")  # of a model that is here: no path, and nobody's hub
_OTHERS: Final = ("generate", "morph", "microscope", "judge people make", "replay")
_FOLDER: Final = "inputs"  # the field that is a folder even of one file
_TRUTH: Final = {"true": True, "false": False}


@cache
def served() -> Mapping[str, type[Any]]:
    """The requests of the verbs that make files of pictures, and of a few others, by their names in
    an address."""
    requests = {}
    for line, verb in VERBS.items():
        request = getattr(import_module(f"trombine.verbs.{verb.module}"), verb.request)
        if issubclass(request, FilesRequest) or line in _OTHERS:
            requests[line.replace(" ", "-")] = request
    return requests


def line_of(name: str) -> str:
    """A verb's line in VERBS, by its name in an address."""
    return name.replace("-", " ")


def kinds(request: type[Any]) -> dict[str, tuple[Any, ...]]:
    """The types that each field of a request may have, but for what the server says; a field whose
    name Python has taken ends in an underscore there, and not here."""
    hints = get_type_hints(request)
    return {
        field.name.rstrip("_"): get_args(hints[field.name])
        if get_args(hints[field.name]) and hints[field.name] != tuple[Path, ...]
        else (hints[field.name],)
        for field in dataclasses.fields(request)
        if field.name != OUTPUT
    }


def takes_files(request: type[Any], name: str) -> bool:
    """Whether a field is a file, or may be one."""
    return bool({Path, tuple[Path, ...]} & set(kinds(request).get(name, ())))


def takes_text(request: type[Any], name: str) -> bool:
    """Whether a field may be given as text."""
    return bool(set(kinds(request).get(name, ())) & {str, int, float, bool})


def takes_folders(request: type[Any], name: str) -> bool:
    """Whether a field is several folders; pictures are files."""
    return name != "pictures" and tuple[Path, ...] in kinds(request).get(name, ())


def is_folder(name: str, count: int) -> bool:
    """Whether so many files that were sent for a field are a folder."""
    return count > 1 or name == _FOLDER


def check_field(verb: str, request: type[Any], name: str) -> str:
    """Refuse a name that is no field; the option of a command that it is."""
    option = f"--{name.replace('_', '-')}"
    if name not in kinds(request):
        problem = f"{line_of(verb)}: does not take {option}"
        raise InputError(problem, "/api/openapi.json says what it takes")
    return option


def value_of(verb: str, request: type[Any], name: str, text: str) -> Any:
    """A field that was given as text; what a command refuses is refused in its words."""
    option = check_field(verb, request, name)
    if not takes_text(request, name):
        raise InputError(f"{option} is a file", "send the file itself")
    wanted = set(kinds(request)[name])
    if bool in wanted:
        if text.lower() not in _TRUTH:
            raise InputError(f"{option} is true or false, not {quoted(text)}")
        return _TRUTH[text.lower()]
    if str in wanted:
        if Path in wanted and not _NAME.fullmatch(text):
            raise InputError(f"{option} is a name or a file that is sent, not {quoted(text)}")
        return int(text) if int in wanted and text.isdecimal() else text
    if text == "" and type(None) in wanted:
        return None
    number, says = (int, "a whole number") if int in wanted else (float, "a number")
    try:
        return number(text)
    except ValueError:
        raise InputError(f"{option}: {quoted(text).strip(chr(39))} is not {says}") from None


def request_of(
    verb: str, values: Mapping[str, Any], output: Path, model: Path | None = None
) -> Any:
    """The verb's request, of a job's fields: files as paths in the job's folder, several as a
    list; `model` is where the model is that the fields name, of one that does not ship."""
    kind = served()[verb]
    own = {field.name.rstrip("_"): field.name for field in dataclasses.fields(kind)}
    fields = {own[name]: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    for name, wanted in kinds(kind).items():
        if ... in wanted and isinstance(text := fields.get(name), str):  # several in one field
            fields[name] = tuple(text.split())
    if model is not None:
        fields["model"] = model
    if issubclass(kind, FilesRequest) and not fields.get("pictures"):
        raise InputError(f"{line_of(verb)}: no picture was sent", "send one as `pictures`")
    for field in dataclasses.fields(kind):
        name = field.name.rstrip("_")
        if field.default is dataclasses.MISSING and name != OUTPUT and field.name not in fields:
            raise InputError(f"{line_of(verb)}: --{name} is not said", f"send `{name}`")
    return kind(**converted(kind, {**fields, OUTPUT: output}))


def schema(request: type[Any]) -> dict[str, Any]:
    """The form of a request, as OpenAPI has it."""
    texts, hints = described(request), get_type_hints(request, include_extras=True)
    own = {field.name.rstrip("_"): field.name for field in dataclasses.fields(request)}
    defaults = {field.name.rstrip("_"): field.default for field in dataclasses.fields(request)}
    properties = {}
    for name, wanted in kinds(request).items():
        entry = _entry(wanted, limit_of(hints[own[name]]))
        if own[name] in texts:
            entry["description"] = texts[own[name]]
        default = defaults[name]
        if isinstance(default, str | int | float):
            entry["default"] = default
        properties[name] = entry
    required = [name for name in properties if defaults[name] is dataclasses.MISSING]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


_FILE: Final = {"type": "string", "format": "binary"}


def _entry(wanted: tuple[Any, ...], limit: Any) -> dict[str, Any]:
    if tuple[Path, ...] in wanted:
        return {"type": "array", "items": _FILE, "minItems": 1}
    if Path in wanted:
        return {"anyOf": [{"type": "string"}, _FILE]} if str in wanted else dict(_FILE)
    if bool in wanted:
        return {"type": "boolean"}
    if isinstance(limit, Choice):
        return {"enum": list(limit.values)}
    if isinstance(limit, Integer | Number):
        bounds = {"minimum": limit.least, "maximum": limit.most}
        number: dict[str, Any] = {"type": "integer" if isinstance(limit, Integer) else "number"}
        number |= {name: bound for name, bound in bounds.items() if bound is not None}
        words = getattr(limit, "words", ())
        return {"anyOf": [number, {"enum": list(words)}]} if words else number
    return {"type": "string"}
