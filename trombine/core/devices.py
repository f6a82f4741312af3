"""Devices: the CPU or a GPU.

Results of a GPU differ from the CPU's by at most one level of 255. Torch is imported inside the
functions, since help pages name devices and must not wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trombine.core.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn

CPU: Final = "cpu"
CARDS: Final = ("cuda", "mps")


def usable(name: str) -> bool:
    """Whether torch can compute on this device here."""
    import torch

    if name == "cuda":
        return torch.cuda.is_available()
    return torch.backends.mps.is_available() if name == "mps" else name == CPU


def device_of(net: nn.Module) -> torch.device:
    """The device of a net."""
    import torch

    return next((tensor.device for tensor in net.parameters()), torch.device(CPU))


def sent(tensor: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    """A tensor of the processor on a device; a card fetches it while the processor goes on."""
    if not str(device).startswith("cuda"):
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def fetched(tensor: torch.Tensor) -> np.ndarray:
    """A tensor, wherever it is, as an array; from a card by way of locked memory."""
    import torch

    if tensor.device.type == "cuda":
        tensor = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True).copy_(tensor)
    return tensor.cpu().numpy()


def resolve(name: str) -> str:
    """The device of an option; auto is a GPU if there is one."""
    if name == "auto":
        name = next(filter(usable, CARDS), CPU)
    if not usable(name):
        raise InputError(f"--device {name}: torch finds none here", f"give --device {CPU}")
    return name


def prepare(name: str) -> None:
    """Let a GPU compute in full float32, deterministically.

    With TF32, whose mantissa is as long as float16's, some nets would be off by more than half a
    level of 255. Nets that enlarge compute in float16 where it is off by less than one: zoo.HALF.
    """
    if name == "cuda":
        import torch

        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.deterministic = True
