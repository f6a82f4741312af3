"""What spoils pictures: made smaller, unsharp, noisy, squeezed into files, old.

resize.py   smaller and larger exactly as MATLAB does; smaller by other means, and back
blur.py     box, Gaussian and motion blur
camera.py   noise, JPEG and WebP, light
prints.py   what hands and years do to a print

terms.py    all of these by name, with what each is given
chain.py    several after one another, spelled as text and drawn by seed; chains by name

All of it computes with the samples of sRGB as they are, as papers on enlarging do, not with light:
a blur, or the mean of a square, is a little darker than a lens would make it.
"""

from __future__ import annotations

from trombine.data.degrade.chain import PRESETS, Chain, degrade_one
from trombine.data.degrade.prints import Marked
from trombine.data.degrade.resize import (
    Kernel,
    crop_to_multiple,
    enlarge,
    imresize_any,
    imresize_matlab,
    matlab_weights,
    resize_pillow,
    shrink,
)

__all__ = [
    "PRESETS",
    "Chain",
    "Kernel",
    "Marked",
    "crop_to_multiple",
    "degrade_one",
    "enlarge",
    "imresize_any",
    "imresize_matlab",
    "matlab_weights",
    "resize_pillow",
    "shrink",
]
