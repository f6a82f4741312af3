"""Faces by the painter: whom a seed is, exactly as asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trombine import generate, replay
from trombine.generation.painting import PEOPLE, Painting, between
from trombine.io.image import read_record, size_of
from trombine.world import FIELDS, STYLES, face, from_vector, paint, to_vector
from trombine.world.faces import FieldInfo


def person(seed: int, **asked: float) -> Mapping[str, float]:
    return vars(Painting(size=64, style="photo", asked=asked).person(seed))


@pytest.mark.parametrize("style", STYLES)
def test_a_seed_is_its_person_painted_with_what_is_asked(style: str, tmp_path: Path) -> None:
    asked = {"seeds": "5", "style": style, "attributes": "smile=.8, glasses, yaw=-.2", "size": 48}
    generate(output=tmp_path, **asked)  # pyright: ignore[reportArgumentType]
    wanted = face(PEOPLE + 5, smile=0.8, glasses=1.0, yaw=-0.2)
    file = tmp_path / "000005.png"
    assert np.array_equal(np.asarray(Image.open(file)), paint(wanted, 48, style).pixels)
    usual = {} if style == "anime" else {"style": style}
    options = {"seeds": "5", "size": 48, "attributes": "yaw=-0.2, smile=0.8, glasses=1", **usual}
    assert (read_record(file) or {})["options"] == options


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_field_is_as_it_is_asked(field: FieldInfo) -> None:
    for value in (field.low, field.high):
        assert all(person(seed, **{field.name: value})[field.name] == value for seed in range(3))


def test_nothing_asked_is_the_world_s_person_and_what_does_not_belie_it_stays() -> None:
    assert person(7) == vars(face(PEOPLE + 7))
    asked = person(7, tone=0.9, smile=1.0, necklace=1.0)
    assert {**asked, **{name: person(7)[name] for name in ("tone", "smile", "necklace")}} == person(
        7
    )


def test_what_would_belie_what_is_asked_follows() -> None:
    seeds = range(40)
    women = [seed for seed in seeds if face(PEOPLE + seed).masculine < 0.5]
    men = [seed for seed in seeds if seed not in women]
    assert women and men
    bearded = [person(seed, beard=1.0) for seed in seeds]
    assert all(p["masculine"] > 0.5 and p["moustache"] > 0 for p in bearded)
    assert person(0, beard=1.0, moustache=0.0)["moustache"] == 0
    for seed in men:
        woman = person(seed, masculine=0.1)
        assert woman["beard"] == woman["moustache"] == woman["stubble"] == 0
        assert woman["jaw_width"] < face(PEOPLE + seed).jaw_width
        assert woman["texture"] == face(PEOPLE + seed).texture
    grey = [
        float(np.mean([person(seed, age=age)["hair_grey"] for seed in seeds])) for age in (16, 85)
    ]
    assert grey[0] == 0 and grey[1] > 0.5
    assert all(person(seed, age=85.0, hair_grey=0.0)["hair_grey"] == 0 for seed in seeds)
    assert all(person(seed, hat=1.0)["bun"] == 0 for seed in seeds)
    light = [person(seed, hair_light=0.9) for seed in seeds]
    assert not any(p["hair_grey"] or p["hair_dye"] for p in light)


def test_the_same_in_company_on_two_threads_and_by_replay(tmp_path: Path) -> None:
    """Of 512 pixels unless a size is given; a sheet shows smaller ones."""
    for name, seeds, threads in (("many", "2-5", 2), ("alone", "3", 1)):
        generate(seeds=seeds, threads=threads, sheet=True, output=tmp_path / name)
    many, alone = (tmp_path / name / "000003.png" for name in ("many", "alone"))
    assert many.read_bytes() == alone.read_bytes() and size_of(many) == (512, 512)
    made = [many, tmp_path / "many" / "all.sheet.png", tmp_path / "alone" / "all.sheet.png"]
    assert replay(made).summary.count("the same pixels") == 3
    assert max(size_of(made[2])) < 512


def test_between_two_persons_numbers_are_blended_and_things_change_in_the_middle() -> None:
    first, last = face(1, glasses=0.0, yaw=0.34), face(2, glasses=1.0, yaw=0.34)
    assert between(first, last, 0) == from_vector(to_vector(first))
    assert between(first, last, 1) == from_vector(to_vector(last))
    for share in np.linspace(0, 1, 50):
        mixed, near = between(first, last, share), last if share >= 0.5 else first
        assert mixed.age == pytest.approx((1 - share) * first.age + share * last.age)
        assert mixed.yaw == 0.34
        for name in ("texture", "ground_texture", "ground_kind", "glasses", "hat", "bun"):
            assert getattr(mixed, name) == getattr(near, name)
