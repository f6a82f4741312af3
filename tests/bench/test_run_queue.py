"""The queue of trainings: in order, on from where each was, and only what is better is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import run_queue
from run_queue import Entry, by_cores, keep, leave, queue, value_of

from trombine.models import load, read_card, zoo
from trombine.recipes import settings_of, with_settings
from trombine.training.methods import find, objective_of

TINY = {
    "data": "leaves#48",
    "size": "32",
    "augment": "none",
    "width": "4",
    "depth": "2",
    "pictures": "64",
    "batch": "8",
    "threads": "1",
    "judged": "8",
    "measure-every": "32",
    "save-every": "32",
}


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Entry:
    monkeypatch.setattr(run_queue, "RUNS", tmp_path / "runs")
    return Entry(
        name="tiny", recipe="upscale-fast-x2", settings=TINY, hours=1, minutes=1, bench="none"
    )


@pytest.mark.parametrize("named", queue(), ids=lambda named: named.name)
def test_each_that_is_named_can_be_trained(named: Entry) -> None:
    objective = objective_of(with_settings(find(named.recipe), settings_of(named.settings)))
    assert named.hours > 0 and 0 < named.minutes <= 15 and named.bench
    assert objective.main and "$" not in " ".join(named.settings.values())


def test_a_training_goes_on_and_only_what_is_better_is_kept(entry: Entry, tmp_path: Path) -> None:
    run_queue.trained(entry, 0)  # ended before it begins to learn, perhaps
    by_cores([entry], 1)
    assert entry.is_over and read_card(entry.folder.best).pictures == 64
    leave(entry, tmp_path / "out")
    assert (tmp_path / "out" / "best.safetensors").is_file()
    kept, log = tmp_path / "zoo", tmp_path / "queue.md"
    kept.mkdir()
    assert keep(entry, tmp_path / "out" / "best.safetensors", kept, log).endswith(
        "none before: kept."
    )
    card = read_card(kept / "tiny.safetensors")
    assert card.command.endswith("models export RUN --half") and card.pictures == 64
    better = replace(entry, name="upscale-fast-x2")
    assert keep(better, entry.folder.best, kept, log).endswith(
        ": not kept."
    )  # 64 pictures are worse than 600,000
    assert len(log.read_text().splitlines()) == 4 and len(list(kept.iterdir())) == 1


def test_the_value_is_that_of_the_net_as_it_is() -> None:
    """Of another size than the recipe's; the same as the run's own measure would be."""
    recipe = with_settings(find("upscale-fast-x2"), settings_of(TINY))
    shipped = zoo.ZOO / "upscale-x2.safetensors"
    assert load(shipped).card.sizes != dict(recipe.nets["net"].all_sizes)
    measure, value, higher = value_of(recipe, shipped)
    small = value_of(recipe, zoo.ZOO / "upscale-fast-x2.safetensors")[1]
    assert measure == "PSNR" and higher and value > small > 20
