"""Ways to a size: which nets, in which order, to exactly which size, and which are refused."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trombine.core import memory
from trombine.core.errors import InputError
from trombine.io.image import MAX_PIXELS
from trombine.models import Card, Model, load, save, shipped
from trombine.models.running import enlarged
from trombine.nets import Net, build
from trombine.superres import pipelines
from trombine.superres.pipelines import (
    Sharpened,
    check_pixels,
    factor_of,
    families,
    grid,
    plan_pipeline,
    resolve,
)

FACTORS = {
    "upscale": (2, 4),
    "upscale-wild": (2, 4),
    "upscale-wild-sharp": (4,),
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
        f"{name}-x{factor}": written(folder / f"{name}-x{factor}.safetensors", factor=factor)
        for name, factors in FACTORS.items()
        for factor in factors
    }
    there["mender"] = written(folder / "mender.safetensors", task="restore", factor=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipelines, "shipped", lambda: there)
        yield


def shipped_as(family: str, model: Model) -> Path:
    return pipelines.shipped()[f"{family}-x{factor_of(model)}"]


def factors(pipeline: pipelines.Pipeline) -> list[int]:
    return [factor_of(model) for model in pipeline.models]


def test_a_family_is_the_shipped_files_of_a_name() -> None:
    assert {name: tuple(found) for name, found in families().items()} == FACTORS


def test_each_shipped_net_enlarges_as_its_name_says() -> None:
    for name, path in shipped().items():
        if match := pipelines._NAME.fullmatch(name):
            assert factor_of(load(path)) == int(match["factor"]), name


@pytest.mark.parametrize(
    ("model", "factor", "steps", "last"),
    [
        ("upscale", 2, [2], ""),
        ("upscale", 3, [4], "bicubic"),
        ("upscale", 8, [4, 2], ""),
        ("upscale", 9, [4, 4], "bicubic"),
        ("all", 11, [4, 3], "bicubic"),
        ("four", 2, [4], "bicubic"),
        ("upscale-x2", 3, [2, 2], "bicubic"),
        ("upscale-x2", 16, [2, 2, 2, 2], ""),
    ],
)
def test_the_nearest_net_that_is_enough(
    model: str, factor: int, steps: list[int], last: str
) -> None:
    pipeline = plan_pipeline(30, 20, factor, model=resolve(model))
    assert (factors(pipeline), pipeline.last, pipeline.size) == (
        steps,
        last,
        (30 * factor, 20 * factor),
    )


def test_the_size_is_kept_by_the_net_that_removes_damage() -> None:
    pipeline = plan_pipeline(30, 20, 1, model=resolve("upscale-wild"))
    assert (factors(pipeline), pipeline.last, pipeline.size) == ([2], "bicubic", (30, 20))
    with pytest.raises(InputError, match="for -x 1 name upscale-wild"):
        plan_pipeline(30, 20, 1, model=resolve("upscale"))


@pytest.mark.parametrize(
    ("factor", "steps", "last"),
    [(2, [4], "bicubic"), (8, [4, 2], "")],
)
def test_sharpness_is_of_the_first_net(factor: int, steps: list[int], last: str) -> None:
    pipeline = plan_pipeline(30, 20, factor, model=resolve("upscale"), sharpness=0.25)
    assert (factors(pipeline), pipeline.last) == (steps, last)
    usual, sharp = (load(pipelines.shipped()[name]) for name in pipelines._SHARP["upscale"])
    first, *others = pipeline.models
    assert isinstance(first.net, Sharpened)
    nets = (first.net.sharp, usual.net, sharp.net)
    for ours, one, other in zip(*(net.parameters() for net in nets), strict=True):
        assert torch.allclose(ours, 0.75 * one + 0.25 * other)
    assert [model.hash for model in others] == [load(pipelines.shipped()["upscale-x2"]).hash] * len(
        others
    )
    assert first.hash == f"{usual.hash}~{sharp.hash}*0.25-grid"
    blend = plan_pipeline(30, 20, factor, model=resolve("upscale+upscale-wild*0.3"), sharpness=0.25)
    assert blend.models[0] is first and blend.second is not None
    low, high = pipelines._LOOKS["upscale-wild"]
    of_damage = blend.second.models[0]
    soft, crisp = (load(shipped_as(f"upscale-wild{kind}", of_damage)) for kind in ("", "-sharp"))
    share = low + 0.25 * (high - low)
    nets = (of_damage.net, soft.net, crisp.net)
    for ours, one, other in zip(*(net.parameters() for net in nets), strict=True):
        assert torch.allclose(ours, (1 - share) * one + share * other)
    three = plan_pipeline(30, 20, factor, model=resolve("three"), sharpness=0.25).models[0]
    assert three.path.stem == "three-x3"


@given(height=SIDES, width=SIDES, box=st.tuples(SIDES, SIDES), model=st.sampled_from([*FACTORS]))
def test_what_fits_in_a_box(height: int, width: int, box: tuple[int, int], model: str) -> None:
    """By trying every size: the largest of the picture's shape, to half a pixel."""
    most = min(box[0] / width, box[1] / height)
    if most <= 1 or most > 16:
        with pytest.raises(InputError):
            plan_pipeline(height, width, box, model=resolve(model))
        return
    pipeline = plan_pipeline(height, width, box, model=resolve(model))
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


def sharp_net(seed: int) -> Net:
    return build("residual", {"width": 8, "depth": 2, "factor": 4}, seed=seed).eval()


def test_a_faint_pattern_that_repeats_is_all_that_is_taken_out() -> None:
    """Exactly; also where it is added to a colour, which is none of it. Nor is an edge: however
    strong, it leaves no more beside itself than a faint one."""
    pattern = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    pattern = pipelines._FAINT / 4 * (pattern - pattern.mean((2, 3), keepdim=True))
    repeated = pattern.repeat(1, 1, 12, 10)
    colour = pipelines._FAINT * torch.tensor([0.2, -0.1, 0.4])[:, None, None]
    assert torch.allclose(grid(repeated + colour, 4), repeated, atol=1e-8)
    edge = torch.zeros(1, 3, 80, 80)
    edge[..., 41] = 1.0
    assert grid(edge, 4).abs().max() <= pipelines._FAINT / pipelines._SIDE


def test_sharpened_tiled_equals_whole_and_equal_nets_have_no_grid() -> None:
    both = Sharpened(sharp_net(3), sharp_net(4))
    picture = torch.rand(3, 40, 33, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        whole = both(picture[None])[0].clamp(0, 1)
        one = sharp_net(3)
        assert torch.equal(Sharpened(one, one)(picture[None]), one(picture[None]))
    assert (enlarged(both, picture, tile=7) - whole).abs().max() < 1e-5


def test_a_file_is_a_net_of_its_own(tmp_path: Path) -> None:
    path = written(tmp_path / "my.safetensors", factor=3)
    for model in (path, str(path)):
        pipeline = plan_pipeline(10, 10, 2, model=resolve(model))
        assert (factors(pipeline), pipeline.last, pipeline.size) == ([3], "bicubic", (20, 20))
    first, second = plan_pipeline(9, 9, 9, model=resolve(path)).models
    assert first is second, "it is loaded once"
    os.utime(written(path, factor=2), ns=(1, 1))
    again = plan_pipeline(9, 9, 2, model=resolve(path))
    assert factors(again) == [2], "and anew when its file changes"


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the least is made that is ever tried."""
    monkeypatch.setattr(memory, "available", lambda: 1 << 30)


def test_more_is_made_where_there_is_memory_or_the_environment_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """24 megapixels twice: what cameras make."""
    monkeypatch.setattr(memory, "available", lambda: 8 << 30)
    assert plan_pipeline(4000, 6000, 2, model=resolve("upscale")).size == (8000, 12000)
    assert pipelines.most_pixels() == (8 << 30) // pipelines.BYTES_A_PIXEL
    monkeypatch.setattr(memory, "available", lambda: None)
    assert pipelines.most_pixels() == MAX_PIXELS
    monkeypatch.setenv("TROMBINE_MAX_PIXELS", "96000000")
    assert plan_pipeline(4000, 6000, 2, model=resolve("upscale")).size == (8000, 12000)
    with pytest.raises(InputError, match="at most 96,000,000 are made"):
        plan_pipeline(4000, 6001, 2, model=resolve("upscale"))


@pytest.mark.usefixtures("little_memory")
def test_the_result_is_bounded() -> None:
    """To the pixel, all frames together, and what is larger on the way."""
    assert 9459**2 <= MAX_PIXELS < 9460**2
    box = (9459, 9999)
    assert plan_pipeline(8000, 8000, box, model=resolve("upscale")).size == (9459, 9459)
    with pytest.raises(InputError, match="would become 9,460 x 9,460"):
        plan_pipeline(4730, 4730, 2, model=resolve("upscale"))
    check_pixels((100, 100), frames=8947)
    with pytest.raises(InputError, match="8,948 frames of 100 x 100"):
        check_pixels((100, 100), frames=8948)
    with pytest.raises(InputError, match="before it is shrunk"):
        plan_pipeline(8000, 8000, box, model=resolve("four"))


def test_damage_is_taken_away_by_the_net_for_two_times_or_half_of_the_sharp_one() -> None:
    soft = plan_pipeline(30, 20, 2, model=resolve("upscale-wild"))
    assert [model.path.stem for model in soft.models] == ["upscale-wild-x2"]
    sharp = plan_pipeline(30, 20, 2, model=resolve("upscale-wild"), sharpness=0.5)
    assert (factors(sharp), sharp.last) == ([4], "bicubic")
    shares = {float(str(one.faces and one.faces.hash).partition("*")[2]) for one in (soft, sharp)}
    low, high = pipelines._FACES_LOOK
    assert shares == {low, low + 0.5 * (high - low)}
