"""`doctor`: versions, hardware, extras, folders and environment variables.

Nothing is written or downloaded. The output has the same lines on every machine.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import torch

from trombine.commands import VARIABLES
from trombine.commands.options import verb
from trombine.core.computing import cores
from trombine.core.errors import shown
from trombine.core.progress import Result
from trombine.io.files import cache_folder

# Libraries whose versions matter for pictures and speed.
LIBRARIES = ("torch", "numpy", "numba", "scipy", "scikit-image", "pillow", "tifffile", "cyclopts")

# What each extra of pyproject.toml adds; a test fails on one that is missing here.
EXTRAS = {
    "tensorboard": "a run's curves and samples in TensorBoard too",
    "export": "models as ONNX, for other programs",
    "heif": "HEIC, as phones save photographs, is read",
    "diffusers": "inpainting pipelines of others, by folder or name of the hub",
    "foreign": "other people's nets (ESRGAN, SwinIR, LaMa and more), by file",
    "cluster": "--cluster: many machines work on a folder, by Ray",
    "opencv": "OpenCV's Telea as a baseline of judge compare",
    "hub": "sets of pictures of the Hugging Face hub",
    "docs": "the guides as a site, by make docs",
    "dev": "the tests, ruff and pyright: for work on trombine itself",
}


Rows = Iterator[tuple[str, str]]


@verb
def doctor() -> Result:
    """Say what this machine can do, and where files are kept.

    For example:
      trombine doctor
      TROMBINE_CACHE=cache trombine doctor

    Versions, cores, threads, GPU, extras, folders. Nothing is written.
    """
    found = {topic: list(rows()) for topic, rows in TOPICS.items()}
    width = max(len(name) for rows in found.values() for name, _ in rows)
    parts = [
        "\n".join([topic, *(f"  {name.ljust(width)}  {value}" for name, value in rows)])
        for topic, rows in found.items()
    ]
    return Result(summary="\n\n".join(parts))


def _versions() -> Rows:
    yield "trombine", installed("trombine") or "not installed: run from its folder"
    yield "python", f"{platform.python_version()}, {sys.implementation.name}"
    for name in LIBRARIES:
        yield name, installed(name) or "missing: pip install trombine again"


def _machine() -> Rows:
    yield "system", f"{platform.system()} {platform.release()}, {platform.machine()}"
    yield "cores", f"{cores()} for this process, {os.cpu_count()} in the machine"
    yield "memory", memory()
    yield "threads", f"{torch.get_num_threads()} for torch"
    yield "GPU", gpu()


def gpu() -> str:
    """The GPUs that torch can use, or why there is none."""
    if torch.cuda.is_available():
        cards = (torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count()))
        names = ", ".join(f"{card.name} ({size(card.total_memory)})" for card in cards)
        return f"{names}: used by --device cuda or auto"
    if torch.backends.mps.is_available():
        return "Apple GPU (mps): used by --device mps or auto"
    build = "for the CPU only" if torch.version.cuda is None else "for CUDA, which finds no card"
    return f"none: this torch is {build}"


def memory() -> str:
    """The machine's memory."""
    try:
        return size(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # Windows, or a system that does not say
        return "unknown"


def size(count: int) -> str:
    """A number of bytes for people."""
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{count / 2**20:.1f} MB"


def _extras() -> Rows:
    for extra, adds in EXTRAS.items():
        lacking = [name for name in packages_of(extra) if installed(name) is None]
        cure = f"lacks {', '.join(lacking)}: pip install 'trombine[{extra}]'"
        yield extra, f"{adds} ({cure if lacking else 'here'})"


def packages_of(extra: str) -> list[str]:
    """The packages that this extra brings, as the installed trombine declares them."""
    marker = f"extra == '{extra}'"
    try:
        lines = requires("trombine") or []
    except PackageNotFoundError:
        return []
    wanted = [line for line in lines if marker in line.replace('"', "'")]
    return [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in wanted]


def _places() -> Rows:
    yield "cache", described(cache_folder())
    yield "program", shown(Path(__file__).parent.parent)


def described(folder: Path) -> str:
    """A folder, and how much is in it."""
    if not folder.exists():
        return f"{shown(folder)} (not there yet)"
    total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return f"{shown(folder)} ({size(total)})"


def _variables() -> Rows:
    for name, does in VARIABLES.items():
        yield name, f"{os.environ.get(name, 'not set')} ({does})"


def installed(name: str) -> str | None:
    """The version of an installed package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


TOPICS = {
    "Versions": _versions,
    "Machine": _machine,
    "Extras": _extras,
    "Files": _places,
    "Environment": _variables,
}
