"""What models do: for each task what goes in, what comes out, and which nets can do it.

A task checks what it is given at its door; a net itself checks nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import torch

from trombine.core.conventions import PARTS, check_picture, check_plain
from trombine.core.errors import InputError, shortened
from trombine.nets import NETS, Net, Size
from trombine.nets.reader import Reading
from trombine.nets.spaces import Within

Prediction = torch.Tensor | Reading
Shape = tuple[int, int, int]
"""How many, and the height and width of pictures."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One kind of work."""

    says: str  # for people
    takes: tuple[str, ...]  # what goes in is called this
    gives: tuple[str, ...]  # and what comes out this: a tensor, or several by name
    run: Callable[
        ..., Prediction
    ]  # of a net, what the task takes in order, and the optional by name
    examples: Callable[[Mapping[str, Size], Shape], tuple[torch.Tensor, ...]]  # of what goes in
    scales: bool = False  # what comes out is as high and wide as what went in, times the factor
    axes: Mapping[str, str] = field(default_factory=dict)  # how high and wide others are, by name
    optional: tuple[str, ...] = ()  # what may go in besides, by name, where the net takes it

    @property
    def nets(self) -> tuple[str, ...]:
        """The nets that can do it."""
        name = next(name for name, task in TASKS.items() if task is self)
        return tuple(net for net, family in NETS.items() if name in family.tasks)

    sees: bool = False  # what goes in is a picture,
    draws: bool = False  # what comes out is one: they change where a net works in another space


def in_rgb(task: Task, net: Net, space: str) -> Net:
    """The net for those who have pictures in RGB and want them so, whatever space it works in."""
    if space == "rgb" or not (task.sees or task.draws):
        return net
    return Within(net, space, sees=task.sees, gives=task.draws)


def inputs_of(
    task: Task, net: Net, given: Sequence[object], named: Mapping[str, object]
) -> tuple[list[torch.Tensor], dict[str, torch.Tensor]]:
    """The tensors that a task takes, in order, and the optional ones by name.

    Refused are too few and too many, unknown names, and what is no tensor.
    """
    names = " and ".join(task.takes)
    bound = {**dict(zip(task.takes, given, strict=False)), **named}
    if len(given) > len(task.takes) or not bound.keys() >= set(task.takes):
        tensors = "1 tensor" if len(task.takes) == 1 else f"{len(task.takes)} tensors"
        raise InputError(f"this model takes {tensors} ({names}), not {len(given) + len(named)}")
    optional = [name for name in task.optional if name in net.optional]
    if unknown := [name for name in bound if name not in (*task.takes, *optional)]:
        able = ", ".join((*task.takes, *optional))
        raise InputError(f"this model takes no {shortened(unknown[0])}; it takes {able}")
    tensors = {name: _tensor(value, names) for name, value in bound.items()}
    required = [tensors.pop(name) for name in task.takes]
    return required, tensors


def _tensor(value: object, names: str) -> torch.Tensor:
    if not isinstance(value, torch.Tensor):
        raise InputError(f"this model takes {names} as torch tensors, not {type(value).__name__}")
    check_plain(value, f"what this model takes ({names})")
    return value


def check_finite(*results: torch.Tensor) -> None:
    """Refuse a net's result that is no numbers: finite weights can lead beyond all of them."""
    # The least and the largest are NaN or infinite where any is; isfinite takes many times as long.
    ends = [end for tensor in results if tensor.numel() for end in tensor.aminmax()]
    if not all(bool(end.isfinite()) for end in ends):
        raise InputError("its weights lead to infinite numbers; take another model")


def _improve(net: Net, pictures: torch.Tensor) -> torch.Tensor:
    """Pictures to pictures, of another size where the net enlarges."""
    result = _batched(net, _checked(net, pictures))
    check_finite(result)  # before an infinite one becomes white
    return result.clamp(0, 1)


def _repair(
    net: Net, pictures: torch.Tensor, hole: torch.Tensor, **optional: torch.Tensor
) -> torch.Tensor:
    """Pictures with what is missing painted; outside the hole they stay exactly as they are."""
    if pictures.ndim == 3 and hole.ndim == 3:
        alone = {name: value[None] for name, value in optional.items()}
        return _repair(net, pictures[None], hole[None], **alone)[0]
    _check_hole(pictures, hole)
    _check_planes(net, pictures, channels(net.sizes) - 1)
    check_picture(pictures)
    painted = net(emptied(pictures, hole), hole=hole, **optional)
    check_finite(painted)
    return torch.where(hole > 0.5, painted.clamp(0, 1), pictures)


def _complete(net: Net, pictures: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Pictures and holes to the logits of a face's parts, under the hole too."""
    _check_hole(pictures, hole)
    _check_planes(net, pictures, channels(net.sizes) - 1)
    check_picture(pictures)
    alone = pictures.ndim == 3
    logits = net(
        emptied(*(x[None] if alone else x for x in (pictures, hole))),
        hole=hole[None] if alone else hole,
    )
    check_finite(logits)
    return logits[0] if alone else logits


def _refine(net: Net, pictures: torch.Tensor, parts: torch.Tensor) -> torch.Tensor:
    """Pictures, and how likely each part is at every second pixel, to logits at each."""
    _check_planes(net, pictures, 3)
    check_picture(pictures)
    sides = [(length + 1) // 2 for length in pictures.shape[-2:]]
    shape = (*pictures.shape[:-3], len(PARTS), *sides)
    if tuple(parts.shape) != shape or parts.dtype != torch.float32:
        raise InputError(f"this model takes parts float32 {shape}, not {_described(parts)}")
    alone = pictures.ndim == 3
    logits = net(*(x[None] if alone else x for x in (pictures, parts)))
    check_finite(logits)
    return logits[0] if alone else logits


def _check_hole(pictures: torch.Tensor, hole: torch.Tensor) -> None:
    shape = (*pictures.shape[:-3], 1, *pictures.shape[-2:])
    if tuple(hole.shape) != shape or hole.dtype != torch.float32:
        raise InputError(f"this model takes holes float32 {shape}, not {_described(hole)}")
    if not ((hole == 0) | (hole == 1)).all():
        raise InputError("a hole is 1 where something is missing, and 0 elsewhere")


def emptied(pictures: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Pictures as repairing nets see them: grey in the hole, whatever was there."""
    return torch.where(hole > 0.5, torch.full_like(pictures, 0.5), pictures)


def _generate(net: Net, latents: torch.Tensor, **optional: torch.Tensor) -> torch.Tensor:
    """Vectors, N x L or L, to pictures."""
    length = net.sizes["latent"]
    if latents.dtype != torch.float32 or latents.ndim not in (1, 2) or latents.shape[-1] != length:
        raise InputError(
            f"this model takes float32 vectors, N x {length}, not {_described(latents)}"
        )
    if latents.ndim == 1:
        return _generate(net, latents[None], **{n: one[None] for n, one in optional.items()})[0]
    for name, value in optional.items():  # a row of fields, or one number, for each vector
        shape = (len(latents), *((len(value.shape) - 1) * (value.shape[-1],)))
        if tuple(value.shape) != shape or value.ndim != 1 + (name != "guidance"):
            raise InputError(f"this model takes {name} for each vector, not {_described(value)}")
    pictures = net(latents, **optional)
    check_finite(pictures)  # before an infinite one becomes white
    return pictures.clamp(0, 1)


def _restyle(
    net: Net, pictures: torch.Tensor, source: torch.Tensor, target: torch.Tensor
) -> torch.Tensor:
    """Pictures of some styles in others; each style by its place in the net's."""
    if pictures.ndim == 3 and source.ndim == target.ndim == 0:
        return _restyle(net, pictures[None], source[None], target[None])[0]
    pictures, count = _checked(net, pictures), str(net.sizes["styles"]).count("+") + 1
    for styles in (source, target):
        if styles.dtype != torch.int64 or styles.shape != pictures.shape[:1]:
            raise InputError(
                f"this model takes a style for each picture, as int64, not {_described(styles)}"
            )
        if not ((styles >= 0) & (styles < count)).all():
            raise InputError(f"this model's styles are 0 to {count - 1}: {net.sizes['styles']}")
    result = net(pictures, source, target)
    check_finite(result)  # before an infinite one becomes white
    return result.clamp(0, 1)


def _denoise(net: Net, noisy: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
    """Noisy pictures and a time for each to what the net predicts of them."""
    _check_planes(net, noisy, channels(net.sizes))
    if noisy.ndim != 4 or times.shape != noisy.shape[:1]:
        raise InputError(
            f"this model takes N x C x H x W and N times, not {_described(noisy)} and"
            f" {_described(times)}"
        )
    if times.dtype != torch.float32 or not ((times >= 0) & (times <= 1)).all():
        raise InputError("times are float32, within [0, 1]")
    return net(noisy, times)


def _predict(net: Net, pictures: torch.Tensor) -> torch.Tensor:
    """Pictures to whatever the net says of them."""
    return _batched(net, _checked(net, pictures))


def _read(net: Net, pictures: torch.Tensor) -> Reading:
    """Pictures to all that a reader says of them."""
    pictures = _checked(net, pictures)
    if pictures.ndim == 4:
        return net(pictures)
    return Reading(*(output[0] for output in net(pictures[None])))


def _batched(net: Net, pictures: torch.Tensor) -> torch.Tensor:
    """A batch in, a batch out; one picture in, one result out."""
    return net(pictures[None])[0] if pictures.ndim == 3 else net(pictures)


def _checked(net: Net, pictures: torch.Tensor) -> torch.Tensor:
    """Pictures, once they are known to be what this net takes."""
    _check_planes(net, pictures, channels(net.sizes))
    check_picture(pictures.flatten(0, -3)[:, None])  # a net may take more planes than colours
    return pictures


def _check_planes(net: Net, pictures: torch.Tensor, planes: int) -> None:
    wrong = pictures.ndim not in (3, 4) or pictures.shape[-3] != planes
    if wrong or pictures.dtype != torch.float32 or not pictures.numel():
        raise InputError(
            f"this model takes float32, (N x) {planes} x H x W, not {_described(pictures)}"
        )
    side = net.sizes.get("size")
    if side is not None and tuple(pictures.shape[-2:]) != (side, side):
        raise InputError(f"this model takes {side} x {side} pixels, not other sizes")


def channels(sizes: Mapping[str, Size]) -> int:
    """How many planes what goes in has."""
    return int(sizes.get("channels", sizes.get("inputs", 3)))


def _described(tensor: torch.Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"


def _some_pictures(sizes: Mapping[str, Size], shape: Shape) -> tuple[torch.Tensor, ...]:
    count, *side = shape
    side = [int(sizes["size"])] * 2 if "size" in sizes else side
    return (torch.rand(count, channels(sizes), *side, generator=_generator()),)


def _some_holes(sizes: Mapping[str, Size], shape: Shape) -> tuple[torch.Tensor, ...]:
    count, *side = shape
    pictures = torch.rand(count, channels(sizes) - 1, *side, generator=_generator())
    hole = torch.zeros(count, 1, *side)
    hole[..., side[0] // 4 : side[0] // 2, side[1] // 4 : side[1] // 2] = 1
    return pictures, hole


def _some_parts(sizes: Mapping[str, Size], shape: Shape) -> tuple[torch.Tensor, ...]:
    count, *side = shape
    small = [(length + 1) // 2 for length in side]
    parts = torch.rand(count, len(PARTS), *small, generator=_generator()).softmax(1)
    return torch.rand(count, 3, *side, generator=_generator()), parts


def _some_vectors(sizes: Mapping[str, Size], shape: Shape) -> tuple[torch.Tensor, ...]:
    return (torch.randn(shape[0], int(sizes["latent"]), generator=_generator()),)


def _some_noise(sizes: Mapping[str, Size], shape: Shape) -> tuple[torch.Tensor, ...]:
    count, *side = shape
    noise = torch.randn(count, channels(sizes), *side, generator=_generator())
    return noise, torch.linspace(0.1, 0.9, count)


def _some_styles(sizes: Mapping[str, Size], shape: Shape) -> tuple[torch.Tensor, ...]:
    styles = torch.arange(shape[0]) % (str(sizes["styles"]).count("+") + 1)
    return *_some_pictures(sizes, shape), styles, styles.flip(0)


def _generator() -> torch.Generator:
    """The same numbers each time."""
    return torch.Generator().manual_seed(0)


TASKS: Final[dict[str, Task]] = {
    "upscale": Task(
        says="pictures to larger ones",
        takes=("picture",),
        gives=("larger",),
        run=_improve,
        examples=_some_pictures,
        scales=True,
        sees=True,
        draws=True,
    ),
    "restore": Task(
        says="damaged pictures to whole ones of the same size",
        takes=("picture",),
        gives=("restored",),
        run=_improve,
        examples=_some_pictures,
        scales=True,
        sees=True,
        draws=True,
    ),
    "repair": Task(
        says="pictures and holes to pictures without holes",
        takes=("picture", "hole"),
        gives=("repaired",),
        run=_repair,
        examples=_some_holes,
        scales=True,
        sees=True,
        draws=True,
        optional=("parts", "points", "seed"),
    ),
    "restyle": Task(
        says="faces of some styles to the same in others",
        takes=("picture", "source", "target"),
        gives=("restyled",),
        run=_restyle,
        examples=_some_styles,
        scales=True,
        sees=True,
        draws=True,
    ),
    "generate": Task(
        says="random vectors to pictures",
        takes=("latents",),
        gives=("pictures",),
        run=_generate,
        examples=_some_vectors,
        draws=True,
        optional=("fields", "guidance", "base"),
    ),
    "denoise": Task(
        says="noisy pictures and times to the noise, or what else was learnt",
        takes=("noisy", "times"),
        gives=("predicted",),
        run=_denoise,
        examples=_some_noise,
        scales=True,
    ),
    "regress": Task(
        says="pictures to a few numbers each",
        takes=("picture",),
        gives=("numbers",),
        run=_predict,
        examples=_some_pictures,
        sees=True,
    ),
    "read": Task(
        says="pictures to what is where in a face",
        takes=("picture",),
        gives=Reading._fields,
        run=_read,
        examples=_some_pictures,
        axes={"parts": "{}", "centres": "({}+15)//16*2"},
        sees=True,
    ),
    "complete": Task(
        says="pictures and holes to which part of a face is where",
        takes=("picture", "hole"),
        gives=("parts",),
        run=_complete,
        examples=_some_holes,
        scales=True,
        sees=True,
    ),
    "refine": Task(
        says="pictures, and which part is where at half of their size, to the same at all of it",
        takes=("picture", "parts"),
        gives=("refined",),
        run=_refine,
        examples=_some_parts,
        axes={"parts": "({}+1)//2"},
        scales=True,
        sees=True,
    ),
    "find": Task(
        says="pictures to where faces may be",
        takes=("picture",),
        gives=("centres",),
        run=_predict,
        examples=_some_pictures,
        axes={"centres": "({}+15)//16*2"},
        sees=True,
    ),
    "detect": Task(
        says="pictures to where they are damaged",
        takes=("picture",),
        gives=("damage",),
        run=_predict,
        examples=_some_pictures,
        scales=True,
        sees=True,
    ),
    "judge": Task(
        says="pictures to how real they look",
        takes=("picture",),
        gives=("verdict",),
        run=_predict,
        examples=_some_pictures,
        sees=True,
    ),
}
