"""Faces enlarged by a net of their own, in a picture that another enlarged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

import trombine
from trombine.faces.faces import Face, read_faces
from trombine.metrics import psnr_y
from trombine.models import Model, load, loaded
from trombine.nets import Net
from trombine.nets.sizes import Size
from trombine.superres import pictures
from trombine.superres.pictures import with_faces
from trombine.world import face, paint

SIDE = 52


class Bicubic(Net):
    """Enlarges as interpolation does, and makes all `darker`."""

    def __init__(self, darker: float = 0.0) -> None:
        super().__init__()
        self.darker, self.factor = darker, 4
        self.sizes = dict[str, Size](channels=3)
        self.register_buffer("none", torch.zeros(1))

    @property
    def reach(self) -> int:
        return 3

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.interpolate(x, scale_factor=4.0, mode="bicubic") - self.darker


def by(net: Net) -> Model:
    return replace(load("upscale-wild-faces-x4"), net=net)


@pytest.fixture(scope="module")
def small() -> torch.Tensor:
    """A painted face, none of it near black or white."""
    pixels = paint(face(1_500_003), SIDE, "photo").pixels
    return 0.3 + 0.6 * torch.from_numpy(pixels).permute(2, 0, 1).float() / 255


@pytest.fixture(scope="module")
def read(small: torch.Tensor) -> Face:
    (one,) = read_faces(small, loaded("reader", task="read"))
    return one


@pytest.mark.parametrize("size", [(4 * SIDE, 4 * SIDE), (137, 137)])
def test_a_face_is_put_where_it_is(small: torch.Tensor, size: tuple[int, int]) -> None:
    """By the same interpolation as the rest, it is the same picture."""
    large = functional.interpolate(small[None], size, mode="bicubic", antialias=True)[0]
    made = with_faces(small, large.clamp(0, 1), by(Bicubic()))
    assert psnr_y(made, large.clamp(0, 1), border=0) > 40, "half a pixel off would be 30 dB"


def leave(*_: object) -> None:
    """In place of matching: what these nets change is light, which is taken back."""


def test_only_the_face_changes_and_softly(
    small: torch.Tensor, read: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "match", leave)
    large = functional.interpolate(small[None], scale_factor=4.0, mode="bicubic")[0]
    before = large.clone()
    changed = (before - with_faces(small, large, by(Bicubic(0.25)))).mean(0).numpy()
    left, top, right, bottom = (4 * length for length in read.box)
    y, x = np.mgrid[: 4 * SIDE, : 4 * SIDE] + 0.5
    radius = np.hypot(
        (x - (left + right) / 2) / ((right - left) / 2),
        (y - (top + bottom) / 2) / ((bottom - top) / 2),
    )
    assert np.abs(changed[radius > 2.5]).max() == 0
    assert changed[radius < 1.1].mean() == pytest.approx(0.25, abs=0.02)
    assert np.abs(np.diff(changed, axis=0)).max() < 0.05, "no seam"


def test_who_leans_far_is_left_alone(small: torch.Tensor) -> None:
    """The net saw faces that stand."""
    lying = small.rot90(1, (1, 2)).contiguous()
    large = functional.interpolate(lying[None], scale_factor=4.0, mode="bicubic")[0]
    assert torch.equal(with_faces(lying, large.clone(), by(Bicubic(0.2))), large)


def test_the_function_puts_faces_in_by_their_share(
    small: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As much of the net for faces as of that for damage, and outside of faces nothing."""
    picture = np.ascontiguousarray((255 * small).round().byte().permute(1, 2, 0).numpy())
    models = {1.0: "upscale-wild", 0.5: "upscale+upscale-wild*0.5"}
    monkeypatch.setattr(pictures, "match", leave)
    asked, seen = list[tuple[str, float]](), list[torch.Tensor]()

    def none(small: torch.Tensor, large: torch.Tensor, model: Model, share: float) -> torch.Tensor:
        return large

    def black(small: torch.Tensor, large: torch.Tensor, model: Model, share: float) -> torch.Tensor:
        asked.append((model.path.stem, share))
        seen.append(small)
        return with_faces(small, large, by(Bicubic(2.0)), share)

    for model in models.values():
        made = []
        for faces in (none, black):
            monkeypatch.setattr(pictures, "with_faces", faces)
            made.append(trombine.upscale(picture, scale=4, model=model) / 255.0)
        white = torch.ones(3, 4 * SIDE, 4 * SIDE)
        kept = with_faces(seen[-1], white, by(Bicubic(2.0)), asked[-1][1])[0].numpy()
        assert np.abs(made[1] - made[0] * kept[..., None]).max() < 1.01 / 255
        assert kept.min() == pytest.approx(1 - asked[-1][1], abs=1e-3)
    assert asked == [("upscale-wild-faces-x4", share) for share in models]
