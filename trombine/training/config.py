"""What is to be trained and with what: the config, what no run can have, what makes it another run.

A run goes on with the settings, pictures and start that it was begun with: its recipe.json is
compared with what is asked for now, and the first line of a refusal names what differs.

Device, precision and threads are chosen once and frozen in the run, for bits depend on them.
Threads: half of the cores, four at most; two jobs side by side then use a small machine well, and
idle threads never spin (see __main__.py). bf16: where the processor has instructions for it, which
makes U-Nets and GANs 1.6 times faster and more; without them it would be slower than float32.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, final

import torch

from trombine.core.computing import cores
from trombine.core.devices import CPU, resolve, usable
from trombine.core.errors import InputError, shown
from trombine.data.reading import TILES
from trombine.data.source import parse, spell
from trombine.losses.objective import Objective
from trombine.nets import Net, build, has_batch_statistics
from trombine.recipes import Freeze, Recipe
from trombine.runs.folder import RunFolder

MOST_THREADS: Final = 4
DTYPES: Final = {"float32": torch.float32, "bf16": torch.float32, "float64": torch.float64}


@final
@dataclass(frozen=True, kw_only=True)
class Machine:
    """What bits depend on besides the recipe."""

    device: str
    precision: str
    threads: int

    @property
    def dtype(self) -> torch.dtype:
        """Of weights and pictures; with bf16 only what is computed in between is shorter."""
        return DTYPES[self.precision]

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    def autocast(self, *, exact: bool = False) -> torch.autocast:
        """Compute in bf16 where that is the run's precision, unless it must be exact."""
        enabled = self.precision == "bf16" and not exact
        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=enabled)

    def place(self, net: Net, device: torch.device) -> Net:
        """The net where and how it is computed: pictures come with their colours side by side."""
        return net.to(device, self.dtype).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def choose(recipe: Recipe) -> Machine:
    """What `auto` means here."""
    device = recipe.device
    if device == "auto":
        device = "cuda" if usable("cuda") else CPU
    device = resolve(device)
    if recipe.threads > (limit := cores()):
        raise InputError(
            f"{recipe.threads} threads are asked for, and this machine has {limit} cores; give"
            f" --threads {limit} or fewer"
        )
    precision = recipe.precision
    if precision == "auto":
        precision = "bf16" if has_bf16(device) else "float32"
    threads = recipe.threads or min(MOST_THREADS, max(1, cores() // 2))
    return Machine(device=device, precision=precision, threads=threads)


def has_bf16(device: str) -> bool:
    """Whether the device has instructions that multiply bf16."""
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def prepare(machine: Machine) -> None:
    """Make torch compute so that the same step gives the same bits."""
    torch.set_num_threads(machine.threads)
    if machine.device == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cudnn.benchmark = False
        torch.use_deterministic_algorithms(True, warn_only=True)


@final
@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """What is to be trained, and where its run is kept."""

    name: str  # of the recipe
    recipe: Recipe
    folder: Path
    tensorboard: bool = True  # write its events too
    command: str = ""  # by which it was asked for, without the run's folder
    clock: Callable[[], float] = time.monotonic  # in seconds; of results only --minutes needs it


def check(config: TrainConfig, objective: Objective[Any]) -> None:
    """Refuse settings that no run can have, and a folder that is not for a run."""
    recipe = config.recipe
    if recipe.best and recipe.best not in objective.measures:
        listed = ", ".join(objective.measures)
        raise InputError(f"best is one of {listed}; not {recipe.best!r}")
    if bool(recipe.other) != ("other" in objective.streams):
        kinds = "one kind of pictures, --data" if recipe.other else "two kinds: --data and --other"
        raise InputError(f"other: this recipe learns from {kinds}")
    nets = {role: build(net.name, net.sizes) for role, net in recipe.nets.items()}
    layers = dict(nets[objective.main].named_modules())
    if unknown := [part for part in Freeze.parse(recipe.freeze).parts if part not in layers]:
        listed = ", ".join(name for name, _ in nets[objective.main].named_children())
        raise InputError(f"freeze: the net has no part {shown(unknown[0])}; it has {listed}")
    bad = [role for role, net in nets.items() if has_batch_statistics(net)]
    if bad and recipe.devices > 1:
        raise InputError(
            f"{' and '.join(bad)}: batch norm on {recipe.devices} processes would see a part of"
            " each batch and learn something else; set norm=group, or train on one device"
        )
    _check_folder(config, objective)


def _check_folder(config: TrainConfig, objective: Objective[Any]) -> None:
    """Refuse a folder in which the run would mix with other files, or with its own pictures."""
    run = config.folder.resolve()
    for spec in streams_of(config.recipe, objective.streams).values():
        for term in parse(spec):
            if term.kind in ("folder", TILES) and run.is_relative_to(term.place.resolve()):
                raise InputError(
                    f"is inside {shown(term.path)}, and its samples would"
                    " become pictures to learn from; give another -o",
                    path=config.folder,
                )
    if RunFolder(config.folder).exists or not config.folder.is_dir():
        return
    if any(not path.name.startswith(".") for path in config.folder.iterdir()):
        raise InputError("holds other files; give another -o", path=config.folder)


def streams_of(recipe: Recipe, streams: tuple[str, ...]) -> dict[str, str]:
    """The spec of each stream of an objective: the field of the recipe that has its name.

    An enlarger learns from squares of a folder's pictures, at their own size: shrunk to the size of
    its pictures, a photograph would lack the texture that it is to add.
    """
    specs = {stream: getattr(recipe, stream) for stream in streams}
    if recipe.task != "upscale":
        return specs
    return {stream: _in_squares(spec) for stream, spec in specs.items()}


def _in_squares(spec: str) -> str:
    """The spec with squares in place of each folder's whole pictures; layouts and packs stay."""
    terms = parse(spec)
    if all(term.kind != "folder" for term in terms):
        return spec
    return spell(
        tuple(replace(term, kind=TILES) if term.kind == "folder" else term for term in terms)
    )
