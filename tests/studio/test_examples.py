"""The examples of the studio's pages."""

from __future__ import annotations

import numpy as np

from trombine.studio.examples import EXAMPLES


def test_the_strokes_cover_all_that_is_spoiled() -> None:
    """Every pixel that the scratched portrait has otherwise than the whole one is painted over."""
    pixels = [np.asarray(EXAMPLES[name].draw()).astype(int) for name in ("scratched", "portrait")]
    spoiled = (pixels[0] != pixels[1]).any(axis=2)
    y, x = np.mgrid[: spoiled.shape[0], : spoiled.shape[1]] + 0.5
    covered = np.zeros(spoiled.shape, bool)
    for stroke in EXAMPLES["scratched"].strokes:
        points = np.array(stroke["points"], float)
        for at, (to_x, to_y) in enumerate(points):
            from_x, from_y = points[max(0, at - 1)]
            along, length = (to_x - from_x, to_y - from_y), np.hypot(to_x - from_x, to_y - from_y)
            share = ((x - from_x) * along[0] + (y - from_y) * along[1]) / max(length, 1e-9) ** 2
            share = np.clip(share, 0, 1)
            off = np.hypot(x - from_x - share * along[0], y - from_y - share * along[1])
            covered |= off <= stroke["radius"]
    assert spoiled.sum() > 2000 and not (spoiled & ~covered).any()
    assert covered.mean() < 0.06
