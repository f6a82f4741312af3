"""Where nets are computed: on the processor or on a graphics card, and what to do where none is.

A card's results differ from the processor's by at most one level of 255. Torch is loaded inside:
options name the devices, and a help page must not wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trombine.core.errors import InputError

if TYPE_CHECKING:
    import torch
    from torch import nn

CPU: Final = "cpu"
CARDS: Final = ("cuda", "mps")


def usable(name: str) -> bool:
    """Whether torch can compute on a device of this name here."""
    import torch

    if name == "cuda":
        return torch.cuda.is_available()
    return torch.backends.mps.is_available() if name == "mps" else name == CPU


def device_of(net: nn.Module) -> torch.device:
    """Where a net is computed."""
    import torch

    return next((tensor.device for tensor in net.parameters()), torch.device(CPU))


def resolve(name: str) -> str:
    """The device that an option means: of auto a card, if there is one."""
    if name == "auto":
        name = next(filter(usable, CARDS), CPU)
    if not usable(name):
        raise InputError(f"--device {name}: torch finds none here", f"give --device {CPU}")
    return name


def prepare(name: str) -> None:
    """Let a card compute in whole float32, and the same each time.

    By float16, which has as long a mantissa as TF32, some nets are off by more than half a level of
    255 (docs/log/enlarge.md).
    """
    if name == "cuda":
        import torch

        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.deterministic = True
