"""bench/same.py sees a file that differs, one that is missing, and one that is new."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from same import INTENDED, rows

OLD = {"read/a.png": "1", "read/b.png": "2", "leaves/0.png": "3"}


def verdicts(new: dict[str, str], differs: dict[str, str] | None = None) -> dict[str, bool]:
    found = rows(OLD, new, differs or {})
    return {row.name.partition(":")[0]: row.ok for row in found}


def test_equal_bytes_are_met() -> None:
    assert verdicts(dict(OLD)) == {"read": True, "leaves": True, "files compared": True}


@pytest.mark.parametrize(
    "new",
    [{**OLD, "read/a.png": "9"}, {**OLD, "read/c.png": "4"}, {k: OLD[k] for k in list(OLD)[1:]}],
    ids=["another", "one more", "one less"],
)
def test_any_difference_is_missed(new: dict[str, str]) -> None:
    assert verdicts(new) == {"read": False, "leaves": True, "files compared": True}


def test_what_is_intended_is_met() -> None:
    assert verdicts({**OLD, "read/a.png": "9"}, {"read/*": "rounded"})["read"]


def test_every_intended_difference_has_a_reason(root: Path) -> None:
    intended = json.loads(INTENDED.read_text())
    assert all(reason.strip() for reason in intended["differs"].values())
