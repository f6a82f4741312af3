"""One picture that a program holds, repaired to the same kind of object, without any file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from trombine.batch.making import Options
from trombine.devices import CPU
from trombine.holes import Hole
from trombine.inpainting.making import hole_of, model_for
from trombine.inpainting.repairing import Repair, repaired
from trombine.inpainting.steering import steering_of
from trombine.io.convert import like, naming, picture_from, planes_like, planes_of, singles
from trombine.io.image import Picture
from trombine.refusal import InputError


def repaired_value(
    value: object,
    options: Options,
    mask: object,
    model: str | Path,
    *,
    parts: Path | None = None,
    points: Path | None = None,
    device: str = CPU,
) -> Any:
    """The picture as io/convert.py takes and gives it; floats outside the hole stay as they are.

    The mask is a path, or held as a picture is; of booleans, true is the hole.
    """
    if (several := singles(value)) is not None:
        import torch

        files: dict[str, Any] = {"parts": parts, "points": points, "device": device}
        held = _masks(mask, len(several))
        pairs = zip(several, held, strict=True)
        return torch.stack([repaired_value(one, options, m, model, **files) for one, m in pairs])
    net, image = model_for(model, device), picture_from(value)
    with naming(value):
        hole = hole_of(image, options, _mask(mask), device=device)
        steering = steering_of(parts, points, (image.height, image.width))
        base = image.opaque(hole.mask) if hole.reveals else image
        repair = repaired(
            base, hole.mask, net, steering=steering, seed=options["seed"], device=device
        )
        if (planes := planes_of(value)) is not None:
            return planes_like(value, *_painted(*planes, hole, repair))
        return like(value, replace(repair.image, profile=image.profile))


def _mask(value: Any) -> Path | Picture | None:
    """A mask, as a file's name or a picture; booleans are black and white."""
    if value is None or isinstance(value, str | Path):
        return None if value is None else Path(value)
    kind = str(getattr(value, "dtype", ""))
    if kind == "bool":
        value = np.asarray(value).astype(np.uint8) * np.uint8(255)
    elif kind.startswith("torch."):
        value = value.float() if kind == "torch.bool" else value
        value = value[None] if value.ndim == 2 else value
    return picture_from(value)


def _masks(value: object, count: int) -> list[object]:
    """A mask for each of several pictures: its own, or the same for all."""
    shape = getattr(value, "shape", ())
    if len(shape) != 4:
        return [value] * count
    if shape[0] != count:
        raise InputError(f"there are {count} pictures and {shape[0]} masks")
    return [value[number] for number in range(count)]  # pyright: ignore[reportIndexIssue]


def _painted(
    colours: np.ndarray, alpha: np.ndarray | None, hole: Hole, repair: Repair
) -> tuple[np.ndarray, np.ndarray | None]:
    """The floats of a picture with what is painted."""
    result = colours.copy()
    result[hole.mask] = repair.colours
    if alpha is not None and hole.reveals:
        alpha = np.where(hole.mask, np.float32(1), alpha)
    return result, alpha
