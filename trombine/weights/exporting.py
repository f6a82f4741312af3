"""A model as an ONNX file, for programs that know nothing of torch; checked before it is kept.

The file holds the net as it is: what a task does around it (the clamp to [0, 1], the check of what
goes in) is the reader's to do. The card goes along in the file's metadata.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any, Final

import torch

from trombine.files import shown, write_bytes
from trombine.nets import Net, Size
from trombine.weights.card import ModelError, dumps
from trombine.weights.file import KEY
from trombine.weights.model import Model
from trombine.weights.tasks import TASKS, Shape

TOLERANCE: Final = 1e-4
_NEEDED: Final = ("onnx", "onnxscript", "onnxruntime")


def export(model: Model, path: Path | str) -> float:
    """Write a model as ONNX; return by how much its results differ from torch's at most.

    It is checked on another number and size of pictures than it was traced with. No file is left
    where the difference is 1e-4 or more.
    """
    check_extra()
    traced, other = (
        TASKS[model.card.task].examples(model.net.sizes, shape) for shape in shapes(model.net.sizes)
    )
    data = as_onnx(model.net, traced, {KEY: dumps(model.card)})
    worst = max(difference(model.net, data, given) for given in (traced, other))
    if not worst < TOLERANCE:  # written so that NaN fails
        what = f"its results differ from torch's by {worst:.1e}, and {TOLERANCE:.0e} is allowed"
        raise ModelError(f"{shown(path)}: not written: {what}; use the model itself")
    write_bytes(Path(path), data)
    return worst


def check_extra() -> None:
    """Refuse to begin without the libraries that are an extra."""
    if lacking := [name for name in _NEEDED if find_spec(name) is None]:
        raise ModelError(f"ONNX needs {', '.join(lacking)}: pip install 'trombine[export]'")


def shapes(sizes: Mapping[str, Size]) -> tuple[Shape, Shape]:
    """Counts and sizes of pictures to trace a net with, and others to check it with."""
    unit = max(8, 2 ** int(sizes.get("levels", 0)))
    return (2, 3 * unit, 2 * unit), (3, 2 * unit + 5, 4 * unit + 3)


def as_onnx(net: Net, given: Sequence[torch.Tensor], metadata: Mapping[str, str]) -> bytes:
    """The net as the bytes of an ONNX file; counts, heights and widths may change."""
    dynamic = tuple(_dynamic(one, fixed="size" in net.sizes) for one in given)
    with _quiet():
        program: Any = torch.onnx.export(
            net.eval(),
            tuple(given),
            dynamo=True,
            external_data=False,
            dynamic_shapes=dynamic,
            verbose=False,
        )
    program.model.metadata_props.update(metadata)
    return program.model_proto.SerializeToString()


def _dynamic(given: torch.Tensor, *, fixed: bool) -> dict[int, Any]:
    """Which axes may have another length: the count, and a picture's height and width."""
    axes = (0, 2, 3) if given.ndim == 4 and not fixed else (0,)
    return dict.fromkeys(axes, torch.export.Dim.DYNAMIC)


@contextmanager
def _quiet() -> Iterator[None]:
    """torch's exporter warns of its own innards and prints that torchvision is not there."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def difference(net: Net, data: bytes, given: Sequence[torch.Tensor]) -> float:
    """By how much onnxruntime's result differs from torch's, of the largest value if above 1."""
    from onnxruntime import InferenceSession

    session = InferenceSession(data, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    feed = {name: one.numpy() for name, one in zip(names, given, strict=True)}
    with torch.inference_mode():
        wanted = net(*given)
    found = torch.from_numpy(session.run(None, feed)[0])
    if found.shape != wanted.shape:
        return float("inf")
    return float((found - wanted).abs().max() / wanted.abs().max().clamp(min=1))
