"""The program that measures fitted people: what is true scores best, and what is off is so by as
much."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
import portrait
import portrait_people as people
import pytest
from portrait_people import SIZE, STYLE, Case
from table import Row

from trombine.faces import Face
from trombine.faces.frames import Frame, Samples
from trombine.restyling import drawing
from trombine.restyling.portrait import Character
from trombine.world import Face as Person
from trombine.world import face, paint

NOBODYS = range(2_000_000, 2_000_008)
MIDDLE = {"centre_x": 0.0, "centre_y": 0.0, "scale": 0.25, "roll": 0.0}


def values(rows: Iterable[Row]) -> dict[str, Row]:
    return {row.name: row for row in rows}


def true_of(person: Person) -> Character:
    """The character that a perfect fit has."""
    frame = Frame(x=SIZE / 2, y=SIZE / 2, side=SIZE)
    return Character(person=replace(person, **MIDDLE), frame=frame)


def in_the_middle(seed: int, **fixed: float) -> Person:
    return replace(face(seed), **MIDDLE, **fixed)


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Iterator[Person]], None]:
    """Has every fit, from now on, find the next of these people, where they are painted."""

    def find(those: Iterator[Person]) -> None:
        def character_of(picture: Samples, one: Face, style: str, tick: object) -> Character:
            return true_of(next(those))

        for module in (drawing, portrait):
            monkeypatch.setattr(module, "character_of", character_of)

    return find


@pytest.fixture
def one(fitted: Callable[[Iterator[Person]], None]) -> Case:
    """A painted person, as the command draws them, who was fitted perfectly."""
    person = in_the_middle(NOBODYS[0])
    fitted(iter([person]))
    case = people.case_of(person)
    assert case is not None
    return case


# What is compared -------------------------------------------------------------------------------


def test_the_true_drawing_has_its_own_edges() -> None:
    truth = paint(face(NOBODYS[0]), SIZE, STYLE)
    assert people.edges_of(truth.pixels, truth) == (1, 1)


def test_fields_of_the_truth_are_all_found() -> None:
    true = [face(seed) for seed in NOBODYS]
    assert list(people.geometry(true, true).values()) == [1] * len(people.GEOMETRY)
    others = people.geometry([face(seed + 100) for seed in NOBODYS], true)
    assert np.mean(list(others.values())) < 0


def test_colours_off_are_in_lab(one: Case) -> None:
    """Black hair is hardly off black hair; grey hair is off by about what it is lighter."""
    black = replace(one.person, hair_light=0.0, hair_red=0.0, hair_grey=0.0, hair_dye=0.0)
    for grey, low, high in ((0.0, 0, 0), (1.0, 60, 75)):
        character = replace(one.character, person=replace(black, hair_grey=grey))
        case = replace(one, person=black, character=character)
        assert low <= people.lab_off(case, "hair") <= high
        assert people.lab_off(replace(case, person=character.person), "hair") == 0


def test_what_is_hidden_has_no_colour() -> None:
    person = replace(face(NOBODYS[0]), hair_length=1.0, recession=0.0, hat=0.0, beard=0.0)
    person = replace(person, glasses=0.0, lid_open=0.8, squint=0.0)
    photo = paint(person, SIZE, "photo")
    assert all(people.is_seen(photo, name) for name in people.SEEN)
    bald = replace(person, hair_length=0.0, recession=1.0, moustache=0.0, bun=0.0)
    hidden = paint(replace(bald, glasses=1.0, glasses_tint=1.0, lid_open=0.0), SIZE, "photo")
    assert not people.is_seen(hidden, "iris")
    assert people.is_seen(hidden, "skin")


def test_glasses_that_are_kept() -> None:
    """One of two is kept, and two of three are still without."""
    theirs, ours = [True, True, False, False, False], [True, False, False, False, True]
    rows = values(portrait.glasses(theirs, ours))
    assert rows["portraits: with glasses, by the witness"].value == 2
    assert rows["portraits: glasses kept"].value == 0.5
    assert rows["portraits: without glasses before and after"].value == pytest.approx(2 / 3)
    assert "portraits: glasses kept" not in values(portrait.glasses([False], [False]))
