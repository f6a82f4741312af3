"""A demo page in small, made once for all workers: what it says is tested, and how it looks."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from trombine.demo.amounts import Demo
from trombine.demo.build import build
from trombine.lock import locked

TINY = Demo(
    portrait=64,
    small=32,
    crowd=4,
    variations=2,
    draws=5,
    frames=3,
    leaves=2,
    measured=3,
    measured_size=48,
    judged=50,
    seconds=0.5,
)


def small_demo(factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Its page and what was said of it."""
    place = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # whose folder lies in that of them all
        place = place.parent
    words = place / "demo.txt"
    with locked(place / "demo.lock"):
        if not words.exists():
            said: list[str] = []
            path = build(replace(TINY, folder=place / "demo"), said.append)
            assert path == (place / "demo" / "index.html").resolve()
            words.write_text("\n".join(said), encoding="utf-8")
    return place / "demo" / "index.html", words.read_text(encoding="utf-8").splitlines()
