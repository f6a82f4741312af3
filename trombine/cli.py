"""The commands: the functions of commands/, registered with cyclopts, each loaded when named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from cyclopts import (
    App,
    CycloptsError,
    Group,
    MissingArgumentError,
    Parameter,
    UnknownCommandError,
)
from cyclopts import ValidationError as Invalid

from trombine import __version__
from trombine.commands import COMMANDS, GROUPS, PICTURES, RENAMED, SUMMARY
from trombine.core.errors import InputError, shown

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
        for word in (word.partition("=")[0] for word in words):
            if now := RENAMED.get((named, word)):
                raise InputError(f"{named}: in place of {word} write {now}") from error
        usage = f"trombine {named}".strip()
        problem = f"{named}: {_wrong(error, named)}".removeprefix(": ")
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


def _wrong(error: CycloptsError, named: str) -> str:
    """What is wrong with a command's words, as cyclopts says it, or pydantic."""
    if isinstance(error, MissingArgumentError) and not error.keyword and (given := error.argument):
        is_word = given.field_info.is_positional
        return f"{given.name.strip('-').upper() if is_word else given.name} is missing"
    text = " ".join(str(error).split())
    if isinstance(error, Invalid) and (wrongs := getattr(error.__cause__, "errors", None)):
        text = f"{text.partition(' 1 validation error')[0]} {wrongs()[0]['msg']}"
    text = shown(text).removesuffix(".").removeprefix(f'Command "{named}" ')
    return text[:1].lower() + text[1:]
