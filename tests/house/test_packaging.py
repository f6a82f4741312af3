"""What is passed on says what it is: bounds, the source archive, metadata, licences."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from trombine.weights import read_card, shipped

LINK = re.compile(r"\]\(([^)\s#]+)[^)\s]*\)")
ROUNDS = "docs/figures/rounds/"  # pictures of how the painters were judged; no guide shows them


@pytest.fixture(scope="module")
def archive(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked source archive, as hatchling builds it, without the network."""
    folder = tmp_path_factory.mktemp("sdist")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder)]
    subprocess.run(words, cwd=root, check=True, capture_output=True)
    (built,) = folder.glob("trombine-*.tar.gz")
    with tarfile.open(built) as tar:
        tar.extractall(folder / "unpacked", filter="data")
    (top,) = (folder / "unpacked").iterdir()
    return top


@pytest.fixture(scope="module")
def metadata(archive: Path) -> Message:
    """What the archive says of itself."""
    return Parser().parsestr((archive / "PKG-INFO").read_text())


def project(root: Path) -> dict[str, list[str]]:
    """The table [project] of pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


@pytest.mark.parametrize("bound", ["cyclopts>=4.1", "numba>=0.62"])
def test_lower_bounds_are_versions_that_work(root: Path, bound: str) -> None:
    """The oldest version that is allowed has all that trombine calls."""
    assert bound in project(root)["dependencies"]


def test_it_is_built_with_what_knows_its_metadata(root: Path) -> None:
    """hatchling before 1.27 refuses a licence's expression together with its files."""
    table = tomllib.loads((root / "pyproject.toml").read_text())
    assert table["build-system"]["requires"] == ["hatchling>=1.27"]


def test_the_guide_says_which_versions_are_tested(root: Path) -> None:
    """Packagers read that only the pinned versions are tested, and which internals are used."""
    text = " ".join((root / "docs" / "dependencies.md").read_text().split())
    assert "Only the versions in `constraints.txt` are tested" in text
    kernels = (root / "trombine" / "world" / "compiled.py").read_text()
    for name in ("numba.core.caching", "UserProvidedCacheLocator"):
        assert name in text and name in kernels


def test_the_source_archive_is_the_tree(root: Path, archive: Path) -> None:
    """Tests, guides, benches and recipes for building are in the source archive."""
    listing = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True)
    if listing.returncode:
        pytest.skip("no repository: nothing to compare the archive with")
    tree = {name for name in listing.stdout.splitlines() if not name.startswith(ROUNDS)}
    inside = {str(p.relative_to(archive)) for p in archive.rglob("*") if p.is_file()}
    assert sorted(name for name in tree - inside if (root / name).exists()) == []


def test_the_source_archive_holds_what_its_guides_link_to(archive: Path) -> None:
    """Every relative link of the README and the guides leads somewhere in the source archive."""
    pages = [archive / "README.md", *archive.glob("docs/*.md")]
    assert len(pages) > 20
    lost = [
        f"{page.name}: {target}"
        for page in pages
        for target in LINK.findall(page.read_text())
        if not target.startswith(("http", "mailto:")) and not (page.parent / target).exists()
    ]
    assert not lost


def test_it_says_who_made_it_and_what_for(metadata: Message) -> None:
    """The metadata has authors, keywords and classifiers, and is refused by package indexes."""
    assert metadata["Author"] == "The trombine authors"
    assert "super-resolution" in metadata["Keywords"].split(",")
    classifiers = metadata.get_all("Classifier", [])
    assert "Private :: Do Not Upload" in classifiers and "Typing :: Typed" in classifiers
    assert "Programming Language :: Python :: 3.11" in classifiers


def test_the_licence_of_the_models_is_passed_on(archive: Path, metadata: Message) -> None:
    """A file beside the models names the licence of each, and what each learned from."""
    place = "trombine/zoo/LICENCE.md"
    assert metadata.get_all("License-File") == ["LICENSE", place]
    text = (archive / place).read_text()
    assert "MIT" in text and (archive / "LICENSE").read_text().partition("\n\n")[2] in text
    for name in shipped():
        (row,) = re.findall(rf"^\| `{name}` \|.*$", text, re.MULTILINE)
        card = read_card(name)
        painted, *portraits = re.split(r"(?: and |\+)plain:", card.data)
        assert f"`{painted}`" in row and card.licence == "MIT"
        assert ("portraits" in row) == bool(portraits or "likenesses" in painted)


def test_the_readme_says_what_saw_portraits(root: Path) -> None:
    """Nobody reads that all was learned from painted faces."""
    readme = " ".join((root / "README.md").read_text().split())
    assert "Nearly everything is learned from" in readme
    wild = "the one that enlarges damaged pictures four times"
    assert (
        f"the nets that read, repair and restyle, and {wild}, also saw portraits of real people"
        in readme
    )
    models = " ".join((root / "docs" / "models.md").read_text().split())
    assert "Congressional Pictorial Directory" in models
