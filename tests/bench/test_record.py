"""Results of bench/ are kept as their programs print them, whether goals were met or not."""

from __future__ import annotations

import subprocess
from json import dumps, loads
from pathlib import Path

import pytest
import record

RESULT = {
    "command": "python bench/x.py --json",
    "commit": "0123456789ab",
    "machine": {"cores": 2},
    "rows": [{"name": "speed", "value": 3.0, "unit": "times", "goal": ">= 2", "ok": True}],
}


def program(folder: Path, name: str, prints: str, code: int) -> None:
    """A program of bench/ that prints this and ends with this code."""
    (folder / "bench").mkdir(exist_ok=True)
    text = f"import sys\nassert sys.argv[1:] == ['--json']\nprint({prints!r})\nsys.exit({code})"
    (folder / "bench" / f"{name}.py").write_text(text)


@pytest.mark.parametrize(("code", "met"), [(0, True), (1, False)])
def test_a_result_is_kept_and_shown(
    code: int, met: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path, "speed", dumps(RESULT), code)
    assert record.record("speed", tmp_path) == met
    kept = loads((tmp_path / "bench" / "results" / "speed.json").read_text())
    assert kept.pop("minutes") < 1
    assert kept == RESULT
    assert "speed      3  times  >= 2  met" in capsys.readouterr().out


def test_code_that_differs_from_its_commit_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["record.py", "data"])
    monkeypatch.setattr(record, "commit", lambda: "0123456789ab+changes")
    monkeypatch.setattr(record, "record", lambda name: pytest.fail("it ran"))
    with pytest.raises(SystemExit):
        record.main()
    assert "commit it first" in capsys.readouterr().err


def test_a_program_that_breaks_leaves_the_result_before(tmp_path: Path) -> None:
    program(tmp_path, "speed", dumps(RESULT), 0)
    record.record("speed", tmp_path)
    program(tmp_path, "speed", "Traceback", 1)
    assert not record.record("speed", tmp_path)
    assert [path.name for path in (tmp_path / "bench" / "results").iterdir()] == ["speed.json"]


def test_every_program_with_rows_is_on_the_list(root: Path) -> None:
    texts = {path.stem: path.read_text() for path in (root / "bench").glob("*.py")}
    programs = {name for name, text in texts.items() if "report(" in text or "run(GROUPS" in text}
    needs_more = {"gpu", "witness"}  # a card, the file of a witness
    assert programs - {"table"} - needs_more == set(record.PROGRAMS)


def test_a_result_is_old_once_what_its_program_imports_has_changed(tmp_path: Path) -> None:
    """Also through a module between; not for what it does not import."""

    def git(*words: str) -> str:
        names = ("-c", "user.name=a", "-c", "user.email=a@b")
        command = ["git", *names, *words]
        return subprocess.run(
            command, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    def commit(**files: str) -> str:
        for name, text in files.items():
            (tmp_path / f"{name.replace('__', '/')}.py").write_text(text)
        git("add", "-A")
        git("commit", "-qm", "x")
        return git("rev-parse", "HEAD").strip()

    for folder in ("bench/results", "trombine/core"):
        (tmp_path / folder).mkdir(parents=True)
    git("init", "-q")
    between = "from trombine.core import rng\nimport table\n"
    begun = commit(
        bench__speed_study="import trombine.middle",
        trombine__middle=between,
        trombine__core__rng="x = 1",
        trombine__other="",
        bench__table="",
    )
    result = tmp_path / "bench" / "results" / "speed-study.json"
    assert record.is_old("speed-study", tmp_path)
    result.write_text(dumps(RESULT | {"commit": begun}))
    commit(trombine__other="y = 1")
    assert not record.is_old("speed-study", tmp_path)
    for name in ("trombine__core__rng", "bench__table", "bench__speed_study"):
        before = commit(**{name: f"import trombine.middle\nz = {name!r}"})
        assert record.is_old("speed-study", tmp_path)
        result.write_text(dumps(RESULT | {"commit": before}))
        assert not record.is_old("speed-study", tmp_path)
    result.write_text(dumps(RESULT))
    assert record.is_old("speed-study", tmp_path)
