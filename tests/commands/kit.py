"""Small pictures, films and models to enlarge, and what was said of them.

Loaded by the tests of upscale beside it, through their fixture `kit`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from films import save_frames
from PIL import Image as Pillow
from PIL import ImageCms

from trombine import models
from trombine.io.image import Picture, save_picture
from trombine.models import Card
from trombine.nets import build

ALPHA = np.linspace(0, 255, 20 * 24).reshape(20, 24).astype(np.uint8)


def pixels(height: int = 20, width: int = 24, seed: int = 3) -> np.ndarray:
    """A smooth picture, 8 bits."""
    rows, columns = np.mgrid[:height, :width]
    phases = np.random.default_rng(seed).random(3) * 6
    waves = [np.sin(rows / 3 + columns / 5 + phase) for phase in phases]
    return (np.stack(waves, axis=2) * 100 + 127).astype(np.uint8)


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def of_every_kind() -> dict[str, Picture]:
    """Pictures of each mode, depth and format that their results stay in, by the file's name."""
    return {
        "grey.png": Picture(samples=pixels()[..., :1]),
        "grey16.png": Picture(samples=pixels()[..., :1].astype(np.uint16) * 250),
        "colour16.png": Picture(samples=pixels().astype(np.uint16) * 251),
        "alpha.png": Picture(samples=np.dstack([pixels(), ALPHA])),
        "profile.png": Picture(samples=pixels(), profile=profile()),
        "still.webp": Picture(samples=pixels()),
        "plain.bmp": Picture(samples=pixels()),
    }


def photo(folder: Path, name: str = "a.png", **options: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_picture(folder / name, pixels(**options))
    return folder / name


def drawing(folder: Path, name: str = "line.png") -> Path:
    """White at the top, so a drawing: see the fixture `photographs`."""
    folder.mkdir(parents=True, exist_ok=True)
    white = np.where(np.arange(20) < 9, 255, 0).astype(np.uint8)[:, None, None]
    save_picture(folder / name, np.maximum(pixels(), white))
    return folder / name


def film(path: Path, count: int = 3) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = [Picture(samples=pixels(seed=seed)) for seed in range(count)]
    save_frames(path, frames, [40 * (1 + at) for at in range(count)], loops=2)
    return path


def model_file(path: Path, **sizes: Any) -> Path:
    """A model that is quick, has learnt nothing, and looks 3 pixels far; unless told, 3 times."""
    net = build("residual", {"width": 4, "depth": 1, "factor": 3, **sizes}, seed=5)
    models.save(path, net, Card(task="upscale", net="residual", sizes=net.sizes))
    return path


def size(path: Path) -> tuple[int, int]:
    """Width and height."""
    with Pillow.open(path) as opened:
        return opened.size
