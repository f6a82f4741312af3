"""How a file was made, as one JSON in its metadata; `replay` calls the function again by it.

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
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from trombine import __version__
from trombine.io.files import digest

# Arguments that change no pixel, or that the names of files tell.
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
    """The record of what a function makes with these options, of these files by argument; of a
    list that names some files among others, each of them."""
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
    """Of a call's arguments those that differ from the defaults and change a result: values, and
    files."""
    parameters = inspect.signature(function).parameters
    changed = {
        name: arguments[name]
        for name, parameter in parameters.items()
        if name in arguments and name not in _LEFT_OUT and arguments[name] != parameter.default
    }
    files = {name: value for name, value in changed.items() if isinstance(value, Path)}
    return {name: value for name, value in changed.items() if name not in files}, files


def versions(needs: tuple[str, ...] = ()) -> dict[str, str]:
    """Versions of what determines pixels here: trombine, numpy, pillow, `needs`, the platform."""
    packages = {name: _version(name) for name in ("numpy", "pillow", *needs)}
    system = f"{sys.platform}-{platform.machine()}".lower()
    return {"trombine": __version__, **packages, "platform": system}


@lru_cache
def _version(package: str) -> str:
    try:
        return version(package)
    except (PackageNotFoundError, ValueError):
        return "not installed"
