"""A net as a list of few operations that a browser can compute: traced once, at one size.

What torch does for one example is written down, and said again in the operations of engine.js: data
that only moves is a gather, whatever is linear along an axis a matrix, and what depends on the
weights alone is computed here. Batch normalisation becomes part of its convolution.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from trombine.core.errors import InputError

Op = dict[str, Any]
aten: Final = torch.ops.aten


@dataclass(kw_only=True)
class Graph:
    """Operations in order. A value is known by its number; the inputs' are the first ones."""

    inputs: int = 1  # how many
    ops: list[Op] = field(default_factory=list)
    shapes: list[list[int]] = field(default_factory=list)  # of values
    constants: list[tuple[int, Tensor]] = field(default_factory=list)  # values that are the same
    layers: list[dict[str, Any]] = field(default_factory=list)  # convolutions: what to look at
    output: int = 0

    @property
    def products(self) -> int:
        """Multiplications of one frame, of convolutions and matrices."""
        return sum(op.get("products", 0) for op in self.ops)

    @property
    def described(self) -> dict[str, Any]:
        """All of it for JSON; weights are float32, as they are in the net."""
        tensors = [tensor.detach().float().contiguous() for _, tensor in self.constants]
        data = b"".join(tensor.numpy().tobytes() for tensor in tensors)
        return {
            "inputs": self.inputs,
            "ops": self.ops,
            "shapes": self.shapes,
            "constants": [number for number, _ in self.constants],
            "layers": self.layers,
            "output": self.output,
            "weights": b64encode(data).decode(),
        }


@dataclass(frozen=True, kw_only=True)
class _Call:
    """One call of torch on what depends on the input."""

    what: Any
    args: tuple[Any, ...]
    named: dict[str, Any]
    result: Any
    module: str  # that called it


class _Recorder(TorchDispatchMode):
    """Writes down what is done with tensors that depend on the inputs."""

    def __init__(self, inputs: Sequence[Tensor]) -> None:
        super().__init__()
        self.calls: list[_Call] = []
        self.known = {id(one): one for one in inputs}  # held, so that an id stays a tensor's own
        self.modules = [""]

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """What torch gives; written down where it depends on the input."""
        named = kwargs or {}
        result = func(*args, **named)
        if func.overloadpacket.__name__.startswith(("new_", "full_like", "zeros_like")):
            return result  # of its kind, not of its numbers
        if any(id(tensor) in self.known for tensor in _tensors((args, list(named.values())))):
            if func._schema.is_mutable:
                raise _refused(f"{func} in place")
            self.known |= {id(tensor): tensor for tensor in _tensors(result)}
            module = self.modules[-1]
            self.calls.append(
                _Call(what=func, args=args, named=named, result=result, module=module)
            )
        return result


def trace(net: nn.Module, *examples: Tensor) -> Graph:
    """The net's operations for inputs of the examples' shapes; of several outputs, the first's."""
    recorder = _Recorder(examples)
    with torch.no_grad(), _named(net, recorder.modules), recorder:
        result = net(*examples)
    output = result if isinstance(result, Tensor) else result[0]
    return _Translation(recorder.calls, examples, output).graph


@contextmanager
def _named(net: nn.Module, stack: list[str]) -> Iterator[None]:
    """Meanwhile the last of the stack is the module that runs."""
    hooks = []
    for name, module in net.named_modules():
        hooks.append(module.register_forward_pre_hook(lambda *_, name=name: stack.append(name)))
        hooks.append(module.register_forward_hook(lambda *_: stack.__delitem__(-1)))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _tensors(tree: Any) -> Iterator[Tensor]:
    if isinstance(tree, Tensor):
        yield tree
    elif isinstance(tree, list | tuple):
        for item in tree:
            yield from _tensors(item)


def _refused(what: str) -> InputError:
    text = f"computes {what.removeprefix('aten.')}, which the microscope cannot"
    return InputError(f"{text}; docs/models.md says what it can")


# Functions of one number, by what torch calls them; their two parameters are in the call.
_MAPS: Final = {
    **{name: name for name in ("relu", "silu", "sigmoid", "tanh", "exp", "sqrt", "rsqrt", "neg")},
    **{name: name for name in ("abs", "sin", "cos", "floor", "gelu", "leaky_relu", "clamp")},
    "hardtanh": "clamp",
    "clamp_min": "clamp",
    "pow": "pow",
}
_PAIRS: Final = ("add", "sub", "mul", "div", "maximum", "minimum", "gt", "ge", "lt", "le")
# What moves numbers and changes none.
_MOVES: Final = (
    *("view", "_unsafe_view", "reshape", "unsqueeze", "squeeze", "expand", "permute", "transpose"),
    *("t", "select", "slice", "split", "split_with_sizes", "unbind", "alias", "detach", "clone"),
    *("flip", "roll", "index", "repeat", "replication_pad2d", "reflection_pad2d"),
    *("constant_pad_nd", "pixel_unshuffle", "_to_copy", "lift_fresh", "unfold"),
)
_LINEAR: Final = (
    *("upsample_nearest2d", "upsample_bilinear2d", "upsample_bicubic2d", "avg_pool2d"),
    *("_adaptive_avg_pool2d",),
)


def _needed(calls: Sequence[_Call], output: Tensor) -> list[_Call]:
    """The calls without those that lead to other outputs."""
    wanted, kept = {id(output)}, []
    for call in reversed(calls):
        if any(id(tensor) in wanted for tensor in _tensors(call.result)):
            wanted |= {id(tensor) for tensor in _tensors([*call.args, *call.named.values()])}
            kept.append(call)
    return kept[::-1]


class _Translation:
    """Calls of torch to a Graph."""

    def __init__(self, calls: Sequence[_Call], inputs: Sequence[Tensor], output: Tensor) -> None:
        self.graph = Graph(inputs=len(inputs))
        self.numbers: dict[int, int] = {}  # of tensors, by their id
        self.held: list[Tensor] = []
        self.places: dict[Any, int] = {}  # of constants, by where they are in memory
        self.makers: dict[int, Op] = {}  # of convolutions' values
        calls = _needed(calls, output)
        given = (
            tensor for call in calls for tensor in _tensors([*call.args, *call.named.values()])
        )
        self.uses = Counter(id(tensor) for tensor in given)
        self.uses[id(output)] += 1
        for one in inputs:
            self._number(one)
        for call in calls:
            self._say(call)
        if id(output) not in self.numbers:
            raise InputError("gives the same whatever it is given; take another model")
        self.graph.output = self.numbers[id(output)]

    def _number(self, tensor: Tensor) -> int:
        """The value that a tensor is; one that is none yet is a constant, or new."""
        if id(tensor) not in self.numbers:
            self.numbers[id(tensor)] = len(self.graph.shapes)
            self.held.append(tensor)
            self.graph.shapes.append(list(tensor.shape))
        return self.numbers[id(tensor)]

    def _value(self, given: Tensor | float) -> int:
        """The number of what an operation reads."""
        tensor = given if isinstance(given, Tensor) else torch.tensor(float(given))
        if id(tensor) not in self.numbers:
            # A weight may be seen through several views; all are held, so a place is one's own.
            place = (tensor.data_ptr(), tensor.shape, tensor.stride())
            if place in self.places:
                return self.places[place]
            self.places[place] = self._number(tensor)
            self.graph.constants.append((self._number(tensor), tensor))
        return self.numbers[id(tensor)]

    def _add(self, kind: str, reads: Sequence[Tensor | float], result: Tensor, **more: Any) -> Op:
        reads_ = [self._value(one) for one in reads]
        op = {"kind": kind, "reads": reads_, "writes": self._number(result), **more}
        self.graph.ops.append(op)
        return op

    def _same(self, tensor: Tensor, result: Tensor) -> None:
        """The result is the value itself, perhaps of another shape."""
        self._add("same", [tensor], result)

    def _say(self, call: _Call) -> None:
        name = str(call.what.overloadpacket.__name__)
        if call.what.namespace != "aten":
            raise _refused(str(call.what))
        if name in ("_assert_tensor_metadata", "_assert_async"):
            return
        say: Callable[..., None] | None = getattr(self, f"_say_{name.strip('_')}", None)
        if name == "index" and any(self._depends(one) for one in call.args[1]):
            self._choice(call, *call.args)
        elif name in _MOVES:
            self._move(call)
        elif name in _LINEAR:
            self._linear(call)
        elif name in _MAPS:
            self._map(call, _MAPS[name])
        elif name in _PAIRS:
            self._pair(call, name)
        elif say is not None:
            say(call, *call.args, **call.named)
        else:
            raise _refused(str(call.what))

    # Numbers one by one

    def _map(self, call: _Call, function: str) -> None:
        x, *more = call.args
        if function == "clamp":
            low, high = (*more, call.named.get("min"), call.named.get("max"), None, None)[:2]
            more = [-1e30 if low is None else low, 1e30 if high is None else high]
        if function == "leaky_relu" and not more:
            more = [0.01]
        if function == "gelu":
            more = [float(call.named.get("approximate", "none") == "tanh")]
        if not all(isinstance(one, int | float) for one in more):
            raise _refused(str(call.what))
        said = {"function": function, "parameters": [float(one) for one in more]}
        maker = self.makers.get(id(x))
        if maker is not None and self.uses[id(x)] == 1 and "function" not in maker:
            # A convolution's activation is done where its sums are.
            self.numbers[id(call.result)] = self.numbers[id(x)]
            self.held.append(call.result)
            maker |= said
        else:
            self._add("map", [x], call.result, **said)

    def _pair(self, call: _Call, function: str) -> None:
        one, other = call.args[:2]
        if call.named.get("rounding_mode"):
            raise _refused(str(call.what))
        scale = float(call.named.get("alpha", 1))
        if scale != 1:
            other = other * scale if not self._depends(other) else self._scaled(other, scale)
        self._add("pair", [one, other], call.result, function=function)

    def _depends(self, given: Any) -> bool:
        return isinstance(given, Tensor) and id(given) in self.numbers

    def _scaled(self, x: Tensor, scale: float) -> Tensor:
        result = x * scale
        self._add("pair", [x, scale], result, function="mul")
        return result

    def _say_rsub(self, call: _Call, x: Tensor, other: float, scale: float = 1) -> None:
        if scale != 1:
            raise _refused(str(call.what))
        self._add("pair", [other, x], call.result, function="sub")

    def _say_where(self, call: _Call, which: Tensor, one: Tensor, other: Tensor) -> None:
        self._add("where", [which, one, other], call.result)

    def _say_square(self, call: _Call, x: Tensor) -> None:
        self._add("pair", [x, x], call.result, function="mul")

    # What moves

    def _move(self, call: _Call) -> None:
        x, *rest = call.args
        if not isinstance(x, Tensor) or any(self._depends(one) for one in _tensors(rest)):
            raise _refused(str(call.what))
        if x.dtype != torch.bool and call.named.get("dtype", x.dtype) != x.dtype:
            raise _refused("with numbers of another kind")
        # What comes where: each place has its number, from 1, and 0 is what is put round it.
        places = torch.arange(1, x.numel() + 1, dtype=torch.float64).reshape(x.shape)
        moved = call.what(places, *rest, **call.named)
        results = call.result if isinstance(call.result, list | tuple) else [call.result]
        moves = moved if isinstance(moved, list | tuple) else [moved]
        for result, move in zip(results, moves, strict=True):
            self._moved(x, result, move)

    def _moved(self, x: Tensor, result: Tensor, move: Float[Tensor, "..."]) -> None:
        if move.untyped_storage().nbytes() == x.numel() * 8 and move.numel() == result.numel():
            base = torch.arange(1, x.numel() + 1, dtype=torch.float64)
            shape, strides = list(move.shape), list(move.stride())
            start = int(move.storage_offset())
            if torch.equal(base.as_strided(shape, strides, start), move):
                return self._strided(x, result, shape, strides, start)
        flat = move.reshape(-1).long() - 1
        if torch.equal(flat, torch.arange(x.numel())):
            return self._same(x, result)
        # Planes that are all changed alike need the pattern of one.
        count = math.gcd(*(math.prod(t.shape[:-2]) for t in (x, result) if t.ndim > 2), 0) or 1
        planes, ahead = flat.reshape(count, -1), x.numel() // count
        shifted = torch.where(planes < 0, planes, planes - ahead * torch.arange(count)[:, None])
        if not (shifted == shifted[0]).all():
            count, shifted, ahead = 1, flat[None], 0
        self._add("gather", [x], result, count=count, ahead=ahead, places=shifted[0].tolist())
        return None

    def _strided(
        self, x: Tensor, result: Tensor, shape: list[int], strides: list[int], start: int
    ) -> None:
        whole = torch.empty(shape, device="meta").stride()
        lengths = [n for n in shape if n != 1]
        if (
            start == 0
            and result.numel() == x.numel()
            and lengths
            == [n for n, a, b in zip(shape, strides, whole, strict=True) if n != 1 and a == b]
        ):
            return self._same(x, result)
        self._add("strided", [x], result, shape=shape, strides=strides, start=start)
        return None

    def _say_pixel_shuffle(self, call: _Call, x: Tensor, times: int) -> None:
        places = torch.arange(x.numel()).reshape(x.shape).unflatten(1, (-1, times, times))
        moved = places.permute(0, 1, 4, 2, 5, 3)
        self._strided(x, call.result, list(moved.shape), list(moved.stride()), 0)

    def _say_cat(self, call: _Call, tensors: Sequence[Tensor], dim: int = 0) -> None:
        lengths = [math.prod(tensor.shape[dim:]) for tensor in tensors]
        self._add("cat", tensors, call.result, lengths=lengths)

    # What an input chooses

    def _say_embedding(self, call: _Call, rows: Tensor, which: Tensor, *_: Any) -> None:
        self._add("choose", [rows, which], call.result, length=rows[0].numel())

    def _choice(self, call: _Call, rows: Tensor, which: Sequence[Tensor | None]) -> None:
        """A row of a matrix, or of the only item of a batch."""
        *ahead, last = which
        if last is None or rows.shape[: len(ahead)].numel() != 1 or last.ndim != 1:
            raise _refused(str(call.what))
        length = rows.shape[len(which) :].numel()
        self._add("choose", [rows, last], call.result, length=length)

    # Convolutions and matrices

    def _say_convolution(self, call: _Call, *given: Any) -> None:
        x, weight, bias, stride, padding, dilation, is_transposed, _, groups = given
        if x.ndim != 4 or any(self._depends(one) for one in (weight, bias)):
            raise _refused("convolutions of other than planes")
        if is_transposed and (groups != 1 or set(dilation) != {1}):
            raise _refused("transposed convolutions in groups")
        result: Tensor = call.result
        if bias is None:
            bias = torch.zeros(result.shape[1])
        weight, bias = weight.detach().clone(), bias.detach().clone()
        each = math.prod(weight.shape[1:]) * (x if is_transposed else result)[0, 0].numel()
        op = self._add(
            "transposed" if is_transposed else "convolution",
            [x, weight, bias],
            result,
            stride=list(stride),
            padding=list(padding),
            dilation=list(dilation),
            groups=groups,
            products=each * weight.shape[0],
        )
        self.makers[id(result)] = op
        if result[0, 0].numel() > 1:
            layer = {"name": call.module, "op": len(self.graph.ops) - 1}
            self.graph.layers.append({**layer, "value": op["writes"]})

    def _say_native_batch_norm(self, call: _Call, x: Tensor, *given: Any) -> None:
        weight, bias, mean, variance, is_training, _, epsilon = given
        result: Tensor = call.result[0]
        if is_training:
            raise _refused("normalisation by what a batch holds")
        scale = (variance.double() + epsilon).rsqrt() * (1 if weight is None else weight.double())
        shift = (0 if bias is None else bias.double()) - mean.double() * scale
        maker = self.makers.get(id(x))
        if maker is None or self.uses[id(x)] > 1:
            shape = [1, -1, *[1] * (x.ndim - 2)]
            return self._affine(
                x, result, scale.float().reshape(shape), shift.float().reshape(shape)
            )
        numbers = dict(self.graph.constants)
        kernels, old = (numbers[number] for number in maker["reads"][1:])
        along = 1 if maker["kind"] == "transposed" else 0
        shape = [-1 if axis == along else 1 for axis in range(4)]
        kernels.copy_(kernels.double() * scale.reshape(shape))
        old.copy_(old.double() * scale + shift)
        self.numbers[id(result)] = self.numbers[id(x)]
        self.held.append(result)
        self.makers[id(result)] = maker
        return None

    def _affine(
        self, x: Tensor, result: Tensor, scale: Tensor | None, shift: Tensor | None
    ) -> None:
        """x * scale + shift."""
        for function, other in (("mul", scale), ("add", shift)):
            if other is not None:
                is_last = function == "add" or shift is None
                made = result if is_last else torch.empty_like(x)
                self._add("pair", [x, other], made, function=function)
                x = made
        if scale is None and shift is None:
            self._same(x, result)

    def _say_addmm(self, call: _Call, bias: Tensor, x: Tensor, y: Tensor, **_: Any) -> None:
        product = x @ y
        self._say_mm(call, x, y, product)
        self._add("pair", [product, bias], call.result, function="add")

    def _say_mm(self, call: _Call, x: Tensor, y: Tensor, result: Tensor | None = None) -> None:
        *many, rows, inner = x.shape
        count, columns = math.prod(many), y.shape[-1]
        products = count * rows * inner * columns
        more = {"sizes": [count, rows, inner, columns], "products": products}
        self._add("matmul", [x, y], call.result if result is None else result, **more)

    _say_bmm = _say_mm

    # Sums along axes

    def _linear(self, call: _Call) -> None:
        """Whatever is linear along rows and along columns: a matrix for each, found by asking."""
        x, *rest = call.args
        height, width = x.shape[-2:]
        result: Tensor = call.result
        for axis, length in ((-2, height), (-1, width)):
            one = torch.eye(length)[:, None, :, None].expand(-1, 1, -1, width)
            asked = (
                one if axis == -2 else torch.eye(length)[:, None, None, :].expand(-1, 1, height, -1)
            )
            answer = call.what(asked.contiguous(), *rest, **call.named)
            matrix = (answer[:, 0, :, 0] if axis == -2 else answer[:, 0, 0]).T.contiguous()
            made = result if axis == -1 else x.new_empty(*x.shape[:-2], len(matrix), width)
            if length == len(matrix) and torch.equal(matrix, torch.eye(length)):
                self._same(x, made)
            else:
                inner = width if axis == -2 else 1
                self._add("along", [x, matrix], made, sizes=[len(matrix), length, inner])
            x = made

    def _rows(self, x: Tensor, dims: Sequence[int]) -> Tensor:
        """The value with these axes last: what is done over them is done over rows."""
        axes = [dim % x.ndim for dim in dims]
        order = [axis for axis in range(x.ndim) if axis not in axes] + axes
        moved = x.permute(order)
        if order != sorted(order):
            places = torch.empty(x.shape, device="meta").permute(order)
            self._strided(x, moved, list(moved.shape), list(places.stride()), 0)
            return moved
        return x

    def _reduced(self, call: _Call, x: Tensor, dims: Any, function: str) -> None:
        axes = list(range(x.ndim)) if not dims else [dims] if isinstance(dims, int) else list(dims)
        length = math.prod(x.shape[axis] for axis in axes)
        self._add("reduce", [self._rows(x, axes)], call.result, length=length, function=function)

    def _say_sum(self, call: _Call, x: Tensor, dims: Any = None, *_: Any, **__: Any) -> None:
        self._reduced(call, x, dims, "sum")

    def _say_mean(self, call: _Call, x: Tensor, dims: Any = None, *_: Any, **__: Any) -> None:
        self._reduced(call, x, dims, "mean")

    def _say_linalg_vector_norm(
        self, call: _Call, x: Tensor, order: float = 2, dims: Any = None, *_: Any, **__: Any
    ) -> None:
        if order != 2:
            raise _refused("another norm than the length")
        self._reduced(call, x, dims, "length")

    def _say_softmax(self, call: _Call, x: Tensor, dim: int, *_: Any) -> None:
        rows = self._rows(x, [dim])
        if rows is x:
            self._add("softmax", [x], call.result, length=x.shape[dim])
            return
        made = torch.empty_like(rows)
        self._add("softmax", [rows], made, length=x.shape[dim])
        back = torch.empty(rows.shape, device="meta").movedim(-1, dim)
        self._strided(made, call.result, list(back.shape), list(back.stride()), 0)

    def _say_native_layer_norm(
        self, call: _Call, x: Tensor, shape: Sequence[int], weight: Any, bias: Any, epsilon: float
    ) -> None:
        made = torch.empty_like(x)
        self._add("standardise", [x], made, length=math.prod(shape), epsilon=epsilon)
        self._affine(made, call.result[0], weight, bias)

    def _say_native_group_norm(self, call: _Call, x: Tensor, *given: Any) -> None:
        weight, bias, count, channels, area, groups, epsilon = given
        made = torch.empty_like(x)
        length = count * channels * area // (count * groups)
        self._add("standardise", [x], made, length=length, epsilon=epsilon)
        shape = (1, -1, *[1] * (x.ndim - 2))
        scale, shift = (None if one is None else one.reshape(shape) for one in (weight, bias))
        self._affine(made, call.result[0], scale, shift)
