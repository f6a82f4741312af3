"""bench/data.py on a few small pictures: it measures what it says, whoever is faster."""

from __future__ import annotations

import subprocess
import sys
from json import loads
from pathlib import Path


def test_it_compares_the_two(root: Path) -> None:
    words = ["--sizes", "16", "--count", "96", "--first-seed", "50", "--rounds", "1", "--json"]
    command = [sys.executable, "-W", "error", "bench/data.py", *words]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=600)
    assert not done.stderr
    rows = {row["name"]: row for row in loads(done.stdout)["rows"]}
    rates = [rows[f"16 px uint8: {loader}"]["value"] for loader in ("pack", "JPEGs")]
    ratio = rows["16 px uint8: pack against JPEGs"]
    assert ratio["goal"] == ">= 50" and ratio["value"] == rates[0] / rates[1]
    assert done.returncode == (0 if all(row["ok"] for row in rows.values()) else 1)
    assert all(row["value"] > 0 for row in rows.values())
