"""The verbs as commands.

A command is a line of the table in commands.py; its options are the fields of the verb's request,
with their types, defaults and descriptions. Nothing is loaded until a command is named, and then
only its verb: a help page must not wait for torch. What running a verb looks like is in console.py.
"""

from __future__ import annotations

import dataclasses
import functools
import gc
import inspect
import os
import re
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from cyclopts import (
    App,
    CycloptsError,
    MissingArgumentError,
    Parameter,
    Token,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)
from cyclopts import ValidationError as Invalid
from pydantic import ValidationError

from trombine import __version__
from trombine.commands import COMMANDS, GROUPS, SUMMARY, VERBS, VOLUMES, Verb
from trombine.refusal import InputError

_FILE = re.compile(r"-[^-=][^=]*\.[A-Za-z]\w*")  # -photo.jpg, also where there is none yet
_CLOSE = 0.65  # from which share of common letters on one option may be meant by another
COMPLETION = "install_completion"
WIDEST = 78  # of an example's line: the width of a help page, but for two spaces before it


def run(arguments: Sequence[str]) -> int:
    """Run the command that these words name; return its exit code."""
    if "" in arguments:  # a path of no letters would be the folder that one is in
        raise InputError("one of the words is empty; if it is a variable, it is not set")
    words = _verb_first(arguments)
    try:
        if any(" ".join(words[:n]) in COMMANDS for n in (1, 2, 3)):
            return _run_function(words)
        return application()(_spelt_out(words), result_action="return_int_as_exit_code_else_zero")
    except UnknownCommandError:
        raise  # it lists the commands that there are
    except CycloptsError as error:
        line = " ".join(error.command_chain or ())
        about, usage = (f"{line}: ", f"trombine {line}") if line else ("", "trombine")
        problem = f"{about}{_wrong(error)}{_dashed(arguments)}; {usage} --help says what it takes"
        raise InputError(problem) from error


def _run_function(words: Sequence[str]) -> int:
    """Run the function that is a command; return its exit code."""
    from trombine.terminal import follow

    flags = {word for word in words if word in ("-q", "--quiet", "-v", "--verbose")}
    quiet, verbose = bool(flags & {"-q", "--quiet"}), bool(flags & {"-v", "--verbose"})
    if quiet and verbose:
        raise InputError("-q and -v ask for less and for more", "give one of them")
    words = [word for word in words if word not in flags]
    named = next(" ".join(words[:n]) for n in (3, 2, 1) if " ".join(words[:n]) in COMMANDS)
    function, bound, hidden = application(named).parse_args(words)

    def call(progress: Any) -> Any:
        given = {"progress": progress} if "progress" in hidden else {}
        return function(*bound.args, **bound.kwargs, **given)

    gc.enable()
    return follow(call, quiet=quiet, verbose=verbose)


def _verb_first(words: Sequence[str]) -> list[str]:
    """The words with -q and -v that stand before the verb's name, or within it, behind it."""
    volumes = {word for name, (short, _) in VOLUMES.items() for word in (f"--{name}", short)}
    early: list[str] = []
    names: list[str] = []
    following = list(words)
    while following and (not names or " ".join(names) in GROUPS):
        word = following.pop(0)
        (early if word in volumes else names).append(word)
    return [*names, *(early if " ".join(names) in VERBS else ()), *following]


def _spelt_out(words: Sequence[str]) -> list[str]:
    """The words with every `--lr 1e-4` that is a setting of a recipe as `--settings lr=1e-4`."""
    verb = VERBS.get(" ".join(words[:1]))
    if verb is None or not verb.settings:
        return list(words)
    request = getattr(import_module(f"trombine.verbs.{verb.module}"), verb.request)
    fields = {field.name.replace("_", "-") for field in dataclasses.fields(request)}
    fields |= VOLUMES.keys()
    expanded, remaining = [], iter(words)
    for word in remaining:
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or name in {"help", "version", ""}:
            expanded.append(word)
            continue
        if (field := name.replace("_", "-")) in fields:
            expanded.append(f"--{field}{equals}{value}")
            continue
        if not equals and ((value := next(remaining, "")) == "" or value.startswith("--")):
            line = " ".join(words[:1])
            problem = f"{line}: --{name} needs a value after it"
            raise InputError(f"{problem}; trombine {line} --help says what it takes")
        expanded += [f"--{verb.settings}", f"{name}={value}"]
    return expanded


def _dashed(words: Sequence[str]) -> str:
    """How to write the first word that looks like an option and is the name of a file."""
    from trombine.refusal import shown

    for word in words:
        if word.startswith("-") and (_FILE.fullmatch(word) or os.path.lexists(word)):
            return f"; write ./{shown(word)} for a file of that name"
    return ""


def _wrong(error: CycloptsError) -> str:
    """What is wrong with a command's words, as all other errors are said."""
    from trombine.refusal import shown

    if isinstance(error, UnusedCliTokensError):
        return f"does not take {' '.join(shown(word) for word in error.unused_tokens or ())}"
    if isinstance(error, UnknownOptionError):
        _, _, near = str(error).partition(" Did you mean ")
        name = shown(error.token.keyword or error.token.value)
        is_near = get_close_matches(name.strip("-"), [near.strip("-?")], cutoff=_CLOSE)
        return f"does not take {name}" + (f"; did you mean {near}" if is_near else "")
    if isinstance(error, MissingArgumentError):
        name = error.keyword or (error.argument.name if error.argument else "an argument")
        return f"{name} needs a value after it" if error.keyword else f"{name} is missing"
    if isinstance(cause := error.__cause__, ValidationError) and isinstance(error, Invalid):
        wrong = cause.errors()[0]["msg"].removeprefix("Input ")
        argument = error.argument
        given = shown(argument.tokens[0].value) if argument and argument.tokens else ""
        return f"{argument.name if argument else 'an option'} {wrong}, not {given}"
    text = shown(" ".join(str(error).split())).removesuffix(".").removeprefix("Invalid value for ")
    return text[:1].lower() + text[1:]


def application(named: str = "") -> App:
    """All commands, none of them loaded; the one that is `named` says its own help."""
    app = App(
        name="trombine",
        version=__version__,
        help=SUMMARY,
        help_format="plaintext",
        help_epilogue=_examples(VERBS["data world"].examples[0], "trombine doctor"),
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
        default_parameter=Parameter(negative=(), show_default=False),
    )
    groups = {"": app} | {name: _group(name, says) for name, says in GROUPS.items()}
    for name in GROUPS:
        groups[name.rpartition(" ")[0]].command(groups[name])
    for line, verb in VERBS.items():
        group, _, name = line.rpartition(" ")
        _add(groups[group], name, line, verb)
    for line, (place, summary) in COMMANDS.items():
        group, _, name = line.rpartition(" ")
        own: dict[str, Any] = {} if line == named else {"help": summary}
        groups[group].command(place, name=name, help_epilogue="", **own)
    app.command(
        f"{__name__}:{COMPLETION}",
        name="--install-completion",
        help="Complete commands and options in this shell.",
        help_epilogue=_examples(
            "trombine --install-completion", "trombine --install-completion --shell zsh"
        ),
    )
    return app


def _add(app: App, name: str, line: str, verb: Verb) -> None:
    """A command that is known by its name and summary until it is asked for: see __getattr__."""
    place = f"{__name__}:{line.replace(' ', '_')}"
    text = "\n\n".join(filter(None, (verb.summary, verb.caution)))
    app.command(place, name=name, help=text, help_epilogue=_examples(*verb.examples))


def _group(name: str, says: str) -> App:
    """Words before other words, such as `data` or `judge people`; its examples are the first ones
    of its verbs."""
    first = [verb.examples[0] for line, verb in VERBS.items() if line.startswith(f"{name} ")]
    return App(name=name.rpartition(" ")[2], help=says, help_epilogue=_examples(*first[:2]))


def _examples(*lines: str) -> str:
    """The last part of a help page."""
    return "\n".join(["Examples:", *(f"  {part}" for line in lines for part in _broken(line))])


def _broken(line: str) -> list[str]:
    """A command as lines that fit and can be copied: all but the last end with a backslash."""
    at = line.rfind(" -", 4, WIDEST - 1)
    if len(line) <= WIDEST or at < 0:
        return [line]
    return [f"{line[:at]} \\", *_broken(f"  {line[at + 1 :]}")]


def __getattr__(name: str) -> Callable[..., int | None]:
    """The command of a line of VERBS, `data_world` of "data world"; cyclopts asks when it must."""
    if name == COMPLETION:
        return _completion()
    verb = VERBS.get(name.replace("_", " "))
    if verb is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _command(verb)


def _completion() -> Callable[..., None]:
    """cyclopts' command, except that with --output no start-up file of a shell is edited."""
    from cyclopts.completion.detect import ShellDetectionError
    from cyclopts.completion.install import create_install_completion_command

    from trombine.refusal import shown

    install = application().install_completion
    usual = create_install_completion_command(install, True)

    @functools.wraps(usual)
    def command(*, shell: Any = None, output: Path | None = None) -> None:
        if output is None:
            usual(shell=shell)
            return
        try:
            place = install(shell=shell, output=output, add_to_startup=False)
        except ShellDetectionError as error:
            raise InputError(
                "which shell this is cannot be seen", "name it with --shell"
            ) from error
        print(f"{shown(place)} written, and nothing else; have your shell load it")

    return command


def _command(verb: Verb) -> Callable[..., int]:
    """A function whose parameters are the request's fields, and which runs the verb."""
    module = import_module(f"trombine.verbs.{verb.module}")
    request = getattr(module, verb.request)
    signature = inspect.Signature([*_parameters(request, verb.positional), *_volumes()])

    def command(*arguments: object, **options: object) -> int:
        from trombine.console import follow

        gc.enable()
        bound = signature.bind(*arguments, **options)
        bound.apply_defaults()
        fields = bound.arguments
        volume = {name: fields.pop(name) for name in VOLUMES}
        if all(volume.values()):
            raise InputError("-q and -v ask for less and for more", "give one of them")
        return follow(module.run(request(**fields)), **volume)

    command.__signature__ = signature  # pyright: ignore[reportFunctionMemberAccess]
    command.__annotations__ = {name: p.annotation for name, p in signature.parameters.items()}
    return command


def _parameters(request: type[Any], positional: Sequence[str]) -> Iterator[inspect.Parameter]:
    """The fields of a request as parameters, those without a name first."""
    from trombine.requests import described

    says, hints = described(request), get_type_hints(request)
    for field in sorted(dataclasses.fields(request), key=lambda f: f.name not in positional):
        yield _parameter(field, hints[field.name], says.get(field.name), field.name in positional)


def _volumes() -> Iterator[inspect.Parameter]:
    """-q and -v as parameters."""
    for name, (short, says) in VOLUMES.items():
        parameter = Parameter(help=says, alias=short, negative=(), show_default=False)
        annotation = Annotated[bool, parameter]
        kind = inspect.Parameter.KEYWORD_ONLY
        yield inspect.Parameter(name, kind, default=False, annotation=annotation)


def _parameter(
    field: dataclasses.Field[Any], hint: Any, says: str | None, positional: bool
) -> inspect.Parameter:
    """A field as a parameter; without a name, a tuple takes all the words that are left."""
    from trombine.requests import OPPOSITE, SHORT

    several = positional and get_origin(hint) is tuple
    kind = inspect.Parameter.VAR_POSITIONAL if several else inspect.Parameter.POSITIONAL_ONLY
    default = inspect.Parameter.empty if several else _default(field)
    parameter = Parameter(
        help=says,
        alias=SHORT.get(field.name),
        negative=OPPOSITE.get(field.name, ()),
        required=True if several and _default(field) is inspect.Parameter.empty else None,
        show_default=False if default in ("", ()) else None,
        converter=_integer
        if int in (hint, *get_args(hint)) and str not in get_args(hint)
        else None,
    )
    return inspect.Parameter(
        field.name,
        kind if positional else inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[get_args(hint)[0] if several else hint, parameter],
    )


def _integer(_: object, tokens: Sequence[Token]) -> int:
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
