"""Texts: JSON that may be anybody's, and how deep it may be; columns under one another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

DEEPEST: Final = 50  # lists and objects inside one another; trombine's own have about ten


def from_json(text: str | bytes, **options: Any) -> Any:
    """What json.loads makes of a text; a ValueError too where it is nested deeper than DEEPEST."""
    try:
        content = json.loads(text, **options)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
    _check_depth(content)
    return content


def _check_depth(content: Any) -> None:
    level = [content]
    for _ in range(DEEPEST):
        level = [inner for item in level for inner in _inside(item)]
        if not level:
            return
    raise ValueError("is nested too deeply")


def _inside(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def aligned(rows: Iterable[Sequence[str]], *, right: bool = False) -> list[str]:
    """Rows of as many cells each, as lines with their columns one under the other."""
    cells = list(rows)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    pad = str.rjust if right else str.ljust
    lines = ("  ".join(map(pad, row, widths)) for row in cells)
    return [line.rstrip() for line in lines]
