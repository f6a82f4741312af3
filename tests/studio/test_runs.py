"""Trainings in the studio: what `trombine runs` says of them, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from runs import made
from studios import Bare

from trombine.commands.runs import row
from trombine.runs.folder import RunFolder
from trombine.runs.log import read
from trombine.runs.page import page


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
