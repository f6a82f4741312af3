"""What is in a folder of pictures: one record a picture, before any is read.

A layout (layouts/) makes a Listing of a folder; reading.py makes rows of its records. Paths are
relative to the folder, with forward slashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """One file of a picture, and its truth as the folder gives it: checked when it is read."""

    picture: str
    parts: str = ""  # a palette or grey picture whose samples are labels
    masks: tuple[tuple[int, str], ...] = ()  # label and file; later ones cover earlier ones
    points: Any = None  # 68 x 2, pixels of the file's picture, upright as its EXIF says
    visible: Any = None  # 68; None: all are
    five: Any = None  # 5 x 2, the same
    tile: int = -1  # the number of a square that is cut out (tiles.py); -1: none is
    swapped: bool = False  # parts and masks call left what is left in the picture


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One picture of a folder, or the two of a pair."""

    sides: tuple[View, ...]
    vector: Any = None  # as many numbers as the listing has vector_names
    label: int = -1  # into the listing's classes
    split: int = -1  # into columns.SPLITS
    seed: int = -1

    @property
    def name(self) -> str:
        """The picture's file, as the folder names it."""
        return self.sides[0].picture


@dataclass(frozen=True, kw_only=True)
class Listing:
    """All pictures of a folder, in their order; each record has as many sides as the first."""

    layout: str  # the name of its layout
    records: Sequence[Record]
    classes: tuple[str, ...] = ()
    vector_names: tuple[str, ...] = ()
    blame: str = ""  # the file that describes the pictures, for what is wrong with their truth
    missing: int = 0  # pictures that files of it name and the folder lacks
    named_in: tuple[str, ...] = ()  # those files
    notes: tuple[str, ...] = ()  # what else people should know, a line each


def pictures(count: int) -> str:
    """So many pictures, in words."""
    return "1 picture" if count == 1 else f"{count:,} pictures"
