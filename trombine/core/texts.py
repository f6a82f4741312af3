"""Texts: JSON that may be anybody's; settings, counts and columns in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any


def from_json(text: str | bytes, **options: Any) -> Any:
    """What json.loads makes of a text; a ValueError too where it is nested too deeply."""
    try:
        return json.loads(text, **options)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error


def flat(held: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings by their names with dots: ("nets.generator", ...)."""
    for name, value in held.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def counted(count: int, what: str) -> str:
    """So many of what is named in the singular: `1 picture`, `2,000 pictures`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows of as many cells each, as lines with their columns one under the other."""
    cells = list(rows)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)) for row in cells)
    return [line.rstrip() for line in lines]
