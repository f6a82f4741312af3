"""What models do: for each task what goes in, what comes out, and which nets can do it.

A task checks what it is given at its door; a net itself checks nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import torch

from trombine.conventions import check_picture, check_plain
from trombine.nets import Net, Size
from trombine.nets.reader import Reading
from trombine.nets.spaces import Within
from trombine.refusal import InputError

Made = torch.Tensor | Reading
Shape = tuple[int, int, int]
"""How many, and the height and width of pictures."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One kind of work."""

    says: str  # for people
    takes: tuple[str, ...]  # what goes in is called this
    gives: tuple[str, ...]  # and what comes out this: a tensor, or several by name
    nets: tuple[str, ...]  # that can do it
    run: Callable[..., Made]  # of a net and what it is given
    examples: Callable[[Mapping[str, Size], Shape], tuple[torch.Tensor, ...]]  # of what goes in
    scales: bool = False  # what comes out is as high and wide as what went in, times the factor
    axes: Mapping[str, str] = field(default_factory=dict)  # how high and wide else, by name
    sees: bool = False  # what goes in is a picture,
    draws: bool = False  # what comes out is one: they change where a net works in another space


def in_rgb(task: Task, net: Net, space: str) -> Net:
    """The net for those who have pictures in RGB and want them so, whatever space it works in."""
    if space == "rgb" or not (task.sees or task.draws):
        return net
    return Within(net, space, sees=task.sees, gives=task.draws)


def check_given(task: Task, given: Sequence[object]) -> None:
    """Refuse what is no tensor, and more or fewer than the task takes."""
    wanted = " and ".join(task.takes)
    if len(given) != (count := len(task.takes)):
        tensors = "1 tensor" if count == 1 else f"{count} tensors"
        raise InputError(f"this model takes {tensors} ({wanted}), not {len(given)}")
    for one in given:
        if not isinstance(one, torch.Tensor):
            raise InputError(
                f"this model takes {wanted} as torch tensors, not {type(one).__name__}"
            )
        check_plain(one, f"what this model takes ({wanted})")


def check_made(*made: torch.Tensor) -> None:
    """Refuse a net's result that is no numbers: finite weights can lead beyond all of them."""
    if not all(bool(one.isfinite().all()) for one in made):
        raise InputError("its weights lead to infinite numbers; take another model")


def _improve(net: Net, pictures: torch.Tensor) -> torch.Tensor:
    """Pictures to pictures, of another size where the net enlarges."""
    made = _each(net, _looked_at(net, pictures))
    check_made(made)  # before an infinite one becomes white
    return made.clamp(0, 1)


def _generate(net: Net, latents: torch.Tensor) -> torch.Tensor:
    """Vectors, N x L or L, to pictures."""
    length = net.sizes["latent"]
    if latents.dtype != torch.float32 or latents.ndim not in (1, 2) or latents.shape[-1] != length:
        raise InputError(
            f"this model takes float32 vectors, N x {length}, not {_described(latents)}"
        )
    return net(latents[None])[0] if latents.ndim == 1 else net(latents)


def _denoise(net: Net, noisy: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
    """Noisy pictures and a time for each to what the net predicts of them."""
    _check_planes(net, noisy)
    if noisy.ndim != 4 or times.shape != noisy.shape[:1]:
        raise InputError(
            f"this model takes N x C x H x W and N times, not {_described(noisy)} and"
            f" {_described(times)}"
        )
    if times.dtype != torch.float32 or not ((times >= 0) & (times <= 1)).all():
        raise InputError("times are float32, within [0, 1]")
    return net(noisy, times)


def _look(net: Net, pictures: torch.Tensor) -> torch.Tensor:
    """Pictures to whatever the net says of them."""
    return _each(net, _looked_at(net, pictures))


def _read(net: Net, pictures: torch.Tensor) -> Reading:
    """Pictures to all that a reader says of them."""
    pictures = _looked_at(net, pictures)
    if pictures.ndim == 4:
        return net(pictures)
    return Reading(*(one[0] for one in net(pictures[None])))


def _each(net: Net, pictures: torch.Tensor) -> torch.Tensor:
    """A batch in, a batch out; one picture in, one result out."""
    return net(pictures[None])[0] if pictures.ndim == 3 else net(pictures)


def _looked_at(net: Net, pictures: torch.Tensor) -> torch.Tensor:
    """Pictures, once they are known to be what this net takes."""
    _check_planes(net, pictures)
    check_picture(pictures.flatten(0, -3)[:, None])  # a net may take more planes than colours
    return pictures


def _check_planes(net: Net, pictures: torch.Tensor) -> None:
    planes = channels(net.sizes)
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


def _some_vectors(sizes: Mapping[str, Size], shape: Shape) -> tuple[torch.Tensor, ...]:
    return (torch.randn(shape[0], int(sizes["latent"]), generator=_generator()),)


def _some_noise(sizes: Mapping[str, Size], shape: Shape) -> tuple[torch.Tensor, ...]:
    count, *side = shape
    noise = torch.randn(count, channels(sizes), *side, generator=_generator())
    return noise, torch.linspace(0.1, 0.9, count)


def _generator() -> torch.Generator:
    """The same numbers each time."""
    return torch.Generator().manual_seed(0)


TASKS: Final[dict[str, Task]] = {
    "upscale": Task(
        says="pictures to larger ones",
        takes=("picture",),
        gives=("larger",),
        nets=("residual", "srresnet"),
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
        nets=("unet", "residual"),
        run=_improve,
        examples=_some_pictures,
        scales=True,
        sees=True,
        draws=True,
    ),
    "generate": Task(
        says="random vectors to pictures",
        takes=("latents",),
        gives=("pictures",),
        nets=("dcgan_generator",),
        run=_generate,
        examples=_some_vectors,
        draws=True,
    ),
    "denoise": Task(
        says="noisy pictures and times to the noise, or what else was learnt",
        takes=("noisy", "times"),
        gives=("predicted",),
        nets=("denoiser",),
        run=_denoise,
        examples=_some_noise,
        scales=True,
    ),
    "regress": Task(
        says="pictures to a few numbers each",
        takes=("picture",),
        gives=("numbers",),
        nets=("encoder",),
        run=_look,
        examples=_some_pictures,
        sees=True,
    ),
    "read": Task(
        says="pictures to what is where in a face",
        takes=("picture",),
        gives=Reading._fields,
        nets=("reader",),
        run=_read,
        examples=_some_pictures,
        axes={"parts": "{}", "centres": "({}+15)//16*2"},
        sees=True,
    ),
    "judge": Task(
        says="pictures to how real they look",
        takes=("picture",),
        gives=("verdict",),
        nets=("dcgan_discriminator", "patch_discriminator"),
        run=_look,
        examples=_some_pictures,
        sees=True,
    ),
}
