"""Processes: one alone, or several that Fabric launches here, on more devices or more machines.

Fabric finds and starts the others; gradients are averaged here, in plain sight, because wrappers
that do it behind `backward` and phases that take turns fight. Every process computes the same
steps on its slice of the same pictures, so all hold the same state; the first alone writes files.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import Popen
from threading import Thread
from typing import Any, Final, final

import torch
from torch import Tensor
from torch import distributed as dist

from trombine.computing import cores
from trombine.refusal import InputError

_CPU: Final = torch.device("cpu")
_ENDED: Final = (
    "another of the processes has ended; the same command goes on from the last checkpoint"
)
_NOTICES: Final = 5.0  # seconds: how long a message of a lost process takes to arrive at most


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
        """Whether the value is true in any process."""
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


def launch(devices: int, device: str) -> Mesh:
    """Start the other processes, or join those that torchrun has started.

    Each of them runs this program with the same arguments; all go on from here.
    """
    if "TORCHELASTIC_RUN_ID" in os.environ:
        _check_count(devices, int(os.environ["WORLD_SIZE"]))
    if devices == 1:
        return Mesh(device=torch.device(device))
    check_room(int(os.environ.get("LOCAL_WORLD_SIZE", devices)), device)
    from lightning_fabric import Fabric  # 1 s to import
    from lightning_fabric.strategies.launchers.subprocess_script import _SubprocessScriptLauncher

    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it prints what it does
    local = int(os.environ.get("LOCAL_WORLD_SIZE", devices))
    nodes = max(1, devices // local)
    fabric = Fabric(accelerator=device, devices=local, num_nodes=nodes, strategy="ddp")
    fabric.launch()
    if (
        isinstance(launcher := fabric.strategy.launcher, _SubprocessScriptLauncher)
        and launcher.procs
    ):
        Thread(target=_watch, args=(launcher.procs,), daemon=True).start()
    return Mesh(rank=fabric.global_rank, count=fabric.world_size, device=fabric.device)


def _watch(others: Sequence[Popen[bytes]]) -> None:
    """End this process when another has failed, and say so, if it has not noticed by itself.

    Fabric would end it without a word, at any moment of the next five seconds.
    """
    for thread in threading.enumerate():
        if thread.name == "child-process-observer":
            vars(thread)["_run"] = lambda: True  # it has nothing to do any more
    while not any(other.poll() for other in others):
        if all(other.poll() == 0 for other in others):
            return
        time.sleep(0.2)
    time.sleep(_NOTICES)
    for other in others:
        other.kill()
    print(f"trombine: {_ENDED}", file=sys.stderr, flush=True)
    os._exit(1)  # whatever it waits for will not come


def _check_count(devices: int, started: int) -> None:
    """Each process takes an equal part of a batch, so the run must know how many there are."""
    if devices == started:
        return
    if os.environ["RANK"] != "0":
        raise SystemExit(2)
    raise InputError(f"torchrun has started {started} processes; give --devices {started}")


def check_room(processes: int, device: str) -> None:
    """Refuse more processes on this machine than it has devices for: they would only wait."""
    room = torch.cuda.device_count() if device == "cuda" else max(2, cores())
    if processes > room:
        kind = "GPUs" if device == "cuda" else "cores"
        raise InputError(f"{processes} devices are asked for, and this machine has {room} {kind}")


@contextmanager
def end_together(mesh: Mesh) -> Iterator[None]:
    """If one of several processes fails, end all with one message."""
    try:
        yield
    except RuntimeError as error:  # the errors of gloo have no type of their own
        is_lost = isinstance(error, dist.DistError) or "gloo" in str(error).lower()
        if mesh.count == 1 or not is_lost:
            raise
        if not mesh.first:
            raise SystemExit(1) from None
        raise InputError(_ENDED) from error


def shut_down(mesh: Mesh) -> None:
    """Leave the group of processes."""
    if mesh.count > 1 and dist.is_initialized():
        dist.destroy_process_group()
