"""The Makefile with a Python that only writes down what it is asked: no network, no installing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

# Says its version, makes a .venv whose python is itself, and logs the rest.
FAKE = """#!/bin/sh
case "$*" in
  *version_info*) echo {version} ;;
  *ensurepip*) exit {without_venv} ;;
  "-m venv --clear .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  *) echo "$*" >> log ;;
esac
"""
NAMES = ("python3", "python3.11", "python3.12", "python3.13", "python3.14")
INSTALL = "-m pip install -c constraints.txt"


class Tree:
    """A fresh clone, as far as make can see, on a machine whose Pythons are all this fake."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.folder = folder / "clone"
        self.bin = folder / "bin"
        self.bin.mkdir()
        shutil.copytree(root / ".ci", self.folder / ".ci")
        for name in ("Makefile", "pyproject.toml", "constraints.txt"):
            shutil.copy(root / name, self.folder)
        self.with_python("3.11")

    def with_python(self, version: str, names: tuple[str, ...] = NAMES, venv: bool = True) -> None:
        """Put a Python of this version on the path under these names."""
        for name in names:
            path = self.bin / name
            path.write_text(FAKE.format(version=version, without_venv=0 if venv else 1))
            path.chmod(0o755)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run make; the log then holds what Python was asked for by this run."""
        (self.folder / "log").write_text("")
        kept = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
        environment = kept | {"PATH": f"{self.bin}:{os.environ['PATH']}"}
        return subprocess.run(
            ["make", *arguments], cwd=self.folder, env=environment, capture_output=True, text=True
        )

    def asked(self) -> list[str]:
        """What the last make asked Python for, in order."""
        return (self.folder / "log").read_text().splitlines()

    def edit(self, name: str) -> None:
        """Make this file younger than anything."""
        youngest = (self.folder / name).stat().st_mtime + 1000
        os.utime(self.folder / name, (youngest, youngest))


@pytest.fixture
def tree(root: Path, tmp_path: Path) -> Tree:
    return Tree(root, tmp_path)


def test_a_fresh_clone_installs_the_core_and_runs_the_demo(tree: Tree) -> None:
    assert tree.make("demo").returncode == 0
    assert tree.asked() == [f"{INSTALL} -e .", "-m trombine.demo"]


def test_it_installs_once(tree: Tree) -> None:
    tree.make("demo")
    tree.make("demo")
    assert tree.asked() == ["-m trombine.demo"]


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_it_installs_again_when_what_is_wanted_changed(tree: Tree, name: str) -> None:
    tree.make("demo")
    tree.edit(name)
    tree.make("demo")
    assert tree.asked()[0] == f"{INSTALL} -e ."


def test_the_tests_bring_the_tools_and_the_demo_needs_no_more(tree: Tree) -> None:
    assert tree.make("test").returncode == 0
    assert tree.asked()[0] == f"{INSTALL} -e .[dev]"
    assert tree.asked()[1].startswith("-m pytest")
    tree.make("demo")
    assert tree.asked() == ["-m trombine.demo"]


def test_after_the_demo_the_tests_still_bring_the_tools(tree: Tree) -> None:
    tree.make("demo")
    tree.make("test")
    assert tree.asked()[0] == f"{INSTALL} -e .[dev]"


def test_torch_comes_from_the_index_that_was_named_and_comes_first(tree: Tree) -> None:
    tree.make("TORCH_INDEX=https://example.org/cpu", "demo")
    assert tree.asked()[:2] == [
        f"{INSTALL} --no-deps --index-url https://example.org/cpu torch",
        f"{INSTALL} -e .",
    ]


def test_an_old_python_gets_one_line(tree: Tree) -> None:
    tree.with_python("3.9")
    done = tree.make("demo")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "needs Python 3.11 or newer, and python3 is 3.9" in line
    assert "apt install python3 python3-venv" in line


def test_a_missing_venv_gets_one_line(tree: Tree) -> None:
    tree.with_python("3.11", venv=False)
    done = tree.make("test")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "needs the venv module of python3" in line
    assert "apt install python3.11-venv" in line


def test_an_older_python3_beside_a_newer_one(tree: Tree) -> None:
    tree.with_python("3.9", names=("python3",))
    tree.with_python("3.12", names=("python3.12",))
    assert tree.make("demo").returncode == 0


@pytest.mark.parametrize(("version", "taken"), [("3.9", False), ("3.13", True), ("3.15", True)])
def test_a_python_that_was_named_is_the_one(tree: Tree, version: str, taken: bool) -> None:
    tree.with_python("3.11")
    tree.with_python(version, names=("mine",))
    assert (tree.make("PYTHON=mine", "demo").returncode == 0) == taken


def test_a_python_newer_than_the_pins_is_the_last_choice(root: Path, tree: Tree) -> None:
    tree.with_python("3.15", names=("python3", "python3.14", "python3.13"))
    environment = os.environ | {"PATH": f"{tree.bin}:{os.environ['PATH']}"}
    found = subprocess.run(
        ["sh", ".ci/find-python"], cwd=root, env=environment, capture_output=True, text=True
    )
    assert found.stdout.strip() == "python3.12"


def test_clean_leaves_no_trace(tree: Tree) -> None:
    tree.make("demo")
    assert (tree.folder / ".venv").exists()
    tree.make("clean")
    assert not (tree.folder / ".venv").exists()
