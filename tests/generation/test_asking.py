"""Attributes in words: what users write first sets fields, and the rest is told what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from trombine.core.errors import InputError
from trombine.generation.asking import WORDS, fields_in, spelled
from trombine.world import face
from trombine.world.colours import hair_colour
from trombine.world.faces import FIELDS

ASKED = {
    "blue eyes, long hair": {"iris": 1.0, "hair_length": 0.95},
    "Blonde hair": fields_in("blond"),
    "long gray hair": {"hair_length": 0.95, "hair_grey": 0.8, "hair_dye": 0.0},
    "big blue eyes": {"eye_size": 1.0, "iris": 1.0},
    "young woman, freckles": {"age": 20.0, "masculine": 0.1, "freckles": 1.0},
    "Old man, Hair length=.4": {"age": 72.0, "masculine": 0.9, "hair_length": 0.4},
}


@pytest.mark.parametrize("text", ASKED)
def test_words_set_fields(text: str) -> None:
    assert fields_in(text) == ASKED[text]


@pytest.mark.parametrize("words", WORDS)
def test_each_word_can_be_drawn_and_is_spelled_in_fields(words: str) -> None:
    asked = fields_in(words)
    assert fields_in(spelled(asked)) == asked
    face(7, **asked)


def test_colours_of_hair_are_what_they_are_called() -> None:
    light = {w: hair_colour(face(7, **fields_in(w))) for w in WORDS if w == "blond" or "hair" in w}
    assert light["black hair"].max() < light["brown hair"].max() < light["blond"].max()
    red, green, blue = light["red hair"]
    assert red > 2 * green > 2 * blue
    assert light["blue hair"].argmax() == 2 and light["green hair"].argmax() == 1


SAID = {
    "golden eyes": "did you mean green eyes or",
    "pointy ears": "write a number for ear_size (small to large ears, -1 to 1)",
    "tattoo": 'write --attributes "age=60, blue eyes, glasses, smile=.8"; docs/generate.md lists',
    "smiling=.8": "smiling stands alone; it means smile=1",
    "no blue eyes": "blue eyes stands alone; it means iris=1",
    "iris=blue": "iris is 0 to 1 (colour: brown, amber,",
    "old, age=30": "age is there twice; say it once",
    "woman, full beard": "the world's women have none",
}


@pytest.mark.parametrize("text", SAID)
def test_a_wrong_word_gets_one_that_is_right(text: str) -> None:
    with pytest.raises(InputError) as refused:
        fields_in(text)
    assert SAID[text] in str(refused.value)


def test_the_guide_lists_all_words_and_fields(root: Path) -> None:
    rows = (root / "docs" / "generate.md").read_text().splitlines()
    assert {f"| {words} | `{fields}` |" for words, fields in WORDS.items()} <= set(rows)
    for field in FIELDS:
        numbers = f"{field.low:g} to {field.high:g} {field.unit}".strip()
        assert f"| `{field.name}` | {numbers} | {field.text} |" in rows
