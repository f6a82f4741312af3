"""The sheet of a repair: the picture as it came and each answer, whole and round the hole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from trombine.core.tiles import Box, around
from trombine.io.sheets import PAPER, Sheet

Pixels = UInt8[np.ndarray, "_ _ 3"]
CELL: Final = 360  # pixels of a cell's sides
_COLUMNS: Final = 5  # in a row
_LEAST: Final = 64  # pixels of what is shown round a hole


def sheet_of(
    before: Pixels, hole: Bool[np.ndarray, "h w"], results: Mapping[str, Pixels], title: str
) -> Pixels:
    """Two rows for each five columns: the whole pictures, and the square round the hole."""
    columns = {"input": before, **results}
    names, rows, titles = list(columns), [], []
    whole = Box(top=0, left=0, bottom=hole.shape[0], right=hole.shape[1])
    near = around(hole, least=_LEAST) if hole.any() else whole
    views = {"whole": whole} if near == whole else {"whole": whole, "the hole": near}
    for start in range(0, len(names), _COLUMNS):
        some = names[start : start + _COLUMNS]
        for view, box in views.items():
            rows.append([_fitted(columns[name], box) for name in some])
            titles.append(view if start == 0 else ", ".join(some))
    return Sheet(
        rows=rows,
        title=title,
        row_titles=titles if len(rows) > 1 else (),
        column_titles=names[:_COLUMNS],
    ).pixels()


def _fitted(pixels: Pixels, box: Box) -> Pixels:
    """A part of a picture as large as a cell, in its middle."""
    part = Image.fromarray(pixels[box.top : box.bottom, box.left : box.right])
    times = CELL / max(part.size)
    size = tuple(max(1, round(side * times)) for side in part.size)
    method = Image.Resampling.BICUBIC if times < 1 else Image.Resampling.NEAREST
    cell = Image.new("RGB", (CELL, CELL), PAPER)
    fitted = part.resize((size[0], size[1]), method)
    cell.paste(fitted, ((CELL - size[0]) // 2, (CELL - size[1]) // 2))
    return np.asarray(cell)
