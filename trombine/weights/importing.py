"""Weights from elsewhere: a pickled checkpoint, or a bare safetensors file, to a model's tensors.

A pickle is a program. torch reads it with `weights_only`, which knows tensors and plain containers
and refuses all else; nothing that a file says is run.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from mmap import ACCESS_READ, mmap
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Final
from zipfile import ZipFile, is_zipfile

import torch

from trombine.files import Bytes, opened
from trombine.nets import Net, Size, build
from trombine.provenance import shortened
from trombine.refusal import InputError
from trombine.weights.file import not_finite

# Where others keep the weights in a checkpoint that holds more, the better ones first.
_INSIDE: Final = ("params_ema", "ema", "params", "state_dict", "model", "net", "generator")
_MOST_TIMES: Final = 4  # as large as its file a checkpoint may be, unpacked
_FILLED: Final = b"\nbytearray\n"
_PREFIX: Final = "module."  # what torch's wrapper for several GPUs puts before each name


def import_net(path: Path, name: str, sizes: Mapping[str, Size]) -> Net:
    """The net of this name and these sizes with the weights of a file."""
    net = build(name, sizes)
    tensors = state_of(path)
    expected = net.state_dict()
    _check_names(path, expected, tensors)
    for key, tensor in expected.items():
        if kind := _unusual(tensors[key]):
            problem = f"{shortened(key)} is {kind}, which no net of trombine holds"
            raise InputError(f"{problem}; save it as plain numbers, and import that", path=path)
        if tensors[key].shape != tensor.shape:
            shapes = f"{list(tensors[key].shape)}, and this net needs {list(tensor.shape)}"
            raise InputError(f"{key} is {shapes}; name other sizes in --net", path=path)
    net.load_state_dict(tensors)
    if broken := not_finite(net.state_dict()):
        problem = f"{shortened(broken)} holds NaN or infinity"
        raise InputError(f"{problem}; import an earlier checkpoint", path=path)
    return net


def _unusual(tensor: torch.Tensor) -> str:
    """What keeps a tensor from being numbers in memory, one for each of its places."""
    if tensor.is_nested:
        return "nested"
    if tensor.is_meta:
        return "without numbers (on torch's meta device)"
    if tensor.is_quantized:
        return "quantised"
    if tensor.layout != torch.strided:
        return "sparse"
    return "complex" if tensor.is_complex() else ""


def _check_names(path: Path, expected: Mapping[str, Any], tensors: Mapping[str, Any]) -> None:
    for says, names in (
        ("lacks", expected.keys() - tensors.keys()),
        ("has, beyond this net,", tensors.keys() - expected.keys()),
    ):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            first = f"{shortened(min(names))}{more}"
            raise InputError(f"{says} {first}; name the net it is of with --net", path=path)


def state_of(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file by name, wherever in it they are."""
    content = _unpickled(path)
    for inside in _INSIDE:
        if isinstance(content, Mapping) and isinstance(content.get(inside), Mapping):
            content = content[inside]
    if not isinstance(content, Mapping) or not content or not all(map(_is_named, content.items())):
        raise InputError("holds no table of named tensors; name another file", path=path)
    return {str(name).removeprefix(_PREFIX): tensor for name, tensor in content.items()}


def _is_named(pair: tuple[object, object]) -> bool:
    return isinstance(pair[0], str) and isinstance(pair[1], torch.Tensor)


def _unpickled(path: Path) -> object:
    """What is in a file, if it is nothing but tensors in plain containers."""
    from safetensors.torch import load

    if path.is_dir():
        raise InputError("is a folder; name a checkpoint in it", path=path)
    try:
        with opened(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of protocol 4, which is refused below
            begins = file.read(9)
            file.seek(0)
            if begins[8:] == b"{":
                return load(file.read())
            _check_packed(path, file)
            return torch.load(file, map_location="cpu", weights_only=True)
    except InputError:
        raise
    except UnpicklingError as error:
        raise InputError(f"{_why_refused(error)}", path=path) from error
    except Exception as error:  # whatever a stranger's bytes make torch stumble on
        if "TorchScript" in str(error):
            problem = "is a TorchScript program, and trombine runs nothing from a file"
            cure = "save its state_dict alone where it was made"
            raise InputError(problem, cure, path=path) from error
        problem = "cannot be read as a checkpoint"
        raise InputError(f"{problem}; copy it again from where it came", path=path) from error


def _check_packed(path: Path, file: Bytes) -> None:
    """Refuse a file that takes far more memory than it is long, by a zip's own directory.

    torch packs nothing when it saves. Of the few things that its reader makes of a pickle, a
    bytearray of any length is the only one that is filled with more than the file holds.
    """
    pieces: Iterable[bytes | mmap] = (mmap(file.fileno(), 0, access=ACCESS_READ),)
    if is_zipfile(file):
        with ZipFile(file) as packed:
            size, length = sum(entry.file_size for entry in packed.infolist()), path.stat().st_size
            if size > _MOST_TIMES * length:
                problem = (
                    f"would be unpacked to {size / 1e6:,.0f} MB, {size // length} times itself"
                )
                raise InputError(f"{problem}; save it again with torch.save", path=path)
            names = [name for name in packed.namelist() if name.endswith(".pkl")]
            pieces = [packed.read(name) for name in names]
    if any(piece.find(_FILLED) >= 0 for piece in pieces):
        raise UnpicklingError("a bytearray")
    file.seek(0)


def _why_refused(error: UnpicklingError) -> str:
    """What torch's reader, which knows the instructions of protocol 2 alone, did not take."""
    if "Unsupported operand" in str(error):
        problem = "is pickled in a way that torch does not read safely"
        return f"{problem}; save it again with torch.save(..., pickle_protocol=2)"
    problem = "holds more than tensors, and trombine runs nothing from a file"
    return f"{problem}; save its state_dict alone where it was made"
