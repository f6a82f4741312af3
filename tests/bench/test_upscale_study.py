"""Which rows of the study are still to be trained."""

from __future__ import annotations

from dataclasses import asdict
from json import dumps
from pathlib import Path

import pytest
import upscale_study as study
from remake import cpu_seconds

from trombine.recipes import find, with_settings
from trombine.runs.folder import RunFolder


def test_only_what_the_result_lacks_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "RESULT", tmp_path / "study.json")
    assert study.lacking() == list(study.STUDIES)
    rows = [{"name": name, "gains": {}, **asdict(study.STUDIES[name])} for name in study.STUDIES]
    rows[3]["settings"] += " --lr 1"  # of another training
    del rows[1]
    study.RESULT.write_text(dumps({"rows": rows}))
    assert study.lacking() == [list(study.STUDIES)[1], list(study.STUDIES)[3]]


@pytest.mark.parametrize("name", study.STUDIES)
def test_a_row_changes_settings_that_its_recipe_has(name: str) -> None:
    row = study.STUDIES[name]
    words = row.settings.replace("--", "").split()
    settings = dict(zip(words[::2], words[1::2], strict=True))
    changed = with_settings(find(row.recipe), settings)
    assert changed.pictures == int(settings["pictures"]) <= 200_000


def test_a_row_that_was_stopped_took_what_all_its_processes_took(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    for event, cpu in (("started", 1), ("stopped", 469), ("resumed", 1), ("ended", 489)):
        run.clock({"event": event, "cpu": cpu})
    assert cpu_seconds(tmp_path) == 469 + 489
