"""film.gif of a run: a few of its samples, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from trombine.core.errors import InputError
from trombine.io.files import atomic
from trombine.io.image import as_seen, load_picture
from trombine.runs.folder import RunFolder

Pixels = UInt8[np.ndarray, "h w 3"]

WIDEST: Final = 512  # pixels of a frame
_MOST: Final = 24  # frames
_AREA: Final = 3_000_000  # pixels of all frames: a page holds them
_SECONDS: Final = 0.4, 2.0  # that a frame is shown, and the last one


def write_film(folder: RunFolder) -> Path | None:
    """Write film.gif; None where there are no two samples."""
    frames = [Image.fromarray(pixels) for pixels in read_frames(folder.sample_files()).values()]
    if len(frames) < 2:
        return None
    times = [round(1000 * _SECONDS[n == len(frames) - 1]) for n in range(len(frames))]
    with atomic(folder.film) as part:
        frames[0].save(part, "GIF", append_images=frames[1:], save_all=True, duration=times, loop=0)
    return folder.film


def read_frames(files: Mapping[int, Path]) -> dict[int, Pixels]:
    """Samples by pictures seen, spread over the run, the first and the last among them; all of the
    last one's size, those that cannot be read left out."""
    numbers = sorted(files)
    last = next((p for n in reversed(numbers) if (p := read_small(files[n])) is not None), None)
    if last is None:
        return {}
    count = max(2, min(_MOST, _AREA // (last.shape[0] * last.shape[1])))
    frames = {number: read_small(files[number]) for number in spread(numbers, count)}
    return {n: p for n, p in frames.items() if p is not None and p.shape == last.shape}


def read_small(path: Path) -> Pixels | None:
    """A picture no wider than a page needs; None where it cannot be read."""
    try:
        pixels = as_seen(load_picture(path))
    except InputError:
        return None
    if pixels.shape[1] <= WIDEST:
        return pixels
    height = max(1, round(pixels.shape[0] * WIDEST / pixels.shape[1]))
    small = Image.fromarray(pixels).resize((WIDEST, height), Image.Resampling.LANCZOS)
    return np.asarray(small)


def spread(numbers: Sequence[int], count: int) -> list[int]:
    """At most `count` of these, evenly by their place, the first and the last among them."""
    if len(numbers) <= count:
        return list(numbers)
    return [numbers[i * (len(numbers) - 1) // (count - 1)] for i in range(count)]
