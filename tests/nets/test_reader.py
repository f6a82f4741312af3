"""What the reader's numbers are read from, against loops over places and parts."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import nn
from torch.nn.functional import avg_pool2d

from trombine.core.conventions import LANDMARK_GROUPS, PARTS
from trombine.nets.blocks import fused
from trombine.nets.reader import (
    POINT_STEP,
    Mix,
    Reader,
    _of_parts,
    _pooled,
    _shape,
    middles_of,
    share_of,
)

EYES = [list(LANDMARK_GROUPS[name]) for name in ("right_eye", "left_eye")]


def drawn(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(sum(shape)))


def test_a_mix_is_a_convolution_of_single_pixels() -> None:
    mix, plain = Mix(5, 7), nn.Conv2d(5, 7, 1)
    plain.load_state_dict(mix.state_dict())
    x = drawn(2, 5, 6, 9)
    torch.testing.assert_close(mix(x), plain(x))
    last = x.contiguous(memory_format=torch.channels_last)
    assert mix(last).is_contiguous(memory_format=torch.channels_last)


def test_middles_are_centres_of_mass() -> None:
    """In pixels, of which a place has two."""
    heat = torch.from_numpy(np.random.default_rng(0).normal(0, 2, (2, 3, 6, 9)))
    share = heat.flatten(2).softmax(-1).view_as(heat).numpy()
    for row, column in np.ndindex(2, 3):
        y, x = np.array(ndimage.center_of_mass(share[row, column]))
        found = middles_of(share_of(heat), 2)[row, column]
        np.testing.assert_allclose(found, [2 * x + 1, 2 * y + 1], rtol=1e-6)


def test_the_shape_is_the_same_wherever_and_however_the_face_stands() -> None:
    """Moved, turned and enlarged; and what is told of the turn is that turn."""
    points = 40 + 50 * drawn(1, 68, 2)
    points[:, EYES[0], 0] -= 60
    points[:, EYES[1], 0] += 60
    shape, along = _shape(points)
    turn = 0.7
    rotation = torch.tensor([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    other, elsewhere = _shape(2.5 * points @ rotation.T + 11)
    torch.testing.assert_close(other, shape)
    torch.testing.assert_close(elsewhere, along @ rotation.T)
    assert shape.square().sum() / 68 == pytest.approx(1, rel=1e-5)
    right, left = (shape.view(68, 2)[eye].mean(0) for eye in EYES)
    assert left[0] > right[0] and float(left[1]) == pytest.approx(float(right[1]), abs=1e-5)


def test_means_over_parts() -> None:
    """Where each part is sure, the mean of the values over its places; and its middle and size."""
    labels = (19 * drawn(2, 8, 8)).long()
    labels[0][labels[0] == 18] = 0  # one part is not there
    logits = torch.full((2, 4 * len(PARTS), 16, 16), -40.0)
    for n in range(2):
        for i in range(16):
            for j in range(16):
                part = int(labels[n, i // 2, j // 2])
                logits[n, 4 * part : 4 * part + 4, i, j] = 40.0
    values, points = drawn(2, 3, 8, 8), 20 * drawn(2, 68, 2)
    picture = drawn(2, 3, 32, 32)
    means, places = _of_parts(logits, values, picture, points)
    values = torch.cat([values, avg_pool2d(picture, 4)], 1)
    means, places = means.view(2, len(PARTS), 6), places.view(2, len(PARTS), 3)
    for n in range(2):
        middle = points[n].mean(0)
        size = (points[n] - middle).square().sum(-1).mean().sqrt()
        for part in range(len(PARTS)):
            there = (labels[n] == part).nonzero()
            if not len(there):
                assert means[n, part].abs().max() < 1e-5 and places[n, part].abs().max() < 1e-5
                continue
            wanted = torch.stack([values[n, :, i, j] for i, j in there.tolist()]).mean(0)
            torch.testing.assert_close(means[n, part], wanted)
            where = POINT_STEP * (there.float() + 0.5).mean(0).flip(0)
            torch.testing.assert_close(places[n, part, :2], (where - middle) / size)
            large = math.sqrt(len(there)) * POINT_STEP / float(size)
            assert float(places[n, part, 2]) == pytest.approx(large, rel=1e-5)


def test_numbers_say_nothing_back_to_where_things_are() -> None:
    """What is learned of fields must not move landmarks or parts."""
    share, values = drawn(1, 4, 3, 3).requires_grad_(), drawn(1, 2, 3, 3).requires_grad_()
    _pooled(share, values).sum().backward()
    assert share.grad is None and values.grad is not None
    net = Reader(width=8, features=4, traits=2, moment=2).train()
    reading = net(drawn(2, 3, 32, 32))
    (reading.traits.sum() + reading.moment.sum()).backward()
    assert net.heat.weight.grad is None
    parts = net.parts[0]
    assert isinstance(parts, Mix) and parts.weight.grad is None
    assert net.there.weight.grad is not None and net.here.weight.grad is not None


@pytest.mark.parametrize("norm", ["batch", "group"])
def test_a_fused_reader_says_the_same(norm: str) -> None:
    """Getting a reader ready for reading changes nothing of what it says, nor the reader itself."""
    net = Reader(width=8, norm=norm)
    net(drawn(8, 3, 64, 64))  # statistics other than those it begins with
    net.eval()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    x, ready = drawn(2, 3, 70, 50), fused(net)
    with torch.no_grad():
        expected, reading = net(x), ready(x)
        points, spreads = ready.landmarks(x)
    for a, b in zip(reading, expected, strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(points, expected.points, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(spreads, expected.spreads, atol=1e-4, rtol=1e-4)
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
