"""Requests at random at a studio, as its OpenAPI describes them and as it forbids them.

schemathesis draws them: for each path and method half of what the description allows, half of what
it does not. Some go to jobs that are there. No answer may be a 5xx, and none may name a folder, a
trace or the token; every refusal is one line of JSON. What the server says on its own terminal is a
fault too.

    python bench/studio_fuzz.py [--count 10000] [--first-seed 0] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from table import Row, at_least, at_most, report

ENDLESS: Final = "/api/events"  # a stream that ends with the studio
OWN: Final = 0.5  # of the requests to a job: how many go to one that is there
KEPT: Final = 3  # jobs that are there
# Serves without workers: what is accepted only waits.
_SERVES: Final = """
import sys; from pathlib import Path; from trombine.studio.serving import opened
with opened(Path(sys.argv[1]), 0, workers=0) as studio:
    print(studio.link, flush=True)
    studio.serve()
"""


def main() -> int:
    """Open a studio, ask, and say what came back."""
    parser = argparse.ArgumentParser(description="Random requests at a studio.")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "data")
        words = [sys.executable, "-c", _SERVES, str(place)]
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder
        )
        assert process.stdout is not None
        fuzz = Fuzz(link=process.stdout.readline().strip(), place=place)
        try:
            fuzz.work(arguments.count, arguments.first_seed)
        finally:
            process.terminate()
            complaints = process.communicate()[1]
    for fault in [*fuzz.faults, complaints][:20]:
        print(fault[:500], end="\n" * bool(fault), file=sys.stderr)
    return report(rows(fuzz, complaints, arguments.count), json=arguments.json)


def rows(fuzz: Fuzz, complaints: str, count: int) -> list[Row]:
    """What is wanted, and what was found."""
    sent = sum(fuzz.statuses.values())
    accepted = sum(fuzz.statuses[status] for status in (200, 201, 204))
    return [
        at_least("requests", sent, "requests", count),
        at_most("faults", len(fuzz.faults), "answers", 0),
        at_most("lines that the server complained", len(complaints.splitlines()), "lines", 0),
        at_least("accepted", accepted / sent, "of 1", 0.05),
        at_least("refused in a line", fuzz.statuses[422] / sent, "of 1", 0.05),
    ]


@dataclass
class Fuzz:
    """What was asked, and what came back."""

    link: str
    place: Path
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def work(self, count: int, seed: int) -> None:
        """As many requests, an equal part to each path and method."""
        warnings.simplefilter("ignore")  # of libraries, about each other
        import schemathesis
        from hypothesis import HealthCheck, Phase, given, settings
        from hypothesis import seed as seeded
        from requests import Session
        from schemathesis import GenerationMode
        from schemathesis.core.result import Ok

        self.base, _, self.token = self.link.partition("/?token=")
        self.chance, self.session = random.Random(seed), Session()
        self.session.headers["Authorization"] = f"Bearer {self.token}"
        described = self.session.get(f"{self.base}/api/openapi.json").json()
        schema = schemathesis.openapi.from_dict(described)
        operations = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
        operations = [one for one in operations if one.path != ENDLESS]
        slow = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
        modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        while (missing := count - sum(self.statuses.values())) > 0:
            each = max(1, -(-missing // (len(operations) * len(modes))))
            for operation in operations:
                for mode in modes:
                    how = settings(
                        max_examples=each,
                        database=None,
                        deadline=None,
                        phases=(Phase.generate,),
                        suppress_health_check=slow,
                    )
                    test = given(operation.as_strategy(generation_mode=mode))(self.ask)
                    try:
                        seeded(self.chance.randrange(2**32))(how(test))()
                    except Exception as error:  # it cannot be asked otherwise than allowed
                        if "Unsatisfiable" not in type(error).__name__ and mode == modes[0]:
                            raise

    def ask(self, case: Any) -> None:
        """One request; its answer is looked at."""
        # The stream of a job that waits does not end either.
        is_there = self.ids and not case.path.endswith("/events") and self.chance.random() < OWN
        if is_there and "id" in (case.path_parameters or {}):
            case.path_parameters["id"] = self.chance.choice(self.ids)
        answer = case.call(base_url=self.base, session=self.session, timeout=60)
        self.statuses[answer.status_code] += 1
        text = answer.content.decode("utf-8", "replace")
        told = f"{case.method} {answer.request.url} {answer.status_code} {text[:200]}"
        leaks = (str(self.place), "Traceback", "site-packages", "sqlite", self.token)
        if answer.status_code >= 500 or any(leak in text for leak in leaks):
            self.faults.append(told)
        elif answer.status_code >= 400 and case.method != "HEAD" and not refusal(text):
            self.faults.append(f"no line: {told}")
        if answer.status_code == 201:  # few may wait at a time
            self.ids.append(answer.json()["id"])
            if len(self.ids) > KEPT:
                self.session.delete(f"{self.base}/api/jobs/{self.ids.pop(0)}")


def refusal(text: str) -> bool:
    """Whether this is a line that says why."""
    try:
        told = json.loads(text)
    except ValueError:
        return False
    return set(told) == {"error"} and bool(told["error"]) and "\n" not in told["error"]


if __name__ == "__main__":
    sys.exit(main())
