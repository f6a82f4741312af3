"""The nets: one family of architectures a file, and here the table of all of them; beside it, in
vgg.py, VGG, which others taught and papers compare features in.

A net is built from its name and its sizes alone; what it has learnt comes from a file of weights
(models/), how it learns is in losses/ and training/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, Final, final

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.overrides import TorchFunctionMode

from trombine.core.errors import InputError, shortened
from trombine.core.grammar import instead
from trombine.nets.sizes import Net, Size, check_limits, defaults_of, resolved

# Each net: its file and class, and what it makes of what.
_NETS: Final[dict[str, str]] = {
    "residual": "superres.Residual",  # a small picture to one `factor` times as large
    "srresnet": "superres.SRResNet",  # the same, as in SRResNet
    "rrdb": "superres.RRDB",  # the same, as in ESRGAN
    "unet": "unet.UNet",  # a picture to a picture of the same size
    "dcgan_generator": "dcgan.DCGANGenerator",  # a random vector to a picture
    "style_generator": "style_generator.StyleGenerator",  # the same by a style
    "dcgan_discriminator": "dcgan.DCGANDiscriminator",  # a picture to a number: how real it looks
    "patch_discriminator": "discriminators.PatchDiscriminator",  # a picture to a map of these
    "pixel_discriminator": "discriminators.PixelDiscriminator",  # a number for each pixel
    "srgan_discriminator": "discriminators.SRGANDiscriminator",  # any size to such a number
    "denoiser": "denoiser.Denoiser",  # a noisy picture and a time to what the noise is
    "encoder": "autoencoder.Encoder",  # a picture to a few numbers
    "completer": "faces.Completer",  # a picture with a hole to which part of a face is where
    "reader": "reader.Reader",  # a picture to what is where in a face
    "refiner": "faces.Refiner",  # the same at half of a picture's size, to all of it
    "finder": "faces.Finder",  # a picture to where faces may be
    "painter": "painter.Painter",  # a picture with a hole to one without
    "diffusion_painter": "diffusion_painter.DiffusionPainter",  # the same by seeds
    "autoencoder": "autoencoder.Autoencoder",  # a picture to itself, through a few numbers
    "inventor": "inventor.Inventor",  # a random vector to a face, told what is to be of it
    "code_discriminator": "discriminators.CodeDiscriminator",  # a code to how much it looks drawn
    "translator": "translator.Translator",  # a picture to the same in another style
    "attentive_translator": "translator.AttentiveTranslator",  # the same, attending
    "attentive_discriminator": "discriminators.AttentiveDiscriminator",  # two such maps
    "restyler": "restyler.Restyler",  # a face in one style to the same in another
}


@final
class _Nets(Mapping[str, type[Net]]):
    """The classes by name; a file is imported when a net of it is asked."""

    def __getitem__(self, name: str) -> type[Net]:
        file, _, kind = _NETS[name].partition(".")
        return getattr(import_module(f"{__name__}.{file}"), kind)

    def __iter__(self) -> Iterator[str]:
        return iter(_NETS)

    def __len__(self) -> int:
        return len(_NETS)


NETS: Final = _Nets()

__all__ = [
    "NETS",
    "Net",
    "Size",
    "build",
    "has_batch_statistics",
    "parameter_count",
    "sizes_of",
]


def build(name: str, sizes: Mapping[str, Size], *, seed: int = 0) -> Net:
    """A net as it is before it has learnt anything: a function of its name, sizes and seed.

    Sizes that are not given have their defaults. Any number of threads may build at the same time:
    the global generator of torch is neither read nor changed.
    """
    complete = resolved(name, sizes_of(name), sizes)
    check_limits(NETS[name], complete)
    with _OwnGenerator(seed):
        net = NETS[name](**complete)
    net.sizes = complete
    return net


# What nets draw their first weights with; some of these call others of them.
_DRAWS: Final = {"uniform_", "normal_", "kaiming_uniform_", "kaiming_normal_"}


class _OwnGenerator(TorchFunctionMode):
    """Inside, this thread draws from a generator of its own wherever none is named.

    torch's layers draw from the global one, which all threads share, and take no other.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        options = dict(kwargs or {})
        if getattr(func, "__name__", "") in _DRAWS:
            weights = args[0] if args else options["tensor"]
            if weights.is_meta:  # there is nothing to fill, and torch would load its compiler
                return weights
            options["generator"] = options.get("generator") or self.generator
        return func(*args, **options)


def sizes_of(name: str) -> dict[str, Size]:
    """The default sizes of a net."""
    if name not in NETS:
        raise InputError(f"there is no net {shortened(name)}", instead(name, NETS))
    return defaults_of(NETS[name])


def has_batch_statistics(net: nn.Module) -> bool:
    """Whether one picture's result depends on the others in its batch while the net learns."""
    return any(isinstance(part, _BatchNorm) for part in net.modules())


def parameter_count(net: nn.Module) -> int:
    """How many numbers the net learns."""
    return sum(parameter.numel() for parameter in net.parameters())
