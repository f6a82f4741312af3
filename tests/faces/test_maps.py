"""Parts of a whole picture along its own edges: by the nets that ship, of faces painted large."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from jaxtyping import UInt8
from torch import nn

from trombine.core.conventions import GROUP_OF_PART, to_picture
from trombine.faces import Face, maps, parts_map, read_faces
from trombine.faces.frames import samples_of
from trombine.models import load
from trombine.world import Painted, face, paint

FIRST = 1_450_000
LARGE = 512
Read = list[tuple[Painted, Face]]


@pytest.fixture(scope="module")
def large() -> Read:
    """Painted faces, and as they are read."""
    reader, pairs = load("reader", task="read"), []
    for seed in range(FIRST, FIRST + 2):
        painted = paint(face(seed), LARGE, "photo")
        (found,) = read_faces(to_picture(painted.pixels), reader)
        pairs.append((painted, found))
    return pairs


def wrong(painted: Painted, parts: UInt8[np.ndarray, "h w"]) -> float:
    """The share of pixels that are called parts of another group."""
    return float((GROUP_OF_PART[parts] != GROUP_OF_PART[painted.parts]).mean())


def test_edges_of_a_large_picture_are_its_own(large: Read) -> None:
    before, after = [], []
    for painted, found in large:
        before.append(wrong(painted, parts_map([found], LARGE, LARGE)))
        picture = samples_of(painted.pixels)
        after.append(wrong(painted, parts_map([found], LARGE, LARGE, picture=picture)))
    assert np.mean(after) < 0.85 * np.mean(before)


def test_a_dark_picture_is_lit_as_the_reader_lights_it(large: Read) -> None:
    painted, found = large[0]
    dark = to_picture(painted.pixels) * 0.2
    parts = parts_map([found], LARGE, LARGE, picture=dark)
    assert wrong(painted, parts) < 1.3 * wrong(painted, parts_map([found], LARGE, LARGE))


@pytest.mark.parametrize(
    ("side", "sizes"),
    [(170.0, []), (190.0, [256]), (4000.0, [256, 512])],
)
def test_a_window_has_as_many_pixels_as_the_picture(
    side: float,
    sizes: list[int],
    large: Read,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And no more than 512; each step is told what the one before said."""
    from dataclasses import replace

    seen, told = [], []

    class Says(nn.Module):
        def forward(self, x: torch.Tensor, parts: torch.Tensor) -> torch.Tensor:
            seen.append(x.shape[-1])
            told.append(parts)
            assert parts.shape[-1] == x.shape[-1] // 2
            return torch.full((1, 19, *x.shape[-2:]), float(len(seen)))

    monkeypatch.setattr(maps, "fused", lambda net: Says())
    _, found = large[0]
    frame = replace(found.frame, side=side)
    logits = maps.refined(torch.rand(3, 64, 64), replace(found, frame=frame))
    largest = max([128, *sizes])
    assert seen == sizes and logits.shape == (19, largest, largest)
    for first in told[:1]:
        torch.testing.assert_close(first[0], found.logits.float().softmax(0))
    assert all(torch.allclose(one, torch.tensor(1 / 19)) for one in told[1:])
