"""How well a reader reads: the measures of reader.py, each a function of a model and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import torch
from reader_pictures import Faces

from trombine.core.conventions import GROUPS
from trombine.faces.twice import points_back, read_twice
from trombine.metrics.reading import between_pupils, overlaps, point_errors
from trombine.models import Model
from trombine.nets.reader import Reading

_AT_ONCE: Final = 32
_INNER: Final = slice(17, 68)  # landmarks but those of the jaw


@dataclass(frozen=True, kw_only=True, eq=False)
class Read:
    """What a model says of pictures, of all of them."""

    labels: torch.Tensor  # n h w
    points: torch.Tensor
    face: torch.Tensor
    features: torch.Tensor
    traits: torch.Tensor
    moment: torch.Tensor


def read(model: Model, pictures: torch.Tensor, *, once: bool = False) -> Read:
    """All pictures, a few at a time, as trombine read does; or each once."""
    found: list[Read] = []
    for some in pictures.split(_AT_ONCE):
        one = cast(Reading, model(some)) if once else read_twice(model, some)
        found.append(
            Read(
                labels=one.parts.argmax(1).to(torch.uint8),
                points=one.points,
                face=one.face,
                features=one.features,
                traits=one.traits,
                moment=one.moment,
            )
        )
    names = ("labels", "points", "face", "features", "traits", "moment")
    return Read(**{name: torch.cat([getattr(one, name) for one in found]) for name in names})


def ious(read: Read, faces: Faces) -> dict[str, float]:
    """The IoU of each group."""
    both, either = overlaps(read.labels, faces.parts)
    return dict(zip(GROUPS, (both / either.clamp(min=1)).tolist(), strict=True))


def errors(read: Read, faces: Faces) -> torch.Tensor:
    """The error of each visible landmark, in parts of the distance between the pupils."""
    return point_errors(read.points, faces.points)[faces.visible]


def mirrored_apart(model: Model, pictures: torch.Tensor) -> np.ndarray:
    """How far landmarks of the mirrored picture, mirrored back, lie from those of the picture.

    The mean of each picture, in percent of the distance between the pupils. Each is read once: the
    mean of two readings, one of them mirrored, would be the same by itself.
    """
    here, there = (read(model, one, once=True) for one in (pictures, pictures.flip(-1)))
    back = points_back(there.points, pictures.shape[-1])
    apart = (here.points - back).norm(dim=-1).mean(1) / between_pupils(here.points)
    return 100 * apart.numpy()


def agreement(one: Read, other: Read) -> tuple[float, float]:
    """How far two readers' inner landmarks are apart, in percent; and the IoU of their parts."""
    apart = (one.points - other.points).norm(dim=-1)[:, _INNER].mean(1)
    both, either = overlaps(one.labels, other.labels)
    return float(100 * (apart / between_pupils(one.points)).mean()), float(
        (both / either.clamp(min=1)).mean()
    )


def wrong_together(one: Read, other: Read, faces: Faces) -> float:
    """The correlation of where two readers' labels are wrong, over all pixels."""
    a = (one.labels != faces.parts).flatten().double().numpy()
    b = (other.labels != faces.parts).flatten().double().numpy()
    return float(np.corrcoef(a, b)[0, 1])
