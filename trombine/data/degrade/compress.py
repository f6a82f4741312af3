"""What lossy files leave of pictures: JPEG and WebP, written and read again by Pillow."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float32, Int64
from PIL import Image

Pictures = Float32[torch.Tensor, "n 3 h w"]

# Of WebP's 0 to 6 the usual 4 looks for the smallest file, for three times as long.
WEBP_EFFORT: Final = 2


def jpeg(pictures: Pictures, quality: Int64[np.ndarray, "n"]) -> Pictures:
    """After a JPEG of this quality, 1 to 100, its colours at half the resolution as is usual."""
    return _through(pictures, "JPEG", [{"quality": value} for value in quality.tolist()])


def webp(pictures: Pictures, quality: Int64[np.ndarray, "n"]) -> Pictures:
    """After a WebP of this quality, 0 to 100."""
    options = [{"quality": value, "method": WEBP_EFFORT} for value in quality.tolist()]
    return _through(pictures, "WEBP", options)


def _through(pictures: Pictures, kind: str, options: list[dict[str, Any]]) -> Pictures:
    pixels = pictures.detach().mul(255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    decoded = [_read_back(picture, kind, how) for picture, how in zip(pixels, options, strict=True)]
    planes = torch.from_numpy(np.stack(decoded)).permute(0, 3, 1, 2).contiguous()
    return planes.float().div(255).to(pictures.device)


def _read_back(pixels: np.ndarray, kind: str, options: dict[str, Any]) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    with Image.open(buffer) as read:
        return np.asarray(read.convert("RGB"))
