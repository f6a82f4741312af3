"""A run that is killed, told to end, or out of disk, and is then gone on with, is the same run."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from families import FAMILIES, contents, enlarger, order, stop_after, texts
from PIL import Image as Pillow
from safetensors.torch import load_file

from trombine.core.errors import InputError
from trombine.losses.objective import Step, Terms
from trombine.models import read_card
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


def test_other_settings_are_refused_by_the_first_that_differs(tmp_path: Path) -> None:
    asked = order("restore", tmp_path / "run")
    stop_after(asked, 48)
    for settings, said in (
        ({"lr": "0.5", "seed": "3"}, "was begun with seed 0 (now 3); give the same, or another -o"),
        ({"width": "6"}, "width=4"),
    ):
        with pytest.raises(InputError, match=re.escape(said)) as refused:
            train(changed(asked, **settings))
        assert str(refused.value).count("(now") == 1 and str(refused.value).isprintable()
    train(asked)
    assert logged(tmp_path / "run", "end")


def test_a_run_of_another_recipe(tmp_path: Path) -> None:
    stop_after(order("restore", tmp_path / "run"), 24)
    with pytest.raises(InputError, match=r"recipe upscale-fast-x2 \(now flow\)"):
        train(order("denoise", tmp_path / "run"))


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


def broken(objective: RestoreObjective, step: Step) -> Terms:
    """A loss that is NaN from 40 pictures on."""
    found = HONEST(objective, step)
    bad = step.chance.places[0] >= 40 and torch.is_grad_enabled()
    return {name: value * torch.nan if bad else value for name, value in found.items()}


HONEST = RestoreObjective.terms


def test_what_breaks_ends_with_a_line_and_the_best_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same command goes on from the last checkpoint, and ends with the same line."""
    folder = RunFolder(tmp_path / "run")
    asked = order("restore", folder.path)
    said = (
        "stopped after 40 pictures: not finite: NaN or infinite: value restore/l1; lower --lr,"
        " set --clip, or give --precision float32, and another -o; the best model until then"
        " is kept: best.safetensors"
    )
    with monkeypatch.context() as planted:
        planted.setattr(RestoreObjective, "terms", broken)
        for _ in range(2):
            with pytest.raises(InputError) as stopped:
                train(asked)
            assert str(stopped.value) == f"{folder.path}: {said}"
            assert [line["did"] for line in logged(folder.path, "alarm")] == ["stopped"]
            assert read(folder).how == "stopped by an alarm (not finite)"
            assert max(checkpoint_names(folder.path)) == "000000036.safetensors"
    best = read(folder).best
    assert best is not None and read_card(folder.best).pictures == best.pictures == 24
    train(asked)  # healed, it is the run that nothing happened to
    train(replace(asked, folder=tmp_path / "whole"))
    assert contents(folder.path) == contents(tmp_path / "whole")


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
