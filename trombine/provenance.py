"""What determines a picture's pixels, as a small JSON that travels inside the picture's file.

A record holds the verb, its options, the seed, the model's hash, the inputs by name and hash, the
versions, and what was resolved (tile, batch, threads, precision). It holds no paths, times, worker
counts or names of machines, so the same work gives the same bytes. `replay` remakes the picture
from it. How each format carries the text is in io/image.py.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from trombine import __version__, devices
from trombine.io.files import digest, opened
from trombine.refusal import InputError, about, shortened, shown
from trombine.texts import from_json

KEY: Final = "trombine"
FORMAT: Final = 1
# A record's text is bounded, so that reading one from a hostile file stays cheap.
LONGEST: Final = 1 << 20
MOST_VERSIONS: Final = 100  # trombine's own have half a dozen

REMAKE: Final = "make the picture anew"
_KIND: Final = {int: "a whole number from 0 on", float: "a number", str: "a text"}
_LARGEST: Final = 2**63 - 1


def record(
    verb: str,
    options: Mapping[str, Any],
    *,
    seed: int | None = None,
    inputs: Mapping[str, str] | None = None,
    model: str | None = None,
    resolved: Mapping[str, Any] | None = None,
    needs: tuple[str, ...] = (),
) -> dict[str, Any]:
    """What determines a picture: a dict that JSON holds exactly.

    `inputs` gives the SHA-256 of each input by its name (no folder), `model` the model's hash,
    `resolved` what was chosen at run time. `needs` names installed packages that determine the
    pixels beside numpy and pillow ("torch", "numba"), so that their versions are recorded.
    """
    fields = {
        "format": FORMAT,
        "verb": verb,
        "options": dict(options),
        "seed": seed,
        "inputs": dict(inputs or {}),
        "model": model,
        "resolved": dict(resolved or {}),
        "versions": versions(needs),
    }
    return loads(dumps({name: value for name, value in fields.items() if value not in (None, {})}))


def dumps(record: Mapping[str, Any]) -> str:
    """The record as one line of ASCII: sorted keys, no spaces, no NaN; the same text each time."""
    try:
        return json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"a record holds only what JSON holds: {error}", REMAKE) from error


def loads(text: str) -> dict[str, Any]:
    """The record that `dumps` wrote. The text comes from a file, so nothing in it is trusted."""
    if len(text) > LONGEST:
        raise InputError("its record is too long to be one of trombine's", REMAKE)
    try:
        content = from_json(text)
    except ValueError as error:
        raise InputError("its record is not JSON", REMAKE) from error
    return checked(content)


def read(path: Path) -> dict[str, Any] | None:
    """The record in the file of a picture; None where trombine did not make it."""
    from trombine.io.image import read_record

    with about(path):
        record = read_record(path)
        return None if record is None else checked(record)


def checked(content: Any) -> dict[str, Any]:
    """A record out of anybody's file, if it is of the form that `record` gives."""
    if not isinstance(content, dict) or not isinstance(content.get("verb"), str):
        raise InputError("its record names no verb", REMAKE)
    _check_format(content.get("format"))
    if not isinstance(content.get("options", {}), dict):
        raise InputError("its record gives no options by name", REMAKE)
    for part in ("inputs", "versions"):
        _check_names(content.get(part, {}), part)
    return content


def _check_format(number: Any) -> None:
    if number is None:
        raise InputError("its record gives no format", REMAKE)
    if type(number) is not int or number < 1:  # a bool is an int too
        raise InputError(f"its record gives {shortened(repr(number))} as its format", REMAKE)
    if number > FORMAT:
        raise InputError("its record was written by a newer trombine", "update this one")


def _check_names(part: Any, title: str) -> None:
    if not isinstance(part, dict) or not all(isinstance(value, str) for value in part.values()):
        raise InputError(f"its record gives {title} as something else than names and texts", REMAKE)
    if any(name in ("", "..") or "/" in name or "\\" in name for name in part):
        raise InputError(f"its record gives {title} by path; a record holds only names", REMAKE)
    if title == "versions" and len(part) > MOST_VERSIONS:
        raise InputError(f"its record names {len(part):,} versions, more than any has", REMAKE)


def versions(needs: tuple[str, ...] = ()) -> dict[str, str]:
    """Versions of what determines pixels here: trombine, numpy, pillow, `needs`, the platform."""
    packages = {name: _version(name) for name in ("numpy", "pillow", *needs)}
    system = f"{sys.platform}-{platform.machine()}".lower()
    return {"trombine": __version__, **packages, "platform": system}


@lru_cache
def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except (PackageNotFoundError, ValueError):
        return "not installed"


def check_holds(
    record: Mapping[str, Any], expected: Mapping[str, type], may: Mapping[str, type] | None = None
) -> None:
    """Refuse a record that does not hold what its verb writes: it was edited or made up."""
    held = dict(record.get("options", {}))
    held |= {"seed": record["seed"]} if "seed" in record else {}
    optional = {name: kind for name, kind in (may or {}).items() if name in held}
    for name, kind in {**expected, **optional}.items():
        value = held.pop(name, None)
        # The exact type: True is an int too.
        if type(value) is not kind or (isinstance(value, int) and not 0 <= value <= _LARGEST):
            is_now = "nothing" if value is None else shortened(repr(value))
            raise InputError(f"its record gives {is_now} as {name}, not {_KIND[kind]}", REMAKE)
    if held:
        names, verb = shortened(", ".join(sorted(held))), shortened(record["verb"])
        raise InputError(f"its record gives {names}, which {verb} does not take", REMAKE)


@contextmanager
def following() -> Iterator[None]:
    """Inside, a record is followed: whatever goes wrong is an InputError about the record."""
    from trombine.memory import ran_out

    try:
        yield
    except Exception as error:  # there is no list of what a stranger's record may lead to
        if ran_out(error):
            raise
        raise not_followed(error) from error


def not_followed(error: Exception) -> InputError:
    """Why a record cannot be followed; a file that the error names is one it is made from."""
    if isinstance(error, InputError) and error.path is not None:
        problem = f"was made from {shortened(error.path.name)}, which {error.problem}"
        return InputError(problem, error.remedy)
    is_ours = type(error).__module__.startswith("trombine.")
    why = str(error) if is_ours else f"{type(error).__name__}: {error}"
    why = error.problem if isinstance(error, InputError) else why
    why = shortened(" ".join(why.split()), 200)
    return InputError(f"has a record that cannot be followed ({why})", REMAKE)


def differences(record: Mapping[str, Any]) -> list[str]:
    """What the record was made with that differs here, as in 'numpy 2.1.0 then, 2.4.6 now'."""
    then = record.get("versions", {})
    now = versions(tuple(sorted(set(then) - set(versions()))))
    changed = [name for name in sorted(then) if then[name] != now[name]]
    lines = [f"{shortened(name)} {shortened(then[name])} then, {now[name]} now" for name in changed]
    device = devices.recorded(record)
    is_here = device == devices.CPU or devices.usable(device)
    return lines if is_here else [f"device {device} then, {devices.CPU} now", *lines]


def digests_of(inputs: Iterable[Path]) -> dict[Path, str]:
    """The hash of each file that a picture is made from; an InputError names one that is bad."""
    return {path: _input_digest(path) for path in inputs}


def check_name(path: Path) -> None:
    """Refuse a file that no record may name."""
    if "\\" in path.name:  # on some systems a path
        problem = "has a backslash in its name, which no record of a picture may have"
        raise InputError(problem, "rename it", path=path)


def _input_digest(path: Path) -> str:
    check_name(path)
    with opened(path):  # which says in a line why not
        return digest(path)


def check_unchanged(digests: Mapping[Path, str]) -> None:
    """Refuse a file that was changed while it was read: its hash would be another picture's."""
    for path, then in digests.items():
        if _input_digest(path) != then:
            problem = "was changed while it was read"
            raise InputError(problem, "run the same command again once it is whole", path=path)


def find_inputs(record: Mapping[str, Any], folder: Path | None) -> dict[str, Path]:
    """Where the record's inputs lie in `folder`, by name: each is there and has its hash."""
    hashes = record.get("inputs", {})
    if not hashes:
        return {}
    if folder is None:
        names = shortened(", ".join(sorted(hashes)), 200)
        raise InputError(f"was made from {names}", "name the folder of that with --inputs")
    return {name: _find_input(folder / name, hashes[name]) for name in sorted(hashes)}


def _find_input(path: Path, expected: str) -> Path:
    name, folder = shortened(path.name), shown(path.parent)
    try:
        actual = digest(path) if path.is_file() else None
    except OSError as error:  # too long a name for a file, or one that may not be read
        why = (error.strerror or str(error)).lower()
        problem = f"was made from {name}, which cannot be read in {folder} ({why})"
        raise InputError(problem, "name another folder with --inputs") from error
    if actual is None:
        problem = f"was made from {name}, which is not in {folder} (subfolders are not searched)"
        raise InputError(problem, "name another folder with --inputs")
    if actual != expected:
        problem = f"was made from another {name} than the one in {folder}"
        raise InputError(problem, "name another folder with --inputs")
    return path
