"""Who may not ask: strangers, other sites, other names of this machine, and who sends too much."""

from __future__ import annotations

import http.client
import re
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from studios import Answering, Server, noise, png

from trombine.core.errors import InputError
from trombine.studio.serving import _lan_host, opened

PATHS = ("/", "/upscale", "/static/style.css", "/api/jobs", "/api/events", "/api/openapi.json")


def cookie_of(server: Server) -> str:
    """The cookie that a browser gets for the link."""
    answer = server.ask(server.link.partition(server.host)[2], token=None)
    assert answer.status == 200
    return answer.headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_told_to_a_stranger(server: Server, path: str) -> None:
    for token in (None, "guessed", server.token[:-1], server.token + "x"):
        answer = server.ask(path, token=token)
        assert answer.status == 401 and b"the link that trombine studio printed" in answer.body


def test_the_link_gives_a_cookie_that_scripts_and_other_sites_do_not_get(server: Server) -> None:
    answer = server.ask(server.link.partition(server.host)[2], token=None)
    name, *words = answer.headers["set-cookie"].split("; ")
    assert name.startswith(f"trombine-{server.port}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(words)
    assert server.token not in answer.headers["set-cookie"]
    for wrong in (f"/?token={server.token[:-1]}", "/?token="):
        refused = server.ask(wrong, token=None)
        assert "set-cookie" not in refused.headers and refused.status == 401
    assert (
        'url=/"' in server.ask(f"//other.example/?token={server.token}", token=None).body.decode()
    )


def test_a_cookie_opens_the_pages_and_a_forged_one_does_not(server: Server) -> None:
    cookie = cookie_of(server)
    assert server.ask("/", token=None, Cookie=cookie).status == 200
    assert server.ask("/", token=None, Cookie=f"other=1; {cookie}").status == 200
    assert server.ask("/?token=old", token=None, Cookie=cookie).status == 200
    name, _, value = cookie.partition("=")
    owner, _, signature = value.partition(".")
    for forged in (owner, f"{owner}.", f"{owner}x.{signature}", f".{signature}", "", "\xff"):
        assert server.ask("/", token=None, Cookie=f"{name}={forged}").status == 401


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",  # whose name was bound to this machine
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1.evil.example:{port}",
        "localhost.:{port}",
        "[::1]:{port}",
        "",
    ],
)
def test_another_host_is_refused(server: Server, host: str) -> None:
    answer = server.ask("/api/jobs", Host=host.format(port=server.port))
    assert answer.status == 403 and server.host in answer.error


def test_the_other_name_of_this_machine_is_not_refused(server: Server) -> None:
    assert server.ask("/api/jobs", Host=f"localhost:{server.port}").status == 200


def test_no_origin_is_not_an_empty_one(server: Server) -> None:
    assert server.ask("/api/jobs", Origin="").status == 403


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
            picture = ("pictures", ("a.png", png(noise())))
            for host, origin, status in (
                ("example.org", "https://example.org", 201),
                (bare.host, "https://example.org", 201),
                ("example.org", "http://example.org", 403),
                ("example.org", "https://evil.example", 403),
                ("evil.example", "https://example.org", 403),
            ):
                given: dict[str, Any] = {"Host": host, "Origin": origin, "Cookie": cookie}
                answer = bare.post("upscale", picture, token=None, **given)
                assert answer.status == status, (host, origin)
                if status == 201:
                    assert answer.json["inputs"][0]["url"].startswith("/studio/api/jobs/")
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


def test_two_hosts_are_refused(server: Server) -> None:
    lines = f"GET /api/jobs HTTP/1.1\r\nHost: {server.host}\r\nHost: evil.example\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
        raw.sendall(f"{lines}Authorization: Bearer {server.token}\r\n\r\n".encode())
        assert re.match(rb"HTTP/1.1 4\d\d", raw.recv(4096))


@pytest.mark.parametrize(
    "origin", ["null", "http://evil.example", "https://{host}", "http://{host}.x"]
)
def test_another_origin_is_refused(server: Server, origin: str) -> None:
    given = origin.format(host=server.host)
    picture = ("pictures", ("a.png", png(noise())))
    for token in (None, ""):
        answer = server.post(
            "upscale", picture, token=token, Origin=given, Cookie=cookie_of(server)
        )
        assert answer.status == 403 and "another page" in answer.error
    assert server.ask("/api/jobs", Origin=given).status == 403


def test_a_cookie_writes_only_with_its_origin(server: Server) -> None:
    """A browser says where a write comes from; what does not say it, is none of our pages."""
    cookie, picture = cookie_of(server), ("pictures", ("a.png", png(noise())))
    refused = server.post("upscale", picture, token=None, Cookie=cookie)
    assert refused.status == 403 and "Origin" in refused.error
    ours: dict[str, Any] = {"Cookie": cookie, "Origin": f"http://{server.host}"}
    accepted = server.post("upscale", picture, token=None, **ours)
    assert accepted.status == 201
    path = f"/api/jobs/{accepted.json['id']}"
    assert server.ask(path, "DELETE", token=None, Cookie=cookie).status == 403
    assert server.ask(path, "DELETE", token=None, **ours).status == 204


def test_a_job_is_its_owners_alone(server: Server) -> None:
    mine, other = cookie_of(server), cookie_of(server)
    origin = f"http://{server.host}"
    made = server.post(
        "upscale", ("pictures", ("a.png", png(noise()))), token=None, Cookie=mine, Origin=origin
    ).json
    path = f"/api/jobs/{made['id']}"
    assert len(made["id"]) >= 20
    strangers: tuple[dict[str, Any], ...] = ({"token": None, "Cookie": other}, {})
    for stranger in strangers:
        for end in ("", "/events", "/files/a.png", "/inputs/pictures/a.png", "/labels/a.png"):
            assert server.ask(f"{path}{end}", **stranger).status == 404
        assert made["id"] not in server.ask("/api/jobs", **stranger).body.decode()
        for method, end in (("DELETE", ""), ("POST", "/cancel")):
            assert server.ask(path + end, method, Origin=origin, **stranger).status == 404
    assert server.ask(path, token=None, Cookie=mine).status == 200
    assert server.ask(f"{path}/inputs/pictures/a.png", token=None, Cookie=mine).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/app.py",
        "/api/examples/../secret.png",
        "/api/jobs/x/files/../../../jobs.sqlite",
        "/static/layout.html",
        "/redoc",
    ],
)
def test_nothing_else_is_served(server: Server, path: str) -> None:
    assert server.ask(path).status == 404


def test_no_path_leads_out_of_a_job(server: Server) -> None:
    made = server.post("upscale", ("pictures", ("../../../etc/x.png", png(noise())))).json
    assert made["fields"]["pictures"] == ["pictures/x.png"]
    for name in ("../../jobs.sqlite", "..%2f..%2f..%2fjobs.sqlite", "%2e%2e/x", "/etc/passwd"):
        for kind in ("files", "inputs", "labels"):
            assert server.ask(f"/api/jobs/{made['id']}/{kind}/{name}").status == 404


def test_every_answer_says_what_browsers_are_to_forbid(server: Server) -> None:
    for path, token in (("/", ""), ("/nowhere", ""), ("/", None), ("/api/jobs", "")):
        headers = server.ask(path, token=token).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self';" in policy
        assert "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert not [name for name in headers if name.startswith("access-control")]


def test_more_than_the_limit_is_not_read(server: Server) -> None:
    """Also where the header promises less: the bytes that come are counted."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    head = b'--b\r\nContent-Disposition: form-data; name="pictures"; filename="a.png"\r\n\r\n'

    def body():
        yield head
        for _ in range(300):
            yield bytes(1 << 20)

    lines = {
        "Authorization": f"Bearer {server.token}",
        "Content-Type": "multipart/form-data; boundary=b",
        "Transfer-Encoding": "chunked",
    }
    try:
        try:
            connection.request("POST", "/api/upscale", body(), lines, encode_chunked=True)
        except (BrokenPipeError, ConnectionResetError):
            return  # it hung up on us
        assert connection.getresponse().status == 413
    finally:
        connection.close()
    assert not list((server.data / "jobs").glob("*/in/pictures/a.png.part"))


def test_the_folder_is_its_owners_alone(server: Server) -> None:
    assert server.data.stat().st_mode & 0o077 == 0
