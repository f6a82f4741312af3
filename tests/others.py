"""Small files of other people's architectures, made by spandrel's own classes with random weights.

Beside torch's CPU build the public torchvision cannot be imported. Here, in tests alone, the two
operators that it lacks are declared; nothing that is tested calls them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from torch import nn

NOT_HERE: Final = "the extra foreign (spandrel, torchvision) is not installed"
_DECLARED: Final = torch.library.Library("torchvision", "FRAGMENT")


@cache
def spandrel() -> Any:
    """The library; where the extra is not installed, the test is skipped, and says so."""
    for name in ("nms", "qnms"):
        with suppress(RuntimeError):  # a torchvision that fits has declared it
            _DECLARED.define(f"{name}(Tensor dets, Tensor scores, float threshold) -> Tensor")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torchvision's, that it cannot read JPEGs
        pytest.importorskip("torchvision", reason=NOT_HERE)
        return pytest.importorskip("spandrel", reason=NOT_HERE)


def of(architecture: str, name: str, **sizes: Any) -> nn.Module:
    """A net of one of spandrel's classes, the same each time."""
    spandrel()
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore")  # of torch, about how spandrel calls it
        torch.manual_seed(0)
        return getattr(import_module(f"spandrel.architectures.{architecture}"), name)(**sizes)


def descriptor(path: Path) -> Any:
    """The net in a file as spandrel itself opens it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return spandrel().ModelLoader().load_from_file(path).eval()


def gfpgan(monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    """GFPGAN a sixteenth as wide. spandrel builds the full one alone, so it is given this class."""
    spandrel()
    module = import_module("spandrel.architectures.GFPGAN")
    full = module.GFPGAN
    monkeypatch.setattr(module, "GFPGAN", lambda **sizes: full(**{**sizes, **_NARROW}))
    return full(
        out_size=512, input_is_latent=True, different_w=True, sft_half=True, num_mlp=8, **_NARROW
    )


_NARROW: Final = {"narrow": 1 / 16, "num_style_feat": 16, "channel_multiplier": 1}


def lama(monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    """LaMa of one block. spandrel builds the full one alone, so its generator is given sizes."""
    spandrel()
    module = import_module("spandrel.architectures.LaMa.__arch.LaMa")
    full = module.FFCResNetGenerator
    small = {"ngf": 8, "n_blocks": 1}
    monkeypatch.setattr(module, "FFCResNetGenerator", lambda *io: full(*io, **small))
    return module.LaMa(in_nc=4, out_nc=3)


# Each with its task and factor. None sees farther than a tile does.
NETS: Final[dict[str, tuple[str, int, Callable[[], nn.Module]]]] = {
    "ESRGAN": (
        "upscale",
        4,
        lambda: of("ESRGAN", "ESRGAN", num_filters=8, num_blocks=1),
    ),
    "unshuffled": (
        "upscale",
        2,
        lambda: of(
            "ESRGAN", "ESRGAN", in_nc=12, num_filters=8, num_blocks=1, scale=4, shuffle_factor=2
        ),
    ),
    "SwinIR": (
        "upscale",
        2,
        lambda: of(
            "SwinIR",
            "SwinIR",
            img_size=16,
            embed_dim=12,
            depths=[2],
            num_heads=[2],
            window_size=8,
            mlp_ratio=2.0,
            upscale=2,
            upsampler="pixelshuffledirect",
        ),
    ),
    "Compact": (
        "upscale",
        3,
        lambda: of("Compact", "Compact", num_feat=8, num_conv=3, upscale=3),
    ),
    "SPAN": (
        "upscale",
        2,
        lambda: of("SPAN", "SPAN", num_in_ch=3, num_out_ch=3, feature_channels=8, upscale=2),
    ),
    "RealCUGAN": ("upscale", 2, lambda: of("RealCUGAN", "UpCunet2x")),  # waifu2x's heir
    "DnCNN": ("restore", 1, lambda: of("DnCNN", "DnCNN", in_nc=3, out_nc=3, nc=8, act_mode="R")),
    "grey": ("restore", 1, lambda: of("DnCNN", "DnCNN", in_nc=1, out_nc=1, nc=8, act_mode="R")),
}


def random_weights(net: nn.Module, seed: int = 0) -> nn.Module:
    """The net with weights that neither die out nor grow, and answers round half of white."""
    generator = torch.Generator().manual_seed(seed)
    convolutions = [part for part in net.modules() if isinstance(part, nn.Conv2d)]
    with torch.no_grad():
        for part in convolutions:
            spread = part.weight[0].numel() ** -0.5
            part.weight.copy_(torch.randn(part.weight.shape, generator=generator) * spread)
        last, made, means = convolutions[-1], [], []
        hook = last.register_forward_hook(lambda *call: made.append(call[2].std()))
        other = last.register_forward_hook(lambda *call: means.append(call[2].mean()))
        planes = 1 if convolutions[0].in_channels == 1 else 3
        net.eval()(torch.rand(1, planes, 40, 40, generator=generator))
        hook.remove()
        other.remove()
        last.weight.mul_(0.15 / made[0])
        if last.bias is not None:
            if last.out_channels == 1:  # whose mean is that of one random kernel, far from zero
                last.bias.sub_(means[0]).mul_(0.15 / made[0])
            else:
                last.bias.fill_(
                    0 if "DnCNN" in type(net).__name__ else 0.5
                )  # that takes noise away
    return net


def write(net: nn.Module, path: Path) -> Path:
    """The weights as their makers pass them on."""
    state = net.state_dict()
    if path.suffix == ".safetensors":
        from safetensors.torch import save_file

        save_file({name: tensor.clone() for name, tensor in state.items()}, path)
    else:
        torch.save({"params_ema": state}, path)
    return path
