"""A person of a photograph drawn by the painter: characters, films, heads put into pictures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trombine.core.conventions import PART_INDEX
from trombine.core.errors import InputError
from trombine.faces import Face
from trombine.faces.frames import Frame, Samples, samples_of
from trombine.faces.tracks import unit
from trombine.generation import PAINTER
from trombine.io.image import Picture, picture_of, save_picture
from trombine.io.video import Frames
from trombine.restyling import drawing, stylize
from trombine.restyling.drawing import Drawn, Restyling, faces_in, restyled
from trombine.restyling.portrait import (
    Actor,
    Character,
    character_of,
    cutout,
    known,
    read_character,
)
from trombine.restyling.stylize import model_of
from trombine.world import face, paint
from trombine.world.painting import cut_out
from trombine.world.shape import shape

PERSON = replace(face(1_000_003), centre_x=0.02, centre_y=-0.01, scale=0.24, roll=0.1)
SIZE = 160


def scene() -> np.ndarray:
    """A painted face before smooth colours."""
    rows, columns = np.mgrid[:220, :260]
    ground = np.stack([rows, columns // 2, 90 + 0 * rows], 2).astype(np.uint8)
    ground[30 : 30 + SIZE, 50 : 50 + SIZE] = paint(PERSON, SIZE).pixels
    return ground


@pytest.fixture(scope="module")
def image() -> Picture:
    return picture_of(scene())


@pytest.fixture(scope="module")
def faces(image: Picture) -> list[Face]:
    return list(faces_in(image))


@pytest.fixture(scope="module")
def character(image: Picture, faces: list[Face]) -> Character:
    return character_of(samples_of(image.rgb_pixels()), faces[0], "photo")


def asked(**options: object) -> Restyling:
    return Restyling(path=model_of("restyle"), target="anime", method=PAINTER, **options)  # pyright: ignore


def drawn(image: Picture, faces: list[Face], character: Character, **options: object) -> Drawn:
    return restyled(image, asked(**options), faces, "photo", [character])


def test_the_person_is_found_where_it_is(character: Character) -> None:
    frame = character.frame
    assert character.fits and character.points_off < 0.03
    assert abs(frame.side - SIZE * PERSON.scale / 0.25) < 0.04 * SIZE
    assert abs(frame.angle - PERSON.roll) < 0.05
    assert abs(frame.x - (50 + SIZE * (0.5 + PERSON.centre_x))) < 0.04 * SIZE


def test_a_portrait_is_framed_as_its_photograph(character: Character) -> None:
    moved = replace(character, frame=replace(character.frame, x=character.frame.x - 50,
                                             y=character.frame.y - 30))  # fmt: skip
    framed = moved.framed(SIZE, SIZE)
    assert abs(framed.scale - PERSON.scale) < 0.01 and abs(framed.roll - PERSON.roll) < 0.05
    assert abs(framed.centre_x - PERSON.centre_x) < 0.011
    small = character.framed(2000, 3000)
    assert (small.centre_x, small.centre_y, small.scale) == (0, 0, 0.25)


def test_only_the_head_is_changed(image: Picture, faces: list[Face], character: Character) -> None:
    found = drawn(image, faces, character)
    before, after = image.rgb_pixels().astype(int), found.image.rgb_pixels().astype(int)
    assert np.array_equal(before[~found.where], after[~found.where])
    assert 0.05 < found.where.mean() < 0.6
    assert not found.where[:, :30].any() and not found.where[-8:].any()
    middle = found.where[100:150, 100:160]
    assert middle.mean() > 0.95 and found.characters == [character]


def test_what_lies_round_a_head_goes_on_behind_a_narrower_one() -> None:
    """A ground that gets darker downwards, behind hair that is shorn."""
    person = replace(face(1_000_004), hair_length=0.9, hat=0.0)
    colours, opacity, parts = cut_out(person, shape(person, "photo"), 256, "photo")
    ground = np.repeat(np.linspace(0.8, 0.4, 256)[:, None, None], 256, 1) * [0.9, 1.0, 0.8]
    shown = colours + (1 - opacity[..., None]) * ground
    image = picture_of((255 * shown).round().clip(0, 255).astype(np.uint8))
    faces = list(faces_in(image))
    character = character_of(samples_of(image.rgb_pixels()), faces[0], "photo")
    bald = replace(character, person=replace(character.person, hair_length=0.0, recession=1.0))
    cut, rows, columns = cutout(bald, "anime").inside(256, 256)
    after = drawn(image, faces, bald).image.rgb()[rows, columns]
    bare = (parts == PART_INDEX["hair"])[rows, columns] & (cut.opacity == 0)
    bare[round(0.6 * len(bare)) :] = False  # where shoulders begin
    assert bare.mean() > 0.01
    assert abs(after - ground[rows, columns])[bare].mean() < 0.04


def test_clothes_are_drawn_where_no_more_than_shoulders_show(
    image: Picture, faces: list[Face], character: Character
) -> None:
    bare, dressed = (drawn(image, faces, character, clothes=c) for c in (False, True))
    assert dressed.where.sum() > bare.where.sum() and not dressed.notices
    small = replace(character, frame=replace(character.frame, side=character.frame.side / 2))
    assert drawn(image, faces, small, clothes=True).notices == [drawing.ONLY_SHOULDERS]


def test_a_character_is_kept(character: Character, tmp_path: Path) -> None:
    path = tmp_path / "a.character.json"
    path.write_text(json.dumps(character.as_json()))
    again = read_character(path)
    for name, value in character.as_json()["character"].items():
        assert getattr(again, name) == value
    assert known(path).person == again


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no", "no character's file"),
        ('{"character": {"smile": 1}}', "lacks age"),
        ('{"character": {"horns": 1}}', "has no field horns"),
    ],
)
def test_what_is_no_character_is_refused(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=why):
        read_character(tmp_path / "a.json")


def test_the_person_of_a_file_is_seen_in_its_style(tmp_path: Path) -> None:
    """Eyes of drawings are as large as such eyes are drawn."""
    save_picture(tmp_path / "a.png", paint(PERSON, SIZE, "anime").pixels)
    found = known(tmp_path / "a.png").person
    assert abs(found.eye_size - PERSON.eye_size) < 1 and abs(found.scale - PERSON.scale) < 0.02


def test_a_cut_out_head_lies_in_the_picture(character: Character) -> None:
    """Also where it reaches beyond the picture's edges."""
    cut = cutout(character, "anime")
    inside, rows, columns = cut.inside(220, 260)
    assert inside.opacity.shape == (rows.stop - rows.start, columns.stop - columns.start)
    corner = replace(character, frame=replace(character.frame, x=5.0, y=3.0))
    inside, rows, columns = cutout(corner, "anime", clothes=True).inside(220, 260)
    assert (rows.start, columns.start) == (0, 0) and inside.opacity.max() == 1
    far = replace(character, frame=Frame(x=-900.0, y=9000.0, side=100.0))
    assert not cutout(far, "anime").inside(220, 260)[0].opacity.size


def test_a_film_keeps_who_it_was(faces: list[Face], image: Picture, character: Character) -> None:
    now = Actor(character, 0.0).step(samples_of(image.rgb_pixels()), faces[0], "photo", 0.04)
    assert now.person.hair_curl == character.person.hair_curl
    assert abs(now.frame.x - character.frame.x) < 2


def test_a_film_shows_who_is_seen_in_most_of_its_frames(
    image: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in its first frame, and though one has no face."""
    lengths = iter([0.9, 0.2, 0.3])

    def found(picture: Samples, face: Face, style: str) -> Character:
        person = replace(PERSON, hair_length=next(lengths), roll=0.0)
        return Character(person=person, frame=Frame(x=0.0, y=0.0, side=1.0))

    monkeypatch.setattr(stylize, "character_of", found)
    empty = picture_of(np.full_like(scene(), 90))
    frames = (image, empty, image, image)
    drawing = stylize._Drawing(asked=asked(), first=faces_in(image))
    drawing.meet(Frames(frames=frames, durations=(40,) * 4))
    for frame in frames[:3:2]:
        drawing.frame(frame)
        [character] = drawing.characters
        assert character.person.hair_length == 0.3
        assert abs(character.frame.side - SIZE * PERSON.scale / 0.25) < 0.06 * SIZE


def test_nobody_is_taken_for_another(
    image: Picture, faces: list[Face], character: Character
) -> None:
    drawing = stylize._Drawing(asked=asked(), first=faces)
    other = replace(faces[0], features=-faces[0].features)
    drawing.met = [[(unit(other.features), character)], [(unit(faces[0].features), character)]]
    assert len(drawing.met_as(faces[0])) == 1


def test_who_is_like_nobody_is_drawn_by_the_net(
    image: Picture, faces: list[Face], character: Character
) -> None:
    found = drawn(image, faces, replace(character, points_off=0.5))
    assert found.notices == [drawing.UNLIKE] and not found.characters
    assert "restyle" in [net.path.stem for net in found.nets]
