"""What models do: for each task what goes in, what comes out, and which nets can do it.

A task checks what it is given at its door; a net itself checks nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from trombine.core.conventions import PARTS, check_picture
from trombine.core.errors import InputError, shortened
from trombine.nets import NETS, Net, Size
from trombine.nets.reader import Reading
from trombine.nets.spaces import Within

Prediction = Tensor | Reading
Shape = tuple[int, int, int]
"""How many, and the height and width of pictures."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One kind of work."""

    says: str  # for people
    takes: tuple[str, ...]  # what goes in is called this
    gives: tuple[str, ...]  # and what comes out this: a tensor, or several by name
    optional: tuple[str, ...] = ()  # what may go in besides, by name, where the net takes it
    sees: bool = False  # what goes in is a picture,
    draws: bool = False  # what comes out is one: they change where a net works in another space

    @property
    def nets(self) -> tuple[str, ...]:
        """The nets that can do it."""
        name = next(name for name, task in TASKS.items() if task is self)
        return tuple(net for net, family in NETS.items() if name in family.tasks)

    def run(self, net: Net, given: Sequence[Tensor], optional: Mapping[str, Tensor]) -> Prediction:
        """What the net gives for a batch, or for one without the axis of the batch; an InputError
        where that is not what the task takes, or no number."""
        if alone := given[0].ndim == (1 if self.takes == ("latents",) else 3):
            given = [tensor[None] for tensor in given]
            optional = {name: tensor[None] for name, tensor in optional.items()}
        first, with_hole = given[0], "hole" in self.takes
        for name, tensor in zip(self.takes, given, strict=True):
            _check(name, tensor, net, first, with_hole=with_hole)
        for name, tensor in optional.items():
            if tensor.shape[:1] != first.shape[:1]:
                raise InputError(f"this model takes {name} for each, not {_described(tensor)}")
        if with_hole:
            optional = {**optional, "hole": given[1]}
            given = [emptied(first, given[1])]
        made = net(*given, **optional)
        check_finite(*(made if isinstance(made, Reading) else (made,)))
        if isinstance(made, Reading):
            return Reading(*(one[0] for one in made)) if alone else made
        if self.draws:
            made = made.clamp(0, 1)
        if self.gives == ("repaired",):  # outside the hole all stays exactly as it is
            made = torch.where(optional["hole"] > 0.5, made, first)
        return made[0] if alone else made

    def examples(self, sizes: Mapping[str, Size], shape: Shape) -> tuple[Tensor, ...]:
        """Something of what goes in, the same each time."""
        return tuple(
            _example(name, sizes, shape, with_hole="hole" in self.takes) for name in self.takes
        )


TASKS: Final[dict[str, Task]] = {
    "upscale": Task(
        says="pictures to larger ones", takes=("picture",), gives=("larger",), sees=True, draws=True
    ),
    "restore": Task(
        says="damaged pictures to whole ones of the same size",
        takes=("picture",),
        gives=("restored",),
        sees=True,
        draws=True,
    ),
    "repair": Task(
        says="pictures and holes to pictures without holes",
        takes=("picture", "hole"),
        gives=("repaired",),
        optional=("parts", "points", "seed"),
        sees=True,
        draws=True,
    ),
    "restyle": Task(
        says="faces of some styles to the same in others",
        takes=("picture", "source", "target"),
        gives=("restyled",),
        sees=True,
        draws=True,
    ),
    "generate": Task(
        says="random vectors to pictures",
        takes=("latents",),
        gives=("pictures",),
        optional=("fields", "guidance", "base"),
        draws=True,
    ),
    "denoise": Task(
        says="noisy pictures and times to the noise, or what else was learnt",
        takes=("noisy", "times"),
        gives=("predicted",),
    ),
    "regress": Task(
        says="pictures to a few numbers each", takes=("picture",), gives=("numbers",), sees=True
    ),
    "read": Task(
        says="pictures to what is where in a face",
        takes=("picture",),
        gives=Reading._fields,
        sees=True,
    ),
    "complete": Task(
        says="pictures and holes to which part of a face is where",
        takes=("picture", "hole"),
        gives=("parts",),
        sees=True,
    ),
    "refine": Task(
        says="pictures, and which part is where at half of their size, to the same at all of it",
        takes=("picture", "parts"),
        gives=("refined",),
        sees=True,
    ),
    "find": Task(
        says="pictures to where faces may be", takes=("picture",), gives=("centres",), sees=True
    ),
    "detect": Task(
        says="pictures to where they are damaged", takes=("picture",), gives=("damage",), sees=True
    ),
    "judge": Task(
        says="pictures to how real they look", takes=("picture",), gives=("verdict",), sees=True
    ),
}


def in_rgb(task: Task, net: Net, space: str) -> Net:
    """The net for those who have pictures in RGB and want them so, whatever space it works in."""
    if space == "rgb" or not (task.sees or task.draws):
        return net
    return Within(net, space, sees=task.sees, gives=task.draws)


def inputs_of(
    task: Task, net: Net, given: Sequence[object], named: Mapping[str, object]
) -> tuple[list[Tensor], dict[str, Tensor]]:
    """The tensors that a task takes, in order, and the optional ones by name.

    Refused are too few and too many, unknown names, and what is no tensor.
    """
    names = " and ".join(task.takes)
    bound = {**dict(zip(task.takes, given, strict=False)), **named}
    if len(given) > len(task.takes) or not bound.keys() >= set(task.takes):
        count = "1 tensor" if len(task.takes) == 1 else f"{len(task.takes)} tensors"
        raise InputError(f"this model takes {count} ({names}), not {len(given) + len(named)}")
    optional = [name for name in task.optional if name in net.optional]
    if unknown := [name for name in bound if name not in (*task.takes, *optional)]:
        able = ", ".join((*task.takes, *optional))
        raise InputError(f"this model takes no {shortened(unknown[0])}; it takes {able}")
    tensors = dict[str, Tensor]()
    for name, value in bound.items():
        if not isinstance(value, Tensor):
            kind = type(value).__name__
            raise InputError(f"this model takes {names} as torch tensors, not {kind}")
        tensors[name] = value
    return [tensors.pop(name) for name in task.takes], tensors


def check_finite(*results: Tensor) -> None:
    """Refuse a net's result that is no numbers: finite weights can lead beyond all of them."""
    # The least and the largest are NaN or infinite where any is; isfinite takes many times as long.
    ends = [end for tensor in results if tensor.numel() for end in tensor.aminmax()]
    if not all(bool(end.isfinite()) for end in ends):
        raise InputError("its weights lead to infinite numbers; take another model")


def emptied(pictures: Tensor, hole: Tensor) -> Tensor:
    """Pictures as repairing nets see them: grey in the hole, whatever was there."""
    return torch.where(hole > 0.5, torch.full_like(pictures, 0.5), pictures)


def channels(sizes: Mapping[str, Size]) -> int:
    """How many planes what goes in has."""
    return int(sizes.get("channels", sizes.get("inputs", 3)))


def _check(name: str, tensor: Tensor, net: Net, first: Tensor, *, with_hole: bool) -> None:
    """Refuse an input that is not as the task takes it; `first` is the one before all."""
    sizes, count, kind = net.sizes, len(first), torch.float32
    height, width = first.shape[-2:] if first.ndim > 2 else (0, 0)
    side = sizes.get("size")
    shape: tuple[object, ...] = {
        "picture": ("N", channels(sizes) - with_hole, side or "H", side or "W"),
        "noisy": ("N", channels(sizes), side or "H", side or "W"),
        "hole": (count, 1, height, width),
        "parts": (count, len(PARTS), (height + 1) // 2, (width + 1) // 2),
        "latents": ("N", sizes.get("latent")),
        "times": (count,),
        "source": (count,),
        "target": (count,),
    }[name]
    if name in ("source", "target"):
        kind = torch.int64
    fits = tensor.ndim == len(shape) and all(
        isinstance(wanted, str) or wanted == length
        for wanted, length in zip(shape, tensor.shape, strict=True)
    )
    if not fits or tensor.dtype != kind or not tensor.numel():
        wanted = f"{str(kind).removeprefix('torch.')} {' x '.join(map(str, shape))}"
        raise InputError(f"this model takes {name} as {wanted}, not {_described(tensor)}")
    if name == "picture":
        check_picture(tensor.flatten(0, 1)[:, None])  # a net may take more planes than colours
    if name == "hole" and not ((tensor == 0) | (tensor == 1)).all():
        raise InputError("a hole is 1 where something is missing, and 0 elsewhere")
    if name == "times" and not ((tensor >= 0) & (tensor <= 1)).all():
        raise InputError("times are within [0, 1]")
    if kind == torch.int64 and not ((tensor >= 0) & (tensor < len(_styles(sizes)))).all():
        raise InputError(f"styles are 0 to {len(_styles(sizes)) - 1}: {sizes['styles']}")


def _described(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {' x '.join(map(str, tensor.shape))}"


def _styles(sizes: Mapping[str, Size]) -> list[str]:
    return str(sizes["styles"]).split("+")


def _example(name: str, sizes: Mapping[str, Size], shape: Shape, *, with_hole: bool) -> Tensor:
    count, *side = shape
    side = [int(sizes["size"])] * 2 if "size" in sizes else side
    generator = torch.Generator().manual_seed(0)
    match name:
        case "picture" | "noisy":
            planes = channels(sizes) - with_hole
            draw = torch.rand if name == "picture" else torch.randn
            return draw(count, planes, *side, generator=generator)
        case "hole":
            hole = torch.zeros(count, 1, *side)
            hole[..., side[0] // 4 : side[0] // 2, side[1] // 4 : side[1] // 2] = 1
            return hole
        case "parts":
            small = [(length + 1) // 2 for length in side]
            return torch.rand(count, len(PARTS), *small, generator=generator).softmax(1)
        case "latents":
            return torch.randn(count, int(sizes["latent"]), generator=generator)
        case "times":
            return torch.linspace(0.1, 0.9, count)
        case _:
            styles = torch.arange(count) % len(_styles(sizes))
            return styles if name == "source" else styles.flip(0)
