"""What a user gave and trombine cannot use: one error, and names made fit to print.

An InputError is one line: which file, what is wrong, what to do. Whatever runs a verb prints it as
it is, without a traceback.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

# What helps where a library cannot fetch what is named.
CHECK_NETWORK: Final = (
    "check the name and the network; what was downloaded before works without one"
)
_MOST_SAID: Final = 200  # letters of somebody else's error


class InputError(ValueError):
    """A file, an option or an argument that cannot be used."""

    def __init__(self, problem: str, remedy: str = "", *, path: Path | str | None = None) -> None:
        super().__init__(problem, remedy, path)
        self.problem, self.remedy = problem, remedy
        self.path = None if path is None else Path(path)

    def __reduce__(self) -> tuple[object, ...]:
        """For another process: a worker's error is raised again by its parent."""
        return _remade, (type(self), *self.args)

    @property
    def why(self) -> str:
        """The line without the file's name."""
        return f"{self.problem}; {self.remedy}" if self.remedy else self.problem

    def __str__(self) -> str:
        return self.why if self.path is None else f"{shown(self.path)}: {self.why}"


class OutputError(InputError):
    """A file that cannot be written: the next one would fail as well, so a batch stops."""


@contextmanager
def about(path: Path | str) -> Iterator[None]:
    """Let an InputError that is raised inside name this file, if it names none."""
    try:
        yield
    except InputError as error:
        if error.path is None:
            error.args, error.path = (error.problem, error.remedy, path), Path(path)
        raise


def _remade(
    kind: type[InputError], problem: str, remedy: str, path: Path | str | None
) -> InputError:
    return kind(problem, remedy, path=path)


def shown(path: Path | str) -> str:
    """A name with line breaks, escapes, bidirectional marks and undecodable bytes written out.

    A name may hold any byte but 0 and "/"; printed raw it could break the line, colour the
    terminal, or end a program that prints strict UTF-8.
    """
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in str(path))


def shortened(text: str, length: int = 60) -> str:
    """A stranger's text for a line of our own: on one line, and not too much of it."""
    return shown(text if len(text) <= length else f"{text[:length]}…")


def said(error: Exception) -> str:
    """What an error of somebody else's library says, in one line and not too long."""
    return shown(" ".join(str(error).split())[:_MOST_SAID]) or type(error).__name__


def printable(text: str) -> str:
    """Lines of text as `shown` gives a name, but for their line breaks, which stay."""
    return "\n".join(map(shown, text.split("\n")))


def _escaped(letter: str) -> str:
    code = ord(letter)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8, as os.fsdecode keeps it
        return f"\\x{code - 0xDC00:02x}"
    return letter.encode("unicode_escape").decode("ascii")
