"""A job asked for once more, and its pictures made again from what they say of themselves."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from studios import Bare, noise, png

from trombine.studio.jobs import Store
from trombine.studio.work import do

PICTURE = png(noise())
SMALL = ("pictures", ("a.png", PICTURE)), ("model", "upscale-fast")


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Bare]:
    bare = Bare(tmp_path)
    yield bare
    bare.close()


def next_done(bare: Bare) -> dict[str, Any]:
    """The next job that waits, done."""
    store = Store(bare.data, is_server=False)
    claimed = store.claim("me")
    assert claimed is not None
    do(store, claimed, str)
    return bare.ask(f"/api/jobs/{claimed.id}").json


def test_a_job_is_asked_for_again(bare: Bare) -> None:
    """The same of the same files, with nothing of what it made."""
    first = bare.post("upscale", *SMALL).json
    made = []
    for _ in range(2):
        job = next_done(bare)
        assert job["state"] == "done" and 0 <= job["ended"] - job["started"] < 600
        made.append(bare.ask(job["files"][0]["url"]).body)
        again = bare.ask(f"/api/jobs/{first['id']}/again", "POST")
        assert again.status == 201 and again.json["fields"] == first["fields"]
        assert again.json["id"] != first["id"] and again.json["state"] == "queued"
        (given,) = again.json["inputs"]
        assert bare.ask(given["url"]).body == PICTURE
        assert not list((bare.data / "jobs" / again.json["id"]).glob("out-*"))
    assert made[0] == made[1]
    assert bare.ask("/api/jobs/none/again", "POST").status == 404


def test_pictures_of_a_job_are_made_again(bare: Bare) -> None:
    """A repair is one of two files; an invented face of none."""
    mask = np.zeros((32, 32), np.uint8)
    mask[9:20, 9:20] = 255
    hole = ("pictures", ("a.png", PICTURE)), ("mask", ("m.png", png(mask))), ("mask_is", "white")
    small = ("seeds", "0-1"), ("size", "96"), ("model", "generate-anime")
    for verb, fields in (("inpaint", hole), ("generate", small)):
        bare.post(verb, *fields)
        first = next_done(bare)
        made = {file["name"]: bare.ask(file["url"]).body for file in first["files"]}
        assert len(made) == (1 if verb == "inpaint" else 2)
        answer = bare.ask(f"/api/jobs/{first['id']}/replay", "POST")
        assert answer.status == 201 and answer.json["verb"] == "replay"
        bare.ask(f"/api/jobs/{first['id']}", "DELETE")  # it has copies
        again = next_done(bare)
        assert again["state"] == "done" and again["notices"] == again["skipped"] == []
        assert {file["name"]: bare.ask(file["url"]).body for file in again["files"]} == made


def test_who_sends_a_picture_has_it_made_again(bare: Bare) -> None:
    """And is told of what it was made of where that is not sent."""
    bare.post("upscale", *SMALL)
    made = bare.ask(next_done(bare)["files"][0]["url"]).body
    picture = ("pictures", ("b.png", made))
    assert bare.post("replay", picture, ("inputs", ("a.png", PICTURE))).status == 201
    again = next_done(bare)
    assert bare.ask(again["files"][0]["url"]).body == made and "the same pixels" in again["summary"]
    for inputs, problem in (
        ((), "a.png: is not there; name its folder with --inputs"),
        ((("inputs", ("a.png", png(noise(seed=5)))),), "is not the file that the record names"),
    ):
        bare.post("replay", picture, *inputs)
        failed = next_done(bare)
        assert failed["state"] == "failed" and problem in failed["problem"]


def test_what_is_not_the_same_is_said(bare: Bare) -> None:
    bare.post("generate", ("size", "96"), ("model", "generate-anime"))
    made = Image.open(io.BytesIO(bare.ask(next_done(bare)["files"][0]["url"]).body))
    changed, texts = made.copy(), PngImagePlugin.PngInfo()
    changed.putpixel((5, 5), (1, 2, 3))
    texts.add_text("trombine", made.info["trombine"])
    changed.save(file := io.BytesIO(), "PNG", pnginfo=texts)
    bare.post("replay", ("pictures", ("b.png", file.getvalue())))
    assert "of the samples differ" in next_done(bare)["summary"]


def test_no_record_leads_to_a_file_of_the_servers(bare: Bare, tmp_path: Path) -> None:
    for option in ({"family": f"files:{tmp_path}"}, {"model": f"{tmp_path}/net.safetensors"}):
        record = {"function": "data_masks", "options": {"count": 1} | option}
        texts = PngImagePlugin.PngInfo()
        texts.add_text("trombine", json.dumps(record))
        Image.new("L", (8, 8)).save(file := io.BytesIO(), "PNG", pnginfo=texts)
        bare.post("replay", ("pictures", ("b.png", file.getvalue())))
        failed = next_done(bare)
        assert failed["state"] == "failed"
        assert "has a record that names a file" in failed["problem"]


def test_where_there_is_nothing_to_make_again(bare: Bare) -> None:
    id = bare.post("generate", ("size", "97"), ("model", "generate-anime")).json["id"]
    for go_on in (lambda: next_done(bare), lambda: None):  # it waits; it failed
        refused = bare.ask(f"/api/jobs/{id}/replay", "POST")
        assert refused.status == 422 and "has no picture to make again" in refused.error
        assert [place.name for place in (bare.data / "jobs").iterdir()] == [id]
        go_on()
    assert bare.ask("/api/jobs/none/replay", "POST").status == 404
