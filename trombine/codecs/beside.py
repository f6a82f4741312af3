"""The record of a picture whose format has no room for one, in a file beside it: NAME.bmp.json.

It names the hash of the picture's bytes, so a record that was left behind by another picture of
that name is nobody's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, Final

from trombine.files import OutputError, atomic, output_error
from trombine.provenance import KEY, LONGEST, ProvenanceError, dumps, loads
from trombine.texts import from_json

_HASH: Final = "sha256"
_ROOM: Final = 200  # bytes, for what is around the record


def place(path: Path) -> Path:
    """Where the record of this picture is, if it has one."""
    return path.with_name(f"{path.name}.json")


@contextmanager
def written(path: Path, data: bytes, provenance: dict[str, Any] | None) -> Iterator[None]:
    """Put the record of the picture `data` in its place once the block has written the picture.

    Where the block fails, what was there stays. Without a record, an older one is removed.
    """
    there = place(path)
    if there.exists() and _held(there) is None:
        what = "lies where the record of the picture goes, and is none"
        raise OutputError(there, what, "move it away, or choose another name")
    if provenance is None:
        yield
        _remove(there)
        return
    held = {_HASH: sha256(data).hexdigest(), KEY: json.loads(dumps(provenance))}
    with atomic(there) as part:
        part.write_text(json.dumps(held, sort_keys=True, separators=(",", ":")) + "\n")
        yield


def _remove(there: Path) -> None:
    try:
        there.unlink(missing_ok=True)
    except OSError as error:
        raise output_error(there, error) from error


def record(path: Path) -> dict[str, Any] | None:
    """The record of this picture; None where there is none, or one of another picture."""
    held = _held(place(path))
    if held is None:
        return None
    with path.open("rb") as file:
        found = file_digest(file, "sha256").hexdigest()
    return loads(json.dumps(held[KEY])) if held[_HASH] == found else None


def sound_record(path: Path) -> dict[str, Any] | None:
    """The same, and None where it is broken: the picture itself is not."""
    try:
        return record(path)
    except ProvenanceError:
        return None


def _held(there: Path) -> dict[str, Any] | None:
    """What a file beside a picture holds, if it has the shape that `write` gives it."""
    try:
        if not there.is_file() or there.stat().st_size > LONGEST + _ROOM:
            return None
        held = from_json(there.read_bytes())
    except (OSError, ValueError):
        return None
    return held if isinstance(held, dict) and set(held) == {_HASH, KEY} else None
