"""What the clock of a run tells of a process that was killed, or told to end."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from families import stop_after
from safetensors.torch import load_file

from trombine.recipes import with_settings
from trombine.runs import checkpoints
from trombine.runs.folder import RunFolder
from trombine.runs.log import read
from trombine.training.config import TrainConfig
from trombine.training.loop import train
from trombine.training.methods import find

TINY = {
    "data": "leaves#24",
    "size": "16",
    "pictures": "64",
    "batch": "8",
    "width": "4",
    "depth": "1",
    "judged": "2",
    "faces": "2",
    "precision": "float32",
    "threads": "1",
    "log_every": "40",
    "sample_every": "40",
    "measure_every": "40",
    "save_every": "16",
}


def order(folder: Path) -> TrainConfig:
    recipe = with_settings(find("upscale-fast-x2"), TINY)
    return TrainConfig(name="upscale-fast-x2", recipe=recipe, folder=folder, tensorboard=False)


def test_a_killed_process_counts_up_to_its_last_checkpoint(tmp_path: Path) -> None:
    """32 pictures are saved and 40 seen when it is killed, before any half minute is over."""
    stop_after(order(tmp_path / "run"), 24)
    folder = RunFolder(tmp_path / "run")
    lines = folder.clock_entries()
    assert [(line["event"], line["pictures"]) for line in lines] == [
        ("started", 0),
        ("saved", 0),
        ("saved", 16),
    ]
    assert lines[-1]["cpu"] > lines[0]["cpu"] and lines[-1]["seconds"] > lines[0]["seconds"]
    train(order(tmp_path / "run"))
    assert read(folder).cost.pictures == 16 + 48


def test_one_that_was_told_to_end_has_seen_what_it_saved(tmp_path: Path) -> None:
    """It ends at 24 pictures, between two lines of the log, of which the last is of 0."""

    def progress(done: float, _total: float, what: str) -> None:
        if (done, what) == (24, "pictures"):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(order(tmp_path / "run"), progress)
    folder = RunFolder(tmp_path / "run")
    assert folder.entries()[-1]["pictures"] == 0
    story = read(folder)
    assert (story.state, story.pictures, story.cost.pictures) == ("stopped", 24, 24)


def test_the_best_model_is_the_average_over_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The average is what is measured, so it is kept: not the weights that learn."""
    monkeypatch.setattr(checkpoints, "prune", lambda *_: None)
    averaged = with_settings(find("upscale-fast-x2"), {**TINY, "ema": "20"})
    train(replace(order(tmp_path / "run"), recipe=averaged))
    folder = RunFolder(tmp_path / "run")
    best = checkpoints.load(folder.checkpoints / "000000064.safetensors")[1]["best"]["pictures"]
    assert best > 0, "before the first step the two are the same"
    tensors, _ = checkpoints.load(folder.checkpoints / f"{best:09d}.safetensors")
    kept = load_file(folder.best)
    assert all(torch.equal(kept[name], tensors[f"averages/net/{name}"]) for name in kept)
    assert not all(torch.equal(kept[name], tensors[f"nets/net/{name}"]) for name in kept)
