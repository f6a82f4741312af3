"""The studio in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from PIL import Image
from playwright.sync_api import Browser, Playwright, Response, sync_playwright
from playwright.sync_api import Page as Tab
from runs import made
from studios import Server, noise, runs
from tabs import ARGUMENTS, CHROMIUM, DESKTOP, PHONE, Opened, Scheme, Tabs, heard, ready


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One studio for all, since each test comes as somebody of its own; it takes 8 seconds of a
    processor to start. Where it is opened are models, a run, and folders of pictures."""
    home = runs(tmp_path_factory.mktemp("studio"))
    made.upscale(home / "runs" / "fine", lines=40, seed=4)
    for seed, name in enumerate(("truth", "wild")):
        (home / name).mkdir()
        for number in range(3):
            Image.fromarray(noise(16, 9 * seed + number)).save(home / name / f"{number}.png")
    server = Server(home / "data", home)
    yield server
    server.close()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One browser for all; its tabs know nothing of one another."""
    running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield running
    running.close()


@pytest.fixture(scope="session")
def tabs(browser: Browser) -> Tabs:
    return Tabs(browser)


@pytest.fixture
def opened(tabs: Tabs, server: Server) -> Iterator[Opened]:
    """Opens a page of the studio as somebody of its own; fails at the end on any complaint."""
    complaints: list[str] = []
    asked: list[str] = []

    def refused(answer: Response) -> None:
        if answer.status >= 400:
            complaints.append(f"{answer.status} {answer.url}")

    with ExitStack() as stack:

        def open(path: str = "/", size: tuple[int, int] = DESKTOP, scheme: Scheme = "light") -> Tab:
            lent = tabs.lent(size, scheme, "reduce", touch=size == PHONE)
            tab = stack.enter_context(lent)
            stack.enter_context(heard(tab, complaints, asked))
            tab.on("response", refused)
            stack.callback(tab.remove_listener, "response", refused)
            tab.goto(server.link.replace("/?", f"{path}?"))
            ready(tab, path.strip("/").capitalize() or "Repair")
            return tab

        yield open
    assert complaints == []
    own = (f"http://{server.host}/", "blob:", "data:")
    assert [url for url in asked if not url.startswith(own)] == []
