"""Access control of the studio: ASGI middleware in front of every page and path.

The printed link contains a token, which a browser exchanges once for a cookie of its own; programs
send the token in a header. Other sites reach nothing: Host must be one of an exact list (against
DNS rebinding), a foreign Origin is refused, "null" too, and no other site may read or frame an
answer.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

from trombine.core.texts import from_json

MOST_BYTES: Final = 256 << 20  # of a request, all files together
HEADERS: Final = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; form-action 'none';"
    " base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}
OWNER: Final = "owner"  # key of a request's state: whose jobs it sees
HERE: Final = "here"  # the same: whether it comes from the machine that the studio runs on
SUBJECT: Final = "/people/"  # the path of a test, before the secret of a subject
_MOST_JSON: Final = 1 << 20  # bytes
_SUBJECTS: Final = re.compile(rf"{SUBJECT}[\w-]{{22,64}}", re.ASCII)
_READS: Final = ("GET", "HEAD")
_STRANGER: Final = (
    "this page opens by the link that trombine studio printed: open that link, all of it"
)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """Passes on requests with a token or cookie, with their owner; answers others itself."""

    def __init__(
        self, app: App, *, token: str, hosts: Iterable[str], cookie: str, outside: str = ""
    ) -> None:
        """`outside` is the address under which a proxy serves it."""
        self.app, self.token, self.cookie = app, token, cookie
        address = urlsplit(outside)
        self.root, self.is_secure = address.path, address.scheme == "https"
        self.origin = f"{address.scheme}://{address.netloc}" if outside else ""
        self.hosts = {host: f"http://{host}" for host in hosts}
        if outside:
            self.hosts[address.netloc] = self.origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is refused; pass on the others."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # no web sockets here
        guarded = _with_headers(send)
        headers = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        ]
        if refused := self._refused(scope["method"], headers):
            await _answer(guarded, 403, refused)
            return
        if _SUBJECTS.fullmatch(scope["path"]):  # the link of a subject opens that test alone
            await self.app(scope, _bounded(receive), guarded)
            return
        owner = self._owner(headers)
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        token = query.get("token", [""])[0] if scope["method"] == "GET" else ""
        if _same(token, self.token):
            await self._exchange(scope["path"], guarded)
            return
        if owner is None:  # with a good cookie, the token of an old link is ignored
            await _answer(guarded, 401, _STRANGER, is_page=not scope["path"].startswith("/api"))
            return
        scope.setdefault("state", {}).update({OWNER: owner, HERE: self._is_here(scope)})
        await self.app(scope, _bounded(receive), guarded)

    def _refused(self, method: str, headers: list[tuple[str, str]]) -> str:
        """Why a request is refused for its Host or Origin; "" if it is not."""
        hosts, origins = _all(headers, "host"), _all(headers, "origin")
        if len(hosts) != 1 or hosts[0] not in self.hosts:
            return f"this studio answers at {min(self.hosts.values())} only; open it there"
        ours = {self.hosts.get(host, "") for host in hosts} | {self.origin}
        if len(origins) > 1 or not {*origins} <= ours - {""}:
            return "another page asked for this; open the studio itself"
        # Browsers send Origin with every write; without it, a write needs the token.
        if not origins and method not in _READS and not self._bears_token(headers):
            return "a write says its Origin, or brings the token as Authorization: Bearer TOKEN"
        return ""

    def _is_here(self, scope: Scope) -> bool:
        """Whether a request comes from this machine; never behind a proxy, where all seem to."""
        client, server = scope.get("client"), scope.get("server")
        ours = ("127.0.0.1", server[0]) if server else ()
        return not self.origin and client is not None and client[0] in ours

    def _owner(self, headers: list[tuple[str, str]]) -> str | None:
        """The owner of a request: that of its cookie or of the token; None if it has neither."""
        if self._bears_token(headers):
            return _named(self.token)
        for text in _all(headers, "cookie"):
            try:
                morsel = SimpleCookie(text).get(self.cookie)
            except CookieError:
                continue
            name, _, signature = (morsel.value if morsel else "").partition(".")
            if name and _same(signature, self._signed(name)):
                return _named(name)
        return None

    def _bears_token(self, headers: list[tuple[str, str]]) -> bool:
        return any(_same(text, f"Bearer {self.token}") for text in _all(headers, "authorization"))

    def _signed(self, name: str) -> str:
        return hmac.new(self.token.encode(), name.encode(), hashlib.sha256).hexdigest()

    async def _exchange(self, path: str, send: Send) -> None:
        """Set a cookie in exchange for the token, on a page that then opens the studio: with a
        redirect, a SameSite=Strict cookie would not be sent if the link was on another site."""
        name = secrets.token_urlsafe(18)
        value = f"{self.cookie}={name}.{self._signed(name)}"
        # Only paths: "//other.example" would lead to another host.
        place = path if path.replace("/", "", 1).replace("-", "").isalnum() else "/"
        link = f'<a href="{self.root}{place}">Open the studio</a>'
        # The icon, since browsers would request /favicon.ico.
        meta = f'<meta http-equiv="refresh" content="0;url={self.root}{place}">'
        meta += f'<link rel="icon" href="{self.root}/static/icon.svg">'
        text = _page("trombine studio", link, meta)
        cookie = f"{value}; HttpOnly; SameSite=Strict; Path={self.root}/; Max-Age={30 * 24 * 3600}"
        cookie += "; Secure" * self.is_secure
        await _send(send, 200, "text/html; charset=utf-8", text, {"set-cookie": cookie})


async def json_of(request: Request) -> dict[str, Any]:
    """The JSON object in a request's body."""
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > _MOST_JSON:
            raise HTTPException(413, f"is larger than {_MOST_JSON >> 20} MB; send less")
    try:
        value = from_json(bytes(data))
        # It must be writable again: no NaN, no lone surrogates.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise HTTPException(422, "is no JSON object; send one")
    return value


def _bounded(receive: Receive) -> Receive:
    """Receive at most MOST_BYTES; Content-Length is not trusted."""
    total = 0

    async def bounded() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > MOST_BYTES:
            problem = f"is larger than {MOST_BYTES >> 20} MB in all; send fewer files"
            raise HTTPException(413, problem)
        return message

    return bounded


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message.get("headers", ())}
            more = [
                (name.encode(), value.encode())
                for name, value in HEADERS.items()
                if name.encode() not in given
            ]
            message["headers"] = [*message.get("headers", ()), *more]
        await send(message)

    return sending


def _all(headers: list[tuple[str, str]], wanted: str) -> list[str]:
    return [value for name, value in headers if name == wanted]


def _same(one: str, other: str) -> bool:
    """Compare two texts in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def _named(secret: str) -> str:
    """The name of an owner, from which the secret cannot be computed."""
    return hashlib.sha256(secret.encode()).hexdigest()[:32]


async def _answer(send: Send, status: int, text: str, *, is_page: bool = False) -> None:
    if is_page:
        await _send(send, status, "text/html; charset=utf-8", _page("trombine studio", text))
    else:
        await _send(send, status, "application/json", json.dumps({"error": text}))


async def _send(
    send: Send, status: int, kind: str, text: str, headers: dict[str, str] | None = None
) -> None:
    data = text.encode()
    lines = {"content-type": kind, "content-length": str(len(data)), **(headers or {})}
    start = [(name.encode(), value.encode()) for name, value in lines.items()]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": data})


def _page(title: str, body: str, meta: str = "") -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{meta}<title>{title}</title></head><body><main><h1>{title}</h1><p>{body}</p></main></body>"
        "</html>"
    )
