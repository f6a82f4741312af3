"""The one syntax of texts that ask for something: cut, marked, spelled, and what is refused."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trombine.core.errors import InputError
from trombine.core.grammar import (
    LONGEST,
    NUMBER,
    checked,
    decimal,
    instead,
    pieces,
    reading,
    sizes_in,
    span,
    spelled,
    weighed,
    weight_of,
)
from trombine.data.augment import Augment
from trombine.data.degrade import Chain
from trombine.data.masks import parse as parse_masks
from trombine.data.spec import parse
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
    ],
)
def test_terms_are_cut_at_signs_but_not_inside_of_quotes(text: str, bodies: list[str]) -> None:
    found = pieces(text, {}, lambda before, after: before == "a:b" and after != "d:e")
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


@pytest.mark.parametrize("text", ["3-5", "5", ".5-1.5"])
def test_ranges_have_two_ends(text: str) -> None:
    low, _, high = text.partition("-")
    assert span(text) == (float(low), float(high or low))
    for wrong in ("", "-5", "3-", "3-5-7", "a", f"{text} "):
        assert span(wrong) is None


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


def test_what_is_refused_names_the_text_in_one_line() -> None:
    with pytest.raises(InputError) as caught, reading("a\n\x1b[31m"):
        raise InputError("is\nwrong")
    assert str(caught.value) == "a\\n\\x1b[31m: is\\nwrong"
    with pytest.raises(InputError) as caught, reading("a" * 900):
        raise InputError("is wrong")
    assert str(caught.value) == "a" * 200 + "…: is wrong"


def test_texts_are_bounded() -> None:
    assert checked("a" * LONGEST) == "a" * LONGEST
    with pytest.raises(InputError, match="is 10,001 letters long, and at most 10,000 are read"):
        checked("a" * (LONGEST + 1))


def test_another_name_is_proposed() -> None:
    names = ("mirror", "zoom")
    assert instead("miror", names) == "did you mean mirror?"
    assert instead("blur", names) == "there are mirror, zoom"
    assert instead("blur", names, "write zoom:2") == "write zoom:2"


def test_sizes_of_nets() -> None:
    assert list(sizes_in("")) == []
    assert list(sizes_in("width=32, norm=none")) == [("width", "32"), (" norm", "none")]
    for wrong in ("width", "width=", "=3", "width=3,"):
        with pytest.raises(InputError, match=r"NAME:SIZE=VALUE,SIZE=VALUE, and .* no SIZE=VALUE"):
            list(sizes_in(wrong))


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
