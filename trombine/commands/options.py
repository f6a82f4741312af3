"""Options that commands share, and the decorator that checks a command's arguments.

A command is a plain function with `@verb`: the command line, Python and HTTP call it. Annotations
and docstring give types, limits and help; cyclopts makes the command, pydantic the checks and the
schema. RECORDED in an annotation says that a record may hold the option (core/calls.py).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar, cast

from annotated_types import Interval
from cyclopts import Group, Parameter, Token
from docstring_parser import DocstringStyle, parse_from_object
from pydantic import AfterValidator, ConfigDict, Field, ValidationError, validate_call
from typing_extensions import TypedDict  # which pydantic wants before Python 3.12

from trombine.core.calls import RECORDED, Call, calling, options_of
from trombine.core.errors import InputError, shown
from trombine.core.progress import Progress as Callback

Function = TypeVar("Function", bound=Callable[..., Any])
MORE: Final = Group("More options", sort_key=2)  # rare options, last on a help page


def limits(low: float, high: float | None = None) -> Interval:
    """The limits of a number, for its annotation."""
    return Interval(ge=low, le=high)


def _whole(_: Any, tokens: Sequence[Token]) -> int:
    """A whole number; cyclopts would read 4.5 as 4."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise ValueError(f"{shown(tokens[0].value)} is not a whole number") from None


def _paths(_: Any, tokens: Sequence[Token]) -> tuple[Path, ...]:
    return tuple(Path(token.value) for token in tokens)


def paths_of(pictures: str | Path | Iterable[str | Path]) -> tuple[Path, ...]:
    """One path or several, as paths."""
    if isinstance(pictures, str | Path):
        return (Path(pictures),)
    return tuple(Path(path) for path in pictures)


WHOLE: Final = Parameter(converter=_whole)
HIDDEN: Final = Parameter(parse=False)

Paths = Annotated[Any, AfterValidator(paths_of), Parameter(n_tokens=-1, converter=_paths)]
Words = Annotated[
    Sequence[str],
    Parameter(n_tokens=-1, converter=lambda _, tokens: tuple(token.value for token in tokens)),
]
Pictures = Annotated[Any, Parameter(n_tokens=-1, converter=_paths, help="Files or folders.")]
"""Paths of files or folders, or pictures in memory: see io/convert.py."""
Side = Annotated[
    str | Path | Any | None,
    Field(union_mode="left_to_right"),
    Parameter(n_tokens=1, converter=lambda _, tokens: tokens[0].value, metavar="PATH"),
    RECORDED,
]
"""A file or folder of files that belong to the pictures, or what the program holds of them."""
Flag = Annotated[bool, RECORDED]
Output = Annotated[
    Path | None,
    Parameter(alias="-o", help="The file or folder to write; else beside the input."),
]
Folder = Annotated[Path, Parameter(alias="-o")]
Overwrite = Annotated[bool, Parameter(help="Write outputs again that are there already.")]
Device = Annotated[
    Literal["auto", "cpu", "cuda", "mps"],
    Parameter(
        help="auto uses a GPU if there is one; or cpu, cuda, mps. [auto]",
        group=MORE,
        show_choices=False,
    ),
    RECORDED,  # a level of 255 may differ
]
Cluster = Annotated[str, Parameter(help="Work on a Ray cluster: auto or HOST:PORT.", group=MORE)]


_Format = Literal[
    "", "png", "jpg", "jpeg", "webp", "tif", "tiff", "avif", "gif", "bmp", "mp4", "webm"
]


class FolderOptions(TypedDict, total=False):
    """Options of commands that work on files, as `**files`; their defaults are in core/calls.py."""

    overwrite: Overwrite
    recursive: Annotated[bool, Parameter(help="Take pictures in subfolders too.", group=MORE)]
    suffix: Annotated[str, Parameter(help="What to add to each name.", group=MORE)]
    device: Device
    cluster: Cluster


class FileOptions(FolderOptions, total=False):
    """Those of commands whose results are pictures."""

    format: Annotated[
        _Format,
        Parameter(
            converter=lambda _, tokens: tokens[0].value.lower(),
            help="png, jpg, webp, mp4, ...; else the input's, png for jpg.",
            group=MORE,
            show_choices=False,
        ),
    ]
    quality: Annotated[
        int,
        limits(1, 100),
        WHOLE,
        Parameter(help="The quality of JPEG and AVIF, 1 to 100. [95]", group=MORE),
        RECORDED,
    ]
    strip: Annotated[
        bool,
        Parameter(help="Leave out date, camera, place and other metadata.", group=MORE),
        RECORDED,
    ]


Threads = Annotated[
    int | None,
    limits(1),
    WHOLE,
    Parameter(help="How many threads; else one a core.", group=MORE),
]
Json = Annotated[bool, Parameter(help="The numbers as JSON, those of each picture too.")]
Page = Annotated[
    Path | None, Parameter(alias="-o", help="A page (HTML) to write, with the pictures.")
]
OverPage = Annotated[
    bool, Parameter(help="Write over a page that trombine did not write.", group=MORE)
]
Workers = Annotated[
    int | None,
    limits(1),
    WHOLE,
    Parameter(help="How many processes; else one a core.", group=MORE),
]
"""In Python the default is one, since every further one imports the calling script."""
Progress = Annotated[Callback | None, HIDDEN]


def _setting(_: Any, tokens: Any) -> Any:
    """A setting's text; for --net.width 64 cyclopts gives a mapping."""
    if isinstance(tokens, dict):
        return {name: _setting(_, inner) for name, inner in tokens.items()}
    if not tokens[0].value:
        raise ValueError(f"{tokens[0].keyword} needs a value after it")
    return tokens[0].value


Setting = Annotated[
    Any, Parameter(help="A setting of the recipe: --lr 1e-4, --batch 8.", converter=_setting)
]
"""The type of `**settings`: every option that the command does not know."""


def verb(function: Function) -> Function:
    """Convert and check a command's arguments, a wrong one is an InputError; and make them known to
    what works for the command (`core.calls.current`)."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        options = options_of(function)
        given = {name: value for name, value in bound.arguments.items() if name in options}
        defaults = {name: option.default for name, option in options.items()}
        with calling(Call(function=call, arguments=defaults | given | bound.kwargs)):
            return function(*args, **kwargs)

    config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")  # of `**files` too
    checked = validate_call(config=config)(called)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return checked(*args, **kwargs)
        except ValidationError as error:
            if error.title != function.__name__:  # of data that the command read
                raise
            raise InputError(_wrong(function, error)) from None

    return cast("Function", call)


def _wrong(function: Callable[..., Any], error: ValidationError) -> str:
    """The message for the first wrong argument."""
    one = error.errors(include_url=False)[0]
    name = one["loc"][0] if one["loc"] else "the arguments"
    if isinstance(name, int):  # positional
        name = list(inspect.signature(function).parameters)[name]
    if one["type"].startswith("missing"):
        return f"{name} is missing"
    text = one["msg"][:1].lower() + one["msg"][1:]
    if one["type"].startswith(("unexpected", "extra")):
        return f"{function.__name__} has no option {shown(str(name))}"
    return f"{name}: {text}, not {shown(repr(one['input'])[:60])}"


def help_of(function: Callable[..., Any]) -> dict[str, str]:
    """The help of each parameter of a command, from its docstring or its type."""
    said = {
        one.arg_name: " ".join((one.description or "").split())
        for one in parse_from_object(function, DocstringStyle.NUMPYDOC).params
    }
    for name, option in options_of(function).items():
        for extra in getattr(option.hint, "__metadata__", ()):
            if isinstance(extra, Parameter) and extra.help:
                said.setdefault(name, extra.help)
    return said
