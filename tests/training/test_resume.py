"""A run that is killed, told to end, or out of disk, and is then gone on with, is the same run."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from families import FAMILIES, Killed, contents, enlarger, order, stop_after, texts
from PIL import Image as Pillow
from safetensors.torch import load_file

from trombine.core.errors import InputError
from trombine.losses.objective import Step, Terms
from trombine.recipes import with_settings
from trombine.runs import checkpoints
from trombine.runs.folder import RunFolder
from trombine.runs.log import read
from trombine.training import writer
from trombine.training.config import TrainConfig
from trombine.training.loop import train
from trombine.training.methods import find
from trombine.training.methods.restore import RestoreObjective
from trombine.world import face, paint


def changed(asked: TrainConfig, **settings: str) -> TrainConfig:
    return replace(asked, recipe=with_settings(asked.recipe, settings))


def logged(run: Path, kind: str) -> list[dict[str, Any]]:
    return [entry for entry in RunFolder(run).entries() if entry["kind"] == kind]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bytes of a run that nothing happened to."""
    run = tmp_path_factory.mktemp("whole") / "run"
    train(order("adversarial", run))
    return contents(run)


# --- killed, told to end ------------------------------------------------------------------------


def test_killed_and_told_to_end_at_any_moment(root: Path) -> None:
    words = [sys.executable, "bench/resume.py", "--count", "2", "--methods", "dcgan"]
    run = subprocess.run(words, cwd=root, capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stdout + run.stderr


def test_stopped_before_it_has_begun(tmp_path: Path, whole: dict[str, bytes]) -> None:
    stop_after(order("adversarial", tmp_path / "run"), 0)
    train(order("adversarial", tmp_path / "run"))
    assert contents(tmp_path / "run") == whole


SOONER = {"restyle": "soft=24", "sharpen": "alone=12 critic_alone=4 ramp=24"}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_goes_on_to_the_same_bytes(family: str, tmp_path: Path) -> None:
    """Through all its phases."""
    settings = texts(f"pictures=48 {SOONER.get(family, '')}")
    train(changed(order(family, tmp_path / "whole"), **settings))
    stop_after(changed(order(family, tmp_path / "run"), **settings), 20)
    train(changed(order(family, tmp_path / "run"), **settings))
    assert contents(tmp_path / "run") == contents(tmp_path / "whole")


def test_a_run_that_is_over_is_left_as_it_is(tmp_path: Path, whole: dict[str, bytes]) -> None:
    train(order("adversarial", tmp_path / "run"))
    result = train(order("adversarial", tmp_path / "run"))
    assert contents(tmp_path / "run") == whole
    assert not result.notices
    assert "run: was over already, nothing is done: 96 pictures seen" in result.summary


# Small, and few: as in docs/train.md, on a folder of one kind and one of another.
FEW = (
    "width=4 blocks=1 size=32 batch=2 pictures=16 save_every=4 faces=2 measure_every=8"
    " sample_every=8 log_every=4 judged=2 threads=1 precision=float32"
)


def test_a_recipe_of_two_folders_goes_on(tmp_path: Path) -> None:
    for folder, style in (("trainA", "photo"), ("trainB", "anime")):
        (tmp_path / folder).mkdir()
        for seed in range(10):
            pixels = paint(face(seed), 32, style).pixels
            Pillow.fromarray(pixels).save(tmp_path / folder / f"{seed}.png")
    data, other = tmp_path / "trainA", tmp_path / "trainB"
    settings, name = texts(f"{FEW} data=folder:{data} other=folder:{other}"), "restyle-cyclegan"
    recipe = with_settings(find(name), settings)
    runs = [tmp_path / "whole", tmp_path / "stopped"]
    asked = [TrainConfig(name=name, recipe=recipe, folder=run, tensorboard=False) for run in runs]
    train(asked[0])
    stop_after(asked[1], 10)
    train(asked[1])
    assert contents(runs[0]) == contents(runs[1])


# --- other settings -----------------------------------------------------------------------------


def test_other_settings_are_refused_unless_told(tmp_path: Path) -> None:
    asked = order("restore", tmp_path / "run")
    stop_after(asked, 48)
    other = changed(asked, lr="0.5")
    with pytest.raises(InputError, match=r"begun with lr 0\.002 \(now 0\.5\).*--override"):
        train(other)
    train(replace(other, override=True))
    (line,) = logged(tmp_path / "run", "change")
    assert line["settings"] == {"lr": 0.5}
    assert RunFolder(tmp_path / "run").read_recipe()["settings"]["lr"] == 0.5


@pytest.mark.parametrize("settings", [{"width": "6"}, {"optimiser": "sgd"}])
def test_what_cannot_go_on_says_so(settings: dict[str, str], tmp_path: Path) -> None:
    asked = order("restore", tmp_path / "run")
    stop_after(asked, 48)
    other = replace(changed(asked, **settings), override=True)
    with pytest.raises(InputError, match="cannot go on where these were; give another -o"):
        train(other)


def test_a_run_of_another_recipe(tmp_path: Path) -> None:
    stop_after(order("restore", tmp_path / "run"), 24)
    with pytest.raises(InputError, match=r"recipe upscale-fast-x2 \(now flow\)"):
        train(order("denoise", tmp_path / "run"))


def test_a_run_begun_with_weights_that_lie_otherwise(tmp_path: Path) -> None:
    """As older versions of trombine could have them lie."""
    asked = order("restore", tmp_path / "run")
    stop_after(asked, 48)
    file = tmp_path / "run" / "recipe.json"
    held = json.loads(file.read_text())
    for layout in ("channels_last", "contiguous"):
        held["settings"]["layout"] = "auto"
        held["resolved"]["layout"] = layout
        file.write_text(json.dumps(held))
        if layout == "channels_last":
            stop_after(asked, 60)
    with pytest.raises(InputError) as refused:
        train(asked)
    said = "the run was begun with --layout contiguous, which is gone, so it cannot go on"
    assert said in str(refused.value) and str(refused.value).isprintable()


# --- damage -------------------------------------------------------------------------------------


@pytest.mark.parametrize("pictures", [60, 4])
def test_before_a_damaged_checkpoint_another_is_used(
    pictures: int, tmp_path: Path, whole: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """Where nothing was trained before the only one, the run begins again."""
    run = tmp_path / "run"
    stop_after(order("adversarial", run), pictures)
    newest = max((run / "checkpoints").glob("*.safetensors"))
    newest.write_bytes(newest.read_bytes()[:-20])
    train(order("adversarial", run))
    assert f"{newest}: is damaged; the checkpoint before it is used" in caplog.messages
    assert contents(run) == whole


# --- numbers that are none ----------------------------------------------------------------------


def exploding(run: Path, **settings: str) -> TrainConfig:
    """A rate at which the net is soon at infinity, however often it is halved."""
    given = {"optimiser": "sgd", "clip": "0", "schedule": "constant", **settings}
    return changed(order("restore", run), **given)


def broken_twice(objective: RestoreObjective, step: Step) -> Terms:
    """A loss that is NaN from 40 pictures on, until the run has gone back twice."""
    found = HONEST(objective, step)
    bad = step.chance.rollbacks < 2 and step.chance.places[0] >= 40 and torch.is_grad_enabled()
    return {name: value * torch.nan if bad else value for name, value in found.items()}


HONEST = RestoreObjective.terms


def test_what_breaks_goes_back_and_on_at_a_lower_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RestoreObjective, "terms", broken_twice)
    asked = order("restore", tmp_path / "run")
    notices = train(asked).notices
    back = logged(tmp_path / "run", "rollback")
    assert [(line["from"], line["to"], line["rollbacks"]) for line in back] == [
        (40, 36, 1),
        (40, 36, 2),
    ]
    assert len([line for line in notices if "of the learning rate" in line]) == 2
    assert logged(tmp_path / "run", "end")
    assert [line["did"] for line in logged(tmp_path / "run", "alarm")][:2] == ["rolled back"] * 2
    _, plain = checkpoints.load(tmp_path / "run/checkpoints/000000096.safetensors")
    assert (plain["rollbacks"], plain["slower"]) == (2, 0.25)

    again = replace(asked, folder=tmp_path / "again")
    for number in (1, 2, 2):  # stopped just after it went back, before the next checkpoint
        backs = 0
        before = 0.0

        def progress(done: float, _total: float, _what: str, number: int = number) -> None:
            nonlocal backs, before
            backs += done < before
            before = done
            if backs == number:
                raise Killed

        with pytest.raises(Killed):
            train(again, progress)
    train(again)
    assert contents(again.folder) == contents(asked.folder)


def test_what_explodes_at_any_rate_ends_with_a_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not finite: NaN or infinite: value restore/") as said:
        train(exploding(tmp_path / "run", lr="1e6"))
    assert "\n" not in str(said.value)
    assert len(logged(tmp_path / "run", "rollback")) == 3
    assert logged(tmp_path / "run", "alarm")[-1]["did"] == "stopped"


# --- checkpoints by time ------------------------------------------------------------------------


class Clock:
    """Seconds that pass by being looked at, so many each time."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now = seconds, 0.0

    def __call__(self) -> float:
        self.now += self.seconds
        return self.now


def rarely_saved(run: Path, seconds: float = 0.0, **settings: str) -> TrainConfig:
    """A tiny run that is saved at 0 and at its end unless the time says otherwise."""
    clocks = dict.fromkeys(("save_every", "measure_every", "sample_every"), "1000")
    return replace(changed(order("restore", run), **{**clocks, **settings}), clock=Clock(seconds))


@pytest.fixture(scope="module")
def whole_rarely(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bytes of such a run that nothing happened to."""
    run = tmp_path_factory.mktemp("rarely") / "run"
    train(rarely_saved(run))
    return contents(run)


def checkpoint_names(run: Path) -> list[str]:
    return [path.name for path in sorted(run.glob("checkpoints/*"))]


@pytest.mark.parametrize("damaged", [False, True])
def test_a_killed_run_loses_half_a_minute_at_most(
    damaged: bool, tmp_path: Path, whole_rarely: dict[str, bytes]
) -> None:
    """However many pictures there are between two checkpoints; and its files end as they would,
    whether what the time saved is whole or not."""
    run = tmp_path / "run"
    stop_after(rarely_saved(run, writer.SAVE_SECONDS), 48)
    assert checkpoint_names(run) == ["000000000.safetensors", "000000048.timed"]
    assert read(RunFolder(run)).pictures == 48, "the page counts what is saved"
    if damaged:
        (run / "checkpoints" / "000000048.timed").write_bytes(b"no checkpoint")
    train(rarely_saved(run, writer.SAVE_SECONDS))
    assert contents(run) == whole_rarely
    assert checkpoint_names(run) == ["000000000.safetensors", "000000096.safetensors"]


def test_an_alarm_goes_back_to_where_it_would_without_a_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rollback never uses a checkpoint that only the time has saved."""
    monkeypatch.setattr(RestoreObjective, "terms", broken_twice)
    train(rarely_saved(tmp_path / "whole", save_every="24"))
    whole = contents(tmp_path / "whole")
    assert b'"rollback"' in whole["log.jsonl"]
    seconds = writer.SAVE_SECONDS
    stop_after(rarely_saved(tmp_path / "killed", seconds, save_every="24"), 36)
    train(rarely_saved(tmp_path / "killed", seconds, save_every="24"))
    assert contents(tmp_path / "killed") == whole


# --- what its clock tells, and what is kept as the best -----------------------------------------


def test_a_killed_process_counts_up_to_its_last_checkpoint(tmp_path: Path) -> None:
    """16 pictures are saved and 24 seen when it is killed, before any half minute is over."""
    asked = enlarger(tmp_path / "run")
    stop_after(asked, 24)
    folder = RunFolder(tmp_path / "run")
    lines = folder.clock_entries()
    assert [(line["event"], line["pictures"]) for line in lines] == [
        ("started", 0),
        ("saved", 0),
        ("saved", 16),
    ]
    assert lines[-1]["cpu"] > lines[0]["cpu"] and lines[-1]["seconds"] > lines[0]["seconds"]
    train(asked)
    assert read(folder).cost.pictures == 16 + 16


def test_a_run_says_how_long_it_takes_also_where_no_bar_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Once it has gone on for half a minute, and later seldom."""
    caplog.set_level("INFO", logger="trombine")
    train(rarely_saved(tmp_path / "run", writer.TELL_SECONDS / 2, log_every="8"))
    told = [text for text in caplog.messages if " a second: " in text]
    assert re.fullmatch(r"(8|16|24) of 96 pictures, 0\.\d+ a second: \d+ (s|minutes) left", told[0])
    assert 1 <= len(told) < 4


def test_one_that_was_told_to_end_has_seen_what_it_saved(tmp_path: Path) -> None:
    """It ends between two lines of the log."""

    def progress(done: float, _total: float, what: str) -> None:
        if (done, what) == (24, "pictures"):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(enlarger(tmp_path / "run", log_every="40"), progress)
    story = read(RunFolder(tmp_path / "run"))
    assert (story.state, story.pictures, story.cost.pictures) == ("stopped", 24, 24)


def test_the_best_model_is_the_average_over_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The average is what is measured, so it is kept: not the weights that learn."""
    monkeypatch.setattr(checkpoints, "prune", lambda *_: None)
    train(enlarger(tmp_path / "run", ema="20"))
    folder = RunFolder(tmp_path / "run")
    best = checkpoints.load(folder.checkpoints / "000000032.safetensors")[1]["best"]["pictures"]
    assert best > 0, "before the first step the two are the same"
    tensors, _ = checkpoints.load(folder.checkpoints / f"{best:09d}.safetensors")
    kept = load_file(folder.best)
    assert all(torch.equal(kept[name], tensors[f"averages/net/{name}"]) for name in kept)
    assert not all(torch.equal(kept[name], tensors[f"nets/net/{name}"]) for name in kept)
