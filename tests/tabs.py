"""The studio's pages in a real browser: what their tests share (browser/conftest.py opens them)."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from PIL import Image
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect
from studios import png

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DESKTOP, PHONE = (1280, 860), (390, 844)
PATIENCE = 240_000.0  # milliseconds, on a machine that is busy with other tests

MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and "CI" not in os.environ,
        reason="no Chromium here: apt-get install chromium",
    ),
]
Command = Callable[..., subprocess.CompletedProcess[str]]
Opened = Callable[..., Tab]


def face() -> np.ndarray:
    """A small portrait."""
    return np.asarray(Image.fromarray(skimage.data.astronaut()[20:212, 130:322]).resize((128, 128)))


def choose(tab: Tab, name: str, pixels: np.ndarray) -> None:
    """Take a picture of one's own."""
    file: Any = {"name": name, "mimeType": "image/png", "buffer": png(pixels)}
    tab.locator("#file").set_input_files(file)
    expect(tab.locator("#example")).to_have_value("", timeout=PATIENCE)


def run(tab: Tab) -> None:
    """Press the button, and wait for the result."""
    tab.locator("#run").click()
    expect(tab.locator("#result")).to_be_visible(timeout=PATIENCE)


def downloaded(tab: Tab, path: Path, link: str = "#download") -> bytes:
    with tab.expect_download() as download:
        tab.locator(link).click()
    download.value.save_as(path)
    return path.read_bytes()


def pixels_of(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))
