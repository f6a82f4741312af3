"""What a repair changed outside its hole: counted in the files, sample by sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Bool

from trombine.inpainting.making import hole_of
from trombine.io.image import Picture, load_picture
from trombine.verbs.inpaint import InpaintRequest, options_of


def changed_outside(request: InpaintRequest, source: Path, result: Path) -> int:
    """How many samples outside the hole differ between a picture and its repaired file."""
    before, after = load_picture(source), load_picture(result)
    hole = hole_of(before, options_of(request), request.mask, device=request.device).mask
    return count_changed(before, after, hole)


def count_changed(before: Picture, after: Picture, hole: Bool[np.ndarray, "h w"]) -> int:
    """How many samples differ where the hole is not."""
    one, other = before.samples, after.samples
    if one.shape != other.shape:
        one, other = before.rgb_pixels(), after.rgb_pixels()
    if one.shape != other.shape:
        return int(one.size)
    return int(np.count_nonzero((one != other)[~hole]))
