"""The error for what a user gave and trombine cannot use, and names made safe to print.

An InputError is one line: which file, what is wrong, what to do. It is printed without a traceback.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

# A remedy if a library cannot download something.
CHECK_NETWORK: Final = (
    "check the name and the network; what was downloaded before works without one"
)
_MOST_SAID: Final = 200  # letters of a library's error


class InputError(ValueError):
    """A file, an option or an argument that cannot be used."""

    def __init__(self, problem: str, remedy: str = "", *, path: Path | str | None = None) -> None:
        super().__init__(problem, remedy, path)
        self.problem, self.remedy = problem, remedy
        self.path = None if path is None else Path(path)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle it, so that a worker's error can be raised in the parent."""
        return _remade, (type(self), *self.args)

    @property
    def why(self) -> str:
        """The line without the file's name."""
        return f"{self.problem}; {self.remedy}" if self.remedy else self.problem

    def __str__(self) -> str:
        return self.why if self.path is None else f"{shown(self.path)}: {self.why}"


class OutputError(InputError):
    """A file that cannot be written. The next one would fail too, so a batch stops."""


def library(name: str, extra: str, path: Path | str | None = None) -> Any:
    """A library that comes with an extra; where it is not there, an InputError says what to do."""
    try:
        return import_module(name)
    except ImportError as error:
        problem = f"needs {name}, which is not installed"
        raise InputError(problem, f"pip install 'trombine[{extra}]'", path=path) from error


@contextmanager
def about(path: Path | str) -> Iterator[None]:
    """Add this file to an InputError that names none."""
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
    """A name with line breaks, control characters and undecodable bytes escaped.

    Printed raw, a name could break the line, colour the terminal, or fail to encode.
    """
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in str(path))


def shortened(text: str, length: int = 60) -> str:
    """A text escaped and cut to a length, for a line of ours."""
    return shown(text if len(text) <= length else f"{text[:length]}…")


def said(error: Exception) -> str:
    """The text of a library's error, on one line and cut to a length."""
    return shown(" ".join(str(error).split())[:_MOST_SAID]) or type(error).__name__


def first_of(error: Any) -> str:
    """What a pydantic ValidationError says first: where, and what is wrong there."""
    one = error.errors(include_url=False)[0]
    place = ".".join(map(str, one["loc"]))
    text = one["msg"].removeprefix("Value error, ")
    return f"{place}: {text[:1].lower()}{text[1:]}" if place else text


def printable(text: str) -> str:
    """Escape a text as `shown` does, but keep its line breaks."""
    return "\n".join(map(shown, text.split("\n")))


def _escaped(letter: str) -> str:
    code = ord(letter)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8, by os.fsdecode
        return f"\\x{code - 0xDC00:02x}"
    return letter.encode("unicode_escape").decode("ascii")
