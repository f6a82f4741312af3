"""Who may not ask: strangers, other sites, other names of this machine, and who sends too much."""

from __future__ import annotations

import http.client
import re
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from studios import Answering, Bare, noise, png

from trombine.core.errors import InputError
from trombine.studio.app import PAGES
from trombine.studio.serving import _lan_host, opened

PATHS = ("/", "/upscale", "/static/style.css", "/api/jobs", "/api/events", "/api/openapi.json")
PICTURE = ("pictures", ("a.png", png(noise())))
SCRIPT = "<script>alert(1)</script>"


def cookie_of(bare: Bare) -> str:
    """The cookie that a browser gets for the link."""
    answer = bare.ask(bare.link.partition(bare.host)[2], token=None)
    assert answer.status == 200
    return answer.headers["set-cookie"].partition(";")[0]


def test_nothing_is_told_to_a_stranger(bare: Bare) -> None:
    for path in PATHS:
        for token in (None, "guessed", bare.token[:-1], bare.token + "x"):
            answer = bare.ask(path, token=token)
            assert answer.status == 401 and b"the link that trombine studio printed" in answer.body


def test_no_address_changes_a_page(bare: Bare) -> None:
    """Its query is not read: what a link said could stand in the page."""
    for path in PAGES:
        page = bare.ask(path)
        assert page.status == 200 and page.headers["content-type"].startswith("text/html")
        for name in ("page", "text", "name", "answer"):
            assert bare.ask(f"{path}?{name}=%3Cscript%3E").body == page.body


def test_the_link_gives_a_cookie_that_scripts_and_other_sites_do_not_get(bare: Bare) -> None:
    answer = bare.ask(bare.link.partition(bare.host)[2], token=None)
    name, *words = answer.headers["set-cookie"].split("; ")
    assert name.startswith(f"trombine-{bare.port}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(words)
    assert bare.token not in answer.headers["set-cookie"]
    for wrong in (f"/?token={bare.token[:-1]}", "/?token="):
        refused = bare.ask(wrong, token=None)
        assert "set-cookie" not in refused.headers and refused.status == 401
    elsewhere = bare.ask(f"//other.example/?token={bare.token}", token=None)
    assert 'url=/"' in elsewhere.body.decode()


def test_a_cookie_opens_the_pages_and_a_forged_one_does_not(bare: Bare) -> None:
    cookie = cookie_of(bare)
    assert bare.ask("/", token=None, Cookie=f"other=1; {cookie}").status == 200
    assert bare.ask("/?token=old", token=None, Cookie=cookie).status == 200
    name, _, value = cookie.partition("=")
    owner, _, signature = value.partition(".")
    for forged in (owner, f"{owner}.", f"{owner}x.{signature}", f".{signature}", "", "\xff"):
        assert bare.ask("/", token=None, Cookie=f"{name}={forged}").status == 401


def test_another_host_is_refused(bare: Bare) -> None:
    """Also one whose name was bound to this machine; not its other name."""
    for host in ("evil.example:{}", "127.0.0.1", "127.0.0.1:1", "localhost.:{}", "[::1]:{}", ""):
        answer = bare.ask("/api/jobs", Host=host.format(bare.port))
        assert answer.status == 403 and bare.host in answer.error
    assert bare.ask("/api/jobs", Host=f"localhost:{bare.port}").status == 200
    lines = f"GET /api/jobs HTTP/1.1\r\nHost: {bare.host}\r\nHost: evil.example\r\n"
    with socket.create_connection(("127.0.0.1", bare.port), timeout=20) as raw:
        raw.sendall(f"{lines}Authorization: Bearer {bare.token}\r\n\r\n".encode())
        assert re.match(rb"HTTP/1.1 4\d\d", raw.recv(4096))


def test_another_origin_is_refused(bare: Bare) -> None:
    cookie = cookie_of(bare)
    for origin in (
        "null",
        "",
        "http://evil.example",
        f"https://{bare.host}",
        f"http://{bare.host}x",
    ):
        for token in (None, ""):
            answer = bare.post("upscale", PICTURE, token=token, Origin=origin, Cookie=cookie)
            assert answer.status == 403 and "another page" in answer.error
        assert bare.ask("/api/jobs", Origin=origin).status == 403


def test_a_cookie_writes_only_with_its_origin(bare: Bare) -> None:
    """A browser says where a write comes from; what does not say it, is none of our pages."""
    cookie = cookie_of(bare)
    refused = bare.post("upscale", PICTURE, token=None, Cookie=cookie)
    assert refused.status == 403 and "Origin" in refused.error
    ours: dict[str, Any] = {"Cookie": cookie, "Origin": f"http://{bare.host}"}
    accepted = bare.post("upscale", PICTURE, token=None, **ours)
    assert accepted.status == 201
    path = f"/api/jobs/{accepted.json['id']}"
    assert bare.ask(path, "DELETE", token=None, Cookie=cookie).status == 403
    assert bare.ask(path, "DELETE", token=None, **ours).status == 204


def test_a_job_is_its_owners_alone(bare: Bare) -> None:
    mine, other = cookie_of(bare), cookie_of(bare)
    ours: dict[str, Any] = {"token": None, "Origin": f"http://{bare.host}"}
    made = bare.post("upscale", PICTURE, Cookie=mine, **ours).json
    path = f"/api/jobs/{made['id']}"
    assert len(made["id"]) >= 20
    strangers: tuple[dict[str, Any], ...] = ({"token": None, "Cookie": other}, {})
    for stranger in strangers:
        for end in ("", "/events", "/files/a.png", "/inputs/pictures/a.png", "/labels/a.png"):
            assert bare.ask(f"{path}{end}", **stranger).status == 404
        assert made["id"] not in bare.ask("/api/jobs", **stranger).body.decode()
        for method, end in (("DELETE", ""), ("POST", "/cancel"), ("POST", "/again")):
            origin = f"http://{bare.host}"
            assert bare.ask(path + end, method, Origin=origin, **stranger).status == 404
    assert bare.ask(f"{path}/inputs/pictures/a.png", token=None, Cookie=mine).status == 200
    assert bare.ask(path, "DELETE", Cookie=mine, **ours).status == 204


def test_no_path_leads_to_another_file(bare: Bare) -> None:
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/layout.html", "/redoc"):
        assert bare.ask(path).status == 404
    made = bare.post("upscale", ("pictures", ("../../../etc/x.png", png(noise())))).json
    assert made["fields"]["pictures"] == ["pictures/x.png"]
    for name in ("../../token", "..%2f..%2f..%2ftoken", "%2e%2e/x", "/etc/passwd"):
        for kind in ("files", "inputs", "labels"):
            assert bare.ask(f"/api/jobs/{made['id']}/{kind}/{name}").status == 404
    assert bare.ask(f"/api/jobs/{made['id']}", "DELETE").status == 204


def test_names_that_are_scripts_or_break_lines_stay_text(bare: Bare) -> None:
    """A page gets names as JSON, and files only as what they are said to be."""
    names = (
        f"{SCRIPT}.html",
        "%0D%0ASet-Cookie: a=b",
        "a\x00b.png",
        "..",
        "\u202egnp.exe",
        "a.svg",
    )
    for name in names:
        told = bare.post("read", ("pictures", (name, b"<svg/>")))
        if told.status == 422:  # no name at all
            continue
        (given,) = told.json["inputs"]
        assert "<" not in given["name"] and given["name"].isprintable()
        answer = bare.ask(given["url"].replace("%", "%25").replace(" ", "%20"))
        assert answer.status == 200 and "set-cookie" not in answer.headers
        kept = "application/octet-stream", "image/png"
        assert answer.headers["content-type"] in kept, name
        assert bare.ask(f"/api/jobs/{told.json['id']}", "DELETE").status == 204


def test_no_name_that_is_made_turns_its_letters_round(bare: Bare) -> None:
    done = bare.done("upscale", PICTURE, ("model", "upscale-fast"), ("suffix", "\u202egnp\x07.x"))
    assert [one["name"] for one in done["files"]] == ["agnp.x.png"]


def test_a_name_that_is_too_long_is_said_to_be(bare: Bare) -> None:
    refused = bare.post("upscale", ("pictures", (f"{5000 * 'a'}.png", png(noise()))))
    assert refused.status == 400
    assert refused.error == "a file's name is too long; give it fewer than 256 letters"
    told = bare.post("read", ("pictures", (f"{1000 * 'a'}.png", png(noise())))).json
    assert told["fields"]["pictures"] == [f"pictures/{120 * 'a'}.png"]
    assert bare.ask(f"/api/jobs/{told['id']}", "DELETE").status == 204


def test_browsers_get_a_page_where_programs_get_json(bare: Bare) -> None:
    """Of an address that is not there, a job that is not, a test that is over."""
    for path, token in (("/nowhere", ""), ("/api/jobs/a", ""), (f"/people/{22 * 'a'}", None)):
        answer = bare.ask(path, token=token, Accept="text/html,*/*;q=0.8")
        page = answer.body.decode()
        assert answer.status == 404 and answer.headers["content-type"].startswith("text/html")
        assert "<style>" in page and ('href="/"' in page) == (token is not None)
        assert bare.ask(path, token=token, Accept="*/*").error


def test_every_answer_says_what_browsers_are_to_forbid(bare: Bare) -> None:
    for path, token in (("/", ""), ("/nowhere", ""), ("/", None), ("/api/jobs", "")):
        headers = bare.ask(path, token=token).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self';" in policy
        assert "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert not [name for name in headers if name.startswith("access-control")]


def test_more_than_the_limit_is_not_read(bare: Bare, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where no header says how long it is: the bytes that come are counted."""
    monkeypatch.setattr("trombine.studio.guard.MOST_BYTES", 1 << 20)
    connection = http.client.HTTPConnection("127.0.0.1", bare.port, timeout=120)
    head = b'--b\r\nContent-Disposition: form-data; name="pictures"; filename="a.png"\r\n\r\n'
    lines = {
        "Authorization": f"Bearer {bare.token}",
        "Content-Type": "multipart/form-data; boundary=b",
        "Transfer-Encoding": "chunked",
    }
    try:
        body = iter([head, *[bytes(1 << 18)] * 8])
        connection.request("POST", "/api/upscale", body, lines, encode_chunked=True)
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass  # it hung up on us
    finally:
        connection.close()


def begun(bare: Bare) -> socket.socket:
    """A form of which more is to come."""
    lines = f"POST /api/upscale HTTP/1.1\r\nHost: {bare.host}\r\nContent-Length: 9000\r\n"
    kind = "Content-Type: multipart/form-data; boundary=b"
    raw = socket.create_connection(("127.0.0.1", bare.port), timeout=20)
    raw.sendall(f"{lines}{kind}\r\nAuthorization: Bearer {bare.token}\r\n\r\n--b".encode())
    return raw


def test_a_form_that_only_drips_is_not_waited_for(
    bare: Bare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trombine.studio.guard.MOST_SECONDS", 0.5)
    with begun(bare) as raw:
        assert raw.recv(4096).startswith(b"HTTP/1.1 408 ")


def test_who_leaves_leaves_no_traceback(bare: Bare, caplog: pytest.LogCaptureFixture) -> None:
    begun(bare).close()
    assert bare.ask("/api/jobs").status == 200  # by now the one before is over, too
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_behind_a_proxy_its_address_is_ours_and_no_other(tmp_path: Path) -> None:
    """Links, cookie and addresses in answers are below its path; the proxy may pass on its Host."""
    with opened(tmp_path, 0, workers=0, outside="https://example.org/studio") as studio:
        thread = threading.Thread(target=studio.serve)
        thread.start()
        try:
            assert studio.link.startswith("https://example.org/studio/?token=")
            bare = Answering(f"http://127.0.0.1:{studio.port}/{studio.link.rpartition('/')[2]}")
            answer = bare.ask(f"/?token={bare.token}", token=None)
            assert 'url=/studio/"' in answer.body.decode()
            assert "; Path=/studio/; " in answer.headers["set-cookie"]
            assert answer.headers["set-cookie"].endswith("; Secure")
            page = bare.ask("/").body.decode()
            assert 'data-root="/studio"' in page and 'href="/studio/upscale"' in page
            assert not re.findall(r'(?:href|src)="/(?!studio/)', page)
            cookie = answer.headers["set-cookie"].partition(";")[0]
            for host, origin, status in (
                ("example.org", "https://example.org", 201),
                (bare.host, "https://example.org", 201),
                ("example.org", "http://example.org", 403),
                ("evil.example", "https://example.org", 403),
            ):
                given: dict[str, Any] = {"Host": host, "Origin": origin, "Cookie": cookie}
                answer = bare.post("upscale", PICTURE, token=None, **given)
                assert answer.status == status, (host, origin)
                if status == 201:
                    assert answer.json["inputs"][0]["url"].startswith("/studio/api/jobs/")
            # Nobody is known to sit here: trainings are not even for who has the token.
            assert bare.ask("/runs").status == 200  # the page is there, and says why
            for path in ("", "/one?run=a"):
                refused = bare.ask(f"/api/runs{path}")
                assert refused.status == 403 and "sits at the machine" in refused.error
        finally:
            studio.server.should_exit = True
            thread.join()


def test_on_a_network_its_own_address_is_a_host(tmp_path: Path) -> None:
    try:
        own = _lan_host()
    except InputError:
        pytest.skip("this machine is on no network")
    with opened(tmp_path, 0, workers=0, lan=True) as studio:
        assert studio.link.startswith(f"http://{own}:{studio.port}/?token=")
        assert studio.listening.getsockname()[0] == "0.0.0.0"
        guard = studio.server.config.app.user_middleware[0].kwargs  # pyright: ignore
        assert f"{own}:{studio.port}" in guard["hosts"]


def test_the_folder_is_its_owners_and_the_link_stays(tmp_path: Path) -> None:
    with opened(tmp_path, 0, workers=0) as first:
        assert tmp_path.stat().st_mode & 0o077 == 0
    with opened(tmp_path, 0, workers=0) as second:
        assert first.link.partition("token=")[2] == second.link.partition("token=")[2]
