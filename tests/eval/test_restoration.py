"""Results against truths: each measure against an independent one, in each region."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from skimage import data

from trombine.core.conventions import to_picture
from trombine.data.source import source
from trombine.eval.restoration import RIM, judged, paired, rim, slopes
from trombine.metrics import ssim_map


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray]:
    """A photograph, and the same with noise."""
    truth = data.astronaut()[40:168, 160:300]
    noise = np.random.default_rng(2).normal(0, 12, truth.shape)
    return np.clip(truth + noise, 0, 255).round().astype(np.uint8), truth


@pytest.fixture
def hole(pair: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    mask = np.zeros(pair[0].shape[:2], np.bool_)
    mask[30:70, 40:90] = True
    return mask


def test_inside_of_the_hole_alone(pair: tuple[np.ndarray, np.ndarray], hole: np.ndarray) -> None:
    """What is outside of a region does not count in it."""
    ours, theirs = pair
    other = np.where(hole[..., None], ours, 255 - ours)
    near = rim(hole)
    inside = judged(to_picture(ours), to_picture(theirs), hole)["hole"]
    outside_changed = judged(to_picture(other), to_picture(theirs), hole)["hole"]
    for name in ("PSNR", "PSNR-Y", "MAE"):
        assert inside[name] == outside_changed[name]
    expected = np.square(ours / 255.0 - theirs / 255.0)[hole].mean()
    assert inside["PSNR"] == pytest.approx(-10 * math.log10(expected), abs=1e-4)
    assert inside["MAE"] == pytest.approx(np.abs(ours / 255.0 - theirs / 255.0)[hole].mean())
    windows = ssim_map(to_picture(ours).double(), to_picture(theirs).double())
    assert inside["SSIM"] == pytest.approx(float(windows[:, hole[5:-5, 5:-5]].mean()))
    expected = np.square(ours / 255.0 - theirs / 255.0)[near].mean()
    values = judged(to_picture(ours), to_picture(theirs), hole)["rim"]
    assert values["PSNR"] == pytest.approx(-10 * math.log10(expected), abs=1e-4)


def test_the_rim_by_brute_force(hole: np.ndarray) -> None:
    """Pixels from which the other side can be reached in RIM steps across or down."""
    near = np.zeros_like(hole)
    for down in range(-RIM, RIM + 1):
        for across in range(abs(down) - RIM, RIM + 1 - abs(down)):
            near |= np.roll(hole, (down, across), (0, 1)) != hole
    assert np.array_equal(rim(hole), near)


def test_slopes_of_a_ramp() -> None:
    """Grey that rises by a hundredth a pixel has that slope, in that direction."""
    ramp = torch.arange(40).float()[None, None].expand(3, 30, 40) / 100
    across, down = slopes(ramp)
    assert torch.allclose(across[:, 1:-1], torch.tensor(0.01, dtype=torch.float64), atol=1e-6)
    assert torch.allclose(down, torch.zeros((), dtype=torch.float64), atol=1e-9)


def test_a_border_counts_for_luma_alone(pair: tuple[np.ndarray, np.ndarray]) -> None:
    ours, theirs = pair
    values = judged(to_picture(ours), to_picture(theirs), border=4)["whole"]
    inner = judged(to_picture(ours[4:-4, 4:-4]), to_picture(theirs[4:-4, 4:-4]))["whole"]
    assert values["PSNR-Y"] == pytest.approx(inner["PSNR-Y"], abs=1e-9)
    assert values["PSNR"] != inner["PSNR"]


def test_how_a_picture_looks_is_seen_where_psnr_is_blind(
    pair: tuple[np.ndarray, np.ndarray],
) -> None:
    """Moved by a pixel a picture looks the same; blurred, grey, noisy or squeezed it does not,
    and its PSNR is higher."""
    truth = to_picture(np.ascontiguousarray(pair[1]))
    moved = truth.roll(1, 2).contiguous()
    file = io.BytesIO()
    Image.fromarray(pair[1]).save(file, "JPEG", quality=15)
    others = {
        "blurred": to_picture(np.asarray(Image.fromarray(pair[1]).filter(ImageFilter.BoxBlur(1)))),
        "noisy": to_picture(pair[0]),
        "squeezed": to_picture(np.asarray(Image.open(file))),
    }
    found = judged(moved, truth, names=("PSNR", "look"))["whole"]
    assert judged(truth, truth, names=("look",))["whole"]["look"] == 0
    for name, other in others.items():
        values = judged(other, truth, names=("PSNR", "look"))["whole"]
        assert values["PSNR"] > found["PSNR"], name
        assert values["look"] > 2 * found["look"], name


def test_what_the_witness_reads(tmp_path: Path) -> None:
    """The same face is at no distance; another one, and more noise, are further."""
    faces = source("world:photo#3", 128, first_seed=1_000_000)
    first, other = (to_picture(faces.take(np.array([k]))["pictures"][0]) for k in (0, 1))
    noise = torch.randn(first.shape, generator=torch.Generator().manual_seed(3))
    distances = []
    for strength in (0.0, 0.05, 0.2):
        noisy = (first + strength * noise).clamp(0, 1)
        values = judged(noisy, first)["whole"]
        distances.append(values["witness"])
        if not strength:
            assert values["landmarks"] == 0
            assert values["parts"] == 1
            assert values["identity"] == 0
    assert distances[0] == pytest.approx(0, abs=1e-9)
    assert distances == sorted(distances)
    assert judged(other, first)["whole"]["identity"] > 0.05


def save(folder: Path, name: str, pixels: np.ndarray) -> None:
    folder.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(folder / name)


def test_files_are_paired_by_name(tmp_path: Path) -> None:
    """Whatever their format; those without a partner are named."""
    pixels = np.zeros((20, 20, 3), np.uint8)
    for name in ("a.png", "b.png", "c.png"):
        save(tmp_path / "results", name, pixels)
    for name in ("a.jpg", "b.bmp", "d.png"):
        save(tmp_path / "truth", name, pixels)
    pairs, alone = paired([tmp_path / "results"], [tmp_path / "truth"], None)
    assert [(p.result.name, p.truth.name) for p in pairs] == [
        ("a.png", "a.jpg"),
        ("b.png", "b.bmp"),
    ]
    assert sorted(path.name for path in alone) == ["c.png", "d.png"]
