"""The grammar of all texts that ask for something: cut, marked, spelled, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trombine.grammar import (
    LONGEST,
    NUMBER,
    check_marks,
    checked,
    cut,
    decimal,
    instead,
    marked,
    reading,
    sizes_in,
    span,
    spelled,
    unquoted,
    weighed,
    weight_of,
)
from trombine.refusal import InputError

MARKS = {"@": "train|test", "#": r"\d+", "*": NUMBER}


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a+b", ["a", "b"]),
        ("+a+", ["", "a", ""]),
        ('a:"b+c"+d', ['a:"b+c"', "d"]),
        ('a:"b+c', ['a:"b+c']),
    ],
)
def test_signs_cut_but_not_inside_of_quotes(text: str, pieces: list[str]) -> None:
    assert cut(text, r"\+") == pieces


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ("a", "", "", "")),
        ("a@test#3*.5", ("a", "test", "3", ".5")),
        ("a#3@test", ("a#3", "test", "", "")),
        ("a*0.5#100", ("a*0.5", "", "100", "")),
        ("a@other", ("a@other", "", "", "")),
        ("a*1e3", ("a*1e3", "", "", "")),
        ("a\n*2", ("a\n", "", "", "2")),
    ],
)
def test_marks_stand_at_the_end_in_their_order(text: str, parts: tuple[str, ...]) -> None:
    assert marked(text, MARKS) == parts


def test_a_mark_that_is_left_is_refused_with_its_term() -> None:
    check_marks("a:3", "*", "a weight")
    with pytest.raises(InputError, match=r"^after '\*' stands a weight, not 'x' as in 'a\*x'$"):
        check_marks("a*x", "*", "a weight")


@pytest.mark.parametrize("text", ["3-5", "5", ".5-1.5"])
def test_ranges_have_two_ends(text: str) -> None:
    low, _, high = text.partition("-")
    assert span(text, NUMBER) == (low, high or low)
    for wrong in ("", "-5", "3-", "3-5-7", "a", f"{text} "):
        assert span(wrong, NUMBER) is None


@given(st.floats(0, allow_infinity=False, exclude_min=True))
def test_numbers_are_spelled_without_exponents(number: float) -> None:
    text = decimal(number)
    assert float(text) == number and set(text) <= set("0123456789.")
    assert weight_of(weighed(number)) == number


@given(st.text(alphabet='a+@#*"3.5test', min_size=1, max_size=12), st.integers(1, 99))
def test_a_path_is_quoted_where_it_would_be_read_otherwise(path: str, count: int) -> None:
    def read(text: str) -> tuple[str, ...]:
        body, *values = marked(text, MARKS)
        return (unquoted(body.removeprefix("folder:")), *values)

    term = (path, "", str(count), "")
    text = spelled("folder", path, {"@": "", "#": str(count)}, lambda text: read(text) == term)
    assert read(text) == term
    assert text in (f"folder:{path}#{count}", f'folder:"{path}"#{count}')


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
