"""Workers and servers of a studio that are killed at random instants, while people send pictures.

What was said to be accepted must end, once, with the bytes that the command makes. Every second
kill is of the server, which is opened again at once on the same folder; the others are of a worker.

    python bench/studio_kills.py [--kills 20] [--first-seed 0] [--json]
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from studio import by_command, family, form, started
from table import Row, at_least, at_most, report

VERB: Final = "upscale"
SIDE: Final = 96
PATIENCE: Final = 300.0  # seconds, for what waits at the end
WAITING: Final = 8  # jobs that have not ended, beyond which the next comes when one has


def main() -> int:
    """Kill, and say what became of the jobs."""
    parser = argparse.ArgumentParser(description="Kill a studio and its workers.")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = rows(Path(folder), arguments.kills, arguments.first_seed)
    return report(found, json=arguments.json)


def rows(place: Path, kills: int, seed: int) -> list[Row]:
    """What is wanted, and what was found."""
    start = time.perf_counter()
    by_command(place, VERB, 2, SIDE)
    command = (time.perf_counter() - start) / 2  # seconds: as long as a worker takes to load
    truth = (place / VERB / VERB / "1.png").read_bytes()
    chance = random.Random(seed)
    link, process = started(place / "data")
    people = People(link)
    sending = threading.Thread(target=people.send)
    sending.start()
    try:
        for number in range(kills):
            people.wait()
            time.sleep(chance.uniform(0, command))
            if number % 2:
                process.kill()
                process.communicate()
                people.link, process = started(place / "data")
            else:
                workers = family(process.pid)[1:]
                with suppress(ProcessLookupError, IndexError):  # ended just now
                    os.kill(chance.choice(workers), signal.SIGKILL)
        people.is_over = True
        sending.join()
        ends = Counter(people.end(id, truth) for id in people.accepted)
    finally:
        people.is_over = True
        sending.join()
        process.terminate()
        process.communicate()
    return [
        at_least("kills", kills, "kills", kills),
        at_least("jobs that were accepted", len(people.accepted), "jobs", kills),
        Row("requests without an answer", people.unanswered, "requests"),
        at_most("jobs that did not end", ends["no end"], "jobs", 0),
        at_most("jobs that failed", ends["failed"], "jobs", 0),
        at_most("jobs that ended twice", ends["twice"], "jobs", 0),
        at_most("wrong results", ends["wrong"], "jobs", 0),
        at_least("right results", ends["right"], "jobs", len(people.accepted)),
    ]


@dataclass
class People:
    """Who sends pictures all the while, and what the studio said it accepted."""

    link: str
    accepted: list[str] = field(default_factory=list)
    unanswered: int = 0  # a kill came between
    is_over: bool = False

    def send(self) -> None:
        """One picture after the other, while few wait."""
        while not self.is_over:
            try:
                states = [job["state"] for job in json.loads(self.ask("/api/jobs")[1])]
                if sum(state in ("queued", "running") for state in states) < WAITING:
                    status, told = self.ask(f"/api/jobs/{VERB}", form(VERB, 1, SIDE))
                    if status != 201:
                        raise AssertionError(told)
                    self.accepted.append(json.loads(told)["id"])
            except (OSError, http.client.HTTPException, ValueError):
                self.unanswered += 1
                time.sleep(0.2)

    def wait(self) -> None:
        """Until one more was accepted."""
        before, late = len(self.accepted), time.monotonic() + PATIENCE
        while len(self.accepted) == before and time.monotonic() < late:
            time.sleep(0.02)

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """One request, by the token, on a connection of its own."""
        address, _, token = self.link.partition("/?token=")
        lines = {"Authorization": f"Bearer {token}"}
        if body is not None:
            lines["Content-Type"] = "multipart/form-data; boundary=b"
        line = http.client.HTTPConnection(address.partition("//")[2], timeout=PATIENCE)
        try:
            line.request("GET" if body is None else "POST", path, body, lines)
            answer = line.getresponse()
            return answer.status, answer.read()
        finally:
            line.close()

    def end(self, id: str, truth: bytes) -> str:
        """What became of a job, once it has ended."""
        late = time.monotonic() + PATIENCE
        while time.monotonic() < late:
            status, told = self.ask(f"/api/jobs/{id}")
            job = json.loads(told)
            if status != 200 or job["state"] not in ("queued", "running"):
                break
            time.sleep(0.1)
        else:
            return "no end"
        if status != 200 or job["state"] != "done":
            return "failed"
        events = self.ask(f"/api/jobs/{id}/events")[1]
        if events.count(b'"state": "done"') != 1 or len(job["files"]) != 1:
            return "twice"
        return "right" if self.ask(job["files"][0]["url"])[1] == truth else "wrong"


if __name__ == "__main__":
    sys.exit(main())
