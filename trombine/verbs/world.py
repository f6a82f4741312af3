"""Pictures of the built-in worlds, into a folder or a pack: `data world` and `data leaves`.

What such verbs share is in data/asked.py. What a folder holds is in data/imagefolder.py, what a
pack holds in data/pack.py; how they are written, so that one who is stopped can go on, in
data/filling.py and data/pack_writer.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trombine.data.asked import make
from trombine.events import Event


@dataclass(frozen=True, kw_only=True)
class WorldRequest:
    """Paint faces, with exact parts, landmarks and parameters.

    A face is a function of its seed, and its files are named by the seed. Run again, only what is
    missing is made.
    """

    count: int
    """How many faces."""
    output: Path
    """The folder to write, or with --pack the pack."""
    size: int = 128
    """Width and height in pixels, 16 to 2048."""
    style: str = "photo"
    """photo, anime, cartoon or sketch; two joined by + for pairs of the same faces."""
    first_seed: int = 0
    """The seed of the first face; the others follow it."""
    workers: int | None = None
    """How many processes paint; as many as there are cores unless given, and no more than
    that."""
    pack: bool = False
    """Write a pack: fewer and larger files, which are faster to read, in place of pictures."""
    overwrite: bool = False
    """Make again what is there."""


@dataclass(frozen=True, kw_only=True)
class LeavesRequest:
    """Paint overlapping shapes with the statistics of natural pictures.

    A picture is a function of its seed, and its file is named by the seed. Run again, only what
    is missing is made.
    """

    count: int
    """How many pictures."""
    output: Path
    """The folder to write, or with --pack the pack."""
    size: int = 128
    """Width and height in pixels, 16 to 2048."""
    first_seed: int = 0
    """The seed of the first picture; the others follow it."""
    workers: int | None = None
    """How many processes paint; as many as there are cores unless given, and no more than
    that."""
    pack: bool = False
    """Write a pack: fewer and larger files, which are faster to read, in place of pictures."""
    overwrite: bool = False
    """Make again what is there."""


Request = WorldRequest | LeavesRequest


def run(request: Request) -> Iterator[Event]:
    """Make what is asked for and not there."""
    if isinstance(request, LeavesRequest):
        yield from make(request, "leaves")
    else:
        yield from make(request, "world", tuple(str(request.style).split("+")))
