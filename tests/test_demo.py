"""The demo's page in small: every section is there, and nothing is asked of a network."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import demo
import pytest

from trombine.cli import application
from trombine.core.errors import OutputError


def test_the_page_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "DRAWN", ("anime",))
    monkeypatch.setattr(demo, "PICTURES", 96)
    path = demo.build(tmp_path)
    said = capsys.readouterr().out.splitlines()
    page = path.read_text(encoding="utf-8")
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", page)
    assert titles[:3] == ["A drawn portrait", "Enlarged", "Repaired"]
    assert titles[-1] == "What to try next" and len(titles) == 7
    steps = [line for line in said if "/6  " in line]
    assert len(steps) == 6 and "1/6  draw" in steps[0]
    links = set(re.findall(r"""(?:src|href)="((?!data:|#)[^"]*)""", page))
    assert links == {"run/index.html"}
    assert all((path.parent / link).is_file() for link in links)
    assert not re.findall(r"url\((?!data:)|@import|https?://", page)
    assert page.count("data:image/gif") == 2


@pytest.mark.parametrize("line", demo.NEXT)
def test_what_to_try_next_is_a_command(line: str) -> None:
    words = shlex.split(line)[1:]
    _, bound, _ = application(words[0]).parse_args(words)
    assert bound.arguments


def test_it_never_replaces_a_page_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("my page")
    with pytest.raises(OutputError, match="is there and was not made by trombine"):
        demo.build(tmp_path)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["my page"]
