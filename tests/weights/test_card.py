"""A card is the same after writing and reading; what is no card gets one line."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trombine.refusal import InputError
from trombine.weights.card import Card, Score, dumps, loads

CARD = Card(task="upscale", net="residual", sizes={"width": 4})
PLAIN: dict[str, Any] = json.loads(dumps(CARD))


def test_a_card_is_what_was_written(card: Card) -> None:
    assert loads(dumps(card)) == card
    assert dumps(loads(dumps(card))) == dumps(card)


def test_the_text_is_one_line_of_ascii_with_sorted_keys(card: Card) -> None:
    text = dumps(card)
    assert text.isascii() and len(text.splitlines()) == 1
    found = json.loads(text)
    assert list(found) == sorted(found) == sorted(field.name for field in fields(Card))


def test_the_order_of_sizes_does_not_matter() -> None:
    one = Card(task="a", net="b", sizes={"width": 1, "depth": 2})
    other = Card(task="a", net="b", sizes={"depth": 2, "width": 1})
    assert dumps(one) == dumps(other)


def test_a_whole_number_is_a_score() -> None:
    plain = {**PLAIN, "scores": [{"measure": "PSNR", "value": 30, "protocol": ""}]}
    assert loads(json.dumps(plain)).scores == (Score(measure="PSNR", value=30.0, protocol=""),)


def test_a_newer_format_says_so_whatever_else_it_holds() -> None:
    with pytest.raises(InputError, match=r"by a newer trombine \(format 2\); update trombine"):
        loads(json.dumps({"format": 2, "something": "new"}))


def test_a_card_from_before_the_digest_and_the_start_has_none() -> None:
    plain = {key: value for key, value in PLAIN.items() if key not in ("digest", "start")}
    assert loads(json.dumps(plain)) == CARD and CARD.digest == CARD.start == ""


SCORE = {"measure": "m", "value": 1.0, "protocol": "p"}
WRONG: list[dict[str, Any]] = [
    {"task": 3},
    {"net": None},
    {"sizes": []},
    {"sizes": {"width": [4]}},
    {"sizes": {"width": None}},
    {"settings": "none"},
    {"pictures": 1.5},
    {"pictures": True},
    {"pictures": -1},
    {"scores": {}},
    {"scores": [3]},
    {"scores": [{**SCORE, "value": "high"}]},
    {"scores": [{**SCORE, "value": True}]},
    {"scores": [{**SCORE, "value": 10**400}]},
    {"scores": [{**SCORE, "more": 1}]},
    {"scores": [{"measure": "m", "value": 1.0}]},
    {"digest": None},
    {"start": None},
    {"format": 0},
    {"format": "1"},
    {"format": True},
    {"surplus\n": 1},
]


@pytest.mark.parametrize("change", WRONG, ids=str)
def test_a_wrong_field_gets_one_line(change: dict[str, Any]) -> None:
    with pytest.raises(InputError) as refused:
        loads(json.dumps({**PLAIN, **change}))
    assert len(str(refused.value).splitlines()) == 1 and len(str(refused.value)) < 200


@pytest.mark.parametrize("name", sorted(PLAIN.keys() - {"digest", "start"}))
def test_a_missing_field_gets_one_line(name: str) -> None:
    plain = {key: value for key, value in PLAIN.items() if key != name}
    with pytest.raises(InputError, match=f"lacks {name}"):
        loads(json.dumps(plain))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "3",
        "NaN",
        '{"format": NaN}',
        "[" * 100_000,
        '{"pictures": ' + "9" * 5000 + "}",
        json.dumps({**PLAIN, "sizes": {"slope": 1}}).replace('"slope": 1', '"slope": 1e999'),
        json.dumps({**PLAIN, "about": "x" * 1_000_001}),
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_card_gets_one_line(text: str) -> None:
    with pytest.raises(InputError) as refused:
        loads(text)
    assert len(str(refused.value).splitlines()) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(PLAIN)), JSON)
def test_any_value_is_a_card_or_one_line(name: str, value: object) -> None:
    try:
        found = loads(json.dumps({**PLAIN, name: value}))
    except InputError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert loads(dumps(found)) == found


def test_not_a_number_is_never_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        dumps(replace(CARD, settings={"rate": float("nan")}))
