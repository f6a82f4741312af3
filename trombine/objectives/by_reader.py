"""What a reader says of pictures of any size: it has learned from windows of its own."""

from __future__ import annotations

from typing import cast

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from trombine.nets.reader import Reading
from trombine.objectives.terms import wide
from trombine.reader.frames import WINDOW


def read_in(
    reader: nn.Module, pictures: Float[Tensor, "n 3 h w"]
) -> tuple[Float[Tensor, "n k h w"], Float[Tensor, "n 68 2"]]:
    """Logits of the parts, and landmarks in pixels, as the reader says them at its own size.

    The pictures are windows with a face in the middle. The gradient goes back to them.
    """
    height, width = pictures.shape[-2:]
    reading = cast(Reading, reader(_resized(pictures, WINDOW, WINDOW)))
    points = wide(reading.points)
    scale = points.new_tensor([width / WINDOW, height / WINDOW])
    return _resized(wide(reading.parts), height, width), points * scale


def _resized(x: Float[Tensor, "n c h w"], height: int, width: int) -> Float[Tensor, "n c h2 w2"]:
    """Bilinear, without aliasing where it shrinks; untouched where it has the size."""
    if x.shape[-2:] == (height, width):
        return x
    return functional.interpolate(wide(x), (height, width), mode="bilinear", antialias=True)
