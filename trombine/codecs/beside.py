"""The record of a picture whose format has no room for one, in a file beside it: NAME.bmp.json.

It names the hash of the picture's bytes, so a record that was left behind by another picture of
that name is nobody's.
"""

from __future__ import annotations

import json
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, Final

from trombine.files import atomic, flush, output_error, write_bytes
from trombine.provenance import KEY, LONGEST, dumps, loads
from trombine.refusal import InputError
from trombine.texts import from_json

_HASH: Final = "sha256"
_ROOM: Final = 200  # bytes, for what is around the record


def place(path: Path) -> Path:
    """Where the record of this picture is, if it has one."""
    return path.with_name(f"{path.name}.json")


def check_place(path: Path) -> None:
    """Refuse a picture beside which a file of somebody else lies where its record goes."""
    target = place(path)
    if target.exists() and _held(target) is None:
        problem = "lies where the record of the picture goes, and is none"
        raise InputError(problem, "move it away, or choose another name", path=target)


def write(path: Path, data: bytes, provenance: dict[str, Any] | None) -> None:
    """Write the picture `data` and its record; without a record, an older one is removed.

    The record takes its place first: whoever is killed in between leaves one of a picture that is
    not there, which the same command makes. The other way round it would leave a picture of which
    nobody could tell that it is ours.
    """
    check_place(path)
    if provenance is None:
        write_bytes(path, data)
        _remove(place(path))
        return
    held = {_HASH: sha256(data).hexdigest(), KEY: json.loads(dumps(provenance))}
    with atomic(path) as part:
        part.write_bytes(data)
        flush(part)  # a disk that is full says so before an older record is replaced
        text = json.dumps(held, sort_keys=True, separators=(",", ":")) + "\n"
        write_bytes(place(path), text.encode())


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise output_error(path, error) from error


def record(path: Path) -> dict[str, Any] | None:
    """The record of this picture; None where there is none, or one of another picture."""
    held = _held(place(path))
    if held is None:
        return None
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return loads(json.dumps(held[KEY])) if held[_HASH] == digest else None


def sound_record(path: Path) -> dict[str, Any] | None:
    """The same, and None where it is broken: the picture itself is not."""
    try:
        return record(path)
    except InputError:
        return None


def _held(path: Path) -> dict[str, Any] | None:
    """What a file beside a picture holds, if it has the shape that `write` gives it."""
    try:
        if not path.is_file() or path.stat().st_size > LONGEST + _ROOM:
            return None
        held = from_json(path.read_bytes())
    except (OSError, ValueError):
        return None
    return held if isinstance(held, dict) and set(held) == {_HASH, KEY} else None
