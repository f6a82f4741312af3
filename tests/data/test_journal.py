"""The journal of what is written: a line stands there only if what it says is on the disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trombine.data.journal import Journal


def test_a_line_is_noted_after_its_files_are_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And if they cannot be forced there, it is not noted at all."""
    journal = Journal(tmp_path / "journal")
    journal.note("head")
    with (tmp_path / "rows").open("wb") as rows:
        journal.note("row", [rows])
        assert (tmp_path / "journal").read_text() == "head\n"

        def full(file: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            journal.force()
        assert (tmp_path / "journal").read_text() == "head\n"
        monkeypatch.undo()
        journal.force()
    assert Journal(tmp_path / "journal").lines == ["head", "row"]


def test_a_torn_line_is_none_and_is_written_over(tmp_path: Path) -> None:
    """As a kill, or a full disk, leaves it."""
    (tmp_path / "journal").write_text("first\nsec")
    journal = Journal(tmp_path / "journal")
    assert journal.lines == ["first"]
    journal.note("second")
    assert (tmp_path / "journal").read_text() == "first\nsecond\n"


def test_a_journal_that_ended_can_begin_again(tmp_path: Path) -> None:
    """Where all is made anew, lines from before leave nothing."""
    (tmp_path / "journal").write_text("of before\n")
    journal = Journal(tmp_path / "journal")
    journal.remove()
    assert not (tmp_path / "journal").exists()
    journal.note("new")
    assert (tmp_path / "journal").read_bytes() == b"new\n"
