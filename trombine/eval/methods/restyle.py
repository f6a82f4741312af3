"""Methods that draw a picture in another style of the world; its size stays."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, cast

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64
from scipy import ndimage
from skimage.restoration import denoise_bilateral
from torch import Tensor

from trombine.core.conventions import to_picture
from trombine.core.errors import InputError
from trombine.faces.frames import in_window
from trombine.io.color import LUMA
from trombine.models import loaded
from trombine.nets.restyler import Restyler
from trombine.world import face, paint

Pictures = Float32[Tensor, "n 3 h w"]
Colours = Float64[np.ndarray, "h w 3"]
LEARNT_FROM: Final = range(64)  # seeds of faces: of those that trainings have, no protocol
LEARNT_AT: Final = 64  # pixels a side
_BLUR: Final = 0.06  # of a picture's side
_EDGE: Final = 0.1  # a difference of grey from pixel to pixel
_DARK: Final = 0.3  # how much a line takes away


def as_it_is(pictures: Pictures, *, style: str, source: str = "photo") -> Pictures:
    """The picture in its own style."""
    return pictures


def colour_transfer(pictures: Pictures, *, style: str, source: str = "photo") -> Pictures:
    """Each channel with the mean and the deviation that pictures of the style have (Reinhard et al.
    2001, in RGB)."""
    mean, deviation = _colours(style)
    each = pictures.double()
    centred = each - each.mean((2, 3), keepdim=True)
    scale = deviation[:, None, None] / each.std((2, 3), keepdim=True).clamp(min=1 / 255)
    moved = centred * scale + mean[:, None, None]
    return ((moved.clamp(0, 1) * 255).round() / 255).float()


def histograms(pictures: Pictures, *, style: str, source: str = "photo") -> Pictures:
    """Each channel's samples, in their order, at the values that pictures of the style have."""
    values = _faces(style, LEARNT_AT).double().transpose(0, 1).flatten(1).sort(1).values
    each = pictures.double().flatten(2).contiguous()
    ordered = each.sort(2).values
    # Equal samples stay equal: each is in the middle of its like.
    first, last = (torch.searchsorted(ordered, each, right=right) for right in (False, True))
    share = (first + last - 1) / (2 * max(each.shape[2] - 1, 1))
    places = (share * (values.shape[1] - 1)).round().long()
    moved = torch.stack([values[channel][places[:, channel]] for channel in range(3)], 1)
    return moved.view_as(pictures).float()


def nearest_face(pictures: Pictures, *, style: str, source: str = "photo") -> Pictures:
    """Of faces that trainings have, the one of which the reader says most alike what is where, as
    it is painted in the style."""
    side = pictures.shape[-1]
    parts = _parts_of(pictures)
    known = _known_parts(source, side)
    alike = torch.stack([(known == one).double().mean((1, 2)) for one in parts])
    return _faces(style, side)[alike.argmax(1)]


@lru_cache(maxsize=8)
def _known_parts(style: str, side: int) -> Int64[Tensor, "n 128 128"]:
    return _parts_of(_faces(style, side))


def _parts_of(pictures: Pictures) -> Int64[Tensor, "n 128 128"]:
    """Which part the reader sees where, of pictures of one face each."""
    net = loaded("reader", task="read").net
    with torch.no_grad():
        return torch.cat([net(in_window(some)).parts.argmax(1) for some in pictures.split(8)])


def filtered(pictures: Pictures, *, style: str, source: str = "photo") -> Pictures:
    """What editors of pictures have: for a sketch grey divided by its blurred self (dodge), for
    anime and cartoon flat colours (bilateral) with dark lines along edges; nothing for a
    photograph."""
    if style == "photo":
        return pictures
    draw = _dodged if style == "sketch" else _flat
    made = [draw(picture.permute(1, 2, 0).double().numpy()) for picture in pictures]
    drawn = torch.from_numpy(np.stack(made)).permute(0, 3, 1, 2).clamp(0, 1)
    return ((drawn * 255).round() / 255).float()


def _dodged(picture: Colours) -> Colours:

    grey = picture @ np.array(LUMA)
    light = ndimage.gaussian_filter(grey, _BLUR * len(grey))
    return np.repeat((grey / light.clip(1 / 255))[..., None], 3, 2)


def _flat(picture: Colours) -> Colours:

    flat = denoise_bilateral(picture, sigma_color=0.1, sigma_spatial=3, mode="edge", channel_axis=2)
    grey = flat @ np.array(LUMA)
    edges = np.hypot(ndimage.sobel(grey, 0), ndimage.sobel(grey, 1)) / 4
    return flat * (1 - _DARK * (edges > _EDGE))[..., None]


@lru_cache(maxsize=8)
def _colours(style: str) -> tuple[Float64[Tensor, "3"], Float64[Tensor, "3"]]:
    """The mean of a style's channels, and their mean deviation within a picture."""
    each = _faces(style, LEARNT_AT).double()
    return each.mean((0, 2, 3)), each.std((2, 3)).mean(0)


@lru_cache(maxsize=8)
def _faces(style: str, side: int) -> Pictures:
    """Faces of a style that trainings have."""
    painted = (paint(face(seed), side, style).pixels for seed in LEARNT_FROM)
    return torch.stack([to_picture(np.ascontiguousarray(pixels)) for pixels in painted])


def of_net(name: str) -> Callable[..., Pictures]:
    """A net that restyles, by name or file, or one from pictures to pictures of the same size."""
    model = loaded(name)
    if model.card.task not in ("restyle", "restore"):
        raise InputError(f"is for {model.card.task}, not for restyling", path=name)

    def method(pictures: Pictures, *, style: str, source: str = "photo") -> Pictures:
        styles = ()
        if model.card.task == "restyle":
            net = cast(Restyler, model.net)
            if unknown := {source, style} - set(net.styles):
                raise InputError(f"knows {', '.join(net.styles)}, not {unknown.pop()}", path=name)
            styles = net.named(source, style, len(pictures))
        return (model(pictures, *styles) * 255).round() / 255

    return method


BASELINES: Final[dict[str, Callable[..., Pictures]]] = {
    "input": as_it_is,
    "colour transfer": colour_transfer,
    "histogram matching": histograms,
    "nearest face": nearest_face,
    "filters": filtered,
}
