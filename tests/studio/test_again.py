"""A job asked for once more, and its pictures made again from what they say of themselves."""

from __future__ import annotations

import io
import json
import socket
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin
from studios import Bare, noise, png

PICTURE = png(noise())
SMALL = ("pictures", ("a.png", PICTURE)), ("model", "upscale-fast")


def test_a_job_is_asked_for_again(bare: Bare) -> None:
    """The same of the same files, with nothing of what it made."""
    first = bare.done("upscale", *SMALL)
    again = bare.ask(f"/api/jobs/{first['id']}/again", "POST")
    assert again.status == 201 and again.json["fields"] == first["fields"]
    assert again.json["id"] != first["id"] and again.json["state"] == "queued"
    (given,) = again.json["inputs"]
    assert bare.ask(given["url"]).body == PICTURE
    second = bare.next_done()
    made = [bare.ask(job["files"][0]["url"]).body for job in (first, second)]
    assert made[0] == made[1] and 0 <= second["ended"] - second["started"] < 600
    assert bare.ask("/api/jobs/none/again", "POST").status == 404


def test_who_sends_a_picture_has_it_made_again(bare: Bare) -> None:
    """And is told what is not the same, and what it was made of where that is not sent."""
    made = bare.ask(bare.done("upscale", *SMALL)["files"][0]["url"]).body
    picture, source = ("pictures", ("b.png", made)), ("inputs", ("a.png", PICTURE))
    again = bare.done("replay", picture, source)
    assert bare.ask(again["files"][0]["url"]).body == made and "the same pixels" in again["summary"]
    failed = bare.done("replay", picture)
    assert "a.png: is not there; name its folder with --inputs" in failed["problem"]
    image, texts = Image.open(io.BytesIO(made)), PngImagePlugin.PngInfo()
    texts.add_text("trombine", image.info["trombine"])
    (changed := image.copy()).putpixel((5, 5), (1, 2, 3))
    changed.save(file := io.BytesIO(), "PNG", pnginfo=texts)
    other = bare.done("replay", ("pictures", ("b.png", file.getvalue())), source)
    assert "of the samples differ" in other["summary"]


def test_no_record_leads_to_a_host_a_hub_or_a_file_of_the_servers(
    bare: Bare, tmp_path: Path
) -> None:
    """Of a picture and of a JSON, as the command refuses them; nobody hears of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        attacks = (
            ("data_masks", {"count": 1, "family": f"files:{tmp_path}"}),
            ("data_masks", {"count": 1, "model": f"{tmp_path}/net.safetensors"}),
            ("data_world", {"count": 1, "workers": 5000}),
            ("upscale", {"model": "upscale-fast", "cluster": host}),
            ("inpaint", {"model": "lama"}),
        )
        for function, options in attacks:
            files = {"pictures": ["a.png", sha256(PICTURE).hexdigest()]}
            record = {"function": function, "options": options, "files": files}
            texts = PngImagePlugin.PngInfo()
            texts.add_text("trombine", json.dumps(record))
            Image.new("L", (8, 8)).save(file := io.BytesIO(), "PNG", pnginfo=texts)
            text = json.dumps({"record": record}).encode()
            for sent in (("b.png", file.getvalue()), ("b.json", text)):
                source = ("inputs", ("a.png", PICTURE))
                failed = bare.done("replay", ("pictures", sent), source)
                assert failed["state"] == "failed"
                assert failed["problem"].startswith(f"{sent[0]}: "), failed["problem"]
        with pytest.raises(BlockingIOError):
            listener.accept()
