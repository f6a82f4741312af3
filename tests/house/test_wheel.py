"""The wheel holds everything the package needs, and works where the repository is not."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from email.parser import Parser
from pathlib import Path

import numpy as np
import pytest

from trombine import __version__
from trombine.images import write
from trombine.weights import shipped

BUILT = {".pyc", ".nbi", ".nbc"}
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
Installed = Callable[..., subprocess.CompletedProcess[str]]
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, as pip builds it, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder)]
    subprocess.run([*PIP, "wheel", *options, str(root)], check=True, capture_output=True)
    (built,) = folder.glob("trombine-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Runs `trombine` as it was installed from the wheel's folder alone, in a given folder."""
    site = tmp_path_factory.mktemp("installed")
    options = ["--no-deps", "--no-index", "--no-compile", "--find-links", str(wheel.parent)]
    subprocess.run(
        [*PIP, "install", *options, "--target", str(site), "trombine"],
        check=True,
        capture_output=True,
    )

    def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(site)}
        return subprocess.run(
            [str(site / "bin" / "trombine"), *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
        )

    return run


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_every_file_of_the_package_is_in_it(root: Path, wheel: Path) -> None:
    """The wheel holds every file of the package, and no other: no tests, no benches, no guides."""
    here = {
        path.relative_to(root).as_posix()
        for path in (root / "trombine").rglob("*")
        if "__pycache__" not in path.parts and path.is_file() and path.suffix not in BUILT
    }
    assert {name for name in names_in(wheel) if ".dist-info/" not in name} == here


def test_what_is_no_code_is_in_it(wheel: Path) -> None:
    """Models, styles, scripts, templates and the mark of typed packages are in the wheel."""
    inside = names_in(wheel)
    assert {f"trombine/zoo/{path.name}" for path in shipped().values()} <= inside
    files = ("py.typed", "pages/style.css", "pages/script.js", "data/published/card.md")
    assert {f"trombine/{name}" for name in files} <= inside
    assert "trombine/data/published/starter.ipynb" in inside


def test_it_names_the_command_and_carries_the_licence(wheel: Path) -> None:
    """The wheel says its version, its licence and its command."""
    with zipfile.ZipFile(wheel) as archive:
        about = {
            name.partition(".dist-info/")[2]: name for name in names_in(wheel) if ".dist" in name
        }
        entry = archive.read(about["entry_points.txt"]).decode()
        metadata = Parser().parsestr(archive.read(about["METADATA"]).decode())
        licence = archive.read(about["licenses/LICENSE"]).decode()
    assert "trombine = trombine.__main__:main" in entry
    assert (metadata["Name"], metadata["Version"]) == ("trombine", __version__)
    assert metadata["License-Expression"] == "MIT" and licence.startswith("MIT License")
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"


def test_it_runs_without_the_repository(
    installed: Installed, command: Command, tmp_path: Path
) -> None:
    """An installed wheel prints its pages and enlarges a picture to the same bytes as the tree."""
    version = installed("--version", folder=tmp_path)
    assert (version.returncode, version.stdout) == (0, f"{__version__}\n"), version.stderr
    assert "upscale" in installed("--help", folder=tmp_path).stdout
    listing = installed("models", "list", folder=tmp_path).stdout
    assert [line.split()[0] for line in listing.splitlines()[1:]] == list(shipped())

    pixels = np.arange(20 * 24 * 3, dtype=np.uint8).reshape(20, 24, 3)
    write(tmp_path / "photo.png", pixels)
    words = ("upscale", "photo.png", "--model", "upscale-fast", "-v")
    alone = installed(*words, "-o", "alone.png", folder=tmp_path)
    assert alone.returncode == 0, alone.stderr
    weights = weights_in(alone.stderr)
    assert weights.name == "upscale-fast-x2.safetensors"
    assert weights.parents[2].name.startswith("installed"), "not those of the tree"
    assert command(*words, "-o", "tree.png").returncode == 0
    assert (tmp_path / "alone.png").read_bytes() == (tmp_path / "tree.png").read_bytes()


def weights_in(lines: str) -> Path:
    """The file of weights that -v names."""
    (line,) = [line for line in lines.splitlines() if " from " in line]
    return Path(line.partition(" from ")[2].partition(",")[0])
