"""Access control of the studio: ASGI middleware in front of every page and path.

The printed link contains a token, which a browser exchanges once for a cookie of its own; programs
send the token in a header. Other sites reach nothing: Host must be one of an exact list (against
DNS rebinding), a foreign Origin is refused, "null" too, and no other site may read or frame an
answer.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import html
import json
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trombine.core.texts import from_json
from trombine.report.report import STYLE

MOST_BYTES: Final = 256 << 20  # of a request, all files together
MOST_SECONDS: Final = 900  # in which a request arrives: 256 MB over a slow network
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
SUBJECT: Final = "/people/"  # the path of a test, before the secret of a subject
_MOST_JSON: Final = 1 << 20  # bytes
_SUBJECTS: Final = re.compile(rf"{SUBJECT}[\w-]{{22,64}}", re.ASCII)
_STRANGER: Final = (
    "this page opens by the link that trombine studio printed: open that link, all of it"
)
_PAGE: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">{meta}'
    "<title>trombine studio</title><style>{style}</style></head><body><main><header>"
    "<h1>trombine studio</h1>{body}</header></main></body></html>"
)
# These pages carry their style: strangers get no file.
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_POLICY: Final = HEADERS["content-security-policy"].replace(
    "style-src 'self'", f"style-src 'sha256-{_STYLE_HASH}'"
)


class Guard:
    """Passes on requests with a token or cookie; answers others itself.

    `request.state.owner` says whose jobs a request sees, `here` whether it comes from the machine
    that the studio runs on, `root` below which path browsers have it.
    """

    def __init__(
        self, app: ASGIApp, *, token: str, hosts: Iterable[str], cookie: str, outside: str = ""
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
        if scope["type"] == "http":
            answer = self._answer(Request(scope)) or self.app
            await answer(scope, _bounded(receive), _with_headers(send))
        elif scope["type"] == "lifespan":  # no web sockets here
            await self.app(scope, receive, send)

    def _answer(self, request: Request) -> Response | None:
        path = request.scope["path"]
        if refused := self._refused(request):
            return JSONResponse({"error": refused}, 403)
        if _SUBJECTS.fullmatch(path):  # the link of a subject opens that test alone
            return None
        if request.method == "GET" and _same(request.query_params.get("token", ""), self.token):
            return self._exchange(path)
        request.state.owner = self._owner(request)
        request.state.here, request.state.root = self._is_here(request), self.root
        if request.state.owner:  # with a good cookie, the token of an old link is ignored
            return None
        if path.startswith("/api"):
            return JSONResponse({"error": _STRANGER}, 401)
        return page_of(_STRANGER, 401)

    def _refused(self, request: Request) -> str:
        """Why a request is refused for its Host or Origin; "" if it is not."""
        hosts, origins = (request.headers.getlist(name) for name in ("host", "origin"))
        if len(hosts) != 1 or hosts[0] not in self.hosts:
            return f"this studio answers at {min(self.hosts.values())} only; open it there"
        if len(origins) > 1 or not {*origins} <= {self.hosts[hosts[0]], self.origin} - {""}:
            return "another page asked for this; open the studio itself"
        # Browsers send Origin with every write; without it, a write needs the token.
        is_write = request.method not in ("GET", "HEAD")
        if is_write and not origins and not self._bears_token(request):
            return "a write says its Origin, or brings the token as Authorization: Bearer TOKEN"
        return ""

    def _is_here(self, request: Request) -> bool:
        """Whether a request comes from this machine; never behind a proxy, where all seem to."""
        client, server = request.client, request.scope.get("server")
        ours = ("127.0.0.1", server[0]) if server else ()
        return not self.origin and client is not None and client.host in ours

    def _owner(self, request: Request) -> str:
        """The owner of a request: that of its cookie or of the token; "" if it has neither."""
        if self._bears_token(request):
            return _hashed(self.token)
        name, _, signature = request.cookies.get(self.cookie, "").partition(".")
        return _hashed(name) if name and _same(signature, self._signed(name)) else ""

    def _bears_token(self, request: Request) -> bool:
        return _same(request.headers.get("authorization", ""), f"Bearer {self.token}")

    def _signed(self, name: str) -> str:
        return hmac.new(self.token.encode(), name.encode(), hashlib.sha256).hexdigest()

    def _exchange(self, path: str) -> Response:
        """A page that sets a cookie in exchange for the token, and then opens the studio: with a
        redirect, a SameSite=Strict cookie would not be sent if the link was on another site."""
        name = secrets.token_urlsafe(18)
        # Only paths: "//other.example" would lead to another host.
        place = path if path.replace("/", "", 1).replace("-", "").isalnum() else "/"
        meta = f'<meta http-equiv="refresh" content="0;url={self.root}{place}">'
        # Since browsers would request /favicon.ico.
        meta += f'<link rel="icon" href="{self.root}/static/icon.svg">'
        cookie = f"{self.cookie}={name}.{self._signed(name)}; HttpOnly; SameSite=Strict;"
        cookie += f" Path={self.root}/; Max-Age={30 * 24 * 3600}" + "; Secure" * self.is_secure
        return _page(meta=meta, body=_link(self.root + place), headers={"set-cookie": cookie})


def page_of(text: str, status: int, root: str | None = None) -> Response:
    """A page with one sentence, and below `root` a link to the studio."""
    words = f'<p class="lead">{html.escape(f"{text[:1].upper()}{text[1:]}.")}</p>'
    return _page(body=words + ("" if root is None else _link(f"{root}/")), status=status)


def _link(address: str) -> str:
    return f'<p class="lead"><a href="{address}">Open the studio</a></p>'


def _page(
    *, body: str, meta: str = "", status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    headers = {"content-security-policy": _POLICY, **(headers or {})}
    return HTMLResponse(_PAGE.format(meta=meta, body=body, style=STYLE), status, headers=headers)


def printable(text: str) -> str:
    """A name without letters that are not seen, or that change how others are: controls, U+202E."""
    return "".join(letter for letter in text if letter.isprintable())


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
    """Receive at most MOST_BYTES within MOST_SECONDS; Content-Length is not trusted."""
    total, ends, is_whole = 0, time.monotonic() + MOST_SECONDS, False

    async def bounded() -> Message:
        nonlocal total, is_whole
        if is_whole:  # a stream of events waits here until the browser leaves
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), ends - time.monotonic())
        except TimeoutError:
            problem = f"did not arrive within {MOST_SECONDS / 60:.0f} minutes; send it again"
            raise HTTPException(408, problem, {"connection": "close"}) from None
        is_whole = not message.get("more_body", False)
        total += len(message.get("body", b""))
        if total > MOST_BYTES:
            problem = f"is larger than {MOST_BYTES >> 20} MB in all; send fewer files"
            raise HTTPException(413, problem)
        return message

    return bounded


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending


def _same(one: str, other: str) -> bool:
    """Compare two texts in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def _hashed(secret: str) -> str:
    """The name of an owner, from which the secret cannot be computed."""
    return hashlib.sha256(secret.encode()).hexdigest()[:32]
