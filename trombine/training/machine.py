"""What a run is computed with: device, precision, memory order and threads, chosen once.

What is chosen is frozen in the run, for bits depend on it. Threads: half of the cores, four at
most; two jobs side by side then use a small machine well, and idle threads never spin (see
__main__.py). bf16: where the processor has instructions for it, which makes U-Nets and GANs 1.6
times faster and more; without them it would be slower than float32.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any, Final, final

import torch

from trombine.core.computing import cores
from trombine.core.devices import CPU, resolve, usable
from trombine.core.errors import InputError
from trombine.nets import Net
from trombine.recipes.recipe import Recipe

MOST_THREADS: Final = 4
DTYPES: Final = {"float32": torch.float32, "bf16": torch.float32, "float64": torch.float64}


@final
@dataclass(frozen=True, kw_only=True)
class Machine:
    """What bits depend on besides the recipe."""

    device: str
    precision: str
    layout: str
    threads: int

    @property
    def dtype(self) -> torch.dtype:
        """Of weights and pictures; with bf16 only what is computed in between is shorter."""
        return DTYPES[self.precision]

    @property
    def memory_format(self) -> torch.memory_format:
        """Of weights; pictures come with their colours side by side."""
        last = self.layout == "channels_last"
        return torch.channels_last if last else torch.contiguous_format

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    def autocast(self, *, exact: bool = False) -> torch.autocast:
        """Compute in bf16 where that is the run's precision, unless it must be exact."""
        enabled = self.precision == "bf16" and not exact
        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=enabled)

    def place(self, net: Net, device: torch.device) -> Net:
        """The net where and how it is computed."""
        return net.to(device, self.dtype).to(memory_format=self.memory_format)  # pyright: ignore[reportCallIssue]


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
    layout = "channels_last" if recipe.layout == "auto" else recipe.layout
    return Machine(
        device=device,
        precision=precision,
        layout=layout,
        threads=recipe.threads or usual_threads(),
    )


def has_bf16(device: str) -> bool:
    """Whether the device has instructions that multiply bf16."""
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def usual_threads() -> int:
    """Half of the cores that this process may use, four at most."""
    return min(MOST_THREADS, max(1, cores() // 2))


def prepare(machine: Machine) -> None:
    """Make torch compute so that the same step gives the same bits."""
    torch.set_num_threads(machine.threads)
    if machine.device == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cudnn.benchmark = False
        torch.use_deterministic_algorithms(True, warn_only=True)
