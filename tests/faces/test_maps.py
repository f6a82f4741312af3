"""Parts of a whole picture along its own edges: by the nets that ship, of faces painted large."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from jaxtyping import UInt8
from PIL import Image
from torch import nn

from trombine.core.conventions import GROUP_OF_PART, PART_INDEX, to_picture
from trombine.faces import Face, maps, parts_map, read_faces
from trombine.faces.drawing import drawn
from trombine.faces.frames import samples_of
from trombine.faces.reading import read_picture
from trombine.io.image import picture_of
from trombine.io.overlays import draw_parts
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


def test_no_background_lies_within_a_face(large: Read) -> None:
    """Where the net sees some beside the nose, skin is read; outside of the face it stays."""
    _, found = large[0]
    logits = found.logits.clone()
    x, y = found.points[33].astype(int)
    place = found.frame.to_window(torch.tensor([[x, y]], dtype=torch.float64))[0].long().tolist()
    near = slice(place[1] - 3, place[1] + 3), slice(place[0] - 3, place[0] + 3)
    logits[0][near] = logits.max() + 1
    parts = parts_map([replace(found, logits=logits)], LARGE, LARGE)
    assert parts[y, x] == PART_INDEX["skin"]
    assert (parts[:, 0] == 0).all()


def test_a_sheet_shows_the_parts_that_are_written() -> None:
    """Of a small picture, which is drawn larger: parts of the enlarged one would be others."""
    picture = picture_of(paint(face(FIRST), 256, "photo").pixels)
    reading = read_picture(picture, "reader")
    sheet = drawn(reading.pixels, reading.faces, "", traits=False)
    wanted = draw_parts(
        np.asarray(Image.fromarray(reading.pixels).resize((512, 512), Image.Resampling.BICUBIC)),
        reading.parts().repeat(2, 0).repeat(2, 1),
    )
    rows = np.lib.stride_tricks.sliding_window_view(sheet[:, :, 0], 512, 1)
    first = wanted[0, :, 0]
    found = np.argwhere((rows == first).all(-1))
    assert any(
        np.array_equal(sheet[top : top + 512, left : left + 512], wanted) for top, left in found
    )


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
