"""Pictures in memory (Pillow, NumPy, torch) to a Picture and back.

A Pillow image gives a Pillow image, an array an array of the same type and number of channels, a
tensor (float32, C x H x W, see conventions.py) a tensor. Arrays and tensors are sRGB; a Pillow
image keeps its profile.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
from PIL import Image

from trombine.core.conventions import check_picture
from trombine.core.errors import InputError, said
from trombine.io.image import Picture, from_pillow, picture_of, to_pillow

if TYPE_CHECKING:
    import torch

EXPECTED: Final = "a Pillow image, a NumPy array or a torch tensor"
_LARGEST: Final = np.iinfo(np.uint16).max


def picture_from(value: object) -> Picture:
    """A picture in memory as a Picture; floats become 16 bits."""
    if isinstance(value, Image.Image):
        if not value.width * value.height:
            raise InputError("the image has no pixels")
        try:
            return from_pillow(value)
        except (OSError, SyntaxError) as error:  # it is decoded only now
            raise InputError(f"the image cannot be decoded ({said(error)})") from error
    if isinstance(value, np.ndarray):
        return picture_of(_samples(value))
    if _is_tensor(value):
        tensor = check_picture(cast("torch.Tensor", value))
        if tensor.ndim != 3:
            raise InputError(f"an image is C x H x W, not {tuple(tensor.shape)}")
        return picture_of(_samples(tensor.detach().cpu().numpy().transpose(1, 2, 0)))
    raise InputError(f"an image is {EXPECTED}, not {type(value).__name__}")


def is_held(value: object) -> bool:
    """Whether a value is a picture in memory, or a list of them, and not a path."""
    if isinstance(value, list | tuple):
        return bool(value) and all(map(is_held, value))
    return isinstance(value, Image.Image | np.ndarray) or _is_tensor(value)


def stacked(results: list[Any]) -> Any:
    """Tensors, C x H x W each, as one of N x C x H x W; a list of anything else as it is."""
    if not all(map(_is_tensor, results)):
        return results
    import torch

    return torch.stack(results)


def unrounded(value: Any, result: Any, before: Picture, after: Picture) -> Any:
    """The result, as the value's kind, with the value's floats where no sample changed."""
    if before.samples.shape != after.samples.shape:
        return result
    same = before.samples == after.samples
    if isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.floating):
        return np.where(same.reshape(value.shape), value, result)
    if _is_tensor(value):
        import torch

        where = torch.from_numpy(same.transpose(2, 0, 1)).to(value.device)
        return cast("torch.Tensor", value).where(where, result)
    return result


def like(value: object, picture: Picture) -> Any:
    """A picture as the same kind as the value."""
    largest = np.float64(np.iinfo(picture.samples.dtype).max)
    if isinstance(value, np.ndarray):
        samples = picture.samples[..., 0] if value.ndim == 2 else picture.samples
        floats = np.issubdtype(value.dtype, np.floating)
        return (samples / largest).astype(value.dtype) if floats else samples
    if _is_tensor(value):
        import torch

        planes = (picture.samples.transpose(2, 0, 1) / largest).astype(np.float32)
        return torch.from_numpy(np.ascontiguousarray(planes)).to(cast("torch.Tensor", value))
    image = to_pillow(picture)
    return image.convert("I") if isinstance(value, Image.Image) and value.mode == "I" else image


def like_plane(value: object, plane: np.ndarray) -> Any:
    """A plane of bytes, such as a mask, as the same kind as the value: h x w."""
    if isinstance(value, np.ndarray):
        return plane
    if _is_tensor(value):
        import torch

        return torch.from_numpy(np.ascontiguousarray(plane))
    return Image.fromarray(plane)


def singles(value: object) -> Sequence[Any] | None:
    """The pictures of a batch tensor, N x C x H x W; None for anything else."""
    if not _is_tensor(value) or check_picture(cast("torch.Tensor", value)).ndim != 4:
        return None
    return list(cast("torch.Tensor", value))


@contextmanager
def naming() -> Iterator[None]:
    """Add "the image" to an InputError without a path."""
    try:
        yield
    except InputError as error:
        if error.path is None:
            raise type(error)(f"the image {error.problem}", error.remedy) from error
        raise


def _is_tensor(value: object) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _samples(array: np.ndarray) -> np.ndarray:
    """The samples of an array, whose shape, type and values are refused if a picture has none."""
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 2, 3, 4)):
        remedy = "put the channels last" if array.ndim == 3 and array.shape[0] <= 4 else ""
        raise InputError(f"an array is h x w, or h x w x 1 to 4, not {array.shape}", remedy)
    if not array.size:
        raise InputError("the image has no pixels")
    if np.issubdtype(array.dtype, np.floating):
        low, high = float(array.min()), float(array.max())
        if not (low >= 0 and high <= 1):  # written so that NaN fails
            problem = f"an array of floats is within [0, 1], not [{low:.3g}, {high:.3g}]"
            raise InputError(problem, "divide it by the largest value that it can have")
        array = (array.astype(np.float64) * _LARGEST).round().astype(np.uint16)
    elif array.dtype.newbyteorder("=") not in (np.uint8, np.uint16):
        raise InputError(f"an array holds uint8, uint16 or floats, not {array.dtype}")
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="), copy=False))
