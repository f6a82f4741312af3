"""Which models are offered, and jobs by those that do not ship."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from studios import Server, noise, png

from trombine.generation.by_net import Inventing
from trombine.inpainting.repairing import varies
from trombine.models import loaded, shipped
from trombine.nets import NETS, build
from trombine.studio.models import VARYING, offers
from trombine.world import STYLES, VECTOR_NAMES


@pytest.fixture
def home(server: Server) -> Path:
    """Where the studio is opened."""
    assert server.home is not None
    return server.home


def test_what_a_header_says_is_what_the_net_does(home: Path) -> None:
    """Sizes, fields and whether answers differ, beside the loaded nets; every name is a model's."""
    names = set()
    for offer in offers(home / "runs"):
        names.add(offer.name)
        if offer.style:
            continue
        ships = [name for name in shipped() if name.startswith(offer.name)]
        path = offer.path or shipped()[min(ships)]
        model = loaded(path)
        assert model.card.task == offer.task and offer.varies == varies(model)
        if offer.task == "generate":
            for size in offer.sizes:
                inventing = Inventing(path=path, size=size, truncation=1, asked={})
                assert inventing.told == offer.fields
    assert {"inpaint", "upscale", "tiny-faces", "tiny-repair", "cartoon", "sketch"} <= names


def test_the_painter_s_styles_are_offered_first_in_sizes_that_it_paints(tmp_path: Path) -> None:
    painted = [one for one in offers(tmp_path) if one.task == "generate"][: len(STYLES)]
    assert {one.style for one in painted} == set(STYLES)
    for one in painted:
        assert one.sizes[0] == 512 and all(16 <= size <= 2048 for size in one.sizes)
        assert [field["name"] for field in one.told["fields"]] == list(VECTOR_NAMES)


def test_the_nets_that_vary_are_those_that_take_a_seed() -> None:
    for name in VARYING:
        assert name in NETS and "seed" in build(name, {"width": 4, "levels": 1}).optional


def test_what_is_no_model_is_not_offered(tmp_path: Path) -> None:
    for name, data in (("a", b""), ("b", b"\xff" * 64), ("c", b"\x02" + bytes(7) + b"{}")):
        place = tmp_path / "runs" / name
        place.mkdir(parents=True)
        (place / "best.safetensors").write_bytes(data)
    assert not [one for one in offers(tmp_path / "runs", tmp_path / "no") if one.path]


def test_one_that_is_named_at_the_start_is_offered(home: Path, tmp_path: Path) -> None:
    for given in (home / "runs" / "tiny-faces", home / "runs" / "tiny-faces" / "best.safetensors"):
        (offer,) = [one for one in offers(tmp_path, given) if one.path]
        assert offer.task == "generate" and offer.sizes == (32, 64, 128)


def test_faces_have_the_command_s_bytes(
    server: Server, home: Path, command: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    fields = (("seeds", "3-4"), ("attributes", "smile=.8"), ("truncation", ".7"))
    made = server.post("generate", ("model", "tiny-faces"), ("size", "32"), *fields).json
    assert made["fields"]["model"] == "tiny-faces" and str(home) not in str(made)
    job = server.ended(made["id"])
    assert job["state"] == "done", job["problem"]
    words = [word for name, value in fields for word in (f"--{name}", value)]
    model = str(home / "runs" / "tiny-faces")
    assert command("generate", *words, "--model", model, "-o", str(tmp_path / "o")).returncode == 0
    assert [file["name"] for file in job["files"]] == ["000003.png", "000004.png"]
    for file in job["files"]:
        assert server.ask(file["url"]).body == (tmp_path / "o" / file["name"]).read_bytes()


def test_a_repair_by_one_s_own_model_differs_by_its_seed(server: Server) -> None:
    hole = noise(32) * 0
    hole[8:20, 8:20] = 255
    parts = (("pictures", ("a.png", png(noise(32)))), ("mask", ("m.png", png(hole))))
    results = []
    for seed in ("0", "1"):
        fields = (("model", "tiny-repair"), ("seed", seed), ("mask_is", "white"))
        job = server.ended(server.post("inpaint", *parts, *fields).json["id"])
        assert job["state"] == "done", job["problem"]
        results.append(server.ask(job["files"][0]["url"]).body)
    assert results[0] != results[1]


def test_a_run_is_no_model_of_another_verb(server: Server) -> None:
    picture = ("pictures", ("a.png", png(noise())))
    answer = server.post("upscale", picture, ("model", "tiny-repair"))
    assert answer.status == 422 and "is neither a shipped model nor a file" in answer.error


def test_a_model_that_is_not_there_is_refused_in_the_commands_words(
    server: Server, command: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    for verb, field in (
        ("generate", ("seeds", "3")),
        ("restyle", ("to", "anime")),
        ("upscale", ("scale", "2")),
    ):
        given = () if verb == "generate" else (("pictures", ("photo.png", png(noise()))),)
        answer = server.post(verb, *given, field, ("model", "no-such"))
        (tmp_path / "photo.png").write_bytes(png(noise()))
        words = ["photo.png"] if given else ["-o", "faces"]
        said = command(verb, *words, f"--{field[0]}", field[1], "--model", "no-such").stderr
        assert answer.status == 422
        assert f"trombine: {answer.error}" == said.strip()


def test_a_walk_between_one_s_own_faces_has_the_command_s_frames(
    server: Server, home: Path, command: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    """Frames in a folder, as `-o FOLDER` makes them, and the film that `-o walk.gif` is."""
    fields = (("seeds", "3 8"), ("frames", "3"), ("model", "tiny-faces"))
    job = server.ended(server.post("morph", *fields, ("film", "gif")).json["id"])
    assert job["state"] == "done", job["problem"]
    model = str(home / "runs" / "tiny-faces")
    words = ("3", "8", "--frames", "3", "--model", model, "-o", str(tmp_path / "o"))
    assert command("morph", *words).returncode == 0
    film = tmp_path / "walk.gif"
    assert command("morph", *words[:-1], str(film)).returncode == 0
    film.rename(tmp_path / "o" / "film.gif")
    made = {path.name: path.read_bytes() for path in (tmp_path / "o").iterdir()}
    assert {file["name"]: server.ask(file["url"]).body for file in job["files"]} == made
    assert len(made) == 5
    assert command("morph", *words[:-1], str(film), "--film", "gif").returncode == 2
    assert server.post("morph", ("frames", "3")).error == "seeds: field required"
