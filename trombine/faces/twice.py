"""A window read twice: as it is, and mirrored and moved a little; what comes out is the mean.

What a net says of a thing depends a little on the side it is on and on where it lies between the
places of a coarser map. The mean depends on it less, and is nearer to what is so: docs/read.md
has by how much.
"""

from __future__ import annotations

from typing import Final, cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from trombine.core.conventions import MIRRORED_LANDMARK, MIRRORED_PART
from trombine.core.devices import device_of
from trombine.faces.fields import Fields, fields_of
from trombine.models import Model
from trombine.nets.reader import PART_COUNTS, Reading

MOVED: Final = 2  # pixels, to the right and down: half a place of the heat maps
_LEAST: Final = 1e-8  # likely, where a logarithm is taken
# How much of the lean to small parts is taken back. All of it would leave the likeliest labels; the
# overlap of small parts is largest in between.
_UPRIGHT: Final = 0.5


def read_twice(model: Model, pictures: Float[Tensor, "n 3 h w"]) -> Reading:
    """What a reader says of pictures, the mean of two readings; centres are of the first alone.

    Parts lean less to those that count more in training.
    """
    height, width = pictures.shape[-2:]
    moved = pad(pictures.flip(-1), (MOVED, 0, MOVED, 0), mode="replicate")[..., :height, :width]
    straight, mirrored = _read(model, pictures), _read(model, moved)
    traits, moment = fields_of(model)
    likely = _likely(straight)
    mirrored_parts = parts_back(_likely(mirrored))
    inside = likely[..., : height - MOVED, MOVED:]  # where the second saw something, too
    inside += mirrored_parts[..., MOVED:, : width - MOVED]
    inside /= 2
    lean = _UPRIGHT * torch.tensor(PART_COUNTS).log()[:, None, None]
    points = points_back(mirrored.points, width + MOVED) - torch.tensor([0.0, MOVED])
    back = torch.from_numpy(MIRRORED_LANDMARK)
    return Reading(
        parts=likely.clamp_(min=_LEAST).log_().sub_(lean),
        points=(straight.points + points) / 2,
        spreads=(straight.spreads + mirrored.spreads[:, back]) / 2,
        centres=straight.centres,
        face=(straight.face + mirrored.face) / 2,
        features=(straight.features + mirrored.features) / 2,
        traits=(straight.traits + _back(mirrored.traits, traits)) / 2,
        moment=(straight.moment + _back(mirrored.moment, moment)) / 2,
    )


def _read(model: Model, pictures: Float[Tensor, "n 3 h w"]) -> Reading:
    """What the model, wherever it is, says of pictures."""
    outputs = cast(Reading, model(pictures.to(device_of(model.net))))
    return Reading(*(output.to(pictures.device) for output in outputs))


def _likely(reading: Reading) -> Float[Tensor, "n p h w"]:
    """How likely each part is at each pixel. A map lies in one piece: softmax is slow otherwise."""
    return reading.parts.float().contiguous().softmax(1)


def parts_back(parts: Float[Tensor, "n p h w"]) -> Float[Tensor, "n p h w"]:
    """What is said of the mirrored pictures' parts, as it is of the pictures'."""
    return parts.index_select(1, torch.from_numpy(MIRRORED_PART).long()).flip(-1)


def points_back(points: Float[Tensor, "n 68 2"], width: float) -> Float[Tensor, "n 68 2"]:
    """The same of landmarks, in pixels; pictures of this width."""
    mirrored = points[:, torch.from_numpy(MIRRORED_LANDMARK)].clone()
    mirrored[..., 0] = width - mirrored[..., 0]
    return mirrored


def _back(read: Float[Tensor, "n k"], fields: Fields) -> Float[Tensor, "n k"]:
    """The same of numbers; those after the fields, the styles, mirroring leaves as they are."""
    signs = torch.ones(read.shape[1])
    signs[: len(fields.names)] = fields.signs
    return read * signs
