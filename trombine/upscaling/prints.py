"""Sizes as people write them: in pixels, and on paper."""

from __future__ import annotations

import re
from typing import Final

from trombine.refusal import InputError, shown
from trombine.upscaling.making import sides

DPI: Final = 300  # pixels an inch that a print is made of
_INCH: Final = {"cm": 2.54, "mm": 25.4, "in": 1.0}
_PRINT: Final = re.compile(
    r"(\d{1,4}(?:[.,]\d{1,2})?)(cm|mm|in)?[x×](\d{1,4}(?:[.,]\d{1,2})?)(cm|mm|in)"
)
_PAPERS: Final = {
    "a2": "42x59.4cm",
    "a3": "29.7x42cm",
    "a4": "21x29.7cm",
    "a5": "14.8x21cm",
    "a6": "10.5x14.8cm",
}


def in_pixels(size: str) -> str:
    """What a size on paper, as 20x30cm or A4, is in pixels, in words; "" of any other text."""
    plain = "".join(size.lower().split())
    match = _PRINT.fullmatch(_PAPERS.get(plain, plain))
    if match is None or match[2] not in (None, match[4]):
        return ""
    sides = [side.replace(",", ".") for side in (match[1], match[3])]
    pixels = [round(float(side) / _INCH[match[4]] * DPI) for side in sides]
    text = f"{' x '.join(sides)} {match[4]} at {DPI} dpi is {pixels[0]}x{pixels[1]}"
    return f"in pixels: {text}"


def plain_size(size: str) -> str:
    """WIDTHxHEIGHT as a record says it; an InputError for anything else."""
    plain = re.sub(r"\s*[xX×]\s*", "x", size.strip())
    try:
        _, box = sides(plain)
    except InputError:
        box = None
    if box is None or min(box) < 1:
        problem = f"--size is WIDTHxHEIGHT, as in 1920x1080, not {shown(size)}"
        raise InputError(problem, in_pixels(size))
    return plain
