"""`man`: all commands and their options as a page for man(1)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from trombine import __version__
from trombine.commands import VERBS, VOLUMES, Verb
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
        r"trombine \- repair, sharpen, invent and restyle pictures of faces",
        ".SH SYNOPSIS",
        r"\fBtrombine\fR \fICOMMAND\fR [\fIOPTIONS\fR]",
        ".SH COMMANDS",
    ]
    for line, verb in VERBS.items():
        lines += _command(line, verb)
    lines += [".SH OPTIONS", "Every command takes these too."]
    for name, (short, text) in VOLUMES.items():
        lines += [".TP", rf"\fB{_escaped(f'--{name}, {short}')}\fR", _escaped(text)]
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
    texts = described(request)
    for field in dataclasses.fields(request):
        if field.name in verb.positional:
            continue
        option = f"--{field.name.replace('_', '-')}"
        short = f", {SHORT[field.name]}" if field.name in SHORT else ""
        yield from (".TP", rf"\fB{_escaped(option + short)}\fR", _escaped(texts[field.name]))
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


def _escaped(text: str) -> str:
    """Text that roff takes as it is; a line that begins with a dot would be a macro."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{text}" if text.startswith((".", "'")) else text
