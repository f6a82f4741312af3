"""Other sites attack the studio through a real browser that is signed in to it."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from PIL import Image, PngImagePlugin
from playwright.sync_api import BrowserContext, expect
from playwright.sync_api import Page as Tab
from studios import Server
from tabs import EVIL, MARKS, PATIENCE, Opened, Tabs, face, ready

pytestmark = MARKS
SCRIPT = "<img src=x onerror=document.title='hacked'>"


@pytest.fixture
def signed_in(tabs: Tabs, server: Server) -> Iterator[BrowserContext]:
    with tabs.lent() as tab:
        tab.goto(server.link)
        expect(tab.get_by_role("heading", name="Repair", exact=True)).to_be_visible()
        yield tab.context


@contextmanager
def serving(text: str, *, policy: str = "") -> Iterator[int]:
    """Another site's page, at a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        try:
            yield site.server_port
        finally:
            site.shutdown()
            thread.join()


def jobs_of(context: BrowserContext, server: Server) -> list[Any]:
    return context.request.get(f"http://{server.host}/api/jobs").json()


def form(server: Server, *, attributes: str = "") -> str:
    """A page that sends a form to the studio by itself."""
    return f"""<form id=f method=post {attributes} action="http://{server.host}/api/generate">
    <input name=seeds value=3></form><script>document.getElementById("f").submit()</script>"""


@pytest.mark.parametrize("name", [EVIL, "127.0.0.1"], ids=["other site", "other port"])
@pytest.mark.parametrize("encoding", ["multipart/form-data", "text/plain"])
def test_another_sites_form_begins_no_job(
    signed_in: BrowserContext, server: Server, name: str, encoding: str
) -> None:
    """CSRF; to another port of this machine a browser does send the cookie."""
    tab = signed_in.new_page()
    with (
        serving(form(server, attributes=f'enctype="{encoding}"')) as port,
        tab.expect_response(f"http://{server.host}/api/generate") as answer,
    ):
        tab.goto(f"http://{name}:{port}/", wait_until="commit")
    assert answer.value.status in (401, 403)
    assert jobs_of(signed_in, server) == []


def test_another_sites_script_reads_and_deletes_nothing(
    signed_in: BrowserContext, server: Server
) -> None:
    """Neither by fetch nor as an image, a stream or a frame; a job of one's own is there."""
    origin = f"http://{server.host}"
    own = {"Origin": origin}
    made = signed_in.request.post(f"{origin}/api/read", headers=own, multipart={
        "pictures": {"name": "a.png", "mimeType": "image/png", "buffer": picture("a")},
    }).json()  # fmt: skip
    tries = """async ([origin, id, input]) => {
      const reads = [];
      const fetched = (path, options = {}) =>
        fetch(origin + path, { credentials: "include", ...options })
          .then((answer) => answer.text())
          .then((text) => text && reads.push(path), () => {});
      await fetched("/api/jobs");
      await fetched(`/api/jobs/${id}`, { method: "DELETE" });
      await fetched(`/api/jobs/${id}/cancel`, { method: "POST", mode: "no-cors" });
      await fetched(`/api/jobs/${id}/again`, { method: "POST", mode: "no-cors" });
      const image = new Image();
      image.src = origin + input;
      await image.decode().then(() => reads.push(input), () => {});
      const stream = new EventSource(`${origin}/api/events`, { withCredentials: true });
      await new Promise((over) => {
        stream.onopen = () => over(reads.push("stream"));
        stream.onerror = over;
      });
      stream.close();
      const frame = document.createElement("iframe");
      frame.src = origin;
      document.body.append(frame);
      await new Promise((over) => (frame.onload = over));
      try {
        reads.push(frame.contentDocument.title);
      } catch {}
      return reads;
    }"""
    tab = signed_in.new_page()
    with serving("<body></body>") as port:
        tab.goto(f"http://127.0.0.1:{port}/")
        given = made["inputs"][0]["url"]
        reads = [one for one in tab.evaluate(tries, [origin, made["id"], given]) if one]
        assert reads == []
        frame = tab.frames[-1]
        assert "Repair" not in frame.content()
    assert [job["id"] for job in jobs_of(signed_in, server)] == [made["id"]]
    assert jobs_of(signed_in, server)[0]["state"] != "cancelled"
    signed_in.request.delete(f"{origin}/api/jobs/{made['id']}", headers=own)


def picture(text: str) -> bytes:
    """A portrait whose file says this wherever it can say something."""
    buffer, info = io.BytesIO(), PngImagePlugin.PngInfo()
    for key in ("Title", "Comment", "trombine"):
        info.add_text(key, text)
    exif = Image.Exif()
    exif.update(dict.fromkeys((270, 271, 305, 315, 33432), text))
    Image.fromarray(face()).save(buffer, "PNG", pnginfo=info, exif=exif)
    return buffer.getvalue()


def test_scripts_in_names_and_metadata_stay_text(opened: Opened) -> None:
    """A file's name, what its metadata say, and what people write, on each page that shows it."""
    tab = opened("/upscale")
    titles: list[str] = []

    def looked(tab: Tab) -> None:
        titles.append(tab.title())
        assert tab.locator("img[onerror], [src=x]").count() == 0

    def run_on(file: Any) -> None:
        tab.locator("#file").set_input_files(file)
        expect(tab.locator("#example")).to_have_value("", timeout=PATIENCE)
        tab.locator("#run").click()
        expect(tab.locator("#result")).to_be_visible(timeout=PATIENCE)
        looked(tab)

    file: Any = {"name": f"{SCRIPT}.png", "mimeType": "image/png", "buffer": picture(SCRIPT)}
    tab.locator("#model").select_option("upscale-fast")
    run_on(file)
    for path in ("Read", "Restyle"):
        tab.get_by_role("link", name=path, exact=True).click()
        ready(tab, path)
        run_on(file)
    tab.get_by_role("link", name="Jobs").click()
    expect(tab.get_by_role("listitem").filter(has_text="onerror")).not_to_have_count(0)
    looked(tab)
    assert "hacked" not in titles and len(set(titles)) == 4
