"""The one syntax of texts that ask for something: cut, marked, spelled, and what is refused."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trombine.core.errors import InputError
from trombine.core.grammar import (
    NUMBER,
    Piece,
    decimal,
    pieces,
    spelled,
    weighed,
    weight_of,
)
from trombine.data.augment import Augment
from trombine.data.degrade import Chain
from trombine.data.masks import parse as parse_masks
from trombine.data.source import parse
from trombine.models import read_card
from trombine.models.zoo import shipped

MARKS = {"@": "train|test", "#": r"\d+", "*": NUMBER}


@pytest.mark.parametrize(
    ("text", "bodies"),
    [
        ("", [""]),
        ("a+b", ["a", "b"]),
        ("+a+", ["", "a", ""]),
        ('a:"b+c"+d', ['a:"b+c"', "d"]),
        ("a:b+c+d:e", ["a:b+c", "d:e"]),
        ("a:b+c+d2+d#3", ["a:b+c+d2", "d#3"]),
    ],
)
def test_terms_are_cut_at_signs_but_not_inside_of_quotes(text: str, bodies: list[str]) -> None:
    found = pieces(text, {}, names=("d",), paths=("a",) if "a:" in text and '"' not in text else ())
    assert [piece.body for piece in found] == bodies


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ("a", "", "", "", "")),
        ("a:b:c@test#3*.5", ("a", "b:c", "test", "3", ".5")),
        ("a#3@test", ("a#3", "", "test", "", "")),
        ("a*0.5#100", ("a*0.5", "", "", "100", "")),
        ("a@other", ("a@other", "", "", "", "")),
        ('a:"b*2"*3', ("a", "b*2", "", "", "3")),
    ],
)
def test_marks_stand_at_the_end_in_their_order(text: str, parts: tuple[str, ...]) -> None:
    (piece,) = pieces(text, MARKS)
    assert (piece.name, piece.value, *piece.marks.values()) == parts


@given(st.floats(0, allow_infinity=False, exclude_min=True))
def test_numbers_are_spelled_without_exponents(number: float) -> None:
    text = decimal(number)
    assert float(text) == number and set(text) <= set("0123456789.")
    assert weight_of(weighed(number)) == number


@given(st.text(alphabet='a+@#*"3.5test', min_size=1, max_size=12), st.integers(1, 99))
def test_a_path_is_quoted_where_it_would_be_read_otherwise(path: str, count: int) -> None:
    def read(text: str) -> tuple[tuple[str, ...], ...]:
        return tuple((piece.value, *piece.marks.values()) for piece in pieces(text, MARKS))

    term = ((path, "", str(count), ""),)
    text = spelled("folder", path, {"@": "", "#": str(count)}, lambda text: read(text) == term)
    assert text in (f"folder:{path}#{count}", f'folder:"{path}"#{count}')
    assert read(text) == term or '"' in path


@pytest.mark.parametrize(
    ("text", "keys", "found"),
    [
        ("net", (), {}),
        ("net:width=32, norm=none", (), {"width": "32", "norm": "none"}),
        ("age:57:11", ("mean", "spread"), {"mean": "57", "spread": "11"}),
        ("age:57,11", ("mean", "spread"), {"mean": "57", "spread": "11"}),
        ("age:spread=11,mean=57", ("mean", "spread"), {"spread": "11", "mean": "57"}),
        ("age:57,spread=11", ("mean", "spread"), {"mean": "57", "spread": "11"}),
    ],
)
def test_values_are_by_key_or_in_order(
    text: str, keys: tuple[str, ...], found: dict[str, str]
) -> None:
    assert Piece(body=text, marks={}).values(*keys) == found


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        *(("n:width", ()), ("n:width=", ()), ("n:=3", ()), ("n:a=3,", ()), ("n:a=1,a=2", ())),
        *(("n:1,2", ("a",)), ("n:b=1", ("a",)), ("n:1,a=2", ("a", "b"))),
    ],
)
def test_values_that_are_none(text: str, keys: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match=r"n is written n:(SIZE|A)=VALUE"):
        Piece(body=text, marks={}).values(*keys)


def _damage(text: str) -> object:
    return parse_masks(text.removeprefix("hole:")) if "hole:" in text else Chain.parse(text)


def test_the_texts_in_the_cards_of_shipped_models_are_read() -> None:
    """What they learned from, what spoiled it, and how it was changed."""
    parsers = {"data": parse, "other": parse, "damage": _damage, "augment": Augment.parse}
    read = Counter[str]()
    for path in shipped().values():
        for field, parser in parsers.items():
            text = read_card(path).settings.get(field)
            if isinstance(text, str) and text:
                parser(text)
                read[field] += 1
    assert min(read[field] for field in parsers) > 0
