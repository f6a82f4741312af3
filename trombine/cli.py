"""The verbs as commands.

A command is a line of the table below; its options are the fields of the verb's request, with
their types, defaults and descriptions. Nothing is loaded until a command is named, and then only
its verb: a help page must not wait for torch. What running a verb looks like is in console.py.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from cyclopts import App, MissingArgumentError, Parameter, Token, UnusedCliTokensError

from trombine import __version__


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A command: where its verb is, what it says of itself, two ways to use it."""

    module: str  # in trombine.verbs
    request: str  # the dataclass whose fields are the options
    summary: str  # the first line of the request's docstring, here so that listing loads nothing
    examples: tuple[str, str]
    positional: tuple[str, ...] = ()  # fields that are given without a name


VERBS = {
    "data world": Verb(
        module="world",
        request="WorldRequest",
        summary="Paint faces, with exact parts, landmarks and parameters.",
        examples=(
            "trombine data world --count 4 --size 64 -o faces",
            "trombine data world --count 2 --size 64 --style photo+anime --pack -o pairs",
        ),
    ),
    "data leaves": Verb(
        module="world",
        request="LeavesRequest",
        summary="Paint overlapping shapes with the statistics of natural pictures.",
        examples=(
            "trombine data leaves --count 4 --size 64 -o leaves",
            "trombine data leaves --count 8 --size 64 --first-seed 100 --pack -o textures",
        ),
    ),
    "replay": Verb(
        module="replay",
        request="ReplayRequest",
        summary="Make the same bytes again, from what a picture says of itself.",
        examples=(
            "trombine replay faces/000000.png -o again.png",
            "trombine replay faces/000000.png --overwrite -o again.png",
        ),
        positional=("pictures",),
    ),
    "doctor": Verb(
        module="doctor",
        request="DoctorRequest",
        summary="Say what this machine can do, and where files are kept.",
        examples=("trombine doctor", "TROMBINE_CACHE=cache trombine doctor"),
    ),
}
GROUPS = {"data": "Make pictures to learn from and to be measured on."}
SHORT = {"output": "-o"}


class CommandError(Exception):
    """A command line that names too much or too little: one line."""


def run(arguments: Sequence[str]) -> int:
    """Run the command that these words name; return its exit code."""
    try:
        return application()(arguments, result_action="return_int_as_exit_code_else_zero")
    except UnusedCliTokensError as error:
        raise CommandError(_too_much(error)) from error
    except MissingArgumentError as error:
        raise CommandError(_missing(error)) from error


def _too_much(error: UnusedCliTokensError) -> str:
    from trombine.files import shown

    words = " ".join(shown(word) for word in error.unused_tokens or ())
    line = " ".join(error.command_chain or ())
    return f"{line}: does not take {words}; trombine {line} --help says what it takes"


def _missing(error: MissingArgumentError) -> str:
    """An option that is not there, or that has nothing after it."""
    line = " ".join(error.command_chain or ())
    name = error.keyword or (error.argument.name if error.argument else "an argument")
    lacks = f"{name} needs a value after it" if error.keyword else f"{name} is missing"
    return f"{line}: {lacks}; trombine {line} --help says what it takes"


def application() -> App:
    """All commands, none of them loaded."""
    app = App(
        name="trombine",
        version=__version__,
        help="Faces with exact truth: painted anywhere, and made again byte for byte.",
        help_format="plaintext",
        help_epilogue=_examples(VERBS["data world"].examples[0], "trombine doctor"),
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
    )
    groups = {name: _group(name, says) for name, says in GROUPS.items()}
    for group in groups.values():
        app.command(group)
    for line, verb in VERBS.items():
        group, _, name = line.rpartition(" ")
        _add(groups[group] if group else app, name, line, verb)
    app.register_install_completion_command(
        help="Complete commands and options in this shell.",
        help_epilogue=_examples(
            "trombine --install-completion", "trombine --install-completion --shell zsh"
        ),
    )
    return app


def _add(app: App, name: str, line: str, verb: Verb) -> None:
    """A command that is known by its name and summary until it is asked for: see __getattr__."""
    place = f"{__name__}:{line.replace(' ', '_')}"
    app.command(place, name=name, help=verb.summary, help_epilogue=_examples(*verb.examples))


def _group(name: str, says: str) -> App:
    """A word before other words, such as `data`; its examples are the first ones of its verbs."""
    first = [verb.examples[0] for line, verb in VERBS.items() if line.startswith(f"{name} ")]
    return App(name=name, help=says, help_epilogue=_examples(*first[:2]))


def _examples(*lines: str) -> str:
    """The last part of a help page."""
    return "\n".join(["Examples:", *(f"  {line}" for line in lines)])


def __getattr__(name: str) -> Callable[..., int]:
    """The command of a line of VERBS, `data_world` of "data world"; cyclopts asks when it must."""
    verb = VERBS.get(name.replace("_", " "))
    if verb is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _command(verb)


def _command(verb: Verb) -> Callable[..., int]:
    """A function whose parameters are the request's fields, and which runs the verb."""
    module = import_module(f"trombine.verbs.{verb.module}")
    request = getattr(module, verb.request)
    signature = inspect.Signature(list(_parameters(request, verb.positional)))

    def command(*arguments: object, **options: object) -> int:
        from trombine.console import follow

        asked = signature.bind(*arguments, **options)
        asked.apply_defaults()
        return follow(module.run(request(**asked.arguments)))

    command.__signature__ = signature  # pyright: ignore[reportFunctionMemberAccess]
    command.__annotations__ = {name: p.annotation for name, p in signature.parameters.items()}
    return command


def _parameters(request: type[Any], positional: Sequence[str]) -> Iterator[inspect.Parameter]:
    """The fields of a request as parameters, those without a name first."""
    from docstring_parser import parse_from_object

    says = {param.arg_name: param.description for param in parse_from_object(request).params}
    hints = get_type_hints(request, include_extras=True)
    for field in sorted(dataclasses.fields(request), key=lambda f: f.name not in positional):
        yield _parameter(field, hints[field.name], says.get(field.name), field.name in positional)


def _parameter(
    field: dataclasses.Field[Any], hint: Any, says: str | None, positional: bool
) -> inspect.Parameter:
    """A field as a parameter; without a name, a tuple takes all the words that are left."""
    several = positional and get_origin(hint) is tuple
    kind = inspect.Parameter.VAR_POSITIONAL if several else inspect.Parameter.POSITIONAL_ONLY
    told = Parameter(
        help=says,
        alias=SHORT.get(field.name),
        negative=(),
        required=True if several else None,
        converter=_whole if int in (hint, *get_args(hint)) else None,
    )
    return inspect.Parameter(
        field.name,
        kind if positional else inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if several else _default(field),
        annotation=Annotated[get_args(hint)[0] if several else hint, told],
    )


def _whole(_: object, tokens: Sequence[Token]) -> int:
    """A whole number; cyclopts itself would read 4.5 as 4."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise ValueError(f"{tokens[0].value} is not a whole number") from None


def _default(field: dataclasses.Field[Any]) -> object:
    """What a field is unless it is given; the signature's own mark for one that must be."""
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default
