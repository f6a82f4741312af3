"""`generate`: the same faces for the same seed, what is asked of them, and what is refused."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from written import is_made_again

from trombine import generate
from trombine.core.conventions import to_picture
from trombine.core.errors import InputError
from trombine.core.progress import Result
from trombine.eval.witness import seen
from trombine.generation import REDRAWN, by_net
from trombine.generation.asking import fields_in, merged, seeds_in, spelled
from trombine.generation.by_net import Inventing, model_of
from trombine.io.image import read_record, save_picture
from trombine.models import loaded
from trombine.world import STYLES, face, paint


def generated(folder: Path, model: Path, **options: Any) -> Result:
    return generate(output=folder, model=model, **options)


def pixels(*path: str | Path) -> np.ndarray:
    return np.asarray(Image.open(Path(*path)))


def test_a_seed_is_the_same_alone_among_others_and_in_another_process(
    tiny: Path, tmp_path: Path
) -> None:
    generated(tmp_path / "many", tiny, seeds="0-15", threads=2)
    generated(tmp_path / "seven", tiny, seeds="2-8", threads=1)
    words = ["generate", "--seeds", "5", "--model", str(tiny), "-o", "alone"]
    subprocess.run([sys.executable, "-m", "trombine", *words], cwd=tmp_path, check=True)
    many = {path.name: path.read_bytes() for path in (tmp_path / "many").iterdir()}
    assert len(many) == 16 == len(set(many.values()))
    for path in (*(tmp_path / "seven").iterdir(), *(tmp_path / "alone").iterdir()):
        assert path.read_bytes() == many[path.name]


def test_only_what_is_missing_is_made(tiny: Path, tmp_path: Path) -> None:
    generated(tmp_path, tiny, seeds="0-3")
    before = (tmp_path / "000002.png").read_bytes()
    (tmp_path / "000002.png").unlink()
    kept = (tmp_path / "000001.png").stat().st_mtime_ns
    result = generated(tmp_path, tiny, seeds="0-3")
    assert (result.written, result.kept) == ((tmp_path / "000002.png",), 3)
    assert (tmp_path / "000002.png").read_bytes() == before
    assert (tmp_path / "000001.png").stat().st_mtime_ns == kept
    assert len(generated(tmp_path, tiny, seeds="0-3", overwrite=True).written) == 4


def test_faces_and_sheets_are_made_again(tiny: Path, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"attributes": "age=60, glasses=0", "truncation": 0.7}
    result = generated(tmp_path, tiny, seeds="3,8", sheet=True, **asked)
    names = ["000003.png", "000008.png", "all.sheet.png"]
    assert [path.name for path in result.written] == names
    assert is_made_again(*result.written, inputs=tiny.parent)
    record = read_record(tmp_path / "000003.png") or {}
    assert record["options"] == {"seeds": "3", "size": 32, **asked}
    assert not generated(tmp_path, tiny, seeds="3,8", sheet=True, **asked).written


@pytest.mark.parametrize("ending", ["png", "character.json"])
def test_somebody_of_a_file_is_painted(ending: str, tmp_path: Path) -> None:
    """What is asked is set; a character's other fields are as they are."""
    file, person = tmp_path / f"she.{ending}", face(1_000_003)
    if ending == "png":
        save_picture(file, paint(person, 128, "photo").pixels)
    else:
        file.write_text(json.dumps({"character": vars(person)}))
    asked: dict[str, Any] = {"size": 48, "attributes": "glasses", "output": tmp_path / "out"}
    result = generate(like=file, **asked)
    made = tmp_path / "out" / "she.like.png"
    assert result.written == (made,)
    if ending != "png":
        assert is_made_again(made, inputs=tmp_path)
        wanted = paint(replace(person, glasses=1.0), 48, "anime").pixels
        assert np.array_equal(pixels(made), wanted)


@pytest.mark.parametrize("style", REDRAWN)
def test_a_style_that_no_net_invents_is_drawn_anew(style: str, tiny: Path, tmp_path: Path) -> None:
    """As `restyle`'s net draws it, told from what; the same in company and by replay."""
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
    assert abs(pixels(made).astype(np.float32) - truth).max() < 1.01
    assert is_made_again(made, inputs=tiny.parent)


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


def looks(monkeypatch: pytest.MonkeyPatch, smiles: Sequence[float]) -> list[float]:
    """Let the reader read these smiles, one after the other; what is left of them is returned."""
    left = list(smiles)
    monkeypatch.setattr(by_net, "numbers", lambda _: {"smile": left.pop(0)})
    return left


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
    monkeypatch.setattr(by_net, "NEAR", 0.05)
    result, file = generated(tmp_path, tiny, seeds="4", attributes="smile"), tmp_path / "000004.png"
    assert left == [0.9] and result.notices == (f"{file}: does not show smile",)
    inventing = Inventing(path=tiny, size=32, truncation=1.0, asked={"smile": 1.0})
    best = to_picture(inventing.pixels_at(inventing.at_try(4, 3)))
    assert torch.equal(to_picture(np.array(Image.open(file))), best)


def test_texts_are_read_as_they_are_written() -> None:
    assert seeds_in("0-2, 7,9-9") == (0, 1, 2, 7, 9)
    asked = fields_in(" smile=.8 ,glasses,no hat, age=60")
    assert asked == {"smile": 0.8, "glasses": 1, "hat": 0, "age": 60}
    assert fields_in(spelled(asked)) == asked
    assert fields_in("") == {}


BAD = {
    "no field": ({"attributes": "glases"}, "did you mean glasses"),
    "bearded lady": ({"attributes": "beard, masculine=0.1"}, "women have none"),
    "like by a net": ({"like": Path("face.png")}, "--like draws one person, by the painter"),
    "truncation, painted": ({"model": "", "truncation": 0.7}, "--truncation needs --method net"),
    "a picture": ({"output": "out.png"}, "is a file, and faces go into a folder"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_wrong_is_said_in_one_line(kind: str, tiny: Path, tmp_path: Path) -> None:
    options, why = BAD[kind]
    output = tmp_path / str(options.get("output", "out"))
    with pytest.raises(InputError) as refused:
        generate(**{"model": tiny, **options, "output": output})
    assert why in str(refused.value) and "\n" not in str(refused.value)
    assert not output.exists()
