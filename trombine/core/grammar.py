"""The one syntax of the texts in which a user asks for something.

    text  = term { "+" term }                masks have stages joined by > as well
    term  = name [ ":" value { "," value } ] { mark }
    value = what | key "=" what
    mark  = sign and what belongs to it      *0.5  ?0.3  @test  #100

    irregular:share=30-40,edge=inside*0.7   jpeg:60-95?0.5   head+body@50000   residual:width=32

A path may hold any sign: where it could be read as more of the text it is put in double quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from math import inf, nan
from typing import Final

from trombine.core.errors import InputError, shortened, shown

NUMBER: Final = r"\d+(?:\.\d*)?|\.\d+"
SHARE: Final = {"*": NUMBER}  # the mark that most texts have


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A term of a text."""

    body: str  # without its marks
    marks: Mapping[str, str]  # by sign; "" of one that it does not have

    @property
    def name(self) -> str:
        """What stands before the first colon."""
        return self.body.partition(":")[0].strip()

    @property
    def value(self) -> str:
        """What stands behind it, without quotes."""
        value = self.body.partition(":")[2]
        return value[1:-1] if len(value) > 2 and value[0] == value[-1] == '"' else value

    def values(self, *keys: str) -> dict[str, str]:
        """The value as key=what,key=what, or in the order of the keys as what,what; older texts
        have a colon for the comma. Without keys any key may be there."""
        found: dict[str, str] = {}
        signs = "," if "=" in self.value else "[,:]"
        for place, text in enumerate(re.split(signs, self.value) if self.value else ()):
            key, equals, what = map(str.strip, text.partition("="))
            if not equals:
                key, what = keys[place] if place < len(keys) else "", key
            if not key or not what or key in found or (keys and key not in keys):
                written = ",".join(f"{key.upper()}=VALUE" for key in keys or ("size", "size"))
                wrong = shortened(text) or "nothing"
                raise InputError(f"{self.name} is written {self.name}:{written}, not with {wrong}")
            found[key] = what
        return found


def pieces(
    text: str,
    marks: Mapping[str, str] = SHARE,
    *,
    names: Collection[str] = (),
    paths: Collection[str] = (),
) -> list[Piece]:
    """The terms of a text. `marks` has for each sign what may stand behind it, in their order. The
    value of a name of `paths` may hold a +: it goes on until one of `names` or `paths` follows."""
    begins = re.compile(rf"\s*(?:{'|'.join((*names, *paths))})(?=[:@#*?]|\s*$)")
    path = re.compile(rf"\s*(?:{'|'.join(paths)}):")
    texts: list[str] = []
    for part in cut(text, "+"):
        if texts and paths and path.match(texts[-1]) and not begins.match(part):
            texts[-1] += f"+{part}"
        else:
            texts.append(part)
    ends = "".join(f"(?:{re.escape(sign)}({value}))?" for sign, value in marks.items())
    term = re.compile(rf"(?s)\s*(.*?){ends}\s*")
    found = [match.groups(default="") for match in map(term.fullmatch, texts) if match]
    return [Piece(body=body, marks=dict(zip(marks, held, strict=True))) for body, *held in found]


def cut(text: str, sign: str) -> list[str]:
    """The text cut at a sign, but not inside of quotes."""
    found = re.finditer(rf':"[^"]*"|{re.escape(sign)}', text)
    places = [match.start() for match in found if match[0] == sign]
    starts, ends = [0, *(at + 1 for at in places)], [*places, len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


@contextmanager
def reading(text: str) -> Iterator[None]:
    """Let every InputError that is raised inside begin with the text."""
    try:
        yield
    except InputError as error:
        raise InputError(shown(f"{shortened(text, 200)}: {error}")) from error


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


def instead(name: str, choices: Iterable[str], usage: str = "") -> str:
    """What to write in place of a name that is not known: one like it; else `usage`, or all."""
    names = tuple(choices)
    if close := get_close_matches(name, names, n=4, cutoff=0.65):
        return f"did you mean {' or '.join(close)}?"
    return usage or f"there are {', '.join(names)}"


def decimal(number: float) -> str:
    """The shortest text that gives the number again, without an exponent."""
    return f"{Decimal(repr(float(number))):f}".removesuffix(".0")


def spelled(
    name: str, value: str, marks: Mapping[str, str], reads: Callable[[str], bool] | None = None
) -> str:
    """A term as text, without the marks that say nothing. A path is quoted unless `reads` says that
    the plain text is read as this term."""
    tail = "".join(sign + text for sign, text in marks.items() if text)
    plain = f"{name}:{value}{tail}" if value else f"{name}{tail}"
    with suppress(InputError):
        if reads is None or reads(plain):
            return plain
    return f'{name}:"{value}"{tail}'


def weighed(weight: float) -> str:
    """What * is to say of a term: `weight_of` of it is the weight."""
    return "" if weight == 1 else decimal(weight)
