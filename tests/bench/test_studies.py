"""Which arms the studies have, which are still to be trained, and what the tables show."""

from __future__ import annotations

from dataclasses import asdict, replace
from json import dumps
from pathlib import Path

import generate_study
import inpaint_study
import pytest
import restyle_study
import sharpen_study
import torch
import upscale_study
from study import Arm, Study

from trombine.nets import build
from trombine.nets.sizes import Net
from trombine.recipes import with_settings
from trombine.training.methods import find

STUDIES = {
    "inpaint": inpaint_study.STUDY,
    "generate": generate_study.STUDY,
    "restyle": restyle_study.STUDY,
    "upscale": upscale_study.STUDY,
    "sharpen": sharpen_study.STUDY,
}


@pytest.mark.parametrize("study", STUDIES)
def test_an_arm_is_a_training_of_its_recipe(study: str) -> None:
    """Its settings are the recipe's, its nets can be built; all but longer ones see as many
    pictures."""
    one, nets = STUDIES[study], {}
    for arm in one.arms.values():
        recipe = with_settings(find(arm.recipe), one.settings(arm))
        usual = int(one.shared.get("pictures", recipe.pictures))
        assert (recipe.pictures == usual or arm.table == "longer") and recipe.pictures <= 200_000
        size = "128" if arm.table == "128 px" else one.shared.get("size")
        assert study == "upscale" or str(recipe.size) == size
        nets |= {str(net): net for net in recipe.nets.values()}
    for net in nets.values():
        with torch.device("meta"):
            assert isinstance(build(net.name, net.sizes), Net)


@pytest.mark.parametrize("study", STUDIES)
def test_no_two_arms_are_the_same_training(study: str) -> None:
    one = STUDIES[study]
    calls = {(arm.recipe, *sorted(one.settings(arm).items())) for arm in one.arms.values()}
    assert len(calls) == len(one.arms)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    arms = {
        name: Arm(table="net", recipe="dcgan", settings=f"--pictures 400 --seed {seed}", says=name)
        for seed, name in enumerate(("one", "two", "three"))
    }
    return Study(
        runs="small-study",
        result=tmp_path / "small.json",
        arms=arms,
        measure=lambda *_: {},
        columns={"dB": ("value", "+.2f"), "eyes": ("parts.eyes", ".1f")},
        shared={"data": "leaves#100", "seed": "9", "alone": "200"},
        not_run={"vgg": ("features", "it needs weights")},
    )


def test_only_what_the_result_lacks_is_trained(study: Study) -> None:
    assert study.lacking() == ["one", "two", "three"]
    rows = [
        {"name": "one", "value": 2.344, "minutes": 3.0, **asdict(study.arms["one"])},
        {"name": "two", "minutes": 5.0, **asdict(replace(study.arms["two"], settings="--lr 1"))},
    ]
    study.result.write_text(dumps({"rows": rows}))
    assert study.lacking() == ["two", "three"]
    assert study.markdown().splitlines()[2:] == [
        "| `one` | net | one | +2.34 | – |",
        "| `two` | net | two | – | – |",
        "| `three` | net | three | – | – |",
        "| `vgg` |  | features | not run: it needs weights | – |",
    ]
    study.add({"name": "two", "parts": {"eyes": 0.51}, **asdict(study.arms["two"])})
    assert study.lacking() == ["three"] and list(study.known()) == ["one", "two"]
    study.add({"name": "three", **asdict(study.arms["three"]), "shared": dict(study.shared)})
    assert study.lacking() == []
    assert replace(study, shared={"data": "leaves#200"}).lacking() == ["three"]
    assert "| – | 0.5 |" in study.markdown()


def test_a_trial_is_shorter_in_all_that_counts_pictures(study: Study) -> None:
    arm = replace(
        study.arms["one"], settings="--pictures 400 --start runs/small-study/x.safetensors"
    )
    assert study.settings(arm) == {
        "data": "leaves#100",
        "seed": "9",
        "alone": "200",
        "pictures": "400",
        "start": "runs/small-study/x.safetensors",
    }
    assert study.settings(arm, 200) == {
        "data": "leaves#50",
        "seed": "9",
        "alone": "100",
        "pictures": "200",
        "start": "runs/small-study-200/x.safetensors",
    }


def test_a_training_that_fails_is_named_and_the_others_go_on(
    study: Study, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def train(_: Study, name: str, __: int | None) -> str:
        return "its training ended with 2" if name == "two" else ""

    monkeypatch.setattr(Study, "train", train)
    monkeypatch.setattr(Study, "row", lambda _, name, __: {"name": name, "value": 1})
    assert study.run(["one", "two", "three"], None) == ["two"]
    assert list(study.known()) == ["one", "three"]
    said = capsys.readouterr()
    assert "two: its training ended with 2" in said.err and "three: 1 to go" in said.out


def test_what_latents_explain_is_what_was_planted() -> None:
    """Of numbers that are a linear map of latents and as much noise, a half; of others, nothing."""
    generator = torch.Generator().manual_seed(2)
    latents, noise = (torch.randn(4000, 4, generator=generator) for _ in range(2))
    turned = torch.linalg.qr(torch.randn(4, 4, generator=generator)).Q
    planted = generate_study.explained(latents, latents @ turned + noise + 3, matched=True)
    assert planted["linear"] == pytest.approx(0.5, abs=0.03)
    assert planted["low"] < planted["linear"] < planted["high"]
    in_place = generate_study.explained(latents, 5 * latents.exp(), matched=True)
    assert in_place["rank"] == 1
    moved = latents[:, [2, 0, 3]] * torch.tensor([1, -1, 1])  # of four latents, and other signs
    assert generate_study.explained(latents, moved, matched=False)["rank"] == 1
    for matched in (True, False):
        chance = generate_study.explained(latents.flip(0), latents, matched=matched)
        assert abs(chance["rank"]) < 0.05 and abs(chance["linear"]) < 0.02
