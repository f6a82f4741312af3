"""Ways to a size: which nets, in which order, to exactly which size, and which are refused."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trombine.core import memory
from trombine.core.errors import InputError
from trombine.io.image import MAX_PIXELS
from trombine.models import Card, Model, load, running, save, shipped
from trombine.nets import build
from trombine.superres import names, pipelines
from trombine.superres.names import families, named
from trombine.superres.pipelines import check_pixels, factor_of, plan_pipeline
from trombine.superres.sharpened import Sharpened

FACTORS = {
    "upscale": (2, 4),
    "upscale-wild": (2, 4),
    "upscale-wild-sharp": (2, 4),
    "upscale-wild-faces": (4,),
    "upscale-clean": (2,),
    "upscale-sharp": (4,),
    "three": (3,),
    "four": (4,),
    "all": (2, 3, 4),
}
SIDES = st.integers(1, 300)


def written(path: Path, *, task: str = "upscale", **sizes: int) -> Path:
    net = build("residual", {"width": 1, "depth": 1, **sizes}, seed=len(path.stem))
    save(path, net, Card(task=task, net="residual", sizes=net.sizes))
    return path


@pytest.fixture(scope="module", autouse=True)
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Small nets in place of those that are shipped, and one that has no factor in its name."""
    folder = tmp_path_factory.mktemp("zoo")
    there = {
        named(name, factor): written(folder / f"{named(name, factor)}.safetensors", factor=factor)
        for name, factors in FACTORS.items()
        for factor in factors
    }
    there["mender"] = written(folder / "mender.safetensors", task="restore", factor=1)
    with pytest.MonkeyPatch.context() as patch:
        for module in (names, pipelines):
            patch.setattr(module, "shipped", lambda: there)
        yield


def shipped_as(family: str, model: Model) -> Path:
    return pipelines.shipped()[named(family, factor_of(model))]


def factors(pipeline: pipelines.Pipeline) -> list[int]:
    return [factor_of(model) for model in pipeline.models]


def test_a_family_is_the_shipped_files_of_a_name() -> None:
    assert {name: tuple(found) for name, found in families().items()} == FACTORS
    assert named("upscale-drawings", 4) == "upscale-drawings-x4"


def test_each_shipped_net_enlarges_as_its_name_says() -> None:
    for name, path in shipped().items():
        if match := names._NAME.fullmatch(name):
            assert factor_of(load(path)) == int(match["factor"]), name


@pytest.mark.parametrize(
    ("model", "factor", "steps", "last"),
    [
        ("upscale", 2, [2], ""),
        ("upscale", 3, [4], "bicubic"),
        ("upscale", 4, [4], ""),
        ("upscale", 5, [4, 2], "bicubic"),
        ("upscale", 8, [4, 2], ""),
        ("upscale", 9, [4, 4], "bicubic"),
        ("upscale", 16, [4, 4], ""),
        ("all", 3, [3], ""),
        ("all", 7, [4, 2], "bicubic"),
        ("all", 11, [4, 3], "bicubic"),
        ("four", 2, [4], "bicubic"),
        ("three", 4, [3, 3], "bicubic"),
        ("upscale-x2", 2, [2], ""),
        ("upscale-x2", 3, [2, 2], "bicubic"),
        ("upscale-x2", 4, [2, 2], ""),
        ("upscale-x2", 16, [2, 2, 2, 2], ""),
        ("upscale-x4", 2, [4], "bicubic"),
    ],
)
def test_the_nearest_net_that_is_enough(
    model: str, factor: int, steps: list[int], last: str
) -> None:
    pipeline = plan_pipeline(30, 20, factor=factor, box=None, model=model)
    assert (factors(pipeline), pipeline.last, pipeline.size) == (
        steps,
        last,
        (30 * factor, 20 * factor),
    )


def test_the_size_is_kept_by_the_net_that_removes_damage() -> None:
    pipeline = plan_pipeline(30, 20, factor=1, box=None, model="upscale-wild")
    assert (factors(pipeline), pipeline.last, pipeline.size) == ([2], "bicubic", (30, 20))
    for model in ("upscale", "upscale-x2", "all"):
        with pytest.raises(InputError, match="-x 1 is for upscale-wild, which auto takes, or"):
            plan_pipeline(30, 20, factor=1, box=None, model=model)


@pytest.mark.usefixtures("little_memory")
def test_sharp_nets_are_held_to_what_they_make_on_the_way() -> None:
    """Four times, where the usual ones make twice."""
    asked: dict[str, Any] = {"factor": None, "box": (9400, 9400), "model": "upscale"}
    assert factors(plan_pipeline(9000, 9000, **asked)) == [2]
    with pytest.raises(InputError, match="pixels before it is shrunk to size"):
        plan_pipeline(9000, 9000, sharpness=0.3, **asked)


@pytest.mark.parametrize(
    ("factor", "steps", "last"),
    [(2, [4], "bicubic"), (4, [4], ""), (5, [4, 2], "bicubic"), (8, [4, 2], "")],
)
def test_sharpness_is_of_the_first_net(factor: int, steps: list[int], last: str) -> None:
    asked: dict[str, Any] = {"factor": factor, "box": None}
    pipeline = plan_pipeline(30, 20, model="upscale", sharpness=0.25, **asked)
    assert (factors(pipeline), pipeline.last) == (steps, last)
    usual, sharp = (load(pipelines.shipped()[name]) for name in pipelines._SHARP)
    first, *others = pipeline.models
    assert isinstance(first.net, Sharpened)
    nets = (first.net.sharp, usual.net, sharp.net)
    for ours, one, other in zip(*(net.parameters() for net in nets), strict=True):
        assert torch.allclose(ours, 0.75 * one + 0.25 * other)
    assert [model.hash for model in others] == [load(pipelines.shipped()["upscale-x2"]).hash] * len(
        others
    )
    assert first.hash == f"{usual.hash}~{sharp.hash}*0.25-grid"
    blend = plan_pipeline(30, 20, model="upscale+upscale-wild*0.3", sharpness=0.25, **asked)
    assert blend.models[0] is first and blend.second is not None
    low, high = pipelines.LOOKS
    of_damage = blend.second.models[0]
    soft, crisp = (load(shipped_as(f"upscale-wild{kind}", of_damage)) for kind in ("", "-sharp"))
    share = low + 0.25 * (high - low)
    nets = (of_damage.net, soft.net, crisp.net)
    for ours, one, other in zip(*(net.parameters() for net in nets), strict=True):
        assert torch.allclose(ours, (1 - share) * one + share * other)
    assert plan_pipeline(30, 20, model="three", sharpness=0.25, **asked).models[0].path.stem == (
        "three-x3"
    )


@given(height=SIDES, width=SIDES, box=st.tuples(SIDES, SIDES), model=st.sampled_from([*FACTORS]))
def test_what_fits_in_a_box(height: int, width: int, box: tuple[int, int], model: str) -> None:
    """By trying every size: the largest of the picture's shape, to half a pixel."""
    most = min(box[0] / width, box[1] / height)
    if most <= 1 or most > 16:
        with pytest.raises(InputError):
            plan_pipeline(height, width, factor=None, box=box, model=model)
        return
    pipeline = plan_pipeline(height, width, factor=None, box=box, model=model)
    high, wide = pipeline.size
    assert high <= box[1] and wide <= box[0], "it fits"
    assert high == box[1] or wide == box[0], "and nothing larger would"
    assert abs(high - most * height) <= 0.5 + 1e-9 and abs(wide - most * width) <= 0.5 + 1e-9
    product = math.prod(factors(pipeline))
    assert product * height >= high and product * width >= wide, "the last step never enlarges"
    assert (pipeline.last == "") == ((product * height, product * width) == pipeline.size)
    if (least := fewest(FACTORS[model], max(high / height, wide / width))) is not None:
        assert len(pipeline.models) == least


def fewest(there: tuple[int, ...], wanted: float) -> int | None:
    """How many nets it takes, by trying all rows of them."""
    for count in range(1, 5):
        for row in itertools.product(there, repeat=count):
            if math.prod(row) >= wanted - 1e-9:
                return count
    return None


def test_a_file_is_a_net_of_its_own(tmp_path: Path) -> None:
    path = written(tmp_path / "my.safetensors", factor=3)
    for model in (path, str(path)):
        pipeline = plan_pipeline(10, 10, factor=2, box=None, model=model)
        assert (factors(pipeline), pipeline.last, pipeline.size) == ([3], "bicubic", (20, 20))


def test_a_net_is_loaded_once_and_anew_when_its_file_changes(tmp_path: Path) -> None:
    path = written(tmp_path / "my.safetensors", factor=2)

    def model() -> Model:
        return plan_pipeline(9, 9, factor=4, box=None, model=path).models[0]

    first = model()
    assert model() is first
    pipeline = plan_pipeline(9, 9, factor=4, box=None, model=path)
    assert pipeline.models == (first, first)
    os.utime(written(path, factor=3), ns=(1, 1))
    assert factor_of(model()) == 3


def test_a_loaded_net_is_ready_for_all_pictures(tmp_path: Path) -> None:
    path = written(tmp_path / "my.safetensors", factor=2)
    assert pipelines.model_in(path).in_rgb in running._PREPARED


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the least is made that is ever tried."""
    monkeypatch.setattr(memory, "available", lambda: 1 << 30)


def test_more_is_made_where_there_is_memory_or_the_environment_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """24 megapixels twice, 12 three times: what cameras make."""
    monkeypatch.setattr(memory, "available", lambda: 8 << 30)
    assert plan_pipeline(4000, 6000, factor=2, box=None, model="upscale").size == (8000, 12000)
    assert plan_pipeline(3000, 4000, factor=3, box=None, model="upscale").size == (9000, 12000)
    assert pipelines.most_pixels() == (8 << 30) // pipelines.BYTES_A_PIXEL
    monkeypatch.setattr(memory, "available", lambda: None)
    assert pipelines.most_pixels() == MAX_PIXELS
    monkeypatch.setenv("TROMBINE_MAX_PIXELS", "96000000")
    assert plan_pipeline(4000, 6000, factor=2, box=None, model="upscale").size == (8000, 12000)
    with pytest.raises(InputError, match="at most 96,000,000 are made"):
        plan_pipeline(4000, 6001, factor=2, box=None, model="upscale")


@pytest.mark.usefixtures("little_memory")
def test_the_result_is_bounded() -> None:
    """To the pixel: 9,459 squared is below the bound, 9,460 squared above it."""
    assert 9459**2 <= MAX_PIXELS < 9460**2
    assert plan_pipeline(8000, 8000, factor=None, box=(9459, 9999), model="upscale").size == (
        9459,
        9459,
    )
    with pytest.raises(InputError) as caught:
        plan_pipeline(4730, 4730, factor=2, box=None, model="upscale")
    assert str(caught.value) == (
        "would become 9,460 x 9,460, 89,491,600 pixels, and at most 89,478,485 are made;"
        " choose a smaller size"
    )
    check_pixels((100, 100), frames=8947)
    with pytest.raises(InputError, match="8,948 frames of 100 x 100, 89,480,000 pixels"):
        check_pixels((100, 100), frames=8948)


@pytest.mark.usefixtures("little_memory")
def test_what_is_larger_on_the_way_is_bounded_too() -> None:
    with pytest.raises(InputError, match="before it is shrunk"):
        plan_pipeline(8000, 8000, factor=None, box=(9459, 9999), model="four")
