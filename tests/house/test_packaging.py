"""What is passed on: a wheel that holds all and works alone, a container, pins, licences."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pytest

from trombine import __version__
from trombine.io.image import save_picture
from trombine.models import read_card, shipped

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
BUILT = {".pyc", ".nbi", ".nbc"}


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, as pip builds it, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder)]
    subprocess.run([*PIP, "wheel", *options, str(root)], check=True, capture_output=True)
    (built,) = folder.glob("trombine-*.whl")
    return built


def test_every_file_of_the_package_is_in_the_wheel(root: Path, wheel: Path) -> None:
    """Models, pages, templates and scripts too; no tests, no benches, no guides."""
    here = {
        path.relative_to(root).as_posix()
        for path in (root / "trombine").rglob("*")
        if "__pycache__" not in path.parts and path.is_file() and path.suffix not in BUILT
    }
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        about = {name.partition(".dist-info/")[2]: name for name in names - here}
        entry = archive.read(about["entry_points.txt"]).decode()
        licence = archive.read(about["licenses/LICENSE"]).decode()
    assert here <= names and all(about), "nothing but the package and what is said of it"
    assert {f"trombine/models/zoo/{path.name}" for path in shipped().values()} <= names
    assert "trombine = trombine.__main__:main" in entry and licence.startswith("MIT License")


def test_it_runs_without_the_repository(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    options = ["--no-deps", "--no-index", "--no-compile", "--find-links", str(wheel.parent)]
    install = [*PIP, "install", *options, "--target", str(site), "trombine"]
    subprocess.run(install, check=True, capture_output=True)
    save_picture(tmp_path / "a.png", np.arange(20 * 24 * 3, dtype=np.uint8).reshape(20, 24, 3))

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        here = os.environ | {"PYTHONPATH": str(site)}
        command = [str(site / "bin" / "trombine"), *words]
        return subprocess.run(command, cwd=tmp_path, env=here, capture_output=True, text=True)

    assert run("--version").stdout == f"{__version__}\n"
    done = run("upscale", "a.png", "--model", "upscale-fast", "-v", "-o", "b.png")
    assert done.returncode == 0 and (tmp_path / "b.png").exists(), done.stderr
    assert f"{site}/trombine/models/zoo/upscale-fast-x2.safetensors" in done.stderr


def test_every_dependency_has_its_reason_and_its_pin(root: Path) -> None:
    table = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    lists = [table["dependencies"], *table["optional-dependencies"].values()]
    wanted = {re.split(r"[^\w.-]", line, maxsplit=1)[0] for lines in lists for line in lines}
    wanted -= {"trombine"}  # `dev` asks for extras of trombine itself
    reasons = (root / "docs" / "dependencies.md").read_text()
    named = set(re.findall(r"^\| \[?([\w.-]+)", reasons, re.MULTILINE)) - {"package", "---"}
    assert named == wanted
    pins = (root / "constraints.txt").read_text().splitlines()
    assert wanted <= {line.partition("==")[0] for line in pins}


def test_the_licence_of_each_model_is_passed_on(root: Path) -> None:
    """A file beside the models names the licence of each, and what each learned from."""
    text = (root / "trombine" / "models" / "zoo" / "LICENCE.md").read_text()
    assert "MIT" in text and (root / "LICENSE").read_text().partition("\n\n")[2] in text
    for name in shipped():
        (row,) = re.findall(rf"^\| `{name}` \|.*$", text, re.MULTILINE)
        card = read_card(name)
        painted, *portraits = re.split(r"(?: and |\+)plain:", card.data)
        assert f"`{painted}`" in row and card.licence == "MIT"
        assert ("portraits" in row) == bool(portraits or "likenesses" in painted)


def test_what_the_container_copies_is_there(root: Path) -> None:
    """And .dockerignore leaves exactly that: no .venv, no runs, no pictures."""
    text = (root / "Containerfile").read_text().replace("\\\n", " ")
    copied = {path for rest in re.findall(r"^COPY (.*)$", text, re.M) for path in rest.split()[:-1]}
    assert copied and all((root / path).exists() for path in copied)
    listed = (root / ".dockerignore").read_text().splitlines()
    assert {line[1:] for line in listed if line.startswith("!")} == copied and "*" in listed


# Says its version, makes a .venv whose python is itself, and logs the rest.
FAKE = """#!/bin/sh
case "$*" in
  *version_info*) echo 3.11 ;;
  *ensurepip*) exit 0 ;;
  "-m venv --clear .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  *) echo "$*" >> log ;;
esac
"""


def test_make_installs_what_is_wanted_once(root: Path, tmp_path: Path) -> None:
    """On a machine whose Pythons only write down what they are asked."""
    clone, bin = tmp_path / "clone", tmp_path / "bin"
    shutil.copytree(root / ".ci", clone / ".ci")
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(root / name, clone)
    bin.mkdir()
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        (bin / name).write_text(FAKE)
        (bin / name).chmod(0o755)
    here = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    here["PATH"] = f"{bin}:{here['PATH']}"

    def asked(*words: str) -> list[str]:
        (clone / "log").write_text("")
        subprocess.run(["make", *words], cwd=clone, env=here, check=True, capture_output=True)
        return (clone / "log").read_text().splitlines()

    install = "-m pip install -c constraints.txt"
    assert asked("demo")[0] == f"{install} -e ."
    assert not any("pip" in line for line in asked("demo"))
    tools, tests = asked("test")
    assert tools == f"{install} -e .[dev]" and tests.startswith("-m pytest")
    shutil.rmtree(clone / ".venv")
    first = asked("TORCH_INDEX=https://example.org/cpu", "demo")[0]
    assert first == f"{install} --no-deps --index-url https://example.org/cpu torch"
