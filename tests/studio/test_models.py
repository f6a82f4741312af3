"""Which models are offered, and jobs by those that do not ship."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from studios import Bare, noise, png

from trombine.generation.by_net import Inventing
from trombine.inpainting.repairing import varies
from trombine.models import loaded, shipped
from trombine.nets import build
from trombine.studio.models import VARYING, offers
from trombine.world import STYLES, VECTOR_NAMES

Command = Callable[..., CompletedProcess[str]]


@pytest.fixture
def home(bare: Bare) -> Path:
    """Where the studio is opened."""
    assert bare.home is not None
    return bare.home


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
    for name in VARYING:
        assert "seed" in build(name, {"width": 4, "levels": 1}).optional


def test_the_painter_s_styles_are_offered_first_in_sizes_that_it_paints(tmp_path: Path) -> None:
    painted = [one for one in offers(tmp_path) if one.task == "generate"][: len(STYLES)]
    assert {one.style for one in painted} == set(STYLES)
    for one in painted:
        assert one.sizes[0] == 512 and all(16 <= size <= 2048 for size in one.sizes)
        assert [field["name"] for field in one.told["fields"]] == list(VECTOR_NAMES)


def test_a_walk_between_one_s_own_faces_has_the_command_s_bytes(
    bare: Bare, home: Path, command: Command, tmp_path: Path
) -> None:
    """Frames in a folder, as `-o FOLDER` makes them, and the film that `-o walk.gif` is."""
    fields = (("seeds", "3 8"), ("frames", "3"), ("model", "tiny-faces"))
    job = bare.done("morph", *fields, ("film", "gif"))
    assert job["state"] == "done" and str(home) not in str(job), job["problem"]
    model, film = str(home / "runs" / "tiny-faces"), tmp_path / "walk.gif"
    words = ("3", "8", "--frames", "3", "--model", model, "-o")
    for output in (tmp_path / "o", film):
        assert command("morph", *words, str(output)).returncode == 0
    film.rename(tmp_path / "o" / "film.gif")
    made = {path.name: path.read_bytes() for path in (tmp_path / "o").iterdir()}
    assert {file["name"]: bare.ask(file["url"]).body for file in job["files"]} == made
    assert len(made) == 5


def test_a_repair_by_one_s_own_model_differs_by_its_seed(bare: Bare) -> None:
    hole = noise(32) * 0
    hole[8:20, 8:20] = 255
    parts = (("pictures", ("a.png", png(noise(32)))), ("mask", ("m.png", png(hole))))
    results = []
    for seed in ("0", "1"):
        fields = (("model", "tiny-repair"), ("seed", seed))
        job = bare.done("inpaint", *parts, *fields)
        assert job["state"] == "done", job["problem"]
        results.append(bare.ask(job["files"][0]["url"]).body)
    assert results[0] != results[1]
