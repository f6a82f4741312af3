"""The record: how a file was made, as JSON in its metadata; `replay` calls the function again.

    {"function": "upscale", "options": {"scale": 4}, "files": {"pictures": ["a.png", SHA-256]},
     "model": SHA-256, "version": "0.1.0"}

Options are those that change pixels (core/calls.py) and differ from their defaults. Files are named
without their folder.
How each format holds the text is in io/image.py.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from trombine import __version__
from trombine.io.files import digest


def record_of(
    function: str,
    options: Mapping[str, Any],
    *,
    files: Mapping[str, Path | Sequence[Path]] | None = None,
    model: str | None = None,
) -> dict[str, Any]:
    """The record of a call: the function, its options, and files by argument, where a list argument
    may name several."""
    hashes = {name: _hashes(paths) for name, paths in (files or {}).items()}
    record = {
        "function": function,
        "options": dict(options),
        "files": hashes,
        "model": model,
        "version": __version__,
    }
    return {name: value for name, value in record.items() if value not in (None, {})}


def _hashes(paths: Path | Sequence[Path]) -> list[Any]:
    if isinstance(paths, Path):
        return [paths.name, digest(paths)]
    return [[path.name, digest(path)] for path in paths]


def versions(needs: tuple[str, ...] = ()) -> dict[str, str]:
    """Versions that determine pixels: trombine, numpy, pillow, `needs` and the platform."""
    packages = {name: version(name) for name in ("numpy", "pillow", *needs)}
    system = f"{sys.platform}-{platform.machine()}".lower()
    return {"trombine": __version__, **packages, "platform": system}
