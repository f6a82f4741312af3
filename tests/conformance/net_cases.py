"""A case of every net, and how it is built and fed: for the questions of test_nets.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from trombine.models import TASKS
from trombine.nets import Net, Size, build

Inputs = tuple[torch.Tensor, ...]
Shape = Callable[[int, int, int], tuple[int, ...]]  # of count, height and width


@dataclass(frozen=True, kw_only=True)
class Case:
    """A net, small enough to be tried in a moment, and what must come out of it."""

    net: str
    task: str
    gives: Shape
    sizes: dict[str, Size] = field(default_factory=dict)
    places: tuple[tuple[int, int], ...] = ((16, 16), (24, 17), (9, 31))  # height, width
    exported: bool = True  # one variant of each net is, and no judge: it takes seconds
    # What is smaller where it is exported: the more operations there are, the longer that takes.
    shallower: dict[str, Size] = field(default_factory=dict)


def same(count: int, height: int, width: int) -> tuple[int, ...]:
    return count, 3, height, width


def one_each(count: int, height: int, width: int) -> tuple[int, ...]:
    return (count,)


def sixteenths(height: int, width: int) -> int:
    """Places of a map of centres: an eighth of sides that are made multiples of 16."""
    return 4 * -(-height // 16) * -(-width // 16)


def patches(count: int, height: int, width: int) -> tuple[int, ...]:
    return count, 1, height // 4, width // 4


SQUARE = ((16, 16),)
CASES = {
    "residual": Case(
        net="residual",
        task="upscale",
        sizes={"width": 6, "depth": 2},
        gives=lambda n, h, w: (n, 3, 2 * h, 2 * w),
    ),
    "residual x3, grey": Case(
        net="residual",
        task="upscale",
        sizes={"width": 6, "depth": 1, "factor": 3, "channels": 1},
        gives=lambda n, h, w: (n, 1, 3 * h, 3 * w),
        exported=False,
    ),
    "residual x1": Case(
        net="residual",
        task="restore",
        sizes={"width": 6, "depth": 2, "factor": 1},
        gives=same,
        exported=False,
    ),
    "srresnet": Case(
        net="srresnet",
        task="upscale",
        sizes={"width": 4, "blocks": 2, "kernel": 5, "factor": 4},
        gives=lambda n, h, w: (n, 3, 4 * h, 4 * w),
    ),
    "srresnet, spectral norm": Case(
        net="srresnet",
        task="upscale",
        sizes={"width": 4, "blocks": 1, "norm": "spectral", "kernel": 3},
        gives=lambda n, h, w: (n, 3, 2 * h, 2 * w),
        exported=False,
    ),
    "rrdb": Case(
        net="rrdb",
        task="upscale",
        sizes={"width": 4, "blocks": 1, "growth": 2, "factor": 2},
        gives=lambda n, h, w: (n, 3, 2 * h, 2 * w),
    ),
    "rrdb x4, grey": Case(
        net="rrdb",
        task="upscale",
        sizes={"width": 4, "blocks": 2, "growth": 2, "factor": 4, "channels": 1},
        gives=lambda n, h, w: (n, 1, 4 * h, 4 * w),
        exported=False,
    ),
    "srresnet x3, no norm, grey": Case(
        net="srresnet",
        task="upscale",
        sizes={"width": 4, "blocks": 2, "norm": "none", "factor": 3, "channels": 1},
        gives=lambda n, h, w: (n, 1, 3 * h, 3 * w),
        exported=False,
    ),
    "unet": Case(
        net="unet", task="restore", sizes={"width": 4, "levels": 2, "residual": True}, gives=same
    ),
    "unet, group": Case(
        net="unet",
        task="restore",
        sizes={"width": 8, "levels": 2, "norm": "group", "inputs": 4},
        gives=same,
        exported=False,
    ),
    "unet, holes": Case(
        net="unet",
        task="repair",
        sizes={"width": 4, "levels": 2, "inputs": 4, "residual": True},
        gives=same,
    ),
    "unet, batch": Case(
        net="unet",
        task="restore",
        sizes={"width": 4, "levels": 3, "norm": "batch"},
        gives=same,
        exported=False,
    ),
    "dcgan_generator": Case(
        net="dcgan_generator",
        task="generate",
        sizes={"latent": 6, "width": 4, "size": 16},
        gives=same,
        places=SQUARE,
    ),
    "dcgan_generator, group": Case(
        net="dcgan_generator",
        task="generate",
        sizes={"latent": 6, "width": 8, "size": 32, "norm": "group"},
        gives=same,
        places=((32, 32),),
        exported=False,
    ),
    "dcgan_generator, none": Case(
        net="dcgan_generator",
        task="generate",
        sizes={"latent": 6, "width": 4, "size": 16, "norm": "none"},
        gives=same,
        places=SQUARE,
        exported=False,
    ),
    "style_generator": Case(
        net="style_generator",
        task="generate",
        sizes={"latent": 6, "width": 4, "size": 16},
        gives=same,
        places=SQUARE,
    ),
    "style_generator, classes": Case(
        net="style_generator",
        task="generate",
        sizes={"latent": 6, "width": 4, "size": 16, "classes": 2},
        gives=same,
        places=SQUARE,
        exported=False,
    ),
    "dcgan_discriminator, sparse codes": Case(
        net="dcgan_discriminator",
        task="judge",
        sizes={"width": 4, "size": 32, "first": "sparse"},
        gives=one_each,
        places=((32, 32),),
        exported=False,
    ),
    "dcgan_discriminator": Case(
        net="dcgan_discriminator",
        task="judge",
        sizes={"width": 4, "size": 16},
        gives=one_each,
        places=SQUARE,
        exported=False,
    ),
    "dcgan_discriminator, batch": Case(
        net="dcgan_discriminator",
        task="judge",
        sizes={"width": 4, "size": 32, "norm": "batch"},
        gives=one_each,
        places=((32, 32),),
        exported=False,
    ),
    "dcgan_discriminator, spectral": Case(
        net="dcgan_discriminator",
        task="judge",
        sizes={"width": 4, "size": 16, "norm": "spectral"},
        gives=one_each,
        places=SQUARE,
        exported=False,
    ),
    "patch_discriminator": Case(
        net="patch_discriminator",
        task="judge",
        sizes={"width": 4, "levels": 2, "inputs": 6},
        gives=patches,
        exported=False,
    ),
    "patch_discriminator, spectral": Case(
        net="patch_discriminator",
        task="judge",
        sizes={"width": 4, "levels": 2, "norm": "spectral"},
        gives=patches,
        exported=False,
    ),
    "srgan_discriminator": Case(
        net="srgan_discriminator",
        task="judge",
        sizes={"width": 4, "levels": 2, "hidden": 6},
        gives=one_each,
        exported=False,
    ),
    "srgan_discriminator, spectral": Case(
        net="srgan_discriminator",
        task="judge",
        sizes={"width": 4, "levels": 2, "hidden": 6, "norm": "spectral"},
        gives=one_each,
        exported=False,
    ),
    "denoiser": Case(net="denoiser", task="denoise", sizes={"width": 4, "levels": 1}, gives=same),
    "denoiser, deep": Case(
        net="denoiser",
        task="denoise",
        sizes={"width": 8, "levels": 3},
        gives=same,
        exported=False,
    ),
    "completer": Case(
        net="completer",
        task="complete",
        sizes={"width": 8, "head": 8},
        gives=lambda n, h, w: (n, 19, h, w),
    ),
    "refiner": Case(
        net="refiner",
        task="refine",
        sizes={"width": 6, "head": 8},
        gives=lambda n, h, w: (n, 19, h, w),
    ),
    "unet, detecting": Case(
        net="unet",
        task="detect",
        sizes={"width": 4, "levels": 2, "outputs": 1},
        gives=lambda n, h, w: (n, 1, h, w),
        exported=False,
    ),
    "encoder": Case(
        net="encoder",
        task="regress",
        sizes={"width": 4, "levels": 2, "outputs": 5},
        gives=lambda n, h, w: (n, 5),
    ),
    "reader": Case(
        net="reader",
        task="read",
        sizes={"width": 6, "features": 8, "traits": 2, "moment": 5},
        gives=lambda n, h, w: (n, 19 * h * w + 3 * 68 + 2 * sixteenths(h, w) + 1 + 8 + 2 + 5),
        places=((32, 32), (48, 33), (17, 62)),
    ),
    "finder": Case(
        net="finder",
        task="find",
        sizes={"width": 6},
        gives=lambda n, h, w: (n, 2, (h + 15) // 16 * 2, (w + 15) // 16 * 2),
        places=((32, 32), (48, 33), (17, 62)),
    ),
    "painter": Case(
        net="painter",
        task="repair",
        sizes={"width": 4, "levels": 2, "parts": "all", "points": True},
        gives=same,
        shallower={"levels": 1},
    ),
    **{
        f"painter, {kind}": Case(
            net="painter",
            task="repair",
            # Gates of gates of what is stirred grow beyond what rounding can be compared at.
            sizes={
                "width": 4,
                "levels": 2,
                "convolution": kind,
                "parts": "groups",
                "stages": 1 if kind == "gated" else 2,
            },
            gives=same,
            exported=False,
        )
        for kind in ("gated", "partial", "dilated")
    },
    "diffusion_painter": Case(
        net="diffusion_painter",
        task="repair",
        sizes={"width": 8, "levels": 2, "parts": "all", "points": True, "steps": 2},
        gives=same,
        shallower={"levels": 1, "steps": 1, "parts": "none", "points": False},
    ),
    "diffusion_painter, over a painter": Case(
        net="diffusion_painter",
        task="repair",
        sizes={
            "width": 8,
            "levels": 1,
            "parts": "groups",
            "steps": 2,
            "painted": True,
            "painter": 4,
            "widest": 8,
            "halved": True,
        },
        gives=same,
        exported=False,
    ),
    "painter, shuffle": Case(
        net="painter",
        task="repair",
        sizes={"width": 4, "levels": 2, "up": "shuffle", "convolution": "partial"},
        gives=same,
        exported=False,
    ),
    "painter, halved": Case(
        net="painter",
        task="repair",
        sizes={"width": 8, "levels": 2, "parts": "all", "points": True, "halved": True},
        gives=same,
        exported=False,
    ),
    "autoencoder": Case(
        net="autoencoder", task="restore", sizes={"width": 4, "levels": 2, "depth": 3}, gives=same
    ),
    **{
        f"inventor, {norm}": Case(
            net="inventor",
            task="generate",
            sizes={
                "latent": 6,
                "size": 32,
                "width": 4,
                "hidden": 12,
                "details": 4,
                "levels": 1,
                "steps": 2,
                "finish": 2,
                "norm": norm,
            },
            gives=same,
            places=((32, 32),),
            exported=norm == "batch",
        )
        for norm in ("batch", "group")
    },
    "code_discriminator": Case(
        net="code_discriminator",
        task="judge",
        sizes={"inputs": 5, "width": 4},
        gives=one_each,
        places=((1, 1), (3, 2)),
        exported=False,
    ),
    "code_reader": Case(
        net="code_reader",
        task="judge",
        sizes={"inputs": 5, "width": 4},
        gives=lambda n, h, w: (n, 19 + 68, 4 * h, 4 * w),
        places=((1, 1), (3, 2)),
        exported=False,
    ),
    "translator": Case(
        net="translator",
        task="restore",
        sizes={"width": 4, "halvings": 1, "blocks": 1, "dilation": 2},
        gives=same,
    ),
    "attentive_translator": Case(
        net="attentive_translator",
        task="restore",
        sizes={"width": 4, "halvings": 1, "blocks": 1},
        gives=same,
    ),
    "attentive_discriminator": Case(
        net="attentive_discriminator",
        task="judge",
        sizes={"width": 4, "levels": 1},
        gives=one_each,
        exported=False,
    ),
    **{
        f"restyler, {norm}": Case(
            net="restyler",
            task="restyle",
            sizes={
                "size": 32,
                "width": 4,
                "latent": 6,
                "blocks": 1,
                "details": 4,
                "levels": 1,
                "finish": 2,
                "norm": norm,
            },
            gives=same,
            places=((32, 32),),
            exported=norm == "batch",
        )
        for norm in ("batch", "group")
    },
    "reader, group": Case(
        net="reader",
        task="read",
        sizes={"width": 12, "features": 8, "traits": 2, "moment": 5, "norm": "group"},
        gives=lambda n, h, w: (n, 19 * h * w + 3 * 68 + 2 * sixteenths(h, w) + 1 + 8 + 2 + 5),
        places=((32, 32), (48, 33)),
        exported=False,
    ),
}


def made(case: Case) -> Net:
    return build(case.net, case.sizes)


def stirred(case: Case) -> Net:
    """The net as it could be after some training: no weight is zero, no statistics are fresh."""
    net = made(case)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
        for name, buffer in net.named_buffers():
            if name.endswith("running_var"):
                buffer += torch.rand(buffer.shape, generator=generator)
            elif name.endswith("running_mean"):
                buffer += 0.1 * torch.randn(buffer.shape, generator=generator)
    return net.eval()


def joined(found: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor:
    """What comes out; where it is several tensors, one row of all their numbers a picture."""
    if isinstance(found, torch.Tensor):
        return found
    return torch.cat([one.reshape(len(one), -1) for one in found], 1)


def rounding(wanted: torch.Tensor) -> float:
    """By how much numbers may differ that were summed in another order, small beside large."""
    return 1e-5 * max(1.0, float(wanted.detach().abs().max()))


def some(case: Case, count: int = 4, place: tuple[int, int] | None = None) -> Inputs:
    return TASKS[case.task].examples(made(case).sizes, (count, *(place or case.places[0])))
