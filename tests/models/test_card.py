"""A card is the same after writing and reading; what is no card gets one line."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from trombine.core.errors import InputError
from trombine.models.card import Card, dumps, loads

CARD = Card(task="upscale", net="residual", sizes={"width": 4})
PLAIN: dict[str, Any] = json.loads(dumps(CARD))


def test_a_card_is_what_was_written(card: Card) -> None:
    assert loads(dumps(card)) == card
    assert dumps(loads(dumps(card))) == dumps(card)


def test_a_newer_format_says_so_whatever_else_it_holds() -> None:
    with pytest.raises(InputError, match=r"by a newer trombine \(format 2\); update trombine"):
        loads(json.dumps({"format": 2, "something": "new"}))


def test_a_card_of_other_versions_has_more_fields_or_fewer() -> None:
    plain = {key: value for key, value in PLAIN.items() if key != "start"}
    assert loads(json.dumps({**plain, "digest": "0123"})) == CARD


WRONG: list[dict[str, Any]] = [
    {"task": 3},
    {"format": "one"},
]


@pytest.mark.parametrize("change", WRONG, ids=str)
def test_a_wrong_field_gets_one_line(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="its card cannot be read") as refused:
        loads(json.dumps({**PLAIN, **change}))
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("text", ["", "[]", '{"format": 1}'])
def test_what_is_no_card_gets_one_line(text: str) -> None:
    with pytest.raises(InputError, match="its card cannot be read") as refused:
        loads(text)
    assert len(str(refused.value).splitlines()) == 1


def test_not_a_number_is_never_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        dumps(replace(CARD, settings={"rate": float("nan")}))
