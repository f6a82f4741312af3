"""Answers to a test of people, as its page writes them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

SIDES = ("real", "generated")


def answers(
    key: Mapping[str, Any],
    subject: str,
    says: Callable[[int, str], str],
    **changes: Any,
) -> dict[str, Any]:
    """The content of a file; `says` gives the answer to the n-th picture of a side."""
    counts = dict.fromkeys(SIDES, 0)
    items = []
    for name, entry in key["pictures"].items():
        side = says(counts[entry["truth"]], entry["truth"])
        counts[entry["truth"]] += 1
        seconds = round(1 + len(items) / 10 + len(subject), 1)
        item = {"picture": name, "answer": side, "seconds": seconds, "reasons": [], "text": ""}
        items.append(item)
    return {
        "format": "trombine people answers",
        "version": 1,
        "test": key["test"],
        "subject": subject,
        "experience": "some",
        "begun": "2030-01-01T00:00:00.000Z",
        "finished": "2030-01-01T00:10:00.000Z",
        "answers": items,
        **changes,
    }


def right(real: int, generated: int) -> Callable[[int, str], str]:
    """Who is right of the first so many pictures of either side."""
    most = {"real": real, "generated": generated}
    other = {"real": "generated", "generated": "real"}
    return lambda number, truth: truth if number < most[truth] else other[truth]


def pictures(page: Path) -> dict[str, bytes]:
    """The files of the pictures in a test's page, by name, in their order."""
    text = re.findall(r'id="test">(.*?)</script>', page.read_text(), re.DOTALL)[0]
    return {p["picture"]: base64.b64decode(p["png"]) for p in json.loads(text)["pictures"]}


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path
