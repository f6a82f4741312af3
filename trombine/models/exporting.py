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

from trombine.core.errors import InputError
from trombine.io.files import write_bytes
from trombine.models.card import dumps
from trombine.models.file import KEY
from trombine.models.model import Model
from trombine.models.tasks import TASKS, Shape, Task
from trombine.nets import Net, Size

TOLERANCE: Final = 1e-4
AXES: Final = {0: "batch", 2: "height", 3: "width"}  # of pictures; what may be of any length
SCALED: Final = ("larger", "restored", "repaired", "restyled", "predicted", "refined", "damage")
_NEEDED: Final = ("onnx", "onnxscript", "onnxruntime")


def export(model: Model, path: Path | str) -> float:
    """Write a model as ONNX; return by how much its results differ from torch's at most.

    It is checked on another number and size of pictures than it was traced with. No file is left
    where the difference is 1e-4 or more.
    """
    check_extra()
    task, sizes = TASKS[model.card.task], model.net.sizes
    traced, tested = (task.examples(sizes, shape) for shape in shapes(sizes))
    net = model.in_rgb
    data = as_onnx(net, task, traced, {KEY: dumps(model.card)})
    worst = max(difference(net, data, inputs) for inputs in (traced, tested))
    if not worst < TOLERANCE:  # written so that NaN fails
        problem = f"its results differ from torch's by {worst:.1e}, and {TOLERANCE:.0e} is allowed"
        raise InputError(f"not written: {problem}; use the model itself", path=path)
    write_bytes(Path(path), data)
    return worst


def check_extra() -> None:
    """Refuse to begin without the libraries that are an extra."""
    if lacking := [name for name in _NEEDED if find_spec(name) is None]:
        raise InputError(f"ONNX needs {', '.join(lacking)}: pip install 'trombine[export]'")


def shapes(sizes: Mapping[str, Size]) -> tuple[Shape, Shape]:
    """Counts and sizes of pictures to trace a net with, and others to check it with."""
    unit = max(8, 2 ** int(sizes.get("levels", 0)))
    return (2, 3 * unit, 2 * unit), (3, 2 * unit + 5, 4 * unit + 3)


def as_onnx(
    net: Net, task: Task, inputs: Sequence[torch.Tensor], metadata: Mapping[str, str]
) -> bytes:
    """The net as the bytes of an ONNX file; counts, heights and widths may change."""
    dynamic = tuple(_dynamic(tensor, fixed="size" in net.sizes) for tensor in inputs)
    with _exporting():
        program: Any = torch.onnx.export(
            net.eval(),
            tuple(inputs),
            dynamo=True,
            external_data=False,
            input_names=list(task.takes),
            output_names=list(task.gives),
            dynamic_shapes=dynamic,
            verbose=False,
        )
    program.model.metadata_props.update(metadata)
    proto = program.model_proto
    # Where the exporter says how the net came to a side, say how long it is beside the picture's.
    factor = int(net.sizes.get("factor", 1))
    sides = dict.fromkeys(SCALED, "{}" if factor == 1 else f"{factor}*{{}}")
    sides |= {"parts": "({}+1)//2" if "parts" in task.takes else "{}", "centres": "({}+15)//16*2"}
    for value in (*proto.graph.input, *proto.graph.output):
        if value.name in sides:
            for axis in (2, 3):
                dim = value.type.tensor_type.shape.dim[axis]
                if dim.dim_param:  # and not a size that is fixed
                    dim.dim_param = sides[value.name].format(AXES[axis])
    return proto.SerializeToString()


def _dynamic(tensor: torch.Tensor, *, fixed: bool) -> dict[int, str]:
    """Which axes may have another length: the count, and a picture's height and width."""
    axes = AXES if tensor.ndim == 4 and not fixed else (0,)
    return {axis: AXES[axis] for axis in axes}


@contextmanager
def _exporting() -> Iterator[None]:
    """torch's exporter warns of its own innards and prints that torchvision is not there. Without
    its cache of shapes it takes a third less time where sizes are not known."""
    from torch._dynamo import config

    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        plain = config.patch(fake_tensor_cache_enabled=False)
        with warnings.catch_warnings(), redirect_stdout(StringIO()), plain:
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def difference(net: Net, data: bytes, inputs: Sequence[torch.Tensor]) -> float:
    """By how much onnxruntime's result differs from torch's, of the largest value if above 1."""
    from onnxruntime import InferenceSession

    session = InferenceSession(data, providers=["CPUExecutionProvider"])
    names = [tensor.name for tensor in session.get_inputs()]
    feed = {name: tensor.numpy() for name, tensor in zip(names, inputs, strict=True)}
    with torch.inference_mode():
        result = net(*inputs)
    several = (result,) if isinstance(result, torch.Tensor) else tuple(result)
    outputs = [torch.from_numpy(tensor) for tensor in session.run(None, feed)]
    return max(_apart(tensor, expected) for tensor, expected in zip(outputs, several, strict=True))


def _apart(output: torch.Tensor, expected: torch.Tensor) -> float:
    if output.shape != expected.shape:
        return float("inf")
    return float((output - expected).abs().max() / expected.abs().max().clamp(min=1))
