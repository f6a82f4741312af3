"""The functions by HTTP: a form to a function's arguments, by pydantic.

`form_of` is a model of a function's parameters: the check of what is sent, and the schema that
OpenAPI shows. A parameter that is a path is a file that is sent; several files for one such
parameter are a folder. A path by name would be a file of the server's, and is refused.
"""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema, create_model

import trombine
from trombine.commands import PICTURES
from trombine.commands.options import Paths, Pictures, help_of
from trombine.core.calls import kinds_of, options_of
from trombine.core.errors import InputError, first_of, shown

Model = TypeVar("Model", bound=BaseModel)
SERVED: Final = (*PICTURES, "microscope", "judge_people_make")
# The server says where files go, and how much of the machine is used.
_OWN: Final = (
    *("output", "progress", "overwrite", "recursive"),
    *("threads", "workers", "device", "cluster"),
)
FOLDERS: Final = ("inputs",)  # parameters that are a folder even of one file
_NAME: Final = re.compile(r"[^/\\:~]+")  # of a model that is here: no path, and nobody's hub
_FILE: Final = {"type": "string", "format": "binary"}
_FILES: Final = {"type": "array", "items": _FILE, "minItems": 1}


def function_of(name: str) -> Callable[..., Any]:
    """A function that is served."""
    return getattr(trombine, name)


@cache
def hints_of(name: str) -> dict[str, Any]:
    """The annotations of a function's parameters that a form may have, by its fields' names: from_,
    which Python has taken, is `from` there."""
    options = options_of(function_of(name))
    return {one.rstrip("_"): option.hint for one, option in options.items() if one not in _OWN}


def takes_files(name: str, parameter: str) -> bool:
    """Whether a parameter accepts a file."""
    return _is_many(name, parameter) or Path in kinds_of(hints_of(name)[parameter])


def takes_folders(name: str, parameter: str) -> bool:
    """Whether a parameter is a list of folders; `pictures` is a list of files."""
    return parameter != "pictures" and _is_many(name, parameter)


def _is_many(name: str, parameter: str) -> bool:
    hint = hints_of(name)[parameter]
    return hint in (Pictures, Paths) or tuple[Path, ...] in (hint, *get_args(hint))


@cache
def form_of(name: str) -> type[BaseModel]:
    """The parameters of a function as a model."""
    function, says = function_of(name), help_of(function_of(name))
    usual = {one.rstrip("_"): option.default for one, option in options_of(function).items()}
    fields = dict[str, Any]()
    for one, hint in hints_of(name).items():
        schema = _FILES if _is_many(name, one) else _FILE
        if takes_files(name, one) and _allows(name, one):
            schema = {"anyOf": [{"type": "string"}, _FILE]}
        kind = hint
        if takes_files(name, one):
            kind = Annotated[Any if hint in (Pictures, Paths) else hint, WithJsonSchema(schema)]
        default = ... if usual[one] is inspect.Parameter.empty else usual[one]
        fields[one] = (kind, Field(default, description=says.get(one) or says.get(f"{one}_")))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Field name .json. in", UserWarning)  # of read
        return create_model(name, __config__=ConfigDict(extra="forbid"), **fields)


def schema(name: str) -> dict[str, Any]:
    """The form of a function, as OpenAPI has it."""
    return {"required": [], **form_of(name).model_json_schema()}


def check_text(name: str, parameter: str, value: str) -> None:
    """Refuse a path where a file is to be sent: it would name a file of the server."""
    if parameter not in hints_of(name) or not value or not takes_files(name, parameter):
        return
    if not (allows := _allows(name, parameter)):
        raise InputError(f"{parameter} is a file", "send the file itself")
    if not _NAME.fullmatch(value) or not allows(value):
        raise InputError(f"{parameter} is a name or a file that is sent, not {shown(value)}")


def _allows(name: str, parameter: str) -> Callable[[str], bool] | None:
    """What says of a text that it names no file, if a parameter takes other texts."""
    if parameter == "model":  # it may be one of the studio's own runs, which models.py knows
        return lambda text: True
    option = options_of(function_of(name))[parameter]
    return option.recorded and option.recorded.allows


def arguments_of(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a form: texts, files as paths in the job's folder, several as a list.

    Empty fields count as missing.
    """
    given = {one: value for one, value in fields.items() if value != ""}
    form = checked(form_of(name), given)
    own = {one.rstrip("_"): one for one in options_of(function_of(name))}
    return {own[one]: getattr(form, one) for one in form.model_fields_set}


def checked(model: type[Model], values: Mapping[str, Any]) -> Model:
    """Values as a model; an InputError names the first wrong one."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise InputError(first_of(error)) from None
