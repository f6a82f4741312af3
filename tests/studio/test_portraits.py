"""Who is drawn: a job of restyle says it in numbers, and the numbers are drawn at once."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image
from studios import Answer, Bare, png

from trombine.world import Face, face, paint

STYLE = "anime"


def draw(bare: Bare, **asked: Any) -> Answer:
    return bare.ask("/api/draw", "POST", json.dumps(asked).encode())


def fields_of(seed: int) -> dict[str, float]:
    return {name: float(value) for name, value in vars(face(seed)).items()}


def test_the_person_of_a_job_is_drawn(bare: Bare) -> None:
    """A portrait's person, as a file and an option of the form make them."""
    photo = png(paint(face(3), 128).pixels)
    other = json.dumps({"character": {**fields_of(5), "hat": 1.0}}).encode()
    options = {"to": STYLE, "size": "16", "write_character": "true"}
    changed = {**options, "attributes": "no glasses, smile=.5"}
    people = []
    for asked, more in ((options, ()), (changed, (("character", ("b.json", other)),))):
        done = bare.done("portrait", ("pictures", ("a.png", photo)), *more, *asked.items())
        assert [file["name"] for file in done["files"]] == ["a.character.json", "a.png"]
        people.append(json.loads(bare.ask(done["files"][0]["url"]).body)["character"])
    seen, played = people
    assert played["hat"] == 1 and played["glasses"] == 0 and played["smile"] == 0.5
    assert played["texture"] == fields_of(5)["texture"] and played["yaw"] == seen["yaw"]
    for person in people:
        answer = draw(bare, character=person, style=STYLE, size=48)
        assert answer.status == 200 and answer.headers["content-type"] == "image/png"
        pixels = np.asarray(Image.open(io.BytesIO(answer.body)))
        assert np.array_equal(pixels, paint(Face(**person), 48, STYLE).pixels)
    assert Image.open(io.BytesIO(draw(bare, character=seen, style="sketch").body)).width == 256


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"character": None}, "character: input should be a valid dictionary"),
        ({"character": {"age": 30}}, "character lacks beard"),
        ({"character": {**fields_of(3), "agee": 1}}, "character has no field agee"),
        ({"character": {**fields_of(3), "age": 200}}, "age is between 16 and 85, not 200"),
        ({"character": {**fields_of(3), "age": "30"}}, "character.age: input should be"),
        ({"character": {**fields_of(3), "age": float("nan")}}, "is no JSON object"),
        ({"style": "oil"}, "style: input should be 'photo', 'anime'"),
        ({"size": 1025}, "size: input should be less than or equal to 1024"),
    ],
    ids=lambda value: None if isinstance(value, dict) else value,
)
def test_what_cannot_be_drawn_is_refused_in_a_line(
    bare: Bare, asked: dict[str, Any], says: str
) -> None:
    answer = draw(bare, **{"character": fields_of(3), "style": STYLE, "size": 32, **asked})
    assert answer.status == 422 and says in answer.error and "\n" not in answer.error
