"""Every verb by HTTP: the command's fields, limits, words and bytes."""

from __future__ import annotations

import gzip
import inspect
import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image
from studios import Bare, noise, png

import trombine
from trombine.commands.options import help_of
from trombine.core.calls import options_of
from trombine.core.conventions import LANDMARK_GROUPS, PART_INDEX
from trombine.io.overlays import CLOSED
from trombine.studio.api import SERVED

PICTURE = ("pictures", ("photo.png", png(noise())))
MASK = "application/x-trombine-mask"
# Of the server: it says where files go, and how much of the machine is used.
OWN = ["output", "progress", "overwrite", "recursive", "device", "threads", "workers", "cluster"]


def packed(mask: np.ndarray) -> bytes:
    """A mask as pages send it."""
    return gzip.compress(struct.pack("<II", *mask.shape[::-1]) + mask.astype(np.uint8).tobytes())


def test_every_function_on_pictures_is_there_with_its_parameters(bare: Bare) -> None:
    """Its names, words, limits and defaults stand in OpenAPI, as its signature has them."""
    paths = bare.ask("/api/openapi.json").json["paths"]
    schemas = {}
    for name in SERVED:
        function = getattr(trombine, name)
        body = paths[f"/api/{name}"]["post"]["requestBody"]["content"]["multipart/form-data"]
        properties, says = body["schema"]["properties"], help_of(function)
        schemas[name] = properties
        for option, parameter in options_of(function).items():
            if (field := option.rstrip("_")) not in properties:
                assert option in OWN
                continue
            assert properties[field]["description"] == says[option]
            if isinstance(parameter.default, int | str | float):
                assert properties[field]["default"] == parameter.default
            is_needed = parameter.default is inspect.Parameter.empty
            assert is_needed == (field in body["schema"].get("required", ()))
    properties = schemas["inpaint"]
    assert (properties["grow"]["minimum"], properties["grow"]["maximum"]) == (0, 1000)
    assert {"type": "string"} in properties["mask"]["anyOf"]
    assert properties["parts"]["format"] == "binary"
    assert properties["write_mask"]["type"] == "boolean"
    assert properties["pictures"]["items"]["format"] == "binary"


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("inpaint", [("grow", "2000")], "grow: input should be less than or equal to 1000"),
        ("inpaint", [("grow", "4.5")], "grow: input should be a valid integer"),
        ("restyle", [("to", "green")], "to: input should be 'photo', 'anime'"),
        ("inpaint", [("sheet", "perhaps")], "sheet: input should be a valid boolean"),
        ("upscale", [("truth", "a.png")], "truth is a file; send the file itself"),
        ("inpaint", [("mask", "m.png")], "mask is a name or a file that is sent, not m.png"),
        ("inpaint", [("mask", ("m", b"1")), ("mask", "eyes")], "mask was given twice"),
        ("upscale", [("colour", "1")], "upscale does not take colour"),
        ("upscale", [("output", "elsewhere")], "upscale does not take output"),
        ("inpaint", [("mask", "mask/../../key")], "mask is a name or a file that is sent"),
        ("inpaint", [("grow", ("a", b"1"))], "grow is no file; give it as text"),
        ("inpaint", [("grow", "1"), ("grow", "2")], "grow was given twice; give it once"),
        ("inpaint", [("mask", ("m", b"no gzip", MASK))], "the mask is damaged"),
        ("upscale", [("model", "/etc/passwd")], "model is a name or a file that is sent"),
        ("read", [("model", "hub:a/b")], "model is a name or a file that is sent"),
        ("inpaint", [("model", "../x.safetensors")], "model is a name or a file that is sent"),
        ("upscale", [("model", "no-such")], "no-such: is neither a shipped model nor a file"),
        ("upscale", [("model", "tiny-repair")], "tiny-repair: is neither a shipped model"),
    ],
)
def test_what_is_wrong_is_refused_in_a_line(
    bare: Bare, name: str, fields: list[tuple[str, str]], said: str
) -> None:
    answer = bare.post(name, PICTURE, *fields)
    assert answer.status == 422 and answer.error.startswith(said)


def test_a_form_that_is_not_whole_is_refused(bare: Bare) -> None:
    assert bare.post("inpaint", ("grow", "1")).error == "pictures: field required"
    assert bare.post("microscope").error == "model: field required"
    assert bare.ask("/api/train", "POST").status in (404, 405)
    bomb = gzip.compress(struct.pack("<II", 2**16, 2**14) + bytes(2**24), 1)
    refused = bare.post("inpaint", PICTURE, ("mask", ("m", bomb, MASK))).error
    assert refused == "the mask has 65536 x 16384 pixels; take a smaller picture"


def test_labels_that_are_sent_stay_as_they_are(bare: Bare) -> None:
    """A map of parts, which inpaint then reads; what draws parts and landmarks is told of both."""
    labels = np.full((32, 32), 255, np.uint8)
    labels[4:9, 5:20] = PART_INDEX["mouth"]
    parts = ("parts", ("parts.png", packed(labels), "application/x-trombine-labels"))
    hole = ("mask", ("mask.png", packed(labels < 255), MASK))
    job = bare.done("inpaint", PICTURE, parts, hole, ("write_parts", "true"))
    assert job["state"] == "done", job["problem"]
    given = next(one for one in job["inputs"] if one["name"] == "parts/parts.png")
    sent = Image.open(io.BytesIO(bare.ask(given["url"]).body))
    assert np.array_equal(np.asarray(sent), labels)
    data = gzip.decompress(bare.ask(f"/api/jobs/{job['id']}/labels/photo.parts.png").body)
    painted = np.frombuffer(data, np.uint8, offset=8).reshape(32, 32)
    assert np.array_equal(painted == PART_INDEX["mouth"], labels < 255)
    assert [part["name"] for part in bare.ask("/api/parts").json] == list(PART_INDEX)
    groups = bare.ask("/api/landmarks").json
    assert [(one["name"], one["count"]) for one in groups] == [
        (name, len(group)) for name, group in LANDMARK_GROUPS.items()
    ]
    assert {one["name"] for one in groups if one["closed"]} == set(CLOSED)


def test_a_reading_has_its_table_its_parts_and_its_points(bare: Bare) -> None:
    picture = ("pictures", ("astronaut.png", png(skimage.data.astronaut()[:256, 96:352])))
    switches = [(name, "true") for name in ("json", "write_parts", "write_points")]
    job = bare.done("read", picture, *switches)
    names = {file["name"] for file in job["files"]}
    assert names == {f"astronaut{end}" for end in (".png", ".json", ".parts.png", ".points.json")}
    found = bare.ask(f"/api/jobs/{job['id']}/files/astronaut.json").json
    assert len(found["faces"]) == 1
    data = gzip.decompress(bare.ask(f"/api/jobs/{job['id']}/labels/astronaut.parts.png").body)
    assert struct.unpack_from("<II", data) == (256, 256) and len(set(data[8:])) > 5
    assert bare.ask(f"/api/jobs/{job['id']}/labels/astronaut.png").status == 404


def test_what_a_command_refuses_of_a_file_a_job_refuses(bare: Bare) -> None:
    job = bare.done("upscale", ("pictures", ("broken.png", b"no picture")))
    assert job["state"] == "failed"
    assert job["problem"].startswith("broken.png: ") and "/" not in job["problem"]
    eyes = bare.done("inpaint", PICTURE, ("mask", "eyes"))
    assert "shows no face, so none of its parts" in eyes["problem"]


@pytest.mark.parametrize("ending", [".pt", ".pth"])
def test_a_model_that_is_sent_is_looked_at_and_runs_nothing(
    bare: Bare, tmp_path: Path, ending: str
) -> None:
    """Before anything is asked of the libraries that other people's nets need."""
    for data, said in (
        (b"no model at all", "is no checkpoint"),
        (pickle.dumps(Touching(tmp_path / "run")), "trombine runs nothing from a file"),
    ):
        job = bare.done("upscale", PICTURE, ("model", (f"m{ending}", data)))
        assert said in job["problem"] and job["problem"].startswith(f"m{ending}: ")
    assert not (tmp_path / "run").exists()


class Touching:
    """A pickle that makes a file once it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_two_files_of_one_name_are_two(bare: Bare) -> None:
    one, other = png(noise(seed=1)), png(noise(seed=2))
    job = bare.done("upscale", ("pictures", ("a.png", one)), ("pictures", ("a.png", other)))
    assert job["fields"]["pictures"] == ["pictures/a.png", "pictures/a-2.png"]
    assert [file["name"] for file in job["files"]] == ["a-2.png", "a.png"]
    with zipfile.ZipFile(io.BytesIO(bare.ask(f"{job['url']}/files.zip").body)) as archive:
        made = {name: archive.read(name) for name in archive.namelist()}
    assert made == {file["name"]: bare.ask(file["url"]).body for file in job["files"]}
