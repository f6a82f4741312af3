"""The nets: one family of architectures a file, and here the table of all of them.

    residual             a small picture to one `factor` times as large
    srresnet             the same, as in SRResNet
    rrdb                 the same, as in ESRGAN
    unet                 a picture to a picture of the same size
    dcgan_generator      a random vector to a picture
    style_generator      the same by a style, which weighs channels
    dcgan_discriminator  a picture to a number: how real it looks
    patch_discriminator  a picture to a map of such numbers
    srgan_discriminator  a picture of any size to one such number
    denoiser             a noisy picture and a time to what the noise is
    encoder              a picture to a few numbers
    completer            a picture with a hole to which part of a face is where
    reader               a picture to what is where in a face
    refiner              the same at half of a picture's size, to all of it
    finder               a picture to where faces may be
    painter              a picture with a hole to one without
    diffusion_painter    the same, another one for each seed
    autoencoder          a picture to itself, through a few numbers
    inventor             a random vector to a face, told what is to be of it
    code_discriminator   a code to how much it looks drawn
    translator           a picture to the same in another style
    attentive_translator      the same, attending to what tells the styles apart
    attentive_discriminator   a picture to how real its patches look, small and large ones
    restyler             a face in one style to the same in another

and beside it, in vgg.py, VGG, which others taught and papers compare features in.

A net is built from its name and its sizes alone; what it has learnt comes from a file of weights
(models/), how it learns is in losses/ and training/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.overrides import TorchFunctionMode

from trombine.core.errors import InputError, shortened
from trombine.core.grammar import instead
from trombine.nets.autoencoder import Autoencoder, Encoder
from trombine.nets.dcgan import DCGANDiscriminator, DCGANGenerator
from trombine.nets.denoiser import Denoiser
from trombine.nets.diffusion_painter import DiffusionPainter
from trombine.nets.discriminators import (
    AttentiveDiscriminator,
    CodeDiscriminator,
    PatchDiscriminator,
    SRGANDiscriminator,
)
from trombine.nets.faces import Completer, Finder, Refiner
from trombine.nets.inventor import Inventor
from trombine.nets.painter import Painter
from trombine.nets.reader import Reader
from trombine.nets.restyler import Restyler
from trombine.nets.sizes import Net, Size, check_limits, defaults_of, resolved
from trombine.nets.style_generator import StyleGenerator
from trombine.nets.superres import RRDB, Residual, SRResNet
from trombine.nets.translator import AttentiveTranslator, Translator
from trombine.nets.unet import UNet

NETS: Final[dict[str, type[Net]]] = {
    "residual": Residual,
    "srresnet": SRResNet,
    "rrdb": RRDB,
    "unet": UNet,
    "dcgan_generator": DCGANGenerator,
    "style_generator": StyleGenerator,
    "dcgan_discriminator": DCGANDiscriminator,
    "patch_discriminator": PatchDiscriminator,
    "srgan_discriminator": SRGANDiscriminator,
    "denoiser": Denoiser,
    "encoder": Encoder,
    "reader": Reader,
    "refiner": Refiner,
    "finder": Finder,
    "painter": Painter,
    "completer": Completer,
    "diffusion_painter": DiffusionPainter,
    "autoencoder": Autoencoder,
    "inventor": Inventor,
    "code_discriminator": CodeDiscriminator,
    "translator": Translator,
    "attentive_translator": AttentiveTranslator,
    "attentive_discriminator": AttentiveDiscriminator,
    "restyler": Restyler,
}

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
