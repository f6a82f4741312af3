"""Holes that are not quite empty: each of these was seen, in this code or in its forerunners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from trombine.inpainting import faces as under
from trombine.inpainting import repairing
from trombine.inpainting.damaged import Damaged
from trombine.models import Model

Ours = Callable[[str, str], Callable[..., None]]


@pytest.fixture
def leak_test(
    ours: Ours, faces: list[np.ndarray], plain: Model, steered: Model
) -> Callable[[], None]:
    """The leak test's pictures, of which some are faces."""
    test = ours(
        "inpainting/test_leaks.py",
        "test_what_lies_under_a_hole_changes_nothing",
    )
    return lambda: test(mode="RGB", faces=faces, plain=plain, steered=steered)


def unmasked(damaged: Damaged) -> Damaged:
    """The picture as if nothing were missing, what is under the hole included."""
    whole = Damaged.of(damaged.image, np.ones_like(damaged.hole))
    whole.colours[:] = damaged.image.rgb()
    whole.missing[:] = False
    return whole


def test_channels_of_the_unmasked_picture_are_noticed(
    leak_test: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts and landmarks that are read before the hole is emptied tell what was under it."""
    read_again = under.read_in

    def leaking(damaged: Damaged, face: Any, reader: Any) -> Any:
        return read_again(unmasked(damaged), face, reader)

    def in_sight(damaged: Damaged, reader: Any, steering: Any) -> Any:
        seen = under.faces_in(damaged, reader, steering)
        return [leaking(damaged, face, reader) for face in seen]

    monkeypatch.setattr(repairing, "faces_in", in_sight)
    monkeypatch.setattr(under, "read_in", leaking)  # for the second look
    with pytest.raises(AssertionError):
        leak_test()


def test_a_hole_that_is_not_emptied_is_noticed(
    leak_test: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Averaging before the hole is emptied lets its colours into the pixels beside it."""

    def leaking(self: Damaged, box: Any) -> np.ndarray:
        seen = known(self, box)
        colours = unmasked(self).colours[box.top : box.bottom, box.left : box.right]
        faint = seen[..., 3] == 0
        seen[faint, :3], seen[faint, 3] = colours[faint] * 0.01, 0.01
        return seen

    known = Damaged.known
    monkeypatch.setattr(Damaged, "known", leaking)
    with pytest.raises(AssertionError):
        leak_test()


def test_noise_where_the_picture_is_known_is_noticed(
    ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A painter that sees noise over what is kept paints on, and worse."""
    from trombine.data.source import source
    from trombine.nets.diffusion_painter import DiffusionPainter

    usual = DiffusionPainter.lacking

    def over_all(self: DiffusionPainter, known: Any, mixed: Any, t: Any) -> Any:
        return usual(self, known._replace(hole=known.hole * 0 + 1), mixed, t)

    test = ours(
        "training/methods/test_inpaint_diffusion.py",
        "test_what_is_outside_the_hole_is_neither_seen_as_noise_nor_counts",
    )
    faces = source("world:photo#48", 64).batch(np.arange(12))
    test(faces)
    monkeypatch.setattr(DiffusionPainter, "lacking", over_all)
    with pytest.raises(AssertionError):
        test(faces)
