"""Masks: which pixels are to be painted, drawn by families, each a function of its seed.

draw.py        mask(spec, seed, size), and draw_masks(...) for trainings
spec.py        families, mixes and curricula in one line of text
shapes.py      squares, halves, named parts of a face
brushes.py     what is painted by a moving brush: irregular, huge, scratches, text
kernel_brush.py  when a moving brush reaches each pixel, compiled
files.py       a folder of mask files, NVIDIA's among them
"""

from trombine.data.masks.draw import DrawnMask, draw_mask, draw_masks, mask
from trombine.data.masks.files import check_folders, files_of, listing_hash
from trombine.data.masks.spec import DEFAULT, Masks, parse, parse_mix, spell

__all__ = [
    "DEFAULT",
    "DrawnMask",
    "Masks",
    "check_folders",
    "draw_mask",
    "draw_masks",
    "files_of",
    "listing_hash",
    "mask",
    "parse",
    "parse_mix",
    "spell",
]
