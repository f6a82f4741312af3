"""A studio in a process of its own, and what a program asks of it."""

from __future__ import annotations

import http.client
import io
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from processes import PATIENCE, until

from trombine.core.progress import silent
from trombine.models import Card, save
from trombine.nets import build
from trombine.studio.jobs import Jobs
from trombine.studio.serving import opened
from trombine.studio.workers import do

Upload = tuple[str, bytes] | tuple[str, bytes, str]  # name, bytes, kind


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as what it says."""
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The line of a refusal."""
        return self.json["error"]


@dataclass
class Answering:
    """What answers at a link."""

    link: str

    @property
    def port(self) -> int:
        return int(self.link.split(":")[2].partition("/")[0])

    @property
    def token(self) -> str:
        return self.link.partition("token=")[2]

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        *,
        token: str | None = "",
        **headers: str,
    ) -> Answer:
        """One request; the token is sent unless it is None."""
        lines = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            lines["Authorization"] = f"Bearer {token or self.token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, lines)
            answer = connection.getresponse()
            kept = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, kept, answer.read())
        finally:
            connection.close()

    def post(self, verb: str, *fields: tuple[str, str | Upload], **headers: Any) -> Answer:
        """A form."""
        kind = "multipart/form-data; boundary=border"
        return self.ask(f"/api/{verb}", "POST", form(*fields), Content_Type=kind, **headers)

    def ended(self, id: str) -> dict[str, Any]:
        """A job, once it has ended."""
        return until(
            lambda: (
                (job := self.ask(f"/api/jobs/{id}").json)["state"] not in ("queued", "running")
                and job
            )
        )


@dataclass
class Server(Answering):
    """`trombine studio` on a port of its own."""

    data: Path
    home: Path | None = None  # where it is opened
    process: subprocess.Popen[str] = field(init=False)
    link: str = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self, port: int = 0) -> None:
        """Open it, as a user does."""
        words = ["trombine", "studio", "--port", str(port), "--data", str(self.data)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", *words], stdout=subprocess.PIPE, text=True, cwd=self.home
        )
        assert self.process.stdout is not None
        self.link = self.process.stdout.readline().strip()
        assert self.link.startswith("http://127.0.0.1:"), self.link

    def workers(self) -> list[int]:
        """The ids of its workers' processes."""
        words = ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.process.pid)]
        lines = subprocess.run(words, capture_output=True, text=True).stdout.splitlines()
        return [int(line.split()[0]) for line in lines if "spawn_main" in line]

    def kill(self) -> None:
        """End it as the system does when memory is short."""
        self.process.send_signal(signal.SIGKILL)
        self._over()

    def close(self) -> int:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        return self._over()

    def _over(self) -> int:
        code = self.process.wait(PATIENCE)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


class Bare(Server):
    """A studio without workers, in this process: a job waits until it is done here."""

    def start(self, port: int = 0) -> None:
        """Open it in a thread."""
        with chdir(self.home or "."):
            self._held = opened(self.data, port, workers=0)
            self.studio = self._held.__enter__()
        self.link = self.studio.link
        self._thread = threading.Thread(target=self.studio.serve)
        self._thread.start()

    def next_done(self) -> dict[str, Any]:
        """The job that waits, done."""
        return self.ask(f"/api/jobs/{finish(self.studio.jobs)}").json

    def done(self, verb: str, *fields: tuple[str, str | Upload]) -> dict[str, Any]:
        """A job that is asked for, done."""
        answer = self.post(verb, *fields)
        assert answer.status == 201, answer.body
        return self.next_done()

    def close(self) -> int:
        """End it."""
        self.studio.server.should_exit = True
        self._thread.join()
        self._held.__exit__(None, None, None)
        return 0


def finish(jobs: Jobs) -> str:
    """Do the next job, once there is one, in this process; its id."""
    job = jobs.take()
    assert job is not None
    jobs.end(job, **do(job.place, job.verb, job.fields, job.model, silent))
    return job.id


def runs(folder: Path) -> Path:
    """A folder with two runs in its runs/: nets that invent and that repair, which know nothing."""
    cases = {
        "tiny-faces": ("inventor", "generate", {"size": 32, "fields": "age+smile"}),
        "tiny-repair": ("diffusion_painter", "repair", {"steps": 2}),
    }
    shared = {"width": 4, "levels": 1}
    small = {"latent": 6, "hidden": 12, "details": 4}
    for name, (kind, task, sizes) in cases.items():
        net = build(kind, {**sizes, **shared, **(small if kind == "inventor" else {})})
        place = folder / "runs" / name
        place.mkdir(parents=True)
        card = Card(task=task, net=kind, sizes=net.sizes, data="world:anime#48")
        save(place / "best.safetensors", net, card)
    return folder


def form(*fields: tuple[str, str | Upload]) -> bytes:
    """Fields and files as browsers send them."""
    parts = []
    for name, value in fields:
        head = f'--border\r\nContent-Disposition: form-data; name="{name}"'
        if isinstance(value, str):
            parts.append(f"{head}\r\n\r\n{value}\r\n".encode())
        else:
            kind = value[2] if len(value) == 3 else "application/octet-stream"
            head = f'{head}; filename="{value[0]}"\r\nContent-Type: {kind}\r\n\r\n'
            parts.append(head.encode() + value[1] + b"\r\n")
    return b"".join(parts) + b"--border--\r\n"


def png(pixels: np.ndarray) -> bytes:
    """Pixels as a file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def noise(side: int = 32, seed: int = 0) -> np.ndarray:
    """A picture of chance."""
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
