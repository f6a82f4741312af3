"""A studio that serves: its folder held alone, its port, its workers, until it is told to end."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn

from trombine.lock import LockedError, alone
from trombine.refusal import InputError
from trombine.studio.app import application
from trombine.studio.guard import Guard
from trombine.studio.jobs import Store
from trombine.studio.pool import Pool

HOME: Final = "127.0.0.1"
_GRACE: Final = 2  # seconds for what is being answered when the studio is closed


@dataclass(frozen=True, kw_only=True)
class Studio:
    """A studio that is ready: `serve` answers until Ctrl-C."""

    link: str
    port: int
    server: uvicorn.Server
    listening: socket.socket

    def serve(self) -> None:
        """Answer, until told to end."""
        self.server.run(sockets=[self.listening])


@contextmanager
def opened(folder: Path, port: int, workers: int) -> Iterator[Studio]:
    """A studio whose jobs are in this folder, with workers at work; they are gone afterwards."""
    store = Store(folder)
    try:
        with alone(folder / "studio.lock"), _listening(port) as listening:
            pool = Pool(store=store, count=workers)
            pool.start()
            try:
                yield _studio(store, listening)
            finally:
                pool.stop()
    except LockedError as error:
        holder = f", process {error.holder}" if error.holder else ""
        text = f"is the folder of another studio that is open{holder}"
        raise InputError(text, "close it, or give another --data", path=folder) from error


def _studio(store: Store, listening: socket.socket) -> Studio:
    token, port = store.secret("token"), listening.getsockname()[1]
    server: list[uvicorn.Server] = []
    app = application(store, stopping=lambda: server[0].should_exit)
    app.add_middleware(
        Guard,
        token=token,
        hosts=(f"{HOME}:{port}", f"localhost:{port}"),
        cookie=f"trombine-{port}",  # cookies know no ports: two studios would share one
    )
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE,
        h11_max_incomplete_event_size=64 << 10,
    )
    server.append(uvicorn.Server(config))
    link = f"http://{HOME}:{port}/?token={token}"
    return Studio(link=link, port=port, server=server[0], listening=listening)


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOME, port))
        except OSError as error:
            text = f"--port {port} cannot be had ({(error.strerror or str(error)).lower()})"
            raise InputError(text, "give another, or 0 for any that is free") from error
        listening.listen(128)
        yield listening
