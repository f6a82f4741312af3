"""Many runs: which settings are combined, what is trained again, what a failure stops."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from families import ENLARGER, enlarger

import trombine
from trombine.core.errors import InputError
from trombine.core.progress import Result
from trombine.recipes import with_settings
from trombine.runs.folder import RunFolder
from trombine.training.sweep import Sweep, check_shared, combinations, sweep


def asked(folder: Path, grids: Sequence[str], zips: Sequence[str] = ()) -> Sweep:
    return Sweep(
        name="upscale-fast-x2",
        recipe=enlarger(folder).recipe,
        folder=folder,
        combinations=combinations(grids, zips),
        command="trombine train upscale-fast-x2",
        tensorboard=False,
    )


def test_a_grid_has_every_value_with_every_other_and_zips_go_side_by_side_within() -> None:
    found = combinations(["lr=1,2"], ["width=3,4", "depth=5,6"])
    assert [tuple(one.values()) for one in found] == [
        ("1", "3", "5"),
        ("1", "4", "6"),
        ("2", "3", "5"),
        ("2", "4", "6"),
    ]
    found = combinations(["lr=1,2", "width=3,4,5"], [])
    assert len({tuple(one.items()) for one in found}) == 6
    assert found[0] == {"lr": "1", "width": "3"} and found[-1] == {"lr": "2", "width": "5"}


@pytest.mark.parametrize(
    ("grids", "zips", "said"),
    [
        ([], [], "nothing varies"),
        (["lr=1,,2"], [], "NAME=VALUE"),
        (["lr=1"], ["lr=2"], "lr: is varied twice"),
        ([], ["lr=1,2", "width=3"], "lr 2, width 1"),
    ],
)
def test_what_cannot_be_combined_is_refused(grids: list[str], zips: list[str], said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        combinations(grids, zips)


def test_a_net_has_commas_of_its_own() -> None:
    found = combinations(["net=residual:width=8,depth=2; residual:width=4", "lr=1,2"], [])
    assert [(one["net"], one["lr"]) for one in found] == [
        ("residual:width=8,depth=2", "1"),
        ("residual:width=8,depth=2", "2"),
        ("residual:width=4", "1"),
        ("residual:width=4", "2"),
    ]


def test_what_varies_is_not_given_for_all() -> None:
    check_shared(combinations(["lr=1,2"], []), {"beta1": "0.5"})
    with pytest.raises(InputError, match=r"^lr_discriminator: is given for all runs and varied"):
        check_shared(combinations(["lr_discriminator=1,2"], []), {"lr-discriminator": "3"})
    with pytest.raises(InputError, match=r"^data: is given for all"):
        trombine.sweep("upscale-fast-x2", grid=["data=leaves,leaves#4"], data="leaves")


@pytest.mark.parametrize("grid", ["nope=1,2", "net.nope=1,2", "lr=none,never"])
def test_what_no_run_could_have_is_refused_at_once(grid: str, tmp_path: Path) -> None:
    name = grid.partition("=")[0].rpartition(".")[2]
    with pytest.raises(InputError, match=name):
        sweep(asked(tmp_path / "sweep", [grid]))
    assert not (tmp_path / "sweep").exists()


Swept = tuple[Path, Result, list[tuple[float, float, str]]]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    folder, steps = tmp_path_factory.mktemp("sweep"), list[tuple[float, float, str]]()
    asking = asked(folder, ["lr=1e-3,nothing,2e-3"])
    return folder, sweep(asking, lambda *step: steps.append(step)), steps


def test_a_run_that_fails_is_named_and_the_rest_go_on(swept: Swept) -> None:
    folder, result, _ = swept
    ((failed, why),) = result.skipped.items()
    assert failed.name == "lr=nothing" and "lr is a number" in why
    assert result.summary.startswith("2 trained, 1 failed: lr=nothing; ") and not result.kept
    for name in ("lr=1e-3", "lr=2e-3"):
        assert RunFolder(folder / name).entries()[-1]["kind"] == "end"
        assert (folder / name / "best.safetensors").exists()
    assert not RunFolder(folder / "lr=nothing").exists


def test_settings_reach_the_runs(swept: Swept) -> None:
    runs = [swept[0] / name for name in ("lr=1e-3", "lr=2e-3")]
    kept = [RunFolder(run).read_recipe() for run in runs]
    assert [one["settings"]["lr"] for one in kept] == [1e-3, 2e-3]
    assert " --lr 1e-3 -o " in kept[0]["command"]
    first, second = [(run / "samples/fixed-truth.png").read_bytes() for run in runs]
    assert first == second


def test_the_page_shows_all(swept: Swept) -> None:
    page = (swept[0] / "index.html").read_text()
    assert 'href="lr=1e-3/index.html"' in page
    assert "lr is a number" in page and "<h1>upscale-fast-x2, 3 runs</h1>" in page
    assert page.count('alt="lr=') == 2
    assert re.search(r"PSNR [\d.]+ dB after 32", page)
    assert [path.name for path in swept[1].written] == ["index.html", "index.csv"]


def test_again_only_what_is_missing_is_trained(swept: Swept) -> None:
    folder, *_ = swept
    before = {path: path.read_bytes() for path in folder.glob("*/checkpoints/*")}
    log = RunFolder(folder / "lr=1e-3").clocks.read_bytes()
    result = sweep(asked(folder, ["lr=1e-3,2e-3,4e-3"]))
    assert result.summary.startswith("1 trained, 2 kept that were over; ") and result.kept == 2
    assert {path: path.read_bytes() for path in before} == before
    assert RunFolder(folder / "lr=1e-3").clocks.read_bytes() == log


def test_a_run_begun_otherwise_is_told_in_plain_words(swept: Swept) -> None:
    folder, *_ = swept
    longer = asked(folder, ["lr=2e-3"])
    recipe = with_settings(longer.recipe, {"net": "residual:width=6,depth=1"})
    with pytest.raises(InputError) as refused:
        sweep(replace(longer, recipe=recipe))
    why = str(refused.value)
    assert "net residual:width=4," in why and "(now residual:width=6," in why
    assert "{" not in why
    for name in ("index.html", "index.csv"):  # written though no run is left that went well
        assert "was begun with" in (folder / name).read_text()


def test_the_command_that_asked_is_under_the_page(tmp_path: Path) -> None:
    options: dict[str, Any] = {"grid": ["lr=1e-3;2e-3"], "tensorboard": False}
    options |= {"data": "leaves#48", **ENLARGER}
    trombine.sweep("upscale-fast-x2", output=tmp_path, **options)
    page = (tmp_path / "index.html").read_text()
    command = re.sub(r"<.*?>", "", page[page.index("<footer>") : page.index("</footer>")])
    assert "trombine sweep upscale-fast-x2 --grid &#39;lr=1e-3;2e-3&#39; --data" in command
    assert "--data &#39;leaves#48&#39; " in command
    kept = RunFolder(tmp_path / "lr=1e-3").read_recipe()["command"]
    assert "--data 'leaves#48' " in kept
