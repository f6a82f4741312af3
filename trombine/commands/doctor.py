"""`doctor`: versions, hardware, extras, folders and environment variables.

Nothing is written or downloaded. The output has the same lines on every machine.
"""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import torch

from trombine.commands import VARIABLES
from trombine.commands.options import verb
from trombine.core.computing import cores
from trombine.core.errors import shown
from trombine.core.progress import Result
from trombine.core.texts import aligned
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


@verb
def doctor() -> Result:
    """Show versions, hardware and paths.

    For example:
      trombine doctor
      TROMBINE_CACHE=cache trombine doctor

    Cores, threads, GPU, extras and folders are shown, too; nothing is written.
    """
    topics = {
        "Versions": {
            "trombine": installed("trombine") or "not installed: run from its folder",
            "python": platform.python_version(),
            **{name: installed(name) or "missing" for name in LIBRARIES},
        },
        "Machine": {
            "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
            "cores": f"{cores()} for this process, {os.cpu_count()} in the machine",
            "threads": f"{torch.get_num_threads()} for torch",
            "GPU": gpu(),
        },
        "Extras": {name: extra(name) for name in EXTRAS},
        "Files": {"cache": folder(cache_folder()), "program": shown(Path(__file__).parents[1])},
        "Environment": {
            name: f"{os.environ.get(name, 'not set')} ({does})" for name, does in VARIABLES.items()
        },
    }
    lines = iter(aligned([row for rows in topics.values() for row in rows.items()]))
    parts = ["\n".join([topic, *(f"  {next(lines)}" for _ in topics[topic])]) for topic in topics]
    return Result(summary="\n\n".join(parts))


def gpu() -> str:
    """The GPUs that torch can use, or why there is none."""
    if torch.cuda.is_available():
        cards = (torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count()))
        names = ", ".join(f"{card.name} ({card.total_memory / 2**30:.1f} GB)" for card in cards)
        return f"{names}: used by --device cuda or auto"
    if torch.backends.mps.is_available():
        return "Apple GPU (mps): used by --device mps or auto"
    build = "for the CPU only" if torch.version.cuda is None else "for CUDA, which finds no card"
    return f"none: this torch is {build}"


def extra(name: str) -> str:
    """What an extra adds, and which of its packages are not here."""
    try:
        lines = requires("trombine") or []
    except PackageNotFoundError:
        lines = []
    wanted = [line for line in lines if f"extra == '{name}'" in line.replace('"', "'")]
    packages = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in wanted]
    lacking = ", ".join(package for package in packages if installed(package) is None)
    cure = f"lacks {lacking}: pip install 'trombine[{name}]'"
    return f"{EXTRAS[name]} ({cure if lacking else 'here'})"


def folder(path: Path) -> str:
    """A folder, and how much is in it."""
    if not path.exists():
        return f"{shown(path)} (not there yet)"
    total = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return f"{shown(path)} ({total / 2**20:.1f} MB)"


def installed(name: str) -> str | None:
    """The version of an installed package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
