"""Checkpoints by time: what a killed run loses, and what such a checkpoint is not used for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from families import contents, order, stop_after

from trombine.losses.objective import Step, Terms
from trombine.recipes import with_settings
from trombine.runs.folder import RunFolder
from trombine.runs.log import read
from trombine.training import writer
from trombine.training.config import TrainConfig
from trombine.training.loop import train
from trombine.training.methods.restore import RestoreObjective


class Clock:
    """Seconds that pass by being looked at, so many each time."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now = seconds, 0.0

    def __call__(self) -> float:
        self.now += self.seconds
        return self.now


def rarely_saved(run: Path, seconds: float = 0.0, **settings: str) -> TrainConfig:
    """A tiny run that is saved at 0 and at its end unless the time says otherwise."""
    given = order("restore", run)
    clocks = dict.fromkeys(("save_every", "measure_every", "sample_every"), "1000")
    recipe = with_settings(given.recipe, {**clocks, **settings})
    return replace(given, recipe=recipe, clock=Clock(seconds))


def trained(given: TrainConfig) -> dict[str, bytes]:
    """The files of a run that went to its end."""
    train(given)
    return contents(given.folder)


def test_a_killed_run_loses_half_a_minute_at_most(tmp_path: Path) -> None:
    """However many pictures there are between two checkpoints; and its files end as they would."""
    whole = trained(rarely_saved(tmp_path / "whole"))
    run = tmp_path / "run"
    stop_after(rarely_saved(run, writer.SAVE_SECONDS), 48)
    assert [path.name for path in run.glob("checkpoints/*.timed")] == ["000000048.timed"]
    summary = read(RunFolder(run))
    assert summary.pictures == 48, "the page counts what is saved"
    assert trained(rarely_saved(run, writer.SAVE_SECONDS)) == whole
    names = [path.name for path in sorted(run.glob("checkpoints/*"))]
    assert names == ["000000000.safetensors", "000000096.safetensors"]


def test_nothing_is_saved_before_its_time(tmp_path: Path) -> None:
    """In the first minute only what the recipe says is saved."""
    stop_after(rarely_saved(tmp_path / "run", 0.01), 48)
    names = [path.name for path in (tmp_path / "run").glob("checkpoints/*")]
    assert names == ["000000000.safetensors"]


@pytest.mark.parametrize("seconds", [writer.SAVE_SECONDS, 7.0])
def test_an_alarm_goes_back_to_where_it_would_without_a_clock(
    seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rollback never uses a checkpoint that only the time has saved."""
    honest = RestoreObjective.terms

    def broken(objective: RestoreObjective, step: Step) -> Terms:
        bad = step.chance.rollbacks < 1 and step.chance.places[0] >= 40 and torch.is_grad_enabled()
        return {n: v * torch.nan if bad else v for n, v in honest(objective, step).items()}

    monkeypatch.setattr(RestoreObjective, "terms", broken)
    whole = trained(rarely_saved(tmp_path / "whole", save_every="24"))
    assert b'"rollback"' in whole["log.jsonl"]
    assert trained(rarely_saved(tmp_path / "run", seconds, save_every="24")) == whole
    stop_after(rarely_saved(tmp_path / "killed", seconds, save_every="24"), 36)
    assert trained(rarely_saved(tmp_path / "killed", seconds, save_every="24")) == whole


def test_before_a_damaged_timed_checkpoint_another_is_used(tmp_path: Path) -> None:
    """And the run ends as it would."""
    whole = trained(rarely_saved(tmp_path / "whole"))
    run = tmp_path / "run"
    stop_after(rarely_saved(run, writer.SAVE_SECONDS), 48)
    (run / "checkpoints" / "000000048.timed").write_bytes(b"no checkpoint")
    assert trained(rarely_saved(run)) == whole


def test_a_run_goes_on_though_its_recipe_is_described_anew(tmp_path: Path) -> None:
    """The sentence about a recipe is no setting: a run of an older trombine is not refused."""
    begun = rarely_saved(tmp_path / "run")
    stop_after(begun, 48)
    run = RunFolder(begun.folder)
    description = run.read_recipe()
    description["settings"]["about"] = "enlarges twice; learns from leaves"
    run.write_recipe(description)
    assert b'"end"' in trained(begun)["log.jsonl"]
