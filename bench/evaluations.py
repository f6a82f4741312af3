"""The log of uses, evaluations.jsonl: a line for each run that measured on what is kept for tests.

That is public test pictures, and the world's faces of protocol seeds. The log is committed, so that
choosing by peeking would show. No program writes it: `table.options` notes the seeds, who opens
test pictures notes them by `use`, and `table.report` writes the line, with every row. A run whose
code differs from its commit is refused, since the line could not say what ran; --log FILE writes
elsewhere and refuses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from trombine.metrics import PROTOCOL_SEEDS

LOG: Final = Path(__file__).with_suffix(".jsonl")
CHANGES: Final = "+changes"  # ends the name of a commit from which code differs


@dataclass(kw_only=True)
class _Run:
    """What this process has used since it began."""

    commit: str = ""
    log: Path | None = None  # None: where uses belong
    pictures: list[str] = field(default_factory=list)


_RUN: Final = _Run()


def begin(commit: str, log: Path | None = None) -> None:
    """Of which code the uses from here on are, and where they are written."""
    _RUN.commit, _RUN.log, _RUN.pictures = commit, log, []


def use_seeds(seeds: range) -> None:
    """Note that the world's faces of these seeds are measured, if one is of a protocol."""
    if seeds.start < PROTOCOL_SEEDS.stop and seeds.stop > PROTOCOL_SEEDS.start:
        use(f"seeds {seeds.start} to {seeds.stop - 1}")


def use(pictures: str) -> None:
    """Note that these test pictures are measured; ends the program where that is refused."""
    if _RUN.log is None and _RUN.commit.endswith(CHANGES):
        why = "uses are logged, and the code differs from its commit"
        cure = "commit it, or name other seeds (--first-seed) or another log (--log)"
        raise SystemExit(f"{pictures}: {why}: {cure}")
    if pictures not in _RUN.pictures:
        _RUN.pictures.append(pictures)


def log_uses(command: str, values: Iterable[tuple[str, float]]) -> None:
    """Append a line with what a run found, by row, if it used what is kept for tests."""
    if not _RUN.pictures:
        return
    rounded = [(name, round(float(value), 6)) for name, value in values]
    entry = {
        "commit": _RUN.commit,
        "command": command,
        "pictures": _RUN.pictures,
        "rows": rounded,
    }
    with (_RUN.log or LOG).open("a") as file:
        file.write(json.dumps(entry) + "\n")
