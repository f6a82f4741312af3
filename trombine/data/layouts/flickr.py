"""Flickr8k: 8,091 photographs of everyday scenes, with its split; its captions are not read.

Images/1000268201_693b08cb0e.jpg    or Flicker8k_Dataset/, as the original spells it
captions.txt                        or Flickr8k.token.txt
Flickr_8k.trainImages.txt           and devImages, testImages: names, one a line
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from pathlib import Path
from typing import Final

import numpy as np

from trombine.data.layouts.finding import first_file, first_folder, named, pictures_in
from trombine.data.layouts.layout import Layout, lacking
from trombine.data.layouts.rows import Rows
from trombine.data.layouts.tables import read_lines
from trombine.data.listing import Listing

_NAME: Final = "flickr8k"
_FOLDERS: Final = (
    "Images",
    *("Flicker8k_Dataset/Flicker8k_Dataset", "Flicker8k_Dataset"),
    *("Flickr8k_Dataset/Flicker8k_Dataset", "Flickr8k_Dataset/Flickr8k_Dataset"),
    *("Flickr8k_Dataset", "images"),
)
_TEXTS: Final = ("", "Flickr8k_text")
_CAPTIONS: Final = ("captions.txt", "Flickr8k.token.txt", "Flickr8k.lemma.token.txt")
_SPLITS: Final = ("train", "dev", "test")  # in the order of SPLITS


def list_flickr(path: Path) -> Listing:
    """The photographs, and which part of the set each is in."""
    folder = first_folder(path, _FOLDERS)
    if folder is None:
        raise lacking(path / "Images", _NAME, "unpack Flickr8k_Dataset.zip there")
    names = pictures_in(folder)
    split = _splits(path)
    rows = Rows(
        pictures=named(path, folder, names),
        splits=np.array([split.get(name, -1) for name in names], np.int64) if split else None,
    )
    lost = split.keys() - set(names)
    named_in = tuple(f"Flickr_8k.{part}Images.txt" for part in _SPLITS if _in(lost, split, part))
    return Listing(layout=_NAME, records=rows, missing=len(lost), named_in=named_in)


def _in(names: Set[str], split: Mapping[str, int], part: str) -> bool:
    """Whether any of the names is in this part of the set."""
    return any(split[name] == _SPLITS.index(part) for name in names)


def _splits(path: Path) -> dict[str, int]:
    """The part of the set that each name is in."""
    names = [f"Flickr_8k.{part}Images.txt" for part in _SPLITS]
    lists = ((i, first_file(path, (name,), _TEXTS)) for i, name in enumerate(names))
    lines = ((line.strip(), i) for i, file in lists if file for line in read_lines(file))
    return {name: i for name, i in lines if name}


FLICKR: Final = Layout(
    name=_NAME,
    about="flickr8k: photographs of everyday scenes, splits",
    recognise=lambda path: (
        first_folder(path, _FOLDERS) is not None and first_file(path, _CAPTIONS, _TEXTS) is not None
    ),
    list=list_flickr,
)
