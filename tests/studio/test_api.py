"""Every verb by HTTP: the command's fields, limits, words and bytes."""

from __future__ import annotations

import gzip
import inspect
import io
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image
from studios import Server, noise, png

import trombine
from trombine.commands.options import help_of
from trombine.core.conventions import LANDMARK_GROUPS, PART_INDEX
from trombine.io.overlays import CLOSED
from trombine.studio.api import SERVED

Command = Callable[..., subprocess.CompletedProcess[str]]
PICTURE = ("pictures", ("photo.png", png(noise())))
MASK = "application/x-trombine-mask"


def packed(mask: np.ndarray) -> bytes:
    """A mask as pages send it."""
    return gzip.compress(struct.pack("<II", *mask.shape[::-1]) + mask.astype(np.uint8).tobytes())


def test_every_function_on_pictures_is_there_with_its_parameters(server: Server) -> None:
    """Its names, words, limits and defaults stand in OpenAPI, as its signature has them."""
    paths = server.ask("/api/openapi.json").json["paths"]
    for name in SERVED:
        function = getattr(trombine, name)
        body = paths[f"/api/{name}"]["post"]["requestBody"]["content"]["multipart/form-data"]
        properties, says = body["schema"]["properties"], help_of(function)
        for parameter in inspect.signature(function).parameters.values():
            if (field := parameter.name.rstrip("_")) not in properties:
                own = (
                    "output",
                    "progress",
                    "overwrite",
                    "recursive",
                    "device",
                    "threads",
                    "workers",
                    "cluster",
                )
                assert parameter.name in own
                continue
            assert properties[field]["description"] == says[parameter.name]
            if isinstance(parameter.default, int | str | float):
                assert properties[field]["default"] == parameter.default
            is_needed = parameter.default is inspect.Parameter.empty
            assert is_needed == (field in body["schema"].get("required", ()))
    schema = paths["/api/inpaint"]["post"]["requestBody"]["content"]["multipart/form-data"]
    properties = schema["schema"]["properties"]
    assert (properties["grow"]["minimum"], properties["grow"]["maximum"]) == (0, 1000)
    assert properties["mask_is"]["enum"] == ["auto", "white", "black", "transparent"]
    assert properties["scratches"]["type"] == "boolean"
    assert properties["pictures"]["items"]["format"] == "binary"


@pytest.mark.parametrize(
    ("name", "field", "value", "said"),
    [
        ("inpaint", "grow", "2000", "grow: input should be less than or equal to 1000"),
        ("inpaint", "grow", "4.5", "grow: input should be a valid integer"),
        ("inpaint", "mask_is", "green", "mask_is: input should be 'auto', 'white'"),
        ("inpaint", "scratches", "perhaps", "scratches: input should be a valid boolean"),
        ("upscale", "scale", "99", "scale: input should be less than or equal to 16"),
        ("upscale", "colour", "1", "upscale does not take colour"),
        ("upscale", "output", "elsewhere", "upscale does not take output"),
        ("inpaint", "mask", "mask.png", "mask is a file; send the file itself"),
        ("inpaint", "mask", "mask/../../key", "mask is a file; send the file itself"),
        ("inpaint", "grow", ("a", b"1"), "grow is no file; give it as text"),
    ],
)
def test_a_wrong_value_is_refused_in_a_line(
    server: Server, name: str, field: str, value: str | tuple[str, bytes], said: str
) -> None:
    answer = server.post(name, PICTURE, (field, value))
    assert answer.status == 422 and answer.error.startswith(said)


def test_a_form_that_is_not_whole_is_refused(server: Server) -> None:
    for fields, text in (
        ((PICTURE, ("grow", "1"), ("grow", "2")), "grow was given twice; give it once"),
        ((("grow", "1"),), "pictures: field required"),
        ((PICTURE, ("mask", ("m", b"no gzip", MASK))), "the mask is damaged"),
        ((PICTURE, ("mask", ("m", gzip.compress(bytes(9)), MASK))), "the mask is damaged"),
    ):
        answer = server.post("inpaint", *fields)
        assert answer.status == 422 and text in answer.error
    answer = server.post("microscope")
    assert answer.status == 422 and answer.error == "model: field required"
    assert server.ask("/api/train", "POST").status in (404, 405)


@pytest.mark.parametrize("model", ["/etc/passwd", "../x.safetensors", "hub:a/b", "~/x", "a\\b"])
def test_a_model_is_no_path_of_the_servers(server: Server, model: str) -> None:
    for verb in ("inpaint", "upscale", "read"):
        answer = server.post(verb, PICTURE, ("model", model))
        assert answer.status == 422 and "model is a name or a file that is sent" in answer.error


def test_a_mask_that_unpacks_to_too_much_is_refused(server: Server) -> None:
    bomb = gzip.compress(struct.pack("<II", 2**16, 2**14) + bytes(2**30 >> 2), 1)
    answer = server.post("inpaint", PICTURE, ("mask", ("m", bomb, MASK)))
    assert answer.status == 422 and "the mask is damaged" in answer.error


def test_a_repair_has_the_commands_bytes(server: Server, command: Command, tmp_path: Path) -> None:
    """A raw mask, and outside of it no sample that changed, as the server counts and we do."""
    pixels = skimage.data.astronaut()[40:200, 150:310]
    hole = np.zeros(pixels.shape[:2], bool)
    hole[60:90, 40:80] = True
    photo = ("pictures", ("photo.png", png(pixels)))
    made = server.post(
        "inpaint",
        photo,
        ("mask", ("mask", packed(hole), MASK)),
        ("mask_is", "white"),
        ("seed", "3"),
    ).json
    job = server.ended(made["id"])
    assert job["state"] == "done", job["problem"]
    (file,) = job["files"]
    data = server.ask(file["url"]).body
    mask = next(i for i in job["inputs"] if i["name"].startswith("mask/"))
    (tmp_path / "photo.png").write_bytes(png(pixels))
    (tmp_path / "mask.png").write_bytes(server.ask(mask["url"]).body)
    words = ("--mask", "mask.png", "--mask-is", "white", "--seed", "3", "-o", "out.png")
    assert command("inpaint", "photo.png", *words).returncode == 0
    assert (tmp_path / "out.png").read_bytes() == data
    result = np.asarray(Image.open(tmp_path / "out.png"))
    assert np.array_equal(result[~hole], pixels[~hole]) and (result[hole] != pixels[hole]).any()


def test_labels_that_are_sent_stay_as_they_are(server: Server) -> None:
    """A map of parts, which inpaint then reads; what draws parts and landmarks is told of both."""
    labels = np.full((32, 32), 255, np.uint8)
    labels[4:9, 5:20] = PART_INDEX["mouth"]
    parts = ("parts", ("parts.png", packed(labels), "application/x-trombine-labels"))
    hole = ("mask", ("mask.png", packed(labels < 255), MASK))
    made = server.post("inpaint", PICTURE, parts, hole, ("write_parts", "true")).json
    job = server.ended(made["id"])
    assert job["state"] == "done", job["problem"]
    given = next(one for one in job["inputs"] if one["name"] == "parts/parts.png")
    sent = Image.open(io.BytesIO(server.ask(given["url"]).body))
    assert np.array_equal(np.asarray(sent), labels)
    data = gzip.decompress(server.ask(f"/api/jobs/{job['id']}/labels/photo.parts.png").body)
    painted = np.frombuffer(data, np.uint8, offset=8).reshape(32, 32)
    assert np.array_equal(painted == PART_INDEX["mouth"], labels < 255)
    assert [part["name"] for part in server.ask("/api/parts").json] == list(PART_INDEX)
    groups = server.ask("/api/landmarks").json
    assert [(one["name"], one["count"]) for one in groups] == [
        (name, len(group)) for name, group in LANDMARK_GROUPS.items()
    ]
    assert {one["name"] for one in groups if one["closed"]} == set(CLOSED)


def test_a_reading_has_its_table_its_parts_and_its_points(server: Server) -> None:
    picture = ("pictures", ("astronaut.png", png(skimage.data.astronaut()[:256, 96:352])))
    switches = [(name, "true") for name in ("json", "write_parts", "write_points")]
    job = server.ended(server.post("read", picture, *switches).json["id"])
    assert job["state"] == "done", job["problem"]
    names = {file["name"] for file in job["files"]}
    ends = (".png", ".json", ".parts.png", ".points.json")
    assert names == {f"astronaut{end}" for end in ends}
    found = server.ask(f"/api/jobs/{job['id']}/files/astronaut.json").json
    assert len(found["faces"]) == 1
    data = gzip.decompress(server.ask(f"/api/jobs/{job['id']}/labels/astronaut.parts.png").body)
    assert struct.unpack_from("<II", data) == (256, 256) and len(data) == 8 + 256 * 256
    assert len(set(data[8:])) > 5
    assert server.ask(f"/api/jobs/{job['id']}/labels/astronaut.png").status == 404


def test_what_a_command_refuses_of_a_file_a_job_refuses(server: Server, command: Command) -> None:
    job = server.ended(
        server.post("upscale", ("pictures", ("broken.png", b"no picture"))).json["id"]
    )
    assert job["state"] == "failed"
    assert job["problem"].startswith("broken.png: ") and "/" not in job["problem"]
    both = server.post(
        "inpaint", PICTURE, ("mask", ("m.png", png(noise()))), ("mask_part", "eyes")
    ).json
    assert "each say where the hole is; give one of them" in server.ended(both["id"])["problem"]


def test_two_files_of_one_name_are_two(server: Server) -> None:
    one, other = png(noise(seed=1)), png(noise(seed=2))
    made = server.post("upscale", ("pictures", ("a.png", one)), ("pictures", ("a.png", other))).json
    assert made["fields"]["pictures"] == ["pictures/a.png", "pictures/a-2.png"]
    job = server.ended(made["id"])
    assert [file["name"] for file in job["files"]] == ["a-2.png", "a.png"]
