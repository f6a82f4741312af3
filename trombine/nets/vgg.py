"""VGG16 and VGG19 (Simonyan and Zisserman 2015), the part with the convolutions.

The layout and the names of tensors are torchvision's, so that the weights it publishes fit
(models/importing.py reads them). Features, the outputs of a net's layers, are taken before the
activation: a layer's output is copied where the layer gives it, so that an activation which works
in place cannot reach it. Training compares them in losses/terms.py, judging in
eval/published.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from typing import Final

import torch
from jaxtyping import Float
from torch import nn

from trombine.core.errors import InputError
from trombine.nets.spaces import to_space

# Convolutions of each block; a block's channels are 1, 2, 4, 8, 8 times the width.
BLOCKS: Final = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
_WIDER: Final = (1, 2, 4, 8, 8)
_WIDTH: Final = 64


class VGG(nn.Module):
    """Pictures in [0, 1] to the output of the last layer that is left.

    `layers` has the names of the papers: "conv3_3" is the output of the third convolution of the
    third block, before its activation; "relu3_3" is after it.
    """

    def __init__(self, *, name: str = "vgg16", width: int = _WIDTH) -> None:
        super().__init__()
        if name not in BLOCKS:
            raise InputError(f"no {name!r}: there are {', '.join(BLOCKS)}")
        modules: list[nn.Module] = []
        self.layers: dict[str, str] = {}
        channels = 3
        for block, (count, wider) in enumerate(zip(BLOCKS[name], _WIDER, strict=True), start=1):
            for place in range(1, count + 1):
                for kind in ("conv", "relu"):
                    self.layers[f"{kind}{block}_{place}"] = f"features.{len(modules)}"
                    modules.append(
                        nn.Conv2d(channels, wider * width, 3, padding=1)
                        if kind == "conv"
                        else nn.ReLU(inplace=True)
                    )
                channels = wider * width
            self.layers[f"pool{block}"] = f"features.{len(modules)}"
            modules.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*modules)

    def forward(self, x: Float[torch.Tensor, "n 3 h w"]) -> Float[torch.Tensor, "n c i j"]:
        """Normalised as the net was trained, then through the layers."""
        return self.features(to_space(x, "imagenet"))

    def cut_after(self, layers: Iterable[str]) -> None:
        """Drop what comes after the last of these layers: it would be computed for nothing."""
        paths = [self.layers.get(name, name) for name in layers]
        numbers = [int(path.split(".")[1]) for path in paths if path.startswith("features.")]
        if len(numbers) == len(paths):  # "features", or "" for the net, means all of it
            self.features = nn.Sequential(*list(self.features)[: max(numbers) + 1])


def features(
    net: nn.Module, x: Float[torch.Tensor, "n c h w"], layers: Iterable[str]
) -> dict[str, torch.Tensor]:
    """The output of each of these layers for x, by name, before the layer after it.

    Layers are named as in net.named_modules(); those of a VGG also as in the papers, "conv3_3".
    Of a layer that the net uses several times, the last output counts.
    """
    modules = {name: layer_of(net, name) for name in layers}
    outputs: dict[str, torch.Tensor] = {}

    def keep(name: str, output: object) -> None:
        if not isinstance(output, torch.Tensor):
            raise InputError(f"layer {name!r} gives no tensor: name one within it")
        outputs[name] = output.clone()  # the activation after it may work in place

    with ExitStack() as hooks:
        for name, module in modules.items():
            hook = module.register_forward_hook(
                lambda _m, _i, output, name=name: keep(name, output)
            )
            hooks.callback(hook.remove)
        net(x)
    if missing := [name for name in modules if name not in outputs]:
        raise InputError(f"this net never runs its layers {', '.join(missing)}")
    return {name: outputs[name] for name in modules}


def layer_of(net: nn.Module, name: str) -> nn.Module:
    """The module of this name."""
    path = net.layers.get(name, name) if isinstance(net, VGG) else name
    modules = dict(net.named_modules())
    if path and path in modules:
        return modules[path]
    existing = net.layers if isinstance(net, VGG) else [name for name in modules if name]
    raise InputError(f"no layer {name!r}: this net has {', '.join(existing)}")
