"""The guides as a site: built without a warning, and whole without a network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

LOADED = re.compile(r"<(?:script|link|img|iframe)[^>]+?(?:src|href)=[\"']?(?:https?:)?//[^\"'> ]+")


def test_the_site_builds_and_loads_nothing_from_elsewhere(root: Path, tmp_path: Path) -> None:
    """Strict: a page that the menu lacks, a lost link or a lost heading would be a warning."""
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "-d", str(tmp_path)]
    here = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=root, env=here, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pages = {page.name: page.read_text() for page in tmp_path.rglob("*.html")}
    assert {"index.html", "enlarge.html", "measured.html"} <= set(pages)
    assert [found for text in pages.values() for found in LOADED.findall(text)] == []
