"""`man`: all commands and their options as a page for man(1)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from trombine import __version__
from trombine.commands import ALONE, SUMMARY, VARIABLES, VERBS, VOLUMES, Verb
from trombine.events import Done, Event
from trombine.requests import SHORT, Request, described


@dataclass(frozen=True, kw_only=True)
class ManRequest(Request):
    """Print the manual, for man(1).

    To install it, write it to trombine.1 in a folder that manpath names.
    """


def run(request: ManRequest) -> Iterator[Event]:
    """The whole page as text."""
    yield Done(summary=page(), written=0, skipped=0, kept=0)


def page() -> str:
    """The page in roff, with the man macros."""
    lines = [
        f'.TH TROMBINE 1 "" "trombine {__version__}" "User Commands"',
        ".SH NAME",
        rf"trombine \- {_escaped(SUMMARY[:1].lower() + SUMMARY[1:].rstrip('.'))}",
        ".SH SYNOPSIS",
        r"\fBtrombine\fR \fICOMMAND\fR [\fIOPTIONS\fR]",
        ".SH COMMANDS",
    ]
    for line, verb in VERBS.items():
        lines += _command(line, verb)
    lines += [".SH OPTIONS", "Every command takes these too."]
    for name, (short, text) in VOLUMES.items():
        lines += _entry(f"--{name}, {short}", text)
    lines += _entry("--help, -h", "Show what the command takes.")
    lines += [".PP", "These stand in place of a command."]
    for option, text in ALONE.items():
        lines += _entry(option, text)
    lines += _surroundings()
    lines += [
        ".SH EXIT STATUS",
        "0 when all was done, 1 when some inputs were bad, 2 when nothing could be done,",
        "130 and 143 when it was interrupted or ended.",
    ]
    return "\n".join(lines)


def _command(line: str, verb: Verb) -> Iterator[str]:
    """A command: what it does, its options, two examples."""
    request = getattr(import_module(f"trombine.verbs.{verb.module}"), verb.request)
    named = " ".join(rf"\fI{name.upper()}\fR" for name in verb.positional)
    yield f".SS trombine {line} {named}".rstrip()
    yield _escaped(verb.summary)
    texts, hints = described(request), get_type_hints(request)
    for field in dataclasses.fields(request):
        if field.name in verb.positional:
            continue
        option = f"--{field.name.strip('_').replace('_', '-')}"  # --as is the field as_
        short = f", {SHORT[field.name]}" if field.name in SHORT else ""
        yield from _entry(option + short, texts[field.name], _value(hints[field.name]))
    yield from (
        ".PP",
        "Examples:",
        ".PP",
        ".nf",
        ".RS",
        *map(_escaped, verb.examples),
        ".RE",
        ".fi",
    )


def _surroundings() -> Iterator[str]:
    """The variables that change how trombine runs, and the files that it keeps."""
    yield ".SH ENVIRONMENT"
    for name, does in VARIABLES.items():
        yield from _entry(name, does)
    yield ".SH FILES"
    yield from _entry(
        "~/.cache/trombine",
        "The cache: packs and compiled painters. It can be deleted at any time, and is then built"
        " again. Other systems than Linux keep caches elsewhere, and TROMBINE_CACHE names another"
        " folder; trombine doctor says where it is.",
    )


def _entry(name: str, text: str, value: str = "") -> Iterator[str]:
    """A name with what is to be known of it, and what it takes after it."""
    takes = rf" \fI{_escaped(value)}\fR" if value else ""
    yield from (".TP", rf"\fB{_escaped(name)}\fR{takes}", _escaped(text))


def _value(hint: Any) -> str:
    """What an option takes, as --help has it: INT, STR|PATH, STR..., nothing after a flag."""
    if get_origin(hint) is tuple:
        return f"{_value(get_args(hint)[0])}..."
    kinds = [kind for kind in get_args(hint) or (hint,) if kind not in (bool, NoneType)]
    return "|".join(kind.__name__.upper() for kind in kinds)


def _escaped(text: str) -> str:
    """Text that roff takes as it is; a line that begins with a dot would be a macro."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{text}" if text.startswith((".", "'")) else text
