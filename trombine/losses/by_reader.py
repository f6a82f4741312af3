"""What shipped nets say of pictures of any size, though they have sizes of their own; and terms."""

from __future__ import annotations

from typing import cast

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn import functional

from trombine.data.columns import UNKNOWN
from trombine.faces.frames import WINDOW
from trombine.losses.terms import wide
from trombine.nets.reader import Reading
from trombine.nets.steering import told_of


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


def guessed_in(
    completer: nn.Module, damaged: Float[Tensor, "n 3 h w"], hole: Float[Tensor, "n 1 h w"]
) -> Float[Tensor, "n 19 h w"]:
    """What `completion` says of which part is where, as nets are told it; as large as the pictures.

    It learned at the reader's size. No gradient goes back.
    """
    with torch.no_grad():
        there = functional.interpolate(hole, (WINDOW, WINDOW), mode="nearest")
        logits = completer(_resized(damaged, WINDOW, WINDOW), hole=there)
        return told_of(_resized(wide(logits), *damaged.shape[-2:]))


def reader_terms(
    reader: nn.Module,
    output: Float[Tensor, "n 3 h w"],
    hole: Float[Tensor, "n 1 h w"],
    parts: UInt8[Tensor, "n h w"],
    points: Float[Tensor, "n 68 2"],
) -> dict[str, Tensor]:
    """What a reader says of pictures whose holes were painted, beside what is true of them.

    `read_parts` is the cross-entropy in the hole, `read_points` the landmarks' mean distance in
    widths of the picture. What is not known (255, NaN) counts as right.
    """
    logits, found = read_in(reader, output)
    labels = torch.where(hole[:, 0] > 0.5, parts.long(), UNKNOWN["parts"])
    known = labels != UNKNOWN["parts"]
    wrong = functional.cross_entropy(logits, torch.where(known, labels, 0), reduction="none")
    areas = known.sum((1, 2)).clamp(min=1)
    there = points.isfinite().all(-1)
    off = (found - torch.where(there[..., None], points, found.detach())).square().sum(-1)
    far = torch.where(there, (off + 1e-6).sqrt(), 0.0)
    return {
        "read_parts": ((wrong * known).sum((1, 2)) / areas).mean(),
        "read_points": far.mean() / output.shape[-1],
    }


def _resized(x: Float[Tensor, "n c h w"], height: int, width: int) -> Float[Tensor, "n c h2 w2"]:
    """Bilinear, without aliasing where it shrinks; untouched where it has the size."""
    if x.shape[-2:] == (height, width):
        return x
    return functional.interpolate(wide(x), (height, width), mode="bilinear", antialias=True)
