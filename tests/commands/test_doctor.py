"""What doctor finds, compared with where it can be read by other means."""

from __future__ import annotations

import os
import platform
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from trombine.commands import doctor


def lines(topic: str) -> dict[str, str]:
    """What is said of a topic, by name."""
    parts = dict(part.split("\n", 1) for part in doctor.doctor().summary.split("\n\n"))
    rows = [line.split(maxsplit=1) for line in parts[topic].splitlines()]
    return dict(rows)


def test_versions_and_machine() -> None:
    versions, machine = lines("Versions"), lines("Machine")
    assert versions["python"] == platform.python_version()
    assert versions["torch"] == version("torch")
    assert machine["cores"].startswith(f"{len(os.sched_getaffinity(0))} for this process")
    assert machine["GPU"].startswith("none") != torch.cuda.is_available()


def test_every_extra_is_explained_and_names_what_it_lacks(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert set(doctor.EXTRAS) == set(project["optional-dependencies"])
    wanted = ["numpy>=2", "no-such_package[x]>=1; extra == 'dev'", 'ruff; extra == "dev"']
    monkeypatch.setattr(doctor, "requires", lambda _: wanted)
    assert "lacks no-such_package: pip install 'trombine[dev]'" in lines("Extras")["dev"]


def test_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pack").write_bytes(bytes(3 * 2**20))
    monkeypatch.setenv("TROMBINE_CACHE", str(tmp_path))
    assert lines("Files")["cache"] == f"{tmp_path} (3.0 MB)"
    monkeypatch.setenv("TROMBINE_CACHE", str(tmp_path / "none"))
    assert "not there yet" in lines("Files")["cache"]
    assert not (tmp_path / "none").exists()
