"""What the demo page is asked to show, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trombine.measures import CHOOSING_SEEDS


@dataclass(frozen=True, kw_only=True)
class Demo:
    """One page. Each section takes faces from the first seed on."""

    folder: Path = Path("demo")
    first_seed: int = CHOOSING_SEEDS.start
    portrait: int = 384  # pixels of a large face
    small: int = 128  # pixels of a face in a crowd
    crowd: int = 24  # faces in each style
    variations: int = 6  # of each kind
    draws: int = 60  # of each kind, from which the most different are shown
    frames: int = 21  # of a path
    leaves: int = 8
    measured: int = 16  # faces, and pictures of leaves, in each table
    measured_size: int = 192  # pixels; a multiple of 24, for the factors 2, 3, 4 and 8
    judged: int = 60  # faces of each set that is judged
    seconds: float = 20.0  # of training
