"""What is asked of generated faces, in text: seeds as `0-31`, attributes as `age=60, blue eyes`.

Attributes are fields of the world's faces (world/faces.py), in their units, or words that stand for
some (WORDS). docs/generate.md lists both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from trombine.core.errors import InputError, shortened
from trombine.core.grammar import decimal, instead
from trombine.world.faces import FIELDS, FieldInfo

LARGEST: Final = 999_999_999  # of a seed
MOST: Final = 100_000  # pictures of a command
TIMES: Final = (1, 2, 4)  # a picture's size, of the net's own
_SEEDS: Final = "write them as 0-31, or 3,8,21"
_WRITE: Final = 'write --attributes "age=60, blue eyes, glasses, smile=.8"'
_GUIDE: Final = "docs/generate.md lists all attributes"
_KNOWN: Final = {field.name: field for field in FIELDS}
# What people write first. Colours of hair also say that it is not grey or dyed.
WORDS: Final = {
    "woman": "masculine=.1",
    "man": "masculine=.9",
    "girl": "masculine=.1, age=16",
    "boy": "masculine=.9, age=16",
    "young": "age=20",
    "old": "age=72",
    "pale skin": "tone=0",
    "light skin": "tone=.1",
    "brown skin": "tone=.6",
    "dark skin": "tone=.85",
    "blue eyes": "iris=1",
    "grey eyes": "iris=.71",
    "green eyes": "iris=.57",
    "hazel eyes": "iris=.43",
    "amber eyes": "iris=.29",
    "brown eyes": "iris=.14",
    "dark eyes": "iris=0",
    "big eyes": "eye_size=1",
    "small eyes": "eye_size=-1",
    "blond": "hair_light=.95, hair_red=0, hair_grey=0, hair_dye=0",
    "black hair": "hair_light=.05, hair_red=0, hair_grey=0, hair_dye=0",
    "brown hair": "hair_light=.5, hair_red=.1, hair_grey=0, hair_dye=0",
    "blond hair": "hair_light=.95, hair_red=0, hair_grey=0, hair_dye=0",
    "red hair": "hair_light=.6, hair_red=1, hair_grey=0, hair_dye=0",
    "grey hair": "hair_grey=.8, hair_dye=0",
    "white hair": "hair_grey=1, hair_dye=0",
    "pink hair": "hair_light=.9, hair_grey=0, hair_dye=1, hair_hue=.93",
    "purple hair": "hair_light=.5, hair_grey=0, hair_dye=1, hair_hue=.78",
    "blue hair": "hair_light=.5, hair_grey=0, hair_dye=1, hair_hue=.6",
    "green hair": "hair_light=.5, hair_grey=0, hair_dye=1, hair_hue=.36",
    "short hair": "hair_length=.2",
    "long hair": "hair_length=.95",
    "straight hair": "hair_curl=0",
    "wavy hair": "hair_curl=.35",
    "curly hair": "hair_curl=.7",
    "bald": "recession=1, hair_length=0, hair_curl=0, fringe=0",
    "full beard": "beard=1, beard_extent=1, moustache=1",
    "smiling": "smile=1",
    "laughing": "smile=1, mouth_open=.6, teeth=1",
    "serious": "smile=0",
    "sad": "smile=-.7, brow_sad=.7",
    "angry": "smile=-.4, brow_furrow=1, brow_sad=-.7",
    "sunglasses": "glasses=1, glasses_tint=1",
}
_SAME: Final = {"gray": "grey", "blonde": "blond", "large": "big", "female": "woman", "male": "man"}
OF_MEN: Final = ("beard", "moustache")  # in the world; a face of a woman has none
SEX: Final = "masculine"
# What follows from a field in the world: drawn for another age, it would belie the one asked for.
_FOLLOW: Final = {
    "age": ("hair_grey", "recession", "glasses", "eye_size"),
    SEX: ("jaw_width", "brow_thick", "eye_size", "lipstick", "hair_length", "recession"),
}
# The same of a face that is drawn again: whoever has a beard in the world has a moustache.
_FOLLOW_AGAIN: Final = {**_FOLLOW, "beard": ("moustache",), "moustache": ("beard",)}
# What the reader reads of the fullest: it tells dense beards from denser ones only roughly.
_MOST_READ: Final[dict[str, float]] = {"beard": 0.9, "moustache": 0.9}


def seeds_in(text: str, *, way: bool = False) -> tuple[int, ...]:
    """The seeds that a text names, in its order: each once, or of a way none twice in a row."""
    seeds: list[int] = []
    for term in text.split(","):
        first, dash, last = (part.strip() for part in term.partition("-"))
        if not first:
            first, dash = term.strip(), ""
        ends = (_seed(first), _seed(last if dash else first))
        if ends[1] < ends[0]:
            raise InputError(f"seeds {shortened(term.strip())}: the last is before the first")
        if ends[1] - ends[0] + len(seeds) >= MOST:
            raise InputError(f"these are more than {MOST:,} seeds", "give them in several commands")
        seeds += range(ends[0], ends[1] + 1)
    twice = any(a == b for a, b in pairwise(seeds)) if way else len(set(seeds)) < len(seeds)
    if twice:
        raise InputError("a seed is there twice", _SEEDS)
    return tuple(seeds)


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise InputError(f"seeds are whole numbers from 0 on, not {shortened(text)!r}", _SEEDS)
    if len(text) > len(str(LARGEST)):
        raise InputError(f"seeds end at {LARGEST:,}", _SEEDS)
    return int(text)


def fields_in(text: str) -> dict[str, float]:
    """The fields that a text sets, by name: `glasses` is glasses=1, `no smile` smile=0, and a
    phrase of WORDS is what it stands for."""
    asked: dict[str, float] = {}
    for term in text.split(",") if text.strip() else ():
        name, equals, value = (part.strip() for part in term.lower().partition("="))
        absent = not equals and name.startswith("no ")
        name = name.removeprefix("no ").strip() if absent else name
        if not name:
            raise InputError("the attributes have a comma with nothing beside it", _WRITE)
        if field := _KNOWN.get(name.replace(" ", "_")):
            found = {field.name: _number(field, value) if equals else _named(field, absent)}
        elif not (found := _in_words(name)):
            raise InputError(f"a face has no {shortened(name)}", _like(name))
        elif equals or absent:
            raise InputError(f"{name} stands alone", f"it means {spelled(found)}")
        for name in found:
            if name in asked:
                raise InputError(f"{name} is there twice", "say it once")
        asked |= found
    if asked.get(SEX, 1) < 0.5:
        for name in OF_MEN:
            if asked.get(name, 0) > 0:
                problem = f"a {name} is asked for, and {SEX}={decimal(asked[SEX])}"
                raise InputError(f"{problem}, and the world's women have none", "leave one out")
    return asked


def _in_words(phrase: str) -> dict[str, float]:
    """The fields that a phrase stands for: `old man` is old and man, `long red hair` is long hair
    and red hair; none where it has an unknown word."""
    *first, last = (_SAME.get(word, word) for word in phrase.replace("-", " ").split())
    if (whole := " ".join((*first, last))) in WORDS:
        return fields_in(WORDS[whole])
    each = [f"{word} {last}" if f"{word} {last}" in WORDS else word for word in first]
    each += [last] if last not in ("hair", "eyes", "skin") else []
    if not set(each) <= WORDS.keys():
        return {}
    return fields_in(", ".join(WORDS[name] for name in each))


def _like(name: str) -> str:
    """What to write in place of an attribute that no face has."""
    parts = [word.rstrip("s") for word in name.split() if len(word) > 2]
    near = [
        f"{field.name} ({field.text}, {field.low:g} to {field.high:g})"
        for field in FIELDS
        if any(part in field.name or part in field.text for part in parts)
    ]
    usage = f"write a number for {' or '.join(near[:2])}" if near else _WRITE
    return f"{instead(name, (*_KNOWN, *WORDS), usage)}; {_GUIDE}"


def _number(field: FieldInfo, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not field.low <= value <= field.high:
        unit = f" {field.unit}" if field.unit else ""
        bounds = f"{field.low:g} to {field.high:g}{unit}"
        about = "" if field.text == field.name else f" ({field.text})"
        raise InputError(f"{field.name} is {bounds}{about}, not {shortened(text)!r}")
    return value


def _named(field: FieldInfo, absent: bool) -> float:
    """The value of a field that is named without one."""
    if field.high != 1:
        problem = f"{field.name} needs a number: {field.text}, {field.low:g} to {field.high:g}"
        raise InputError(problem, f"write {field.name}={field.high:g}, say")
    return 0.0 if absent else 1.0


def spelled(asked: Mapping[str, float]) -> str:
    """The one way to write these fields, in the order of the world's."""
    return ", ".join(f"{name}={decimal(asked[name])}" for name in _KNOWN if name in asked)


def merged(drawn: Mapping[str, float], asked: Mapping[str, float]) -> dict[str, float]:
    """The fields of a drawn face with those that are asked for; NaN is what a net may choose, as
    what was drawn goes ill with what is asked."""
    following = {name for cause in asked for name in _FOLLOW.get(cause, ()) if name in drawn}
    fields = {**drawn, **dict.fromkeys(following, math.nan), **asked}
    asks_of_men = any(asked.get(name, 0) > 0 for name in OF_MEN)
    if asks_of_men and SEX not in asked and drawn.get(SEX, 1) < 0.5:
        fields[SEX] = math.nan
    if asked.get(SEX, 1) < 0.5:
        fields.update({name: 0.0 for name in OF_MEN if name in drawn and name not in asked})
    return fields


def freed(person: Mapping[str, float], asked: Mapping[str, float]) -> dict[str, float]:
    """What is told of a person who is drawn again: not what goes ill with what is asked, as no
    moustache with a beard, or a woman's hair where nothing says any more that it is one."""
    causes = [*asked, *((SEX,) if math.isnan(person.get(SEX, 0)) else ())]
    names = {name for cause in causes for name in _FOLLOW_AGAIN.get(cause, ())}
    return {n: math.nan if n in names and n not in asked else v for n, v in person.items()}


def apart(name: str, asked: float, read: float) -> float:
    """How far what is read of a field is from what was asked, of its range."""
    field, asked = _KNOWN[name], min(asked, _MOST_READ.get(name, math.inf))
    return abs(asked - read) / (field.high - field.low)


def check_told(asked: Mapping[str, float], told: Sequence[str]) -> None:
    """Refuse a field that a model is not told of."""
    if unknown := [name for name in asked if name not in told]:
        if not told:
            raise InputError("this model is told of no fields", "leave --attributes out")
        choices = instead(unknown[0], told)
        raise InputError(f"this model is not told of {unknown[0]}", choices)
