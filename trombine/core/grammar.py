"""The one syntax of the texts in which a user asks for something.

    text = term { "+" term }               masks have stages joined by > as well
    term = name [ ":" value ] { mark }
    mark = sign and what belongs to it     @test  #100  *0.5  ?0.3, as the text has them

    pack:"a+b"@test#100*0.5   jpeg:60-95?0.5   head+body@50000   residual:width=32,depth=8

A path may hold any sign: where it could be read as more of the text it is put in double quotes.
Which names there are, and what values mean, say those who read such texts: data/spec.py, masks,
degradations, augmentation, nets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from math import inf, nan
from typing import Final

from trombine.core.errors import InputError, shortened, shown

LONGEST: Final = 10_000  # letters of a text; reading it takes time in proportion to them
NUMBER: Final = r"\d+(?:\.\d*)?|\.\d+"
_QUOTE_LENGTH: Final = 200  # letters of a text that is refused
_CLOSE: Final = 0.65  # from which share of common letters on one name may be meant by another


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A term of a text."""

    body: str  # without its marks
    marks: Mapping[str, str]  # by sign; "" of one that it does not have

    @property
    def name(self) -> str:
        """What stands before the first colon."""
        return self.body.partition(":")[0]

    @property
    def value(self) -> str:
        """What stands behind it, without quotes."""
        value = self.body.partition(":")[2]
        return value[1:-1] if len(value) > 2 and value[0] == value[-1] == '"' else value


def pieces(
    text: str, forms: Mapping[str, str], goes_on: Callable[[str, str], bool] | None = None
) -> list[Piece]:
    """The terms of a text. `forms` has for each sign of a mark what may stand behind it, in their
    order; `goes_on` says of a + whether the term before it goes on with what stands behind."""
    texts: list[str] = []
    for part in cut(checked(text), "+"):
        if texts and goes_on and goes_on(texts[-1], part.strip()):
            texts[-1] += f"+{part}"
        else:
            texts.append(part)
    found = (marked(part.strip(), forms) for part in texts)
    return [Piece(body=body, marks=dict(zip(forms, marks, strict=True))) for body, *marks in found]


def cut(text: str, sign: str) -> list[str]:
    """The text cut at a sign, but not inside of quotes."""
    cuts = [match.start() for match in re.finditer(rf':"[^"]*"|{re.escape(sign)}', text)]
    places = [at for at in cuts if text[at] == sign]
    starts, ends = [0, *(at + 1 for at in places)], [*places, len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def marked(text: str, forms: Mapping[str, str]) -> tuple[str, ...]:
    """A term without its marks, and the value of each; "" of one that it does not have."""
    ends = (f"(?:{re.escape(sign)}({value}))?" for sign, value in forms.items())
    match = re.fullmatch(f"(?s)(.*?){''.join(ends)}", text)
    assert match is not None  # its first group takes anything
    return match.groups(default="")


def checked(text: str) -> str:
    """Return a text that is no longer than one may be; else raise InputError."""
    if not isinstance(text, str):
        raise InputError(f"text is wanted, not {shortened(repr(text))}")
    if len(text) > LONGEST:
        problem = f"is {len(text):,} letters long, and at most {LONGEST:,} are read"
        raise InputError(f"{shortened(text)}: {problem}; write a shorter one")
    return text


@contextmanager
def reading(text: str) -> Iterator[None]:
    """Check a text, and let every InputError that is raised inside begin with it."""
    checked(text)
    try:
        yield
    except InputError as error:
        raise InputError(shown(f"{shortened(text, _QUOTE_LENGTH)}: {error}")) from error


def weight_of(value: str) -> float:
    """What * says of a term; 1 where it says nothing."""
    weight = float(value or 1)
    if not 0 < weight < inf:
        raise InputError("a weight (*) is above 0, and no more than numbers can be")
    return weight


def span(text: str, number: str = NUMBER) -> tuple[float, float] | None:
    """The ends of LOW-HIGH, the same two of one number; None of what is neither."""
    match = re.fullmatch(f"({number})(?:-({number}))?", text, re.ASCII)
    return (float(match[1]), float(match[2] or match[1])) if match else None


def number_of(text: str) -> float:
    """The number as Python writes it, NaN where it is none."""
    try:
        return float(text)
    except ValueError:
        return nan


def sizes_in(text: str) -> Iterator[tuple[str, str]]:
    """Sizes and values of SIZE=VALUE,SIZE=VALUE, in their order."""
    for pair in text.split(",") if text else ():
        size, _, value = pair.partition("=")
        if not (size.strip() and value.strip()):
            problem = f"{shortened(pair) or 'nothing'} is no SIZE=VALUE"
            raise InputError(f"a net is written NAME:SIZE=VALUE,SIZE=VALUE, and {problem}")
        yield size, value


def instead(name: str, choices: Iterable[str], usage: str = "") -> str:
    """What to write in place of a name that is not known: one like it; else `usage`, or all."""
    names = tuple(choices)
    if close := get_close_matches(name, names, n=4, cutoff=_CLOSE):
        return f"did you mean {' or '.join(close)}?"
    return usage or f"there are {', '.join(names)}"


def decimal(number: float) -> str:
    """The shortest text that gives the number again, without an exponent."""
    return f"{Decimal(repr(float(number))):f}".removesuffix(".0")


def weighed(weight: float) -> str:
    """What * is to say of a term: `weight_of` of it is the weight."""
    return "" if weight == 1 else decimal(weight)


def spelled(
    name: str, value: str, marks: Mapping[str, str], reads: Callable[[str], bool] | None = None
) -> str:
    """A term as text, without the marks that say nothing.

    Where `value` is a path, `reads` says whether a text is read as this term: if the plain text is
    not, the path is quoted.
    """
    tail = "".join(sign + text for sign, text in marks.items() if text)
    plain = f"{name}:{value}{tail}" if value else f"{name}{tail}"
    with suppress(InputError):
        if reads is None or reads(plain):
            return plain
    return f'{name}:"{value}"{tail}'
