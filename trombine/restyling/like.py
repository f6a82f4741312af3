"""A picture in the style of another one, without training (Gatys et al., 2016).

What is compared are statistics of a net's features: how its channels go together in the other
picture, whatever is where (Gram matrices), and what is where in this one. The net is VGG16 where
torch keeps its weights, else the shipped reader, whose first layers know strokes and edges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final, cast

import numpy as np
import torch
from jaxtyping import Float32, Float64
from torch import Tensor, nn
from torch.nn import functional

from trombine.core.devices import CPU
from trombine.io.color import LUMA
from trombine.io.files import digest
from trombine.io.image import Picture as Image
from trombine.models import loaded
from trombine.models.importing import published, vgg
from trombine.nets.reader import Reader
from trombine.nets.vgg import features

READER: Final = "reader"
VGG16: Final = "vgg16"
SIDE: Final = 256  # pixels of the longer side at which features are compared
_STEPS: Final = 24  # how often they are computed
_STYLE, _CONTENT, _ROUGH, _OUTSIDE = 3.0, 0.1, 0.3, 10.0  # weights of what is made small
_OF_VGG: Final = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
_OF_READER: Final = ("0.first", "0.second", "1.first", "1.second", "2")

Picture = Float32[Tensor, "3 h w"]
Other = Float32[Tensor, "3 k l"]  # a picture of another size


@dataclass(frozen=True, kw_only=True)
class Eye:
    """What compares pictures: a net, and its layers, the last of which says what is where."""

    name: str
    hash: str
    net: nn.Module
    layers: tuple[str, ...]
    centred: bool = False  # whether it takes pictures within [-1, 1]

    def see(self, picture: Picture) -> Mapping[str, Tensor]:
        """The features of a picture."""
        x = picture[None]
        return features(self.net, 2 * x - 1 if self.centred else x, self.layers)


def eye(device: str = CPU) -> Eye:
    """The best net that is at hand."""
    if (weights := published(VGG16)).is_file():
        return _by_vgg(weights, weights.stat().st_mtime_ns, device)
    model = loaded(READER, task="read", device=device)
    reader = cast(Reader, model.net.eval())
    trunk = nn.Sequential(reader.first, reader.down[0], reader.down[1])
    return Eye(name=READER, hash=model.hash, net=trunk, layers=_OF_READER, centred=True)


@lru_cache(maxsize=1)
def _by_vgg(weights: Path, _written: int, device: str) -> Eye:
    net = vgg(VGG16, weights).to(device)
    net.cut_after(_OF_VGG)
    return Eye(name=VGG16, hash=digest(weights)[:12], net=net, layers=_OF_VGG)


def restyled_like(
    image: Image, style: Other, by: Eye, *, strength: float = 1.0, keep_colours: bool = False
) -> Image:
    """All of the picture in the style of another one."""
    if not strength:
        return image
    plain = image.plain
    before = torch.from_numpy(plain.rgb().transpose(2, 0, 1).copy())
    change = drawn_like(before, style, by) - before
    change = strength * (luma_of(change) if keep_colours else change)
    colours = (before + change).clamp(0, 1).permute(1, 2, 0).numpy().reshape(-1, 3)
    everywhere = np.ones(before.shape[1:], bool)
    result = plain.recoloured(np.ascontiguousarray(colours), everywhere)
    return replace(result, profile=image.profile)


def drawn_like(picture: Picture, style: Other, by: Eye, steps: int = _STEPS) -> Picture:
    """The picture in the style of another, from its features at SIDE pixels: what changes there is
    added to the picture, so that it keeps its detail and all stays where it is. Colours that the
    descent adds beyond the other's, as rainbows in a pencil drawing, are taken back."""
    device = next(by.net.parameters()).device
    small, other = (_shrunk(one).to(device) for one in (picture, style))
    begin = with_colours(small, other)
    with torch.no_grad():
        wanted = {name: gram(seen) for name, seen in by.see(other).items()}
        content = by.see(begin)[by.layers[-1]]
    changed = begin.clone().requires_grad_()
    descent = torch.optim.LBFGS(
        [changed], max_iter=steps, max_eval=steps, line_search_fn="strong_wolfe"
    )

    def off() -> Tensor:
        seen = by.see(changed)
        style_off = sum(_off(gram(seen[name]), wanted[name]) for name in by.layers)
        rough = sum(changed.diff(dim=side).abs().mean() for side in (1, 2))
        loss = (
            _STYLE * style_off / len(by.layers)
            + _CONTENT * _off(seen[by.layers[-1]], content)
            + _ROUGH * rough
            + _OUTSIDE * (changed - changed.clamp(0, 1)).square().mean()
        )
        changed.grad = torch.autograd.grad(loss, changed)[0]
        return loss.detach()

    descent.step(off)
    change = (with_colours(changed.detach(), other) - small).cpu()
    size = picture.shape[-2:]
    return picture + functional.interpolate(change[None], size, mode="bicubic")[0]


def luma_of(change: Picture) -> Picture:
    """A change of light and dark alone."""
    return torch.einsum("chw,c->hw", change, change.new_tensor(LUMA)).expand_as(change)


def gram(seen: Float32[Tensor, "1 c h w"]) -> Float32[Tensor, "c c"]:
    """The mean over places of the products of each two channels."""
    flat = seen[0].flatten(1)
    return flat @ flat.T / flat.shape[1]


def _off(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).square().sum() / b.square().sum().clamp(min=1e-9)


def with_colours(picture: Picture, style: Other) -> Picture:
    """The picture with the mean and the covariance of another's colours, as near to its own as can
    be: the linear map of optimal transport (Pitie and Kokaram, 2007)."""
    (middle, own), (other, wanted) = (_moments(one) for one in (picture, style))
    root, back = _power(own, 0.5), _power(own, -0.5)
    moved = back @ _power(root @ wanted @ root, 0.5) @ back
    result = torch.einsum("ij,jhw->ihw", moved, picture.double() - middle) + other
    return result.clamp(0, 1).float()


def _moments(picture: Picture) -> tuple[Float64[Tensor, "3 1 1"], Float64[Tensor, "3 3"]]:
    flat = picture.double().flatten(1)
    some = 1e-5 * torch.eye(3, dtype=flat.dtype, device=flat.device)  # a grey picture has no colour
    return flat.mean(1)[:, None, None], torch.cov(flat, correction=0) + some


def _power(matrix: Float64[Tensor, "3 3"], power: float) -> Float64[Tensor, "3 3"]:
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ (values.clamp(min=1e-12) ** power).diag() @ vectors.T


def _shrunk(picture: Picture) -> Other:
    """At most SIDE pixels a side, and no less than the layers need."""
    times = min(SIDE / max(picture.shape[-2:]), 1.0)
    size = [max(round(side * times), 16) for side in picture.shape[-2:]]
    small = functional.interpolate(picture[None], size, mode="bilinear", antialias=True)[0]
    return small.clamp(0, 1)
