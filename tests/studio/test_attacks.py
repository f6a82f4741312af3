"""What a hostile program sends: slow, huge, broken, or made to be run; nothing breaks or leaks."""

from __future__ import annotations

import gzip
import io
import json
import random
import socket
import struct
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin
from studios import Bare, Server, noise, png, until

from trombine.studio import guard
from trombine.studio.jobs import FAILED, Store
from trombine.studio.pool import Pool

SMALL = ("pictures", ("a.png", png(noise())))
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    server = Bare(tmp_path_factory.mktemp("bare"))
    yield server
    server.close()


def raw(server: Server, data: bytes, *, timeout: float = 20.0) -> bytes:
    """What comes back of these bytes, until the other side has nothing more to say."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as line:
        line.sendall(data)
        return b"".join(iter(lambda: line.recv(1 << 16), b""))


def head(server: Server, *lines: str, first: str = "GET /api/jobs HTTP/1.1") -> bytes:
    known = (f"Host: {server.host}", f"Authorization: Bearer {server.token}", "Connection: close")
    return "\r\n".join((first, *known, *lines, "", "")).encode("latin-1")


@pytest.mark.parametrize(
    "begun", ["", "GET / HTTP/1.1\r\nHost: x\r\n", "POST /api/jobs/read HTTP/1.1\r\n"]
)
def test_who_never_ends_a_head_is_not_waited_for(
    bare: Bare, begun: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "SILENCE", 0.3)
    start = time.monotonic()
    assert raw(bare, begun.encode()) == b""
    assert time.monotonic() - start < 10


def test_a_body_that_stops_is_not_waited_for(bare: Bare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SILENCE", 0.3)
    lines = ("Content-Type: multipart/form-data; boundary=b", "Content-Length: 100000")
    answer = raw(bare, head(bare, *lines, first="POST /api/jobs/read HTTP/1.1") + b"--b\r\n")
    assert answer.startswith(b"HTTP/1.1 408") and b"send it again" in answer
    assert not list((bare.data / "jobs").glob("*"))


def test_a_slow_head_in_a_kept_connection_is_not_waited_for(
    bare: Bare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "SILENCE", 0.5)
    first = head(bare).replace(b"Connection: close\r\n", b"")
    with socket.create_connection(("127.0.0.1", bare.port), timeout=20) as line:
        line.sendall(first)
        assert line.recv(1 << 16).startswith(b"HTTP/1.1 200")
        line.sendall(b"GET / HTTP/1.1\r\n")
        assert not any(iter(lambda: line.recv(1 << 16).startswith(b"HTTP"), False))


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\xff\x16\x03\x01" * 40,
        b"GET /api/jobs HTTP/9.9\r\nConnection: close\r\n\r\n",
        b"GET \xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * (1 << 17),
        b"GET /" + b"a" * (1 << 17) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /api/jobs/read HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_request_is_refused_and_hurts_nobody(bare: Bare, data: bytes) -> None:
    try:
        answer = raw(bare, data)
    except ConnectionResetError:  # it hung up while we still sent
        answer = b""
    assert answer[9:10] in (b"", b"4")
    assert bare.ask("/api/jobs").status == 200


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


def text_bomb() -> bytes:
    """A small picture whose text unpacks to 256 MB."""
    buffer, info = io.BytesIO(), PngImagePlugin.PngInfo()
    info.add_text("trombine", "a" * (1 << 28), zip=True)
    Image.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def zip_bomb() -> bytes:
    """A small archive, as pickled models are, whose one file unpacks to 256 MB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        file.writestr("archive/data.pkl", bytes(1 << 28))
    return buffer.getvalue()


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
    "text": ("png", text_bomb),
    "gzip": ("png", lambda: gzip.compress(bytes(1 << 26))),
    "zip": ("png", zip_bomb),
    "archive": ("zip", zip_bomb),
    "tiff": ("tif", vast_tiff),
}


def test_bombs_end_with_a_sentence_and_the_next_job_is_done(server: Server) -> None:
    ids = {
        name: server.post("read", ("pictures", (f"{name}.{end}", bomb()))).json["id"]
        for name, (end, bomb) in BOMBS.items()
    }
    for end in ("pth", "safetensors"):
        model = ("model", (f"model.{end}", zip_bomb()))
        answer = server.post("upscale", SMALL, model)
        assert answer.status in (201, 422), answer.body
        if answer.status == 201:
            ids[end] = answer.json["id"]
    for name, id in ids.items():
        job = server.ended(id)
        assert job["state"] == "failed" or name == "text", job
        assert job["problem"] is None or str(server.data) not in job["problem"]
        assert job["problem"] is None or "something broke" not in job["problem"], job
    assert server.ended(server.post("upscale", SMALL).json["id"])["state"] == "done"


def test_a_job_has_so_much_memory_and_so_much_time(tmp_path: Path) -> None:
    """One that wants more ends with a sentence, not with the studio or the worker before others."""
    store = Store(tmp_path / "store")
    for id, side in (("wide", 5000), ("long", 800)):
        folder = store.place(id) / "in" / "pictures"
        folder.mkdir(parents=True)
        (folder / "a.png").write_bytes(png(noise(side)))
    fields = {"pictures": ["pictures/a.png"], "factor": 4, "model": "upscale"}
    pool = Pool(store=store, count=1, most_bytes=1 << 30)
    store.add("wide", "ann", "upscale", fields)
    pool.start()
    try:
        job = until(lambda: (one := store.find("wide")) and one.state == FAILED and one)
        assert "takes more memory than there is" in job.problem and job.attempt == 1
        pool.most_seconds = 1.0
        store.add("long", "ann", "upscale", {**fields, "best": True})
        job = until(lambda: (one := store.find("long")) and one.state == FAILED and one)
        assert "take a smaller picture" in job.problem and job.attempt == 1
    finally:
        pool.stop()


def test_a_mask_bomb_takes_little_memory_however_many_send_it(bare: Bare) -> None:
    """Each unpacks to the most that a mask may have: one after the other they are looked at."""
    side = 1 << 14
    mask = gzip.compress(struct.pack("<II", side, side) + bytes(side * side - 8), 1)
    fields = (SMALL, ("mask", ("m", mask, "application/x-trombine-mask")))
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(bare.post("inpaint", *fields).status))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [422] * 3


# ---------------------------------------------------------------------------------------------
# What OpenAPI says may be asked, and what it does not, at random

ODD = (
    "",
    " ",
    "-1",
    "1e999",
    "nan",
    "\x00",
    "é",
    "🙂",
    "a" * 3000,
    "../x",
    SCRIPT,
    "true",
    "9" * 400,
)


def some_field(chance: random.Random, schema: dict[str, Any]) -> str:
    """A value that the schema allows, or nearly."""
    options = schema.get("anyOf", [schema])
    one = chance.choice(options)
    if "enum" in one:
        return str(chance.choice(one["enum"]))
    if one.get("type") in ("integer", "number"):
        low, high = one.get("minimum", -5), one.get("maximum", 5000)
        return str(chance.choice([low, high, low - 1, high + 1, chance.uniform(low, high)]))
    return chance.choice(["true", "false", "anime", "0-3", "12"])


def some_request(chance: random.Random, paths: dict[str, Any], ids: list[str]) -> dict[str, Any]:
    """A request to one of the paths."""
    path = chance.choice(list(paths))
    method = chance.choice([*paths[path], *paths[path], "get", "post", "delete", "put", "head"])
    sent: dict[str, Any] = {"path": path, "method": method.upper()}
    for name in ("id", "name"):
        value = chance.choice([*ids, "a.png", "..%2f..", "%00", "x" * 300, "%F0%9F%99%82"])
        sent["path"] = sent["path"].replace(f"{{{name}}}", value).replace(f"{{{name}:path}}", value)
    body = paths[path].get("post", {}).get("requestBody", {}).get("content", {})
    if properties := body.get("multipart/form-data", {}).get("schema", {}).get("properties"):
        names = chance.sample(list(properties), chance.randrange(min(5, len(properties)) + 1))
        fields: list[tuple[str, Any]] = [SMALL] if chance.random() < 0.7 else []
        for name in names:
            text = some_field(chance, properties[name]) if chance.random() < 0.6 else ""
            odd = chance.choice([*ODD, ("f.png", b"x"), ("", b"")])
            fields.append((name, text or odd))
        if chance.random() < 0.1:
            fields.append((chance.choice(ODD), chance.choice(ODD)))
        sent["fields"] = fields
    elif chance.random() < 0.2:
        sent["headers"] = {"Last-Event-ID": chance.choice(["-1", "9" * 40, "x", "1e3"])}
    return sent


def test_whatever_is_asked_nothing_breaks_and_nothing_leaks(
    bare: Bare, capfd: pytest.CaptureFixture[str]
) -> None:
    """Requests at random, of the paths that OpenAPI names: no 500, no path, no trace, no token."""
    chance = random.Random(26)
    paths = bare.ask("/api/openapi.json").json["paths"]
    paths = {path: value for path, value in paths.items() if not path.endswith("events")}
    ids = [bare.post("read", SMALL).json["id"] for _ in range(3)]
    places = (str(bare.data), "Traceback", "site-packages", "sqlite", bare.token)
    statuses = set()
    for _ in range(400):
        asked = some_request(chance, paths, ids)
        fields, method = asked.pop("fields", None), asked["method"]
        if fields is not None and method == "POST":
            answer = bare.post(asked["path"].rpartition("/")[2], *fields)
        else:
            answer = bare.ask(asked["path"], method, **asked.get("headers", {}))
        statuses.add(answer.status)
        assert answer.status < 500, (asked, fields, answer.body)
        text = answer.body.decode("utf-8", "replace")
        assert not [place for place in places if place in text], (asked, fields, text)
        if answer.status >= 400 and method != "HEAD":
            assert set(json.loads(text)) == {"error"} and "\n" not in answer.error, (asked, text)
        if answer.status == 201:  # few may wait at a time
            bare.ask(f"/api/jobs/{answer.json['id']}", "DELETE")
    assert {200, 201, 404, 405, 422} <= statuses
    assert capfd.readouterr().err == ""
