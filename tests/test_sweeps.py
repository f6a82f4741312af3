"""Many runs: which settings are combined, what is trained again, what a failure stops."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from trombine.events import Done, Event, Notice, Picture, Progress, Skipped, Started
from trombine.recipes import find, with_settings
from trombine.refusal import InputError
from trombine.runs.folder import RunFolder
from trombine.sweeps import Sweep, check_shared, combinations, name_of, points, sweep, value_of
from trombine.training.orders import Order
from trombine.verbs.sweep import SweepRequest, run

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
        name="upscale-fast-x2",
        recipe=with_settings(find("upscale-fast-x2"), TINY),
        folder=folder,
        combinations=combinations(grids, zips),
        command="trombine train upscale-fast-x2",
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
    grid = SweepRequest(recipe="upscale-fast-x2", grid=("data=leaves,leaves#4",), data="leaves")
    with pytest.raises(InputError, match=r"^data: is given for all"):
        list(run(grid))


@pytest.mark.parametrize("grid", ["nope=1,2", "net.nope=1,2", "lr=none,never"])
def test_what_no_run_could_have_is_refused_at_once(grid: str, tmp_path: Path) -> None:
    name = grid.partition("=")[0].rpartition(".")[2]
    with pytest.raises(InputError, match=name):
        list(sweep(asked(tmp_path / "sweep", [grid])))
    assert not (tmp_path / "sweep").exists()


def test_a_setting_that_one_of_the_nets_has_may_vary(tmp_path: Path) -> None:
    found = points(asked(tmp_path, ["net=unet:width=4;residual:width=4", "net.depth=1,2"]))
    assert [point.recipe is None for point in found] == [True, True, False, False]


def test_what_a_run_has_is_read_from_its_recipe() -> None:
    settings = with_settings(find("dcgan"), {"generator.width": "8", "lr": "1e-3"}).plain()
    assert value_of(settings, "lr") == "0.001"
    assert value_of(settings, "generator.width") == "8"
    assert value_of(settings, "generator").startswith("dcgan_generator:")
    assert value_of(settings, "nope") == "–"


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
    assert "lr is a number" in page and "<h1>upscale-fast-x2, 3 runs</h1>" in page
    assert page.count("samples of lr=") == 2
    assert re.search(r"PSNR [\d.]+ dB after 32", page)
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


def test_a_run_that_was_killed_while_its_film_was_written_is_finished(
    swept: tuple[Path, list[Event]],
) -> None:
    """It is over, so it is not trained; its film and its page are written all the same."""
    folder = swept[0] / "lr=1e-3"
    film, part = folder / "film.mp4", folder / ".trombine-0123456789ab.part.mp4"
    before = film.read_bytes()
    film.write_bytes(b"of an earlier time")
    part.write_bytes(b"half of a film")
    old = (folder / "clock.jsonl").stat().st_mtime_ns - 10**9
    os.utime(folder / "index.html", ns=(old, old))
    list(sweep(asked(swept[0], ["lr=1e-3,2e-3"])))
    assert not part.exists() and film.read_bytes() == before


def test_what_is_the_same_is_trained_once(swept: tuple[Path, list[Event]]) -> None:
    folder, _ = swept
    events = list(sweep(asked(folder, ["lr=1e-3,0.001,1e-3,nothing"])))
    said = [event.text for event in events if isinstance(event, Notice)]
    assert said[0] == "lr=0.001 is the same run as lr=1e-3: it is trained once"
    assert said[1] == "lr=1e-3 is named more than once: it is trained once"
    done = events[-1]
    assert isinstance(done, Done)
    assert (done.written, done.skipped, done.kept) == (0, 1, 1)
    assert done.summary.startswith("0 trained, 1 kept that was over, 1 failed: lr=nothing;")
    assert not (folder / "lr=0.001").exists()


def test_the_page_keeps_the_runs_of_an_earlier_sweep(swept: tuple[Path, list[Event]]) -> None:
    folder, _ = swept
    RunFolder.create(folder / "other", {"recipe": "dcgan"})
    (folder / "damaged").mkdir()
    (folder / "damaged" / "recipe.json").write_text("{")
    list(sweep(asked(folder, ["lr=2e-3"])))
    page = (folder / "index.html").read_text()
    rows = re.findall(r'<th scope="row"><a href="(.*?)/index.html">', page)
    earlier = sorted(path.name for path in folder.glob("lr=*") if path.name != "lr=2e-3")
    assert len(earlier) >= 1 and rows == ["lr=2e-3", *earlier]
    assert f"1 asked for now, {len(earlier)} earlier." in page
    assert 'href="other' not in page and "damaged" not in page


def test_a_run_begun_otherwise_is_told_in_plain_words(swept: tuple[Path, list[Event]]) -> None:
    """And with a cure that sweep has: it cannot --change a run."""
    folder, _ = swept
    longer = asked(folder, ["lr=2e-3"])
    recipe = with_settings(longer.recipe, {"pictures": "64", "net": "residual:width=6,depth=1"})
    events = list(sweep(replace(longer, recipe=recipe)))
    (skipped,) = [event for event in events if isinstance(event, Skipped)]
    assert "net residual:width=4," in skipped.why and "(now residual:width=6," in skipped.why
    assert "pictures 32 (now 64)" in skipped.why
    assert skipped.why.endswith("; sweep into another folder with -o, or remove this run")
    assert "{" not in skipped.why and "--change" not in skipped.why
    page = (folder / "index.html").read_text()
    assert "was begun with" in page and "{&#x27;" not in page


def test_a_cure_that_a_sweep_has_not_is_not_given(
    swept: tuple[Path, list[Event]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(order: Order) -> Iterator[Event]:
        where = order.folder
        raise InputError(f"{where}: has other pictures; put them back, or --change")
        yield

    monkeypatch.setattr("trombine.sweeps.train", refuse)
    events = list(sweep(asked(swept[0], ["lr=8e-3"])))
    (skipped,) = [event for event in events if isinstance(event, Skipped)]
    cure = "sweep into another folder with -o, or remove this run"
    assert skipped.why == f"has other pictures; {cure}"


def test_the_command_that_asked_is_under_the_page(tmp_path: Path) -> None:
    given = tuple(f"{name}={value}" for name, value in TINY.items())
    ask = SweepRequest(
        recipe="upscale-fast-x2",
        grid=("lr=1e-3;2e-3",),
        settings=given,
        output=tmp_path,
        no_board=True,
    )
    list(run(ask))
    page = (tmp_path / "index.html").read_text()
    command = re.sub(r"<.*?>", "", page[page.index("<footer>") : page.index("</footer>")])
    assert "trombine sweep upscale-fast-x2 --grid &#x27;lr=1e-3;2e-3&#x27; --data" in command
    assert "--data &#x27;leaves#48&#x27; " in command
    kept = RunFolder(tmp_path / "lr=1e-3").read_recipe()["command"]
    assert "--data 'leaves#48' " in kept
