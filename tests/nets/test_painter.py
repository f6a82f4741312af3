"""The painter: partial convolutions, fills and marks against sums over single pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trombine.core.conventions import GROUP_OF_PART, LANDMARK_GROUPS, PART_INDEX
from trombine.nets import build
from trombine.nets.painter import FINE, KINDS, Layer, Shuffle, pull_push
from trombine.nets.steering import marks

SIDE = 16


def holed(count: int = 2, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    pictures = torch.rand(count, 3, SIDE, SIDE, generator=generator)
    hole = torch.zeros(count, 1, SIDE, SIDE)
    hole[:, :, 4:11, 3:12] = 1
    return pictures, hole


def test_a_partial_convolution_is_the_sum_over_what_is_known() -> None:
    """As in Liu et al.: what is known of a window weighs as much as all of it would."""
    layer = Layer(3, 5, "partial", "none")
    pictures, hole = holed()
    valid = 1 - hole
    painted, known = layer(pictures * valid, valid)
    weight, bias = layer.conv.weight, layer.conv.bias
    assert bias is not None
    for row, column in ((0, 0), (3, 5), (5, 4), (7, 7), (11, 12), (15, 9)):
        total, count = torch.zeros(5), 0.0
        for down in (-1, 0, 1):
            for across in (-1, 0, 1):
                y, x = row + down, column + across
                if 0 <= y < SIDE and 0 <= x < SIDE and valid[0, 0, y, x]:
                    total += weight[:, :, down + 1, across + 1] @ pictures[0, :, y, x]
                    count += 1
        expected = torch.nn.functional.silu(total * 9 / count + bias) if count else torch.zeros(5)
        assert torch.allclose(painted[0, :, row, column], expected, atol=1e-5)
        assert bool(known[0, 0, row, column]) == (count > 0)


def test_a_hole_shrinks_by_a_pixel_at_each_partial_layer() -> None:
    """And at no other kind's: they do not go by what is known."""
    pictures, hole = holed(1)
    for kind in KINDS:
        x, valid = pictures * (1 - hole), 1 - hole
        for steps in range(1, 5):
            x, valid = Layer(x.shape[1], 4, kind, "none")(x, valid)
            left = max(0, 7 - 2 * steps) * max(0, 9 - 2 * steps) if kind == "partial" else 7 * 9
            assert int((valid == 0).sum()) == left, kind


@pytest.mark.parametrize("kind", ["plain", "partial"])
def test_a_hole_over_everything_gives_numbers(kind: str) -> None:
    """No division by what is not there, and none in the gradients."""
    net = build("painter", {"width": 4, "levels": 3, "convolution": kind, "parts": "all"})
    pictures = torch.rand(1, 3, SIDE, SIDE)
    painted = net(pictures, torch.ones(1, 1, SIDE, SIDE))
    painted.mean().backward()
    assert painted.isfinite().all()
    gradients = [weight.grad for weight in net.parameters() if weight.grad is not None]
    assert all(bool(gradient.isfinite().all()) for gradient in gradients)


def test_a_fill_keeps_what_is_known_and_continues_it() -> None:
    """A flat picture stays flat; a slope goes on through the hole."""
    _, hole = holed(1)
    flat = torch.full((1, 3, SIDE, SIDE), 0.3)
    damaged = torch.where(hole > 0.5, torch.rand(1, 3, SIDE, SIDE), flat)
    assert torch.allclose(pull_push(damaged, hole, 2), flat, atol=1e-6)
    slope = torch.linspace(0, 1, SIDE).expand(1, 3, SIDE, SIDE)
    filled = pull_push(torch.where(hole > 0.5, torch.zeros_like(slope), slope), hole, 2)
    assert torch.equal(filled[hole.expand_as(filled) < 0.5], slope[hole.expand_as(slope) < 0.5])
    assert (filled - slope).abs().max() < 0.2
    assert torch.equal(pull_push(flat, torch.ones_like(hole), 2), torch.full_like(flat, 0.5))


def test_a_mark_is_a_blob_in_the_plane_of_its_group() -> None:
    """At its landmark, whatever the others are; one that is not known leaves nothing."""
    points = torch.full((1, 68, 2), torch.nan)
    points[0, 30] = torch.tensor([5.5, 9.5])
    planes = marks(points, torch.zeros(1, 3, SIDE, SIDE))
    place = list(LANDMARK_GROUPS).index("nose")
    rows, columns = np.mgrid[:SIDE, :SIDE]
    expected = np.exp(-0.5 * ((columns - 5) ** 2 + (rows - 9) ** 2) / 1.2**2)
    assert np.allclose(planes[0, place].numpy(), expected, atol=1e-6)
    others = [plane for plane in range(len(LANDMARK_GROUPS)) if plane != place]
    assert not planes[0, others].any()


def test_what_is_unknown_is_as_what_is_not_given() -> None:
    """Labels of 255 and landmarks that are NaN say nothing."""
    net = build("painter", {"width": 4, "levels": 2, "parts": "all", "points": True})
    assert net.optional == ("parts", "points")
    pictures, hole = holed()
    unknown = torch.full((2, SIDE, SIDE), 255, dtype=torch.uint8)
    nowhere = torch.full((2, 68, 2), torch.nan)
    plain = net(pictures, hole)
    assert torch.equal(plain, net(pictures, hole, parts=unknown, points=nowhere))
    assert not torch.equal(plain, net(pictures, hole, parts=torch.zeros_like(unknown)))
    assert not torch.equal(plain, net(pictures, hole, points=torch.full((2, 68, 2), 7.0)))


def test_merged_parts_of_a_group_are_alike() -> None:
    """With `groups` the net cannot tell an upper lip from a lower one; with `all` it can."""
    lips = [PART_INDEX[name] for name in ("upper_lip", "lower_lip")]
    assert GROUP_OF_PART[lips[0]] == GROUP_OF_PART[lips[1]]
    pictures, hole = holed(1)
    for labels, alike in (("groups", True), ("all", False)):
        net = build("painter", {"width": 4, "levels": 2, "parts": labels})
        maps = [torch.full((1, SIDE, SIDE), lip, dtype=torch.uint8) for lip in lips]
        painted = [net(pictures, hole, parts=labels) for labels in maps]
        assert torch.equal(*painted) == alike


def test_a_shuffle_puts_channels_beside_one_another() -> None:
    """Channel 4k + 2i + j of a pixel is channel k of the pixel i below and j right of twice it."""
    layer = Shuffle(5, 3)
    x = torch.randn(2, 5, 4, 6)
    found = layer(x)
    assert found.shape == (2, 3, 8, 12)
    for channel, row, column in np.ndindex(3, 8, 12):
        weight = layer.conv.weight[4 * channel + 2 * (row % 2) + column % 2, :, 0, 0]
        wanted = x[:, :, row // 2, column // 2] @ weight
        assert torch.allclose(found[:, channel, row, column], wanted, atol=1e-6)


def test_a_halved_net_sees_every_pixel_and_widens_no_further() -> None:
    """What is told of each of four pixels changes the picture beside it, each in a way of its own;
    the widest layer is as wide as is said."""
    torch.manual_seed(0)
    sizes = {"width": 8, "levels": 3, "halved": True, "widest": 12, "parts": "all", "norm": "none"}
    net = build("painter", sizes)
    widths = {layer.conv.out_channels for layer in net.modules() if isinstance(layer, Layer)}
    assert widths == {8, 12, FINE}
    pictures, hole = holed(1)
    labels = torch.zeros(1, SIDE, SIDE, dtype=torch.uint8)
    before = net(pictures, torch.ones_like(hole), parts=labels)
    changed: list[torch.Tensor] = []
    for row, column in ((4, 4), (4, 5), (5, 4), (5, 5)):
        other = labels.clone()
        other[0, row, column] = 3
        changed.append(net(pictures, torch.ones_like(hole), parts=other) - before)
        y, x = divmod(int(changed[-1].abs().sum(1).argmax()), SIDE)
        assert abs(y - row) <= 2 and abs(x - column) <= 2
        assert not any(torch.allclose(changed[-1], earlier) for earlier in changed[:-1])
