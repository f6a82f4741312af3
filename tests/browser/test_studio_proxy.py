"""The studio behind a proxy that has it below a path of another address, in a real browser."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from easels import mask
from playwright.sync_api import Browser, expect
from studios import finish, noise
from tabs import MARKS, PATIENCE, choose, downloaded, pixels_of, ready

import trombine
from trombine.studio.serving import Studio, opened

pytestmark = MARKS
BELOW = "/studio"
OWN = ("connection", "transfer-encoding", "host")  # of each of the two connections


class Proxy(BaseHTTPRequestHandler):
    """Passes on what comes below its path, as the guide's lines for nginx do."""

    port = 0  # of the studio

    def pass_on(self) -> None:
        """The request, and its answer as it comes."""
        if not self.path.startswith(f"{BELOW}/"):
            self.send_error(404)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        lines = {name: value for name, value in self.headers.items() if name.lower() not in OWN}
        studio = http.client.HTTPConnection("127.0.0.1", self.port)
        studio.request(self.command, self.path.removeprefix(BELOW), body, lines)
        answer = studio.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in OWN:
                self.send_header(name, value)
        self.end_headers()
        try:
            while part := answer.read1(1 << 16):
                self.wfile.write(part)
                self.wfile.flush()
        except OSError:  # the page is gone
            pass
        finally:
            studio.close()

    def do_GET(self) -> None:
        self.pass_on()

    def do_POST(self) -> None:
        self.pass_on()

    def do_DELETE(self) -> None:
        self.pass_on()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """One without workers, whose link leads to the proxy."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        outside = f"http://127.0.0.1:{proxy.server_port}{BELOW}"
        with opened(tmp_path / "data", 0, workers=0, outside=outside) as studio:
            Proxy.port = studio.port
            threads = [Thread(target=proxy.serve_forever), Thread(target=studio.serve)]
            for thread in threads:
                thread.start()
            try:
                yield studio
            finally:
                proxy.shutdown()
                studio.server.should_exit = True
                for thread in threads:
                    thread.join()


def test_behind_a_proxy_all_is_below_its_path(
    browser: Browser, studio: Studio, tmp_path: Path
) -> None:
    """Pages, their files, jobs, what they say and what they made; nothing beside the path."""
    root = studio.link.partition("?")[0]
    assert root.endswith(f"{BELOW}/")
    tab = browser.new_page()
    tab.set_default_timeout(PATIENCE)
    wrong: list[str] = []
    tab.on("console", lambda message: wrong.append(message.text))
    tab.on("request", lambda one: beside(one.url))

    def beside(url: str) -> None:
        if not url.startswith((root, "blob:")):
            wrong.append(url)

    tab.goto(studio.link)
    ready(tab, "Repair")
    assert mask(tab).any()  # of the example
    tab.get_by_role("link", name="Upscale").click()
    ready(tab, "Upscale")
    choose(tab, "photo.png", photo := noise())
    tab.locator("#model").select_option("upscale-fast")
    tab.locator("#run").click()
    finish(studio.jobs)
    expect(tab.locator("#result")).to_be_visible(timeout=PATIENCE)
    made = pixels_of(downloaded(tab, tmp_path / "a.png"))
    assert np.array_equal(made, trombine.upscale(photo, model="upscale-fast"))
    tab.get_by_role("link", name="Jobs").click()
    tab.get_by_role("button", name="Delete upscale").click()
    expect(tab.get_by_text("Nothing yet.")).to_be_visible()
    assert wrong == []
    tab.close()
