"""What a hostile program sends: slow, huge, broken, or made to be run; nothing breaks or leaks."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator

import pytest
from studios import Bare, Server, noise, png

SMALL = ("pictures", ("a.png", png(noise())))
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    server = Bare(tmp_path_factory.mktemp("bare"))
    yield server
    server.close()


def test_names_that_are_scripts_stay_text(bare: Bare) -> None:
    """A page gets names as JSON, and files only as what they are said to be."""
    told = bare.post("read", ("pictures", (f"{SCRIPT}.html", SCRIPT.encode()))).json
    (given,) = told["inputs"]
    assert "<" not in given["name"] and ">" not in given["name"]
    for path in (given["url"], "/api/jobs", f"/api/jobs/{told['id']}"):
        headers = bare.ask(path).headers
        assert "html" not in headers["content-type"] and headers["x-content-type-options"]
    assert bare.ask(given["url"]).headers["content-disposition"].startswith("attachment")
    for kind in ("svg", "xml", "xhtml", "js"):
        url = bare.post("read", ("pictures", (f"a.{kind}", b"<svg/>"))).json["inputs"][0]["url"]
        assert bare.ask(url).headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "name", ["\r\nSet-Cookie: a=b", "a\x00b.png", "..", "...", "CON", "\u202egnp.exe", "a" * 2000]
)
def test_a_name_breaks_no_header_and_no_folder(bare: Bare, name: str) -> None:
    shown = name.replace("\r\n", "%0D%0A")
    told = bare.post("read", ("pictures", (shown, b"1")))
    assert told.status in (201, 422)
    if told.status == 201:
        (given,) = told.json["inputs"]
        answer = bare.ask(given["url"].replace("%", "%25").replace(" ", "%20"))
        assert answer.status == 200 and answer.body == b"1" and "set-cookie" not in answer.headers


def test_a_guess_of_an_id_finds_nothing(bare: Bare) -> None:
    id = bare.post("read", SMALL).json["id"]
    for guess in (id[:-1], id + "a", id.swapcase(), "", ".", "%00", "' OR 1=1 --", "*"):
        path = f"/api/jobs/{guess.replace(' ', '%20')}"
        answers = [bare.ask(path + end).status for end in ("/events", "/files/a.png")]
        assert set(answers) <= {404, 405}


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def vast_png(side: int) -> bytes:
    """A small file of a picture without end."""
    start = b"\x89PNG\r\n\x1a\n" + chunk(
        b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    )
    return start + chunk(b"IDAT", zlib.compress(bytes(1 << 20), 9)) + chunk(b"IEND", b"")


def vast_tiff() -> bytes:
    """A small deflated file of 10,000 megapixels."""
    strip = zlib.compress(bytes(1 << 20), 9)
    tags = {256: 100_000, 257: 100_000, 258: 8, 259: 8, 262: 1, 273: 8, 277: 1, 278: 100_000}
    entries = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items()]
    entries.append(struct.pack("<HHII", 279, 4, 1, len(strip)))
    at = 8 + len(strip)
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", at) + strip + directory


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "vast": ("png", lambda: vast_png(60_000)),
    "cut": ("png", lambda: vast_png(3_000)),
    "tiff": ("tif", vast_tiff),
}


def test_bombs_end_with_a_sentence_and_the_next_job_is_done(server: Server) -> None:
    ids = {
        name: server.post("read", ("pictures", (f"{name}.{end}", bomb()))).json["id"]
        for name, (end, bomb) in BOMBS.items()
    }
    for id in ids.values():
        job = server.ended(id)
        assert job["state"] == "failed", job
        assert job["problem"] is None or str(server.data) not in job["problem"]
        assert job["problem"] is None or "something broke" not in job["problem"], job
    assert server.ended(server.post("upscale", SMALL).json["id"])["state"] == "done"
