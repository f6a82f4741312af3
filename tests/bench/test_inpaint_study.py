"""Which arms of the study there are, which are still to be trained, and what the table shows."""

from __future__ import annotations

from dataclasses import asdict
from json import dumps
from pathlib import Path

import inpaint_study as study
import pytest

from trombine.nets import build
from trombine.nets.sizes import Net
from trombine.recipes import find, with_settings


@pytest.mark.parametrize("name", study.ARMS)
def test_an_arm_is_a_training_of_its_recipe(name: str) -> None:
    """Its settings are the recipe's, its nets can be built, and all see as many pictures."""
    arm = study.ARMS[name]
    recipe = with_settings(find(arm.recipe), arm.call(study.PICTURES))
    assert recipe.pictures == study.PICTURES and recipe.batch == 16 and recipe.size == 64
    for net in recipe.nets.values():
        assert isinstance(build(net.name, net.sizes), Net)


def test_no_two_arms_are_the_same_training() -> None:
    calls = [(arm.recipe, tuple(arm.call(96).items())) for arm in study.ARMS.values()]
    assert len(set(calls)) == len(calls)


def test_only_what_the_result_lacks_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "RESULT", tmp_path / "study.json")
    names = list(study.ARMS)
    assert study.lacking() == names
    rows = [
        {"name": name, "value": 2.345, "minutes": 3.0, **asdict(study.ARMS[name])} for name in names
    ]
    rows[3]["settings"] += " --lr 1"  # of another training
    del rows[1]
    study.RESULT.write_text(dumps({"rows": rows}))
    assert study.lacking() == [names[1], names[3]]
    lines = {line.split("`")[1]: line for line in study.markdown().splitlines()[2:]}
    assert list(lines) == [*names, *study.NOT_RUN]
    assert "| +2.35 |" in lines["base"] or "| +2.34 |" in lines["base"]
    assert "| – | – | – | – | – | – |" in lines[names[1]]
    study.add({"name": names[1], "value": 1.0, **asdict(study.ARMS[names[1]])})
    assert study.lacking() == [names[3]] and list(study.known()) == names
