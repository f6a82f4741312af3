"""Nets that others published, as judges: VGG's and Inception's features, and LPIPS.

They are what papers report, so numbers compare with theirs; the witness is what trombine judges by.
None comes with trombine: the weights are read from a file, or from where torch and the package
`lpips` keep theirs.

    feature_net("vgg16:vgg16-397923af.pth")   FeatureNet: pictures to features, with a hash
    judging_nets(["lpips"])                   JudgingNet: two pictures to a distance, with a hash
"""

from __future__ import annotations

import hashlib
import importlib.util
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from jaxtyping import Float, Float32, Float64
from torch import nn

from trombine.core.devices import CPU, prepare
from trombine.core.errors import InputError, shown
from trombine.eval.restoration import JudgingNet, Picture
from trombine.models.importing import state_of, vgg
from trombine.nets.vgg import BLOCKS, VGG, features

LPIPS: Final = "lpips"
INCEPTION: Final = "inception"
NETS: Final = (*BLOCKS, INCEPTION)
_LPIPS_LAYERS: Final = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")
_LAST: Final = {"vgg16": "relu5_3", "vgg19": "relu5_4"}
_LEAST: Final = 16  # pixels a side, that are one at the end of VGG
_TINY: Final = 1e-10  # LPIPS's own, beside the length of a vector

Pictures = Float32[torch.Tensor, "n 3 h w"]
Features = Float64[torch.Tensor, "n f"]


@dataclass(frozen=True, eq=False)
class FeatureNet:
    """Pictures in [0, 1] to features, one row each."""

    name: str
    hash: str  # of its weights: the first 12 hex digits of SHA-256
    see: Callable[[Pictures], torch.Tensor]
    device: str = CPU

    @torch.inference_mode()
    def __call__(self, pictures: Pictures) -> Features:
        """One picture at a time: published nets are large."""
        seen = (self.see(one[None].to(self.device)) for one in pictures)
        return torch.cat([features.flatten(1).double().cpu() for features in seen])


def _unit(x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n c h w"]:
    return x / (x.norm(dim=1, keepdim=True) + _TINY)


def feature_net(text: str, device: str = CPU) -> FeatureNet:
    """The net of a text: vgg16, vgg19 or inception, or one of them with a file, as NAME:FILE."""
    prepare(device)
    name, _, path = text.partition(":")
    if name in BLOCKS:
        net, hash = _vgg(name, path)
        net.to(device)
        last = _LAST[name]
        return FeatureNet(name, hash, lambda x: _layers(net, x, [last])[last].mean((2, 3)), device)
    if name == INCEPTION:
        return _scripted(Path(path), device)
    raise InputError(f"published nets are {', '.join(NETS)}, not {shown(name)}")


def judging_nets(asked: Sequence[str]) -> list[JudgingNet]:
    """The nets of these texts; all but LPIPS say 1 minus the cosine of two pictures' features."""
    names = [text.partition(":")[0] for text in asked]
    for name in names:
        if name not in (LPIPS, *NETS):
            raise InputError(f"published nets are {', '.join((LPIPS, *NETS))}, not {shown(name)}")
    if len(set(names)) < len(names):
        raise InputError("each of --features is named once")
    return [_lpips(text) if text.startswith(LPIPS) else _by_cosine(text) for text in asked]


def _by_cosine(text: str) -> JudgingNet:
    net = feature_net(text)

    def distance(a: Picture, b: Picture) -> float:
        return 1 - float(nn.functional.cosine_similarity(net(a[None]), net(b[None]))[0])

    return JudgingNet(net.name, net.hash, distance)


def _lpips(text: str) -> JudgingNet:
    """LPIPS in VGG16 with the weights of its version 0.1: the squared difference of unit features,
    weighted by channel, its mean over places, summed over layers."""
    trunk, _, own = text.partition(":")[2].partition("+")
    path = Path(own) if own else _lpips_file()
    net, hash = _vgg("vgg16", trunk)
    tensors = state_of(path)
    weights: dict[str, torch.Tensor] = {}
    for number, layer in enumerate(_LPIPS_LAYERS):
        convolution = net.get_submodule(net.layers[layer.replace("relu", "conv")])
        shape = (1, len(convolution.get_parameter("bias")), 1, 1)
        weight = tensors.get(name := f"lin{number}.model.1.weight")
        if weight is None or tuple(weight.shape) != shape:
            problem = f"holds no weights of LPIPS for this VGG16: there is no {name} of {shape}"
            raise InputError(problem, "take weights/v0.1/vgg.pth of the package lpips", path=path)
        weights[layer] = weight.float()

    @torch.inference_mode()
    def distance(a: Picture, b: Picture) -> float:
        ours, theirs = (_layers(net, x[None], _LPIPS_LAYERS) for x in (a, b))
        return sum(
            float(((_unit(ours[k]) - _unit(theirs[k])).square() * weight).sum(1).mean())
            for k, weight in weights.items()
        )

    return JudgingNet(LPIPS, f"{hash}+{_hash(weights)}", distance)


def _vgg(name: str, path: str) -> tuple[VGG, str]:
    """VGG up to its last layer, without the pooling that follows, and the hash of its weights."""
    net = vgg(name, path or None)
    hash = _hash(net.state_dict())
    net.cut_after([_LAST[name]])
    return net, hash


def _layers(net: VGG, pictures: Pictures, names: Sequence[str]) -> dict[str, torch.Tensor]:
    if min(pictures.shape[-2:]) < _LEAST:
        raise InputError(f"a picture is smaller than the {_LEAST} pixels that VGG needs")
    return features(net, pictures, names)


def _lpips_file() -> Path:
    """Where the package has its weights; nothing of it is imported, for it needs torchvision."""
    package = importlib.util.find_spec(LPIPS)
    for place in (package.submodule_search_locations or ()) if package else ():
        if (path := Path(place) / "weights" / "v0.1" / "vgg.pth").is_file():
            return path
    raise InputError(
        "LPIPS's own weights are not here",
        "`pip install --no-deps lpips`, or name the files: lpips:VGG16.pth+LPIPS.pth",
    )


def _scripted(path: Path, device: str) -> FeatureNet:
    """Inception as a TorchScript file, as those who compute FID pass it around: pictures of 0 to
    255 to features, with return_features=True."""
    if not path.is_file():
        remedy = "give Inception as a TorchScript file: inception:inception-2015-12-05.pt"
        raise InputError("is not there", remedy, path=path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that TorchScript is old
            net = torch.jit.load(path, map_location="cpu").eval()
    except (RuntimeError, ValueError) as error:
        raise InputError(
            "is no TorchScript file", "take inception-2015-12-05.pt", path=path
        ) from error

    def see(x: Pictures) -> torch.Tensor:
        try:
            return net((x * 255).round(), return_features=True)
        except RuntimeError as error:
            message = "gives no features of pictures with return_features=True"
            raise InputError(message, "take inception-2015-12-05.pt", path=path) from error

    hash = _hash(net.state_dict())
    net.to(device)
    return FeatureNet(INCEPTION, hash, see, device)


def _hash(tensors: Mapping[str, torch.Tensor]) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().float().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]
