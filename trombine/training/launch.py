"""Processes: one alone, or several that Fabric launches here, on more devices or more machines.

Fabric finds and starts the others; gradients are averaged here, in plain sight, because wrappers
that do it behind `backward` and phases that take turns fight. Every process computes the same
steps on its slice of the same pictures, so all hold the same state; the first alone writes files.
Signals are noted here, too: the loop then saves and says how to go on.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, final

import torch
from torch import Tensor
from torch import distributed as dist

from trombine.core.errors import InputError
from trombine.core.progress import log

_CPU: Final = torch.device("cpu")
_ENDED: Final = (
    "another of the processes has ended; the same command goes on from the last checkpoint"
)


@final
@dataclass(frozen=True, kw_only=True)
class Mesh:
    """This process among all that train together."""

    rank: int = 0
    count: int = 1
    device: torch.device = _CPU

    @property
    def first(self) -> bool:
        """Whether this is the process that writes and speaks."""
        return self.rank == 0

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its mean over all processes; one message for all of a type."""
        if self.count == 1:
            return
        for dtype in dict.fromkeys(tensor.dtype for tensor in tensors):
            same = [tensor for tensor in tensors if tensor.dtype == dtype]
            flat = torch.cat([tensor.flatten() for tensor in same])
            dist.all_reduce(flat)
            parts = (flat / self.count).split([tensor.numel() for tensor in same])
            for tensor, part in zip(same, parts, strict=True):
                tensor.copy_(part.view(tensor.shape))

    def gather(self, local: Tensor) -> Tensor:
        """The slices of all processes, joined to the whole batch."""
        if self.count == 1:
            return local
        parts = [torch.empty_like(local.contiguous()) for _ in range(self.count)]
        dist.all_gather(parts, local.contiguous())
        return torch.cat(parts)

    def any_process(self, value: bool) -> bool:
        """Whether the value is true in any process; each waits for all others."""
        if self.count == 1:
            return value
        flag = torch.tensor([float(value)], device=self.device)
        dist.all_reduce(flag, op=dist.ReduceOp.MAX)
        return bool(flag.item())

    def broadcast(self, value: Any) -> Any:
        """The first process's value, in all processes."""
        if self.count == 1:
            return value
        box = [value if self.first else None]
        dist.broadcast_object_list(box, src=0, device=self.device)
        return box[0]

    def slice(self, count: int) -> slice:
        """This process's part of so many pictures."""
        local = count // self.count
        return slice(self.rank * local, (self.rank + 1) * local)


@contextmanager
def launch(devices: int, device: str) -> Iterator[Mesh]:
    """Start the other processes, or join those that torchrun has started; all end together.

    Each of them runs this program with the same arguments; inside, only the first says anything.
    """
    started = int(os.environ["WORLD_SIZE"]) if "TORCHELASTIC_RUN_ID" in os.environ else devices
    if devices != started:
        raise InputError(f"torchrun has started {started} processes; give --devices {started}")
    if devices == 1:
        yield Mesh(device=torch.device(device))
        return
    from lightning_fabric import Fabric  # 1 s to import

    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it prints what it does
    local = int(os.environ.get("LOCAL_WORLD_SIZE", devices))
    fabric = Fabric(
        accelerator=device, devices=local, num_nodes=max(1, devices // local), strategy="ddp"
    )
    fabric.launch()
    mesh = Mesh(rank=fabric.global_rank, count=fabric.world_size, device=fabric.device)
    log.disabled = not mesh.first
    try:
        yield mesh
    except InputError:
        if not mesh.first:  # the first says the same
            raise SystemExit(1) from None
        raise
    except RuntimeError as error:  # the errors of gloo have no type of their own
        is_lost = isinstance(error, dist.DistError) or "gloo" in str(error).lower()
        if is_lost and mesh.first:
            raise InputError(_ENDED) from error
        if is_lost:
            raise SystemExit(1) from None
        raise
    finally:
        log.disabled = False
        if dist.is_initialized():
            dist.destroy_process_group()


# Ctrl-C and SIGTERM: noted, so that the current step is finished first


def ended_by(signals: Sequence[int]) -> BaseException:
    """The exception that ends the command as these signals would have."""
    return KeyboardInterrupt() if signal.SIGINT in signals else SystemExit(143)


@contextmanager
def catch_signals() -> Iterator[list[int]]:
    """Note Ctrl-C and SIGTERM in a list; a second one ends at once."""
    signals: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield signals  # where Python allows no handlers, whoever runs the thread ends it
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, _: object) -> None:
        signals.append(number)
        for each, handler in handlers.items():
            signal.signal(each, handler)

    for number in handlers:
        signal.signal(number, note)
    try:
        yield signals
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
