"""What spoils pictures: made smaller, unsharp, noisy, squeezed into files, old.

resize.py    smaller and larger, exactly as Pillow and as MATLAB do
smaller.py   smaller by other means, and smaller and back
blur.py      box, Gaussian and motion blur
noise.py     of the reading, of the light, of the sensor
compress.py  through JPEG and WebP
old.py       what years do to a print: fading, stains
marks.py     what hands do to it: scratches, dust, creases, a torn corner

terms.py     all of these by name, with what each is given
chain.py     several after one another, spelled as text and drawn by seed
presets.py   chains by name

All of it computes with the samples of sRGB as they are, as papers on enlarging do, not with light:
a blur, or the mean of a square, is a little darker than a lens would make it.
"""

from __future__ import annotations

from trombine.data.degrade.chain import Chain, degrade_one
from trombine.data.degrade.marks import Marked
from trombine.data.degrade.presets import PRESETS
from trombine.data.degrade.resize import (
    How,
    Kernel,
    crop_to_multiple,
    enlarge,
    imresize_any,
    imresize_matlab,
    matlab_weights,
    pillow_weights,
    resize_pillow,
    shrink,
)

__all__ = [
    "PRESETS",
    "Chain",
    "How",
    "Kernel",
    "Marked",
    "crop_to_multiple",
    "degrade_one",
    "enlarge",
    "imresize_any",
    "imresize_matlab",
    "matlab_weights",
    "pillow_weights",
    "resize_pillow",
    "shrink",
]
