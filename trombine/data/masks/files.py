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

Which set a folder is, is told by how its files look, since people rename folders: of the testing
set at most .6 is white, in any bin; of the training set, before its holes are grown, more. Their
edges are soft, but most of each file is black or white; what is not is refused as no such mask.

A mask says how its file was read: files, inverted, nvidia:training or nvidia:testing.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32
from PIL import Image
from scipy.ndimage import maximum_filter

from trombine.core.errors import InputError, shown
from trombine.core.rng import Rng
from trombine.data.masks.spec import Hole, MaskTerm
from trombine.io.image import PICTURE_SUFFIXES, load_picture

Grey = Float32[np.ndarray, "h w"]  # 0 black to 1 white

MIDDLE: Final = 0.5
NVIDIA_THRESHOLD: Final = 0.6
NVIDIA_SIDE: Final = 512  # pixels of the side that these grow a hole at
NVIDIA_GROWS: Final = (9, 49)  # pixels, the width of the square that a hole is grown by
_LOOKED_AT: Final = 24  # files, spread over the folder, to tell the sets apart
_TESTING_MOST: Final = 0.65  # of a testing set is white: its last bin ends at 0.6
_GREYS: Final = (0.1, 0.9)  # between them a pixel is neither black nor white
_MOST_GREY: Final = 0.25  # the share of such pixels that soft edges may have

TRAINING: Final = "nvidia:training"
TESTING: Final = "nvidia:testing"


def resolve(term: MaskTerm, chance: Rng) -> tuple[str, Path]:
    """How the files of a folder are read, and which of them this chance takes."""
    names = list_files(term.path)
    path = Path(term.path) / names[int(chance.uniform("mask: file") * len(names))]
    if term.family != "nvidia":
        return term.family, path
    return TRAINING if _is_mostly_bright(term.path) else TESTING, path


def check_folders(mix: tuple[MaskTerm, ...]) -> None:
    """Look at the folders as they are now; refuse those without pictures by an InputError."""
    for cached in (list_files, listing_hash, _is_mostly_bright):
        cached.cache_clear()
    for term in mix:
        if term.path:
            list_files(term.path)


def files_of(mix: tuple[MaskTerm, ...]) -> list[Path]:
    """All files that masks of this mix are drawn from."""
    return [Path(term.path, name) for term in mix if term.path for name in list_files(term.path)]


def draw_file(reading: str, path: Path, chance: Rng, height: int, width: int) -> Hole:
    """The hole in a file, read as files, inverted, or one of NVIDIA's sets."""
    grey = _read(path, nvidia=reading in (TRAINING, TESTING))
    if reading == TRAINING:
        return _resized(_augmented(grey <= NVIDIA_THRESHOLD, chance), height, width)
    hole = grey <= MIDDLE if reading == "inverted" else grey > MIDDLE
    if hole.all() or not hole.any():
        problem = "is nothing but hole" if hole.all() else "holds no hole"
        raise InputError(f"{shown(path)} {problem}, which is no mask; take it out of the folder")
    return _resized(hole, height, width)


@lru_cache(maxsize=32)
def list_files(folder: str) -> tuple[str, ...]:
    """The pictures in a folder and below, in the order of their names."""
    root = Path(folder)
    if not root.is_dir():
        raise InputError(f"{shown(folder)} is not a folder of masks; check the name")
    paths = [path for path in root.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES]
    if not paths:
        raise InputError(f"{shown(folder)} holds no pictures; name a folder of mask files")
    return tuple(sorted(path.relative_to(root).as_posix() for path in paths))


@lru_cache(maxsize=32)
def listing_hash(folder: str) -> str:
    """A hash of the names and sizes of a folder's files: of others, a seed takes another."""
    root = Path(folder)
    listed = (f"{name}\0{(root / name).stat().st_size}\n" for name in list_files(folder))
    return sha256("".join(listed).encode(errors="surrogateescape")).hexdigest()[:16]


@lru_cache(maxsize=32)
def _is_mostly_bright(folder: str) -> bool:
    """Whether the files of a folder are brighter, on average, than any part of the testing set."""
    names = list_files(folder)
    looked_at = names[:: max(len(names) // _LOOKED_AT, 1)][:_LOOKED_AT]
    greys = (_read(Path(folder) / name, nvidia=True) for name in looked_at)
    shares = [(grey > NVIDIA_THRESHOLD).mean() for grey in greys]
    return bool(np.mean(shares) > _TESTING_MOST)


def _read(path: Path, *, nvidia: bool = False) -> Grey:
    grey = load_picture(path).rgb().mean(axis=2)
    if 0 < grey.max() < 1.5 / 255:  # which would be a mask without a hole, or all hole
        raise InputError(f"{shown(path)} holds 0 and 1, which are both black; write 0 and 255")
    if nvidia and ((grey > _GREYS[0]) & (grey < _GREYS[1])).mean() > _MOST_GREY:
        problem = "is neither black nor white over much of it, so none of NVIDIA's masks"
        raise InputError(f"{shown(path)} {problem}; name their folder, or use files:PATH")
    return grey


def _augmented(hole: Hole, chance: Rng) -> Hole:
    """A raw mask of NVIDIA's training set: grown, mirrored or not, turned, moved, and cropped."""
    rng = chance.generator("mask: nvidia")
    side = min(hole.shape)
    grows = rng.integers(NVIDIA_GROWS[0], NVIDIA_GROWS[1] + 1) * side / NVIDIA_SIDE
    grown = maximum_filter(hole, size=max(round(grows), 1), mode="constant")
    grown = grown[:, ::-1] if rng.random() < 0.5 else grown
    picture = Image.fromarray(np.ascontiguousarray(grown).astype(np.uint8) * 255)
    moved = rng.uniform(-0.125, 0.125, 2) * side
    rotated = picture.rotate(
        rng.uniform(0, 360), Image.Resampling.BILINEAR, translate=(moved[0], moved[1])
    )
    return np.asarray(rotated) > 127


def _resized(hole: Hole, height: int, width: int) -> Bool[np.ndarray, "k l"]:
    """The middle of the hole, of this shape: pixels more than half of which are hole."""
    rows, columns = hole.shape
    scale = min(rows / height, columns / width)
    tall, wide = scale * height, scale * width
    left, top = (columns - wide) / 2, (rows - tall) / 2
    picture = Image.fromarray(hole.astype(np.float32))
    box = (left, top, left + wide, top + tall)
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR, box)) > 0.5
