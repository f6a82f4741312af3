"""A case of every net, and how it is built and fed: for the questions of test_nets.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from trombine.models import TASKS
from trombine.nets import Net, Size, build

Inputs = tuple[torch.Tensor, ...]
Sizes = dict[str, Size]
Shape = Callable[[int, int, int], tuple[int, ...]]  # of count, height and width
Places = tuple[tuple[int, int], ...]  # height, width
ANY: Places = ((16, 16), (24, 17), (9, 31))
SEEN_BY_READERS: Places = ((32, 32), (48, 33), (17, 62))


@dataclass(frozen=True)
class Case:
    """A net, small enough to be tried in a moment, and what must come out of it."""

    net: str
    task: str
    gives: Shape
    sizes: Sizes
    places: Places = ANY
    # What is smaller where it is exported: the more operations there are, the longer that takes.
    shallower: Sizes = field(default_factory=dict)


def planes(channels: int, factor: int = 1) -> Shape:
    return lambda count, height, width: (count, channels, factor * height, factor * width)


SAME = planes(3)


def one_each(count: int, height: int, width: int) -> tuple[int, ...]:
    return (count,)


def patches(count: int, height: int, width: int) -> tuple[int, ...]:
    return count, 1, height // 4, width // 4


def readings(count: int, height: int, width: int) -> tuple[int, ...]:
    """Parts, landmarks, centres at an eighth of sides that are multiples of 16, and numbers."""
    centres = 4 * -(-height // 16) * -(-width // 16)
    return count, 19 * height * width + 3 * 68 + 2 * centres + 1 + 8 + 2 + 5


def square(side: int) -> Places:
    return ((side, side),)


INVENTOR: Sizes = {
    "latent": 6,
    "size": 32,
    "width": 4,
    "hidden": 12,
    "details": 4,
    "levels": 1,
    "steps": 2,
    "finish": 2,
}
RESTYLER: Sizes = {
    "size": 32,
    "width": 4,
    "latent": 6,
    "blocks": 1,
    "details": 4,
    "levels": 1,
    "finish": 2,
}
ONE_STEP: Sizes = {"steps": 1, "finish": 1}
READER: Sizes = {"width": 6, "features": 8, "traits": 2, "moment": 5}
TOLD: Sizes = {"parts": "all", "points": True}
UNTOLD: Sizes = {"parts": "none", "points": False}
DCGAN: Sizes = {"latent": 6, "width": 4, "size": 16}

# The first of each net, but for those that judge, is exported, too.
CASES = {
    "residual": Case("residual", "upscale", planes(3, 2), {"width": 6, "depth": 2}),
    "residual x3, grey": Case(
        "residual", "upscale", planes(1, 3), {"width": 6, "depth": 1, "factor": 3, "channels": 1}
    ),
    "residual x1": Case("residual", "restore", SAME, {"width": 6, "depth": 2, "factor": 1}),
    "srresnet": Case(
        "srresnet", "upscale", planes(3, 4), {"width": 4, "blocks": 1, "kernel": 5, "factor": 4}
    ),
    "srresnet, spectral norm": Case(
        "srresnet",
        "upscale",
        planes(3, 2),
        {"width": 4, "blocks": 1, "norm": "spectral", "kernel": 3},
    ),
    "srresnet x3, no norm, grey": Case(
        "srresnet",
        "upscale",
        planes(1, 3),
        {"width": 4, "blocks": 2, "norm": "none", "factor": 3, "channels": 1},
    ),
    "rrdb": Case(
        "rrdb", "upscale", planes(3, 2), {"width": 4, "blocks": 1, "growth": 2, "factor": 2}
    ),
    "rrdb x4, grey": Case(
        "rrdb",
        "upscale",
        planes(1, 4),
        {"width": 4, "blocks": 2, "growth": 2, "factor": 4, "channels": 1},
    ),
    "unet": Case("unet", "restore", SAME, {"width": 4, "levels": 1, "residual": True}),
    "unet, group": Case(
        "unet", "restore", SAME, {"width": 8, "levels": 2, "norm": "group", "inputs": 4}
    ),
    "unet, batch": Case("unet", "restore", SAME, {"width": 4, "levels": 3, "norm": "batch"}),
    "unet, holes": Case(
        "unet", "repair", SAME, {"width": 4, "levels": 2, "inputs": 4, "residual": True}
    ),
    "unet, detecting": Case("unet", "detect", planes(1), {"width": 4, "levels": 2, "outputs": 1}),
    "dcgan_generator": Case("dcgan_generator", "generate", SAME, DCGAN, square(16)),
    "dcgan_generator, group": Case(
        "dcgan_generator", "generate", SAME, {**DCGAN, "norm": "group", "size": 32}, square(32)
    ),
    "dcgan_generator, none": Case(
        "dcgan_generator", "generate", SAME, {**DCGAN, "norm": "none"}, square(16)
    ),
    "style_generator": Case("style_generator", "generate", SAME, DCGAN, square(16)),
    "style_generator, classes": Case(
        "style_generator", "generate", SAME, {**DCGAN, "classes": 2}, square(16)
    ),
    **{
        f"dcgan_discriminator, {kind}": Case(
            "dcgan_discriminator", "judge", one_each, {"width": 4, "size": 32, **more}, square(32)
        )
        for kind, more in (
            ("sparse codes", {"first": "sparse"}),
            ("none", {}),
            ("batch", {"norm": "batch"}),
            ("spectral", {"norm": "spectral"}),
        )
    },
    "patch_discriminator": Case(
        "patch_discriminator", "judge", patches, {"width": 4, "levels": 2, "inputs": 6}
    ),
    "patch_discriminator, spectral": Case(
        "patch_discriminator", "judge", patches, {"width": 4, "levels": 2, "norm": "spectral"}
    ),
    "pixel_discriminator": Case(
        "pixel_discriminator", "judge", planes(1), {"width": 4}, ((16, 16), (24, 32))
    ),
    **{
        f"srgan_discriminator, {norm}": Case(
            "srgan_discriminator",
            "judge",
            one_each,
            {"width": 4, "levels": 2, "hidden": 6, "norm": norm},
        )
        for norm in ("batch", "spectral")
    },
    "denoiser": Case("denoiser", "denoise", SAME, {"width": 4, "levels": 1}),
    "denoiser, deep": Case("denoiser", "denoise", SAME, {"width": 8, "levels": 3}),
    "completer": Case("completer", "complete", planes(19), {"width": 8, "head": 8}),
    "refiner": Case("refiner", "refine", planes(19), {"width": 6, "head": 8}),
    "encoder": Case(
        "encoder",
        "regress",
        lambda n, h, w: (n, 5),
        {"width": 4, "levels": 2, "outputs": 5},
    ),
    "reader": Case("reader", "read", readings, READER, SEEN_BY_READERS),
    "reader, group": Case(
        "reader", "read", readings, {**READER, "width": 12, "norm": "group"}, SEEN_BY_READERS
    ),
    "finder": Case(
        "finder",
        "find",
        lambda n, h, w: (n, 2, (h + 15) // 16 * 2, (w + 15) // 16 * 2),
        {"width": 6},
        SEEN_BY_READERS,
    ),
    "painter": Case(
        "painter", "repair", SAME, {"width": 4, "levels": 2, **TOLD}, shallower={"levels": 1}
    ),
    **{
        f"painter, {kind}": Case(
            "painter",
            "repair",
            SAME,
            # Gates of gates of what is stirred grow beyond what rounding can be compared at.
            {
                "width": 4,
                "levels": 2,
                "convolution": kind,
                "parts": "groups",
                "stages": 1 if kind == "gated" else 2,
            },
        )
        for kind in ("gated", "partial", "dilated")
    },
    "painter, shuffle": Case(
        "painter",
        "repair",
        SAME,
        {"width": 4, "levels": 2, "up": "shuffle", "convolution": "partial"},
    ),
    "painter, halved": Case(
        "painter", "repair", SAME, {"width": 8, "levels": 2, "halved": True, **TOLD}
    ),
    "diffusion_painter": Case(
        "diffusion_painter",
        "repair",
        SAME,
        {"width": 8, "levels": 2, "steps": 2, **TOLD},
        shallower={"levels": 1, "steps": 1, **UNTOLD},
    ),
    "diffusion_painter, over a painter": Case(
        "diffusion_painter",
        "repair",
        SAME,
        {
            "width": 8,
            "levels": 1,
            "parts": "groups",
            "steps": 2,
            "painted": True,
            "painter": 4,
            "widest": 8,
            "halved": True,
        },
    ),
    "autoencoder": Case("autoencoder", "restore", SAME, {"width": 4, "levels": 2, "depth": 3}),
    **{
        f"inventor, {norm}": Case(
            "inventor", "generate", SAME, {**INVENTOR, "norm": norm}, square(32), ONE_STEP
        )
        for norm in ("batch", "group")
    },
    **{
        f"restyler, {norm}": Case(
            "restyler", "restyle", SAME, {**RESTYLER, "norm": norm}, square(32), {"finish": 1}
        )
        for norm in ("batch", "group")
    },
    "code_discriminator": Case(
        "code_discriminator", "judge", one_each, {"inputs": 5, "width": 4}, ((1, 1), (3, 2))
    ),
    "translator": Case(
        "translator", "restore", SAME, {"width": 4, "halvings": 1, "blocks": 1, "dilation": 2}
    ),
    "attentive_translator": Case(
        "attentive_translator", "restore", SAME, {"width": 4, "halvings": 1, "blocks": 1}
    ),
    "attentive_discriminator": Case(
        "attentive_discriminator", "judge", one_each, {"width": 4, "levels": 1}
    ),
}
_FIRST = {case.net: name for name, case in reversed(CASES.items())}
EXPORTED = [name for name in _FIRST.values() if CASES[name].task != "judge"]


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
