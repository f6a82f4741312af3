"""What a run says of where it comes from."""

from __future__ import annotations

import subprocess
from pathlib import Path

from trombine.training.writer import commit_of


def test_the_commit_says_whether_the_checkout_was_changed(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True)

    assert commit_of(tmp_path) is None  # no checkout
    git("init")
    assert commit_of(tmp_path) is None  # no commit yet
    (tmp_path / "code.py").write_text("1")
    git("add", "-A")
    git("commit", "-m", "first")
    head = commit_of(tmp_path)
    assert head is not None and len(head) == 40
    (tmp_path / "code.py").write_text("2")
    assert commit_of(tmp_path) == head + "+"
