"""One file is one model: its tensors in safetensors' format, its card in the header.

Whether tensors and card belong together is checked in model.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from trombine.core.errors import InputError, about, said, shortened, shown
from trombine.io.files import opened, write_bytes
from trombine.models.card import Card, dumps, loads
from trombine.models.zoo import ENDING
from trombine.nets import Net

KEY: Final = "trombine"  # of the card in the header


def write(path: Path | str, net: Net, card: Card, *, half: bool = False) -> None:
    """Write a model, whole or not at all; the same weights and card give the same bytes.

    With `half` kernels and matrices are rounded to float16, which halves the file; vectors (biases,
    statistics) are few and stay.
    """
    tensors = {name: _plain(tensor, half=half) for name, tensor in net.state_dict().items()}
    if broken := not_finite(tensors):
        problem = f"{shortened(broken)} holds NaN or infinity"
        raise InputError(f"cannot be written: {problem}; use the net as it was before", path=path)
    write_bytes(Path(path), save(tensors, {KEY: dumps(card)}))


def _plain(tensor: torch.Tensor, *, half: bool) -> torch.Tensor:
    """In memory, in the usual order (not channels_last), numbers with a point as float32 or 16."""
    kind = tensor.dtype
    if tensor.is_floating_point():
        kind = torch.float16 if half and tensor.ndim > 1 else torch.float32
    plain = tensor.detach().to("cpu", torch.float32 if tensor.is_floating_point() else kind)
    return plain.to(kind).clone(memory_format=torch.contiguous_format)


def not_finite(tensors: Mapping[str, torch.Tensor]) -> str | None:
    """The name of the first tensor that holds NaN or infinity."""
    return next((name for name, tensor in tensors.items() if not tensor.isfinite().all()), None)


def card_in(path: Path) -> Card:
    """The card in a file's header; its tensors are not looked at."""
    text = card_text(path)
    if text is None:
        problem = "has no card, so trombine did not write it"
        raise InputError(f"{problem}; {how_to_import(path)}", path=path)
    with about(path):
        return loads(text)


def card_text(path: Path) -> str | None:
    """The card in a file's header as JSON; None where there is none."""
    if path.is_dir():
        raise InputError(f"is a folder; name a {ENDING} file in it", path=path)
    with opened(path):
        pass  # there, and not empty
    try:
        with safe_open(path, "pt") as file:
            return (file.metadata() or {}).get(KEY)
    except (SafetensorError, OSError) as error:
        problem = f"is no whole {ENDING} file ({said(error)})"
        cure = f"copy it again; of a pickled checkpoint {how_to_import('FILE')}"
        raise InputError(problem, cure, path=path) from error


def how_to_import(path: Path | str) -> str:
    """What to do with weights from elsewhere."""
    return (
        f"make it a model: trombine models import {shown(path)} --net NAME:SIZES --task TASK -o OUT"
    )
