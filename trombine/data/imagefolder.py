"""The keys of metadata.jsonl, as painting.py writes them and layouts/ reads them."""

from __future__ import annotations

from typing import Any, Final

METADATA: Final = "metadata.jsonl"
CSV: Final = "metadata.csv"
FILE_NAME: Final = "file_name"
PARTS_FILE_NAME: Final = "parts_file_name"
LABEL: Final = "label"

Line = dict[str, Any]  # one line of metadata.jsonl


def sides_of(line: Line) -> tuple[str, ...]:
    """What stands before the keys of each picture of a line: ("",), or the names of a pair."""
    if FILE_NAME in line:
        return ("",)
    ends = f"_{FILE_NAME}"
    pictures = [key for key in line if key.endswith(ends) and not key.endswith(PARTS_FILE_NAME)]
    return tuple(key.removesuffix(ends) for key in pictures)


def join(prefix: str, name: str) -> str:
    """The key of a side's `name`, or its folder."""
    return f"{prefix}_{name}" if prefix else name
