"""Pages in a real browser: what their tests share (browser/conftest.py opens them)."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import skimage.data
from PIL import Image
from playwright.sync_api import Browser, ViewportSize, expect
from playwright.sync_api import Page as Tab
from studios import png

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
EVIL = "evil.example"  # another site
# Names of hosts lead nowhere, but for the other site's: to this machine, as its number does.
HOSTS = f"MAP {EVIL} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", f"--host-resolver-rules={HOSTS}"]
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
Scheme = Literal["light", "dark"]
Motion = Literal["reduce", "no-preference"]

# What a page keeps where a tab ends. Where nothing may be kept, nothing is.
FORGET = "() => { try { localStorage.clear(); sessionStorage.clear(); } catch {} }"


@dataclass
class Tabs:
    """A browser's tabs, kept from test to test.

    A page in a new tab costs four times what it does in one that was there: the browser starts
    processes for it.
    """

    browser: Browser
    _free: dict[bool, list[Tab]] = field(default_factory=dict)  # with and without touch

    @contextmanager
    def lent(
        self,
        size: tuple[int, int] = DESKTOP,
        scheme: Scheme = "light",
        motion: Motion = "no-preference",
        *,
        touch: bool = False,
    ) -> Iterator[Tab]:
        """A tab that knows of no test before."""
        free = self._free.setdefault(touch, [])
        tab = free.pop() if free else self._new(touch)
        try:
            tab.set_viewport_size(window(size))
            tab.emulate_media(color_scheme=scheme, reduced_motion=motion)
            yield tab
            _clear(tab)
        except BaseException:
            tab.context.close()
            raise
        free.append(tab)

    def _new(self, touch: bool) -> Tab:
        options: Any = {"viewport": window(DESKTOP), "reduced_motion": "reduce"}
        context = self.browser.new_context(has_touch=touch, **options)
        context.set_default_timeout(PATIENCE)
        return context.new_page()

    @contextmanager
    def shown(
        self,
        address: str,
        size: tuple[int, int],
        scheme: Scheme = "light",
        motion: Motion = "reduce",
    ) -> Iterator[Tab]:
        """A page from its file; at its end it must neither have said anything on the console nor
        asked for anything but itself."""
        complaints: list[str] = []
        asked: list[str] = []
        with self.lent(size, scheme, motion) as tab, heard(tab, complaints, asked):
            tab.goto(address)
            yield tab
        assert complaints == []
        assert {url for url in asked if not url.startswith(("blob:", "data:"))} == {address}


@contextmanager
def heard(tab: Tab, complaints: list[str], asked: list[str]) -> Iterator[None]:
    """Note what a tab says on its console, what its scripts throw, and what it asks for."""
    listeners: dict[Any, Callable[[Any], None]] = {
        "console": lambda message: complaints.append(message.text),
        "pageerror": lambda error: complaints.append(str(error)),
        "request": lambda request: asked.append(request.url),
    }
    for event, listener in listeners.items():
        tab.on(event, listener)
    yield
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)


def window(size: tuple[int, int]) -> ViewportSize:
    """A size as a browser takes it."""
    return {"width": size[0], "height": size[1]}


def _clear(tab: Tab) -> None:
    """Leave a tab as if it were new: no other tab beside it, no routes, and nothing remembered."""
    context = tab.context
    for other in context.pages:
        if other != tab:
            other.close()
    tab.unroute_all()
    tab.evaluate(FORGET)
    origin = tab.evaluate("location.origin")
    tab.goto("about:blank")
    context.clear_cookies()
    if origin.startswith("http"):
        devtools = context.new_cdp_session(tab)
        devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        devtools.detach()
    tab.mouse.move(-1, -1)


def face() -> np.ndarray:
    """A small portrait."""
    return np.asarray(Image.fromarray(skimage.data.astronaut()[20:212, 130:322]).resize((128, 128)))


def choose(tab: Tab, name: str, pixels: np.ndarray) -> None:
    """Take a picture of one's own."""
    file: Any = {"name": name, "mimeType": "image/png", "buffer": png(pixels)}
    tab.locator("#file").set_input_files(file)
    expect(tab.locator("#example")).to_have_value("", timeout=PATIENCE)


# What a page shows once it has all that it asks the studio for; else its button can be pressed.
READY = {
    "Microscope": "net-microscope[data-frames]",
    **dict.fromkeys(("People", "Runs", "Jobs"), "#none:not([hidden]), #list *"),
}


def ready(tab: Tab, name: str) -> None:
    """Wait until a page is there, by its name."""
    expect(tab.get_by_role("heading", level=1)).to_have_text(name, timeout=PATIENCE)
    expect(tab.locator(READY.get(name, "#run:enabled")).first).to_be_visible(timeout=PATIENCE)


def run(tab: Tab) -> None:
    """Press the button, and wait for the result."""
    tab.locator("#run").click()
    expect(tab.locator("#result")).to_be_visible(timeout=PATIENCE)


def until(tab: Tab, expression: str, timeout: float = 30_000) -> None:
    """Waits until the JavaScript is true. Playwright's own way to wait evaluates text within the
    page, which the studio's Content-Security-Policy forbids."""
    end = time.monotonic() + timeout / 1000
    while not tab.evaluate(expression):
        assert time.monotonic() < end, f"never true: {expression}"
        tab.wait_for_timeout(20)


def downloaded(tab: Tab, path: Path, link: str = "#download") -> bytes:
    with tab.expect_download() as download:
        tab.locator(link).click()
    download.value.save_as(path)
    return path.read_bytes()


def pixels_of(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))
