"""Weights from elsewhere: a pickled checkpoint, or a bare safetensors file, to a net's tensors.

A pickle is a program. torch reads it with `weights_only`, which knows tensors and plain containers
and refuses all else; nothing that a file says is run.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Final

import torch
from safetensors.torch import load

from trombine.core.errors import InputError, said, shortened
from trombine.io.files import opened
from trombine.models.file import not_finite
from trombine.nets import Net, Size, build
from trombine.nets.vgg import BLOCKS, VGG

# Where others keep the weights in a checkpoint that holds more, the better ones first.
_INSIDE: Final = ("params_ema", "ema", "params", "state_dict", "model", "net", "generator")
_PUBLISHED: Final = {"vgg16": "vgg16-397923af.pth", "vgg19": "vgg19-dcbb9e9d.pth"}
_PUBLISHER: Final = "https://download.pytorch.org/models/"
_PREFIX: Final = "module."  # what torch's wrapper for several GPUs puts before each name


def import_net(path: Path, name: str, sizes: Mapping[str, Size]) -> Net:
    """The net of this name and these sizes with the weights of a file."""
    net, tensors = build(name, sizes), state_of(path)
    try:
        net.load_state_dict(tensors)
    except RuntimeError as error:  # names, shapes
        problem = f"is of another net ({said(error)})"
        raise InputError(problem, "name the net with --net", path=path) from error
    if broken := not_finite(net.state_dict()):
        problem = f"{shortened(broken)} holds NaN or infinity"
        raise InputError(problem, "import an earlier checkpoint", path=path)
    return net


def vgg(name: str, path: Path | str | None = None) -> VGG:
    """VGG16 or VGG19 with the weights of a file, or with torchvision's, where torch keeps those;
    frozen, in eval mode."""
    if name not in BLOCKS:
        raise InputError(f"no {name!r}: there are {', '.join(BLOCKS)}")
    file = Path(path) if path else published(name)
    if not path and not file.is_file():
        cure = f"download {_PUBLISHER}{file.name}, there or to a file that you name"
        raise InputError(f"torch has no weights of {name}", cure, path=file)
    tensors = {key: t for key, t in state_of(file).items() if key.startswith("features.")}
    if (first := tensors.get("features.0.weight")) is None:
        problem = f"holds no weights of {name}: there is no features.0.weight"
        raise InputError(problem, path=file)
    with torch.device("meta"):  # no weights are drawn only to be replaced
        net = VGG(name=name, width=len(first))
    try:
        net.load_state_dict(tensors, assign=True)
    except RuntimeError as error:
        raise InputError(f"does not fit {name} ({said(error)})", path=file) from error
    return net.float().eval().requires_grad_(False)


def published(name: str) -> Path:
    """Where torch keeps torchvision's weights of a VGG, once they are downloaded."""
    return Path(torch.hub.get_dir()) / "checkpoints" / _PUBLISHED[name]


def state_of(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file by name, wherever in it they are."""
    with opened(path) as file:
        is_safetensors = file.read(9)[8:] == b"{"
        file.seek(0)
        try:
            with warnings.catch_warnings(action="ignore"):
                content = (
                    load(file.read())
                    if is_safetensors
                    else torch.load(file, map_location="cpu", weights_only=True)
                )
        except UnpicklingError as error:
            problem = "is no checkpoint of tensors alone, and trombine runs nothing from a file"
            cure = "save its state_dict alone, by torch.save, where it was made"
            raise InputError(problem, cure, path=path) from error
        except Exception as error:  # whatever a stranger's bytes make torch stumble on
            raise InputError(f"is no checkpoint ({said(error)})", path=path) from error
    for inside in _INSIDE:
        if isinstance(content, Mapping) and isinstance(content.get(inside), Mapping):
            content = content[inside]
    pairs = content.items() if isinstance(content, Mapping) else ()
    if not pairs or not all(isinstance(n, str) and isinstance(t, torch.Tensor) for n, t in pairs):
        raise InputError("holds no table of named tensors; name another file", path=path)
    return {str(name).removeprefix(_PREFIX): tensor for name, tensor in pairs}
