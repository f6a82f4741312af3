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


def test_it_says_all_topics() -> None:
    summary = doctor.doctor().summary
    assert all(f"\n{topic}\n" in f"\n{summary}\n" for topic in doctor.TOPICS)
    assert platform.python_version() in summary and version("torch") in summary


def test_machine() -> None:
    machine = dict(doctor.TOPICS["Machine"]())
    assert machine["cores"].startswith(f"{len(os.sched_getaffinity(0))} for this process")
    assert machine["threads"].startswith(f"{torch.get_num_threads()} ")
    assert machine["GPU"].startswith("none") != torch.cuda.is_available()
    assert machine["memory"].endswith("GB")


def test_every_extra_of_the_project_is_explained(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert set(doctor.EXTRAS) == set(project["optional-dependencies"])


def test_an_extra_names_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["numpy>=2", "no-such_package[x]>=1; extra == 'dev'", 'ruff; extra == "dev"']
    monkeypatch.setattr(doctor, "requires", lambda _: wanted)
    assert doctor.packages_of("dev") == ["no-such_package", "ruff"]
    line = dict(doctor.TOPICS["Extras"]())["dev"]
    assert "lacks no-such_package: pip install 'trombine[dev]'" in line


def test_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pack").write_bytes(bytes(3 * 2**20))
    monkeypatch.setenv("TROMBINE_CACHE", str(tmp_path))
    assert dict(doctor.TOPICS["Files"]())["cache"] == f"{tmp_path} (3.0 MB)"
    monkeypatch.setenv("TROMBINE_CACHE", str(tmp_path / "none"))
    assert "not there yet" in dict(doctor.TOPICS["Files"]())["cache"]
    assert not (tmp_path / "none").exists()


def test_a_torch_for_cuda_without_a_card_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    assert doctor.gpu() == "none: this torch is for CUDA, which finds no card"
