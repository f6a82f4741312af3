"""A photograph to parameters: of painted people all of them are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trombine.core.computing import cores
from trombine.core.conventions import PART_INDEX
from trombine.world import Painted, face, paint
from trombine.world.colours import ROWS, colours, hair_colour, skin_colour
from trombine.world.faces import FIELDS, Face
from trombine.world.fit import (
    MOMENT,
    Fit,
    Seen,
    Square,
    _fit_mouth,
    _fit_real_beard,
    _laid,
    _nearest,
    _points,
    fit,
    fit_moment,
)
from trombine.world.fit_colours import _lab, coloured
from trombine.world.painting import cut_out, parts_of
from trombine.world.people import vary
from trombine.world.shape import seen_in, shape

SEEDS = (1_000_001, 1_000_004)
SIZE = 192
# What the reader reads; its numbers are true ones here, a little off.
READ = ("masculine", "age", "tone", "hair_length", "hair_curl", "hair_light", "fringe", "beard",
        "moustache", "yaw", "pitch", "smile", "mouth_open", "lid_open", "gaze_x", "gaze_y",
        "light_turn", "light_height", "exposure", "glasses", "hat")  # fmt: skip


def seen_as_it_is(person: Face, picture: Painted) -> Seen:
    """A reading without faults but for some numbers."""
    ranges = {info.name: info.high - info.low for info in FIELDS}
    chance = np.random.default_rng(7)
    off = {name: 0.1 * ranges[name] * chance.uniform(-1, 1) for name in READ}
    worn = ("glasses", "hat", "beard", "moustache")
    numbers = {
        info.name: min(max(getattr(person, info.name) + off[info.name], info.low), info.high)
        for info in FIELDS
        if info.name in READ
    } | {name: getattr(person, name) for name in worn}
    return Seen(
        pixels=picture.pixels,
        parts=picture.parts,
        points=picture.points.astype(np.float64) / len(picture.pixels),
        errors=np.full(68, 0.002),
        numbers=numbers,
        spreads={name: 0.15 * ranges[name] for name in READ},
    )


@pytest.fixture(scope="module", params=SEEDS)
def fitted(request: pytest.FixtureRequest) -> tuple[Face, Painted, Fit]:
    person = face(request.param)
    picture = paint(person, SIZE)
    return person, picture, fit(seen_as_it_is(person, picture))


def test_threads_do_not_change_who_is_found(
    fitted: tuple[Face, Painted, Fit], monkeypatch: pytest.MonkeyPatch
) -> None:
    person, picture, found = fitted
    monkeypatch.setattr("trombine.world.fit.cores", lambda: 3 if cores() == 1 else 1)
    assert fit(seen_as_it_is(person, picture)) == found


def test_landmarks_hair_and_colours_are_found(fitted: tuple[Face, Painted, Fit]) -> None:
    person, picture, found = fitted
    assert found.points_off < 0.01 and found.real < 0.5
    view = Square().within(found.square)
    form = seen_in(shape(found.person, "photo"), view.x, view.y, view.side, view.angle)
    hair = [PART_INDEX["hair"], PART_INDEX["hat"]]
    here, there = (np.isin(parts, hair) for parts in (parts_of(form, SIZE), picture.parts))
    assert (here & there).sum() > 0.8 * (here | there).sum()
    assert apart(skin_colour(found.person), skin_colour(person)) < 5
    if person.hat < 0.5:
        assert apart(hair_colour(found.person), hair_colour(person)) < 10


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """In CIE Lab, of linear RGB."""
    return float(np.linalg.norm(_lab(one) - _lab(other)))


@pytest.mark.parametrize("worn", [0.9, 0.0])
def test_a_moustache_is_found_where_it_is_seen(worn: float) -> None:
    """Also where it is read of shaven lips."""
    person = replace(face(SEEDS[0]), masculine=1.0, moustache=worn, beard=0.0, stubble=0.0,
                     age=40.0, hair_light=0.1, hair_grey=0.0, hat=0.0, smile=0.0)  # fmt: skip
    seen = seen_as_it_is(person, paint(person, SIZE))
    seen = replace(seen, numbers={**seen.numbers, "moustache": 0.5})
    middle = {"centre_x": 0.0, "centre_y": 0.0, "scale": 0.25, "roll": 0.0}
    bare = replace(person, moustache=0.0, **middle)
    square = _laid(_points(bare, "photo"), seen.points, np.ones(68))
    found = _fit_real_beard(seen, bare, square)
    assert (found.moustache > 0.5, found.beard) == (worn > 0.5, 0)


def test_an_open_mouth_is_found_by_its_teeth() -> None:
    person = replace(face(SEEDS[1]), mouth_open=0.4, teeth=1.0, smile=0.8, moustache=0.0, roll=0.0,
                     centre_x=0.0, centre_y=0.0, scale=0.25)  # fmt: skip
    seen = seen_as_it_is(person, paint(person, SIZE))
    found = _fit_mouth(seen, replace(person, mouth_open=0.1, teeth=0.5), Square())
    assert (found.mouth_open, found.teeth) == (pytest.approx(0.4), 1.0)


def test_a_known_person_is_followed() -> None:
    person = face(SEEDS[0])
    moved = vary(person, expression=3, pose=4)
    picture = paint(moved, SIZE)
    found, square = fit_moment(seen_as_it_is(moved, picture), person)
    assert abs(found.yaw - moved.yaw) < 0.02 and abs(found.smile - moved.smile) < 0.1
    assert abs(found.mouth_open - moved.mouth_open) < 0.05
    same = [info.name for info in FIELDS if info.name not in (*MOMENT, "gaze_x", "gaze_y")]
    assert all(getattr(found, name) == getattr(person, name) for name in same)
    assert 0.8 < square.side < 1.2


def test_steps_end_at_the_least_squares() -> None:
    """Of a linear function, beside the closed form."""
    chance = np.random.default_rng(0)
    slopes, target = chance.normal(size=(20, 4)), chance.normal(size=20)
    means, deviations = np.zeros(4), np.full(4, 0.5)
    found = _nearest(
        lambda x: slopes @ x - target, means, deviations, reach=np.full(4, 9.0), steps=2
    )
    exact = np.linalg.solve(slopes.T @ slopes + np.eye(4) / 0.25, slopes.T @ target)
    np.testing.assert_allclose(found, exact, atol=1e-8)


def test_what_a_square_of_the_picture_shows_is_a_cut_of_it() -> None:
    form = shape(face(5), "anime")
    whole = parts_of(form, 128)
    assert np.array_equal(parts_of(seen_in(form, 0.5, 0.5, 0.5), 64), whole[32:96, 32:96])
    assert np.array_equal(whole, paint(face(5), 128, "anime").parts)


@pytest.mark.parametrize("style", ["anime", "cartoon"])
def test_a_cut_out_person_is_the_painted_one(style: str) -> None:
    """Laid on the ground of the painting, which is known where nothing else is."""
    person = replace(face(6), ground_kind=0.0, ground_turn=0.0, ground_grey=1.0, ground_light=0.5)
    colours, opacity, parts = cut_out(person, shape(person, style), 128, style)
    picture = paint(person, 128, style)
    assert np.array_equal(parts, picture.parts)
    inside = opacity > 0.999
    assert inside.mean() > 0.3 and (opacity < 0.001).mean() > 0.2
    off = abs(255 * colours[inside] - picture.pixels[inside]).max(1)
    assert (off > 1).mean() < 0.002  # but for pixels at an edge that one of both samples finely


def test_parts_take_the_colours_that_they_are_seen_in() -> None:
    """The same person in other colours, in the same light."""
    person = face(SEEDS[1])
    other = replace(person, hair_light=0.9, hair_red=0.0, hair_grey=0.0, hair_dye=0.0,
                    cloth_hue=0.6, cloth_grey=0.1, cloth_light=0.8, lipstick=0.0)  # fmt: skip
    found, wanted = person, paint(other, 64)
    for _ in range(2):
        now = paint(found, 64)
        found = coloured(
            found, now.pixels / 255, now.parts, wanted.pixels / 255, wanted.parts, grey=False
        )
    for row in ("hair", "cloth"):
        index = ROWS.index(row)
        assert apart(colours(found)[index], colours(other)[index]) < 5
