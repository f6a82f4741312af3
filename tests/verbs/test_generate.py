"""`generate`: the same bytes for the same seed, what is asked of faces, and what is refused."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import trombine
from trombine.conventions import to_picture
from trombine.events import Done, Event, Notice, Picture
from trombine.inventing import REDRAWN, making
from trombine.inventing.asking import apart, fields_in, freed, merged, seeds_in, spelled
from trombine.inventing.making import Inventing, found, model_of
from trombine.io.image import read_record
from trombine.judge import invented
from trombine.judge.witness import seen
from trombine.refusal import InputError
from trombine.verbs.generate import GenerateRequest, run
from trombine.weights import loaded
from trombine.world import STYLES, face


def generated(folder: Path, model: Path, **fields: object) -> list[Event]:
    return list(run(GenerateRequest(output=folder, model=model, **fields)))  # pyright: ignore[reportArgumentType]


def test_a_seed_is_the_same_bytes_alone_among_7_and_32_on_one_thread_and_two(
    tiny: Path, tmp_path: Path
) -> None:
    generated(tmp_path / "many", tiny, seeds="0-31", threads=2)
    generated(tmp_path / "seven", tiny, seeds="2-8", threads=1)
    generated(tmp_path / "alone", tiny, seeds="5", threads=2)
    many = {path.name: path.read_bytes() for path in (tmp_path / "many").iterdir()}
    assert len(many) == 32 == len(set(many.values()))
    for path in (*(tmp_path / "seven").iterdir(), *(tmp_path / "alone").iterdir()):
        assert path.read_bytes() == many[path.name]


def test_another_process_makes_the_same_bytes(tiny: Path, tmp_path: Path) -> None:
    generated(tmp_path / "here", tiny, seeds="5", with_="smile")
    words = ["generate", "--seeds", "4,5", "--with", "smile", "--model", str(tiny), "-o", "there"]
    command = [sys.executable, "-m", "trombine", *words]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    here, there = (tmp_path / place / "000005.png" for place in ("here", "there"))
    assert here.read_bytes() == there.read_bytes()


def test_only_what_is_missing_is_made(tiny: Path, tmp_path: Path) -> None:
    generated(tmp_path, tiny, seeds="0-3")
    before = (tmp_path / "000002.png").read_bytes()
    (tmp_path / "000002.png").unlink()
    (tmp_path / "000003.png").write_bytes(b"")  # what a full disk may have left
    kept = (tmp_path / "000001.png").stat().st_mtime_ns
    events = generated(tmp_path, tiny, seeds="0-3")
    made = [event.name for event in events if isinstance(event, Picture)]
    assert made == ["000002.png", "000003.png"]
    assert (tmp_path / "000002.png").read_bytes() == before
    assert (tmp_path / "000001.png").stat().st_mtime_ns == kept
    assert isinstance(events[-1], Done) and (events[-1].written, events[-1].kept) == (2, 2)


def test_replay_makes_faces_and_sheets_again(tiny: Path, tmp_path: Path) -> None:
    generated(tmp_path, tiny, seeds="3,8", with_="age=60, no glasses", sheet=True, truncation=0.7)
    for name in ("000003.png", "000008.png", "sheet.png"):
        trombine.replay(pictures=[tmp_path / name], inputs=tiny.parent, output=tmp_path / "a.png")
        assert (tmp_path / "a.png").read_bytes() == (tmp_path / name).read_bytes()
        (tmp_path / "a.png").unlink()
    record = read_record(tmp_path / "000003.png")
    assert record and record["seed"] == 3
    assert record["options"]["with"] == "age=60, glasses=0"


def test_the_nearest_of_what_was_learned_from_is_shown_and_made_again(
    tiny: Path, tmp_path: Path
) -> None:
    trombine.generate(seeds="0-7", model=tiny, nearest=True, output=tmp_path)
    sheet = tmp_path / "nearest.png"
    trombine.replay(pictures=[sheet], inputs=tiny.parent, output=tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == sheet.read_bytes()
    assert read_record(sheet) != read_record(tmp_path / "000000.png")
    result = trombine.generate(seeds="0-7", model=tiny, nearest=True, output=tmp_path)
    assert not result.written and result.kept == 8


def test_what_is_read_of_what_is_asked_stands_in_the_record_and_on_the_sheet(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def reads(pixels: np.ndarray, names: Sequence[str]) -> dict[str, float]:
        asked.append(tuple(names))
        return {"age": float(pixels.shape[0]), "smile": 0.25} if len(asked) != 2 else {}

    monkeypatch.setattr(invented, "fields_read", reads)
    generated(tmp_path, tiny, seeds="3-5", with_="age=60, smile", threads=1, sheet=True)
    records = [read_record(tmp_path / f"00000{seed}.png") or {} for seed in (3, 4, 5)]
    assert [record.get("resolved") for record in records] == [
        {"read": {"age": 32.0, "smile": 0.25}},
        None,  # no face was seen
        {"read": {"age": 32.0, "smile": 0.25}},
    ]
    assert asked == [("age", "smile")] * 6
    generated(tmp_path / "plain", tiny)
    assert "resolved" not in (read_record(tmp_path / "plain" / "000000.png") or {})
    assert len(asked) == 6  # nothing is read where nothing is asked


def test_what_is_read_is_said_in_the_mean() -> None:
    text = found([{"age": 30.0, "smile": 1.0}, {}, {"age": 40.0, "smile": 0.5}])
    assert text == "read of 2 of 3, in the mean: age 35, smile 0.75"
    assert "none" in found([{}, {}])


@pytest.mark.parametrize("style", REDRAWN)
def test_a_style_that_no_net_invents_is_drawn_anew(style: str, tiny: Path, tmp_path: Path) -> None:
    """As `restyle`'s net draws it, told from what; the same bytes in company and by replay."""
    generated(tmp_path / "many", tiny, seeds="2-5", style=style, threads=2)
    generated(tmp_path / "alone", tiny, seeds="3", style=style, threads=1)
    made = tmp_path / "alone" / "000003.png"
    assert made.read_bytes() == (tmp_path / "many" / made.name).read_bytes()
    plain = Inventing(path=tiny, size=32, truncation=1.0, asked={}).pixels(3)
    padded = np.pad(plain, ((48, 48), (48, 48), (0, 0)), mode="edge").astype(np.float32) / 255
    model = loaded("restyle", task="restyle")
    numbers = (torch.tensor([STYLES.index(name)]) for name in ("anime", style))
    with torch.inference_mode():
        drawn = model.net(torch.from_numpy(padded.transpose(2, 0, 1))[None], *numbers)[0]
    truth = drawn.clamp(0, 1)[:, 48:80, 48:80].permute(1, 2, 0).numpy() * 255
    assert abs(np.asarray(Image.open(made), np.float32) - truth).max() < 1.01
    trombine.replay(pictures=[made], inputs=tiny.parent, output=tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == made.read_bytes()
    with pytest.raises(InputError, match="made otherwise"):
        generated(tmp_path / "alone", tiny, seeds="3")


def test_who_is_invented_is_seen_in_every_style() -> None:
    """The reader's twin says the style, and finds features where the photograph has them."""
    photo, *others = (
        Inventing(path=model_of(style, ""), size=96, truncation=1.0, asked={}, style=drawn)
        for style, drawn in (("photo", ""), *((style, style) for style in REDRAWN))
    )
    seeds = (2, 3, 7)
    there = seen(torch.stack([to_picture(photo.pixels(seed)) for seed in seeds]))
    for other in others:
        here = seen(torch.stack([to_picture(other.pixels(seed)) for seed in seeds]))
        styles = here.styles.argmax(1).tolist()
        assert styles == [STYLES.index(other.style)] * len(seeds)
        assert float((here.points - there.points).norm(dim=-1).mean()) < 6  # pixels of 128


def test_larger_pictures_are_the_same_face(tiny: Path, tmp_path: Path) -> None:
    result = trombine.generate(seeds="1", model=tiny, output=tmp_path / "small")
    assert [path.name for path in result.written] == ["000001.png"]
    trombine.generate(seeds="1", model=tiny, size=64, output=tmp_path / "large")
    small, large = (Image.open(tmp_path / n / "000001.png") for n in ("small", "large"))
    assert small.size == (32, 32) and large.size == (64, 64)
    apart = np.asarray(large.resize((32, 32), Image.Resampling.BOX), float) - np.asarray(small)
    assert abs(apart).mean() < 12


def test_what_is_asked_is_told_and_the_rest_is_the_seed_s(tiny: Path) -> None:
    asked = fields_in("age=60, smile")
    person = Inventing(path=tiny, size=32, truncation=1.0, asked=asked).person(7)
    drawn = face(2_000_007)
    assert math.isnan(person.pop("glasses"))  # they come with age
    assert person == {"masculine": drawn.masculine, "age": 60, "beard": drawn.beard, "smile": 1}


def test_what_goes_ill_with_what_is_asked_is_left_to_the_net() -> None:
    woman, man = {"masculine": 0.2, "beard": 0.0}, {"masculine": 0.9, "beard": 0.8}
    assert math.isnan(merged(woman, {"beard": 1.0})["masculine"])
    assert merged(man, {"beard": 1.0}) == {"masculine": 0.9, "beard": 1.0}
    untold = {"beard": 0.0, "age": 30.0}  # a model that is not told of masculine
    assert merged(untold, {"beard": 1.0}) == {"beard": 1.0, "age": 30.0}
    assert merged(man, {"masculine": 0.1}) == {"masculine": 0.1, "beard": 0.0}
    young = {"age": 20.0, "hair_grey": 0.0, "smile": 0.3}
    old = merged(young, {"age": 80.0})
    assert math.isnan(old.pop("hair_grey")) and old == {"age": 80.0, "smile": 0.3}
    assert merged(young, {"age": 80.0, "hair_grey": 0.5}) == {
        **young,
        "age": 80.0,
        "hair_grey": 0.5,
    }


def looks(monkeypatch: pytest.MonkeyPatch, smiles: Sequence[float]) -> list[float]:
    """Let the reader read these smiles, one after the other; what is left of them is returned."""
    left = list(smiles)
    monkeypatch.setattr(making, "numbers", lambda _: {"smile": left.pop(0)})
    return left


def test_a_face_that_shows_what_is_asked_keeps_its_bytes_and_so_does_one_that_is_asked_nothing(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = looks(monkeypatch, [0.9])
    steered = Inventing(path=tiny, size=32, truncation=1.0, asked={"smile": 1.0})
    before = replace(steered, tries=0)
    assert np.array_equal(steered.pixels(4), before.pixels(4))
    assert not left and steered.drawn(4).tries == 0
    plain = Inventing(path=tiny, size=32, truncation=1.0, asked={})
    assert plain.png(4) == replace(plain, tries=0).png(4)
    assert "tries" not in plain.record(4)["options"] and steered.record(4)["options"]["tries"] == 8


def test_a_face_is_drawn_again_until_it_shows_what_is_asked(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = looks(monkeypatch, [0.1, 0.5, 0.8, 0.9])
    inventing = Inventing(path=tiny, size=32, truncation=1.0, asked={"smile": 1.0})
    found = inventing.drawn(4)
    assert left == [0.9] and (found.tries, found.lacks) == (2, ())
    assert inventing.drawn(4) is found
    assert not np.array_equal(inventing.pixels(4), replace(inventing, tries=0).pixels(4))
    again = inventing.at_try(4, 2)
    assert np.array_equal(found.place.vector, again.vector)
    assert np.array_equal(inventing.at_try(4, 1).vector, inventing.at_try(4, 0).vector)
    apart = [np.linalg.norm(inventing.at_try(4, n).vector - again.vector) for n in (1, 0)]
    assert apart[0] == apart[1] > 0  # the vector is another from the second time on


def test_tries_are_bounded_the_best_is_taken_and_it_is_said_what_it_lacks(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = looks(monkeypatch, [0.1, 0.2, 0.3, 0.7, 0.3, 0.2, 0.1, 0.1, 0.1, 0.9])
    monkeypatch.setattr(making, "NEAR", 0.05)
    events = generated(tmp_path, tiny, seeds="4", with_="smile")
    assert left == [0.9]
    (notice,) = [event for event in events if isinstance(event, Notice)]
    file = tmp_path / "000004.png"
    assert notice.file == file and "(smile)" in notice.text
    inventing = Inventing(path=tiny, size=32, truncation=1.0, asked={"smile": 1.0})
    best = to_picture(inventing.pixels_at(inventing.at_try(4, 3)))
    assert torch.equal(to_picture(np.array(Image.open(file))), best)


def test_a_file_from_before_faces_were_drawn_again_is_made_again_as_it_was(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Inventing(
        path=tiny,
        size=32,
        truncation=1.0,
        asked={"smile": 1.0},
        reads=invented.fields_read,
        tries=0,
    )
    file = tmp_path / "000004.png"
    file.write_bytes(old.png(4))
    assert "tries" not in (read_record(file) or {})["options"]
    looks(monkeypatch, [])
    trombine.replay(pictures=[file], inputs=tiny.parent, output=tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == file.read_bytes()


def test_a_record_that_asks_for_too_many_tries_is_refused(tiny: Path) -> None:
    with pytest.raises(InputError, match="64 times at most"):
        Inventing(path=tiny, size=32, truncation=1.0, asked={"smile": 1.0}, tries=65)


def test_who_is_drawn_again_is_not_told_what_goes_ill_with_what_is_asked() -> None:
    man = {"masculine": 0.9, "beard": 0.0, "moustache": 0.0, "lipstick": 0.0}
    assert math.isnan(freed(man, {"beard": 1.0})["moustache"])
    assert freed(man, {"beard": 1.0})["lipstick"] == 0
    assert freed(man, {"beard": 1.0, "moustache": 0.0})["moustache"] == 0
    woman = merged({**man, "masculine": 0.1, "lipstick": 0.8}, {"beard": 1.0})
    assert math.isnan(freed(woman, {"beard": 1.0})["lipstick"])


def test_how_far_what_is_read_is_from_what_was_asked() -> None:
    assert apart("age", 50.5, 16) == pytest.approx(0.5)
    assert apart("glasses", 1, 0.25) == 0.75
    assert apart("beard", 1, 0.7) == pytest.approx(0.2)  # of a full one about .9 is read


def test_texts_are_read_as_they_are_written() -> None:
    assert seeds_in("0-2, 7,9-9") == (0, 1, 2, 7, 9)
    asked = fields_in(" smile=.8 ,glasses,no hat, age=60")
    assert asked == {"smile": 0.8, "glasses": 1, "hat": 0, "age": 60}
    assert fields_in(spelled(asked)) == asked
    assert fields_in("") == {}


BAD = {
    "no number": ({"seeds": "three"}, "whole numbers"),
    "below 0": ({"seeds": "-3"}, "from 0 on, not '-3'"),
    "a fraction": ({"seeds": "1.5"}, "whole numbers"),
    "nothing": ({"seeds": ""}, "whole numbers"),
    "open": ({"seeds": "3-"}, "whole numbers"),
    "backwards": ({"seeds": "8-3"}, "last is before the first"),
    "too many": ({"seeds": "0-100000"}, "more than 100,000"),
    "nearest of many": ({"seeds": "0-100", "nearest": True}, "100 seeds at most"),
    "too large": ({"seeds": "9999999999"}, "end at 999,999,999"),
    "twice": ({"seeds": "1-3,2"}, "twice"),
    "no field": ({"with_": "glases"}, "did you mean glasses"),
    "no such word": ({"with_": "wisdom=1"}, "it has age, smile, glasses"),
    "field twice": ({"with_": "hat, no hat"}, "hat twice"),
    "too old": ({"with_": "age=160"}, "16 to 85 years"),
    "no age": ({"with_": "age=old"}, "16 to 85 years"),
    "nan": ({"with_": "age=nan"}, "16 to 85 years"),
    "age alone": ({"with_": "age"}, "needs a number"),
    "empty": ({"with_": "hat,,glasses"}, "comma"),
    "bearded lady": ({"with_": "beard, masculine=0.1"}, "women have none"),
    "not told": ({"with_": "hat"}, "not told of hat"),
    "size": ({"size": 96}, "of 32, 64, 128 pixels"),
    "size of nothing": ({"size": 3}, "--size is"),
    "style": ({"style": "oils"}, "anime, photo, cartoon or sketch"),
    "like": ({"like": Path("face.png")}, "--like is painted"),
    "nearest, drawn anew": ({"style": "cartoon", "nearest": True}, "--nearest compares"),
    "truncation": ({"truncation": 0.0}, "0.1 to 1"),
    "threads": ({"threads": 0}, "--threads is"),
    "no model": ({"model": "no-such"}, "neither a shipped model nor a file"),
    "no inventor": ({"model": "upscale-x2"}, "not for generate"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_wrong_is_said_in_one_line(kind: str, tiny: Path, tmp_path: Path) -> None:
    fields, why = BAD[kind]
    with pytest.raises(InputError) as refused:
        generated(tmp_path / "out", **{"model": tiny, **fields})  # pyright: ignore[reportArgumentType]
    assert why in str(refused.value) and "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_a_name_of_a_picture_is_no_folder(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"face\.png: is a picture's name, and faces go into a fo"):
        generated(tmp_path / "face.png", tiny)
    assert not (tmp_path / "face.png").exists()


def test_what_others_made_and_what_was_asked_otherwise_stays(tiny: Path, tmp_path: Path) -> None:
    Image.new("RGB", (32, 32)).save(tmp_path / "000000.png")
    with pytest.raises(InputError, match="did not make it"):
        generated(tmp_path, tiny)
    generated(tmp_path, tiny, overwrite=True)
    with pytest.raises(InputError, match="made otherwise"):
        generated(tmp_path, tiny, truncation=0.5)
    (tmp_path / "000001.png").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        generated(tmp_path, tiny, seeds="1")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        generated(tmp_path / "file", tiny)
