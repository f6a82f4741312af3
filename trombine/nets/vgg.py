"""VGG16 and VGG19 (Simonyan and Zisserman 2015), the part with the convolutions.

The layout and the names of tensors are torchvision's, so that the weights it publishes fit; no
torchvision is needed to read them. Features, the outputs of a net's layers, are taken before the
activation: a layer's output is copied where the layer gives it, so that an activation which works
in place cannot reach it. Training compares them in losses/perceptual.py, judging in
eval/published.py.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final, final

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from trombine.core.errors import InputError
from trombine.nets.spaces import to_space

# Convolutions of each block; a block's channels are 1, 2, 4, 8, 8 times the width.
BLOCKS: Final = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
_WIDER: Final = (1, 2, 4, 8, 8)
_WIDTH: Final = 64
# Where torch.hub keeps what torchvision has fetched.
_PUBLISHED: Final = {"vgg16": "vgg16-397923af.pth", "vgg19": "vgg19-dcbb9e9d.pth"}


@final
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


def vgg(name: str, path: Path | str | None = None) -> VGG:
    """VGG16 or VGG19 with the weights of a file, .pth or .safetensors; frozen, in eval mode.

    Without a path, with torchvision's own weights: from where torch keeps them, or fetched by
    torchvision where it works.
    """
    if name not in BLOCKS:
        raise InputError(f"no {name!r}: there are {', '.join(BLOCKS)}")
    loaded = read_tensors(Path(path)) if path else _torchvisions(name)
    tensors = {key: value for key, value in loaded.items() if key.startswith("features.")}
    source = f"{path}" if path else f"torchvision's {name}"
    first = tensors.get("features.0.weight")
    if first is None:
        raise InputError(f"{source} holds no weights of {name}: there is no features.0.weight")
    with torch.device("meta"):  # no weights are drawn only to be replaced
        net = VGG(name=name, width=len(first))
    _check_fit(net, tensors, f"{source} does not fit {name}")
    net.load_state_dict(tensors, assign=True)
    return net.float().eval().requires_grad_(False)


def _check_fit(net: VGG, tensors: Mapping[str, torch.Tensor], message: str) -> None:
    expected = net.state_dict()
    if different := sorted(expected.keys() ^ tensors.keys()):
        kind = "lacks" if different[0] in expected else "has also"
        raise InputError(f"{message}: it {kind} {different[0]}")
    for key, value in expected.items():
        if tensors[key].shape != value.shape:
            shapes = f"{tuple(tensors[key].shape)}, not {tuple(value.shape)}"
            raise InputError(f"{message}: {key} is {shapes}")


def read_tensors(path: Path) -> Mapping[str, torch.Tensor]:
    """The tensors of a file; no code of it is run."""

    if not path.is_file():
        raise InputError(f"{path} is not there: give the file of weights, .pth or .safetensors")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, OSError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise InputError(f"{path} cannot be read as weights: download it again") from error
    except Exception as error:  # pickle's own, of which weights_only raises several
        raise InputError(f"{path} holds more than weights: take torchvision's file") from error
    if not isinstance(tensors, dict):
        raise InputError(f"{path} holds no tensors by name: take torchvision's file")
    return {str(key): value for key, value in tensors.items() if isinstance(value, torch.Tensor)}


def published(name: str) -> Path:
    """Where torch keeps torchvision's weights, once they are fetched."""
    return Path(torch.hub.get_dir()) / "checkpoints" / _PUBLISHED[name]


def _torchvisions(name: str) -> Mapping[str, torch.Tensor]:
    path = published(name)
    if path.is_file():
        return read_tensors(path)
    try:
        models = importlib.import_module("torchvision.models")
        return getattr(models, name)(weights="IMAGENET1K_V1").state_dict()
    except Exception as error:  # beside another build of torch its import fails in many ways
        raise InputError(
            f"torchvision gives no weights of {name} here: give a file of them ({path.name})"
        ) from error
