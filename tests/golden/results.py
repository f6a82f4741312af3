"""What the cases gave when make.py last ran, and what differs from it."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from cases import Value, Values
from PIL import Image

RESULTS: Final = Path(__file__).parent / "results"
FILE: Final = RESULTS / "golden.json"
# Of numbers, relative; of one that is less than a hundredth of the largest of its list, to that.
HERE, ELSEWHERE = 1e-5, 1e-3  # on the processor of the results, and on others
GRADIENT_ELSEWHERE: Final = 0.05  # lengths of gradients, in which rounding grows
FITTED_ELSEWHERE: Final = 0.5  # numbers that a search found,
FITTED_OTHERWISE: Final = 0.1  # but for this share: it may end in another place
LEVELS: Final = 1  # of 255, of pictures
FITTED_LEVELS: Final = 1.5  # in the mean, elsewhere
LABELS: Final = 0.001  # the share of pixels


def surroundings() -> dict[str, str]:
    """What last digits depend on."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*: (.*)$", info.read_text() if info.exists() else "", re.M)
    return {
        "processor": found[1] if found else platform.processor() or platform.machine(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


@cache
def stored() -> dict[str, Any]:
    return json.loads(FILE.read_text())


def kept(case: str) -> Values:
    """A case's values as they were."""
    values: Values = dict(stored()["cases"][case])
    start = f"{stem(case)}."
    for path in RESULTS.glob(f"{start}*.png"):
        values[path.name.removeprefix(start).removesuffix(".png")] = np.asarray(Image.open(path))
    return values


def save(found: dict[str, Values]) -> None:
    """Keep all of it, and nothing else: a line for each list of numbers, a file for a picture."""
    RESULTS.mkdir(exist_ok=True)
    pictures: set[Path] = set()
    cases: list[str] = []
    for case, values in found.items():
        lines: list[str] = []
        for name, value in values.items():
            if isinstance(value, np.ndarray):
                path = RESULTS / f"{stem(case)}.{name}.png"
                pictures.add(path)
                if not (path.exists() and np.array_equal(np.asarray(Image.open(path)), value)):
                    Image.fromarray(value).save(path, optimize=True)
            else:
                lines.append(f"   {json.dumps(name)}: {json.dumps(_rounded(value))}")
        cases.append(f"  {json.dumps(case)}: {{\n" + ",\n".join(lines) + "\n  }")
    for path in set(RESULTS.glob("*.png")) - pictures:
        path.unlink()
    made = json.dumps(surroundings())
    FILE.write_text(f'{{\n "made with": {made},\n "cases": {{\n' + ",\n".join(cases) + "\n }\n}\n")


def stem(case: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", case)


def _rounded(value: Value) -> Any:
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def differences(wanted: Values, found: Values, is_fitted: bool = False) -> Iterator[str]:
    """What has changed, in words.

    On another processor than that of the results numbers are compared less closely, what a search
    found loosely, and hashes not at all: painters are the same on one processor.
    """
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found or name not in wanted:
            yield f"{name} is {'gone' if name in wanted else 'new'}"
        elif text := _difference(name, wanted[name], found[name], is_fitted):
            yield f"{name}: {text}"


def _difference(name: str, wanted: Value, found: Value, is_fitted: bool) -> str:
    is_here = stored()["made with"] == surroundings()
    if isinstance(wanted, str) and isinstance(found, str):
        is_equal = wanted == found or (not is_here and len(wanted) == len(found) == 64)
        return "" if is_equal else f"{found[:12]}, not {wanted[:12]}"
    if isinstance(wanted, np.ndarray) and isinstance(found, np.ndarray):
        if wanted.shape != found.shape:
            return f"{found.shape}, not {wanted.shape}"
        apart = np.abs(wanted.astype(int) - found)
        if is_fitted and not is_here:
            is_close = apart.mean() <= FITTED_LEVELS
            return "" if is_close else f"{apart.mean():.1f} levels apart in the mean"
        share = float((apart > LEVELS).mean())
        if wanted.ndim == 2:
            others = float((apart > 0).mean())
            return f"{others:.2%} of the labels are others" if others > LABELS else ""
        return f"{share:.2%} of the samples differ, by up to {apart.max()} levels" * (share > 0)
    one, other = np.atleast_1d(wanted), np.atleast_1d(found)
    if one.dtype.kind != "f" or other.dtype.kind != "f" or one.shape != other.shape:
        return f"{other.shape} of {other.dtype}, not {one.shape} of {one.dtype}"
    size = np.maximum(np.abs(one), np.abs(one).max() / 100)
    elsewhere = GRADIENT_ELSEWHERE if name.endswith("/gradient") else ELSEWHERE
    relative = HERE if is_here else FITTED_ELSEWHERE if is_fitted else elsewhere
    apart = np.abs(one - other) - size * relative
    at = int(np.argmax(apart))  # a NaN is first
    allowed = FITTED_OTHERWISE if is_fitted and not is_here else 0.0
    is_close = (apart > 0).mean() <= allowed and not np.isnan(apart[at])
    return "" if is_close else f"{other[at]:.9g}, not {one[at]:.9g}"
