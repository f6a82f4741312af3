"""The studio in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from playwright.sync_api import Page as Tab
from studios import Server, runs
from tabs import CHROMIUM, DESKTOP, PATIENCE, PHONE, Opened


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One studio for all, since each test comes as somebody of its own; it takes 8 seconds of a
    processor to start."""
    home = tmp_path_factory.mktemp("studio")
    server = Server(home / "data", runs(home))
    yield server
    server.close()


@pytest.fixture(scope="module")
def hosts() -> str:
    """Where names of hosts lead: nowhere but to this machine by its number."""
    return "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


@pytest.fixture(scope="module")
def browser(hosts: str) -> Iterator[Browser]:
    arguments = ["--no-sandbox", "--disable-gpu", f"--host-resolver-rules={hosts}"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield running
        running.close()


@pytest.fixture
def opened(browser: Browser, server: Server) -> Iterator[Opened]:
    """Opens a page of the studio as somebody of its own; fails at the end on any complaint."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def open(path: str = "/", size: tuple[int, int] = DESKTOP, scheme: Any = "light") -> Tab:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            reduced_motion="reduce",
            has_touch=size == PHONE,
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        tab = context.new_page()
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda asked: foreign(asked.url))
        tab.on("response", lambda answer: refused(answer.status, answer.url))
        tab.goto(server.link.replace("/?", f"{path}?"))
        name = path.strip("/").capitalize() or "Repair"
        expect(tab.get_by_role("heading", name=name, exact=True)).to_be_visible()
        if path != "/jobs":
            expect(tab.locator("#run")).to_be_enabled(timeout=PATIENCE)
        return tab

    def foreign(url: str) -> None:
        if not url.startswith((f"http://{server.host}/", "blob:", "data:")):
            complaints.append(f"asked {url}")

    def refused(status: int, url: str) -> None:
        if status >= 400:
            complaints.append(f"{status} {url}")

    yield open
    for context in contexts:
        context.close()
    assert complaints == []
