"""Links between the documents, to pictures and to files of the tree lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href|srcset)=\"([^\"]+)\"")
ROOT = Path(__file__).parents[2]
PAGES = [p.relative_to(ROOT).as_posix() for p in sorted(ROOT.glob("docs/**/*.md"))]


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", *PAGES])
def test_links_lead_somewhere(page: str, root: Path) -> None:
    path = root / page
    targets = [one or other for one, other in LINK.findall(path.read_text())]
    local = [t.partition("#")[0] for t in targets if not t.startswith(("http", "#", "mailto:"))]
    lost = [target for target in local if not (path.parent / target).exists()]
    assert not lost
