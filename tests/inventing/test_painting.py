"""`generate` and `morph` by the painter: whom a seed is, exactly as asked, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

import trombine
from trombine.events import Done
from trombine.inventing.painting import PEOPLE, Painting, between
from trombine.io.image import load_picture, read_record
from trombine.io.video import read_frames
from trombine.refusal import InputError
from trombine.verbs import generate, morph
from trombine.verbs.generate import GenerateRequest
from trombine.verbs.morph import MorphRequest
from trombine.world import FIELDS, STYLES, face, from_vector, paint, to_vector
from trombine.world.faces import FieldInfo


def made(verb: ModuleType, output: Path, **fields: object) -> Done:
    """What the verb says at its end."""
    if verb is generate:
        request = GenerateRequest(output=output, **fields)  # pyright: ignore[reportArgumentType]
    else:
        request = MorphRequest(output=output, **{"seeds": ("3", "8"), **fields})  # pyright: ignore[reportArgumentType]
    *_, end = verb.run(request)
    assert isinstance(end, Done)
    return end


def person(seed: int, **asked: float) -> Mapping[str, float]:
    return vars(Painting(size=64, style="photo", asked=asked).person(seed))


@pytest.mark.parametrize("style", STYLES)
def test_a_seed_is_its_person_painted_with_what_is_asked(style: str, tmp_path: Path) -> None:
    trombine.generate(
        seeds="5", style=style, size=48, with_="smile=.8, glasses, yaw=-.2", output=tmp_path
    )
    wanted = face(PEOPLE + 5, smile=0.8, glasses=1.0, yaw=-0.2)
    file = tmp_path / "000005.png"
    assert np.array_equal(np.asarray(Image.open(file)), paint(wanted, 48, style).pixels)
    record = read_record(file) or {}
    assert record["options"] == {
        "method": "painter",
        "style": style,
        "size": 48,
        "with": "yaw=-0.2, smile=0.8, glasses=1",
    }
    assert "model" not in record and "torch" not in record["versions"]


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


def test_the_same_bytes_in_company_on_two_threads_and_by_replay(tmp_path: Path) -> None:
    for name, seeds, threads in (("many", "2-5", 2), ("alone", "3", 1)):
        output = tmp_path / name
        trombine.generate(seeds=seeds, size=40, threads=threads, sheet=True, output=output)
    many, alone = (tmp_path / name / "000003.png" for name in ("many", "alone"))
    assert many.read_bytes() == alone.read_bytes()
    for path in (many, tmp_path / "many" / "sheet.png"):
        trombine.replay(pictures=[path], output=tmp_path / "again.png", overwrite=True)
        assert (tmp_path / "again.png").read_bytes() == path.read_bytes()
    result = trombine.generate(seeds="2-5", size=40, sheet=True, output=tmp_path / "many")
    assert not result.written and result.kept == 4
    with pytest.raises(InputError, match="made otherwise"):
        trombine.generate(seeds="3", size=40, style="photo", output=tmp_path / "many")


def test_pictures_are_of_512_pixels_unless_a_size_is_given_and_a_sheet_shows_smaller_ones(
    tmp_path: Path,
) -> None:
    trombine.generate(sheet=True, output=tmp_path)
    assert load_picture(tmp_path / "000000.png").samples.shape[:2] == (512, 512)
    assert len(load_picture(tmp_path / "sheet.png").samples) < 512


def test_a_walk_s_ends_are_generate_s_pictures_and_all_is_made_again(tmp_path: Path) -> None:
    asked = {"size": 40, "style": "photo", "with_": "smile=.8"}
    made(generate, tmp_path / "faces", seeds="3,8", **asked)
    walk = tmp_path / "walk"
    end = made(morph, walk, frames=4, film="gif", sheet=True, **asked)
    assert "5 frames of 40 px; parts in place in" in end.summary
    for frame, seed in (("000000", "000003"), ("000004", "000008")):
        pair = (walk / f"{frame}.png", tmp_path / "faces" / f"{seed}.png")
        frame, alone = (np.asarray(Image.open(path)) for path in pair)
        assert np.array_equal(frame, alone)
    assert len(read_frames(walk / "film.gif").frames) == 5
    for name in ("000003.png", "film.gif", "sheet.png"):
        again = tmp_path / f"again{Path(name).suffix}"
        trombine.replay(pictures=[walk / name], output=again, overwrite=True)
        assert again.read_bytes() == (walk / name).read_bytes()
    made(morph, tmp_path / "walk.webp", frames=2, cycle=True)
    film = read_frames(tmp_path / "walk.webp")
    assert len(film.frames) == 4 and film.frames[0].samples.shape[:2] == (256, 256)


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


FACES = {
    "model": ({"method": "painter", "model": "generate-photo"}, "--model needs --method net"),
    "like": ({"seeds": "3", "like": Path("a.png")}, "--like gives one face"),
    "like by a net": ({"method": "net", "like": Path("a.png")}, "--like is painted"),
    "nearest": ({"nearest": True}, "--nearest needs --method net; add that"),
    "truncation": ({"truncation": 0.7}, "--truncation needs --method net"),
    "large": ({"size": 2049}, "16 to 2048"),
    "method": ({"method": "brush"}, "painter or net"),
    "bearded lady": ({"with_": "beard, masculine=0.1"}, "women have none"),
}
WALKS = {
    "path": ({"path": "spherical"}, "--path needs --method net"),
    "one": ({"seeds": ("3",)}, "two seeds or more"),
    "long": ({"seeds": ("0-99",), "frames": 10, "size": 2048}, "are more than fit"),
}


@pytest.mark.parametrize("kind", [*FACES, *WALKS])
def test_what_is_wrong_is_said_in_one_line(kind: str, tmp_path: Path) -> None:
    fields, why = {**FACES, **WALKS}[kind]
    verb = generate if kind in FACES else morph
    with pytest.raises(InputError) as refused:
        made(verb, tmp_path / "out", **fields)
    assert why in str(refused.value) and "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_what_says_which_method() -> None:
    assert not GenerateRequest(output=Path("o")).by_net
    assert GenerateRequest(output=Path("o"), method="net").by_net
    assert GenerateRequest(output=Path("o"), model="generate-photo").by_net
    assert not GenerateRequest(output=Path("o"), like=Path("a.png")).by_net
    assert MorphRequest(output=Path("o"), seeds=("3", "8"), model="generate-photo").by_net


def test_a_record_that_was_edited_is_refused() -> None:
    options = {"method": "painter", "style": "anime", "size": 16}
    whole = {"verb": "generate", "options": options, "seed": 3}
    assert generate.making().remake(whole, {})[1:4] == b"PNG"
    for changed in ({"style": "oils"}, {"size": 10**6}, {"with": "wisdom"}, {"model": "x"}):
        with pytest.raises(InputError):
            generate.making().remake({**whole, "options": options | changed}, {})
    with pytest.raises(InputError, match="seeds end"):
        generate.making().remake({**whole, "seed": 10**12}, {})
    options |= {"seeds": "3,8", "frames": 2, "path": "linear", "cycle": 0}
    options |= {"shows": "film", "format": "GIF"}
    assert morph.making().remake({"verb": "morph", "options": options}, {})[:3] == b"GIF"
    for changed in ({"path": "spherical"}, {"frames": 10**9}, {"shows": "frame 3"}, {"size": 3}):
        with pytest.raises(InputError, match="cannot be followed"):
            morph.making().remake({"verb": "morph", "options": options | changed}, {})
