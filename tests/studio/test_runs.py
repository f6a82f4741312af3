"""Trainings in the studio: what `trombine runs` says of them, begun and stopped, and for whom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import until
from runs import made
from studios import Answer, Answering, Bare

from trombine.commands.runs import row
from trombine.core.errors import InputError
from trombine.data.spec import parse
from trombine.runs.folder import RunFolder
from trombine.runs.log import read
from trombine.runs.page import page
from trombine.studio.runs import words_of

TINY = ["size=16", "net.width=4", "net.depth=1", "batch=4", "augment=none", "log_every=40"]
TINY += ["pictures=20000"]  # a minute's, so that one which no test stops ends all the same


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    """Opened where two runs are, one of a sweep."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        server = Bare(home / "data", home)
        made.upscale(home / "runs" / "fine", lines=60)
        made.adversarial(home / "runs" / "sweep" / "anime", lines=60)
        yield server
        server.close()


def post(server: Answering, path: str = "", **fields: Any) -> Answer:
    return server.ask(f"/api/runs{path}", "POST", json.dumps(fields).encode())


def test_what_is_told_is_what_runs_show_writes(bare: Bare) -> None:
    runs = Path("runs").resolve()
    folder = RunFolder(runs / "fine")
    rows = bare.ask("/api/runs").json["rows"]
    assert list(row("fine", folder)) in rows and {one[0] for one in rows} == {"fine", "sweep/anime"}
    told = bare.ask("/api/runs/one?run=fine").json
    parts = page(folder, read(folder)).parts
    assert [list(part) for part in parts if part[0] != "Samples"] == told["sections"]
    assert {"Measures", "Learning", "Configuration"} <= {name for name, _ in told["sections"]}
    for _, html in told["sections"]:
        assert "style=" not in html and "<script" not in html  # the page's policy forbids them
    (first, *_), last = told["samples"].values(), folder.fixed_files()["truth"]
    for name, path in ((first, folder.samples / first), (told["fixed"]["truth"], last)):
        assert bare.ask(f"/api/runs/file?run=fine&name={name}").body == path.read_bytes()


def test_no_other_file_is_reached(bare: Bare) -> None:
    runs = ("one?run=none", "one?run=../data", "one?run=")
    for path in (*runs, *(f"file?run=fine&name={name}" for name in ("recipe.json", "../x", ""))):
        assert bare.ask(f"/api/runs/{path}").status == 404


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"recipe": "none"}, "no such recipe"),
        ({"recipe": ["cleaner"]}, "by texts"),
        ({"recipe": "cleaner", "name": "../out"}, "no name of a folder"),
        ({"recipe": "cleaner", "settings": ["lr=fast"]}, "lr is a number"),
        ({"recipe": "cleaner", "settings": ["output=/tmp"]}, "no setting 'output'"),
    ],
)
def test_what_cannot_be_trained_is_refused_at_once(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        words_of(asked)


def test_a_folder_to_learn_from_is_named_as_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my photos+more").mkdir()
    asked = {"recipe": "cleaner", "data": "my photos+more"}
    (data,) = (word for word in words_of(asked) if word.startswith("--data="))
    (term,) = parse(data.removeprefix("--data="))
    assert (term.kind, term.path) == ("folder", "my photos+more")
    for kept in ("leaves#24", "folder:none", "none"):
        assert f"--data={kept}" in words_of(asked | {"data": kept})


def test_a_training_is_tried_begun_stopped_and_goes_on(bare: Bare) -> None:
    asked: dict[str, Any] = {"recipe": "upscale-fast-x2", "data": "leaves#24", "settings": TINY}
    tried = post(bare, dry_run=True, name="mine", **asked)
    assert tried.status == 200
    parts = [part.split("\n") for part in tried.json["text"].split("\n\n")[1:]]
    said = {title: [line.split()[0] for line in lines] for title, *lines in parts}
    assert said["expected"] == ["time", "memory"] and said["nets"] == ["net"]
    assert {"pictures", "batch"} <= set(said["settings"]) and "device" in said["resolved"]
    folder = RunFolder(Path("runs/mine").resolve())
    assert not folder.exists
    assert post(bare, name="mine", **asked | {"data": "folder:none"}).status == 422
    assert post(bare, "/stop", run="fine").status == 409
    seen = 0
    for what in (asked | {"name": "mine"}, {"again": "mine"}):
        begun = post(bare, **what)
        assert begun.status == 201, begun.body
        until(lambda seen=seen: read(folder).pictures > seen)
        told = bare.ask("/api/runs/one?run=mine").json
        assert told["is_running"] and not told["can_go_on"]
        assert post(bare, "/stop", run="mine").status == 202
        until(lambda: not folder.is_running)
        told = bare.ask("/api/runs/one?run=mine").json
        assert told["can_go_on"] and not told["is_running"] and told["problem"] == ""
        assert list(folder.checkpoints.iterdir()) and read(folder).pictures > seen
        seen = read(folder).pictures
