"""bench/upscale.py on a few small pictures: every row is computed by its own code, and says what it
should, whatever the nets are worth.

What has never been trained stands in for the nets, and painted pictures for the public ones.
"""

from __future__ import annotations

import math

import intervals
import numpy as np
import pytest
import torch
import upscale
from PIL import Image
from upscale_pictures import Pictures, from_files
from upscale_quality import Scores, measured

from trombine.data.resize import enlarge, shrink
from trombine.eval.methods import of_model
from trombine.models import load


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    """Two small files, one in colour and one in grey, neither with sides that are multiples."""
    folder = tmp_path_factory.mktemp("pictures")
    y, x = np.mgrid[:45, :54]
    for name, tints in (("coloured", (1, 2, 3)), ("grey", (2, 2, 2))):
        waves = [128 + 100 * np.sin(x * tint / 5 + y / 4) for tint in tints]
        Image.fromarray(np.stack(waves, -1).astype(np.uint8)).save(folder / f"{name}.png")
    return from_files("stubs", sorted(folder.glob("*.png")))


# Pictures ------------------------------------------------------------------------------------


def test_grey_files_are_grey_pictures(painted: Pictures) -> None:
    assert {name: tuple(one.shape) for name, one in painted.truths.items()} == {
        "coloured": (3, 45, 54),
        "grey": (1, 45, 54),
    }


# Scores --------------------------------------------------------------------------------------


def by_hand(truth: np.ndarray, guess: np.ndarray, border: int) -> float:
    """PSNR of Y, in plain numpy: pictures are C x H x W, values 0 to 255."""
    weights = np.array([65.481, 128.553, 24.966]) / 255 if len(truth) == 3 else np.ones(1)
    apart = np.tensordot(weights, truth - guess, 1)[border:-border, border:-border]
    return 10 * math.log10(255**2 / np.mean(apart**2))


def test_scores_are_those_computed_by_hand(painted: Pictures) -> None:
    """Cropped to 44 x 52, shrunk, enlarged by repeating pixels, 4 pixels of border left out."""

    def repeated(small: torch.Tensor, *, factor: int = 4) -> torch.Tensor:
        return small.repeat_interleave(factor, -1).repeat_interleave(factor, -2)

    scores = measured(painted, 4, {"repeated": repeated})
    for index, truth in enumerate(painted.truths.values()):
        whole = truth[:, :44, :52].contiguous()
        small = shrink(whole, 4)
        for way, guess in (
            ("repeated", repeated(small)),
            ("bicubic", enlarge(small, 4)),
            ("Lanczos", enlarge(small, 4, kernel="lanczos")),
        ):
            expected = by_hand(255 * whole.double().numpy(), 255 * guess.double().numpy(), 4)
            assert scores.values[way][index] == pytest.approx(expected, abs=1e-4)


def some_scores() -> Scores:
    """Three pictures, of which the net wins two."""
    return Scores(
        pictures=("a", "b", "c"),
        values={
            "bicubic": np.array([30.0, 31, 32]),
            "Lanczos": np.array([30.5, 31, 31]),
            "net": np.array([32.0, 30.75, 35]),
        },
        floors=("bicubic", "Lanczos"),
    )


def test_gains_count_against_the_better_floor() -> None:
    scores = some_scores()
    assert scores.least_gain("net") == ("b", -0.25)
    assert scores.not_better("net") == 1
    assert scores.gained("net", "bicubic").mean == pytest.approx((2 - 0.25 + 3) / 3)
    rows = list(upscale.better_rows("stubs", scores, "net"))
    assert [(row.value, row.ok) for row in rows] == [(1, False), (-0.25, True)]
    assert rows[1].name.endswith("both, b")
    assert upscale.goal_row("x", scores.figure("net"), 32).unit == "dB (27.16 to 38.01)"


# Ways and damage -----------------------------------------------------------------------------


def test_a_net_makes_8_bits_and_grey_of_grey(painted: Pictures) -> None:
    model = load("upscale-fast-x2")
    for truth in painted.truths.values():
        small = truth[:, :20, :24]
        large = of_model(model)(small[None], factor=2)[0]
        assert large.shape == (len(truth), 40, 48)
        assert torch.allclose(large * 255, (large * 255).round(), atol=1e-4)
        exact = model(small.expand(3, -1, -1).contiguous())
        if len(truth) == 1:  # a grey file holds what Pillow calls L
            exact = (exact * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(0, True)
        assert (large - exact).abs().max() <= 0.5 / 255 + 1e-5


# Rows ----------------------------------------------------------------------------------------


def test_the_interval_of_a_share_is_wilsons() -> None:
    """Ends are where the share is 1.96 of the deviations that they would have themselves away."""
    for hits, count in ((9, 10), (199, 200), (37, 100)):
        found = intervals.share(hits, count)
        assert found.mean == hits / count
        for end in (found.low, found.high):
            away = abs(found.mean - end) / math.sqrt(end * (1 - end) / count)
            assert away == pytest.approx(1.959964, abs=1e-5)
    assert intervals.share(200, 200).high == pytest.approx(1)
