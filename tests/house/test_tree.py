"""What must be so of the files themselves: no machine's paths, a reason for each dependency."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

TEXT = {".py", ".md", ".toml", ".txt", ".json", ".jsonl", ".js", ".css", ".html", ".yml", ""}
# Folders that exist on somebody's machine, not on everybody's. Written in pieces, so that this
# file does not find itself.
PLACES = ("work", "farm", "root", "tmp", "opt/[a-z]", r"home/\w+", r"Users/\w+", "mnt", "content")
MACHINE_PATH = re.compile(rf"(?<![\w.~:/$}}])/(?:{'|'.join(PLACES)})/|\b[A-Z]:\\Users")


def tracked(root: Path) -> Iterator[Path]:
    """The text files that git tracks or would track; every file where this is no repository."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
    )
    names = listing.stdout.splitlines() or [str(p.relative_to(root)) for p in root.glob("*/*.py")]
    yield from (root / name for name in names if Path(name).suffix in TEXT)


def project(root: Path) -> dict[str, list[str]]:
    """The names of the packages that pyproject.toml asks for, by extra; the core's under ""."""
    table = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    lists = {"": table["dependencies"], **table["optional-dependencies"]}
    named = {
        extra: [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines]
        for extra, lines in lists.items()
    }
    # `dev` asks for extras of trombine itself.
    return {extra: [n for n in names if n != "trombine"] for extra, names in named.items()}


def pins(root: Path) -> dict[str, str]:
    """Package and version of each line of constraints.txt."""
    lines = (root / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_no_path_of_a_machine(root: Path) -> None:
    found = [
        f"{path.relative_to(root)}:{number}: {line.strip()}"
        for path in tracked(root)
        if path.is_file()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]
    assert not found


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("open('/" + "home/ann/face.png')", True),
        ("see /" + "work/main", True),
        ("C:" + "\\Users\\Ann", True),
        ("/proc/cpuinfo", False),
        ("../work/notes and https://example.org/work/", False),
        ("homework/root/", False),
    ],
)
def test_the_test_sees_a_path_of_a_machine(line: str, refused: bool) -> None:
    assert bool(MACHINE_PATH.search(line)) == refused


def test_every_dependency_has_its_reason(root: Path) -> None:
    reasons = (root / "docs" / "dependencies.md").read_text()
    named = set(re.findall(r"^\| \[?([\w.-]+)", reasons, re.MULTILINE))
    wanted = {name for names in project(root).values() for name in names}
    assert wanted - named == set(), "docs/dependencies.md has a row for each dependency"
    tables = {"package", "---"}
    assert named - wanted - tables == set(), "docs/dependencies.md names what is not a dependency"


def test_every_dependency_is_pinned(root: Path) -> None:
    wanted = {name for names in project(root).values() for name in names}
    assert wanted <= set(pins(root))


def test_no_python_file_is_long(root: Path) -> None:
    """One that tells one thing in order may be, but no longer than this."""
    long = {
        path.name: lines
        for path in tracked(root)
        if path.suffix == ".py" and (lines := len(path.read_text().splitlines())) > 800
    }
    assert not long, "a file of over 800 lines is two files"
