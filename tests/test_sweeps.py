"""Many runs: which settings are combined, what is trained again, what a failure stops."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from trombine.events import Done, Event, Notice, Picture, Progress, Skipped, Started
from trombine.recipes import RecipeError, find, with_settings
from trombine.runs.folder import RunFolder
from trombine.sweeps import Sweep, combinations, name_of, sweep

TINY = {
    "data": "leaves#48",
    "size": "32",
    "pictures": "32",
    "batch": "8",
    "width": "4",
    "depth": "1",
    "judged": "8",
    "faces": "4",
    "precision": "float32",
    "log_every": "8",
    "sample_every": "16",
    "measure_every": "16",
    "save_every": "16",
}


def asked(folder: Path, grids: Sequence[str], zips: Sequence[str] = ()) -> Sweep:
    return Sweep(
        name="enlarger-x2",
        recipe=with_settings(find("enlarger-x2"), TINY),
        folder=folder,
        combinations=combinations(grids, zips),
        command="trombine train enlarger-x2",
        board=False,
    )


def test_a_grid_has_every_value_with_every_other() -> None:
    found = combinations(["lr=1,2", "width=3,4,5"], [])
    assert len({tuple(one.items()) for one in found}) == 6
    assert found[0] == {"lr": "1", "width": "3"}
    assert found[-1] == {"lr": "2", "width": "5"}


def test_what_is_zipped_goes_side_by_side_within_each_point_of_the_grid() -> None:
    found = combinations(["lr=1,2"], ["width=3,4", "depth=5,6"])
    assert [(one["lr"], one["width"], one["depth"]) for one in found] == [
        ("1", "3", "5"),
        ("1", "4", "6"),
        ("2", "3", "5"),
        ("2", "4", "6"),
    ]


@pytest.mark.parametrize(
    ("grids", "zips", "said"),
    [
        ([], [], "nothing varies"),
        (["lr"], [], "NAME=VALUE"),
        (["lr=1,,2"], [], "NAME=VALUE"),
        (["=1"], [], "NAME=VALUE"),
        (["lr=1"], ["lr=2"], "lr: is varied twice"),
        ([], ["lr=1,2", "width=3"], "lr 2, width 1"),
    ],
)
def test_what_cannot_be_combined_is_refused(grids: list[str], zips: list[str], said: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(said)):
        combinations(grids, zips)


def test_a_name_is_one_folder() -> None:
    name = name_of({"data": "folder:a/b", "lr": "1"})
    assert "/" not in name
    assert name == "data=folder:a_b,lr=1"


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    folder = tmp_path_factory.mktemp("sweep")
    return folder, list(sweep(asked(folder, ["lr=1e-3,nothing,2e-3"])))


def test_a_run_that_fails_is_named_and_the_rest_go_on(swept: tuple[Path, list[Event]]) -> None:
    folder, events = swept
    assert events[0] == Started(3, "runs")
    skipped = [event for event in events if isinstance(event, Skipped)]
    assert [one.file.name for one in skipped] == ["lr=nothing"]
    assert "lr is a number" in skipped[0].why
    done = events[-1]
    assert isinstance(done, Done)
    assert (done.written, done.skipped, done.kept) == (2, 1, 0)
    for name in ("lr=1e-3", "lr=2e-3"):
        assert RunFolder(folder / name).entries()[-1]["kind"] == "end"
        assert (folder / name / "best.safetensors").exists()
    assert not RunFolder(folder / "lr=nothing").exists


def test_what_it_says_names_the_run(swept: tuple[Path, list[Event]]) -> None:
    notices = [event.text for event in swept[1] if isinstance(event, Notice)]
    assert any(text.startswith("1 of 3, lr=1e-3: 32 of 32 pictures") for text in notices)
    assert any(text.startswith("3 of 3, lr=2e-3: ") for text in notices)
    progress = [event for event in swept[1] if isinstance(event, Progress)]
    assert progress[-1].done == progress[-1].total == 3
    assert [event.done for event in progress] == sorted(event.done for event in progress)


def test_settings_reach_the_runs(swept: tuple[Path, list[Event]]) -> None:
    kept = [RunFolder(swept[0] / name).read_recipe() for name in ("lr=1e-3", "lr=2e-3")]
    assert [one["settings"]["lr"] for one in kept] == [1e-3, 2e-3]
    assert " --lr 1e-3 -o " in kept[0]["command"]
    fixed = [
        (swept[0] / name / "samples/fixed-truth.png").read_bytes()
        for name in ("lr=1e-3", "lr=2e-3")
    ]
    assert fixed[0] == fixed[1]


def test_the_page_shows_all(swept: tuple[Path, list[Event]]) -> None:
    page = (swept[0] / "index.html").read_text()
    assert 'href="lr=1e-3/index.html"' in page
    assert "lr is a number" in page
    assert page.count("samples of lr=") == 2
    assert any(isinstance(event, Picture) for event in swept[1])


def test_again_only_what_is_missing_is_trained(swept: tuple[Path, list[Event]]) -> None:
    folder, _ = swept
    before = {path: path.read_bytes() for path in folder.glob("*/checkpoints/*")}
    log = RunFolder(folder / "lr=1e-3").clocks.read_bytes()
    events = list(sweep(asked(folder, ["lr=1e-3,2e-3,4e-3"])))
    done = events[-1]
    assert isinstance(done, Done)
    assert (done.written, done.skipped, done.kept) == (1, 0, 2)
    assert {path: path.read_bytes() for path in before} == before
    assert RunFolder(folder / "lr=1e-3").clocks.read_bytes() == log
