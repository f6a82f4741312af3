"""One file is one model: its tensors in safetensors' format, its card in the header.

Reading runs nothing that the file says. Whether tensors and card belong together is checked in
model.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch

from trombine.core.errors import InputError, about, said, shortened, shown
from trombine.io.files import opened, write_bytes
from trombine.models.card import FORMAT, Card, dumps, loads
from trombine.models.zoo import ENDING
from trombine.nets import Net

KEY: Final = "trombine"  # of the card in the header
AGAIN: Final = "copy it again from where it came"
# How files begin that torch.save writes, today's (a zip) or the old ones.
_PICKLES: Final = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """What a file holds."""

    card: Card
    tensors: Mapping[str, torch.Tensor]
    hash: str  # of the whole file: the first 12 hex digits of SHA-256


def write(path: Path | str, net: Net, card: Card, *, half: bool = False) -> None:
    """Write a model, whole or not at all; the same weights and card give the same bytes.

    The file's card has the digest of the tensors, whatever was in this one. With `half` kernels
    and matrices are rounded to float16, which halves the file.
    """
    from safetensors.torch import save

    tensors = {name: _plain(tensor) for name, tensor in net.state_dict().items()}
    if half:
        tensors = {name: _halved(tensor) for name, tensor in tensors.items()}
    if broken := not_finite(tensors):
        problem = f"{shortened(broken)} holds NaN or infinity"
        raise InputError(f"cannot be written: {problem}; use the net as it was before", path=path)
    stamped = replace(card, digest=digest(tensors))
    write_bytes(Path(path), save(tensors, {KEY: dumps(stamped)}))


def digest(tensors: Mapping[str, torch.Tensor]) -> str:
    """BLAKE2b of the name, type, shape and bytes of every tensor, as 64 hex digits."""
    described = [[name, str(t.dtype), list(t.shape)] for name, t in sorted(tensors.items())]
    head = json.dumps([FORMAT, {}, described], separators=(",", ":"))
    found = hashlib.blake2b(head.encode(), digest_size=32)
    for _, tensor in sorted(tensors.items()):
        found.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def not_finite(tensors: Mapping[str, torch.Tensor]) -> str | None:
    """The name of the first tensor that holds NaN or infinity."""
    return next((name for name, tensor in tensors.items() if not tensor.isfinite().all()), None)


def _plain(tensor: torch.Tensor) -> torch.Tensor:
    """In memory, in the usual order (not channels_last), numbers with a point as float32."""
    kind = torch.float32 if tensor.is_floating_point() else tensor.dtype
    plain = tensor.detach().to("cpu", kind)
    return plain.clone(memory_format=torch.contiguous_format)


def _halved(tensor: torch.Tensor) -> torch.Tensor:
    """Kernels and matrices as float16; vectors (biases, statistics) are few and stay."""
    return tensor.half() if tensor.is_floating_point() and tensor.ndim > 1 else tensor


def read(path: Path | str) -> ModelFile:
    """What a file holds; an InputError where it is no model."""
    from safetensors.torch import load

    path = Path(path)
    if path.is_dir():
        raise InputError(f"is a folder; name a {ENDING} file in it", path=path)
    with opened(path) as file:
        data = file.read()
    if data.startswith(_PICKLES):
        problem = f"is a pickled checkpoint, which could run code; {how_to_import('FILE')}"
        raise InputError(problem, path=path)
    try:
        tensors = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    except Exception as error:  # whatever a stranger's bytes make safetensors stumble on
        raise InputError(f"is no whole {ENDING} file ({said(error)})", AGAIN, path=path) from error
    text = (header.get("__metadata__") or {}).get(KEY)
    if text is None:
        problem = "has no card, so trombine did not write it"
        raise InputError(f"{problem}; {how_to_import(path)}", path=path)
    with about(path):
        card = loads(text)
    return ModelFile(card=card, tensors=tensors, hash=hashlib.sha256(data).hexdigest()[:12])


def how_to_import(path: Path | str) -> str:
    """What to do with weights from elsewhere."""
    return (
        f"make it a model: trombine models import {shown(path)} --net NAME:SIZES --task TASK -o OUT"
    )
