"""What wheels of direct dependencies bring along is named in docs/dependencies.md."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import pytest

GPL = ("x264", "x265", "xvid", "vidstab", "rubberband", "postproc", "fftw3", "gsl", "readline")
GPL_WITH_EXCEPTION = ("gfortran", "gomp")
LIBRARY = re.compile(r"(?:lib)?(.+?)(?:[-.][0-9a-f]{8})*(?:\.\d+)*\.(?:so|dylib|dll)(?:\.\d+)*")
ROW = re.compile(r"^\| ([\w.-]+)[^|]*\|(.*)\|$", re.MULTILINE)


def direct(root: Path) -> list[str]:
    """The packages that pyproject.toml asks for."""
    table = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    lists = [table["dependencies"], *table["optional-dependencies"].values()]
    names = {re.split(r"[^\w.-]", line, maxsplit=1)[0] for lines in lists for line in lines}
    return sorted(names - {"trombine"})


def bundled(package: str) -> set[str]:
    """The libraries in the folders NAME.libs of an installed wheel, without hash and version."""
    try:
        paths = [Path(str(path)) for path in files(package) or ()]
    except PackageNotFoundError:
        return set()
    beside = (path.name for path in paths if path.parent.name.endswith((".libs", ".dylibs")))
    return {match[1] for name in beside if (match := LIBRARY.fullmatch(name))}


def section(root: Path) -> tuple[str, str]:
    """The two tables of licences: of the GPL and the LGPL, and of the others."""
    page = (root / "docs" / "dependencies.md").read_text()
    text = page.partition("## Licences of what wheels bring along")[2]
    copyleft, _, others = text.partition("Under licences that ask for little")
    return copyleft, others


def named(table: str) -> Mapping[str, set[str]]:
    """The libraries that a table names, by package."""
    return {package: set(re.findall(r"`([^`]+)`", cells)) for package, cells in ROW.findall(table)}


def missing(package: str, libraries: Iterable[str], copyleft: str, others: str) -> set[str]:
    """Those that no row of the package names; of the GPL, those that the first table does not."""
    strict = named(copyleft).get(package, set())
    known = strict | named(others).get(package, set())
    gpl = {name for name in libraries if name.startswith((*GPL, *GPL_WITH_EXCEPTION))}
    return (set(libraries) - known) | (gpl - strict)


def test_every_bundled_library_is_named_with_its_licence(root: Path) -> None:
    """A library that a wheel brings along stands on the page, one under the GPL as such."""
    if sys.platform != "linux":
        pytest.skip("the page names what wheels for Linux bundle")
    copyleft, others = section(root)
    lacking = {name: missing(name, bundled(name), copyleft, others) for name in direct(root)}
    assert not {name: sorted(gone) for name, gone in lacking.items() if gone}


def test_the_page_names_nothing_that_no_wheel_has(root: Path) -> None:
    """A library that a wheel no longer brings along leaves the page."""
    if sys.platform != "linux":
        pytest.skip("the page names what wheels for Linux bundle")
    for table in section(root):
        for package, libraries in named(table).items():
            if there := bundled(package):
                assert libraries <= there, package


def test_av_and_pillow_heif_are_looked_at() -> None:
    """The libraries under the GPL that are known are seen in the installed wheels."""
    assert {"x264", "x265", "avcodec"} <= bundled("av")
    assert bundled("no-such-package") == set()


@pytest.mark.parametrize(
    ("library", "lacks"), [("x265", True), ("x264", False), ("newlib", True), ("opus", False)]
)
def test_the_test_sees_a_library_without_a_row(library: str, lacks: bool) -> None:
    copyleft, others = "| av (BSD) | `x264` | none |\n", "| av | `opus`, `x265` (BSD) |\n"
    assert bool(missing("av", [library], copyleft, others)) == lacks


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("libx264-d6533a8d.so.165", "x264"),
        ("libgfortran-040039e1-0352e75f.so.5.0.0", "gfortran"),
        ("libxcb-shape-7716c890.so.0.0.0", "xcb-shape"),
        ("libscipy_openblas64_-32a4b2a6.so", "scipy_openblas64_"),
        ("libx265.215.dylib", "x265"),
    ],
)
def test_a_library_is_known_by_its_name(file: str, name: str) -> None:
    match = LIBRARY.fullmatch(file)
    assert match and match[1] == name
