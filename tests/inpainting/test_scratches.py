"""Scratches of prints: the mask that a known net leads to, and what the shipped one detects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import ndimage

from trombine.core.rng import Rng
from trombine.data.degrade import HANDLING, Chain
from trombine.inpainting import scratches as module
from trombine.inpainting.scratches import GROWN, scratches
from trombine.metrics.detection import matches
from trombine.models import Card, Model
from trombine.nets import Net
from trombine.world import face, paint

CHOOSING = 1_000_000  # seeds from which nothing is learned


class Bright(Net):
    """Says that bright pixels are damaged; keeps the sizes of what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, ...]] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append(tuple(x.shape))
        return 100 * (x[:, :1] - 0.5)


@pytest.fixture
def bright() -> Model:
    card = Card(task="detect", net="unet", sizes={"outputs": 1})
    return Model(net=Bright(), card=card, hash="0" * 12, path=Path("bright.safetensors"))


def squares(size: int) -> np.ndarray:
    """The square structure, so many pixels to each side."""
    return np.ones((2 * size + 1, 2 * size + 1), bool)


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (300, 900)])
def test_the_mask_is_what_the_net_says_grown_at_its_edge(
    bright: Model, shape: tuple[int, int]
) -> None:
    """Lines, dots and a torn corner, in one tile and in several: nothing is lost or moved."""
    picture = torch.zeros(3, *shape)
    picture[:, shape[0] // 3] = 1
    picture[:, ::17, ::13] = 1
    picture[:, : shape[0] // 4, : shape[1] // 4] = 1
    wanted = ndimage.binary_dilation(picture[0].numpy() > 0, squares(GROWN))
    mask = scratches(picture, model=bright).mask.numpy()
    assert mask.shape == shape and (mask >= wanted).all()
    # A smaller picture sees the corner too: its edge may lie a pixel of that further out.
    beyond = ndimage.binary_dilation(picture[0].numpy() > 0, squares(GROWN + 4))
    assert (mask <= beyond).all() and (mask > wanted).mean() < 0.01


def test_large_pictures_are_detected_in_smaller_ones(
    bright: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most MOST pixels are looked at, in tiles; the mask lies where the damage does."""
    monkeypatch.setattr(module, "MOST", 300 * 200)
    picture = torch.zeros(3, 900, 600)
    picture[:, 300:420, 90:240] = 1
    mask = scratches(picture, model=bright).mask
    assert mask.shape == (900, 600) and mask[302:418, 92:238].all()
    outside = mask.clone()
    outside[294:426, 84:246] = False
    assert not outside.any()
    assert isinstance(bright.net, Bright)
    assert max(height * width for *_, height, width in bright.net.seen) <= 300 * 200
    monkeypatch.undo()
    assert not scratches(torch.zeros(3, 200, 2000), model=bright).mask.any()
    assert max(side for *_, height, width in bright.net.seen for side in (height, width)) <= 768


def test_what_is_in_doubt_is_counted_and_taken_where_asked(bright: Model) -> None:
    """A sure line that goes on faintly is no second place; a speck is not worth a word."""
    picture = torch.zeros(3, 90, 90)
    picture[:, 20] = 1
    picture[:, 20:40, 50] = picture[:, 60, 10:50] = picture[:, 75, 75] = 0.515
    found, strong = (scratches(picture, strong=strong, model=bright) for strong in (False, True))
    assert found.left == 1 and strong.left == 0
    assert found.mask[20].all() and not found.mask[60].any()
    assert strong.mask[20].all() and strong.mask[60, 10:50].all() and strong.mask[75, 75]


@pytest.mark.parametrize("grey", [False, True])
def test_painted_damage_is_detected_by_the_shipped_net(grey: bool) -> None:
    """Faces of seeds that it never saw, spoiled by old-photo: most is detected, little else is."""
    pixels = np.stack([paint(face(CHOOSING + k), 224, "photo").pixels for k in range(3)])
    pictures = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    if grey:
        pictures = pictures.mean(1, keepdim=True).expand(-1, 3, -1, -1).contiguous()
    chance = Rng(seed=CHOOSING, places=np.arange(3, dtype=np.int64))
    spoiled = Chain.parse("old-photo").marked(pictures, chance, by=HANDLING)
    detected = torch.stack([scratches(picture).mask for picture in spoiled.pictures])
    counts = matches(detected, spoiled.damaged[:, 0] > 0)
    assert counts.there > 500
    assert counts.precision >= 0.8 and counts.recall >= 0.8
    assert scratches(pictures[0]).mask.float().mean() < 0.01, "a whole face is damaged"
