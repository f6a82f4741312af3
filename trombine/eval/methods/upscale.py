"""Methods that enlarge: interpolation, and nets."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from trombine.core.conventions import to_picture, to_pixels
from trombine.core.errors import InputError
from trombine.data.resize import Kernel, enlarge
from trombine.io.color import from_srgb
from trombine.models import Model
from trombine.models.running import enlarged
from trombine.superres.pipelines import nets_of, plan_pipeline

Small = Float32[Tensor, "n c h w"]
Large = Float32[Tensor, "n c k l"]


def interpolated(pictures: Small, *, factor: int, kernel: Kernel) -> Large:
    """As MATLAB's imresize enlarges."""
    return enlarge(pictures, factor, kernel=kernel)


BASELINES: Final[dict[str, Callable[..., Large]]] = {
    "nearest pixel": partial(interpolated, kernel="nearest"),
    "bicubic": partial(interpolated, kernel="bicubic"),
    "Lanczos": partial(interpolated, kernel="lanczos"),
}


def of_net(name: str) -> Callable[..., Large]:
    """What a family of nets, or one net, makes of pictures, grey ones too."""
    nets_of(name)  # which refuses a name that is none

    def method(pictures: Small, *, factor: int) -> Large:
        height, width = pictures.shape[-2:]
        pipeline = plan_pipeline(height, width, factor, model=name)
        if pipeline.last:
            nets = ", ".join(str(step) for step in nets_of(name))
            raise InputError(f"{name} enlarges {nets} times, and what follows of it; not {factor}")
        for model in pipeline.models:  # one after the other where no net is large enough
            pictures = of_model(model)(pictures, factor=factor)
        return pictures

    return method


def of_model(model: Model) -> Callable[..., Large]:
    """What one net makes of pictures; it enlarges by its own factor."""

    def method(pictures: Small, *, factor: int) -> Large:
        return torch.stack([_enlarged(model, picture) for picture in pictures])

    return method


def _enlarged(model: Model, small: Float32[Tensor, "c h w"]) -> Float32[Tensor, "c k l"]:
    """One picture; a grey one as grey."""
    colours = enlarged(model.in_rgb, small.expand(3, -1, -1).contiguous())
    pixels = to_pixels(colours)
    if len(small) == 3:
        return to_picture(pixels)
    flat = np.ascontiguousarray(colours.permute(1, 2, 0).reshape(-1, 3).numpy())
    grey = from_srgb(flat, 1, None, np.dtype(np.uint8))
    return to_picture(grey.reshape(*pixels.shape[:2], 1))
