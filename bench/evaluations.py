"""The log of evaluations, evaluations.jsonl: a line for each use of a frozen protocol's pictures.

It is committed, so that choosing by peeking would show.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float

from trombine.core.errors import InputError
from trombine.eval.stats import student
from trombine.metrics import CHECKOUT, PROTOCOL_SEEDS, Protocol, commit_of
from trombine.metrics.similarity import PerPicture

LOG: Final = Path(__file__).with_suffix(".jsonl")


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


def log_evaluation(
    protocol: Protocol,
    model_hash: str | None,
    figures: Sequence[Figure],
    path: Path | None = None,
) -> bool:
    """Append these figures to the log, or to another file, if the pictures are a frozen protocol's;
    `model_hash` is None where there is no model. Returns whether a line was written."""
    if any(result.protocol != protocol.hash for result in figures):
        raise InputError(f"these figures are not all under protocol {protocol.hash}")
    if not protocol.public and not any(seed in PROTOCOL_SEEDS for seed in protocol.seeds):
        return False
    entry = {
        "commit": commit_of(CHECKOUT),
        "model": model_hash,
        "protocol": protocol.hash,
        "name": protocol.name,
        "conditions": protocol.canonical(),
        "figures": [_plain(result) for result in figures],
    }
    with (path or LOG).open("a") as file:
        file.write(json.dumps(entry, sort_keys=True, allow_nan=False) + "\n")
    return True


def _plain(result: Figure) -> dict[str, object]:
    numbers = {"mean": result.mean, "low": result.low, "high": result.high}
    rounded = {name: round(value, 6) for name, value in numbers.items()}
    about = {"method": result.method, "measure": result.measure, "count": result.count}
    return {**about, **rounded}
