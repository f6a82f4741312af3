"""Under which conditions a number was measured, and the numbers that may stand in one table.

Here are the frozen `Protocol` that names what was measured; `Figure`, one number of a table with
its interval; and the log of evaluations. What compares methods and draws verdicts is in eval/.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.special import stdtrit

from trombine.core.errors import InputError
from trombine.metrics.similarity import PerPicture

CHOOSING_SEEDS: Final = range(1_000_000, 1_500_000)  # best checkpoint, thresholds, alarms
PROTOCOL_SEEDS: Final = range(1_500_000, 2_000_000)  # frozen protocols: each use is logged

CHECKOUT: Final = Path(__file__).resolve().parents[2]
LOG: Final = "bench/evaluations.jsonl"  # in a checkout
_LATER: Final = ("task", "version")  # fields that came after the first hashes


# ---------------------------------------------------------------------------------------------
# Under which conditions


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """All that a number depends on besides the method: frozen, and known by its hash."""

    name: str  # what people call it; not part of the hash
    pictures: str  # a source's spec, or the name of a public test set
    seeds: range  # of the pictures, and of all that is drawn for them
    size: int | None  # the side of the pictures in pixels; None: as they are
    degradations: tuple[str, ...]  # masks, factors, methods, rounding: in full
    measures: tuple[str, ...]
    public: bool = False  # public test pictures: each use is logged
    fingerprint: str = ""  # of the pictures' bytes, where they come from files
    task: str = ""  # what methods are compared at; "" where only one net is measured
    version: int = 0  # of what the names of the measures stand for

    def __post_init__(self) -> None:
        if not self.seeds and not self.public:
            raise ValueError("a protocol names the seeds of its pictures, or public pictures")
        if not self.measures:
            raise ValueError("a protocol names its measures")

    def canonical(self) -> dict[str, object]:
        """What is hashed, as plain JSON values."""
        fields: dict[str, object] = {"format": 1, **asdict(self)}
        del fields["name"]
        for name in _LATER:  # a protocol without them has the hash that it always had
            if not fields[name]:
                del fields[name]
        fields["seeds"] = [self.seeds.start, self.seeds.stop, self.seeds.step]
        return fields

    @property
    def hash(self) -> str:
        """12 hex digits, the same in every process and on every machine."""
        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def logged(self) -> bool:
        """Whether each use is written to bench/evaluations.jsonl."""
        return self.public or any(seed in PROTOCOL_SEEDS for seed in self.seeds)

    def describe(self) -> str:
        """One paragraph for people."""
        size = f" at {self.size} px" if self.size else ""
        seeds = ""
        if self.seeds:
            step = f" by {self.seeds.step}" if self.seeds.step != 1 else ""
            seeds = f", seeds {self.seeds[0]} to {self.seeds[-1]}{step} ({len(self.seeds)})"
        parts = [f"{self.pictures}{size}{seeds}", *self.degradations, ", ".join(self.measures)]
        return f"{self.name}: {'; '.join(parts)}. Protocol {self.hash}."


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number of a table: the mean over a protocol's pictures, and its 95 % interval."""

    protocol: str  # the hash
    method: str
    measure: str
    mean: float
    low: float
    high: float
    count: int  # of pictures


def student(values: Float[np.ndarray, "n"]) -> tuple[float, float, float]:
    """The mean of two values or more, and Student's 95 % interval of it."""
    mean = float(values.mean())
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    reach = float(stdtrit(len(values) - 1, 0.975)) * error
    return mean, mean - reach, mean + reach


def figure(
    protocol: Protocol, method: str, measure: str, values: Float[np.ndarray, "n"] | PerPicture
) -> Figure:
    """The mean of one measure of one method, with Student's 95 % interval of the mean."""

    if measure not in protocol.measures:
        raise InputError(f"protocol {protocol.hash} does not measure {measure!r}")
    samples = np.asarray(values, np.float64)
    if len(samples) < 2:
        raise InputError("an interval needs at least two pictures")
    if protocol.seeds and len(samples) != len(protocol.seeds):
        raise InputError(f"{len(samples)} values for a protocol of {len(protocol.seeds)} seeds")
    if not np.isfinite(samples).all():
        raise InputError(f"{measure} of {method} is not finite on every picture")
    mean, low, high = student(samples)
    return Figure(
        protocol=protocol.hash,
        method=method,
        measure=measure,
        mean=mean,
        low=low,
        high=high,
        count=len(samples),
    )


# ---------------------------------------------------------------------------------------------
# The log of evaluations


def log_evaluation(
    protocol: Protocol,
    model_hash: str | None,
    figures: Sequence[Figure],
    path: Path | None = None,
) -> bool:
    """Append these figures to bench/evaluations.jsonl, if the protocol's uses are logged.

    One line: commit, model hash (None: no model), protocol, figures. The log is committed, so
    that choosing by peeking would show. Without a checkout there is no log to commit: nothing
    is written unless a path is given. Returns whether a line was written.
    """
    if any(result.protocol != protocol.hash for result in figures):
        raise InputError(f"these figures are not all under protocol {protocol.hash}")
    if path is None and (CHECKOUT / ".git").exists():
        path = CHECKOUT / LOG
    if not protocol.logged or path is None:
        return False
    entry = {
        "commit": commit_of(CHECKOUT),
        "model": model_hash,
        "protocol": protocol.hash,
        "name": protocol.name,
        "conditions": protocol.canonical(),
        "figures": [_plain(result) for result in figures],
    }
    _append_line(path, json.dumps(entry, sort_keys=True, allow_nan=False))
    return True


def _plain(result: Figure) -> dict[str, object]:
    numbers = {"mean": result.mean, "low": result.low, "high": result.high}
    rounded = {name: round(value, 6) for name, value in numbers.items()}
    return {
        "method": result.method,
        "measure": result.measure,
        "count": result.count,
        **rounded,
    }


def commit_of(checkout: Path) -> str | None:
    """The commit of a checkout, with + if it has changes other than to the log."""
    head = _git(checkout, "rev-parse", "--verify", "--quiet", "HEAD")
    if not head:
        return None
    return head + ("+" if _git(checkout, "status", "--porcelain", "--", f":(exclude){LOG}") else "")


def _git(checkout: Path, *words: str) -> str:
    # Without optional locks, so that a git command run by somebody else is never in the way.
    command = ["git", "--no-optional-locks", "-C", str(checkout), *words]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:  # no git on this machine
        return ""


def _append_line(path: Path, line: str) -> None:
    """Append in one write, so that processes that log at the same time never mix their lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        data = (line + "\n").encode()
        if os.write(handle, data) != len(data):
            raise OSError(f"{path}: the disk is full")
    finally:
        os.close(handle)
