"""`microscope`: what it writes, and what it refuses to write over."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from trombine import microscope
from trombine.core.errors import InputError, OutputError


def test_a_page_of_one_file_is_written_and_written_again(tmp_path: Path) -> None:
    result, file = microscope("finder", output=tmp_path, size=32), tmp_path / "finder.html"
    assert result.written == (file,)
    assert result.summary.endswith("finder, 10 layers, 93,730 parameters")
    text = file.read_text("utf-8")
    assert not re.search(r"""(src|href)=["']?http""", text)
    found = re.search(r'id="net">(.*?)</script>', text)
    assert found is not None and json.loads(found[1])["side"] == 32
    microscope("finder", output=file, size=32)
    assert file.read_text("utf-8") == text


def test_another_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.html").write_text("<p>mine")
    with pytest.raises(OutputError, match="was not made by trombine microscope"):
        microscope("finder", output=tmp_path / "mine.html")
    assert (tmp_path / "mine.html").read_text() == "<p>mine"


def test_nets_and_sizes_that_it_cannot_take(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="size: input should be greater than or equal to 8"):
        microscope("finder", output=tmp_path, size=4)
    with pytest.raises(InputError, match="of 128 pixels; leave --size out"):
        microscope("restyle", output=tmp_path, size=64)
    assert not list(tmp_path.iterdir())
