"""The server of the studio: the lock of its folder, its port and its workers."""

from __future__ import annotations

import logging
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from filelock import FileLock, Timeout

from trombine.core.errors import InputError
from trombine.io.files import write_bytes
from trombine.studio import guard
from trombine.studio.app import application
from trombine.studio.jobs import Jobs
from trombine.studio.workers import working

HOME: Final = "127.0.0.1"
_ELSEWHERE: Final = "192.0.2.1"  # reserved for documentation by RFC 5737
_KEPT: Final = 30  # seconds that a connection stays open without a request
_GRACE: Final = 2  # seconds for open requests when the studio is closed


@dataclass(frozen=True, kw_only=True)
class Studio:
    """A studio that is ready to serve."""

    link: str
    port: int
    jobs: Jobs
    server: uvicorn.Server
    listening: socket.socket

    def serve(self) -> None:
        """Serve until Ctrl-C."""
        self.server.run(sockets=[self.listening])


@contextmanager
def opened(
    folder: Path, port: int, workers: int, *, lan: bool = False, outside: str = ""
) -> Iterator[Studio]:
    """A studio with worker processes, while the block runs; its files are in this folder.

    `lan` accepts requests from the network; `outside` is the address under which a proxy serves it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # pictures of people are in it
    try:
        with FileLock(folder / "studio.lock", timeout=0), _listening(port, lan) as listening:
            jobs = Jobs(folder)
            with working(jobs, workers):
                yield _studio(jobs, listening, _lan_host() if lan else HOME, outside)
    except Timeout as error:
        text = "is the folder of another studio that is open"
        raise InputError(text, "close it, or give another --data", path=folder) from error


def _studio(jobs: Jobs, listening: socket.socket, host: str, outside: str) -> Studio:
    secret = jobs.folder / "token"  # of the link: the same for one folder
    if not secret.exists():
        write_bytes(secret, secrets.token_urlsafe(24).encode())
    token, port = secret.read_text(), listening.getsockname()[1]
    address = outside or f"http://{host}:{port}"
    server: list[uvicorn.Server] = []
    app = application(
        jobs, stopping=lambda: server[0].should_exit, address=address, home=Path.cwd()
    )
    app.add_middleware(
        guard.Guard,
        token=token,
        hosts=[f"{name}:{port}" for name in (HOME, "localhost", host)],
        cookie=f"trombine-{port}",  # cookies are not separated by port
        outside=outside,
    )
    # A damaged form is answered with an error; the terminal need not show it.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE,
        timeout_keep_alive=_KEPT,
        h11_max_incomplete_event_size=64 << 10,
    )
    server.append(uvicorn.Server(config))
    link = f"{address}/?token={token}"
    return Studio(link=link, port=port, jobs=jobs, server=server[0], listening=listening)


def _lan_host() -> str:
    """This machine's address on its network: that of a UDP socket, over which nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        try:
            line.connect((_ELSEWHERE, 9))
        except OSError as error:
            problem = "--lan: this machine is on no network"
            raise InputError(problem, "join one, or leave --lan out") from error
        return line.getsockname()[0]


@contextmanager
def _listening(port: int, lan: bool) -> Iterator[socket.socket]:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("" if lan else HOME, port))
        except OSError as error:
            text = f"--port {port} cannot be had ({(error.strerror or str(error)).lower()})"
            raise InputError(text, "give another, or 0 for any that is free") from error
        listening.listen(128)
        yield listening
