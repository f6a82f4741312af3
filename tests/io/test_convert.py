"""Pictures that a program holds: to a Picture and back as the same kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from trombine.commands.options import Pictures, verb
from trombine.core.errors import InputError
from trombine.io.batch import Made, run
from trombine.io.convert import like, picture_from
from trombine.io.image import picture_of

RNG = np.random.default_rng(5)
PIXELS = RNG.integers(0, 256, (7, 9, 3), np.uint8)


@verb
def kept(pictures: Pictures) -> Any:
    """A verb that changes nothing."""
    return run(lambda source, tick: Made(files={"picture": source.film}))


def same(value: Any) -> Any:
    """The value through a verb and back."""
    return kept(value)


@pytest.mark.parametrize("dtype", ["u1", "u2", ">u2", "f2", "f4", "f8"])
@pytest.mark.parametrize("shape", [(7, 9), (7, 9, 1), (7, 9, 2), (7, 9, 3), (7, 9, 4)])
def test_an_array_comes_back(dtype: str, shape: tuple[int, ...]) -> None:
    kind = np.dtype(dtype)
    most = 1 if kind.kind == "f" else np.iinfo(kind).max
    array = (RNG.random(shape) * most).astype(kind)
    again = same(array)
    assert (again.shape, again.dtype.newbyteorder("=")) == (array.shape, kind.newbyteorder("="))
    exact = kind.kind != "f"
    assert np.array_equal(again, array) if exact else np.abs(again - array).max() < 1e-3
    assert np.array_equal(same(array[::-1, ::2]), again[::-1, ::2]), "lies otherwise in memory"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I"])
def test_a_pillow_image_comes_back_as_it_looks(mode: str) -> None:
    image = Image.fromarray(PIXELS).convert("L" if mode[0] == "I" else mode)
    if mode[0] == "I":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 200).convert(mode)
    again = same(image)
    assert again.size == image.size and isinstance(again, Image.Image)
    if mode in ("L", "LA", "RGB", "RGBA", "I", "I;16"):
        assert again.mode == mode and np.array_equal(np.asarray(again), np.asarray(image))
    else:
        apart = np.abs(
            np.asarray(again.convert("RGB")).astype(int) - np.asarray(image.convert("RGB"))
        )
        assert apart.max() <= 2


@pytest.mark.parametrize("channels", [1, 3])
def test_a_tensor_comes_back(channels: int) -> None:
    tensor = torch.rand(2, channels, 7, 9)
    again = same(tensor)
    assert again.shape == tensor.shape and (again - tensor).abs().max() < 1e-5
    assert torch.equal(same(tensor[0]), again[0])
    one, other = same([tensor[0], PIXELS])
    assert torch.equal(one, again[0]) and np.array_equal(other, PIXELS)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.zeros((3, 20, 24), np.uint8), "an array is h x w, .*; put the channels last"),
        (np.zeros((4, 4, 3), np.int32), "an array holds uint8, uint16 or floats, not int32"),
        (np.full((4, 4), 255.0), r"an array of floats is within \[0, 1\]"),
        (torch.full((3, 4, 4), 2.0), "picture"),
        (5, "an image is a Pillow image, a NumPy array or a torch tensor, not int"),
    ],
)
def test_what_is_no_picture(value: Any, said: str) -> None:
    with pytest.raises((InputError, ValueError), match=said):
        picture_from(value)


@pytest.mark.parametrize("floats", [np.zeros((2, 2, 3)), torch.zeros(3, 2, 2)])
def test_a_sheet_of_eight_bits_is_of_floats_too(floats: Any) -> None:
    """Beside a picture of floats, as which 16 bits are worked on."""
    white = np.full((2, 2, 3), 255, np.uint8)
    assert (np.asarray(like(floats, picture_of(white))) == 1).all()
