"""What commands wrote."""

from __future__ import annotations

from pathlib import Path

from trombine import replay


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its name in it."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def is_made_again(*made: Path, inputs: Path | None = None) -> bool:
    """By their records, from what lies in the folder of inputs, else beside them."""
    told = replay(made, inputs=inputs).summary.splitlines()
    return len(told) == len(made) and all(" the same " in line for line in told)
