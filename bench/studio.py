"""Many people at a studio at once: each sends pictures of its own, waits, and downloads.

Every client has a cookie and a picture of its own, repairs and enlarges it in turn, and compares
each result with the command's bytes for that picture. Beside that it tries to get what another
has just been given. A page is fetched all the while, as by one more visitor, and the memory of the
server and its workers is added up. The rate is compared with what the commands themselves do of
such pictures in one go; the clients compute on the same cores. So do others, where the machine is
not quiet: then the core-seconds of workers and server, counted once all nets are loaded, say more.

    python bench/studio.py [--clients N] [--seconds S] [--json]
"""

from __future__ import annotations

import http.client
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image
from table import Row, at_least, at_most, options, report

SIDE = 256  # of every picture: small beside what people send
VERBS = {
    "upscale": {"scale": "2", "model": "upscale-fast"},
    "inpaint": {},
}
PAGES = ("/", "/upscale", "/jobs", "/static/studio.css", "/static/easel.js", "/api/jobs")
PAGE_SECONDS = 0.3
PATIENCE = 600.0  # seconds, of a client for its job


def main() -> int:
    """Open a studio, let clients work, and compare."""
    arguments = options(__doc__, clients=64, seconds=120.0)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        alone = {verb: by_command(place, verb, arguments.clients) for verb in VERBS}
        with studio(place / "data") as (link, process):
            crowd = Crowd(link=link, place=place, seconds=arguments.seconds)
            crowd.work(arguments.clients, process)
    return report(rows(crowd, alone), json=arguments.json)


def rows(crowd: Crowd, alone: dict[str, tuple[float, ...]]) -> list[Row]:
    """What is wanted, and what was found; beside seconds and core-seconds of the commands."""
    done = sum(crowd.done.values())
    seconds, cpu = (sum(crowd.done[verb] * alone[verb][at] for verb in VERBS) for at in (0, 1))
    quarter = max(1, len(crowd.memory) // 4)
    first, last = max(crowd.memory[quarter : 2 * quarter]), max(crowd.memory[-quarter:])
    late = statistics.quantiles(crowd.pages, n=20)[-1]
    return [
        Row("jobs done", done, "jobs", "> 0", done > 0),
        at_most("wrong results", crowd.wrong["bytes"], "files", 0),
        at_most("refused or failed", crowd.wrong["refused"], "requests", 0),
        at_most("files of others that were seen", crowd.wrong["seen"], "files", 0),
        at_most("a page, 95 of 100 times", late, "s", PAGE_SECONDS),
        Row("a page, middle", statistics.median(crowd.pages), "s"),
        at_most("memory at the end, beside the second quarter", last / first, "times", 1.15),
        Row("memory at most", max(crowd.memory) / 2**20, "MB"),
        at_least("rate, beside the commands'", seconds / crowd.took, "times", 0.9),
        at_most("core-seconds of workers, beside the commands'", crowd.cpu[1] / cpu, "times", 1.11),
        Row("core-seconds of the server, beside the commands'", crowd.cpu[0] / cpu, "times"),
        Row("core-seconds of the commands, a job", cpu / done, "s"),
    ]


def by_command(place: Path, verb: str, count: int, side: int = SIDE) -> tuple[float, ...]:
    """Seconds and core-seconds that the command itself takes for a picture, without its start; the
    results stay for later."""
    given, masks = place / "given", place / "masks"
    for folder in (given, masks):
        folder.mkdir(exist_ok=True)
    for number in range(count):
        (given / f"{number}.png").write_bytes(picture(number, side))
        (masks / f"{number}.png").write_bytes(mask(side))
    words = [sys.executable, "-m", "trombine", verb, "-q"]
    for name, value in VERBS[verb].items():
        words += [f"--{name.replace('_', '-')}", value]
    words += ["--mask", str(masks)] * (verb == "inpaint")
    times = []
    for pictures, folder in ((given / "0.png", "one"), (given, verb)):
        start, cpu = time.perf_counter(), children()
        subprocess.run([*words, str(pictures), "-o", str(place / folder / verb)], check=True)
        times.append((time.perf_counter() - start, children() - cpu))
    return tuple((all - one) / (count - 1) for one, all in zip(*times, strict=True))


def children() -> float:
    """Core-seconds of the processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def picture(number: int, side: int = SIDE) -> bytes:
    """The picture of a client: like no other's."""
    y, x = divmod(number * 37 % 256, 16)
    whole = np.pad(skimage.data.astronaut(), [(0, side), (0, side), (0, 0)], mode="wrap")
    pixels = whole[8 * y :, 16 * x :][:side, :side].copy()
    pixels[:2, :2] = [number % 256, number // 256, 77]
    return png(pixels)


def mask(side: int = SIDE) -> bytes:
    """The hole of every repair."""
    hole = np.zeros((side, side), np.uint8)
    hole[side // 3 : side // 2, side // 4 : side // 2] = 255
    return png(hole)


def png(pixels: np.ndarray) -> bytes:
    """Pixels as a file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@contextmanager
def studio(data: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A studio in a process of its own, and its link."""
    link, process = started(data)
    try:
        yield link, process
    finally:
        process.terminate()
        process.communicate()


def started(data: Path) -> tuple[str, subprocess.Popen[str]]:
    """The same, for who ends it otherwise."""
    words = ["trombine", "studio", "--port", "0", "--data", str(data)]
    process = subprocess.Popen([sys.executable, "-m", *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process.stdout.readline().strip(), process


@dataclass
class Visitor:
    """A browser's worth of studio: one cookie, one connection."""

    link: str
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.host = self.link.split("/")[2]
        self.connection = http.client.HTTPConnection(self.host, timeout=PATIENCE)
        self.connection.request("GET", self.link.partition(self.host)[2])
        answer = self.connection.getresponse()
        answer.read()
        cookie = answer.headers["set-cookie"].partition(";")[0]
        self.headers = {"Cookie": cookie, "Origin": f"http://{self.host}"}

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """One request: a form where there is a body."""
        kind = {"Content-Type": "multipart/form-data; boundary=b"} if body else {}
        method = "POST" if body else "GET"
        self.connection.request(method, path, body, {**self.headers, **kind})
        answer = self.connection.getresponse()
        return answer.status, answer.read()


@dataclass
class Crowd:
    """The clients, and what they saw."""

    link: str
    place: Path
    seconds: float
    done: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    pages: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    took: float = 0.0
    cpu: tuple[float, float] = (0.0, 0.0)  # core-seconds of the server, and of its workers
    seen: list[str] = field(default_factory=list)  # addresses of results, of all clients

    def work(self, count: int, process: subprocess.Popen[str]) -> None:
        """All clients at once, until the time is over and each has its last result."""
        self.warm(process.pid)
        before = {pid: core_seconds(pid) for pid in family(process.pid)}
        self.used = dict(before)
        start = time.perf_counter()
        self.end = start + self.seconds
        clients = [threading.Thread(target=self.client, args=(n,)) for n in range(count)]
        watcher = threading.Thread(target=self.watch, args=(process.pid, clients))
        for thread in (*clients, watcher):
            thread.start()
        for thread in clients:
            thread.join()
        self.took = time.perf_counter() - start
        watcher.join()
        spent = {pid: used - before.get(pid, 0.0) for pid, used in self.used.items()}
        server = spent.pop(process.pid)
        self.cpu = (server, sum(spent.values()))

    def warm(self, pid: int) -> None:
        """Let every worker load every net."""
        visitor = Visitor(self.link)
        for verb in VERBS:
            body = form(verb, 0)
            ids = [
                json.loads(visitor.ask(f"/api/{verb}", body)[1])["id"]
                for _ in range(4 * len(family(pid)))
            ]
            for id in ids:
                visitor.ask(f"/api/jobs/{id}/events")

    def client(self, number: int) -> None:
        """One after the other: send, wait, download, compare, look where one may not."""
        visitor = Visitor(self.link)
        forms = {verb: form(verb, number) for verb in VERBS}
        turn = number
        while time.perf_counter() < self.end:
            verb = list(VERBS)[turn % len(VERBS)]
            turn += 1
            try:
                self.job(visitor, verb, number, forms[verb])
            except (OSError, http.client.HTTPException, KeyError, ValueError) as error:
                print(f"client {number}: {error!r}", file=sys.stderr)
                self.wrong["refused"] += 1
                visitor = Visitor(self.link)

    def job(self, visitor: Visitor, verb: str, number: int, body: bytes) -> None:
        """One job from its picture to its file."""
        status, told = visitor.ask(f"/api/{verb}", body)
        if status != 201:
            raise ValueError(told)
        address = f"/api/jobs/{json.loads(told)['id']}"
        visitor.ask(f"{address}/events")  # until it ends
        job = json.loads(visitor.ask(address)[1])
        if job["state"] != "done":
            raise ValueError(job["problem"])
        url = job["files"][0]["url"]
        _, data = visitor.ask(url)
        self.wrong["bytes"] += data != (self.place / verb / verb / f"{number}.png").read_bytes()
        self.done[verb] += 1
        if number % 2:
            self.seen = [*self.seen[-20:], url]
            return
        for other in self.seen[-3:]:  # even ones try to get what odd ones made
            self.wrong["seen"] += visitor.ask(other)[0] != 404

    def watch(self, pid: int, clients: list[threading.Thread]) -> None:
        """Fetch pages and add up memory while the clients are at work."""
        visitor = Visitor(self.link)
        while any(thread.is_alive() for thread in clients):
            for path in PAGES:
                start = time.perf_counter()
                visitor.ask(path)
                self.pages.append(time.perf_counter() - start)
                time.sleep(0.1)
            self.memory.append(sum(map(resident, family(pid))))
            now = {pid: core_seconds(pid) for pid in family(pid)}
            self.used |= {pid: used for pid, used in now.items() if used}


def form(verb: str, number: int, side: int = SIDE) -> bytes:
    """What a page sends."""
    files = [("pictures", f"{number}.png", picture(number, side))]
    files += [("mask", f"{number}.png", mask(side))] if verb == "inpaint" else []
    body = b"".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in VERBS[verb].items()
    )
    for name, file, data in files:
        head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n\r\n'
        body += head.encode() + data + b"\r\n"
    return body + b"--b--\r\n"


def family(pid: int) -> list[int]:
    """A process and its children."""
    listing = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True
    )
    return [pid, *map(int, listing.stdout.split())]


def core_seconds(pid: int) -> float:
    """That a process has used, its start too; 0 where it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError):
        return 0


def resident(pid: int) -> int:
    """Bytes of memory that a process has, shared ones by its share; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0


if __name__ == "__main__":
    sys.exit(main())
