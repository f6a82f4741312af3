"""The record: how a file was made, as JSON in its metadata; `replay` calls the function again.

    {"function": "upscale", "options": {"scale": 4}, "files": {"pictures": ["a.png", SHA-256]},
     "model": SHA-256, "version": "0.1.0"}

Options are those that differ from the function's defaults. Files are named without their folder.
How each format holds the text is in io/image.py.
"""

from __future__ import annotations

import inspect
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from trombine import __version__
from trombine.io.files import digest

# Arguments that change no pixel, or that follow from the names of files.
_LEFT_OUT: Final = frozenset(
    (
        *("pictures", "output", "recursive", "suffix", "overwrite", "format", "progress"),
        *("threads", "cluster"),
    )
)


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


def changed_options(
    function: Callable[..., Any], arguments: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Path]]:
    """The arguments that differ from their defaults and change a result: values, and files."""
    parameters = inspect.signature(function).parameters
    changed = {
        name: arguments[name]
        for name, parameter in parameters.items()
        if name in arguments and name not in _LEFT_OUT and arguments[name] != parameter.default
    }
    files = {name: value for name, value in changed.items() if isinstance(value, Path)}
    return {name: value for name, value in changed.items() if name not in files}, files


def versions(needs: tuple[str, ...] = ()) -> dict[str, str]:
    """Versions that determine pixels: trombine, numpy, pillow, `needs` and the platform."""
    packages = {name: version(name) for name in ("numpy", "pillow", *needs)}
    system = f"{sys.platform}-{platform.machine()}".lower()
    return {"trombine": __version__, **packages, "platform": system}
