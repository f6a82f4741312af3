"""imresize against MATLAB's definition in plain loops, and Pillow's resize against Pillow."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from trombine.core.conventions import to_pixels
from trombine.data.resize import Kernel, imresize_matlab, resize_pillow

# MATLAB, one number at a time ----------------------------------------------------------------


def cubic(x: float) -> float:
    """imresize.m: f = (1.5|x|^3 - 2.5|x|^2 + 1)(|x| <= 1) + (-.5|x|^3 + 2.5|x|^2 - 4|x| + 2)..."""
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x <= 2 else 0.0


def lanczos3(x: float) -> float:
    if abs(x) >= 3:
        return 0.0
    eps = 2.0**-52
    return (math.sin(math.pi * x) * math.sin(math.pi * x / 3) + eps) / (math.pi**2 * x**2 / 3 + eps)


KERNELS = {"bicubic": (cubic, 4.0), "lanczos": (lanczos3, 6.0)}


def scalar_line(line: list[float], n_out: int, scale: float, kernel: str) -> list[float]:
    """imresize.m's contributions() and imresizemex, for one line, everything counted from 1."""
    h, width = KERNELS[kernel]
    shrinking = scale < 1
    if shrinking:
        width /= scale
    out = []
    for x in range(1, n_out + 1):
        u = x / scale + 0.5 * (1 - 1 / scale)
        left = math.floor(u - width / 2)
        total, weight_sum = 0.0, 0.0
        for index in range(left, left + math.ceil(width) + 2):
            weight = scale * h(scale * (u - index)) if shrinking else h(u - index)
            mirrored = index  # symmetric: 3 2 1 | 1 2 3 ... n | n n-1
            while not 1 <= mirrored <= len(line):
                mirrored = 1 - mirrored if mirrored < 1 else 2 * len(line) + 1 - mirrored
            total += weight * line[mirrored - 1]
            weight_sum += weight
        out.append(total / weight_sum)
    return out


def scalar_imresize(picture: np.ndarray, size: tuple[int, int], kernel: Kernel) -> np.ndarray:
    """One channel: down the columns, then along the rows."""
    rows, columns = picture.shape
    down = [scalar_line(list(c), size[0], size[0] / rows, kernel) for c in picture.T]
    across = np.array(down).T
    return np.array([scalar_line(list(r), size[1], size[1] / columns, kernel) for r in across])


@pytest.mark.parametrize("kernel", ["bicubic", "lanczos"])
@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((24, 24), (12, 12)),
        ((24, 24), (8, 8)),
        ((24, 16), (6, 4)),
        ((24, 16), (3, 2)),  # x8: the kernel is wider than the picture
        ((7, 5), (14, 10)),
        ((5, 6), (15, 18)),
        ((4, 3), (32, 24)),
        ((13, 11), (7, 29)),  # shrunk one way, enlarged the other
        ((9, 9), (9, 9)),
        ((1, 6), (5, 2)),
    ],
)
def test_imresize_is_its_definition(
    shape: tuple[int, int], size: tuple[int, int], kernel: Kernel
) -> None:
    picture = np.random.default_rng(0).random(shape).astype(np.float32)
    ours = imresize_matlab(torch.tensor(picture)[None], size=size, kernel=kernel)
    assert ours[0].numpy() == pytest.approx(scalar_imresize(picture, size, kernel), abs=5e-7)


def test_vectors_stated_elsewhere() -> None:
    """0 to 15 in four rows: what others state that MATLAB and Octave give for it.

    Where 6.1501 stands they print 6.1505, but opposite values make 15, as 0 and 15 do.
    """
    counted = torch.arange(16, dtype=torch.float32).reshape(1, 4, 4) / 15
    three = [[0.7506, 2.1004, 3.4503], [6.1501, 7.5, 8.8499], [11.5497, 12.8996, 14.2494]]
    ours = imresize_matlab(counted, size=(3, 3))[0] * 15
    assert ours.numpy() == pytest.approx(np.array(three), abs=6e-5)


# Pillow --------------------------------------------------------------------------------------

sides = st.integers(1, 40)


@given(shape=st.tuples(sides, sides), size=st.tuples(sides, sides), seed=st.integers(0, 99))
def test_on_8_bits_it_is_pillow_bit_for_bit(
    shape: tuple[int, int], size: tuple[int, int], seed: int
) -> None:
    draw = np.random.default_rng(seed)
    pixels = draw.choice(np.array([0, 1, 127, 128, 254, 255, 60], np.uint8), (*shape, 3))
    theirs = Image.fromarray(pixels).resize((size[1], size[0]), Image.Resampling.BICUBIC)
    picture = torch.tensor(pixels.transpose(2, 0, 1) / np.float32(255), dtype=torch.float32)
    assert np.array_equal(to_pixels(resize_pillow(picture, size)), np.asarray(theirs))
