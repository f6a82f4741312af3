"""Masks from a folder of mask files.

`files` takes what is bright (above the middle) as the hole, `inverted` what is dark. A file is
cropped to the middle of the wanted shape and resized; a pixel is hole if more than half of it is.

`nvidia` is for the NVIDIA Irregular Mask Dataset (Liu et al. 2018), which has two sets:

  training  irregular_mask/disocclusion_img_mask/*.png. Dark is the hole. NVIDIA's page on the data
            says how they are used: made binary at a threshold of 0.6, the holes grown by 9 to 49
            pixels, moved, turned and cropped (to 512). That page does not say which of black and
            white is the hole: users do, in agreement (github.com/knazeri/edge-connect, issues 20
            and 24: these files are mostly white; read with white as the hole nearly nothing of a
            picture is left). The shape of the brush, the angles and the order are ours.
  testing   mask/testing_mask_dataset/*.png, 12,000 of 512 px, made from the others as above, in
            six bins of hole area from (.01, .1] to (.5, .6], half of them with holes at the
            border. White is the hole: programs that sort these files into the bins count white.

Which set a folder is, is told by how its files look, since people rename folders: in both sets
the holes are, on average, the smaller part, before they are grown.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32
from PIL import Image

from trombine.data.masks.chance import Chance, Hole
from trombine.data.masks.spec import MaskError, Term
from trombine.files import PictureError, shown
from trombine.images import PICTURE_SUFFIXES, read

Grey = Float32[np.ndarray, "h w"]  # 0 black to 1 white

MIDDLE: Final = 0.5
NVIDIA_THRESHOLD: Final = 0.6
NVIDIA_SIDE: Final = 512  # pixels of the side that these grow a hole at
NVIDIA_GROWS: Final = (9, 49)  # pixels, the width of the square that a hole is grown by
_LOOKED_AT: Final = 24  # files, spread over the folder, to tell the sets apart


def resolve(term: Term, chance: Chance) -> tuple[Term, Path]:
    """Which file this chance takes of a folder, and how it is to be read: NVIDIA's testing set is
    read as any other folder, so `nvidia` is its training set from here on."""
    names = list_files(term.path)
    path = Path(term.path) / names[int(chance.uniform("file") * len(names))]
    bright = term.family == "nvidia" and not _is_mostly_bright(term.path)
    return Term(family="files" if bright else term.family), path


def check_folders(mix: tuple[Term, ...]) -> None:
    """Refuse folders that hold no pictures; raises MaskError."""
    for term in mix:
        if term.path:
            list_files(term.path)


def draw_file(family: str, path: Path, chance: Chance, height: int, width: int) -> Hole:
    """The hole in a file, as the family reads it: files, inverted or nvidia (the training set)."""
    grey = _read(path)
    if family == "nvidia":
        hole = _augmented(grey <= NVIDIA_THRESHOLD, chance)
    else:
        hole = grey > MIDDLE if family == "files" else grey <= MIDDLE
    return _resized(hole, height, width)


@lru_cache(maxsize=32)
def list_files(folder: str) -> tuple[str, ...]:
    """The pictures in a folder and below, in the order of their names."""
    root = Path(folder)
    if not root.is_dir():
        raise MaskError(f"{shown(folder)} is not a folder of masks; check the name")
    found = [path for path in root.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES]
    if not found:
        raise MaskError(f"{shown(folder)} holds no pictures; name a folder of mask files")
    return tuple(sorted(path.relative_to(root).as_posix() for path in found))


@lru_cache(maxsize=32)
def _is_mostly_bright(folder: str) -> bool:
    """Whether the files of a folder are bright on more than half of their area, on average."""
    names = list_files(folder)
    looked_at = names[:: max(len(names) // _LOOKED_AT, 1)][:_LOOKED_AT]
    shares = [(_read(Path(folder) / name) > NVIDIA_THRESHOLD).mean() for name in looked_at]
    return bool(np.mean(shares) > 0.5)


def _read(path: Path) -> Grey:
    try:
        return read(path).rgb().mean(axis=2)
    except PictureError as error:
        raise MaskError(str(error)) from error


def _augmented(hole: Hole, chance: Chance) -> Hole:
    """A raw mask of NVIDIA's training set: grown, mirrored or not, turned, moved, and cropped."""
    from scipy.ndimage import maximum_filter

    rng = chance.generator("nvidia")
    side = min(hole.shape)
    grows = rng.integers(NVIDIA_GROWS[0], NVIDIA_GROWS[1] + 1) * side / NVIDIA_SIDE
    grown = maximum_filter(hole, size=max(round(grows), 1), mode="constant")
    grown = grown[:, ::-1] if rng.random() < 0.5 else grown
    picture = Image.fromarray(np.ascontiguousarray(grown).astype(np.uint8) * 255)
    moved = rng.uniform(-0.125, 0.125, 2) * side
    turned = picture.rotate(
        rng.uniform(0, 360), Image.Resampling.BILINEAR, translate=(moved[0], moved[1])
    )
    return np.asarray(turned) > 127


def _resized(hole: Hole, height: int, width: int) -> Bool[np.ndarray, "k l"]:
    """The middle of the hole, of this shape: pixels more than half of which are hole."""
    rows, columns = hole.shape
    scale = min(rows / height, columns / width)
    tall, wide = scale * height, scale * width
    left, top = (columns - wide) / 2, (rows - tall) / 2
    picture = Image.fromarray(hole.astype(np.float32))
    box = (left, top, left + wide, top + tall)
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR, box)) > 0.5
