"""Reading twice: what a reader that is right both times says stays, and a real one says more
rightly."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import torch

from trombine.core.conventions import MIRRORED_PART, PARTS, to_picture
from trombine.faces import read_twice
from trombine.metrics.reading import overlaps, point_errors
from trombine.models import load
from trombine.nets.reader import PART_COUNTS, Reading
from trombine.nets.sizes import Net
from trombine.world import face, paint


class Exact(Net):
    """Works on each pixel alone, and has no sides.

    Landmarks all lie in the middle of what is bright; yaw is how far right that is; the rest stays.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sizes = {"traits": 23, "moment": 19}

    def forward(self, x: torch.Tensor) -> Reading:
        return exact(x)


def exact(pictures: torch.Tensor) -> Reading:
    count, _, height, width = pictures.shape
    scale = torch.linspace(-1, 1, len(PARTS))
    scale = scale + scale[torch.from_numpy(MIRRORED_PART).long()]
    parts = scale[:, None, None] * pictures.sum(1, keepdim=True)
    light = pictures.mean(1)
    light = light / light.sum((1, 2), keepdim=True)
    x = (light.sum(1) * (torch.arange(width) + 0.5)).sum(-1)
    y = (light.sum(2) * (torch.arange(height) + 0.5)).sum(-1)
    yaw = x / width - 0.5
    return Reading(
        parts=parts,
        points=torch.stack([x, y], -1)[:, None].expand(-1, 68, -1),
        spreads=torch.zeros(count, 68),
        centres=torch.zeros(count, 2, 1, 1),
        face=torch.ones(count),
        features=torch.ones(count, 4),
        traits=torch.full((count, 23), 0.3),
        moment=torch.cat([yaw[:, None], torch.zeros(count, 14), torch.full((count, 4), 0.2)], 1),
    )


def test_what_an_exact_reader_says_stays() -> None:
    """Two readings that agree have themselves as their mean: everything is mirrored and moved back
    to where it was."""
    torch.manual_seed(0)
    model = replace(load("reader", task="read"), net=Exact())
    pictures = torch.zeros(3, 3, 48, 64)
    pictures[:, :, 10:30, 12:40] = torch.rand(3, 3, 20, 28)
    once, twice = exact(pictures), read_twice(model, pictures)
    lean = torch.tensor(PART_COUNTS).log()[:, None, None] / 2
    assert torch.allclose(twice.parts + lean, once.parts.log_softmax(1), atol=1e-5)
    assert torch.allclose(twice.points, once.points, atol=1e-4)
    assert torch.allclose(twice.traits, once.traits) and torch.equal(twice.face, once.face)
    # The second picture lies 2 of 64 pixels further right, which is a little of a turn.
    assert torch.allclose(twice.moment[:, 0], once.moment[:, 0] - 1 / 64, atol=1e-5)
    assert torch.allclose(twice.moment[:, 1:], once.moment[:, 1:])


def test_the_reader_reads_better_twice() -> None:
    model = load("reader", task="read")
    painted = [paint(face(seed), 128, "photo") for seed in range(900_100, 900_112)]
    pictures = torch.stack([to_picture(one.pixels) for one in painted])
    parts = torch.from_numpy(np.stack([one.parts for one in painted]))
    points = torch.from_numpy(np.stack([one.points for one in painted]))
    off, shared = [], []
    for reading in (cast(Reading, model(pictures)), read_twice(model, pictures)):
        off.append(float(point_errors(reading.points, points).mean()))
        both, either = overlaps(reading.parts.argmax(1), parts)
        shared.append(float((both / either).mean()))
    assert off[1] < 0.95 * off[0]
    assert shared[1] > shared[0]
