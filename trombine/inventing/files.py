"""The files of faces: whether one is there already, and a sheet of some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, sqrt
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import UInt8

from trombine.batch.contents import read_record
from trombine.pages import Sheet
from trombine.refusal import InputError

VERB: Final = "generate"
SHOWN: Final = 400  # pictures of a sheet
_ELSEWHERE: Final = "choose another -o, or add --overwrite"
Pixels = UInt8[np.ndarray, "_ _ 3"]


def is_there(path: Path, wanted: Mapping[str, Any]) -> bool:
    """Whether this file is there; refused is one that was made otherwise, or by others."""
    if path.is_dir():
        raise InputError("is a folder where a picture is to be", "choose another -o", path=path)
    if not path.exists() or not path.stat().st_size:
        return False
    record = read_record(path)
    if record is None:
        raise InputError("is there, and trombine did not make it", _ELSEWHERE, path=path)
    parts = ("verb", "options", "seed", "inputs")  # a newer trombine need not make all again
    if any(record.get(part) != wanted.get(part) for part in parts):
        raise InputError("is there, and was made otherwise", _ELSEWHERE, path=path)
    return True


def sheet_of(pictures: Sequence[Pixels], seeds: str, note: str) -> Pixels:
    """A sheet of the pictures of these seeds."""
    columns = ceil(sqrt(len(pictures)))
    rows = [pictures[start : start + columns] for start in range(0, len(pictures), columns)]
    title = f"seeds {seeds}" if len(seeds) < 40 else f"{len(pictures)} seeds"
    return Sheet(rows=rows, title=title, note=note).pixels()
