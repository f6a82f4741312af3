"""The commands: the functions of commands/, registered with cyclopts, each loaded when named."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Final

from cyclopts import (
    App,
    CycloptsError,
    Group,
    MissingArgumentError,
    Parameter,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)
from cyclopts import ValidationError as Invalid

from trombine import __version__
from trombine.commands import COMMANDS, GROUPS, PICTURES, SUMMARY
from trombine.core.errors import InputError, shown

_FILE: Final = re.compile(r"-[^-=][^=]*\.[A-Za-z]\w*")  # -photo.jpg, also where there is none yet
_CLOSE: Final = 0.65  # from which share of common letters on one option may be meant by another
COMPLETION: Final = "--install-completion"
_QUIET, _VERBOSE = ("-q", "--quiet"), ("-v", "--verbose")
_ALWAYS: Final = f"""Every command takes -q (only errors), -v (details), and --help, with examples:
  trombine upscale photo.jpg -x 4
  trombine restyle photo.jpg --to anime
trombine {COMPLETION} completes commands and options in this shell."""


def run(arguments: Sequence[str]) -> int:
    """Run the command that these words name; return its exit code."""
    if "" in arguments:  # a path of no letters would be the folder that one is in
        raise InputError("one of the words is empty; if it is a variable, it is not set")
    words = [word for word in arguments if word not in (*_QUIET, *_VERBOSE)]
    quiet, verbose = (any(flag in arguments for flag in flags) for flags in (_QUIET, _VERBOSE))
    if quiet and verbose:
        raise InputError("-q and -v ask for less and for more", "give one of them")
    lines = (" ".join(words[:count]) for count in (3, 2, 1))
    named = next((line for line in lines if line in COMMANDS), "")
    app = application(named)
    if words[:1] == [COMPLETION]:
        app.register_install_completion_command(COMPLETION)
    try:
        function, bound, hidden = app.parse_args(words)
    except UnknownCommandError:
        raise  # it lists the commands that there are
    except CycloptsError as error:
        usage = f"trombine {named}".strip()
        problem = f"{named}: {_wrong(error)}".removeprefix(": ") + _dashed(words)
        raise InputError(f"{problem}; {usage} --help says what it takes") from error
    except AttributeError as error:  # of cyclopts, where --net NAME and --net.width 8 are given
        if error.name not in ("setdefault", "append"):
            raise
        raise InputError("NAME and NAME.SIZE are both given", "write NAME:SIZE=8") from error
    if "workers" in bound.signature.parameters:  # no script that each would run again
        bound.arguments.setdefault("workers", None)
    if not named:  # a help page, or the version
        function(*bound.args, **bound.kwargs)
        return 0
    from trombine.terminal import follow  # whose bar a help page does not need

    def call(progress: Any) -> Any:
        given = {"progress": progress} if "progress" in hidden else {}
        return function(*bound.args, **bound.kwargs, **given)

    return follow(call, quiet=quiet, verbose=verbose)


def application(named: str = "") -> App:
    """All commands, none of them loaded; the one that is `named` says its own help."""
    app = App(
        name="trombine",
        version=__version__,
        help=SUMMARY,
        help_format="plaintext",
        help_epilogue=_ALWAYS,
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
        default_parameter=Parameter(negative=(), show_default=False),
    )
    first, others = Group("Pictures", sort_key=0), Group("Nets, data, measures", sort_key=1)
    groups = {"": app}
    for name, says in GROUPS.items():
        groups[name] = App(name=name.rpartition(" ")[2], help=says, help_epilogue="", group=others)
        groups[name.rpartition(" ")[0]].command(groups[name])
    for line, (place, summary) in COMMANDS.items():
        group, _, name = line.rpartition(" ")
        options: dict[str, Any] = {} if line == named else {"help": summary}
        options |= {} if group else {"group": first if name in PICTURES else others}
        groups[group].command(place, name=name, help_epilogue="", **options)
    return app


def _wrong(error: CycloptsError) -> str:
    """What is wrong with a command's words, as all other errors are said."""
    if isinstance(error, UnusedCliTokensError):
        return f"does not take {' '.join(shown(word) for word in error.unused_tokens or ())}"
    if isinstance(error, UnknownOptionError):
        _, _, near = str(error).partition(" Did you mean ")
        name = shown(error.token.keyword or error.token.value)
        is_near = get_close_matches(name.strip("-"), [near.strip("-?")], cutoff=_CLOSE)
        return f"does not take {name}" + (f"; did you mean {near}" if is_near else "")
    if isinstance(error, MissingArgumentError):
        if error.keyword:
            return f"{error.keyword} needs a value after it"
        argument = error.argument
        if argument is None or argument.field_info.kind is inspect.Parameter.KEYWORD_ONLY:
            return f"{argument.name if argument else 'an argument'} is missing"
        return f"{argument.name.strip('-').upper()} is missing"
    if isinstance(error, Invalid) and (wrongs := getattr(error.__cause__, "errors", None)):
        wrong = wrongs()[0]["msg"].removeprefix("Input ")  # pydantic's
        argument = error.argument
        given = shown(argument.tokens[0].value) if argument and argument.tokens else ""
        return f"{argument.name if argument else 'an option'} {wrong}, not {given}"
    text = shown(" ".join(str(error).split())).removesuffix(".").removeprefix("Invalid value for ")
    return text[:1].lower() + text[1:]


def _dashed(words: Sequence[str]) -> str:
    """How to write the first word that looks like an option and is the name of a file."""
    for word in words:
        if word.startswith("-") and (_FILE.fullmatch(word) or os.path.lexists(word)):
            return f"; write ./{shown(word)} for a file of that name"
    return ""
