"""Texts that may be anybody's, bounded before they are read: specs, and JSON.

What trombine reads of texts takes time in proportion to their length; these limits say how long
that is at most, and how deep.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

LONGEST: Final = 10_000  # letters of a spec: of pictures, masks, a net, a setting
DEEPEST: Final = 50  # lists and objects inside one another; trombine's own have about ten
_SHOWN: Final = 40  # letters of one that is too long


def check_length(text: str, error: Callable[[str], Exception]) -> str:
    """Return a text that is no longer than a spec may be; else raise `error` of a line."""
    if len(text) > LONGEST:
        what = f"is {len(text):,} letters long, and at most {LONGEST:,} are read"
        raise error(f"{text[:_SHOWN]!r}...: {what}; write a shorter one")
    return text


def from_json(text: str | bytes, **options: Any) -> Any:
    """What json.loads makes of a text; a ValueError too where it is nested deeper than DEEPEST."""
    try:
        found = json.loads(text, **options)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
    _check_depth(found)
    return found


def _check_depth(found: Any) -> None:
    level = [found]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return
    raise ValueError("is nested too deeply")


def _inside(one: Any) -> Any:
    if isinstance(one, dict):
        return one.values()
    return one if isinstance(one, list) else ()
