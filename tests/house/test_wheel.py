"""The wheel holds everything the package needs, and what it holds runs without the repository."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

BUILT = {".pyc", ".nbi", ".nbc"}


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built by the same backend as pip's, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_every_file_of_the_package_is_in_it(root: Path, wheel: Path) -> None:
    here = {
        path.relative_to(root).as_posix()
        for path in (root / "trombine").rglob("*")
        if path.is_file() and path.suffix not in BUILT
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == here


def test_it_names_the_command_and_carries_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        about = {Path(name).name: name for name in archive.namelist() if ".dist-info/" in name}
        entry = archive.read(about["entry_points.txt"]).decode()
    assert "trombine = trombine.__main__:main" in entry
    assert "LICENSE" in about


def test_it_runs_without_the_repository(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    alone = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    code = "import trombine, trombine.__main__ as m; print(trombine.__file__); m.main(['--help'])"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, env=alone, capture_output=True, text=True
    )
    assert done.stdout.startswith(str(tmp_path / "site")), done.stderr
    assert "replay" in done.stdout
