"""The demo's page in small: every section is there, and nothing is asked of a network."""

from __future__ import annotations

import re
from pathlib import Path

import demo
import pytest

from trombine.core.errors import OutputError


def test_the_page_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "DRAWN", ("anime",))
    said: list[str] = []
    path = demo.build(tmp_path, said.append, count=50, pictures=96)
    page = path.read_text(encoding="utf-8")
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", page)
    assert titles[0] == "A drawn portrait" and titles[-1] == "What to try next"
    assert len(said) == 7 and len(titles) == 8
    assert said[0] == "1/7  draws a portrait from a photograph (first, painters are compiled)"
    links = set(re.findall(r"""(?:src|href)="((?!data:|#)[^"]*)""", page))
    assert links == {"run/index.html", "originality.html", "fidelity.html"}
    assert all((path.parent / link).is_file() for link in links)
    assert not re.findall(r"url\((?!data:)|@import|https?://", page)
    assert page.count("data:image/gif") == 1
    for name in ("mirrored.png", "cropped.png", "compressed.jpg"):
        assert f"{name}: copy<" in page


def test_it_never_replaces_a_page_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("my page")
    with pytest.raises(OutputError, match="is there and was not made by trombine"):
        demo.build(tmp_path, print)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["my page"]
